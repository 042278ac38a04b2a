#!/usr/bin/env python3
"""Nodes inside a TEE, over TLS: SEV-SNP machines of a vendor made for the test show reports that are bound to their
client's connections, and what they showed is judged again, later, out of the voucher. Then machines whose vendor only
looks like it, and one whose report is of something else. Skips (77) where nothing can be mounted."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import evidence as ev
import turins
from agreed import DEMO, make_model
from network import Network, Refused

VOUCH, MOUNTER = sys.argv[1:3]
del sys.argv[1:]
FIRST, LAST = 1, 6


class Tee(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.machines = []
        for name in ("genuine", "alike", "another"):
            (cls.folder / name).mkdir()
            vendor = cls.machines[0] if name == "another" else None
            cls.machines.append(turins.Turin(MOUNTER, cls.folder / name, vendor))
            cls.addClassCleanup(cls.machines[-1].close)
        cls.genuine = [cls.machines[0], cls.machines[2]]
        cls.policy = cls.write("policy")
        cls.network = Network(VOUCH, cls.folder, make_model(VOUCH, cls.folder), [(FIRST, LAST)] * 2)

    @classmethod
    def write(cls, name, **changes):
        """A policy, signed, by which prompts are for machines of the genuine vendor alone."""
        facts = {"builds": "any", "models": "any", "policies": "any", "confinement": []}
        value = turins.rules(
            cls.machines[0].root(), "00" * 32,
            **{"not_after": "2099-01-01T00:00:00Z", "facts": facts,
               "levels": {"prompts": ["tee"], "weights:open": ["tee"], "weights:private": ["tee"]}, **changes})
        (cls.folder / name).write_text(ev.signed(value, ev.SIGNER))
        return cls.folder / name

    def setUp(self):
        for machine in self.machines:
            machine.fault("none", 0)

    def start(self, *machines):
        self.network.nodes = []
        self.addCleanup(self.network.close)
        for i, machine in enumerate(machines):
            shown = f"tsm:{machine.mount}" if machine else "none"
            self.network.nodes.append(self.network.start(i, "--attest", shown))
        self.network.write_peers()

    def infer(self, policy=None, *options):
        quorum = [] if "--quorum" in options else ["--quorum", 2]
        return self.network.infer(DEMO / "digits_inputs.npy", *quorum, "--policy", policy or self.policy,
                                  "--policy-signer", ev.SIGNER.public.hex(), *options)

    def refuse(self, policy=None, *options):
        with self.assertRaises(Refused) as caught:
            self.infer(policy, *options)
        return caught.exception.text

    def lists(self, *names):
        return [word for name in names for word in ("--crl", self.folder / "genuine" / name)]

    def verify(self, *options):
        """Exit code, and the JSON."""
        done = subprocess.run([VOUCH, "verify", self.folder / "answer.voucher", "--model", self.network.model,
                               "--founder", self.network.founder, "--attest-policy", self.policy, "--attest-signer",
                               ev.SIGNER.public.hex(), "--require", "attested", "--json", *options],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def test_reports_of_nodes_are_shown_and_judged_again(self):
        self.start(*self.genuine)
        answer = self.infer()
        self.assertEqual([node["level"] for node in answer["attested"]], ["tee"] * 2)
        self.assertEqual(len({node["machine"] for node in answer["attested"]}), 2)
        code, told = self.verify()
        self.assertEqual(code, 0, told)
        self.assertEqual(told["claims"]["attested"]["verdict"], "shown")
        self.assertIn("2 at the level tee", told["claims"]["attested"]["reason"])
        self.assertNotIn("MACHINE", told["claims"]["attested"]["reason"])

    def test_two_nodes_that_are_one_machine_are_no_quorum(self):
        self.start(self.machines[0], self.machines[0])
        self.assertIn("have shown that they are one machine", self.refuse())
        self.assertIn("have shown that they are one machine", self.refuse(None, "--cuts", f"{FIRST},{LAST}"))
        answer = self.infer(None, "--quorum", 1)
        self.assertEqual(len({node["machine"] for node in answer["attested"]}), 1)

    def test_machine_that_the_verifier_knows_to_be_revoked_gets_nothing(self):
        self.start(*self.genuine)
        said = self.refuse(None, *self.lists("revoked.crl"))
        self.assertEqual(said.count("nothing was sent to node"), 1)
        self.assertIn(f"nothing was sent to node {self.network.nodes[0].key[:16]}", said)
        self.assertIn("certificate revoked", said)
        self.infer(None, *self.lists("ask.crl"))
        code, told = self.verify(*self.lists("revoked.crl"))
        self.assertNotEqual(code, 0)
        self.assertIn("certificate revoked", told["claims"]["attested"]["reason"])
        self.assertEqual(self.verify(*self.lists("ask.crl"))[0], 0)
        image = json.loads(turins.rules(b"", "00" * 32))["snp"]
        demanding = self.write("demanding", snp={**image, "crls": "of-all"})
        self.assertIn("CRL", self.refuse(demanding, *self.lists("ask.crl")))
        self.infer(demanding, *self.lists("ask.crl", "ark.crl"))
        (self.folder / "none.crl").write_bytes(b"no list")
        self.assertIn("revocation list", self.refuse(None, "--crl", self.folder / "none.crl"))

    def test_machine_whose_vendor_only_looks_like_it_gets_nothing(self):
        self.start(*self.machines[:2])
        said = self.refuse()
        self.assertIn(f"nothing was sent to node {self.network.nodes[1].key[:16]}", said)
        self.assertIn("snp.chain", said)
        self.assertNotIn(self.network.nodes[0].key[:16], said)

    def test_machine_whose_reports_are_of_something_else_gets_nothing(self):
        self.start(*self.genuine)
        self.machines[0].fault("stale")
        self.assertIn("nothing was sent to node", self.refuse())
        self.machines[0].fault("none", 0)
        self.infer()

    def test_plain_machine_gets_nothing(self):
        self.start(self.machines[0], None)
        self.assertIn("evidence was asked for of kinds that are not at hand", self.refuse())

    def test_other_program_and_other_image_get_nothing(self):
        self.start(*self.genuine)
        other = {"builds": [64 * "1"], "models": "any", "policies": "any", "confinement": []}
        self.assertIn("result.build", self.refuse(self.write("program", facts=other)))
        image = json.loads(turins.rules(b"", "00" * 32))["snp"]
        image["measurements"] = [96 * "2"]
        self.assertIn("snp.measurement", self.refuse(self.write("image", snp=image)))
        own = {"builds": [ev.hashlib.sha256(pathlib.Path(VOUCH).read_bytes()).hexdigest()], "models": "any",
               "policies": [64 * "0"], "confinement": []}
        self.infer(self.write("own", facts=own))


if __name__ == "__main__":
    unittest.main(verbosity=2)
