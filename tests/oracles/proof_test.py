#!/usr/bin/env python3
"""The second verifier of proofs beside the first: circuits, honest proofs, mutants, lies.

    proof_test.py PATH/TO/vouch PATH/TO/proof_cases [--mutants=300] [--rounds=1] [OPERATOR...]

proof_cases makes a small graph around each operator and proves a run of it, the ranges of its annex
and a link. The statements are derived anew from the manifest, by specs/circuit.md: the cells have to
satisfy them, the proofs have to be accepted. Then proofs are changed at random, and a prover in
Python makes honest ones and lies: both verifiers have to say the same of each. VCH_SEED=N replays a
run.
"""
import collections
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

from proof import circuit
from proof.field import Refused
from proof.mutants import Layout, mutant
from proof.oracle import given_oracle
from proof.package import Graph
from proof.statement import LOOKUP, TABLE, ZEROS
from proof.toy_prover import Prover, Values
from proof.verify import verify

OPERATORS = ("linear convolution matmul add multiply rescale table average_pool moves max_pool "
             "softmax normalise argmax divide gather trees network saturate").split()
LIES = ("pad product", "triple", "sigma", "v1 blind", "v2 blind", "codeword", "long pads")
TOLD = "linear", "divide", "network" # the prover in Python is slow
PLACES = [a for a in sys.argv[1:] if not a.startswith("--")]
FLAGS = dict(a[2:].split("=") for a in sys.argv[1:] if a.startswith("--"))
SEED = int(os.environ.get("VCH_SEED", 7))
failures, judged = [], collections.Counter()


def say(ok, text):
    print(("ok      " if ok else "NOT OK  ") + text, flush=True)
    if not ok:
        failures.append(text)


def cases(folder, operator, seed):
    done = subprocess.run([PLACES[1], folder, operator], capture_output=True, text=True,
                          env={**os.environ, "VCH_SEED": str(seed)}, check=False)
    if done.returncode != 0:
        sys.exit(f"proof_cases {operator}, VCH_SEED={seed}: {done.stdout}{done.stderr}")


class Claim:
    """A line of proof_cases, and the statement that the specification makes of it."""

    def __init__(self, folder, graph, line):
        name, *numbers = line.split()
        self.name, self.folder = name, folder
        c, first, last, batch = map(int, numbers[:4])
        annex, job, *roots = map(bytes.fromhex, numbers[4:])
        held = list(range(len(graph.parameter_shapes)))
        self.statement = {
            "run": lambda: circuit.run_statement(graph, c, held, roots, annex, job, first, last,
                                                 batch),
            "ranges": lambda: circuit.ranges_statement(graph, c, held, roots[0]),
            "link": lambda: circuit.link_statement(graph, c, held, *roots)}[name]()
        data = (folder / f"{name}.cells").read_bytes()
        self.cells = list(struct.unpack(f"<{len(data) // 8}Q", data))
        self.proof = (folder / f"{name}.proof").read_bytes()
        self.other = (folder / f"{name}.other").read_bytes()
        self.roots = roots

    def given(self):
        """The oracles that proof_cases made, made again: seed number i begins with i."""
        at, columns, oracles = 0, self.statement.columns, []
        for i, (rows, _) in enumerate(self.statement.oracles[:-1]):
            own = self.cells[at:at + rows * columns]
            oracles.append(given_oracle(own, columns, bytes([i]) + bytes(31)))
            at += rows * columns
        return oracles


def unsatisfied(statement, cells):
    """The first relation that these cells do not satisfy, in words; None where all are."""
    if len(cells) != statement.rows * statement.columns:
        return f"{len(cells)} cells in place of {statement.rows} rows"
    values, left = Values(statement, cells), collections.Counter()
    for section in statement.sections:
        if section.kind == TABLE:
            for (_, row), cell in zip(values.places(section), section.multiplicities):
                left[section.table, row] += cells[cell]
    for i, section in enumerate(statement.sections):
        for place, row in values.places(section):
            if section.kind == ZEROS and row != (0,):
                return f"section {i}, place {place}: {row[0]} is not 0"
            if section.kind == LOOKUP and (section.table, row) not in left:
                return f"section {i}, place {place}: {row} is not in table {section.table}"
            if section.kind == LOOKUP:
                left[section.table, row] -= 1
    return "multiplicities" if any(left.values()) else None


