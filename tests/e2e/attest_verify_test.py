#!/usr/bin/env python3
"""vouch attest verify: evidence out of files, judged by signed policies."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import evidence as ev  # pylint: disable=wrong-import-position
import tlog  # pylint: disable=wrong-import-position

VOUCH = sys.argv.pop(1)
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TEE = pathlib.Path(os.environ.get("VOUCH_DATA", ROOT.parent / "shared/data")) / "tee"
ACCEPTED, REFUSED, USAGE, MALFORMED = range(4)
AT = "2026-11-27T00:00:00Z"


class Verify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.use(ev.rules())

    def use(self, value, key=ev.SIGNER):
        self.id = ev.policy_id(value)
        self.write("policy.json", ev.signed(value, key).encode())

    def write(self, name, data):
        (self.folder / name).write_bytes(data)

    def verify(self, *arguments, data=None, at=AT):
        if data is not None:
            self.write("evidence", data)
        return subprocess.run([VOUCH, "attest", "verify", self.folder / "evidence", "--policy",
                               self.folder / "policy.json", "--signer", ev.SIGNER.public.hex(), "--at", at, *arguments],
                              capture_output=True, text=True, timeout=60, check=False)

    def statement(self, kind=ev.NONE, asked=bytes([0x31]) * 32, answer=None, **block):
        return ev.record(ev.block(kind, self.id, ev.NODE, asked, **block), answer or ev.response(kind))

    def test_a_statement_is_a_warning_and_no_more_than_a_sandbox(self):
        done = self.verify("--json", data=self.statement())
        self.assertEqual(done.returncode, ACCEPTED, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["word"], told["level"], told["kind"]), ("warning", "sandbox", "none"))
        self.assertEqual(told["classes"], {"prompts": False, "weights:open": True, "weights:private": False})
        self.assertEqual(told["node"], ev.NODE.hex())
        self.assertIsNone(told["machine"])
        self.assertIn({"name": "result.build", "result": "passed"},
                      [{"name": c["name"], "result": c["result"]} for c in told["checks"]])
        text = self.verify()
        self.assertIn("Who may read what is private there", text.stdout)
        self.assertIn("prompts: no, weights:open: yes", text.stdout)

    def test_a_class_that_the_level_may_not_have_is_refused(self):
        self.write("evidence", self.statement())
        self.assertEqual(self.verify("--class", "weights:open").returncode, ACCEPTED)
        done = self.verify("--class", "prompts")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("sandbox", done.stderr)
        self.assertEqual(self.verify("--class", "secrets").returncode, USAGE)

    def test_what_failed_is_named_with_what_to_do(self):
        said = ev.statement(build=bytes([0x99]) * 32)
        done = self.verify(data=self.statement(answer=ev.response(ev.NONE, said=said), said=said))
        self.assertEqual(done.returncode, REFUSED)
        self.assertRegex(done.stdout, r"FAILED +result\.build .*found 9999")
        self.assertIn("what to do: ", done.stdout)
        self.assertIn("result.build", done.stderr)

    def test_evidence_for_another_policy_node_or_nonce_is_refused(self):
        self.write("evidence", self.statement())
        self.assertEqual(self.verify("--node", ev.NODE.hex(), "--nonce", "31" * 32).returncode, ACCEPTED)
        self.assertIn("another node", self.verify("--node", ev.SIGNER.public.hex()).stderr)
        self.assertEqual(self.verify("--nonce", "30" * 32).returncode, REFUSED)
        self.use(ev.rules(name="another"))
        done = self.verify()
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("result.policy", done.stderr)

    def test_evidence_without_a_connection_has_to_answer_a_nonce_of_known_age(self):
        self.write("evidence", self.statement(mode=ev.REGISTRATION))
        self.assertIn("result.age", self.verify().stderr)
        young = ("--nonce", "31" * 32, "--asked", "2026-11-26T23:55:00Z")
        self.assertEqual(self.verify(*young).returncode, ACCEPTED)
        self.assertEqual(json.loads(self.verify(*young, "--json").stdout)["mode"], "registration")
        self.assertEqual(self.verify(*young[:3], "2026-11-26T23:54:59Z").returncode, REFUSED)
        self.assertEqual(self.verify(*young[2:]).returncode, USAGE)

    def test_evidence_that_says_it_is_of_a_connection_answers_a_nonce_of_known_age_no_later(self):
        self.write("evidence", self.statement())
        young = ("--nonce", "31" * 32, "--asked", "2026-11-26T23:55:00Z")
        self.assertEqual(self.verify(*young).returncode, ACCEPTED)
        for asked in "2026-11-26T23:54:59Z", "2025-11-27T00:00:00Z", "2026-11-27T00:00:01Z":
            done = self.verify(*young[:3], asked)
            self.assertEqual(done.returncode, REFUSED, asked)
            self.assertIn("300 s", done.stderr)
        self.use(ev.rules(freshness={"nonce_s": 60, "reattest_s": 600, "result_s": 3600}))  # no such evidence is taken
        for mode in ev.CHANNEL, ev.REGISTRATION:
            done = self.verify(*young[:3], AT, data=self.statement(mode=mode))
            self.assertEqual(done.returncode, REFUSED, mode)

    def test_a_policy_counts_by_its_signer_and_until_its_end(self):
        self.write("evidence", self.statement())
        self.assertEqual(self.verify(at="2027-01-31T00:00:00Z").returncode, ACCEPTED)
        self.assertEqual(self.verify(at="2027-01-31T00:00:01Z").returncode, REFUSED)
        self.use(ev.rules(), key=tlog.Key(b"\x71" * 32))
        self.assertEqual(self.verify().returncode, REFUSED)
        text = (self.folder / "policy.json").read_text().replace("tee", "tpm", 1)
        self.write("policy.json", text.encode())
        self.assertEqual(self.verify().returncode, REFUSED)

    def test_files_that_are_no_evidence_are_malformed(self):
        whole = self.statement()
        for data in (b"", whole[:200], whole[:-1], whole + b"\0", b"x" + whole[1:]):
            done = self.verify(data=data)
            self.assertEqual(done.returncode, MALFORMED, done.stderr)
            self.assertTrue(done.stderr)
        done = subprocess.run([VOUCH, "attest", "verify", self.folder / "evidence"], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, USAGE)

    @unittest.skipUnless(TEE.is_dir(), "no evidence of real machines here")
    def test_a_real_quote_made_for_somebody_else_fails_by_its_binding_alone(self):
        folder = TEE / "tdx/sets/phala-v4-uptodate"
        quote = (folder / "quote.bin").read_bytes()
        body = quote[48:]
        hashes = [body[at:at + 48].hex() for at in (136, 184, 232, 280, 328, 376, 424, 472)]
        tdx = {"quote_versions": [4], "statuses": ["UpToDate"], "quoting_statuses": ["UpToDate"],
               "module_statuses": ["UpToDate"], "types": ["standard", "scalable", "scalable-with-integrity"],
               "min_evaluation": 15, "collateral_days": 30, "denied_advisories": [], "modules": "known",
               "domains": [{"mrtd": hashes[0], "mrconfigid": hashes[1], "mrowner": hashes[2],
                            "mrownerconfig": hashes[3], "rtmrs": hashes[4:]}],
               "services": [], "attributes_needed": [], "attributes_allowed": ["sept_ve_disable", "pks"],
               "features_allowed": "00000000000e7ae7"}
        self.use(ev.rules(tdx=tdx))
        names = {"tcb-info": "tcb_info.json", "identity": "qe_identity.json", "tcb-signer": "tcb_signing_chain.pem",
                 "root-crl": "root_ca.crl", "pck-crl": "pck.crl"}
        answer = ev.response(ev.TDX, {"quote": quote},
                             {label: (folder / name).read_bytes() for label, name in names.items()})
        done = self.verify("--json", data=self.statement(kind=ev.TDX, answer=answer), at="2025-07-01T00:00:00Z")
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual([check["name"] for check in told["checks"] if check["result"] == "FAILED"],
                         ["dcap.report_data", "binding.evidence"])
        self.assertEqual((told["word"], told["level"], told["mode"]), ("contraindicated", "tee", "channel"))
        text = self.verify(at="2025-07-01T00:00:00Z").stdout
        self.assertIn("contraindicated", text)
        self.assertNotIn("genuine processor", text)  # nothing shows one
        lacking = ev.response(ev.TDX, {"quote": quote}, {label: (folder / name).read_bytes()
                                                         for label, name in names.items() if label != "tcb-info"})
        done = self.verify(data=self.statement(kind=ev.TDX, answer=lacking), at="2025-07-01T00:00:00Z")
        self.assertEqual(done.returncode, MALFORMED, done.stderr)
        done = self.verify("--endorse", f"tcb-info={folder / names['tcb-info']}", "--json", at="2025-07-01T00:00:00Z")
        self.assertEqual([check["name"] for check in json.loads(done.stdout)["checks"] if check["result"] == "FAILED"],
                         ["dcap.report_data", "binding.evidence"])
        self.assertEqual(self.verify("--endorse", "tcb-info").returncode, USAGE)
        self.write("evidence", self.statement(kind=ev.TDX, answer=answer))
        stale = json.loads(self.verify("--json").stdout)
        failed = [check["name"] for check in stale["checks"] if check["result"] == "FAILED"]
        self.assertIn("dcap.tcb_info.dates", failed)

    def certificate(self, path, *arguments):
        return subprocess.run([VOUCH, "attest", "certificate", path, "--policy", self.folder / "policy.json", "--signer",
                               ev.SIGNER.public.hex(), "--at", AT, *arguments],
                              capture_output=True, text=True, timeout=60, check=False)

    @unittest.skipUnless(TEE.is_dir(), "no evidence of real machines here")
    def test_a_certificate_shows_a_key_and_is_refused_for_what_is_private(self):
        # Whatever else is wrong with it: no collateral of its platform is at hand, and it can be debugged.
        path = TEE / "ratls/gramine-cert.pem"
        for what, binding in (("weights:open", "warned"), ("prompts", "FAILED"), ("weights:private", "FAILED")):
            done = self.certificate(path, "--class", what, "--json")
            self.assertEqual(done.returncode, MALFORMED, done.stderr)
            told = json.loads(done.stdout)
            self.assertEqual((told["word"], told["binding"]), ("contraindicated", "key"))
            results = {check["name"]: check["result"] for check in told["checks"]}
            self.assertEqual(results["ratls.binding"], binding)
            for name in ("ratls.key", "ratls.signature", "dcap.quote.signature", "dcap.report_data"):
                self.assertEqual(results[name], "passed", name)
            self.assertEqual(results["dcap.enclave.debug"], "FAILED")
        self.assertIn("nothing private goes there by it", self.certificate(path).stdout)
        self.assertEqual((results.get("result.machine"), results["ratls.class"]), (None, "passed"))
        levels = {"prompts": ["tee"], "weights:open": ["sandbox"], "weights:private": ["tee"]}
        self.use(ev.rules(levels=levels, hardware={"registry": "required", "machines": []}))
        told = json.loads(self.certificate(path, "--json").stdout)
        results = {check["name"]: check["result"] for check in told["checks"]}
        self.assertEqual((results["result.machine"], results["ratls.class"]), ("FAILED", "FAILED"))
        self.assertEqual(self.certificate(path, "--class", "secrets").returncode, USAGE)

    def test_certificates_without_evidence_are_malformed(self):
        for data in (b"", b"x", b"-----BEGIN CERTIFICATE-----\n"):
            self.write("certificate", data)
            done = self.certificate(self.folder / "certificate")
            self.assertEqual(done.returncode, MALFORMED, done.stderr)
            self.assertTrue(done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
