"""The state of a ledger, written from specs/agreement.md and specs/ledger.md alone: a second one, slow
and plain, to disagree with the first. `Ledger.apply` takes an entry or raises Refused."""
import hashlib
import pathlib
import pickle
import sys
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import vrf  # noqa: E402
from entries import Malformed, digest_of, is_cosigned, is_entry_signed, read_entry, tree_root  # noqa: E402

ONE = 65536
NODE, CLIENT = 1, 2
NODES = 2  # by whom a segment is run
OUTPUT = "output"


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


class Record:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def new_account(key):
    return Record(key=key, balance=0, stake=0, unbonding=0, free_ms=0, number=0, frozen=0, trials=0, correct=ONE,
                  timely=ONE, holds=set(), grown=-1, successes=0, wrongs=0, silences=0, slashes=0, lost=0)


def exponent(beta):
    m = int.from_bytes(beta[:16], "little") + 1
    if m == 2**128:
        return 0
    n = m.bit_length() - 1
    y, f = (m << 127 - n) >> 64, 0
    for _ in range(56):
        z = y * y
        f, y = (2 * f + 1, z >> 64) if z >= 2**127 else (2 * f, z >> 63)
    return (128 - n << 56) - f


def split_point(n):
    """The leaves of the left subtree of n > 1."""
    return 1 << (n - 1).bit_length() - 1


def commitment_of(contest, node, output, trace, nonce):
    items = [("subject", contest.subject), ("segment", contest.segment), ("round", contest.round), ("node", node),
             ("output", output)]
    return digest_of("vouch/commit/v1", *items, *([("trace", trace)] if trace else []), ("nonce", nonce))


