#!/usr/bin/env python3
"""vouch attest enrol: a TPM's key goes into a policy, and a quote of it is accepted; and everybody who would like
another key to be there. Skips (77) without swtpm and tpm2-tools."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import evidence as ev
import tpms

VOUCH = sys.argv.pop(1)
del sys.argv[1:]
OK, REFUSED, USAGE, MALFORMED, UNAVAILABLE = range(5)
NONCE = "31" * 32


class Enrol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.tpm, cls.other = (tpms.Tpm(cls.folder / name) for name in ("one", "two"))
        cls.addClassCleanup(cls.tpm.stop)
        cls.addClassCleanup(cls.other.stop)

    def run_step(self, *arguments, code=OK, says=""):
        done = subprocess.run([VOUCH, "attest", "enrol", *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=240, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stderr)
        return done.stdout

    def request(self, tpm, name="request"):
        self.run_step("request", "--from", f"tpm:{tpm.tcti}", "--output", name)

    def challenge(self, maker, name="request", **expected):
        self.run_step("challenge", name, "--maker", maker.root, "--issuer", maker.issuer, "--pending", "pending",
                      "--output", "challenge", **expected)

    def answer(self, tpm, **expected):
        self.run_step("answer", "challenge", "--from", f"tpm:{tpm.tcti}", "--output", "answer", **expected)

    def accept(self, **expected):
        return self.run_step("accept", "answer", "--pending", "pending", "--place", "software", **expected)

    def test_key_of_a_tpm_is_enrolled_once(self):
        self.request(self.tpm)
        self.challenge(self.tpm)
        self.assertEqual((self.folder / "pending").stat().st_mode & 0o777, 0o600)
        self.answer(self.tpm)
        said = json.loads(self.accept())
        self.assertEqual(said["key"]["place"], "software")
        self.assertRegex(said["key"]["name"], "^000b[0-9a-f]{64}$")
        self.assertFalse((self.folder / "pending").exists())
        self.accept(code=UNAVAILABLE)  # a challenge is answered once

    def judge(self, tpm, policy, asked, code):
        """What a verifier with that policy makes of that TPM's machine: the checks that failed."""
        subprocess.run([VOUCH, "attest", "collect", "--from", f"tpm:{tpm.tcti}", "--nonce", NONCE, "--policy-id",
                        ev.policy_id(policy).hex(), "--node", ev.NODE.hex(), "--output", "evidence"], cwd=self.folder,
                       check=True)
        (self.folder / "policy").write_text(ev.signed(policy, ev.SIGNER))
        done = subprocess.run([VOUCH, "attest", "verify", "evidence", "--policy", "policy", "--signer",
                               ev.SIGNER.public.hex(), "--nonce", NONCE, "--asked", asked, "--at", asked, "--class",
                               "weights:open", "--json"], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [check["name"] for check in json.loads(done.stdout)["checks"] if check["result"] == "FAILED"]

    def test_quote_of_the_enrolled_key_is_accepted_while_its_pcrs_are_as_they_should(self):
        self.request(self.tpm)
        self.challenge(self.tpm)
        self.answer(self.tpm)
        key = json.loads(self.accept())["key"]
        value = ev.rules(
            environment="test",
            facts={"builds": "any", "models": "any", "policies": "any", "confinement": []},
            tpm={"aks": ["enrolled"], "places": ["software"], "keys": [key], "makers": [],
                 "pcrs": {"11": [self.tpm.values([11])[11]]}, "log": "none"})
        asked = "2026-11-27T00:00:00Z"
        self.assertEqual(self.judge(self.tpm, value, asked, OK), [])
        self.assertIn("tpm.ak.enrolled", self.judge(self.other, value, asked, REFUSED))
        self.tpm.extend(12, "ab" * 32)  # which the policy says nothing of
        self.assertEqual(self.judge(self.tpm, value, asked, OK), [])
        self.tpm.extend(11, "ab" * 32)
        self.assertEqual(self.judge(self.tpm, value, asked, REFUSED), ["tpm.pcr.value"])

    def test_roots_may_be_pem(self):
        self.request(self.tpm)
        subprocess.run(["openssl", "x509", "-inform", "der", "-in", self.tpm.root, "-out", self.folder / "root.pem"],
                       check=True)
        self.run_step("challenge", "request", "--maker", "root.pem", "--issuer", self.tpm.issuer, "--pending",
                      "pending", "--output", "challenge")

    def test_tpm_of_another_maker_gets_no_challenge(self):
        self.request(self.tpm)
        self.challenge(self.other, code=REFUSED, says="tpm.ek.chain")

    def test_certificate_of_another_tpm_helps_nobody(self):
        # The key of one TPM beside the certificate of another: that one has no key of this name.
        self.request(self.tpm)
        certificate = self.other.certificate()
        self.run_step("request", "--from", f"tpm:{self.tpm.tcti}", "--endorse", f"ek={certificate}", "--output",
                      "mixed")
        self.challenge(self.other, "mixed")
        self.answer(self.tpm, code=UNAVAILABLE, says="TPM2_ActivateCredential")
        self.answer(self.other, code=UNAVAILABLE, says="TPM2_ActivateCredential")

    def test_challenge_for_another_key_is_refused_by_the_tpm(self):
        self.request(self.tpm)
        self.challenge(self.tpm)
        self.answer(self.other, code=UNAVAILABLE, says="TPM2_ActivateCredential")
        path = self.folder / "challenge"
        good = path.read_bytes()
        # The name stands first; the TPM does not look at it, whoever checks the answer does.
        at = good.index(b"\x00\x0b") + 5
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        self.answer(self.tpm)
        self.accept(code=REFUSED, says="another attestation key")
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        self.answer(self.tpm, code=UNAVAILABLE)

    def test_answer_to_an_earlier_challenge_is_refused(self):
        self.request(self.tpm)
        self.challenge(self.tpm)
        self.answer(self.tpm)
        self.challenge(self.tpm)
        self.accept(code=REFUSED, says="not what the challenged TPM says")

    def test_other_files_are_told_from_messages(self):
        (self.folder / "nonsense").write_bytes(b"nonsense" * 10)
        self.run_step("answer", "nonsense", "--from", f"tpm:{self.tpm.tcti}", "--output", "answer", code=MALFORMED,
                      says="a challenge to a TPM")
        self.run_step("challenge", "nonsense", "--maker", self.tpm.root, "--pending", "pending", "--output", "c",
                      code=MALFORMED, says="a request to enrol a key")
        self.run_step("what", code=USAGE, says="request, challenge, answer and accept")
        self.run_step("answer", code=USAGE, says="one file")
        self.run_step("request", "--from", "none", "--output", "x", code=USAGE, says="only a TPM's keys")


if __name__ == "__main__":
    tpms.skip_without()
    unittest.main(verbosity=2)
