#!/usr/bin/env python3
"""A node's keys are in one process of it, which other processes cannot look into; the node ends with that one."""
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import unittest

from agreed import Agreed, DEMO, MIDDLE, make_model
from network import Node
from processes import TIMEOUT_S, family, run

VOUCH, SECRETS = sys.argv.pop(1), sys.argv.pop(1)
HERE = pathlib.Path(__file__).resolve().parent
CANNOT_LOOK, LOST, MEMFD_SECRET = 3, 4, 447


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        model = make_model(VOUCH, cls.folder)
        cls.network = Agreed(VOUCH, cls.folder, model, [MIDDLE] * 3, node_options=["--threads", "1"])
        cls.network.__enter__()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.addClassCleanup(cls.network.close)
        # Each node connects, draws, commits, reveals and votes: all that its keys do.
        cls.network.agree(DEMO / "digits_inputs.npy", "--quorum", 3)

    def node(self, i):
        return self.network.network.nodes[i]

    def log(self, i):
        return (self.folder / f"node{i}.log").read_text()

    def look_at_node(self, i):
        return self.look(self.node(i).process.pid, self.folder / f"node{i}.key", self.folder / f"node{i}.vrf")

    def look(self, process, *needles):
        """Of that process, and of each that descends from it, which needles lie there."""
        if "a sanitizer looks into its own process" in self.log(0):
            self.skipTest("a sanitizer's shadow memory takes hours to read")
        done = subprocess.run([SECRETS, *needles, "--", *map(str, family(process))], capture_output=True, text=True,
                              timeout=4 * TIMEOUT_S, check=False)  # every byte that any of them has mapped
        if done.returncode == CANNOT_LOOK:
            self.skipTest(f"only root may look into other processes: {done.stdout.strip()}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = {}
        for line in done.stdout.splitlines():
            pid, read, closed, *names = line.split()
            found[int(pid)] = (int(read.split("=")[1]), int(closed.split("=")[1]), set(names))
        return found

    def test_no_process_of_a_node_has_a_key_where_others_can_look(self):
        log = self.log(0)
        found = self.look_at_node(0)
        self.assertGreaterEqual(len(found), 3) # network, agent, inference, and who waits for them
        self.assertIn("public", found[self.node(0).process.pid][2]) # so the search does find
        has_notice = "root can read them" in log
        for pid, (read, closed, names) in found.items():
            if not has_notice:
                self.assertEqual(names - {"public"}, set(), f"process {pid}")
        if has_notice: # locked memory hides nothing from root, in one process of them
            self.assertLessEqual(sum("identity.seed" in names for _, _, names in found.values()), 1)
            self.assertNotIn("identity.seed", found[self.node(0).process.pid][2])
        else:
            self.assertTrue(any(closed > 0 for _, closed, _ in found.values())) # that is where they are

    def test_the_search_finds_the_keys_of_a_node_in_one_process(self):
        network = self.network.network
        self.node(2).close()
        network.nodes[2] = network.start(2, *self.network.on_ledger(2), "--vrf", self.folder / "node2.vrf",
                                         "--journal", self.folder / "node2.seats", "--confine", "off")
        found = self.look_at_node(2)
        self.assertEqual(list(found), [self.node(2).process.pid])
        names = found[self.node(2).process.pid][2]
        self.assertLessEqual({"identity.seed", "vrf.seed", "vrf.scalar", "public"}, names)

    def test_without_memory_that_the_kernel_does_not_map_a_person_is_told(self):
        network, command = self.network.network, [sys.executable, HERE / "without.py", MEMFD_SECRET, VOUCH, "node"]
        self.node(2).close()
        network.programs[2] = command
        self.addCleanup(network.programs.pop, 2)
        (self.folder / "node2.log").unlink()
        network.nodes[2] = network.start(2, *self.network.on_ledger(2), "--vrf", self.folder / "node2.vrf",
                                         "--journal", self.folder / "node2.seats")
        self.assertIn("warning key agent: this kernel has no memfd_secret", self.log(2))
        holders = [pid for pid, (_, _, names) in self.look_at_node(2).items() if "identity.seed" in names]
        self.assertEqual(len(holders), 1) # what the notice says: root reads it there, and nowhere else
        self.assertTrue(self.holds(holders[0]))

    def test_a_node_ends_with_its_agent_and_drains_when_all_are_told_to(self):
        node = self.node(1)
        for pid in family(node.process.pid)[1:]:
            os.kill(pid, signal.SIGTERM) # as who manages services does, to the whole group
        agents = [pid for pid in family(node.process.pid) if self.holds(pid)]
        self.assertEqual(len(agents), 1)
        os.kill(agents[0], signal.SIGKILL)
        self.assertEqual(node.process.wait(TIMEOUT_S), LOST)
        self.assertIn("nothing can be signed any more", self.log(1))
        self.network.restart(1)
        self.assertEqual(self.node(1).drain(), 0)
        self.network.restart(1)

    @staticmethod
    def holds(pid):
        """Whether it is an agent's innermost process: it alone has memory that the kernel does not map, or locked."""
        try:
            maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
            locked = re.search(r"VmLck:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        except PermissionError as error:
            raise unittest.SkipTest(f"only root may look at other processes: {error}")
        return "secretmem" in maps or (locked and int(locked[1]) > 0)

    def test_no_process_of_a_node_leaves_a_core_or_gains_rights(self):
        if "a sanitizer looks into its own process" in self.log(0):
            self.skipTest("sanitizer builds are not confined, and say so")
        processes = family(self.node(0).process.pid)
        self.assertGreaterEqual(len(processes), 5)
        for pid in processes:
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ", f"process {pid}")
            self.assertRegex(status, r"NoNewPrivs:\s+1", f"process {pid}")

    def test_a_passphrase_is_left_nowhere(self):
        word, path, key = secrets.token_hex(16), self.folder / "word", self.folder / "solo.key"
        path.write_text(word + "\n")
        public = run(VOUCH, "keygen", "-o", key, "--passphrase-file", path).strip()
        (self.folder / "solo.txt").write_text(f"node solo {public}\n")
        run(VOUCH, "registry", self.folder / "solo.txt", "--key", self.folder / "founder.key", "-o",
            self.folder / "solo.registry")
        node = Node([VOUCH, "node", "--key", key, "--registry", self.folder / "solo.registry", "--founder",
                     self.network.network.founder, "--passphrase-file", path,
                     self.network.network.segment(*MIDDLE)], "solo", self.folder / "solo.log")
        self.addCleanup(node.close)
        log = (self.folder / "solo.log").read_text()
        if "root can read them" in log:
            self.skipTest("no memory here that is closed to root")
        for pid, (_, _, names) in self.look(node.process.pid, f"text:{word}").items():
            self.assertEqual(names, set(), f"process {pid}")

    def test_a_key_file_where_the_node_writes_is_warned_of(self):
        # Here the journal lies beside the keys, which have no passphrase.
        self.assertRegex(self.log(0), r"the key file \S+node0.key has no passphrase and lies where")

    def test_a_file_of_opened_releases_where_the_node_writes_is_warned_of(self):
        """Who takes over the process that writes a journal puts an older file in the place of one beside it."""
        network, away = self.network.network, self.folder / "away"
        away.mkdir()
        run(VOUCH, "owner", "seal", self.folder / "m.vouch", "--key", self.folder / "owner.key", "-o",
            self.folder / "m.sealed", "--no-passphrase")
        for options, is_warned in ((), True), (("--opened", away / "opened"), False):
            self.node(2).close()
            (self.folder / "node2.log").unlink()
            network.nodes[2] = network.start(
                2, *self.network.on_ledger(2), "--vrf", self.folder / "node2.vrf", "--journal",
                self.folder / "node2.seats", "--attest", "none", "--sealed", self.folder / "m.sealed", "--owner",
                self.folder / "owner.key", *options)
            said = re.search(r"the file of opened releases \S+node2.key.opened lies in a folder", self.log(2))
            self.assertEqual(said is not None, is_warned)


if __name__ == "__main__":
    unittest.main(verbosity=2)
