#!/usr/bin/env python3
"""A node in pieces: what its processes have and have not, and what becomes of it as one of them ends."""
import os
import pathlib
import re
import select
import signal
import sys
import tempfile
import unittest
import urllib.request

from agreed import import_model
from network import Network

VOUCH = sys.argv.pop(1)
TIMEOUT_MS = 60_000


def status(pid):
    """What the kernel says of each thread of a process."""
    texts = [(thread / "status").read_text() for thread in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    return [dict(re.findall(r"(?m)^(\w+):\s+(.*)$", text)) for text in texts]


def parents():
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, rest = re.fullmatch(r"\d+ \((.*)\) (.*)", text, re.S).groups()
        found[int(folder.name)] = (int(rest.split()[1]), name)
    return found


def family(pid):
    """All processes below one, with their names."""
    all_of_them, found, at = parents(), {}, [pid]
    while at:
        parent = at.pop()
        below = {child: name for child, (of, name) in all_of_them.items() if of == parent}
        found.update(below)
        at += below
    return found


class Apart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        model = import_model(VOUCH, cls.folder)
        cls.network = Network(VOUCH, cls.folder, model, [(1, 3)], node_options=["--threads", "2"])

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def setUp(self):
        self.node = self.network.start(0)
        self.addCleanup(self.node.close)
        if "a sanitizer looks into its own process" in (self.folder / "node0.log").read_text():
            self.skipTest("sanitizer builds are one process")
        self.network.nodes = [self.node]
        self.network.write_peers()

    def processes(self, name):
        return [pid for pid, named in family(self.node.process.pid).items() if named == name]

    def one(self, name):
        found = self.processes(name)
        self.assertEqual(len(found), 1, f"{name} among {family(self.node.process.pid)}")
        return found[0]

    def infer(self, name):
        answer = self.network.infer("synthetic:2", "--cuts", "1,3", "--quorum", 1, name=name)
        self.assertIn("output", str(answer))

    def count(self, name):
        text = urllib.request.urlopen(f"http://{self.node.http}/metrics", timeout=60).read().decode()
        return int(re.search(rf"(?m)^{name} (\d+)$", text)[1])

    def test_what_computes_has_a_socket_and_nothing_else(self):
        pid = self.one("inference")
        for thread in status(pid):
            self.assertEqual(thread["NoNewPrivs"], "1")
            self.assertEqual(thread["Seccomp"], "2")
            self.assertEqual(int(thread["CapEff"], 16) | int(thread["CapPrm"], 16) | int(thread["CapBnd"], 16), 0)
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        try:
            links = sorted(os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
            root = os.listdir(f"/proc/{pid}/root")
            network = os.readlink(f"/proc/{pid}/ns/net")
        except PermissionError:
            self.skipTest("only root sees the descriptors of a process that is not dumpable")
        sockets = [link for link in links if link.startswith("socket:")]
        self.assertEqual(len(sockets), 1)
        log = str(self.folder / "node0.log")
        self.assertEqual([link for link in links if link not in ("/dev/null", "/null", log, *sockets)], [])
        if "root" in re.search("inference: confined by: (.*)", pathlib.Path(log).read_text())[1]:
            self.assertEqual(root, [])
            self.assertNotEqual(network, os.readlink("/proc/self/ns/net"))
        # The journal of nobody, the key of nobody: not in its memory maps either.
        maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
        self.assertNotIn("node0.key", maps)
        self.assertIn("segment_1_3.vouch", maps)

    def test_no_process_has_rights_of_roots_but_who_starts_others(self):
        if os.geteuid() != 0:
            self.skipTest("only root's processes have rights to lose")
        needed = 1 << 8 | 1 << 21 | 1 << 31 # CAP_SETPCAP, CAP_SYS_ADMIN, CAP_SETFCAP
        for pid, name in {self.node.process.pid: "network", **family(self.node.process.pid)}.items():
            for thread in status(pid):
                for rights in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"):
                    left = int(thread[rights], 16)
                    self.assertEqual(left & ~(needed if name == "starter" else 0), 0, f"{name}: {rights}")

    def test_no_role_may_take_all_memory(self):
        for name in ("inference", "key agent"):
            limits = pathlib.Path(f"/proc/{self.one(name)}/limits").read_text()
            self.assertRegex(limits, r"Max address space +\d+ +\d+ ")
            self.assertRegex(limits, r"Max file size +\d+ +\d+ ")
            self.assertLessEqual(int(re.search(r"Max open files +(\d+) ", limits)[1]), 16)

    def test_who_starts_others_has_nothing(self):
        starters = self.processes("starter")
        self.assertGreaterEqual(len(starters), 2) # of what computes, and of what judges evidence
        for pid in starters:
            for thread in status(pid):
                self.assertEqual(thread["NoNewPrivs"], "1")

    def test_what_computes_may_be_killed(self):
        self.infer("before")
        for i in range(3):
            pid = self.one("inference")
            handle = os.pidfd_open(pid)
            os.kill(pid, signal.SIGKILL)
            self.wait_gone([handle])
            self.infer(f"after{i}")
            self.assertEqual(self.count("vouch_inference_ended_total"), i + 1)
        self.assertEqual(self.node.drain(), 0)
        log = (self.folder / "node0.log").read_text()
        self.assertIn("the process that computes is gone", log)

    def wait_gone(self, handles):
        for handle in handles:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            self.assertTrue(poll.poll(TIMEOUT_MS), "a process is left")
            os.close(handle)

    def test_all_of_it_ends_with_the_node(self):
        for end in (self.node.kill, lambda: self.node.drain()):
            handles = [os.pidfd_open(pid) for pid in family(self.node.process.pid)]
            self.assertGreaterEqual(len(handles), 3)
            end()
            self.wait_gone(handles)
            self.node.close()
            self.node = self.network.start(0)
        self.addCleanup(self.node.close)


if __name__ == "__main__":
    unittest.main(verbosity=2)