class Ledger:
    """`registries`: digest -> decoded registry (verify_voucher.read_registry), by the founder."""

    def __init__(self, registries):
        self.blobs = registries
        self.charter = None
        self.leaves, self.anchors = [], []
        self.time_ms = self.escrow = self.treasury = self.deposited = self.withdrawn = 0
        self.accounts, self.jobs, self.contests, self.disputes = {}, {}, {}, {}
        self.registries = []  # (time_ms of its entry, registry)
        self.busy = []        # positions of entries other than anchors
        self.last_kind = None

    # --- what others are computed from

    def account(self, key):
        return self.accounts.setdefault(key, new_account(key))

    def has(self, key, amount):
        return key in self.accounts and self.accounts[key].balance >= amount

    def newest(self):
        return self.registries[-1][1] if self.registries else None

    def in_force(self, time_ms):
        epoch = time_ms // self.parameters["epoch_ms"]
        earlier = [registry for at, registry in self.registries if at // self.parameters["epoch_ms"] < epoch]
        return earlier[-1] if earlier else None

    def is_newest_node(self, key):
        return self.newest() is not None and self.newest()["by_key"].get(key, {}).get("role") == NODE

    def weight(self, account):
        return account.stake * min(account.correct, account.timely) // ONE

    def mark(self, account, name, is_success):
        p = self.parameters
        value = getattr(account, name) * p["success_factor" if is_success else "fault_factor"] // ONE
        setattr(account, name, max(p["trust_min"], min(p["trust_max"], value)))

    def holds(self, account, model, first, last):
        return any(m == model and f <= first and last <= l for m, f, l in account.holds)

    def may_be_drawn(self, contest, key):
        member, account = contest.registry["by_key"].get(key), self.accounts.get(key)
        return (member is not None and account is not None and member["role"] == NODE and member["vrf"] != b"" and
                account.stake >= self.parameters["stake_min"] and account.trials >= self.parameters["trials"] and
                self.holds(account, contest.job.model, contest.first, contest.last) and
                self.weight(account) > 0 and member["operator"] not in contest.excluded)

    def input_of(self, job, index):
        """The commitment to a segment's input and when it became known, or None."""
        before = [i for i in job.by_nodes if i < index]
        if index == 0:
            return job.job["input"]["value"], job.opened_ms
        if not before:
            return job.first_input, job.opened_ms
        if before[-1] == index - 1:
            segment = job.segments[index - 1]
            return (segment.output, segment.decided_ms) if segment.phase == "decided" else None
        return job.inputs.get(index)

    # --- money

    def slash(self, account, winner):
        p = self.parameters
        taken = (account.stake + account.unbonding) * p["slash_permille"] // 1000
        from_stake = min(taken, account.stake)
        account.stake -= from_stake
        account.unbonding -= taken - from_stake
        self.mark(account, "correct", False)
        account.slashes += 1
        bounty = taken * p["bounty_permille"] // 1000 if winner is not None else 0
        if winner is not None:
            self.account(winner).balance += bounty
        self.treasury += taken - bounty

    def pay_seat(self, job, seat):
        job.escrow -= job.fee
        self.escrow -= job.fee
        self.accounts[seat.node].balance += job.fee

    def end_job(self, job, phase):
        job.phase = phase
        self.escrow -= job.escrow
        self.account(job.client).balance += job.escrow
        job.escrow = 0
        for contest in self.contests.values():
            if contest.job is job and contest.dispute is None and contest.phase not in ("decided", "split"):
                contest.phase = "dropped"
        for segment in job.segments.values():
            if segment.phase == "pending":
                segment.phase = "failed"
                segment.window_ms = self.now + self.parameters["dispute_ms"]

    # --- applying

    def apply(self, data):
        try:
            entry = read_entry(data)
        except Malformed as problem:
            raise Refused(f"malformed: {problem}") from problem
        kind = entry["kind"]
        self.now = entry["time_ms"]
        if self.charter is None:
            need(kind == "charter", "the first entry is the charter")
            need(entry["writer"] == entry["body"]["founder"], "the charter is its founder's")
            need(is_entry_signed(entry, entry["body"]["id"]), "signature")
            need(self.now > 0, "a draft")
        else:
            need(kind != "charter", "a second charter")
            need(self.now > 0 and self.now >= self.time_ms, "time runs backwards")
            need(is_entry_signed(entry, self.charter["id"]), "signature")
        if entry["number"] > 0:
            need(entry["writer"] not in self.accounts or self.accounts[entry["writer"]].number < entry["number"],
                 "a number that was there")
        before = pickle.dumps(self.__dict__) if self.is_window_due() else None
        try:
            self.close_windows()
            self.position, self.leaf = len(self.leaves), entry["leaf"]
            getattr(self, "apply_" + kind)(entry["writer"], entry["body"], entry)
        except Refused:
            if before is not None:
                self.__dict__.update(pickle.loads(before))
            raise
        if entry["number"] > 0:
            self.account(entry["writer"]).number = entry["number"]
        self.leaves.append(entry["leaf"])
        self.time_ms = self.now
        self.last_kind = kind
        if kind != "anchor":
            self.busy.append(self.position)

    def apply_charter(self, writer, body, entry):
        self.charter, self.parameters = body, body["parameters"]

    def apply_registry(self, writer, body, entry):
        need(writer == self.charter["founder"], "by the founder")
        need(body["digest"] in self.blobs, "a registry that is not at hand")
        registry = self.blobs[body["digest"]]
        need(registry["founder"] == writer and registry["serial"] == body["serial"], "another's registry")
        need(not self.registries or self.newest()["serial"] < body["serial"], "an earlier serial")
        self.registries.append((self.now, registry))

    def apply_deposit(self, writer, body, entry):
        need(writer == self.charter["founder"], "by the founder")
        need(self.deposited + body["amount"] < 2**53, "too much")
        self.deposited += body["amount"]
        self.account(body["account"]).balance += body["amount"]

    def apply_withdraw(self, writer, body, entry):
        need(self.has(writer, body["amount"]), "more than the balance")
        self.accounts[writer].balance -= body["amount"]
        self.withdrawn += body["amount"]

    def apply_stake(self, writer, body, entry):
        need(self.is_newest_node(writer), "not a node")
        need(self.has(writer, body["amount"]), "more than the balance")
        account = self.accounts[writer]
        account.balance -= body["amount"]
        account.stake += body["amount"]
        account.grown = self.position

    def apply_unstake(self, writer, body, entry):
        account = self.accounts.get(writer)
        need(account is not None and account.stake >= body["amount"], "more than the stake")
        account.stake -= body["amount"]
        account.unbonding += body["amount"]
        account.free_ms = self.now + self.parameters["unbonding_ms"]

    def apply_release(self, writer, body, entry):
        account = self.accounts.get(writer)
        need(account is not None and account.unbonding > 0, "nothing unbonding")
        need(self.now >= account.free_ms and account.frozen == 0, "not yet")
        account.balance += account.unbonding
        account.unbonding = 0

    def apply_hold(self, writer, body, entry):
        need(self.is_newest_node(writer), "not a node")
        held, what = self.account(writer).holds, (body["model"], body["first"], body["last"])
        if body["drop"]:
            need(what in held, "not held")
            held.remove(what)
            return
        need(what not in held and len(held) < 64, "held already, or too many")
        held.add(what)
        self.accounts[writer].grown = self.position

    # --- jobs and their contests

    def apply_job_open(self, writer, body, entry):
        p, job, trial = self.parameters, body["job"], body["trial"]
        registry = self.in_force(self.now)
        need(writer == job["client"], "another's job")
        need(job["id"] not in self.jobs, "a job that is known")
        need(registry is not None and job["registry"] == registry["digest"], "another registry")
        need(self.now < job["deadline_ms"] <= self.now + p["job_ms_max"], "the deadline")
        need(body["fee"] >= p["fee_min"], "the fee")
        if trial is None:
            need(self.newest()["by_key"].get(writer) is not None, "not a member")
            rounds, sizes = p["rounds"], [job["quorum"]]
            while len(sizes) < rounds:
                sizes.append(2 * sizes[-1] + 1)
            escrow = body["fee"] * len(body["by_nodes"]) * sum(sizes)
        else:
            need(writer == self.charter["founder"], "a trial is the founder's")
            segment = job["segments"][body["by_nodes"][0]]
            node, account = registry["by_key"].get(trial["node"]), self.accounts.get(trial["node"])
            need(node is not None and node["role"] == NODE, "not a node")
            need(account is not None and account.stake >= p["stake_min"], "too little stake")
            need(self.holds(account, job["model"], segment["first"], segment["last"]), "not held")
            rounds, sizes, escrow = 1, [1], body["fee"]
        need(self.has(writer, escrow), "more than the balance")
        self.accounts[writer].balance -= escrow
        self.escrow += escrow
        record = Record(id=job["id"], job=job, model=job["model"], client=writer, phase="pending", fee=body["fee"],
                        escrow=escrow, opened_ms=self.now, deadline_ms=job["deadline_ms"], rounds=rounds,
                        by_nodes=body["by_nodes"], first_input=body["input"], inputs={}, segments={}, trial=trial,
                        excluded=set(body["excluded"]), result=None)
        self.jobs[job["id"]] = record
        for index in body["by_nodes"]:
            record.segments[index] = Record(index=index, phase="pending", output=None, trace=None, decided_ms=None,
                                            window_ms=None, is_final=False, is_overturned=False, dispute=None,
                                            disputers=set(), rounds=[])
            self.open_contest(record, index, 0, job["quorum"], None)

    def open_contest(self, job, index, number, k, dispute):
        place = job.job["segments"][index]
        contest = Record(subject=dispute.id if dispute else job.id, segment=index, round=number, k=k, job=job,
                         dispute=dispute, first=place["first"], last=place["last"], phase="open",
                         opened=self.position, leaf=self.leaf, excluded=set(), registry=None, anchored=None,
                         anchored_ms=None, eligible=0, weight=0, drawn={}, seats=[], drawn_ms=None, closed=None,
                         commits=None, reveal_ms=None, output=None)
        self.contests[contest.subject, index, number] = contest
        (dispute.rounds if dispute else job.segments[index].rounds).append(contest)

    def apply_input(self, writer, body, entry):
        job = self.jobs.get(body["job"])
        need(job is not None and job.phase == "pending" and writer == job.client, "no open job of the writer's")
        index = body["segment"]
        need(index in job.segments, "not a segment by nodes")
        before = [i for i in job.by_nodes if i < index]
        need(before and before[-1] != index - 1, "its input is not the client's to give")
        need(job.segments[before[-1]].phase == "decided", "too early")
        need(index not in job.inputs, "a second one")
        job.inputs[index] = (body["input"], self.now)

    def apply_anchor(self, writer, body, entry):
        charter, size, marks = self.charter, body["size"], body["cosignatures"]
        last = self.anchors[-1] if self.anchors else 0
        need(writer == charter["clerk"], "by the clerk")
        need(last < size <= self.position and self.position - size <= 65536, "the size")
        need(tree_root(self.leaves[:size]) == body["root"], "the root")
        need(any(last <= at < size for at in self.busy), "nothing new")
        n = len(charter["witnesses"])
        need(len(marks) >= (n + (n - 1) // 3) // 2 + 1, "too few cosignatures")
        for mark in marks:
            need(mark["witness"] < n and is_cosigned(charter, mark, size, body["root"]), "a cosignature")
            need(abs(mark["time"] * 1000 - self.now) <= self.parameters["skew_ms"], "a cosignature's time")
        self.anchors.append(size)
        for contest in self.contests.values():
            if contest.phase == "open" and contest.opened < size:
                self.anchor_contest(contest, body["root"])
            if contest.phase == "closed" and contest.reveal_ms is None and contest.closed < size:
                contest.reveal_ms = self.now

    def anchor_contest(self, contest, root):
        contest.phase, contest.anchored, contest.anchored_ms = "drawing", self.position, self.now
        contest.registry = self.in_force(self.now)
        if contest.job.trial is not None and contest.dispute is None:
            return
        contest.alpha = digest_of("vouch/sortition/v1", ("ledger", self.charter["id"]), ("entry", contest.leaf),
                                  ("root", root), ("registry", contest.registry["digest"]),
                                  ("subject", contest.subject), ("segment", contest.segment),
                                  ("round", contest.round))
        eligible = self.choose_eligible(contest)
        contest.eligible, contest.weight = len(eligible), sum(self.weight(self.accounts[key]) for key in eligible)

    def choose_eligible(self, contest):
        dispute, keys = contest.dispute, list(contest.registry["by_key"])
        contest.excluded = set(contest.job.excluded)
        if dispute is None:
            return [key for key in keys if self.may_be_drawn(contest, key)]
        seats = [seat for earlier in contest.job.segments[contest.segment].rounds for seat in earlier.seats]
        own = contest.registry["by_key"].get(dispute.by)
        by = {own["operator"]} if own else set()
        by |= {seat.operator for seat in seats if seat.node == dispute.by}
        contest.excluded = contest.job.excluded | by | {seat.operator for seat in seats}
        eligible = [key for key in keys if self.may_be_drawn(contest, key)]
        if len(eligible) >= contest.k:
            return eligible
        contest.excluded = contest.job.excluded | by | {seat.operator for seat in seats if seat.node in dispute.defence}
        return [key for key in keys if self.may_be_drawn(contest, key)]

    def contest_of(self, body, *phases):
        contest = self.contests.get((body["subject"], body["segment"], body["round"]))
        need(contest is not None, "no such contest")
        need(contest.phase in phases, f"the contest is {contest.phase}")
        return contest

    def apply_sortition(self, writer, body, entry):
        p, contest = self.parameters, self.contest_of(body, "drawing")
        need(contest.job.trial is None or contest.dispute is not None, "a trial has no draw")
        need(writer not in contest.drawn, "a second one")
        need(self.may_be_drawn(contest, writer), "may not be drawn")
        account = self.accounts[writer]
        need(account.grown <= contest.anchored, "grown since the anchor")
        member = contest.registry["by_key"][writer]
        beta = vrf.verify(member["vrf"], contest.alpha, body["proof"])
        need(beta is not None, "the proof")
        e, w = exponent(beta), self.weight(account)
        if contest.eligible > p["draw_all"] and self.now < contest.anchored_ms + p["draw_ms"]:
            need(e * contest.weight <= 2**56 * (6 * contest.k + 24) * w, "outside the limit")
        contest.drawn[writer] = Record(node=writer, operator=member["operator"], weight=w, exponent=e, state="drawn",
                                       commitment=None, output=None, trace=None, is_frozen=False,
                                       is_vindicated=False, is_convicted=False)

    def apply_draw(self, writer, body, entry):
        p, contest = self.parameters, self.contest_of(body, "drawing")
        need(writer == self.charter["clerk"], "by the clerk")
        if contest.job.trial is not None and contest.dispute is None:
            member = contest.registry["by_key"].get(contest.job.trial["node"])
            seats = [Record(node=contest.job.trial["node"], operator=member["operator"] if member else b"", weight=0,
                            exponent=0, state="drawn", commitment=None, output=None, trace=None, is_frozen=False,
                            is_vindicated=False, is_convicted=False)]
        else:
            seats = []
            for seat in sorted(contest.drawn.values(), key=lambda s: (Fraction(s.exponent, s.weight), s.node)):
                if len(seats) < contest.k and all(other.operator != seat.operator for other in seats):
                    seats.append(seat)
            late = self.now - contest.anchored_ms
            need((contest.eligible <= p["draw_all"] and len(contest.drawn) >= contest.eligible) or
                 (late >= p["draw_ms"] and len(seats) == contest.k) or late >= 2 * p["draw_ms"], "too early")
        need([(seat["node"], seat["weight"]) for seat in body["seats"]] == [(s.node, s.weight) for s in seats], "seats")
        need(body["eligible"] == contest.eligible and body["weight"] == contest.weight, "eligible or weight")
        contest.seats, contest.phase, contest.drawn_ms = seats, "committing", self.now

    def seat_of(self, contest, writer, state):
        seats = [seat for seat in contest.seats if seat.node == writer]
        need(seats and seats[0].state == state, "no seat that may")
        return seats[0]

    def apply_commit(self, writer, body, entry):
        contest = self.contest_of(body, "committing")
        seat = self.seat_of(contest, writer, "drawn")
        need(contest.dispute is not None or self.input_of(contest.job, contest.segment) is not None, "no input yet")
        seat.state, seat.commitment = "committed", body["commitment"]

    def apply_close(self, writer, body, entry):
        contest = self.contest_of(body, "committing")
        need(writer == self.charter["clerk"], "by the clerk")
        need(contest.seats, "nobody to wait for")
        commits = sum(seat.state == "committed" for seat in contest.seats)
        known = self.input_of(contest.job, contest.segment) if contest.dispute is None else (None, contest.drawn_ms)
        if known is None:
            need(self.now > contest.job.deadline_ms, "too early")
        else:
            need(commits == len(contest.seats) or
                 self.now >= max(contest.drawn_ms, known[1]) + self.parameters["commit_ms"], "too early")
        need(body["commits"] == commits, "the number of commits")
        contest.phase, contest.closed, contest.commits = "closed", self.position, commits

    def apply_reveal(self, writer, body, entry):
        contest = self.contest_of(body, "closed")
        seat = self.seat_of(contest, writer, "committed")
        need(contest.reveal_ms is not None, "the close is not anchored")
        need((len(body["trace"]) == 0) == (contest.dispute is not None), "a trace, or none")
        is_true = commitment_of(contest, writer, body["output"], body["trace"], body["nonce"]) == seat.commitment
        seat.state = "revealed" if is_true else "false"
        if is_true:
            seat.output, seat.trace = body["output"], body["trace"]

    def majority(self, contest):
        counts = {}
        for seat in contest.seats:
            if seat.state == "revealed":
                counts[seat.output] = counts.get(seat.output, 0) + 1
        best = [(count, output) for output, count in counts.items() if 2 * count > contest.k]
        return best[0] if best else (0, b"")

    def apply_verdict(self, writer, body, entry):
        contest = self.contest_of(body, "committing", "closed")
        need(writer == self.charter["clerk"], "by the clerk")
        need(contest.phase == "closed" or not contest.seats, "not closed")
        if contest.seats and contest.commits > 0:
            waits = any(seat.state == "committed" for seat in contest.seats)
            need(contest.reveal_ms is not None, "the close is not anchored")
            need(not waits or self.now >= contest.reveal_ms + self.parameters["reveal_ms"], "too early")
        trial = contest.job.trial if contest.dispute is None else None
        if trial is not None and any(seat.state == "revealed" for seat in contest.seats):
            need(contest.job.result is not None or self.now > contest.job.deadline_ms, "a trial waits for its result")
        agreeing, output = self.majority(contest)
        need((body["agreeing"], body["output"]) == (agreeing, output), "another majority")
        self.settle_absent(contest)
        contest.phase, contest.output = ("decided", output) if agreeing else ("split", None)
        if contest.dispute is not None:
            self.decide_dispute(contest)
        elif trial is not None:
            self.decide_trial(contest)
        elif agreeing:
            self.decide_segment(contest)
        elif contest.round + 1 < contest.job.rounds:
            self.open_contest(contest.job, contest.segment, contest.round + 1, 2 * contest.k + 1, None)
        else:
            self.end_job(contest.job, "failed")

    def settle_absent(self, contest):
        job = contest.job
        for seat in contest.seats:
            account = self.accounts[seat.node]
            if seat.state in ("drawn", "committed"):
                taken = min(job.fee, account.stake)
                account.stake -= taken
                self.treasury += taken
                if contest.dispute is None:
                    job.escrow -= job.fee
                    self.escrow -= job.fee
                    self.treasury += job.fee
                self.mark(account, "timely", False)
                account.silences += 1
            elif seat.state == "false":
                self.slash(account, None)

    def success(self, account):
        self.mark(account, "correct", True)
        self.mark(account, "timely", True)
        account.successes += 1

    def decide_segment(self, contest):
        job, segment = contest.job, contest.job.segments[contest.segment]
        segment.phase, segment.output, segment.decided_ms = "decided", contest.output, self.now
        segment.window_ms = self.now + self.parameters["dispute_ms"]
        for seat in [seat for earlier in segment.rounds for seat in earlier.seats if seat.state == "revealed"]:
            account = self.accounts[seat.node]
            if seat.output == segment.output:
                self.pay_seat(job, seat)
                self.success(account)
            else:
                seat.is_frozen = True
                account.frozen += 1
        if all(other.phase == "decided" for other in job.segments.values()):
            self.end_job(job, "decided")

    def decide_trial(self, contest):
        job = contest.job
        if contest.phase == "split":
            self.end_job(job, "failed")
            return
        segment, seat = job.segments[contest.segment], contest.seats[0]
        account = self.accounts[seat.node]
        segment.phase, segment.output, segment.decided_ms = "decided", contest.output, self.now
        segment.window_ms = self.now + self.parameters["dispute_ms"]
        if job.result is None or job.result == contest.output:
            self.pay_seat(job, seat)
        if job.result == contest.output:
            account.trials += 1
            account.grown = self.position
        elif job.result is not None:
            account.trials = 0
            self.mark(account, "correct", False)
        self.end_job(job, "decided")

    def apply_trial_result(self, writer, body, entry):
        job = self.jobs.get(body["job"])
        need(writer == self.charter["founder"], "by the founder")
        need(job is not None and job.trial is not None and job.phase == "pending", "no open trial")
        need(job.result is None, "a second one")
        seats = job.segments[job.by_nodes[0]].rounds[0].seats
        need(seats and seats[0].state == "revealed", "before the reveal")
        opened = digest_of("vouch/trial/v1", ("job", job.id), ("output", body["output"]), ("nonce", body["nonce"]))
        need(opened == job.trial["expected"], "it does not open")
        job.result = body["output"]

    def apply_expire(self, writer, body, entry):
        p, job = self.parameters, self.jobs.get(body["job"])
        need(writer == self.charter["clerk"], "by the clerk")
        need(job is not None and job.phase == "pending", "no open job")
        need(self.now > job.deadline_ms + p["commit_ms"] + p["reveal_ms"], "too early")
        self.end_job(job, "failed")

    def apply_evidence(self, writer, body, entry):
        first, second = entry["drafts"]
        need(first["writer"] == second["writer"], "two writers")
        names = ("subject", "segment", "round")
        need([first["body"][n] for n in names] == [second["body"][n] for n in names], "two contests")
        need(first["body"]["commitment"] != second["body"]["commitment"], "one commitment")
        need(all(is_entry_signed(draft, self.charter["id"]) for draft in entry["drafts"]), "a draft's signature")
        contest = self.contests.get(tuple(first["body"][name] for name in names))
        need(contest is not None, "a contest that is not remembered")
        seats = [seat for seat in contest.seats if seat.node == first["writer"]]
        need(seats and not seats[0].is_convicted, "no seat, or convicted already")
        seats[0].is_convicted = True
        self.slash(self.accounts[first["writer"]], writer)

    # --- windows

    def due_windows(self):
        return sorted(((segment.window_ms, segment.index, job.id, segment) for job in self.jobs.values()
                       for segment in job.segments.values() if segment.window_ms is not None and
                       segment.window_ms <= self.now and not segment.is_final and segment.dispute is None),
                      key=lambda row: row[:3])

    def is_window_due(self):
        return self.charter is not None and bool(self.due_windows())

    def close_windows(self):
        if self.charter is None:
            return
        for _, _, _, segment in self.due_windows():
            segment.is_final = True
            for seat in [seat for contest in segment.rounds for seat in contest.seats if seat.is_frozen]:
                account = self.accounts[seat.node]
                seat.is_frozen = False
                account.frozen -= 1
                self.mark(account, "correct", False)
                account.wrongs += 1

    # --- disputes

    def apply_dispute_open(self, writer, body, entry):
        job = self.jobs.get(body["job"])
        need(job is not None and body["segment"] in job.segments and job.trial is None, "no such segment")
        segment, output, trace = job.segments[body["segment"]], body["output"], body["trace"]
        need(segment.phase == "decided" and not segment.is_final and self.now < segment.window_ms, "no open window")
        need(segment.dispute is None and writer not in segment.disputers, "another dispute, or a second one")
        seats = [seat for contest in segment.rounds for seat in contest.seats]
        own = [seat for seat in seats if seat.node == writer]
        if own:
            need(any(s.state == "revealed" and (s.output, s.trace) == (output, trace) and s.is_frozen for s in own),
                 "not what it revealed")
        need(output != segment.output, "the winning output")
        if not own:
            need(self.has(writer, self.parameters["dispute_bond"]), "no bond")
            self.accounts[writer].balance -= self.parameters["dispute_bond"]
            self.escrow += self.parameters["dispute_bond"]
        winners = [seat for seat in seats if seat.state == "revealed" and seat.output == segment.output]
        counts = {}
        for seat in winners:
            counts[seat.trace] = counts.get(seat.trace, 0) + 1
        best = min(counts, key=lambda t: (-counts[t], t))
        identity = digest_of("vouch/dispute/v1", ("job", job.id), ("segment", segment.index), ("by", writer),
                             ("output", output), ("trace", trace))
        place = job.job["segments"][segment.index]
        dispute = Record(id=identity, job=job, segment=segment, by=writer, is_seat=bool(own),
                         defence={seat.node for seat in winners if seat.trace == best},
                         winners=[seat for seat in winners], own=own, outputs=(output, segment.output),
                         traces=(trace, best), nodes=[trace, best], begin=0, end=place["last"] - place["first"],
                         step=0, step_ms=self.now, moves=[None, None], place=None, claims=None, phase="moving",
                         result=None, rounds=[])
        self.disputes[identity] = dispute
        segment.dispute = dispute
        segment.disputers.add(writer)
        if trace == best:
            self.find_place(dispute, OUTPUT, (output, segment.output))
        else:
            self.narrow(dispute)

    def narrow(self, dispute):
        if dispute.end - dispute.begin == 1:
            self.find_place(dispute, dispute.begin, tuple(dispute.nodes))

    def find_place(self, dispute, place, claims):
        dispute.place, dispute.claims, dispute.phase = place, claims, "referees"
        self.open_contest(dispute.job, dispute.segment.index, 0, self.parameters["referees"], dispute)

    def apply_dispute_move(self, writer, body, entry):
        dispute = self.disputes.get(body["dispute"])
        need(dispute is not None and dispute.phase == "moving", "no dispute that moves")
        side = body["defends"]
        need(writer in dispute.defence if side else writer == dispute.by, "not the writer's side")
        need(body["step"] == dispute.step and dispute.moves[side] is None, "another step, or a second move")
        parent = hashlib.sha256(b"\x01" + body["left"] + body["right"]).digest()
        need(parent == dispute.nodes[side], "children of another node")
        dispute.moves[side] = (body["left"], body["right"])
        if None in dispute.moves:
            return
        middle = dispute.begin + split_point(dispute.end - dispute.begin)
        differ = 0 if dispute.moves[0][0] != dispute.moves[1][0] else 1
        dispute.begin, dispute.end = (dispute.begin, middle) if differ == 0 else (middle, dispute.end)
        dispute.nodes = [dispute.moves[0][differ], dispute.moves[1][differ]]
        dispute.step, dispute.step_ms, dispute.moves = dispute.step + 1, self.now, [None, None]
        self.narrow(dispute)

    def apply_dispute_default(self, writer, body, entry):
        dispute = self.disputes.get(body["dispute"])
        need(writer == self.charter["clerk"], "by the clerk")
        need(dispute is not None and dispute.phase == "moving", "no dispute that moves")
        need(self.now >= dispute.step_ms + self.parameters["move_ms"], "too early")
        self.end_dispute(dispute, "upheld" if dispute.moves[0] is None else "overturned")

    def decide_dispute(self, contest):
        dispute, p = contest.dispute, self.parameters
        if contest.phase == "split":
            if contest.round + 1 < p["rounds"]:
                self.open_contest(contest.job, contest.segment, contest.round + 1, 2 * contest.k + 1, dispute)
            else:
                self.end_dispute(dispute, "void")
            return
        for seat in [seat for earlier in dispute.rounds for seat in earlier.seats if seat.state == "revealed"]:
            account = self.accounts[seat.node]
            if seat.output == contest.output:
                paid = min(contest.job.fee, self.treasury)
                self.treasury -= paid
                account.balance += paid
                self.success(account)
            else:
                self.mark(account, "correct", False)
                account.wrongs += 1
        results = {dispute.claims[0]: "overturned", dispute.claims[1]: "upheld"}
        self.end_dispute(dispute, results.get(contest.output, "both"))

    def end_dispute(self, dispute, result):
        p = self.parameters
        dispute.phase, dispute.result = "over", result
        dispute.segment.dispute = None
        if result in ("upheld", "both"):
            if dispute.is_seat:
                account = self.accounts[dispute.by]
                self.slash(account, None)
                account.lost += 1
            else:
                self.escrow -= p["dispute_bond"]
                self.treasury += p["dispute_bond"]
                self.accounts[dispute.by].lost += 1
        elif not dispute.is_seat:
            self.escrow -= p["dispute_bond"]
            self.accounts[dispute.by].balance += p["dispute_bond"]
        if result == "overturned":
            dispute.segment.is_overturned = True
            for seat in dispute.own:
                if seat.is_frozen and (seat.output, seat.trace) == (dispute.outputs[0], dispute.traces[0]):
                    seat.is_frozen = False
                    self.accounts[seat.node].frozen -= 1
        if result in ("overturned", "both"):
            for seat in dispute.winners:
                if result == "overturned" or seat.node in dispute.defence:
                    account = self.accounts[seat.node]
                    self.slash(account, dispute.by if result == "overturned" else None)
                    account.lost += 1
