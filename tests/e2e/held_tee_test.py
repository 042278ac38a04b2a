#!/usr/bin/env python3
"""Nodes in confidential machines, to clients that give prompts to nothing less: over TLS, with processes, on machines
whose vendor was made for the test and whose configfs-tsm is a file system by FUSE. Skips (77) where nothing can be
mounted."""
import json
import pathlib
import sys
import tempfile
import unittest

import evidence as ev
import turins
from agreed import MIDDLE, make_model
from network import Network, Refused

VOUCH, MOUNTER = sys.argv[1:3]
del sys.argv[1:]
REFUSED = 1
BUILD = ev.hashlib.sha256(pathlib.Path(VOUCH).read_bytes()).hexdigest()


class Tees(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.model = make_model(VOUCH, cls.folder)
        (cls.folder / "other").mkdir()
        cls.machine, cls.other = turins.Turin(MOUNTER, cls.folder), turins.Turin(MOUNTER, cls.folder / "other")
        cls.addClassCleanup(cls.machine.close)
        cls.addClassCleanup(cls.other.close)

    def start(self, *machines):
        """A node on each; None: a plain machine."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        network = Network(VOUCH, folder.name, self.model, [MIDDLE] * len(machines))
        self.addCleanup(network.close)
        for i, machine in enumerate(machines):
            network.nodes.append(network.start(i, "--attest", f"tsm:{machine.mount}" if machine else "none"))
        network.write_peers()
        return network

    def ask(self, network, build=BUILD, **changes):
        """Prompts for nothing below a TEE of the machine's vendor."""
        value = turins.rules(self.machine.root(), build, not_after="2037-01-31T00:00:00Z",
                             levels={"prompts": ["tee"], "weights:open": [], "weights:private": []}, **changes)
        path = network.folder / "rules"
        path.write_text(ev.signed(value, ev.SIGNER))
        return network.infer("synthetic:1", "--quorum", len(network.nodes), "--policy", path, "--policy-signer",
                             ev.SIGNER.public.hex())

    def refuse(self, network, i, check, **rules):
        """Node i is refused for that, and the client has no answer."""
        with self.assertRaises(Refused) as caught:
            self.ask(network, **rules)
        self.assertIn(f"nothing was sent to node {network.nodes[i].key[:16]} of operator-{i}: {check}",
                      caught.exception.text)

    def test_nodes_in_a_tee_are_given_prompts(self):
        answer = self.ask(self.start(self.machine, self.machine))
        self.assertEqual([node["level"] for node in answer["attested"]], ["tee"] * 2)
        self.assertEqual([node["test"] for node in answer["attested"]], [True] * 2)

    def test_a_machine_of_a_vendor_that_looks_alike_is_refused(self):
        self.refuse(self.start(self.machine, self.other), 1, "snp.chain")

    def test_a_plain_machine_is_refused(self):
        self.refuse(self.start(self.machine, None), 1, "evidence was asked for of kinds that are not at hand")

    def test_another_program_or_image_is_refused(self):
        network = self.start(self.machine)
        self.refuse(network, 0, "result.build", build=64 * "1")
        other = json.loads(turins.rules(b"", BUILD))["snp"]
        other["measurements"] = [96 * "2"]
        self.refuse(network, 0, "snp.measurement", snp=other)

    def test_hardware_that_answers_something_else_is_no_evidence(self):
        network = self.start(self.machine)
        self.machine.fault("wrong")
        try:
            self.refuse(network, 0, "the hardware here gives no evidence now")
        finally:
            self.machine.fault("none", 0)
        self.ask(network)


if __name__ == "__main__":
    unittest.main()
