"""A slow prover, for tests alone: it exercises verify.py, honestly or with one lie.

It follows specs/proof.md message by message, keeps every vector as a list of pairs, and takes the
statement's meaning from section 4 (evaluate), not from relation.py, wherever both say the same.
"""
import hashlib

from . import relation, verify
from .field import (ONE, P, ZERO, add, codeword, element, eq_table, invert, log, multiply, scale,
                    subtract, write_pairs)
from .oracle import Oracle
from .statement import LOOKUP, NONE, POSITIONS, PUBLIC, TABLE, ZEROS, lane
from .transcript import Transcript


class Random:
    """Everything that is drawn for one proof."""

    def __init__(self, seed):
        self.seed, self.count = seed, 0

    def bytes(self, size):
        self.count += 1
        return hashlib.shake_256(self.seed + self.count.to_bytes(8, "little")).digest(size)

    def elements(self, count):
        data = self.bytes(16 * count)
        return [int.from_bytes(data[16 * i:16 * i + 16], "little") % P for i in range(count)]

    def pairs(self, count):
        values = self.elements(2 * count)
        return list(zip(values[0::2], values[1::2]))


class Values:
    """The meaning of expressions for the numbers that the prover has."""

    def __init__(self, statement, cells):
        self.cells, self.public = cells, statement.public_values

    def cell(self, g):
        if g == NONE:
            return 0
        return self.public[g - PUBLIC] if g >= PUBLIC else self.cells[g]

    def form(self, form, section, p, o):
        return lane(form.constant, o) + sum(
            lane(linear.coefficient, o) * self.cell(linear.cells[p * section.lanes + o])
            for linear in form.linears)

    def entry(self, entry, section, p, o):
        value = self.form(entry.form, section, p, o)
        for product in entry.products:
            value += (lane(product.coefficient, o) * self.form(product.a, section, p, o)
                      * self.form(product.b, section, p, o))
        for matrix in entry.matrices:
            r, k = p - matrix.row_first, o - matrix.lane_first
            if 0 <= r < len(matrix.x) and 0 <= k < len(matrix.w):
                value += lane(matrix.coefficient, o) * sum(
                    self.cell(a) * self.cell(b) for a, b in zip(matrix.x[r], matrix.w[k]))
        return value % P

    def places(self, section):
        """(place, the entries' values) of each row and lane."""
        for p in range(section.rows):
            for o in range(section.lanes):
                yield (section.base + (p << section.log_lanes) + o,
                       tuple(self.entry(e, section, p, o) for e in section.entries))


def fill_multiplicities(statement, cells):
    """How often each table row is looked up, into the cells that are for that."""
    values, rows = Values(statement, cells), {}
    for section in statement.sections:
        if section.kind == TABLE:
            for (_, row), cell in zip(values.places(section), section.multiplicities):
                rows.setdefault((section.table, row), cell)
                cells[cell] = 0
    for section in statement.sections:
        if section.kind == LOOKUP:
            for _, row in values.places(section):
                if (section.table, row) in rows: # an honest prover's always is
                    cells[rows[section.table, row]] += 1


