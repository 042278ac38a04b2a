#!/usr/bin/env python3
"""The second verifier of proofs against a prover in Python: honest ones are accepted, liars caught.

    proof_lies.py [PATH/TO/vouch]    the program takes no part
    proof_lies.py --write            writes the proof of the vectors, and prints these

VCH_SEED=N replays a run.
"""
import hashlib
import os
import pathlib
import random
import re
import struct
import sys

from proof import tiny
from proof.annex import Annex
from proof.field import Refused, write_pairs
from proof.oracle import given_oracle
from proof.toy_prover import Prover
from proof.transcript import Transcript
from proof.verify import verify
from verify_voucher import is_signed

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "tests/corpus/proof/tiny.proof"
PAGE = ROOT / "specs/proof.md"
SEED = int(os.environ.get("VCH_SEED", 7))
failures = []


def say(ok, text):
    print(("ok      " if ok else "NOT OK  ") + text, flush=True)
    if not ok:
        failures.append(text)


def verdict(statement, proof):
    try:
        verify(statement, proof)
        return "accepted"
    except Refused as why:
        return str(why)


EQUATION = "the one equation does not hold"
ROWS = "a row that is not its columns'"
LIES = {"pad product": EQUATION, "triple": EQUATION, "sigma": EQUATION, "v1 blind": ROWS,
        "v2 blind": ROWS, "codeword": ROWS, "long pads": ROWS}


def told(statement, cells, given, lie, rng):
    proof = Prover(statement, cells, [given], rng.randbytes(32), lie).prove()
    return verdict(statement, proof)


def liars(rng):
    statement, cells, given = tiny.make()
    for _ in range(3):
        say(told(statement, cells, given, None, rng) == "accepted", "an honest prover is accepted")
    for lie, why in LIES.items():
        got = told(statement, cells, given, lie, rng)
        say(got == why, f"{lie}: {got}")
    for message in rng.sample(range(statement.messages), 24):
        got = told(statement, cells, given, ("message", message), rng)
        say(got == EQUATION, f"message {message} of {statement.messages}: {got}")


def wrong_cells(rng):
    """Each cell of the witness that a relation speaks of, wrong by one."""
    statement, cells, given = tiny.make()
    W = tiny.W
    for cell in (W, *rng.sample(range(W + 1, W + 5), 2), *rng.sample(range(W + 10, W + 17), 2),
                 *rng.sample(range(W + 20, W + 23), 2), *rng.sample(range(W + 30, W + 39), 3)):
        wrong = list(cells)
        wrong[cell] += rng.choice((1, -1, 2**32))
        got = told(statement, wrong, given, "witness", rng)
        say(got == EQUATION, f"cell {cell - W} of the witness: {got}")


def other_statements(rng):
    """An honest proof under another statement."""
    statement, cells, given = tiny.make()
    proof = Prover(statement, cells, [given], rng.randbytes(32)).prove()
    other = tiny.make()[0]
    other.context = bytes(32)
    say(verdict(other, proof) != "accepted", "another context")
    other = tiny.make()[0]
    other.oracles[0] = 1, bytes(32)
    say(verdict(other, proof) != "accepted", "another oracle")
    other = tiny.make()[0]
    other.public_values[1] += 1
    say(verdict(other, proof) == EQUATION, "another public cell, which no challenge knows")
    for at in (0, 3, 4, 5):
        other = tiny.make()[0]
        form = other.sections[at].entries[0].form
        form.constant = 1 if not isinstance(form.constant, list) else [1, 2, 3, 1, 2, 3, 8]
        if at != 3:
            say(verdict(other, proof) == EQUATION, f"another constant in section {at}")


def damaged(rng, count):
    statement, cells, given = tiny.make()
    proof = Prover(statement, cells, [given], rng.randbytes(32)).prove()
    accepted = 0
    for _ in range(count):
        at, data = rng.randrange(len(proof)), bytearray(proof)
        data[at] ^= 1 << rng.randrange(8)
        accepted += verdict(statement, bytes(data)) == "accepted"
    accepted += sum(verdict(statement, other) == "accepted" for other in
                    (b"", proof[:-1], proof + b"\0", proof[1:] + b"\0"))
    say(accepted == 0, f"of {count + 4} damaged proofs {accepted} were accepted")


def hexadecimal(name, data):
    text, lines = data.hex(), []
    lines.append(f"{name} = {text[:80]}")
    lines += [f"    {text[i:i + 80]}" for i in range(80, len(text), 80)]
    return "\n".join(lines)


def vectors():
    """The text of section 12's block, and the proof."""
    statement, cells, given = tiny.make()
    proof = Prover(statement, cells, [given], bytes([3]) * 32).prove()
    log = []
    kappa, rhs = verify(statement, proof, log)
    groups, name = {}, None
    for label, values in log:
        name = {"lookup": "lookups", "relation": "products"}.get(label, label) \
            if label not in ("layer", "fold", "join") else name
        data = (b"".join(v.to_bytes(2, "little") for v in values) if label == "columns"
                else write_pairs(values))
        groups[name] = groups.get(name, b"") + data
    rows = [("given_root", given.root), ("shape", statement.shape()),
            *((f"challenges_{name}", data) for name, data in groups.items()),
            ("kappa", write_pairs([kappa])), ("rhs", write_pairs([rhs])),
            ("proof_digest", hashlib.sha256(proof).digest())]
    return "\n".join(hexadecimal(*row) for row in rows), proof


def page(name, text=None):
    """A vector of the page, or of another page's text."""
    found = re.search(rf"^{name} = ((?:[0-9a-f]|\n +(?=[0-9a-f]))+)$", text or PAGE.read_text(),
                      re.M)
    return bytes.fromhex("".join(found[1].split()))


def parts():
    """The vectors of challenges and of a boundary alone."""
    transcript = Transcript()
    transcript.absorb("statement", bytes(range(32)))
    transcript.absorb("shape", b"".join(v.to_bytes(8, "little") for v in (9, 2, 1, 1)))
    same = write_pairs(transcript.challenge("lookup", 2)) == page("challenge_lookup")
    positions = transcript.positions("columns", 150, 4096)
    same = same and positions == list(struct.unpack("<150H", page("challenge_columns")))
    say(same and transcript.state == page("challenge_state"), "challenges, as on the page")
    oracle = given_oracle([i * i - 1000 for i in range(1000)], 512, bytes(range(32)))
    say(oracle.root == page("boundary_root"), "a boundary, as on the page")
    text = PAGE.with_name("annex.md").read_text()
    annex = Annex(page("annex", text))
    say(annex.digests == [page("digest_base", text), page("digest_link", text)]
        and annex.signed == page("signed", text)
        and is_signed(annex.key, annex.signed, annex.signature), "an annex, as on its page")


def main():
    print(f"seed {SEED}")
    text, proof = vectors()
    if "--write" in sys.argv:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_bytes(proof)
        print(text)
        return
    rng = random.Random(SEED)
    say(f"```\n{text}\n```" in PAGE.read_text(), "the vectors of specs/proof.md")
    say(FILE.read_bytes() == proof and verdict(tiny.make()[0], proof) == "accepted",
        "the proof beside them")
    parts()
    liars(rng)
    wrong_cells(rng)
    other_statements(rng)
    damaged(rng, 200)
    if failures:
        sys.exit(f"{len(failures)} of these are wrong")


main()
