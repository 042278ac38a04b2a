"""Jobs and their contests, from opening to settlement: specs/agreement.md, sections 4 to 7."""
import pathlib
import sys
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import vrf  # noqa: E402
from accounts import NODE, Record, need  # noqa: E402
from entries import digest_of, is_cosigned, is_entry_signed, tree_root  # noqa: E402

OVER = ("decided", "split", "dropped")


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


def commitment_of(contest, node, output, trace, nonce):
    return digest_of("vouch/commit/v1", ("subject", contest.subject), ("segment", contest.segment),
                     ("round", contest.round), ("node", node), ("output", output), ("trace", trace), ("nonce", nonce))


class Contests:
    """What a ledger has of them; state.Ledger has the rest."""

    # --- when

    def draw_due(self, contest):
        """The moment from which a contest may be drawn, or None."""
        p, due = self.parameters, []
        if contest.all_drawn_ms is not None:
            due.append(contest.all_drawn_ms)
        if contest.full_ms is not None:
            due.append(max(contest.full_ms, contest.anchored_ms + p["draw_ms"]))
        due.append(contest.anchored_ms + 2 * p["draw_ms"])
        return min(due) if contest.dispute is not None or min(due) < contest.job.deadline_ms else None

    def note_draws(self, contest):
        if contest.all_drawn_ms is None and contest.eligible <= self.parameters["draw_all"] and \
                len(contest.drawn) >= contest.eligible:
            contest.all_drawn_ms = self.now
        if contest.full_ms is None and len(self.best(contest)) == contest.k:
            contest.full_ms = self.now

    def is_hopeless(self, contest):
        return len(contest.seats) <= contest.k // 2

    def has_input(self, contest):
        return contest.dispute is not None or self.input_of(contest.job, contest.segment) is not None

    def is_at_work(self, contest):
        return (contest.phase == "closed" or
                (contest.phase == "drawing" and self.draw_due(contest) is not None) or
                (contest.phase == "committing" and (self.has_input(contest) or self.is_hopeless(contest))))

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

    # --- escrow

    def charge_escrow(self, job, amount):
        job.escrow -= amount
        self.escrow -= amount
        assert job.escrow >= 0

    def reward(self, job, account, is_earned):
        self.charge_escrow(job, job.fee)
        account.balance += job.fee
        self.success(account, is_earned)

    def is_earned(self, contest, right):
        """Whether these seats of a round have more than their own word for it, and the lot had a choice."""
        return len(right) >= 2 and contest.operators > contest.k

    def end_job(self, job, phase):
        job.phase = phase
        self.account(job.client).balance += job.escrow
        self.charge_escrow(job, job.escrow)

    def fail_job(self, job):
        for segment in job.segments.values():
            if segment.phase == "pending":
                segment.phase, segment.window_ms = "failed", self.now + self.parameters["dispute_ms"]
                if segment.rounds[-1].phase not in OVER:
                    segment.rounds[-1].phase = "dropped"
        self.end_job(job, "failed")

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
            need(writer == self.charter["founder"] and not body["excluded"], "a trial is the founder's, of anybody")
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
                        excluded=set(body["excluded"]), result=None, registry=registry)
        self.jobs[job["id"]] = record
        for index in body["by_nodes"]:
            record.segments[index] = Record(index=index, phase="pending", output=None, trace=None, decided_ms=None,
                                            window_ms=None, is_final=False, is_overturned=False,
                                            is_trial=trial is not None, disputes=[], rounds=[])
            self.open_contest(record, index, 0, job["quorum"], None)

    def open_contest(self, job, index, number, k, dispute):
        place = job.job["segments"][index]
        contest = Record(subject=dispute.id if dispute else job.id, segment=index, round=number, k=k, job=job,
                         dispute=dispute, first=place["first"], last=place["last"], phase="open",
                         opened=self.position, opened_ms=self.now, is_late=False, leaf=self.leaf, excluded=set(), registry=None, present=None, anchored=None,
                         anchored_ms=None, eligible=0, operators=0, weight=0, drawn={}, seats=[], drawn_ms=None, closed=None,
                         commits=None, reveal_ms=None, output=None, trace=None, all_drawn_ms=None, full_ms=None)
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
        need(index not in job.inputs and self.now < job.deadline_ms, "a second one, or too late")
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
            begin, skew = mark["time"] * 1000, self.parameters["skew_ms"]
            need(begin - skew <= self.now <= begin + 999 + skew, "a cosignature's time")
        self.anchors.append(size)
        seed = digest_of("vouch/anchor/v1", ("size", size), ("root", body["root"]), *[
            item for mark in marks for item in (("witness", mark["witness"]), ("time", mark["time"]),
                                                ("signature", mark["signature"]))])
        for contest in self.contests.values():
            if contest.phase == "open" and contest.opened < size:
                self.anchor_contest(contest, seed)
            if contest.phase == "closed" and contest.reveal_ms is None and contest.closed < size:
                contest.reveal_ms = self.now

    def anchor_contest(self, contest, seed):
        contest.phase, contest.anchored, contest.anchored_ms = "drawing", self.position, self.now
        contest.present = self.in_force(self.now)
        contest.registry = contest.job.registry if contest.dispute is None else contest.present
        if self.trial_of(contest) is None:
            contest.alpha = digest_of("vouch/sortition/v1", ("ledger", self.charter["id"]), ("entry", contest.leaf),
                                      ("anchor", seed), ("registry", contest.registry["digest"]),
                                      ("subject", contest.subject), ("segment", contest.segment),
                                      ("round", contest.round))
            p, waited = self.parameters, self.now - contest.opened_ms
            contest.is_late = contest.dispute is None and waited > p["draw_ms"] + 4 * p["skew_ms"]
            eligible = [] if contest.is_late else self.choose_eligible(contest)
            contest.eligible = len(eligible)
            contest.operators = len({contest.registry["by_key"][key]["operator"] for key in eligible})
            contest.weight = sum(self.weight(self.accounts[key]) for key in eligible)
        self.note_draws(contest)

    def trial_of(self, contest):
        return contest.job.trial if contest.dispute is None else None

    def choose_eligible(self, contest):
        dispute, members = contest.dispute, contest.registry["by_key"]
        contest.excluded = contest.job.excluded
        if dispute is not None:
            seats = [seat for earlier in dispute.segment.rounds for seat in earlier.seats]
            own = {members[dispute.by]["operator"]} if dispute.by in members else set()
            contest.excluded = own | {seat.operator for seat in seats}
            chosen = [key for key in members if self.may_be_drawn(contest, key)]
            if len({members[key]["operator"] for key in chosen}) >= contest.k:
                return chosen
            contest.excluded = own | {seat.operator for seat in seats
                                      if seat.node == dispute.by or self.has_won(dispute.segment, seat)}
        return [key for key in members if self.may_be_drawn(contest, key)]

    def has_won(self, segment, seat):
        return seat.state == "revealed" and (seat.output, seat.trace) == (segment.output, segment.trace)

    def contest_of(self, body, *phases):
        contest = self.contests.get((body["subject"], body["segment"], body["round"]))
        need(contest is not None, "no such contest")
        need(contest.phase in phases, f"the contest is {contest.phase}")
        return contest

    def apply_sortition(self, writer, body, entry):
        p, contest = self.parameters, self.contest_of(body, "drawing")
        need(self.trial_of(contest) is None, "a trial has no draw")
        need(writer not in contest.drawn, "a second one")
        need(not contest.is_late, "the anchor came too late")
        need(self.may_be_drawn(contest, writer), "may not be drawn")
        account = self.accounts[writer]
        need(account.grown <= contest.anchored, "grown since the anchor")
        member = contest.registry["by_key"][writer]
        beta = vrf.verify(member["vrf"], contest.alpha, body["proof"])
        need(beta is not None, "the proof")
        e, w = exponent(beta), self.weight(account)
        if contest.eligible > p["draw_all"] and self.now < contest.anchored_ms + p["draw_ms"]:
            need(e * contest.weight <= 2**56 * (6 * contest.k + 24) * w, "outside the limit")
        contest.drawn[writer] = self.new_seat(writer, member["operator"], w, e)
        self.note_draws(contest)

    def new_seat(self, node, operator, weight, exponent):
        return Record(node=node, operator=operator, weight=weight, exponent=exponent, state="drawn", commitment=None,
                      output=None, trace=None, is_convicted=False)

    def best(self, contest):
        trial, seats = self.trial_of(contest), []
        if trial is not None:
            member = contest.registry["by_key"].get(trial["node"]) if self.is_present(contest, trial["node"]) else None
            return [self.new_seat(trial["node"], member["operator"], 0, 0)] if member else []
        for seat in sorted(contest.drawn.values(), key=lambda s: (Fraction(s.exponent, s.weight), s.node)):
            if len(seats) < contest.k and all(other.operator != seat.operator for other in seats):
                seats.append(seat)
        return seats

    def apply_draw(self, writer, body, entry):
        contest = self.contest_of(body, "drawing")
        need(writer == self.charter["clerk"], "by the clerk")
        due, seats = self.draw_due(contest), self.best(contest)
        need(due is not None and self.now >= due, "too early")
        need([(seat["node"], seat["weight"]) for seat in body["seats"]] == [(s.node, s.weight) for s in seats], "seats")
        need(body["eligible"] == contest.eligible and body["weight"] == contest.weight, "eligible or weight")
        contest.seats, contest.phase, contest.drawn_ms = seats, "committing", self.now
        for seat in seats:
            self.accounts[seat.node].frozen += 1

    def seat_of(self, contest, writer, state):
        seats = [seat for seat in contest.seats if seat.node == writer]
        need(seats and seats[0].state == state, "no seat that may")
        return seats[0]

    def apply_commit(self, writer, body, entry):
        contest = self.contest_of(body, "committing")
        seat = self.seat_of(contest, writer, "drawn")
        need(not self.is_hopeless(contest) and self.has_input(contest), "too few seats, or no input yet")
        seat.state, seat.commitment = "committed", body["commitment"]

    def apply_close(self, writer, body, entry):
        contest = self.contest_of(body, "committing")
        need(writer == self.charter["clerk"], "by the clerk")
        need(not self.is_hopeless(contest) and self.has_input(contest), "too few seats, or no input yet")
        known_ms = contest.drawn_ms if contest.dispute else self.input_of(contest.job, contest.segment)[1]
        commits = sum(seat.state == "committed" for seat in contest.seats)
        need(commits == len(contest.seats) or
             self.now >= max(contest.drawn_ms, known_ms) + self.parameters["commit_ms"], "too early")
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
        else:
            self.divide(self.slash(self.accounts[writer]), None)

    def majority(self, contest):
        if self.trial_of(contest) is not None and contest.job.result is not None and \
                contest.job.result != contest.seats[0].output:
            return 0, b"", b""
        counts = {}
        for seat in contest.seats:
            if seat.state == "revealed":
                counts[seat.output, seat.trace] = counts.get((seat.output, seat.trace), 0) + 1
        for (output, trace), count in counts.items():
            if 2 * count > contest.k:
                return count, output, trace
        return 0, b"", b""

    def check_verdict_time(self, contest):
        if contest.phase == "committing":
            need(self.is_hopeless(contest), "not closed")
        elif contest.commits > 0:
            waits = any(seat.state == "committed" for seat in contest.seats)
            need(contest.reveal_ms is not None, "the close is not anchored")
            need(not waits or self.now >= contest.reveal_ms + self.parameters["reveal_ms"], "too early")
            if self.trial_of(contest) is not None and contest.seats[0].state == "revealed":
                need(contest.job.result is not None or self.now >= contest.job.deadline_ms, "waits for its result")

    def apply_verdict(self, writer, body, entry):
        contest = self.contest_of(body, "committing", "closed")
        need(writer == self.charter["clerk"], "by the clerk")
        self.check_verdict_time(contest)
        agreeing, output, trace = self.majority(contest)
        need((body["agreeing"], body["output"]) == (agreeing, output), "another majority")
        self.settle_silence(contest)
        contest.phase = "decided" if agreeing else "split"
        contest.output, contest.trace = output, trace
        rounds = 1 if self.trial_of(contest) is not None else self.parameters["rounds"]
        in_time = contest.dispute is not None or self.now < contest.job.deadline_ms
        if not agreeing and in_time and contest.round + 1 < rounds:
            k = contest.k if contest.is_late else 2 * contest.k + 1
            self.open_contest(contest.job, contest.segment, contest.round + 1, k, contest.dispute)
        elif contest.dispute is not None:
            self.judge(contest.dispute, contest)
        else:
            self.settle_trial(contest)
            if agreeing:
                self.decide_segment(contest)
            else:
                self.fail_job(contest.job)

    def settle_silence(self, contest):
        job = contest.job
        if self.is_hopeless(contest):
            return
        for seat in contest.seats:
            if seat.state not in ("drawn", "committed"):
                continue
            account = self.accounts[seat.node]
            taken = min(self.fee_of(contest), account.stake + account.unbonding)
            self.take(account, taken)
            self.treasury += taken
            self.mark(account, "timely", False)
            account.silences += 1
            if contest.dispute is None:
                self.charge_escrow(job, job.fee)
                self.treasury += job.fee

    def decide_segment(self, contest):
        job, segment = contest.job, contest.job.segments[contest.segment]
        segment.phase, segment.output, segment.trace = "decided", contest.output, contest.trace
        segment.decided_ms, segment.window_ms = self.now, self.now + self.parameters["dispute_ms"]
        if job.trial is None:
            for earlier in segment.rounds:
                winners = [seat for seat in earlier.seats if self.has_won(segment, seat)]
                for seat in winners:
                    self.reward(job, self.accounts[seat.node], self.is_earned(earlier, winners))
        if all(other.phase == "decided" for other in job.segments.values()):
            self.end_job(job, "decided")

    def settle_trial(self, contest):
        job = contest.job
        if job.trial is None or not contest.seats or contest.seats[0].state != "revealed":
            return
        account = self.accounts[contest.seats[0].node]
        if job.result is None:
            self.charge_escrow(job, job.fee)
            account.balance += job.fee
        elif job.result == contest.seats[0].output:
            self.reward(job, account, True)
            account.trials += 1
            account.grown = self.position
        else:
            account.trials = 0
            self.mark(account, "correct", False)
            account.wrongs += 1

    def apply_trial_result(self, writer, body, entry):
        job = self.jobs.get(body["job"])
        need(writer == self.charter["founder"], "by the founder")
        need(job is not None and job.trial is not None and job.phase == "pending", "no open trial")
        need(job.result is None, "a second one")
        contest = job.segments[job.by_nodes[0]].rounds[0]
        need(contest.phase == "closed" and contest.seats[0].state == "revealed", "before the reveal")
        opened = digest_of("vouch/trial/v1", ("job", job.id), ("output", body["output"]), ("nonce", body["nonce"]))
        need(opened == job.trial["expected"], "it does not open")
        job.result = body["output"]

    def apply_expire(self, writer, body, entry):
        job = self.jobs.get(body["job"])
        need(writer == self.charter["clerk"], "by the clerk")
        need(job is not None and job.phase == "pending", "no open job")
        need(self.now >= job.deadline_ms, "too early")
        need(not any(segment.phase == "pending" and self.is_at_work(segment.rounds[-1])
                     for segment in job.segments.values()), "seats are at work")
        for segment in job.segments.values():
            contest = segment.rounds[-1]
            if segment.phase == "pending" and contest.phase == "committing":  # drawn, and its input never came
                for seat in contest.seats:
                    self.charge_escrow(job, self.parameters["fee_min"])
                    self.accounts[seat.node].balance += self.parameters["fee_min"]
        self.fail_job(job)

    def apply_evidence(self, writer, body, entry):
        first, second = entry["drafts"]
        need(first["writer"] == second["writer"], "two writers")
        names = ("subject", "segment", "round")
        need([first["body"][n] for n in names] == [second["body"][n] for n in names], "two contests")
        need(first["body"]["commitment"] != second["body"]["commitment"], "one commitment")
        need(all(is_entry_signed(draft, self.charter["id"]) for draft in entry["drafts"]), "a draft's signature")
        contest = self.contests.get(tuple(first["body"][name] for name in names))
        need(contest is not None, "no such contest")
        segment = contest.job.segments[contest.segment]
        need(not segment.is_final and segment not in self.due_windows(), "the window is over")
        seats = [seat for seat in contest.seats if seat.node == first["writer"]]
        need(seats and not seats[0].is_convicted, "no seat, or convicted already")
        seats[0].is_convicted = True
        self.divide(self.slash(self.accounts[first["writer"]]), writer)