class Prover:
    """lies: what to do wrong, by name. ("message", k) adds one to message k; others are said where
    they are told."""

    def __init__(self, statement, cells, given, seed, lie=None, log=None):
        self.statement, self.lie, self.random = statement, lie, Random(seed)
        self.values, self.given = Values(statement, cells), given
        self.cells = [self.values.cell(g) % P for g in range(len(cells))]
        self.transcript, self.said, self.sent = Transcript(log), [], []
        self.multiplied = []

    def prove(self):
        statement, transcript = self.statement, self.transcript
        self.draw_pads()
        transcript.absorb("statement", statement.context)
        transcript.absorb("shape", statement.shape())
        self.commit()
        for oracle in self.oracles:
            transcript.absorb("root", oracle.root)
        self.lookups()
        self.products()
        self.cell_sum()
        triples = self.sacrifice()
        return self.open(triples)

    def draw_pads(self):
        statement = self.statement
        self.pads = self.random.pairs(statement.messages)
        for a, b in product_messages(statement):
            x, y = self.random.pairs(2)
            c = multiply(self.pads[a], self.pads[b])
            c = add(c, ONE) if self.lie == "pad product" and not self.multiplied else c
            z = multiply(x, y)
            self.multiplied.append((a, b))
            self.pads += [c, x, y, z]

    def commit(self):
        statement, random = self.statement, self.random
        columns, own = statement.columns, statement.oracles[-1][0]
        first = (statement.rows - own) * columns
        rows = [self.cells[first + i * columns:first + (i + 1) * columns] for i in range(own)]
        rows = [row + random.elements(columns) for row in rows]
        blind = random.pairs(statement.pad_length - statement.pads)
        pads = self.pads + blind
        self.mask1 = random.pairs(statement.length)
        self.mask2 = random.pairs(statement.pad_length)
        rows += [[v[h] for v in vector] for vector in (pads, self.mask1, self.mask2)
                 for h in (0, 1)]
        self.pad_row = pads
        stream = random.bytes(32 * statement.symbols)
        witness = Oracle(rows, statement.symbols,
                         [stream[i:i + 32] for i in range(0, len(stream), 32)])
        if self.lie == "codeword": # half of a row's symbols belong to another polynomial
            witness.words[0] = [(w + (j & 1)) % P for j, w in enumerate(witness.words[0])]
            witness.commit()
        if self.lie == "long pads": # a pad row of too high a degree
            longer = codeword(random.elements(statement.length), statement.symbols)
            witness.words[own] = longer
            witness.commit()
        self.oracles = self.given + [witness]

    def say(self, label, values):
        values = list(values)
        for i in range(len(values)):
            if self.lie == ("message", len(self.said) + i):
                values[i] = add(values[i], ONE)
        first = len(self.said)
        sent = [add(v, self.pads[first + i]) for i, v in enumerate(values)]
        self.said += values
        self.sent += sent
        self.transcript.absorb(label, write_pairs(sent))
        return values

    # --- section 6 ---

    def leaves(self, alpha, beta):
        statement = self.statement
        size = 2**statement.log_places
        numerators, denominators = [ZERO] * size, [ONE] * size
        for section in statement.sections:
            if section.kind == ZEROS:
                continue
            for index, (place, row) in enumerate(self.values.places(section)):
                total, power = subtract(alpha, element(section.table)), beta
                for value in row:
                    total, power = subtract(total, scale(power, value)), multiply(power, beta)
                denominators[place] = total
                numerators[place] = ONE if section.kind == LOOKUP else element(
                    -self.values.cell(section.multiplicities[index]))
        return numerators, denominators

    def lookups(self):
        self.alpha, self.beta = self.transcript.challenge("lookup", 2)
        layers = [self.leaves(self.alpha, self.beta)]
        while len(layers[0][0]) > 1:
            n, d = layers[0]
            half = len(n) // 2
            layers.insert(0, (
                [add(multiply(n[i], d[i + half]), multiply(n[i + half], d[i]))
                 for i in range(half)],
                [multiply(d[i], d[i + half]) for i in range(half)]))
        assert layers[0][0][0] == ZERO or self.lie == "witness", "an honest prover's sum is 0"
        root = layers[0][1][0]
        self.say("root", [root, invert(root)])
        z = []
        for k, (n, d) in enumerate(layers[1:]):
            l, = self.transcript.challenge("layer")
            half = 2**k
            parts = [n[:half], n[half:], d[:half], d[half:]]
            point = [None] * k
            for j in range(k - 1, -1, -1):
                point[j], parts = self.layer_round(parts, z[:j], l)
            n0, n1, d0, d1 = self.say("halves", [part[0] for part in parts])
            x, = self.transcript.challenge("join")
            z = point + [x]
        self.z = z

    def layer_round(self, parts, z, l):
        """One variable, the highest: h(0), h(1) and the leading coefficient."""
        half = len(parts[0]) // 2
        eq = eq_table(z)
        low, high = [p[:half] for p in parts], [p[half:] for p in parts]
        top = [[subtract(b, a) for a, b in zip(u, v)] for u, v in zip(low, high)]

        def total(n0, n1, d0, d1):
            value = ZERO
            for w, a, b, c, d in zip(eq, n0, n1, d0, d1):
                g = add(add(multiply(a, d), multiply(b, c)), multiply(l, multiply(c, d)))
                value = add(value, multiply(w, g))
            return value
        self.say("round", [total(*low), total(*high), total(*top)])
        r, = self.transcript.challenge("fold")
        return r, [fold(p, r) for p in parts]

    def sumcheck(self, a, b):
        """Of sum a_i b_i; returns the point and both values there."""
        point = [None] * log(len(a))
        for j in range(len(point) - 1, -1, -1):
            half = 2**j
            low, high = (a[:half], b[:half]), (a[half:], b[half:])
            top = tuple([subtract(y, x) for x, y in zip(u, v)] for u, v in zip(low, high))
            self.say("round", [dot(*low), dot(*high), dot(*top)])
            point[j], = self.transcript.challenge("fold")
            a, b = fold(a, point[j]), fold(b, point[j])
        return point, a[0], b[0]

    # --- sections 7 and 8 ---

    def products(self):
        statement = self.statement
        challenge = self.transcript.challenge("relation", 1 + statement.log_zeros)
        weights = relation.Weights(statement, self.alpha, self.beta, self.z, challenge[0],
                                   challenge[1:])
        self.weights = weights
        sides = [[ZERO] * 2**statement.log_slots for _ in range(2)]

        def into(side):
            def visit(slot, weight, cell):
                value = 1 if cell is None else self.values.cell(cell)
                side[slot] = add(side[slot], scale(weight, value))
            return visit
        relation.walk_slots(weights, into(sides[0]), into(sides[1]))
        self.say("sum", [dot(*sides)])
        self.rho, a, b = self.sumcheck(*sides)
        self.say("ends", [a, b])

    def cell_sum(self):
        m, = self.transcript.challenge("cells")
        vector = [ZERO] * 2**self.statement.log_cells
        at = eq_table(self.rho)

        def visit(weight, cell):
            if cell is not None and cell < PUBLIC:
                vector[cell] = add(vector[cell], weight)
        relation.walk_linear(self.weights, visit)
        square = multiply(m, m)
        relation.walk_slots(
            self.weights, lambda s, w, g: visit(multiply(m, multiply(w, at[s])), g),
            lambda s, w, g: visit(multiply(square, multiply(w, at[s])), g))
        cells = [element(c) for c in self.cells]
        cells += [ZERO] * (len(vector) - len(cells))
        self.vector = vector
        self.r, self.at_r, self.omega = self.sumcheck(vector, cells)

    # --- sections 9 and 10 ---

    def sacrifice(self):
        e, = self.transcript.challenge("sacrifice")
        triples = []
        for k, (a, b) in enumerate(self.multiplied):
            c = self.statement.messages + 4 * k
            triples.append(subtract(multiply(e, self.pads[a]), self.pads[c + 1]))
            triples.append(subtract(self.pads[b], self.pads[c + 2]))
        if self.lie == "triple":
            triples[3] = add(triples[3], ONE)
        self.transcript.absorb("triple", write_pairs(triples))
        return triples

    def equation(self, triples, x):
        """ell and kappa, from the verifier's own books."""
        talk = verify.Conversation(self.statement, self.part_of_proof(triples))
        talk.x = x
        verify.add_relation(self.statement, talk)
        return verify.one_equation(self.statement, talk)

    def part_of_proof(self, triples):
        part = object.__new__(verify.Proof)
        part.root, part.said, part.triples = self.oracles[-1].root, self.sent, triples
        return part

    def open(self, triples):
        statement, transcript = self.statement, self.transcript
        x, = transcript.challenge("checks")
        ell, kappa, _ = self.equation(triples, x)
        low = eq_table(self.r[:statement.log_columns])
        sigma = add(multiply(kappa, dot(low, self.mask1)), dot(ell, self.mask2))
        sigma = add(sigma, ONE) if self.lie == "sigma" else sigma
        transcript.absorb("opening", write_pairs([sigma]))
        g, = transcript.challenge("mask")
        high = eq_table(self.r[statement.log_columns:])
        rows = [row for oracle in self.oracles for row in oracle.rows][:statement.rows]
        v1 = [add(mask, multiply(g, (sum(h[0] * v for h, v in zip(high, column)) % P,
                                     sum(h[1] * v for h, v in zip(high, column)) % P)))
              for mask, column in zip(self.mask1, zip(*rows))]
        v2 = [add(mask, multiply(g, pad)) for mask, pad in zip(self.mask2, self.pad_row)]
        if self.lie in ("v1 blind", "v2 blind"): # where the one equation does not look
            vector = v1 if self.lie == "v1 blind" else v2
            vector[-1] = add(vector[-1], ONE)
        transcript.absorb("rows", write_pairs(v1) + write_pairs(v2))
        positions = transcript.positions("columns", POSITIONS, statement.symbols)
        return b"".join((
            self.oracles[-1].root, write_pairs(self.sent), write_pairs(triples),
            write_pairs([sigma]), write_pairs(v1), write_pairs(v2),
            *(oracle.cap() + b"".join(oracle.opening(j) for j in positions)
              for oracle in self.oracles)))


def product_messages(statement):
    """The messages whose products are checked, in order."""
    pairs, at = [(0, 1)], 2
    for k in range(statement.log_places):
        n0, n1, d0, d1 = range(at + 3 * k, at + 3 * k + 4)
        pairs += [(n0, d1), (n1, d0), (d0, d1)]
        at += 3 * k + 4
    ends = at + 1 + 3 * statement.log_slots
    return pairs + [(ends, ends + 1)]


def fold(vector, r):
    half = len(vector) // 2
    return [add(a, multiply(r, subtract(b, a))) for a, b in zip(vector[:half], vector[half:])]


def dot(a, b):
    c0 = c1 = 0
    for (a0, a1), (b0, b1) in zip(a, b):
        c0 += a0 * b0 + 7 * a1 * b1
        c1 += a0 * b1 + a1 * b0
    return (c0 % P, c1 % P)
