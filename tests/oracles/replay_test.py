#!/usr/bin/env python3
"""A network of real nodes agrees on a few jobs on a real ledger; then the second implementation replays
the log from what the ledger serves, and comes to the same root, money, marks and verdicts. A log that
was tampered with is false to it. The second verifier says of the vouchers what `vouch verify` says,
whatever is altered in them (100 times, or as often as VOUCHER_MUTATIONS says).

    replay_test.py VOUCH
"""
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "agreement"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from agreed import Agreed  # noqa: E402
from ledgers import seed_of_environment  # noqa: E402
from arrays import ROOT  # noqa: E402
from both import Both  # noqa: E402
from entries import read_entry  # noqa: E402
from forge import VOUCHER, encode  # noqa: E402
from mutate import alter_leaf, alter_leaves, alter_note, alter_voucher, damage  # noqa: E402
from replay import describe, fetch, read_log, replay_log  # noqa: E402
from state import Malformed, Refused  # noqa: E402
from verify_voucher import read_message  # noqa: E402

VOUCH = sys.argv[1]
SEED, MUTATIONS = seed_of_environment(), int(os.environ.get("VOUCHER_MUTATIONS", 100))
NODES, JOBS, QUORUM = 5, 2, 3


def vouch(*words):
    return subprocess.run([VOUCH, *map(str, words)], check=True, capture_output=True, text=True).stdout


class Told:
    """A voucher's fields, to be altered by whoever has no key."""

    def __init__(self, data):
        self.fields = read_message(data, VOUCHER)

    def encode(self):
        return encode(self.fields, VOUCHER)


