#!/usr/bin/env python3
"""Witnesses over HTTP, driven by logs that tell the truth, that fork, that leave drafts out; and killed at any time.

    witness_test.py PATH/TO/vouch

Kills: 60, or as many as VOUCH_KILLS says. VCH_SEED=N replays a run.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from agreed import Agreed
from arrays import ROOT
from witnesses import (Log, Witness, commit_draft, draft_of, entry_of, every_draft, hash_of, included, refused, seeded,
                       testimony, tlog)

VOUCH = sys.argv.pop(1)
KILLS = int(os.environ.get("VOUCH_KILLS", 60))
RANDOM = seeded("witness_test")
WRITER = tlog.Key(b"\x07" * 32)
PATIENCE_S = 2.0 # specs/witness.md, section 3


def cosigned(witness, note, answer):
    """The time of the cosignature in an answer, which must verify over the note's text."""
    status, line, _ = answer
    assert status == 200, answer
    text = note[:note.index("\n\n") + 1]
    time_s = tlog.verify_line(line, witness.vkey, text)
    assert time_s, line
    return time_s


class Served(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.log = Log("clinics.example/ledger")
        self.log.append(*(b"entry %d" % i for i in range(5)))
        self.witnesses = []

    def tearDown(self):
        for witness in self.witnesses:
            witness.close()

    def witness(self, *lines, name="w1", **more):
        witness = Witness(VOUCH, self.folder / name, lines or [self.log.line()], f"witness.example/{name}", **more)
        self.witnesses.append(witness)
        return witness


class Checkpoints(Served):
    def test_a_growing_log_is_cosigned(self):
        witness, old, last = self.witness(), 0, 0
        for _ in range(12):
            now = cosigned(witness, self.log.note(), self.log.ask(witness, old))
            self.assertGreaterEqual(now, last)
            old, last = len(self.log.leaves), now
            self.log.append(*(b"more" for _ in range(RANDOM.randrange(1, 9))))
        self.assertEqual(witness.stop(), 0)

    def test_each_refusal_has_its_own_status(self):
        witness, log = self.witness(), self.log
        cosigned(witness, log.note(), log.ask(witness, 0))
        log.append(b"one more")
        note, proof = log.note(), log.consistency(5)
        stranger = Log("stranger.example/log")
        stranger.append(b"x")
        self.assertEqual(stranger.ask(witness, 0)[0], 404)
        impostor = Log(log.origin, seed=2)
        impostor.leaves = log.leaves
        self.assertEqual(impostor.ask(witness, 5)[0], 403)
        status, body, headers = witness.add_checkpoint(4, log.consistency(4), note)
        self.assertEqual((status, body, headers["Content-Type"]), (409, "5\n", "text/x.tlog.size"))
        self.assertEqual(witness.add_checkpoint(7, [], note)[0], 400)
        self.assertEqual(witness.add_checkpoint(5, proof[:-1], note)[0], 422)
        self.assertEqual(witness.add_checkpoint(5, proof + [b"\0" * 32], note)[0], 422)
        self.assertEqual(witness.add_checkpoint(5, [bytes([proof[0][0] ^ 1]) + proof[0][1:]] + proof[1:], note)[0], 422)
        self.assertEqual(witness.ask("POST", "/add-checkpoint", b"old 5\n\nno note")[0], 400)
        self.assertEqual(witness.ask("GET", "/add-checkpoint")[0], 405)
        self.assertEqual(witness.ask("GET", "/add-checkpoints")[0], 404)
        self.assertEqual(witness.ask("POST", "/add-checkpoint", b"x" * 65537)[0], 413)
        cosigned(witness, note, witness.add_checkpoint(5, proof, note))

    def test_no_log_may_shrink_or_be_told_again_otherwise(self):
        witness, log = self.witness(), self.log
        cosigned(witness, log.note(), log.ask(witness, 0))
        self.assertEqual(log.ask(witness, 0, 3)[0], 409)
        self.assertEqual(witness.add_checkpoint(5, [], log.note(3))[0], 400)
        self.assertEqual(log.fork(4).ask(witness, 5)[0], 409)
        cosigned(witness, log.note(), log.ask(witness, 5)) # the same once more is no lie
        cosigned(witness, log.note(), log.ask(witness, 5))

    def test_of_two_histories_one_alone_is_cosigned(self):
        """A split view: the clerk shows each of four witnesses one of two histories, in any order."""
        names = ["w1", "w2", "w3", "w4"]
        witnesses = [self.witness(name=name) for name in names]
        for witness in witnesses:
            cosigned(witness, self.log.note(), self.log.ask(witness, 0))
        self.log.append(b"paid", b"answered")
        sides = [self.log, self.log.fork(5)]
        signed = [set(), set()]
        for side, witness in [(s, w) for s in (0, 1) for w in witnesses]:
            if RANDOM.randrange(2):
                side = 1 - side
            status = sides[side].ask(witness, 5)[0]
            signed[side] |= {witness.name} if status == 200 else set()
        for side in (0, 1): # everyone is asked for everything, in the end
            for witness in witnesses:
                if sides[side].ask(witness, 5)[0] == 200:
                    signed[side].add(witness.name)
        self.assertFalse(signed[0] & signed[1])
        self.assertLess(min(map(len, signed)), 3) # 3 of 4 count: never both

    def test_logs_do_not_disturb_each_other(self):
        other = Log("other.example/log", seed=3)
        other.append(b"a", b"b", b"c")
        witness = self.witness(self.log.line(), other.vkey())
        cosigned(witness, self.log.note(), self.log.ask(witness, 0))
        cosigned(witness, other.note(), other.ask(witness, 0))
        self.assertEqual(other.ask(witness, 0)[1], "3\n")
        self.assertEqual(self.log.ask(witness, 0)[1], "5\n")

    def test_what_it_said_outlives_it(self):
        witness = self.witness()
        cosigned(witness, self.log.note(), self.log.ask(witness, 0))
        self.assertEqual(witness.stop(), 0)
        witness.start()
        self.log.append(b"later")
        self.assertEqual(self.log.fork(4).ask(witness, 5)[0], 422)
        cosigned(witness, self.log.note(), self.log.ask(witness, 5))


class Folders(Served):
    def refuses_to_start(self, witness, word):
        with self.assertRaises(RuntimeError) as caught:
            witness.start()
        self.assertIn(word, str(caught.exception))

    def test_one_process_has_the_state(self):
        witness = self.witness()
        done = subprocess.run(witness.command(), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn("in use", done.stderr)

    def test_damaged_or_foreign_state_is_not_gone_on_from(self):
        witness = self.witness()
        cosigned(witness, self.log.note(), self.log.ask(witness, 0))
        witness.stop()
        state = next((witness.folder / "state").glob("*/log"))
        kept = state.read_bytes()
        bit = RANDOM.randrange(8 * len(kept))
        flipped = bytes(byte ^ (i == bit // 8) << bit % 8 for i, byte in enumerate(kept))
        for lie in (flipped, kept[:40], b"", kept + kept[-576:], kept[576:], bytes(len(kept))):
            state.write_bytes(lie)
            self.refuses_to_start(witness, "damaged")
        for torn in (kept + kept[-576:-1], kept + bytes(4096)): # by a crash, of what nobody was told
            state.write_bytes(torn)
            witness.start()
            self.assertEqual(self.log.ask(witness, 0)[1], "5\n")
            witness.stop()
            self.assertEqual(state.read_bytes(), kept)
        witness.name = "witness.example/other"
        self.refuses_to_start(witness, "another witness")


class Charters(Served):
    def vouch(self, *arguments):
        done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.strip(), done.stderr

    def test_a_ledger_s_charter_says_what_its_witness_needs(self):
        keys = {name: self.folder / f"{name}.key" for name in ("founder", "clerk", "w", "stranger")}
        for path in keys.values():
            self.vouch("keygen", "-o", path, "--no-passphrase")
        charter, name = self.folder / "charter", "w1.witness.example"
        vkey = self.vouch("witness", "--show-key", "--key", keys["w"], "--name", name)[1]
        code, _, error = self.vouch("charter", "--key", keys["founder"], "--origin", "clinics.example/ledger",
                                    "--clerk", keys["clerk"], "--witness", vkey, "-o", charter)
        self.assertEqual(code, 0, error)
        common = ["witness", "--charter", charter, "--state", self.folder / "state", "--founder"]
        for more, word in [((keys["founder"], "--key", keys["stranger"]), "does not name this key"),
                           ((keys["stranger"], "--key", keys["w"]), "founder"),
                           ((keys["founder"], "--key", keys["w"], "--name", "other"), "calls this witness")]:
            code, _, error = self.vouch(*common, *more)
            self.assertNotEqual(code, 0)
            self.assertIn(word, error)
        process = subprocess.Popen([VOUCH, *map(str, common), keys["founder"], "--key", keys["w"]],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertRegex(process.stdout.readline(), "^ready 127.0.0.1 [0-9]+$")
        process.terminate()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)


class Ledgers(Served):
    """A real ledger, four witnesses that it needs three of, and a commit that it cannot take."""

    def vouch(self, *arguments):
        done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def begin(self):
        self.keys = {name: self.folder / f"{name}.key" for name in ("founder", "clerk")}
        for path in self.keys.values():
            self.vouch("keygen", "-o", path, "--no-passphrase")
        vkeys, self.charter = [], self.folder / "charter"
        names = [f"w{i}.witness.example" for i in range(4)]
        for name in names:
            (self.folder / name).mkdir()
            self.vouch("keygen", "-o", self.folder / name / "w.key", "--no-passphrase")
            vkeys += ["--witness",
                      self.vouch("witness", "--show-key", "--key", self.folder / name / "w.key", "--name", name)]
        shown = self.vouch("charter", "--key", self.keys["founder"], "--origin", self.log.origin, "--clerk",
                           self.keys["clerk"], *vkeys, "-o", self.charter)
        line = next(line for line in shown.splitlines() if line.startswith("log ")).split(None, 1)[1]
        self.ledger_id = bytes.fromhex(line.split()[1])
        for name in names:
            self.witnesses.append(Witness(VOUCH, self.folder / name, [line], name))
        urls = [word for w in self.witnesses for word in ("--witness", f"http://127.0.0.1:{w.port}")]
        self.process = subprocess.Popen(
            list(map(str, [VOUCH, "ledger", "--key", self.keys["clerk"], "--charter", self.charter, "--founder",
                           self.keys["founder"], "--store", f"sqlite:{self.folder / 'log.db'}", *urls])),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.end)
        self.address = "127.0.0.1:" + self.process.stdout.readline().split()[-1]

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=60)

    def append(self, amount):
        """One more entry, under a cosigned checkpoint."""
        self.vouch("entry", "deposit", "07" * 32, amount, "--key", self.keys["founder"], "--charter", self.charter,
                   "--founder", self.keys["founder"], "--ledger", self.address, "--wait-cosigned")

    def test_a_commit_that_no_ledger_may_take_does_not_stop_it(self):
        self.begin()
        draft = commit_draft(self.ledger_id, WRITER, bytes(32))
        for amount in range(1, 4):
            self.append(amount)
        for witness in self.witnesses:
            self.assertEqual(witness.add_draft(self.log.origin, draft)[0], 200)
        refused_by, amount, deadline = 0, 4, time.monotonic() + 30 * PATIENCE_S
        while refused_by < 3 and time.monotonic() < deadline:
            self.append(amount)
            amount += 1
            refused_by = 0
            for witness in self.witnesses:
                witness.hang_up() # which it does with whoever is idle
                path = f"/vouch/v1/refusal/{tlog.hashlib.sha256(draft).hexdigest()}"
                refused_by += witness.ask("GET", path)[0] == 200 and not witness.promises(self.log.origin)
        self.assertGreaterEqual(refused_by, 3)
        self.append(amount)


class Agreements(Served):
    """Nodes that hand their drafts to witnesses, and a ledger that shows where they are."""

    def model(self):
        run = lambda *words: subprocess.run(list(map(str, (VOUCH, *words))), check=True, capture_output=True)
        model = self.folder / "digits.vouch"
        run("keygen", "-o", self.folder / "owner.key", "--no-passphrase")
        run("import", ROOT / "demo/digits.onnx", "-o", model, "--key", self.folder / "owner.key", "--calibrate",
            ROOT / "demo/digits_calibration.npy")
        return model

    def agreed(self, after_ms, parameters=()):
        return Agreed(VOUCH, self.folder, self.model(), [(2, 6)] * 5, node_options=["--witness-after", after_ms],
                      parameters=parameters)

    def made(self, network):
        lines = [line for w in network.ledger.witness_urls for line in self.metrics(w) if "_promised_total" in line]
        return [int(line.split()[1]) for line in lines]

    def test_every_draft_of_agreed_jobs_is_promised_and_shown(self):
        with self.agreed(after_ms=0) as network:
            jobs, begun = 0, time.monotonic()
            while jobs < 3 or time.monotonic() - begun < 2 * PATIENCE_S:
                network.agree(ROOT / "demo/digits_inputs.npy", "--quorum", 3, name=f"answer{jobs}")
                jobs += 1
            for _ in range(100): # what was handed over last is shown with the next checkpoints
                network.ledger.entry("deposit", network.network.client, 1)
                if not any(self.promises(witness) for witness in network.ledger.witness_urls):
                    break
            counts = [self.promises(witness) for witness in network.ledger.witness_urls]
            self.assertEqual(counts, [0] * 4)
            self.assertEqual(self.made(network), [(5 + 3 + 3) * jobs] * 4) # draws, commits, reveals
            self.assertEqual(list(self.folder.glob("w*/*/*.refusal")), [])
            self.assertGreaterEqual(network.ledger.metrics()["vouch_ledger_jobs_total"], jobs)

    def test_what_the_ledger_shows_in_time_no_witness_is_asked_to_miss(self):
        patient = ["draw_ms=480000", "commit_ms=480000", "reveal_ms=480000"] # a node waits for an eighth of a window
        with self.agreed(60000, patient) as network:
            network.agree(ROOT / "demo/digits_inputs.npy", "--quorum", 3)
            self.assertEqual(self.made(network), [0] * 4)

    def metrics(self, witness):
        with urllib.request.urlopen(f"{witness}/metrics", timeout=60) as got:
            return got.read().decode().splitlines()

    def promises(self, witness):
        return sum(int(line.split()[1]) for line in self.metrics(witness) if line.startswith("vouch_witness_promises{"))


class Drafts(Served):
    def setUp(self):
        super().setUp()
        self.taking = self.witness()
        self.size = 0
        self.grow()

    def draft(self, subject, **more):
        return commit_draft(self.log.ledger, WRITER, subject.to_bytes(32, "big"), **more)

    def grow(self, answers="", code=200):
        """One more checkpoint, by one more entry."""
        self.log.append(b"entry %d" % len(self.log.leaves))
        answer = self.log.ask(self.taking, self.size, answers=answers)
        self.assertEqual(answer[0], code, answer)
        if code == 200:
            self.size = len(self.log.leaves)
        return answer

    def until_overdue(self, count=1):
        """Larger checkpoints until `count` commits are missed, which is a matter of time: the witness's own."""
        deadline = time.monotonic() + 30 * PATIENCE_S
        while time.monotonic() < deadline:
            self.log.append(b"entry %d" % len(self.log.leaves))
            answer = self.log.ask(self.taking, self.size)
            if answer[0] == 428 and len(answer[1].splitlines()) == count:
                return answer
            self.assertIn(answer[0], (200, 428), answer)
            self.size = len(self.log.leaves) if answer[0] == 200 else self.size
            time.sleep(PATIENCE_S / 20)
        self.fail("the witness never missed the commit")

    def test_every_kind_that_is_left_out_stops_the_log_until_it_is_shown_or_refused(self):
        drafts = every_draft(self.log.ledger, WRITER, b"\x11" * 32)
        for draft in drafts.values():
            status, text, _ = self.taking.add_draft(self.log.origin, draft)
            self.assertEqual(status, 200, text)
            promise = testimony(text, self.taking, self.log.ledger)
            self.assertEqual((promise["kind"], promise["draft"], promise["handed_size"]), ("promise", draft, self.size))
        _, body, _ = self.until_overdue(len(drafts))
        self.assertEqual([line.split()[1] for line in body.splitlines()], list(map(tlog.b64, drafts.values())))
        while 1000 * time.time() <= promise["handed_ms"] + 1000 * PATIENCE_S: # the last is overdue, too
            time.sleep(PATIENCE_S / 20)
        shown, dropped = list(drafts)[::2], list(drafts)[1::2]
        places = {name: self.log.append(entry_of(drafts[name])) for name in shown}
        truth = "".join(included(self.log, places[name], entry_of(drafts[name])) for name in shown)
        refusals = "".join(refused(self.log, drafts[name]) for name in dropped)
        for missing in (truth, refusals):
            self.assertEqual(self.log.ask(self.taking, self.size, answers=missing)[0], 428)
        self.assertEqual(self.log.ask(self.taking, self.size, answers=truth + refusals)[0], 200)
        for name in dropped: # what was refused is kept, by both their signatures
            status, text, _ = self.taking.ask("GET", f"/vouch/v1/refusal/{tlog.hashlib.sha256(drafts[name]).hexdigest()}")
            self.assertEqual(status, 200, name)
            kept = testimony(text, self.taking, self.log.ledger)
            self.assertEqual((kept["draft"], kept["size"]), (drafts[name], len(self.log.leaves)))

    def test_what_is_not_promised_is_no_draft(self):
        for kind, body in [(6, b"\x08\x05"), (10, b"\x10\x05"), (13, b""), (15, b"\x20\x01"), (18, b"\x08\x05"),
                           (21, b""), (21, every_draft(self.log.ledger, WRITER, bytes(32))["evidence"])]:
            draft = draft_of(self.log.ledger, WRITER, kind, body)
            self.assertEqual(self.taking.add_draft(self.log.origin, draft)[0], 400, kind)

    def test_it_says_how_many_trees_it_cosigned(self):
        path = f"/vouch/v1/log/{hash_of(self.log.origin)}"
        before = testimony(self.taking.ask("GET", path)[1], self.taking, self.log.ledger)
        for _ in range(3):
            self.grow()
        self.log.ask(self.taking, self.size) # the same once more counts once
        self.taking.kill()
        self.taking.start()
        after = testimony(self.taking.ask("GET", path)[1], self.taking, self.log.ledger)
        self.assertEqual(after["count"], before["count"] + 3)
        self.assertEqual((after["size"], after["root"]), (self.size, self.log.root()))
        self.assertEqual(self.taking.ask("GET", f"/vouch/v1/log/{hash_of('stranger')}")[0], 404)

    def test_what_is_no_draft_for_this_ledger_is_refused(self):
        origin, draft = self.log.origin, self.draft(1)
        for lie, code in [
                (draft[:-1], 400), (draft + b"\0", 400), (entry_of(draft), 400), (b"", 400),
                (self.draft(1, number=3), 400),
                (commit_draft(b"\1" * 32, WRITER, bytes(32)), 403),
                (draft[:-1] + bytes([draft[-1] ^ 1]), 403)]:
            self.assertEqual(self.taking.add_draft(origin, lie)[0], code, lie)
        self.assertEqual(self.taking.add_draft("stranger.example/log", draft)[0], 404)
        self.assertEqual(self.taking.promises(origin), [])

    def test_an_omitted_draft_stops_the_log_until_it_is_shown(self):
        drafts = [self.draft(i, segment=i % 3, round_=i) for i in range(3)]
        for draft in drafts + drafts[:1]: # handing it over twice changes nothing
            self.assertEqual(self.taking.add_draft(self.log.origin, draft)[0], 200)
        self.assertEqual([line.split()[1] for line in self.taking.promises(self.log.origin)],
                         list(map(tlog.b64, drafts)))
        status, body, headers = self.until_overdue(len(drafts))
        self.assertEqual(headers["Content-Type"], "text/x.vouch.promises")
        self.assertEqual({line.split()[1] for line in body.splitlines()}, set(map(tlog.b64, drafts)))
        entries = [entry_of(draft, 5 + i) for i, draft in enumerate(drafts)]
        first = self.log.append(*entries)
        answers = [included(self.log, first + i, entry) for i, entry in enumerate(entries)]
        status, body, _ = self.log.ask(self.taking, self.size, answers="".join(answers[1:]))
        self.assertEqual((status, len(body.splitlines())), (428, 3)) # all are named once more
        for lie in (included(self.log, first + 1, entries[0]), included(self.log, first, entry_of(drafts[0], 6)),
                    answers[0].replace(f"included {first}\n", f"included {first + 1}\n")):
            self.assertEqual(self.log.ask(self.taking, self.size, answers=lie + answers[1] + answers[2])[0], 422)
        answer = self.log.ask(self.taking, self.size, answers="".join(answers))
        cosigned(self.taking, self.log.note(), answer)
        self.assertEqual(answer[2]["Vouch-Promises"], "0")
        self.assertEqual(self.taking.promises(self.log.origin), [])

    def test_a_fork_cannot_borrow_the_answer_of_the_other_side(self):
        draft = self.draft(9)
        self.taking.add_draft(self.log.origin, draft)
        self.until_overdue()
        index = self.log.append(entry_of(draft))
        fork = self.log.fork(index) # leaves the commit out
        answer = included(self.log, index, entry_of(draft))
        self.assertEqual(fork.ask(self.taking, self.size, answers=answer)[0], 422)
        self.assertEqual(self.log.ask(self.taking, self.size, answers=answer)[0], 200)

    def test_a_refusal_is_signed_kept_and_served(self):
        draft = self.draft(4)
        self.taking.add_draft(self.log.origin, draft)
        self.until_overdue()
        self.log.append(b"the commit is not in here")
        forged = Log(self.log.origin, seed=2)
        forged.leaves, forged.ledger = self.log.leaves, self.log.ledger
        off = int(1000 * (time.time() + 70)) # its time decides too, and is not to be any
        for lie in (refused(forged, draft), refused(self.log, draft, self.size), refused(self.log, draft, time_ms=off)):
            self.assertEqual(self.log.ask(self.taking, self.size, answers=lie)[0], 422)
        path = f"/vouch/v1/refusal/{tlog.hashlib.sha256(draft).hexdigest()}"
        self.assertEqual(self.taking.ask("GET", path)[0], 404)
        answer = refused(self.log, draft)
        self.assertEqual(self.log.ask(self.taking, self.size, answers=answer)[0], 200)
        self.taking.stop()
        self.taking.start()
        self.assertEqual(self.taking.promises(self.log.origin), [])
        status, text, _ = self.taking.ask("GET", path)
        self.assertEqual(status, 200)
        kept = testimony(text, self.taking, self.log.ledger)
        self.assertEqual((kept["kind"], kept["origin"], kept["draft"]), ("refusal", self.log.origin, draft))
        self.assertEqual((tlog.b64(kept["signature"]), f"refused {kept['refused_ms']}"),
                         (answer.splitlines()[2], answer.splitlines()[0]))

    def test_a_refusal_gives_way_to_no_later_one(self):
        """Handed over again when its time is over, a draft is refused rightly: what came before still convicts."""
        draft = self.draft(6)
        path = f"/vouch/v1/refusal/{tlog.hashlib.sha256(draft).hexdigest()}"
        kept = []
        for turn in (b"once", b"again"):
            self.assertEqual(self.taking.add_draft(self.log.origin, draft)[0], 200)
            self.until_overdue()
            self.log.append(b"the commit is not in here, " + turn)
            self.assertEqual(self.log.ask(self.taking, self.size, answers=refused(self.log, draft))[0], 200)
            self.size = len(self.log.leaves)
            status, text, _ = self.taking.ask("GET", path)
            self.assertEqual(status, 200)
            kept.append(text)
        self.assertEqual(kept[1], kept[0])

    def test_promises_outlive_the_witness(self):
        draft = self.draft(5)
        self.taking.add_draft(self.log.origin, draft)
        for _ in range(3):
            self.taking.kill()
            self.taking.start()
            self.assertEqual(len(self.taking.promises(self.log.origin)), 1)
            self.grow()
        self.until_overdue()

    def test_who_is_no_member_is_promised_nothing(self):
        stranger = tlog.Key(b"\x09" * 32)
        theirs = commit_draft(self.log.ledger, stranger, bytes(32))
        forged = theirs[:-1] + bytes([theirs[-1] ^ 1]) # not worth verifying
        for draft in (theirs, forged):
            status, text, _ = self.taking.add_draft(self.log.origin, draft)
            self.assertEqual((status, "no member" in text), (403, True), text)
        self.taking.write_registry([stranger], founder="usurper") # changes nothing
        self.assertEqual(self.taking.add_draft(self.log.origin, theirs)[0], 403)
        self.assertEqual(self.taking.add_draft(self.log.origin, self.draft(1))[0], 200)
        self.taking.registry.write_bytes(b"no registry")
        self.assertEqual(self.taking.add_draft(self.log.origin, self.draft(2))[0], 200)
        self.taking.write_registry([stranger]) # the founder's: read again while it serves
        self.assertEqual(self.taking.add_draft(self.log.origin, theirs)[0], 200)
        self.assertEqual(self.taking.add_draft(self.log.origin, self.draft(3))[0], 403)
        self.taking.write_registry([stranger], founder="usurper") # of whose it does not begin with
        self.taking.stop()
        with self.assertRaises(RuntimeError) as caught:
            self.taking.start()
        self.assertIn("signed by another key", str(caught.exception))

    def test_a_registry_that_is_not_there_is_waited_for(self):
        self.taking.stop()
        self.taking.registry.unlink()
        self.taking.start()
        self.assertEqual(self.taking.add_draft(self.log.origin, self.draft(1))[0], 403)
        self.taking.write_registry([WRITER])
        self.assertEqual(self.taking.add_draft(self.log.origin, self.draft(1))[0], 200)

    def test_without_a_registry_it_only_cosigns(self):
        witness = self.witness(name="w2", members=None)
        status, text, _ = witness.add_draft(self.log.origin, self.draft(1))
        self.assertEqual((status, "--registry" in text), (403, True), text)
        self.assertEqual(self.log.ask(witness, 0)[0], 200)
        self.assertIn("--registry", (witness.folder / "stderr").read_text())

    def test_one_writer_cannot_fill_a_witness(self):
        codes = [self.taking.add_draft(self.log.origin, self.draft(100 + i))[0] for i in range(66)]
        self.assertEqual(codes, [200] * 64 + [503] * 2)
        other = commit_draft(self.log.ledger, tlog.Key(b"\x08" * 32), bytes(32))
        self.assertEqual(self.taking.add_draft(self.log.origin, other)[0], 200)


class Load(threading.Thread):
    """A log that asks as fast as it can, and hands commits over, until its witness is gone."""

    def __init__(self, witness, log, size, serial):
        super().__init__()
        self.witness, self.log, self.size, self.serial = witness, log, size, serial
        self.promised, self.in_flight, self.error = [], None, None

    def run(self):
        try:
            while True:
                self.step()
        except (OSError, Exception) as gone: # noqa: B014: the witness was killed under us
            self.error = gone

    def step(self):
        draft = commit_draft(self.log.ledger, WRITER, self.serial.to_bytes(32, "big"))
        entry, self.serial = entry_of(draft), self.serial + 1
        if self.witness.add_draft(self.log.origin, draft)[0] == 200:
            self.promised.append(draft)
        index = self.log.append(entry)
        self.in_flight = len(self.log.leaves)
        status, body, _ = self.log.ask(self.witness, self.size, answers=included(self.log, index, entry))
        if status != 200:
            raise AssertionError(f"{status} {body}")
        self.size, self.in_flight = self.in_flight, None
        self.promised.remove(draft)


class Killed(Served):
    def test_a_witness_killed_at_any_time_keeps_its_word(self):
        for kill in range(KILLS):
            if kill % 20 == 0: # logs in Python get slow as they grow
                if kill:
                    witness.kill()
                log, size, serial = Log(f"log{kill}.example/log"), 0, 0
                witness = self.witness(log.line(), name=f"killed{kill}")
            load = Load(witness, log, size, serial)
            load.start()
            time.sleep(RANDOM.random() * 0.03) # when to kill it is the experiment
            witness.process.kill()
            load.join()
            self.assertNotIsInstance(load.error, AssertionError, load.error)
            witness.kill()
            witness.start()
            size, serial = self.judge(witness, log, load), load.serial
        print(f"# {KILLS} kills", flush=True)

    def judge(self, witness, log, load):
        """What was acknowledged is known; what was asked last may be; nothing else is."""
        known = self.known_size(witness, log)
        self.assertIn(known, {load.size, load.in_flight or load.size})
        log.append(b"asked about next")
        if known > 0:
            fork = log.fork(known - 1)
            self.assertEqual(fork.ask(witness, known, known)[0], 409)
            self.assertEqual(fork.ask(witness, known)[0], 422)
        waiting = {line.split()[1] for line in witness.promises(log.origin)}
        for draft in load.promised: # of which the last may have been answered in the request that was cut off
            self.assertTrue(tlog.b64(draft) in waiting or known == load.in_flight, "a promise was forgotten")
        places = [(self.place(log, entry), entry) for entry in self.waiting_entries(log, load, waiting)]
        status, body, _ = log.ask(witness, known, answers="".join(included(log, *place) for place in places))
        self.assertEqual(status, 200, body)
        return len(log.leaves)

    def known_size(self, witness, log):
        """What the witness says that it cosigned last."""
        log.append(b"at least one entry")
        status, body, _ = witness.add_checkpoint(1, [], log.note(1))
        return 1 if status == 200 else int(body)

    def waiting_entries(self, log, load, waiting):
        drafts = (commit_draft(log.ledger, WRITER, number.to_bytes(32, "big")) for number in range(load.serial))
        return [entry_of(draft) for draft in drafts if tlog.b64(draft) in waiting]

    def place(self, log, entry):
        leaf = tlog.leaf_hash(entry)
        return log.leaves.index(leaf) if leaf in log.leaves else log.append(entry)


if __name__ == "__main__":
    unittest.main(verbosity=2)
