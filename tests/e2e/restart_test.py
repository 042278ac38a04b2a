#!/usr/bin/env python3
"""What a node must still know after kill -9: whoever answered rightly wins its disputes, whatever
moment it was killed at; what it keeps for that is sealed, and gone when nobody can dispute.

    restart_test.py VOUCH FAULTY_NODE
"""
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest

from agreed import DEMO, MIDDLE, STAKE, Agreed, make_model

VOUCH, FAULTY = sys.argv.pop(1), sys.argv.pop(1)
TRIES = 2400
HEAD = 52  # bytes of a volume that holds no run yet


class Restarts(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.model = make_model(VOUCH, self.folder)

    def network(self, count, programs=None, parameters=()):
        """All nodes hold the same; `programs`: index to command."""
        network = Agreed(VOUCH, self.folder, self.model, [MIDDLE] * count,
                         programs=programs, parameters=parameters)
        self.addCleanup(network.close)
        return network.__enter__()

    def ask(self, network, *excluded, name="answer"):
        """A job for all nodes but those that are excluded; whether the answer is right."""
        without = [word for i in excluded for word in ("--exclude", network.names[i])]
        network.agree(DEMO / "digits_inputs.npy", "--quorum", 3, "--cuts", "1,6", *without,
                      name=name)
        return ((self.folder / f"{name}.npy").read_bytes() ==
                (self.folder / "alone.npy").read_bytes())

    def wait(self, is_there, what):
        for _ in range(TRIES):
            found = is_there()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}")

    @staticmethod
    def row(network, i):
        members = network.ledger.get_json("/api/state")["members"]
        return {row["key"]: row for row in members}[network.keys[i]]

    def runs(self, i):
        return list((self.folder / f"node{i}.seats.runs").glob("*.runs"))

    def check_loser(self, network, i):
        row = self.row(network, i)
        self.assertEqual((row["slashes"], row["disputes_lost"]), (1, 1), row)
        self.assertEqual(row["stake"], STAKE // 2, row)

    def check_honest(self, network, *nodes):
        for i in nodes:
            row = self.row(network, i)
            self.assertEqual((row["slashes"], row["disputes_lost"], row["wrongs"]), (0, 0, 0), row)

    def test_a_node_that_was_killed_after_its_reveal_wins_the_dispute_of_a_liar(self):
        late = self.folder / "now"
        os.environ["FAULT_WAITS_FOR"] = str(late)
        network = self.network(6, {0: [FAULTY, "late-dispute"]}, ["move_ms=30000"])
        self.assertTrue(self.ask(network, 3, 4, 5))  # these are left to referee
        for i in (1, 2):  # both who could defend the verdict
            network.network.nodes[i].kill()
            kept = self.runs(i)
            self.assertEqual(len(kept), 1)
            self.assertEqual(kept[0].stat().st_mode & 0o777, 0o600)
            self.assertEqual(kept[0].parent.stat().st_mode & 0o777, 0o700)
        network.restart(1)  # one comes back
        late.touch()
        self.wait(lambda: self.row(network, 0)["disputes_lost"], "the liar to lose")
        self.check_loser(network, 0)
        self.check_honest(network, 1, 2)
        for i in (3, 4, 5):  # it opened what they needed: nobody else had it
            self.assertEqual(self.row(network, i)["silences"], 0)

    def test_a_node_that_was_killed_before_the_verdict_overturns_it(self):
        liars = {i: [FAULTY, "signed-wrong-output", "--disputes", "no"] for i in (0, 1)}
        network = self.network(6, liars, ["move_ms=30000", "reveal_ms=20000"])
        answers = []
        asker = threading.Thread(target=lambda: answers.append(self.ask(network, 3, 4, 5)))
        asker.start()
        self.wait(lambda: any(path.stat().st_size > HEAD for path in self.runs(2)),
                  "an answer that is kept")
        network.network.nodes[2].kill()  # about to commit, or to reveal, or to dispute
        network.restart(2)
        asker.join()
        self.assertEqual(answers, [False])  # two liars of three: their lie is the verdict
        self.wait(lambda: self.row(network, 0)["disputes_lost"], "the verdict to be overturned")
        for i in (0, 1):
            self.check_loser(network, i)
        self.check_honest(network, 2, 3, 4, 5)

    def test_what_was_kept_goes_when_nobody_can_dispute_it(self):
        network = self.network(3, parameters=["dispute_ms=500"])
        self.assertTrue(self.ask(network))
        first = {i: {path.name for path in self.runs(i)} for i in range(3)}
        self.assertTrue(all(len(names) <= 1 for names in first.values()), first)
        network.network.nodes[0].kill()  # it finds what it kept, and that it is over
        network.restart(0)

        def are_gone():
            network.ledger.entry("deposit", network.network.client, 1)  # time passes with entries
            return not any(self.runs(i) for i in range(3))

        self.wait(are_gone, "what was kept to go")
        self.assertTrue(self.ask(network, name="after"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
