"""Proofs changed at random, by what their parts mean: specs/proof.md, section 11."""
from .field import P, log
from .statement import CAP, POSITIONS


class Layout:
    """Where the parts of a proof of a statement lie: name -> list of (offset, size)."""

    def __init__(self, statement):
        self.parts, self.at = {}, 0
        self._add("root", 32)
        for _ in range(statement.messages):
            self._add("message", 16)
        for _ in range(2 * statement.products):
            self._add("triple", 16)
        self._add("sigma", 16)
        for _ in range(statement.length):
            self._add("v1", 16)
        for _ in range(statement.pad_length):
            self._add("v2", 16)
        siblings = log(statement.symbols) - log(CAP)
        for i in range(len(statement.oracles)):
            for _ in range(CAP):
                self._add("cap", 32)
            for _ in range(POSITIONS):
                start = self.at
                self._add("salt", 32)
                for _ in range(statement.oracle_rows(i)):
                    self._add("symbol", 8)
                for _ in range(siblings):
                    self._add("sibling", 32)
                self.parts.setdefault("column", []).append((start, self.at - start))
        self.size = self.at

    def _add(self, name, size):
        self.parts.setdefault(name, []).append((self.at, size))
        self.at += size


def put(proof, at, data):
    return proof[:at] + data + proof[at + len(data):]


def flipped(rng, layout, proof, other):
    at, size = rng.choice(layout.parts[rng.choice(sorted(layout.parts))])
    at += rng.randrange(size)
    return put(proof, at, bytes([proof[at] ^ 1 << rng.randrange(8)]))


def swapped(rng, layout, proof, other):
    """Two parts of one kind in each other's places."""
    name = rng.choice([n for n, places in sorted(layout.parts.items()) if len(places) > 1])
    (a, size), (b, other_size) = rng.sample(layout.parts[name], 2)
    if size != other_size: # columns of two oracles
        return flipped(rng, layout, proof, other)
    return put(put(proof, a, proof[b:b + size]), b, proof[a:a + size])


def cut(rng, layout, proof, other):
    return proof[:rng.choice((0, 1, 31, 32, len(proof) - 1, rng.randrange(len(proof))))]


def extended(rng, layout, proof, other):
    return proof + rng.randbytes(rng.choice((1, 8, 16, 32, 1000)))


def moved(rng, layout, proof, other):
    """A byte left out and one put in elsewhere: the size is right."""
    at, to = rng.randrange(len(proof)), rng.randrange(len(proof) - 1)
    shorter = proof[:at] + proof[at + 1:]
    return shorter[:to] + rng.randbytes(1) + shorter[to:]


ELEMENTS = "message", "triple", "sigma", "v1", "v2", "symbol"


def not_canonical(rng, layout, proof, other):
    """An element of p or more, or the same element plus p."""
    for _ in range(50):
        at, size = rng.choice(layout.parts[rng.choice(ELEMENTS)])
        at += 8 * rng.randrange(size // 8)
        value = int.from_bytes(proof[at:at + 8], "little") + P
        if value < 2**64:
            return put(proof, at, value.to_bytes(8, "little"))
    return put(proof, at, rng.randrange(P, 2**64).to_bytes(8, "little"))


def added(rng, layout, proof, other):
    """A small number added to an element."""
    at, size = rng.choice(layout.parts[rng.choice(ELEMENTS)])
    at += 8 * rng.randrange(size // 8)
    value = int.from_bytes(proof[at:at + 8], "little") + rng.choice((1, P - 1, 2, 2**32))
    return put(proof, at, (value % P).to_bytes(8, "little"))


def mixed(rng, layout, proof, other):
    """A part of another proof of the same statement."""
    at, size = rng.choice(layout.parts[rng.choice(sorted(layout.parts))])
    return put(proof, at, other[at:at + size])


def joined(rng, layout, proof, other):
    """The start of one proof and the end of another."""
    at = rng.choice(layout.parts[rng.choice(sorted(layout.parts))])[0]
    return proof[:at] + other[at:]


def blank(rng, layout, proof, other):
    at, size = rng.choice(layout.parts[rng.choice(sorted(layout.parts))])
    return put(proof, at, rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size))))


WAYS = (flipped, flipped, swapped, swapped, cut, extended, moved, not_canonical, added, added,
        mixed, joined, blank)


def mutant(rng, layout, proof, other):
    """`other` is a second proof of the same statement."""
    way = rng.choice(WAYS)
    changed = way(rng, layout, proof, other)
    if rng.randrange(8) == 0:
        changed = added(rng, layout, changed, other) if len(changed) == len(proof) else changed
    return way.__name__, changed