def accepts(statement, proof):
    try:
        verify(statement, proof)
        return True
    except Refused:
        return False


def first_verdicts(claim, operator, seed, proofs):
    """What the first verifier says of each."""
    path = claim.folder / f"{claim.name}.mutants"
    with open(path, "wb") as file:
        for proof in proofs:
            file.write(len(proof).to_bytes(4, "little") + proof)
    cases(claim.folder, operator, seed)
    path.unlink()
    return [b == 1 for b in (claim.folder / f"{claim.name}.verdicts").read_bytes()]


def check_mutants(claim, others, operator, seed, rng, count):
    """Random changes; both proofs of this statement; `others`, which are of other ones."""
    layout, good = Layout(claim.statement), (claim.proof, claim.other)
    made = [*(("itself", g) for g in good), *(("another statement's", o) for o in others)]
    made += [mutant(rng, layout, *good) for _ in range(count)]
    firsts = first_verdicts(claim, operator, seed, [proof for _, proof in made])
    wrong, judged["changed"] = [], judged["changed"] + count
    for (way, proof), first in zip(made, firsts, strict=True):
        second = accepts(claim.statement, proof)
        if first != second or second != (proof in good):
            wrong.append(f"{way}: {first} and {second}")
    say(not wrong, f"{operator} {claim.name}, seed {seed}: both verifiers on {len(made)} proofs"
        + "".join(f"; {w}" for w in wrong[:3]))


def told(claim, given, lie, rng):
    return Prover(claim.statement, claim.cells, given, rng.randbytes(32), lie).prove()


def check_lies(claim, operator, seed, rng, count):
    """Honest and lying proofs by the prover in Python."""
    given = claim.given()
    say([o.root for o in given] == claim.roots, f"{operator} {claim.name}: the same roots")
    lies = [None, *rng.sample(LIES, min(count, len(LIES))),
            *(("message", rng.randrange(claim.statement.messages)) for _ in range(count))]
    proofs = [told(claim, given, lie, rng) for lie in lies]
    firsts = first_verdicts(claim, operator, seed, proofs)
    seconds = [accepts(claim.statement, proof) for proof in proofs]
    want = [lie is None for lie in lies]
    say(firsts == seconds == want, f"{operator} {claim.name}, seed {seed}: both verifiers on "
        f"{len(lies)} proofs by the prover in Python" + "".join(
            f"; {lie}: {f} and {s}" for lie, f, s, w in zip(lies, firsts, seconds, want)
            if not f == s == w))


def is_refused(graph):
    try:
        circuit.run_statement(graph, 11, list(range(len(graph.parameter_shapes))), [bytes(32)] * 3,
                              bytes(32), bytes(32), 0, len(graph.operators), 1)
        return False
    except Refused:
        return True


def check(operator, seed, rng, mutants, lies):
    with tempfile.TemporaryDirectory(prefix="vouch-proof-") as folder:
        folder = pathlib.Path(folder)
        cases(folder, operator, seed)
        graph = Graph((folder / "manifest").read_bytes())
        if (folder / "refused").exists():
            say(is_refused(graph), f"{operator}, seed {seed}: no circuit for either")
            return
        lines = (folder / "claims").read_text().splitlines()
        claims = [Claim(folder, graph, line) for line in lines]
        for claim in claims:
            why = unsatisfied(claim.statement, claim.cells)
            say(why is None, f"{operator} {claim.name}, seed {seed}: "
                f"{why or 'the cells satisfy the statement'}")
            say(accepts(claim.statement, claim.proof),
                f"{operator} {claim.name}, seed {seed}: the proof is accepted")
        if failures:
            return
        for claim in claims:
            rest = [c.proof for c in claims if c is not claim]
            check_mutants(claim, rest, operator, seed, rng, mutants // len(claims) + 1)
        if operator in TOLD:
            check_lies(claims[0], operator, seed, rng, lies)


def main():
    rounds, total = int(FLAGS.get("rounds", 1)), int(FLAGS.get("mutants", 300))
    names = PLACES[2:] or OPERATORS
    print(f"seed {SEED}")
    for i in range(rounds):
        rng = random.Random(SEED + i)
        for operator in names:
            check(operator, SEED + i, rng, total // (rounds * len(names)), 2)
    print(f"{judged['changed']} changed proofs")
    if failures:
        sys.exit(f"{len(failures)} of these are wrong")


main()
