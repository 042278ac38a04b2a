"""Windows and disputes: specs/agreement.md, sections 7 and 8."""
import hashlib

from accounts import Record, need
from contests import OVER
from entries import digest_of


def split_point(n):
    """The leaves of the left subtree of n > 1."""
    return 1 << (n - 1).bit_length() - 1


class Disputes:
    """What a ledger has of them; state.Ledger has the rest."""

    # --- windows

    def due_windows(self):
        due = [segment for job in self.jobs.values() for segment in job.segments.values()
               if segment.window_ms is not None and segment.window_ms <= self.now and not segment.is_final and
               all(dispute.phase == "over" for dispute in segment.disputes)]
        return sorted(due, key=lambda segment: segment.window_ms)

    def seats_behind(self, segment):
        """Of all its rounds and referees: frozen until it is final."""
        contests = segment.rounds + [contest for dispute in segment.disputes for contest in dispute.rounds]
        return [seat for contest in contests for seat in contest.seats]

    def close_window(self, segment):
        segment.is_final = True
        for seat in self.seats_behind(segment):
            self.accounts[seat.node].frozen -= 1
            assert self.accounts[seat.node].frozen >= 0
        if segment.phase != "decided" or segment.is_overturned or segment.is_trial:
            return
        for seat in [seat for contest in segment.rounds for seat in contest.seats]:
            if seat.state == "revealed" and not self.has_won(segment, seat):
                self.mark(self.accounts[seat.node], "correct", False)
                self.accounts[seat.node].wrongs += 1

    # --- disputes

    def apply_dispute_open(self, writer, body, entry):
        job = self.jobs.get(body["job"])
        need(job is not None and body["segment"] in job.segments and job.trial is None, "no such segment")
        segment, answer = job.segments[body["segment"]], (body["output"], body["trace"])
        need(segment.phase == "decided" and self.now < segment.window_ms, "no open window")
        need(not segment.is_overturned, "overturned already")
        need(all(dispute.by != writer for dispute in segment.disputes), "a second one")
        need(answer != (segment.output, segment.trace), "what the verdict says")
        own = [seat for contest in segment.rounds for seat in contest.seats if seat.node == writer]
        if own:
            need(any(seat.state == "revealed" and (seat.output, seat.trace) == answer for seat in own), "not revealed")
            need(not any(self.has_won(segment, seat) for seat in own), "of the defence")
        bond = 0 if own else self.parameters["dispute_bond"]
        need(self.has(writer, bond), "no bond")
        self.accounts[writer].balance -= bond
        self.escrow += bond
        identity = digest_of("vouch/dispute/v1", ("job", job.id), ("segment", segment.index), ("by", writer),
                             ("output", body["output"]), ("trace", body["trace"]))
        place = job.job["segments"][segment.index]
        dispute = Record(id=identity, job=job, segment=segment, by=writer, bond=bond, is_seat=bool(own),
                         nodes=[body["trace"], segment.trace], begin=0, end=place["last"] - place["first"], step=0,
                         step_ms=self.now, moves=[None, None], claims=None, phase="moving", result=None, rounds=[])
        self.disputes[identity] = dispute
        segment.disputes.append(dispute)
        if body["trace"] == segment.trace:
            self.ask_referees(dispute, (body["output"], segment.output))
        else:
            self.narrow(dispute)

    def narrow(self, dispute):
        if dispute.end - dispute.begin == 1:
            self.ask_referees(dispute, tuple(dispute.nodes))

    def ask_referees(self, dispute, claims):
        dispute.claims, dispute.phase = claims, "referees"
        self.open_contest(dispute.job, dispute.segment.index, 0, self.parameters["referees"], dispute)

    def defends(self, segment, key):
        return any(seat.node == key and self.has_won(segment, seat)
                   for contest in segment.rounds for seat in contest.seats)

    def apply_dispute_move(self, writer, body, entry):
        dispute = self.disputes.get(body["dispute"])
        need(dispute is not None and dispute.phase == "moving", "no dispute that moves")
        side = body["defends"]
        need(self.defends(dispute.segment, writer) if side else writer == dispute.by, "not the writer's side")
        need(body["step"] == dispute.step and dispute.moves[side] is None, "another step, or a second move")
        parent = hashlib.sha256(b"\x01" + body["left"] + body["right"]).digest()
        need(parent == dispute.nodes[side], "children of another node")
        dispute.moves[side] = (body["left"], body["right"])
        if None in dispute.moves:
            return
        middle = dispute.begin + split_point(dispute.end - dispute.begin)
        child = 0 if dispute.moves[0][0] != dispute.moves[1][0] else 1
        dispute.begin, dispute.end = (dispute.begin, middle) if child == 0 else (middle, dispute.end)
        dispute.nodes = [dispute.moves[0][child], dispute.moves[1][child]]
        dispute.step, dispute.step_ms, dispute.moves = dispute.step + 1, self.now, [None, None]
        self.narrow(dispute)

    def apply_dispute_default(self, writer, body, entry):
        dispute = self.disputes.get(body["dispute"])
        need(writer == self.charter["clerk"], "by the clerk")
        need(dispute is not None and dispute.phase == "moving", "no dispute that moves")
        need(self.now >= dispute.step_ms + self.parameters["move_ms"], "too early")
        self.conclude(dispute, "upheld" if dispute.moves[0] is None else "overturned", None)

    def judge(self, dispute, contest):
        if contest.phase == "split":
            self.conclude(dispute, "void", None)
            return
        result = {dispute.claims[1]: "upheld", dispute.claims[0]: "overturned"}.get(contest.output, "both")
        self.conclude(dispute, result, contest.output)

    def conclude(self, dispute, result, output):
        segment, forfeited = dispute.segment, 0
        if result in ("overturned", "both"):
            nodes = [seat.node for contest in segment.rounds for seat in contest.seats if self.has_won(segment, seat)]
            for node in dict.fromkeys(nodes):
                self.accounts[node].lost += 1
                forfeited += self.slash(self.accounts[node])
        if result in ("upheld", "both"):
            self.accounts[dispute.by].lost += 1
            forfeited += self.slash(self.accounts[dispute.by]) if dispute.is_seat else self.take_bond(dispute)
        if output is not None:
            forfeited -= self.settle_referees(dispute, output, forfeited)
        self.divide(forfeited, dispute.by if result == "overturned" else None)
        self.end_dispute(dispute, result)
        if result in ("overturned", "both"):
            segment.is_overturned = True
            for other in segment.disputes:
                if other.phase != "over":
                    self.end_dispute(other, "void")

    def take_bond(self, dispute):
        bond, dispute.bond = dispute.bond, 0
        self.escrow -= bond
        return bond

    def settle_referees(self, dispute, output, forfeited):
        revealed = [(contest, seat) for contest in reversed(dispute.rounds) for seat in contest.seats
                    if seat.state == "revealed"]
        right = [(contest, seat) for contest, seat in revealed if seat.output == output]
        share = min(forfeited, self.parameters["dispute_bond"]) // len(right)
        for contest, seat in right:
            self.accounts[seat.node].balance += share
            self.success(self.accounts[seat.node], self.is_earned(contest, [s for c, s in right if c is contest]))
        for contest, seat in revealed:
            if seat.output != output:
                self.mark(self.accounts[seat.node], "correct", False)
                self.accounts[seat.node].wrongs += 1
        return share * len(right)

    def end_dispute(self, dispute, result):
        self.accounts[dispute.by].balance += self.take_bond(dispute)
        dispute.phase, dispute.result = "over", result
        if dispute.rounds and dispute.rounds[-1].phase not in OVER:
            dispute.rounds[-1].phase = "dropped"
