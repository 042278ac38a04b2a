#!/usr/bin/env python3
"""What nodes showed of what they run, in a client's voucher: judged by a stranger, later, without a network.

Nodes that give their word alone, then nodes with a TPM each; then a reader whose policy lacks a machine, and
readers of another policy, time or signer. Lies of clients, signed: src/voucher/attested_test.c. The second half
skips (77) without swtpm and tpm2-tools.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import evidence as ev  # pylint: disable=wrong-import-position
import tpms  # pylint: disable=wrong-import-position
from agreed import DEMO, make_model  # pylint: disable=wrong-import-position
from network import Network  # pylint: disable=wrong-import-position

VOUCH = sys.argv.pop(1)
ACCEPTED, REFUSED, USAGE = range(3)
FIRST, LAST = 1, 6
ANY = {"builds": "any", "models": "any", "policies": "any", "confinement": []}


def rules(prompts, **changes):
    return ev.rules(environment="test", facts=ANY, not_after="2099-01-01T00:00:00Z",
                    levels={"prompts": prompts, "weights:open": prompts, "weights:private": []}, **changes)


class Attested(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.network = Network(VOUCH, cls.folder, make_model(VOUCH, cls.folder), [(FIRST, LAST)] * 2)

    def start(self, *attest):
        """A node for each."""
        self.network.nodes = []
        self.addCleanup(self.network.close)
        for i, kind in enumerate(attest):
            self.network.nodes.append(self.network.start(i, "--attest", kind))
        self.network.write_peers()

    def write(self, name, value, key=ev.SIGNER):
        (self.folder / name).write_text(ev.signed(value, key))
        return self.folder / name

    def infer(self, policy):
        return self.network.infer(DEMO / "digits_inputs.npy", "--quorum", 2, "--policy", policy, "--policy-signer",
                                  ev.SIGNER.public.hex())

    def verify(self, policy=None, *options, text=False):
        """Exit code, and the JSON or the text."""
        by = [] if policy is None else ["--attest-policy", policy, "--attest-signer", ev.SIGNER.public.hex()]
        done = subprocess.run([VOUCH, "verify", self.folder / "answer.voucher", "--model", self.network.model,
                               "--founder", self.network.founder, *([] if text else ["--json"]), *by, *options],
                              capture_output=True, text=True, timeout=60, check=False)
        if text or not done.stdout:
            return done.returncode, done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)

    def test_evidence_of_another_job_in_a_voucher_is_not_judged(self):
        policy = self.write("policy.json", rules(["sandbox"]))
        self.start("none", "none")
        self.infer(policy)
        path = self.folder / "answer.voucher"
        honest = path.read_bytes()
        salt = honest.index(b"VOUCH-ATTEST-BND") - 35  # 32 bytes, then the block's tag and size
        node = honest[salt - 34:salt - 2].hex()

        def judge():
            return subprocess.run([VOUCH, "attest", "verify", path, "--policy", policy, "--signer",
                                   ev.SIGNER.public.hex(), "--node", node], capture_output=True, text=True, timeout=60,
                                  check=False)
        self.assertEqual(judge().returncode, ACCEPTED)
        path.write_bytes(honest[:salt] + bytes([honest[salt] ^ 1]) + honest[salt + 1:])
        done = judge()
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("another job", done.stderr)

    def test_the_word_of_nodes_is_kept_and_never_shown(self):
        policy = self.write("policy.json", rules(["sandbox"]))
        self.start("none", "none")
        self.infer(policy)
        for by in (None, policy):
            code, told = self.verify(by)
            self.assertEqual(code, ACCEPTED, told)
            self.assertEqual(told["claims"]["attested"]["verdict"], "not claimed", told)
            self.assertEqual([(node["level"], node["verdict"]) for node in told["attested"]],
                             [("sandbox", "its own word")] * 2)
        self.assertEqual(sorted(node["node"] for node in told["attested"]),
                         sorted(node.key for node in self.network.nodes))
        code, text = self.verify(policy, text=True)
        self.assertIn("sandbox shows nothing to anybody else", text)
        self.assertRegex(text, r"who gets root on the machine's system +yes")
        self.assertNotIn("tpm shows", text)
        code, told = self.verify(policy, "--require", "attested")
        self.assertEqual(code, REFUSED)
        told = json.loads(self.network.run("inspect", self.folder / "answer.voucher", "--json"))
        self.assertEqual(sorted(row["node"] for row in told["attestations"]),
                         sorted(node.key for node in self.network.nodes))

    def test_a_voucher_without_a_policy_has_no_evidence(self):
        self.start("none", "none")
        self.network.infer(DEMO / "digits_inputs.npy", "--quorum", 2)
        code, told = self.verify()
        self.assertEqual((code, told["attested"]), (ACCEPTED, []))
        self.assertIn("no evidence", told["claims"]["attested"]["reason"])

    def enrol(self, tpm):
        """Its attestation key, as it goes into a policy."""
        def vouch(*arguments):
            return subprocess.run([VOUCH, "attest", "enrol", *map(str, arguments)], cwd=tpm.folder, check=True,
                                  capture_output=True, text=True, timeout=120).stdout
        source = ["--from", f"tpm:{tpm.tcti}", "--output"]
        vouch("request", *source, "request")
        vouch("challenge", "request", "--maker", tpm.root, "--issuer", tpm.issuer, "--pending", "pending",
              "--output", "challenge")
        vouch("answer", "challenge", *source, "answer")
        return json.loads(vouch("accept", "answer", "--pending", "pending", "--place", "software"))["key"]

    def with_tpms(self):
        """Rules that take two machines with their TPMs, which are started."""
        machines = [tpms.Tpm(self.folder / f"tpm{i}") for i in range(2)]
        for tpm in machines:
            self.addCleanup(tpm.stop)
            tpm.extend(11, "11" * 32)
        keys = [self.enrol(tpm) for tpm in machines]
        self.start(*(f"tpm:{tpm.tcti}" for tpm in machines))
        section = {"aks": ["enrolled"], "places": ["software"], "keys": keys, "makers": [], "log": "none",
                   "pcrs": {"11": [machines[0].values([11])[11]]}}
        hardware = {"registry": "required", "machines": [
            {"ak": key["name"], "operator": f"clinic {i}", "site": "Ulm"} for i, key in enumerate(keys)]}
        return section, hardware

    def test_tpms_of_nodes_are_shown_to_whoever_reads_by_the_same_policy(self):
        tpms.skip_without()
        section, hardware = self.with_tpms()
        value = rules(["tpm"], tpm=section, hardware=hardware)
        policy = self.write("policy.json", value)
        self.infer(policy)
        code, told = self.verify(policy, "--require", "attested", "--require", "model")
        self.assertEqual(code, ACCEPTED, told)
        self.assertEqual(told["claims"]["attested"]["verdict"], "shown")
        self.assertIn("2 at tpm", told["claims"]["attested"]["reason"])
        self.assertIn("nothing for production", told["claims"]["attested"]["reason"])
        self.assertEqual(sorted(node["operator"] for node in told["attested"]), ["clinic 0", "clinic 1"])
        code, text = self.verify(policy, text=True)
        self.assertIn("tpm shows that a TPM with this key saw these PCRs", text)
        code, told = self.verify()
        self.assertEqual((code, told["claims"]["attested"]["verdict"]), (ACCEPTED, "not shown"))
        self.read_otherwise(value, policy)
        self.look_at_checks(policy)

    def look_at_checks(self, policy):
        """Every check of one node's evidence, out of the voucher."""
        def verify(*options):
            return subprocess.run([VOUCH, "attest", "verify", self.folder / "answer.voucher", "--policy", policy,
                                   "--signer", ev.SIGNER.public.hex(), "--json", *options], capture_output=True,
                                  text=True, timeout=60, check=False)
        node = self.network.nodes[1].key
        done = verify("--node", node)
        self.assertEqual(done.returncode, ACCEPTED, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["node"], told["level"], told["word"]), (node, "tpm", "warning"))
        self.assertIn("tpm.pcr.value", [check["name"] for check in told["checks"] if check["result"] == "passed"])
        self.assertEqual(verify().returncode, USAGE)
        self.assertEqual(verify("--node", self.network.founder).returncode, REFUSED)

    def read_otherwise(self, value, policy):
        """Readers who hold the same voucher to something else."""
        def reason(*arguments):
            told = self.verify(*arguments)[1]
            self.assertEqual(told["claims"]["attested"]["verdict"], "not shown")
            return told["claims"]["attested"]["reason"]
        self.assertIn("result.policy", reason(self.write("other.json", value.replace("test", "same", 1))))
        self.assertIn("are over since",
                      self.verify(policy, "--at", "2099-01-01T00:00:01Z", text=True)[1])
        other = self.write("forged.json", value, ev.tlog.Key(b"\x71" * 32))
        self.assertEqual(self.verify(other)[0], REFUSED)
        trust = self.folder / "reader.policy"
        trust.write_text(f"attest-signer {ev.SIGNER.public.hex()}\nrequire attested\n")
        done = subprocess.run([VOUCH, "verify", self.folder / "answer.voucher", "--policy", trust, "--attest-policy",
                               policy], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, ACCEPTED, done.stdout + done.stderr)
        done = subprocess.run([VOUCH, "verify", self.folder / "answer.voucher", "--attest-policy", policy],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, USAGE)
        code, said = self.verify(None, "--attest-signer", ev.SIGNER.public.hex(), text=True)
        self.assertEqual(code, USAGE)
        self.assertIn("does nothing without --attest-policy", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
