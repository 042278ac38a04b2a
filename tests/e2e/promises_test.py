#!/usr/bin/env python3
"""A clerk that drops what a node writes, of each kind: the node's drafts reach the witnesses, the clerk signs that its
state refuses them, and an auditor who replays the log convicts it by that. And an honest one, which nobody accuses.

    promises_test.py PATH/TO/vouch PATH/TO/lying_ledger
"""
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from agreed import Agreed
from ledgers import Refused
from witnesses import commit_draft, hash_of, tlog

LYING = sys.argv.pop(2)
VOUCH = sys.argv.pop(1)
DEMO = pathlib.Path(__file__).resolve().parents[2] / "demo"
WINDOWS = ["draw_ms=4000", "commit_ms=6000", "reveal_ms=6000"]
NODES = 3


class Promises(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.run_vouch("keygen", "-o", self.folder / "owner.key", "--no-passphrase")
        self.run_vouch("import", DEMO / "digits.onnx", "-o", self.folder / "m.vouch", "--key", self.folder / "owner.key",
                       "--calibrate", DEMO / "digits_calibration.npy")

    def run_vouch(self, *words):
        subprocess.run(list(map(str, (VOUCH, *words))), check=True, capture_output=True)

    def network(self, lie=None):
        network = Agreed(VOUCH, self.folder, self.folder / "m.vouch", [(1, 6)] * NODES, parameters=WINDOWS,
                         node_options=["--witness-after", 200])
        if lie:
            network.ledger.program = [LYING, lie, network.keys[0]]
        self.addCleanup(network.close)
        return network.__enter__()

    def ask(self, network, name="answer"):
        return network.agree(DEMO / "digits_inputs.npy", "--cuts", "1,6", "--quorum", 3, name=name)

    def audit(self, network, *more):
        """(exit code, JSON, what it says on the error stream)."""
        command = [VOUCH, "audit", "--from", f"http://127.0.0.1:{network.ledger.http}", "--charter",
                   self.folder / "charter", "--founder", network.ledger.founder, "--json", *more]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode, json.loads(done.stdout), done.stderr

    def grow(self, network):
        network.ledger.entry("deposit", network.network.client, 1, "--wait-cosigned")

    def refusals(self, network):
        """What witnesses keep of this clerk's refusals, once enough of them do."""
        end = time.monotonic() + 60
        while True:
            found = list(self.folder.glob("w*/*/*.refusal"))
            if len({path.parent.parent.name for path in found}) >= 3:
                self.grow(network)
                return found
            self.assertLess(time.monotonic(), end, "the clerk refused nothing")
            self.grow(network)

    def lie(self, lie, busy):
        """What an audit says once a job is over of which the clerk dropped what node 0 wrote."""
        network = self.network(lie)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            job = pool.submit(self.ask, network)
            while busy and not job.done():
                self.grow(network)
            job.result() # two seats of three are a majority
        found = self.refusals(network)
        code, report, error = self.audit(network, "--verbose", *(word for path in found for word in ("--shown", path)))
        self.assertEqual({row["kind"] for row in report["shown"]}, {"refusal"})
        self.assertEqual({row["draft"] for row in report["shown"]}, {lie})
        return code, report, error

    def convict(self, lie):
        """On a busy log there is a checkpoint before the window is over: its refusal is a lie."""
        code, report, error = self.lie(lie, busy=True)
        self.assertEqual(code, 1, report["shown"])
        self.assertIn("speaks against the clerk", error)
        convicted = {row["witness"] for row in report["shown"] if row["finding"] == "convicted"}
        self.assertGreaterEqual(len(convicted), 3, report["shown"])
        return report["gaps"]

    def test_a_clerk_that_drops_draws(self):
        gaps = self.convict("sortition")
        self.assertGreaterEqual(gaps["missing_draws"], 1)
        self.assertEqual(gaps["draws"][0]["drew"], NODES - 1)

    def test_a_clerk_that_drops_commits(self):
        self.assertGreaterEqual(self.convict("commit")["uncommitted_seats"], 1)

    def test_a_clerk_that_drops_reveals(self):
        self.assertGreaterEqual(self.convict("reveal")["unrevealed_seats"], 1)

    def test_a_clerk_that_refuses_when_it_is_too_late(self):
        """On a silent log it can wait for the end of the window. What is left is how long it waited."""
        code, report, error = self.lie("sortition", busy=False)
        self.assertEqual(code, 0, error)
        late = {row["witness"] for row in report["shown"] if row["finding"] == "right" and row["late_ms"] > 2000}
        self.assertGreaterEqual(len(late), 3, report["shown"])

    def test_what_is_written_by_hand_is_promised_by_hand(self):
        """Evidence that the ledger does not take: here rightly, as its contest is none of this ledger's."""
        network = self.network()
        for i in range(2):
            draft = commit_draft(bytes.fromhex(network.ledger.charter["log"].split()[-1]), tlog.Key(b"\7" * 32), bytes(32),
                                 commitment=bytes([i]) * 32)
            (self.folder / f"commit{i}").write_bytes(draft)
        kept = self.folder / "promise"
        with self.assertRaises(Refused) as caught:
            network.ledger.entry("evidence", self.folder / "commit0", self.folder / "commit1", "--promises", kept,
                                 *network.ledger.to_witnesses(), key="client")
        self.assertEqual(caught.exception.text.count("promised by"), 4, caught.exception.text)
        self.assertIn("the ledger refuses it", caught.exception.text)
        found = self.refusals(network)
        code, report, error = self.audit(network, "--shown", f"{kept}.w0.example", "--shown", found[0])
        self.assertEqual(code, 0, error)
        self.assertEqual([row["finding"] for row in report["shown"]], ["open", "right"])
        self.assertEqual([row["late_entries"] for row in report["shown"]], [0, 0])

    def test_an_honest_clerk_is_accused_of_nothing(self):
        network = self.network()
        for i in range(3):
            self.ask(network, f"answer{i}")
        self.grow(network)
        code, report, error = self.audit(network, *network.ledger.to_witnesses())
        self.assertEqual(code, 0, error)
        self.assertEqual(report["gaps"], {"contests": 3, "sparse_draws": 0, "missing_draws": 0, "uncommitted_seats": 0,
                                          "unrevealed_seats": 0})
        self.assertEqual(len(report["shown"]), 4)
        for row in report["shown"]:
            self.assertIn(row["finding"], ("right", "open"), row) # open: it has seen more than was published
            self.assertGreaterEqual(row["count"], row["own"])
            self.assertGreater(row["anchors"], 0)
            self.assertEqual(row["surplus"], 0, row)
        # What a witness signed is as good as a file, and of no use for another ledger or under another name.
        kept = self.folder / "state.txt"
        witness = network.ledger.witness_urls[0]
        with urllib.request.urlopen(f"{witness}/vouch/v1/log/{hash_of('test.example/ledger')}", timeout=60) as got:
            kept.write_bytes(got.read())
        self.assertEqual(self.audit(network, "--shown", kept)[0], 0)
        lie = kept.read_text().replace("w0.example", "w1.example")
        kept.write_text(lie)
        with self.assertRaises(Refused) as caught:
            network.run("audit", "--from", f"http://127.0.0.1:{network.ledger.http}", "--charter", self.folder / "charter",
                        "--founder", network.ledger.founder, "--shown", kept)
        self.assertIn("did not sign", caught.exception.text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
