#!/usr/bin/env python3
"""A node gives up what it does not need before anybody can speak to it, in all its threads, and says so."""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

from agreed import import_model
from network import Network, Refused

VOUCH = sys.argv.pop(1)
USAGE = 2


def threads(pid):
    """What the kernel says of each thread of a process."""
    folder = pathlib.Path(f"/proc/{pid}/task")
    texts = [(thread / "status").read_text() for thread in folder.iterdir()]
    return [dict(re.findall(r"(?m)^(\w+):\s+(.*)$", text)) for text in texts]


def free_port_of_roots():
    for port in range(1023, 512, -1):
        with socket.socket() as door:
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port below 1024 is free")


class Confined(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        model = import_model(VOUCH, cls.folder)
        cls.network = Network(VOUCH, cls.folder, model, [(1, 3)], node_options=["--threads", "3"])

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def start(self, *options):
        node = self.network.start(0, *options)
        self.addCleanup(node.close)
        return node, (self.folder / "node0.log").read_text()

    def test_every_thread_is_fenced(self):
        node, log = self.start()
        if "a sanitizer looks into its own process" in log:
            self.skipTest("sanitizer builds are not confined, and say so")
        granted = re.findall("network: confined by: (.*)", log)[-1]
        self.assertIn("dumpable", granted)
        told = threads(node.process.pid)
        self.assertGreaterEqual(len(told), 4) # the loop, two that help, the worker
        for thread in told:
            if "no-new-privs" in granted:
                self.assertEqual(thread["NoNewPrivs"], "1")
            if "syscalls" in granted:
                self.assertEqual(thread["Seccomp"], "2")
            for rights in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb") if os.geteuid() == 0 else ():
                self.assertEqual(int(thread[rights], 16), 0, rights)
        for fence in {"no-new-privs", "landlock", "syscalls", "limits"} - set(granted.split(", ")):
            self.assertRegex(log, rf"network: not confined by {fence} .*: \w+")
        limits = pathlib.Path(f"/proc/{node.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        self.assertEqual(os.stat(f"/proc/{node.process.pid}/mem").st_uid, 0) # closed to equals

    def test_it_listens_below_1024_without_any_right_of_roots(self):
        if os.geteuid() != 0:
            self.skipTest("only root listens there to begin with")
        node, _ = self.start("--listen", f"127.0.0.1:{free_port_of_roots()}")
        self.network.nodes = [node]
        self.network.write_peers()
        answer = self.network.infer("synthetic:2", "--cuts", "1,3", "--quorum", 1, name="low")
        self.assertIn("output", str(answer))
        self.assertEqual(node.drain(), 0)

    def test_what_only_root_could_enter_is_named(self):
        if os.geteuid() != 0:
            self.skipTest("only root gives up rights to what others own")
        folder = self.folder / "theirs"
        folder.mkdir(mode=0o700)
        (folder / "m.sealed").write_text("")
        os.chown(folder, 12345, 12345)
        try:
            node, log = self.start("--attest", "none", "--owner", self.network.founder, "--sealed",
                                   folder / "m.sealed")
            node.close()
        except Refused as said:
            log = str(said)
        if "a sanitizer looks into its own process" in log:
            self.skipTest("sanitizer builds are not confined, and say so")
        self.assertRegex(log, r"theirs/m.sealed is closed to the user .*chown it")

    def test_off_is_said_aloud(self):
        node, log = self.start("--confine", "off")
        self.assertIn("not confined at all, as --confine off asks", log)
        for thread in threads(node.process.pid):
            self.assertEqual(thread["Seccomp"], "0")

    def test_other_words_are_refused(self):
        done = subprocess.run([VOUCH, "node", "--key", self.folder / "node0.key", "--registry",
                               self.folder / "network.registry", "--founder", self.network.founder, "--confine",
                               "sideways", self.network.segment(1, 3)], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn('"on" (the default) or "off"', done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
