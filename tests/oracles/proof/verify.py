"""The verifier: specs/proof.md, sections 5 to 11.

In another order than the page: all challenges follow from what was sent, so that they, and with them
the opened columns, come first, and a proof that was tampered with fails there.
"""
from . import relation
from .field import (ONE, P, ZERO, add, codeword, eq_table, multiply, negate, pairs,
                    read_elements, require, subtract, write_pairs)
from .statement import CAP, PUBLIC, POSITIONS
from .transcript import Transcript, sha


class Sum:
    """constant + sum of factor * pad + factor * omega: what a number that was said stands for."""

    def __init__(self, constant=ZERO, pads=None, omega=ZERO):
        self.constant, self.pads, self.omega = constant, pads or {}, omega

    def plus(self, other, factor=ONE):
        pads = dict(self.pads)
        for pad, k in other.pads.items():
            pads[pad] = add(pads.get(pad, ZERO), multiply(k, factor))
        return Sum(add(self.constant, multiply(other.constant, factor)), pads,
                   add(self.omega, multiply(other.omega, factor)))

    def minus(self, other):
        return self.plus(other, negate(ONE))

    def times(self, factor):
        return Sum().plus(self, factor)


def known(value):
    return Sum(value)


class Proof:
    """The parts of section 11."""

    def __init__(self, statement, data):
        require(len(data) == statement.proof_size(), "a proof of another size")
        self.data, self.at = data, 0
        self.root = self._take(32)
        self.said = self._pairs(statement.messages)
        self.triples = self._pairs(2 * statement.products)
        self.sigma = self._pairs(1)[0]
        self.v1 = self._pairs(statement.length)
        self.v2 = self._pairs(statement.pad_length)
        siblings = (statement.symbols // CAP).bit_length() - 1
        self.oracles = []
        for i in range(len(statement.oracles)):
            cap = [self._take(32) for _ in range(CAP)]
            rows = statement.oracle_rows(i)
            self.oracles.append((cap, [self._column(rows, siblings) for _ in range(POSITIONS)]))

    def _take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def _pairs(self, count):
        return pairs(read_elements(self._take(16 * count), 2 * count))

    def _column(self, rows, siblings):
        salt, symbols = self._take(32), self._take(8 * rows)
        return (salt, symbols, read_elements(symbols, rows),
                [self._take(32) for _ in range(siblings)])


class Conversation:
    """All challenges, and the messages as expressions over the pads."""

    def __init__(self, statement, proof, log=None):
        self.statement, self.proof = statement, proof
        self.transcript = Transcript(log)
        self.next_message = self.next_product = 0
        self.checks, self.triples = [], []
        transcript = self.transcript
        transcript.absorb("statement", statement.context)
        transcript.absorb("shape", statement.shape())
        for _, root in statement.oracles[:-1]:
            transcript.absorb("root", root)
        transcript.absorb("root", proof.root)
        self.alpha, self.beta = transcript.challenge("lookup", 2)
        self._lookups()
        self.relation, *self.y = transcript.challenge("relation", 1 + statement.log_zeros)
        self._products()
        self.cells, = transcript.challenge("cells")
        self._cells()
        self.sacrifice, = transcript.challenge("sacrifice")

    def finish(self):
        """Sections 9 and 10: the triples, the masks, the columns."""
        transcript, proof = self.transcript, self.proof
        transcript.absorb("triple", write_pairs(proof.triples))
        self.x, = transcript.challenge("checks")
        transcript.absorb("opening", write_pairs([proof.sigma]))
        self.mask, = transcript.challenge("mask")
        transcript.absorb("rows", write_pairs(proof.v1) + write_pairs(proof.v2))
        self.positions = transcript.positions("columns", POSITIONS, self.statement.symbols)

    def say(self, label, count):
        first = self.next_message
        sent = self.proof.said[first:first + count]
        self.next_message += count
        self.transcript.absorb(label, write_pairs(sent))
        return [Sum(value, {first + i: negate(ONE)}) for i, value in enumerate(sent)]

    def multiply(self, a, b):
        """Of two numbers as said: X Y - X b - Y a + c."""
        (pad_a, _), = a.pads.items()
        (pad_b, _), = b.pads.items()
        c = self.statement.messages + 4 * self.next_product
        self.triples.append((pad_a, pad_b, c))
        self.next_product += 1
        return Sum(multiply(a.constant, b.constant)).plus(
            Sum(pads={pad_b: negate(a.constant)})).plus(
            Sum(pads={pad_a: negate(b.constant)})).plus(Sum(pads={c: ONE}))

    def check(self, left, right):
        self.checks.append(left.minus(right))

    def round(self, claim, weights):
        """One message of a sumcheck: the claim is weights[0] h(0) + weights[1] h(1)."""
        zero, one, top = self.say("round", 3)
        self.check(claim, zero.times(weights[0]).plus(one, weights[1]))
        r, = self.transcript.challenge("fold")
        folded = zero.plus(one.minus(zero).minus(top), r).plus(top, multiply(r, r))
        return r, folded

    def sumcheck(self, claim, count):
        point = [None] * count
        for j in range(count - 1, -1, -1):
            point[j], claim = self.round(claim, (ONE, ONE))
        return point, claim

    def _lookups(self):
        root, inverse = self.say("root", 2)
        self.check(self.multiply(root, inverse), known(ONE))
        numerator, denominator, z = known(ZERO), root, []
        for k in range(self.statement.log_places):
            l, = self.transcript.challenge("layer")
            claim, point = numerator.plus(denominator, l), [None] * k
            for j in range(k - 1, -1, -1):
                point[j], claim = self.round(claim, (subtract(ONE, z[j]), z[j]))
            n0, n1, d0, d1 = self.say("halves", 4)
            self.check(claim, self.multiply(n0, d1).plus(self.multiply(n1, d0))
                       .plus(self.multiply(d0, d1), l))
            x, = self.transcript.challenge("join")
            numerator, denominator = n0.plus(n1.minus(n0), x), d0.plus(d1.minus(d0), x)
            z = point + [x]
        self.numerator, self.denominator, self.z = numerator, denominator, z

    def _products(self):
        self.q, = self.say("sum", 1)
        self.rho, claim = self.sumcheck(self.q, self.statement.log_slots)
        self.a, self.b = self.say("ends", 2)
        self.check(claim, self.multiply(self.a, self.b))

    def _cells(self):
        # What is public enters later: it is the same for every proof with these challenges.
        m = self.cells
        left = (self.numerator.plus(self.denominator, self.relation).minus(self.q)
                .plus(self.a, m).plus(self.b, multiply(m, m)))
        self.cells_check = len(self.checks)
        self.r, self.last_claim = self.sumcheck(left, self.statement.log_cells)


class Evaluation:
    """Adds up what relation.py hands out: cells at the point r, constants for themselves."""

    def __init__(self, statement, rho, r):
        self.public = statement.public_values
        self.at_cell = eq_table(r)
        self.at_slot = eq_table(rho)

    def sums(self):
        """(visit, result): result() is (constant, V at r)."""
        total = [0, 0, 0, 0]
        at_cell, public = self.at_cell, self.public

        def visit(weight, cell):
            if cell is None:
                total[0] += weight[0]
                total[1] += weight[1]
            elif cell >= PUBLIC:
                value = public[cell - PUBLIC]
                total[0] += weight[0] * value
                total[1] += weight[1] * value
            else:
                w0, w1 = weight
                e0, e1 = at_cell[cell]
                total[2] += w0 * e0 + 7 * w1 * e1
                total[3] += w0 * e1 + w1 * e0

        def result():
            return (total[0] % P, total[1] % P), (total[2] % P, total[3] % P)
        return visit, result

    def slot_sums(self):
        visit, result = self.sums()
        at_slot = self.at_slot
        return lambda slot, weight, cell: visit(multiply(weight, at_slot[slot]), cell), result


def check_columns(statement, proof, positions):
    roots = [root for _, root in statement.oracles[:-1]] + [proof.root]
    for root, (cap, columns) in zip(roots, proof.oracles):
        level = cap
        while len(level) > 1:
            level = [sha(b"\1", a, b) for a, b in zip(level[0::2], level[1::2])]
        require(level[0] == root, "a cap that is not its root's")
        for position, (salt, raw, _, siblings) in zip(positions, columns):
            node, at = sha(b"\0", salt, raw), position
            for sibling in siblings:
                node = sha(b"\1", sibling, node) if at & 1 else sha(b"\1", node, sibling)
                at >>= 1
            require(node == cap[at], "a column that is not under its cap")


def add_relation(statement, talk):
    """The public parts of the checks of section 8, and omega's in the last one."""
    weights = relation.Weights(statement, talk.alpha, talk.beta, talk.z, talk.relation, talk.y)
    at = Evaluation(statement, talk.rho, talk.r)
    visit, linear = at.sums()
    relation.walk_linear(weights, visit)
    visit_a, a = at.slot_sums()
    visit_b, b = at.slot_sums()
    relation.walk_slots(weights, visit_a, visit_b)
    m, square = talk.cells, multiply(talk.cells, talk.cells)
    constant, value = (add(add(p, multiply(m, q)), multiply(square, r))
                       for p, q, r in zip(linear(), a(), b()))
    # The claim begins with -constant; a sumcheck without rounds there is none, as n_g >= 9.
    talk.checks[talk.cells_check] = talk.checks[talk.cells_check].minus(known(constant))
    talk.check(talk.last_claim, Sum(omega=value))


def one_equation(statement, talk):
    """ell, kappa and rhs of section 9."""
    e = talk.sacrifice
    for (pad_a, pad_b, c), d, f in zip(talk.triples, talk.proof.triples[0::2],
                                       talk.proof.triples[1::2]):
        talk.check(Sum(pads={pad_a: e, c + 1: negate(ONE)}), known(d))
        talk.check(Sum(pads={pad_b: ONE, c + 2: negate(ONE)}), known(f))
        talk.check(Sum(pads={c: e, c + 3: negate(ONE)})
                   .plus(Sum(pads={pad_a: negate(multiply(e, f))}))
                   .plus(Sum(pads={pad_b: negate(d)})), known(negate(multiply(d, f))))
    ell, kappa, rhs, power = [ZERO] * statement.pads, ZERO, ZERO, ONE
    for check in talk.checks:
        for pad, factor in check.pads.items():
            ell[pad] = add(ell[pad], multiply(power, factor))
        kappa = add(kappa, multiply(power, check.omega))
        rhs = subtract(rhs, multiply(power, check.constant))
        power = multiply(power, talk.x)
    return ell, kappa, rhs


def dot(a, b):
    c0 = c1 = 0
    for (a0, a1), (b0, b1) in zip(a, b):
        c0 += a0 * b0 + 7 * a1 * b1
        c1 += a0 * b1 + a1 * b0
    return (c0 % P, c1 % P)


def check_rows(statement, talk, ell, kappa, rhs):
    proof = talk.proof
    low = eq_table(talk.r[:statement.log_columns])
    left = add(multiply(kappa, dot(low, proof.v1)), dot(ell, proof.v2))
    require(left == add(multiply(talk.mask, rhs), proof.sigma), "the one equation does not hold")
    high = eq_table(talk.r[statement.log_columns:])
    words = [[codeword([value[half] for value in row], statement.symbols) for half in (0, 1)]
             for row in (proof.v1, proof.v2)]
    for index, position in enumerate(talk.positions):
        symbols = [s for _, columns in proof.oracles for s in columns[index][2]]
        cells, (p0, p1, m0, m1, n0, n1) = symbols[:-6], symbols[-6:]
        total = (sum(h[0] * s for h, s in zip(high, cells)),
                 sum(h[1] * s for h, s in zip(high, cells)))
        for word, mask, row in zip(words, ((m0, m1), (n0, n1)), (total, (p0, p1))):
            want = add(mask, multiply(talk.mask, row))
            require((word[0][position], word[1][position]) == want, "a row that is not its columns'")


def verify(statement, data, log=None):
    """Returns kappa and rhs, of no further use; raises Refused."""
    proof = Proof(statement, data)
    talk = Conversation(statement, proof, log)
    talk.finish()
    check_columns(statement, proof, talk.positions)
    add_relation(statement, talk)
    ell, kappa, rhs = one_equation(statement, talk)
    check_rows(statement, talk, ell, kappa, rhs)
    return kappa, rhs
