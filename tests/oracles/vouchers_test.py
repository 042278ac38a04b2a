#!/usr/bin/env python3
"""Vouchers with agreements before two verifiers, `vouch verify` and the one written from the specs
(verify_voucher.py): every claim of every voucher must get the same verdict from both.

    vouchers_test.py VOUCH

First lies with a name, each by somebody who holds what they need for it: a client, a clerk, witnesses. Then
random ones: a log in which one thing was altered, signed anew by its writer, hashed, proven and cosigned; or a
voucher altered behind that. 100, or as many as VOUCHER_MUTATIONS says; VCH_SEED=N replays them.
"""
import os
import pathlib
import random
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "agreement"))
sys.path.insert(0, str(HERE))
import shown  # noqa: E402
import verify_voucher  # noqa: E402
from both import Both  # noqa: E402
from forge import CLIENT, DEFAULTS, NODES, START_MS, World, cosign, key_of, some  # noqa: E402
from mutate import mutate  # noqa: E402
from replay import replay_log  # noqa: E402

VOUCH = sys.argv[1]
COUNT = int(os.environ.get("VOUCHER_MUTATIONS", 100))
SEED = int(os.environ.get("VCH_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
READER = [("founder", "founder"), ("owner", "owner")]
MIDDLE = [CLIENT, NODES, CLIENT]


BOTH = Both(VOUCH, 1704067200)  # weeks after these logs


def build(by=MIDDLE, answers=((1, 1, 1),), quorum=3, excluded=(), jobs=1, delay_ms=0, **options):
    """A world that held so many jobs of this plan; where rounds are several, all but the last one's answers differ."""
    world = World(**options)
    held = []
    for _ in range(jobs):
        job = world.open(by, quorum=quorum, excluded=excluded)
        world.now += delay_ms
        for segment in [i for i, who in enumerate(by) if who == NODES]:
            if segment > by.index(NODES) and by[segment - 1] == CLIENT:
                world.give(job, segment)
            covered = None
            for number, said in enumerate(answers):
                covered = world.hold(job, segment, said, number, covered)
        held.append(job)
    return world, held


class Case(unittest.TestCase):
    def agree(self, data, reader=READER, quorum=0, what=""):
        """Both verifiers' words, which are the same; and our reasons."""
        reader = [(name, key if isinstance(key, bytes) else key_of(key).public) for name, key in reader]
        ours, reasons = BOTH.ours(data, reader, quorum)
        theirs = BOTH.theirs(data, reader, quorum)
        self.assertEqual(ours, theirs, f"VCH_SEED={SEED}: {what}: vouch verify says the first, the oracle the second; "
                                       f"{reasons.get('quorum')}")
        return ours, reasons

    def quorum_of(self, voucher, **options):
        verdict, reasons = self.agree(voucher.encode(), **options)
        return re.search(r"quorum=(\S+)", verdict).group(1), reasons["quorum"]

    def shows(self, voucher, words="", **options):
        verdict, reason = self.quorum_of(voucher, **options)
        self.assertEqual((verdict, words in reason), ("shown", True), reason)
        return reason

    def is_false(self, voucher, words="", **options):
        verdict, reason = self.quorum_of(voucher, **options)
        self.assertEqual((verdict, words in reason), ("false", True), reason)


class Honest(Case):
    """Logs that the second state machine takes, too; and the figures beside their committees."""

    PLANS = [
        {},
        {"by": [CLIENT, NODES, CLIENT, NODES, CLIENT], "nodes": 8, "per_operator": 2, "excluded": [b"op-003"]},
        {"by": [NODES, NODES]},
        {"answers": ((1, 2, 3), (1, 1, None, 1, 1, 1, 1))},
        {"answers": ((1, 2, 3), (1, 2, 1, 2, 1, 2, 3), (1,) * 9), "nodes": 9},
        {"witnesses": 1, "cosigners": 1},
        {"by": [CLIENT, NODES, NODES, CLIENT, NODES], "quorum": 5, "answers": ((1, 1, 1, 2, 1),)},
        {"late": (0,), "answers": ((), (1, 2, 1))},
        {"late": (0,), "answers": ((), (1, 2, 3), (1,) * 7)},
    ]

    def test_is_shown_to_both(self):
        for plan in self.PLANS:
            world, [job] = build(**plan)
            replay_log(world.data, lambda _, world=world: world.registry["signed"])  # raises what is wrong
            reason = self.shows(world.voucher(job).seal())
            self.check_capture(world.voucher(job).seal(), reason)

    def check_capture(self, voucher, reason):
        read = verify_voucher.read_voucher(voucher.encode())
        agreements = [shown.judge(read, result) for result in read["results"]]
        for percent in (10, 20, 30):
            told = float(re.search(rf"([0-9.e-]+) at {percent} %", reason).group(1))
            want = float(shown.capture(agreements, percent))
            self.assertLessEqual(abs(told - want), 0.06 * want, (reason, percent))
        narrowest = min(agreements, key=lambda a: a.operators())
        self.assertIn(f"out of {narrowest.eligible} nodes of at most {narrowest.operators()} operators", reason)


class Lies(Case):
    """Each by the one who could tell it, with everything behind the lie done right."""

    def test_a_client_shows_another_jobs_agreement_or_segment(self):
        by = [CLIENT, NODES, CLIENT, NODES, CLIENT]
        world, jobs = build(by, jobs=2)
        mine, other = world.voucher(jobs[0]).seal(), world.voucher(jobs[1]).seal()
        self.shows(mine)
        results, others = mine.fields["results"], other.fields["results"]
        kept = [result["agreement"] for result in results]
        results[0]["agreement"] = others[0]["agreement"]
        self.is_false(mine, "the job was not opened")  # it tells of its own job alone
        results[0]["agreement"] = kept[1]
        self.is_false(mine, "there is no draw")
        results[0]["agreement"], results[1]["agreement"] = kept
        self.shows(mine)
        results[1]["agreement"] = None  # what the second was given would be the client's word
        self.shows(mine, "votes were direct")

    def test_a_client_opens_its_job_on_two_ledgers(self):
        first, second = [build([NODES, NODES], dispute_ms=1000 + i) for i in range(2)]
        one, two = first[0].voucher(first[1][0]).seal(), second[0].voucher(second[1][0]).seal()
        one.fields["results"][1]["agreement"] = two.fields["results"][1]["agreement"]
        self.assertEqual(first[1][0]["id"], second[1][0]["id"])
        self.is_false(one, "of two ledgers")

    def test_a_client_leaves_out_what_the_second_committee_was_given(self):
        world, [job] = build([NODES, NODES])
        voucher = world.voucher(job).seal()
        voucher.fields["results"][0]["agreement"] = None
        self.is_false(voucher, "does not show what its nodes were given")

    def test_a_client_shows_an_output_that_nobody_agreed_on(self):
        world, [job] = build([NODES])
        voucher = world.voucher(job).seal()
        voucher.fields["output"]["value"] = some("other")
        verdict, _ = self.agree(voucher.encode())
        self.assertIn("output=false", verdict)

    def test_a_client_asks_friends_for_votes_beside_the_committee(self):
        world, [job] = build()
        voucher = world.voucher(job).seal()
        votes = sorted([voucher.vote(node, 1, answer=2) for node in world.nodes[:3]], key=lambda vote: vote["node"])
        voucher.fields["results"][0]["votes"] = votes
        self.is_false(voucher, "its votes say something else")

    def test_a_client_excludes_all_but_friends(self):
        others = [b"op-%03d" % i for i in range(3, 7)]
        world, [job] = build(excluded=others)
        self.shows(world.voucher(job).seal(),
                   "out of 3 nodes of at most 3 operators, without 4 that the client excluded")

    def test_a_client_asks_for_one_vote(self):
        world, [job] = build(quorum=1, answers=((1,),))
        voucher = world.voucher(job).seal()
        self.assertEqual(self.quorum_of(voucher)[0], "not-shown")
        self.shows(voucher, "1 of 1 agree", quorum=1)

    def test_a_client_enters_the_input_once_the_answer_is_known(self):
        world, [job] = build([CLIENT, NODES, CLIENT, NODES, CLIENT])
        voucher = world.voucher(job)
        at = next(i for i, entry in enumerate(voucher.log) if entry["kind"] == "input")
        commits = [i for i, entry in enumerate(voucher.log) if entry["kind"] == "commit"]
        entry = voucher.log[at]
        entry["time_ms"] = voucher.log[commits[3]]["time_ms"]
        voucher.remove(at)
        voucher.insert(commits[3], entry)
        self.is_false(voucher.seal(), "does not show what its nodes were given")

    def test_a_client_shows_friends_or_another_ledger_to_who_named_one(self):
        world, [job] = build([CLIENT, NODES, CLIENT, NODES, CLIENT])
        voucher = world.voucher(job).seal()
        here, there = [READER + [("ledger", ledger)] for ledger in (world.ledger, some("another"))]
        self.shows(voucher, reader=here)
        verdict, reason = self.quorum_of(voucher, reader=there)
        self.assertEqual((verdict, "none of those that you named" in reason), ("not-shown", True), reason)
        voucher.fields["results"][1]["agreement"] = None
        self.shows(voucher, "votes were direct")
        verdict, reason = self.quorum_of(voucher, reader=here)
        self.assertEqual((verdict, "1 of 2 segments come with" in reason), ("not-shown", True), reason)

    def test_an_old_founder(self):
        world, [job] = build()
        voucher = world.voucher(job).seal()
        self.assertEqual(self.quorum_of(voucher, reader=[("founder", "old"), ("owner", "owner")])[0], "not-shown")

        def by_old(kind, body):
            return {**body, "founder": key_of("old").public} if kind == "charter" else None
        world, [job] = build(change=by_old)
        voucher = world.voucher(job)
        for entry in voucher.log:
            entry["writer"] = "old" if entry["writer"] == "founder" else entry["writer"]
        self.is_false(voucher.seal(), "by another founder")

    def test_a_founder_with_few_witnesses_or_one_twice(self):
        world, [job] = build(witnesses=1, cosigners=1)
        self.shows(world.voucher(job).seal(), "cosigned by 1 of 1 witnesses")

        def alter(change):
            def changed(kind, body):
                return {**body, "witnesses": change(body["witnesses"])} if kind == "charter" else None
            return changed
        for change in (lambda w: [], lambda w: [w[0], w[0], *w[1:]], lambda w: list(reversed(w)),
                       lambda w: [{**witness, "name": b"same"} for witness in w],
                       lambda w: [{**w[0], "key": key_of("clerk").public}, *w[1:]]):
            world, [job] = build(witnesses=4, cosigners=0, change=alter(change))
            self.is_false(world.voucher(job).seal())

    def test_a_clerk_with_too_few_witnesses(self):
        world, [job] = build()
        voucher = world.voucher(job)
        voucher.cosigners = world.witnesses[:2]
        self.is_false(voucher.seal(), "2 of 4 witnesses cosigned")
        voucher.cosigners = [world.witnesses[0]] * 3
        self.is_false(voucher.seal(), "1 of 4 witnesses cosigned")
        voucher.cosigners, voucher.clerk = world.witnesses, "stranger"
        self.is_false(voucher.seal(), "not signed by the log's key")
        world, [job] = build(cosigners=2)  # its anchors, too
        voucher = world.voucher(job)
        voucher.cosigners = world.witnesses
        self.is_false(voucher.seal(), "no cosigned anchor fixes its draw")

    def test_a_clerk_counts_the_eligible(self):
        for eligible, words in ((8, "speaks of more nodes"), (2**32 - 1, "speaks of more nodes"),
                                (2, "more seats were drawn")):
            def lie(kind, body, eligible=eligible):
                return {**body, "eligible": eligible} if kind == "draw" else None
            world, [job] = build(change=lie)
            self.is_false(world.voucher(job).seal(), words)

    def test_a_clerk_waits_for_an_anchor_that_suits_it(self):
        world, [job] = build(delay_ms=8000)
        self.shows(world.voucher(job).seal())
        world, [job] = build(delay_ms=8001)
        self.is_false(world.voucher(job).seal(), "too late")

    def test_a_clerk_seats_whom_the_client_excluded(self):
        def lie(kind, body):
            return {**body, "excluded": [b"op-%03d" % i for i in range(7)]} if kind == "job_open" else None
        world, [job] = build(change=lie)
        self.is_false(world.voucher(job).seal(), "its draw speaks of more nodes")
        world, [job] = build(change=lambda kind, body: {**body, "excluded": [b"op-000", b"op-001"], } if kind ==
                             "job_open" else {**body, "eligible": 5} if kind == "draw" else None,
                             answers=((1,) * 7,), quorum=7)
        self.is_false(world.voucher(job).seal(), "more seats were drawn than its draw speaks of")

    def test_a_clerk_decides_alone(self):
        """A committee without a majority; one that is hopeless; one that nobody sat on."""
        def lie(kind, body):
            return {**body, "output": some("answer", 1, 1), "agreeing": 2} if kind == "verdict" else None
        for options in ({"answers": ((1, 2, 3),)}, {"nodes": 1, "answers": ((1,),)}, {"nodes": 0, "answers": ((),)}):
            world, [job] = build(change=lie, **options)
            self.is_false(world.voucher(job).seal(), "its verdict speaks of 2 equal answers of 3")

    def test_a_clerk_takes_its_time_to_choose_a_draw(self):
        world, [job] = build(waits_ms=DEFAULTS["draw_ms"] + 4 * DEFAULTS["skew_ms"])
        self.shows(world.voucher(job).seal(), "3 of 3 agree")
        world, [job] = build(waits_ms=DEFAULTS["draw_ms"] + 4 * DEFAULTS["skew_ms"] + 1)
        self.is_false(world.voucher(job).seal(), "an anchor that came too late")

    def test_a_late_round_is_followed_by_one_of_its_size(self):
        """So that a clerk which keeps anchors back makes nothing dearer; and a larger one after it is none."""
        for late, answers, words in (((0,), ((), (1, 1, 2)), "2 of 3 agree"),
                                     ((0, 1), ((), (), (1, 1, 1)), "3 of 3 agree"),
                                     ((1,), ((1, 2, 3), (), (1,) * 7), "7 of 7 agree")):
            world, [job] = build(late=late, answers=answers)
            self.shows(world.voucher(job).seal(), words)
        world, [job] = build(late=(0,), answers=((), (1,) * 7), grows=True)
        self.is_false(world.voucher(job).seal(), "more seats were drawn than the round has")

    def test_a_clerk_starts_another_round(self):
        """The first committee had a majority, and not the clerk's: only who replays the log sees that, where the
        clerk denies it. That this committee was the second is told, and counts twice in the figures."""
        answers = ((2, 2, 2), (1,) * 7)

        def deny(kind, body):
            return {**body, "output": b"", "agreeing": 0} if kind == "verdict" and body["round"] == 0 else None
        world, [job] = build(answers=answers, change=deny)
        self.shows(world.voucher(job).seal(), "7 of 7 agree")
        world, [job] = build(answers=answers)  # where it does not, the second is idle
        voucher = world.voucher(job)
        voucher.fields["results"][0]["votes"] = []
        self.shows(voucher.seal(), "3 of 3 agree")

    def test_a_round_is_missing(self):
        world, [job] = build(answers=((1, 2, 3), (1,) * 7))
        voucher = world.voucher(job)
        voucher.told[1] = {at for at in voucher.told[1] if voucher.log[at]["body"].get("round", 1) > 0}
        self.is_false(voucher.seal(), "there is no draw")

    def test_a_registry_that_expired_or_was_replaced(self):
        close_ms = build()[0].now  # when the commits' close was anchored, by the clerk's clock
        world, [job] = build(expires_ms=close_ms - 1000)
        voucher = world.voucher(job)
        voucher.fields["finished_ms"] = close_ms - 1000  # says the client
        self.shows(voucher.seal())  # within the clocks' difference
        world, [job] = build(expires_ms=close_ms - 1001)
        voucher = world.voucher(job)
        voucher.fields["finished_ms"] = close_ms - 1001
        self.is_false(voucher.seal(), "the registry had expired")
        world, [job] = build()
        voucher = world.voucher(job)
        newer = {"kind": "registry", "number": 99, "writer": "founder", "time_ms": START_MS,
                 "body": {"digest": some("newer"), "serial": 2}}
        voucher.log[3] = newer  # where an entry stood that nobody needs
        voucher.told[1].add(3)
        self.is_false(voucher.seal(), "another registry than the voucher's")

    def test_a_trial_is_no_job(self):
        def lie(kind, body):
            trial = {"node": key_of("node0").public, "expected": some("expected")}
            return {**body, "trial": trial} if kind == "job_open" else None
        world, [job] = build(change=lie, quorum=1, answers=((1,),))
        self.is_false(world.voucher(job).seal(), "the job was not opened", quorum=1)

    def test_witnesses_with_a_wrong_clock(self):
        plain, _ = build()
        for seconds, is_shown in ((1, True), (-1, True), (2, False), (-2, False), (2**40, False)):
            def late(kind, body, seconds=seconds):
                if kind != "anchor":
                    return None
                time_s = body["cosignatures"][0]["time"] + seconds
                marks = cosign(plain.charter, plain.cosigners, body["size"], body["root"], time_s)
                return {**body, "cosignatures": marks}
            world, [job] = build(change=late)
            voucher = world.voucher(job).seal()
            self.shows(voucher) if is_shown else self.is_false(voucher)


class Random(Case):
    STORIES = [dict(plan, jobs=2) for plan in Honest.PLANS[:5]]

    def test_both_say_the_same_of_every_lie(self):
        print(f"# VCH_SEED={SEED}, {COUNT} vouchers", flush=True)
        rng = random.Random(SEED)
        told = [build(**plan) for plan in self.STORIES]
        counts = {}
        for i in range(COUNT):
            world, jobs = rng.choice(told)
            data, what = mutate(rng, world, jobs)
            reader = READER if rng.random() < 0.95 else rng.sample(READER, 1)
            if rng.random() < 0.1:
                reader = reader + [("ledger", world.ledger)]
            verdict, _ = self.agree(data, reader, what=f"{i}: {what}")
            key = verdict.split()[0] if verdict == "malformed" else " ".join(verdict.split()[::5][:2])
            counts[key] = counts.get(key, 0) + 1
        print("#", counts, flush=True)
        for word in ("accepted", "refused", "malformed") if COUNT >= 100 else ():  # all alike would compare nothing
            self.assertTrue(any(key.startswith(word) for key in counts), counts)


def tearDownModule():
    BOTH.scratch.cleanup()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
