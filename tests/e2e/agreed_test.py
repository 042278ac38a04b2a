#!/usr/bin/env python3
"""Agreed jobs over real processes: committees, vouchers, audits; and nodes killed at any time.

    agreed_test.py PATH/TO/vouch PATH/TO/faulty_node

Kills: 20, or as many as AGREED_KILLS says. VCH_SEED=N replays which nodes are killed, and when.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from agreed import DEMO, MIDDLE, MONEY, STAKE, Agreed, make_model
from arrays import read_npy, write_npy
from ledgers import seed_of_environment
from processes import Refused

VOUCH, FAULTY = sys.argv.pop(1), sys.argv.pop(1)
KILLS = int(os.environ.get("AGREED_KILLS", 20))
COUNTED = ["balance", "stake", "correct", "timely", "successes", "wrongs", "silences", "slashes"]


def accounts_of(rows):
    return {row["key"]: [row[field] for field in COUNTED] for row in rows}


class Agreements(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.model = make_model(VOUCH, self.folder)

    def network(self, count=7, **options):
        network = Agreed(VOUCH, self.folder, self.model, [MIDDLE] * count, **options)
        self.addCleanup(network.close)
        return network.__enter__()

    def ask(self, network, *options, name="answer"):
        cuts = options if "--cuts" in options else ("--cuts", "1,6", *options)
        answer = network.agree(DEMO / "digits_inputs.npy", *cuts, name=name)
        self.assertEqual((self.folder / f"{name}.npy").read_bytes(),
                         (self.folder / "alone.npy").read_bytes())
        return answer

    def test_a_client_that_fills_its_share_of_a_node_is_out_and_others_are_served(self):
        """A megabyte of room, so an eighth of it; at that cut a sample has 1,024 bytes."""
        network = self.network(4, node_options=["--keep", "1"])
        _, values = read_npy(DEMO / "digits_inputs.npy")
        inputs = self.folder / "many.npy"
        write_npy(inputs, (100, 1, 8, 8), values * 10)
        options = ["--quorum", 3, "--cuts", "1,6", "--exclude", network.names[3]]
        network.agree(inputs, *options)
        with self.assertRaisesRegex(Refused, "no majority"):  # nobody draws
            network.agree(inputs, *options)
        # Nodes may be clients.
        network.ledger.entry("deposit", network.keys[3], MONEY)
        shutil.copy(self.folder / "node3.key", self.folder / "client.key")
        self.ask(network, "--quorum", 3, "--exclude", network.names[3], name="other")
        for row in network.ledger.get_json("/api/state")["members"]:
            self.assertEqual(row["silences"], 0, row)

    def test_committees_of_five_and_their_vouchers(self):
        network = self.network()
        excluded = network.names[3]
        answer = self.ask(network, "--quorum", 5)
        self.assertEqual([(s["votes"], s["agreeing"]) for s in answer["segments"]], [(5, 5)])
        code, verdict = network.verify()
        self.assertEqual(code, 0, verdict)
        self.assertIn("drawn by lot out of 7 nodes", verdict["claims"]["quorum"]["reason"])
        # Two segments by nodes; and nobody of an operator that the client excludes.
        answer = self.ask(network, "--quorum", 3, "--cuts", "1,3,6", "--exclude", excluded,
                          name="two")
        self.assertEqual(len(answer["segments"]), 2)
        code, verdict = network.verify("two")
        self.assertEqual(code, 0, verdict)
        self.assertNotIn(excluded, json.dumps(verdict))
        self.alter(network)
        found = network.settled_audit()
        self.assertEqual(accounts_of(found["accounts"]),
                         accounts_of(network.ledger.get_json("/api/state")["members"]))
        self.assertEqual(sum(row["output"] is not None for row in found["verdicts"]), 3)

    def alter(self, network):
        """One bit of the voucher, anywhere: it is refused, or a claim is false."""
        whole = bytearray((self.folder / "answer.voucher").read_bytes())
        rng = random.Random(seed_of_environment())
        for at in [rng.randrange(len(whole)) for _ in range(60)]:
            whole[at] ^= 1 << rng.randrange(8)
            changed = bytes(whole)
            whole = bytearray((self.folder / "answer.voucher").read_bytes())
            (self.folder / "altered.voucher").write_bytes(changed)
            done = subprocess.run([VOUCH, "verify", self.folder / "altered.voucher", "--model",
                                   self.model, "--founder", network.ledger.founder],
                                  capture_output=True, text=True, check=False)
            self.assertIn(done.returncode, (1, 3), f"byte {at}: {done.stdout}{done.stderr}")

    def test_a_captured_committee_is_overturned(self):
        """Two liars of three tell one lie: it is the verdict, and its voucher says that it may not stand. The third
        disputes it, others judge, the liars pay; whoever replays the log sees it overturned."""
        liars = {i: [FAULTY, "signed-wrong-output", "--disputes", "no"] for i in (0, 1)}
        network = self.network(6, programs=liars, parameters=["move_ms=30000"])
        judges = [word for i in (3, 4, 5) for word in ("--exclude", network.names[i])]
        answer = network.agree(DEMO / "digits_inputs.npy", "--quorum", 3, "--cuts", "1,6", *judges)
        self.assertEqual([s["agreeing"] for s in answer["segments"]], [2])
        self.assertNotEqual((self.folder / "answer.npy").read_bytes(),
                            (self.folder / "alone.npy").read_bytes())
        reason = self.told(network)  # a committee said so
        self.assertIn("out of 3 nodes of at most 3 operators, without 3 that the client excluded",
                      reason)
        self.assertIn("it can still be disputed and overturned, for", reason)
        _, verdict = network.verify()  # who can run the model sees the lie
        self.assertEqual(verdict["claims"]["ends"]["verdict"], "FALSE", verdict)
        found = self.overturned_audit(network, answer["job"])
        rows = {row["key"]: row for row in found["accounts"]}
        for i, key in enumerate(network.keys):
            is_liar = i in liars
            self.assertEqual((rows[key]["slashes"], rows[key]["disputes_lost"]), (is_liar, is_liar))
            self.assertEqual(rows[key]["stake"], STAKE // 2 if is_liar else STAKE)
            self.assertEqual(rows[key]["silences"], 0)
        self.assertEqual(accounts_of(found["accounts"]),
                         accounts_of(network.ledger.get_json("/api/state")["members"]))
        text = network.run("audit", "--from", f"http://127.0.0.1:{network.ledger.http}", "--charter",
                           self.folder / "charter", "--founder", network.ledger.founder)
        self.assertIn(f"job {answer['job']}, segment 1: disputed at position", text)
        self.assertIn("OVERTURNED its verdict", text)
        self.assertIn("whether anybody did", self.told(network))  # it was made before

    def told(self, network):
        """What a reader without an opening is told of the quorum: it is shown."""
        done = json.loads(network.run("verify", self.folder / "answer.voucher", "--model", self.model,
                                      "--founder", network.ledger.founder, "--json"))
        return done["claims"]["quorum"]["reason"]

    def overturned_audit(self, network, job):
        """The audit of the log, once the dispute that the third seat opened is over."""
        for _ in range(2400):
            found = network.settled_audit()
            rows = [(row["job"], row["segment"], row["by"]) for row in found["disputed"]]
            if rows and found["disputed"][0]["outcome"] != "open":
                self.assertEqual(rows, [(job, 1, network.keys[2])])
                self.assertEqual(found["disputed"][0]["outcome"], "overturned")
                return found
            time.sleep(0.05)
        raise AssertionError("the verdict was never overturned")

    def test_nodes_that_come_back_catch_up_with_a_long_log(self):
        network = self.network(4)
        self.ask(network, "--quorum", 3, "--repeat", 30, name="many")
        self.assertGreater(network.ledger.get_json("/api/state")["size"], 600)
        for node in range(4):
            network.network.nodes[node].kill()
            network.restart(node)
        answer = self.ask(network, "--quorum", 3, name="after")
        self.assertEqual([s["agreeing"] for s in answer["segments"]], [3])

    def test_nodes_killed_at_any_time_say_the_same_again(self):
        seed = seed_of_environment()
        rng = random.Random(seed)
        print(f"# VCH_SEED={seed}, {KILLS} kills", flush=True)
        network = self.network(parameters=["commit_ms=4000", "reveal_ms=2000", "draw_ms=500"])
        done = threading.Event()
        asked, failed = [], []

        def ask_on():
            while not done.is_set():
                try:
                    self.ask(network, "--quorum", 3, "--deadline-ms", 60000, name="busy")
                    asked.append(1)
                except Exception as error:  # noqa: BLE001 (a killed committee may fail a job)
                    failed.append(str(error))

        asker = threading.Thread(target=ask_on)
        asker.start()
        try:
            for _ in range(KILLS):
                node = rng.randrange(7)
                time.sleep(rng.random() * 0.15)  # any moment of a job
                network.network.nodes[node].kill()
                network.restart(node)
        finally:
            done.set()
            asker.join()
        found = network.settled_audit()
        decided = [(row["subject"], row["segment"]) for row in found["verdicts"] if row["output"]]
        self.assertEqual(len(decided), len(set(decided)), "a segment with two verdicts")
        for row in found["accounts"]:
            self.assertEqual((row["slashes"], row["wrongs"], row["disputes_lost"]), (0, 0, 0), row)
        print(f"# {len(asked)} answers, {len(failed)} jobs that failed; "
              f"{sum(row['silences'] for row in found['accounts'])} silences", flush=True)
        self.ask(network, "--quorum", 3, name="after")


if __name__ == "__main__":
    unittest.main()
