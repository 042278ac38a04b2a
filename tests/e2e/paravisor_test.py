#!/usr/bin/env python3
"""vouch attest collect --from az-vtpm: a machine as Azure makes them, of a TPM in software and a Turin's report that
names its key; and machines of which one part is another's. Skips (77) without swtpm, tpm2-tools and FUSE."""
import base64
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

import evidence as ev
import tpms
import turins

VOUCH, MOUNTER = sys.argv[1:3]
del sys.argv[1:]
OK, REFUSED, USAGE, MALFORMED, UNAVAILABLE = range(5)
NONCE = bytes([0x31]) * 32
BUILD = hashlib.sha256(pathlib.Path(VOUCH).read_bytes()).hexdigest()
BLOB, KEY = "0x01400001", "0x81000003"


def runtime(modulus):
    """What the paravisor says, and the hardware vouches for."""
    number = base64.urlsafe_b64encode(modulus).decode().rstrip("=")
    return json.dumps({"keys": [{"kid": "HCLAkPub", "key_ops": ["sign"], "kty": "RSA", "e": "AQAB", "n": number}],
                       "vm-configuration": {"secure-boot": True}, "user-data": "00" * 64}, separators=(",", ":")).encode()


def blob(report, said, kind=2):
    return (b"HCLA" + bytes(28) + report + struct.pack("<IIIII", len(said) + 20, 1, kind, 1, len(said)) + said)


class Paravisor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        for name in ("turin", "tpm", "other"):
            (cls.folder / name).mkdir()
        cls.machine = turins.Turin(MOUNTER, cls.folder / "turin")
        cls.addClassCleanup(cls.machine.close)
        cls.tpm, cls.other = tpms.Tpm(cls.folder / "tpm"), tpms.Tpm(cls.folder / "other")
        cls.addClassCleanup(cls.tpm.stop)
        cls.addClassCleanup(cls.other.stop)
        cls.said = [runtime(cls.make_key(tpm)) for tpm in (cls.tpm, cls.other)]
        value = turins.rules(cls.machine.root(), BUILD,
                             tpm={"aks": ["in-tee"], "places": ["vtpm-in-tee"], "keys": [], "makers": [],
                                  "pcrs": {"11": [bytes(32).hex()]}, "log": "none"})
        cls.policy = ev.policy_id(value)
        (cls.folder / "policy").write_text(ev.signed(value, ev.SIGNER))

    @staticmethod
    def make_key(tpm):
        """A key that signs what the TPM itself says, where paravisors keep theirs; its modulus."""
        tpm("createprimary", "-C", "o", "-G", "rsa2048:rsassa-sha256:null", "-c", "key", "-a",
            "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign")
        tpm("evictcontrol", "-C", "o", "-c", "key", KEY)
        return bytes.fromhex(re.search(r"rsa: ([0-9a-f]{512})", tpm("readpublic", "-c", KEY).decode())[1])

    def put(self, data, tpm=None):
        tpm = tpm or self.tpm
        subprocess.run(["tpm2", "nvundefine", "-C", "o", BLOB], env=tpm.environment, capture_output=True, check=False)
        (tpm.folder / "blob").write_bytes(data)
        tpm("nvdefine", "-C", "o", "-s", str(len(data)), "-a", "ownerread|ownerwrite", BLOB)
        tpm("nvwrite", "-C", "o", "-i", "blob", BLOB)

    def report(self, said):
        return self.machine.report(hashlib.sha256(said).digest() + bytes(32))

    def collect(self, code=OK, says="", tpm=None):
        done = subprocess.run(
            [VOUCH, "attest", "collect", "--from", f"az-vtpm:{(tpm or self.tpm).tcti}", "--nonce", NONCE.hex(),
             "--policy-id", self.policy.hex(), "--node", ev.NODE.hex(), "--endorse", f"vek={self.folder}/turin/vcek.der",
             "--endorse", f"issuers={self.folder}/turin/ask.der", "--output", self.folder / "evidence"],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr)

    def verify(self, code=OK):
        done = subprocess.run(
            [VOUCH, "attest", "verify", self.folder / "evidence", "--policy", self.folder / "policy", "--signer",
             ev.SIGNER.public.hex(), "--nonce", NONCE.hex(), "--asked", turins.AT, "--at", turins.AT, "--class",
             "prompts", "--json"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def failed(self):
        return [check["name"] for check in self.verify(REFUSED)["checks"] if check["result"] == "FAILED"]

    def test_machine_is_a_tee_whose_tpm_speaks_for_it(self):
        self.put(blob(self.report(self.said[0]), self.said[0]))
        self.collect()
        told = self.verify()
        self.assertEqual((told["kind"], told["level"]), ("az-vtpm", "tee"))
        self.tpm.extend(11, "ab" * 32)
        self.collect()
        self.assertEqual(self.failed(), ["tpm.pcr.value"])
        self.tpm.reset()

    def test_tpm_of_another_machine_does_not_speak_for_this_one(self):
        self.put(blob(self.report(self.said[0]), self.said[0]), self.other)
        self.collect(tpm=self.other)
        self.assertIn("tpm.signature", self.failed())

    def test_key_that_the_hardware_did_not_vouch_for_is_refused(self):
        self.put(blob(self.report(self.said[0]), self.said[1]), self.other)
        self.collect(tpm=self.other)
        self.assertIn("binding.runtime", self.failed())

    def test_where_there_is_no_paravisor_it_is_said(self):
        subprocess.run(["tpm2", "nvundefine", "-C", "o", BLOB], env=self.tpm.environment, capture_output=True,
                       check=False)
        self.collect(UNAVAILABLE, says="none of Azure's confidential machines")
        self.put(b"HCLB" + bytes(1300))
        self.collect(MALFORMED, says="expected a paravisor's report")
        self.put(blob(self.report(self.said[0]), self.said[0], kind=4))
        self.collect(REFUSED, says="under TDX")


if __name__ == "__main__":
    tpms.skip_without()
    unittest.main(verbosity=2)