class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.scratch.name)
        owner = vouch("keygen", "-o", folder / "owner.key", "--no-passphrase").strip()
        vouch("import", ROOT / "demo/digits.onnx", "-o", folder / "digits.vouch", "--key", folder / "owner.key",
              "--calibrate", ROOT / "demo/digits_calibration.npy")
        with Agreed(VOUCH, folder, folder / "digits.vouch", placements=[(2, 6)] * NODES) as network:
            cls.jobs = [network.agree(ROOT / "demo/digits_inputs.npy", "--quorum", QUORUM, name=f"answer{i}")["job"]
                        for i in range(JOBS)]
            cls.url = f"http://127.0.0.1:{network.ledger.http}"
            cls.state = json.loads(fetch(cls.url, "/api/state"))
            cls.log = read_log(cls.url, cls.state["size"])
            cls.audit = json.loads(network.run("audit", "--from", cls.url, "--charter", folder / "charter",
                                               "--founder", network.ledger.founder, "--json"))
            cls.reader = [("founder", bytes.fromhex(network.ledger.founder)), ("owner", bytes.fromhex(owner))]
            cls.vouchers = [(folder / f"answer{i}.voucher").read_bytes() for i in range(JOBS)]
            cls.blobs = {}
            for data in cls.log:
                entry = read_entry(data)
                if entry["kind"] == "registry":
                    name = entry["body"]["digest"].hex()
                    cls.blobs[name] = fetch(cls.url, "/registry/" + name)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def replay(self, log):
        return replay_log(log, self.blobs.__getitem__)

    def test_comes_to_the_same_root_money_and_marks(self):
        mine = describe(self.replay(self.log))
        for name in ("ledger", "size", "root", "totals"):
            self.assertEqual(mine[name], self.state[name])
        for member in self.state["members"]:
            expected = {name: member[name] for name in mine["members"][member["key"]]}
            self.assertEqual(mine["members"][member["key"]], expected)
        self.assertEqual(len(mine["members"]), len(self.state["members"]))

    def test_comes_to_the_same_verdicts(self):
        ledger = self.replay(self.log)
        decided = {job.id.hex() for job in ledger.jobs.values() if job.phase == "decided"}
        self.assertEqual(decided, set(self.jobs))
        for shown in self.state["jobs"]:
            job = ledger.jobs[bytes.fromhex(shown["job"])]
            for segment in shown["segments"]:
                self.assertEqual(job.segments[segment["segment"]].output.hex(), segment["output"])

    def test_comes_to_what_vouch_audit_says(self):
        ledger = self.replay(self.log[:self.audit["size"]])
        mine = describe(ledger)
        for account in self.audit["accounts"]:
            expected = {name: account[name] for name in mine["members"][account["key"]] if name in account}
            self.assertEqual({name: mine["members"][account["key"]][name] for name in expected}, expected)
        self.assertEqual(len(mine["members"]), len(self.audit["accounts"]))
        for name in ("escrow", "treasury", "deposited", "withdrawn"):
            self.assertEqual(mine["totals"][name], self.audit[name])
        said = [(v["position"], v["subject"], v["output"], v["agreeing"]) for v in self.audit["verdicts"]]
        found = []
        for at, data in enumerate(self.log[:self.audit["size"]]):
            entry = read_entry(data)
            if entry["kind"] == "verdict":
                body = entry["body"]
                found.append((at, body["subject"].hex(), body["output"].hex() or None, body["agreeing"]))
        self.assertEqual(said, found)

    def test_audit_says_how_likely_a_committee_is_captured(self):
        """Five operators of like weight, one of them dishonest or two; exactly, by binomial coefficients."""
        cells = {(c["percent"], c["committee"]): c for c in self.audit["capture"]}
        self.assertEqual(len(cells), 18)
        for (percent, size), cell in cells.items():
            self.assertEqual(cell["operators"], NODES)
            seats, bad = min(size, NODES), cell["dishonest"]
            want = sum(math.comb(bad, j) * math.comb(NODES - bad, seats - j)
                       for j in range(size // 2 + 1, seats + 1) if seats - j >= 0) / math.comb(NODES, seats)
            apart = abs(float(cell["probability"]) - want)
            self.assertLessEqual(apart, 6 * float(cell["error"]) + 0.06 * want, (percent, size))

    def test_vouchers_get_the_same_verdicts_from_the_second_verifier(self):
        """As they are, and altered by somebody without keys: of the one job's agreement in the other's voucher, too."""
        print(f"# VCH_SEED={SEED}, {MUTATIONS} vouchers", flush=True)
        both, rng, verdicts = Both(VOUCH, int(time.time()) + 1), random.Random(SEED), []
        self.addCleanup(both.scratch.cleanup)
        for data in self.vouchers:
            self.assertEqual(Told(data).encode(), data)
            verdict, reasons = both.ours(data, self.reader)
            self.assertEqual(verdict, both.theirs(data, self.reader))
            self.assertTrue(verdict.startswith("accepted"), verdict)
            self.assertIn(f"out of {NODES} nodes of at most {NODES} operators", reasons["quorum"])
        for i in range(MUTATIONS):
            told, other = map(Told, rng.sample(self.vouchers, 2))
            if rng.random() < 0.1:
                told.fields["results"][0]["agreement"] = other.fields["results"][0]["agreement"]
            what = rng.choice([alter_voucher, alter_leaf, alter_leaves, alter_note])(rng, told)
            data = told.encode() if rng.random() < 0.8 else damage(rng, told.encode())
            verdict, reasons = both.ours(data, self.reader)
            self.assertEqual(verdict, both.theirs(data, self.reader), f"VCH_SEED={SEED}, {i}: {what}; {reasons}")
            verdicts += [verdict] if data not in self.vouchers else []
        self.assertFalse(any(verdict.startswith("accepted") for verdict in verdicts))

    def assert_false(self, log):
        with self.assertRaises((Refused, Malformed)):
            self.replay(log)

    def last_covered(self):
        """The last entry that a later anchor covers."""
        return max(read_entry(data)["body"]["size"] for data in self.log if read_entry(data)["kind"] == "anchor") - 1

    def test_a_log_without_one_of_its_entries_is_false(self):
        for at in (1, self.last_covered() // 2, self.last_covered()):
            self.assert_false(self.log[:at] + self.log[at + 1:])

    def test_a_log_with_two_entries_exchanged_is_false(self):
        for at in (2, self.last_covered() // 2, self.last_covered() - 1):
            self.assert_false(self.log[:at] + [self.log[at + 1], self.log[at]] + self.log[at + 2:])

    def test_a_log_with_an_entry_repeated_is_false(self):
        for at in (1, self.last_covered() // 3, self.last_covered()):
            self.assert_false(self.log[:at + 1] + self.log[at:])

    def test_a_log_with_a_bit_flipped_is_false(self):
        for at in range(0, self.last_covered() + 1, 7):
            data = bytearray(self.log[at])
            data[len(data) * (at % 10) // 10] ^= 1 << at % 8
            self.assert_false(self.log[:at] + [bytes(data)] + self.log[at + 1:])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
