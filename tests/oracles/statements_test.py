#!/usr/bin/env python3
"""The second verifier of proofs on random statements, which use all that a statement may be made of.

    statements_test.py PATH/TO/vouch PATH/TO/statement_cases [--count=6] [--mutants=3]

statement_cases writes statements and proofs of them. Each proof has to be accepted, and refused once
it is changed or is to prove something else. VCH_SEED=N replays a run.
"""
import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from proof.field import P, Refused
from proof.mutants import Layout, mutant
from proof.statement import Expression, Form, Linear, Matrix, Product, Section, Statement
from proof.verify import verify

PLACES = [a for a in sys.argv[1:] if not a.startswith("--")]
FLAGS = dict(a[2:].split("=") for a in sys.argv[1:] if a.startswith("--"))
SEED = int(os.environ.get("VCH_SEED", 7))
failures = []


def say(ok, text):
    print(("ok      " if ok else "NOT OK  ") + text, flush=True)
    if not ok:
        failures.append(text)


def form(said):
    return Form(said["constant"], [Linear(**linear) for linear in said["linears"]])


def expression(said):
    return Expression(
        form(said["form"]),
        [Product(p["coefficient"], form(p["a"]), form(p["b"])) for p in said["products"]],
        [Matrix(**matrix) for matrix in said["matrices"]])


def statement(said):
    """As in the file, without anything that a sealed statement adds."""
    sections = [Section(s["kind"], s["rows"], s["lanes"], [expression(e) for e in s["entries"]],
                        s["table"], s.get("multiplicities")) for s in said["sections"]]
    oracles = [(rows, bytes.fromhex(root)) for rows, root in said["oracles"]]
    oracles[-1] = oracles[-1][0], None
    return Statement(bytes.fromhex(said["context"]), said["log_columns"], oracles,
                     said["public_values"], sections)


def accepts(said, proof):
    try:
        verify(statement(said), proof)
    except Refused:
        return False
    return True


def altered(rng, said):
    """One constant of one entry is another number."""
    other = copy.deepcopy(said)
    entry = rng.choice(rng.choice(other["sections"])["entries"])
    constant = entry["form"]["constant"]
    if isinstance(constant, list):
        constant[rng.randrange(len(constant))] += 1
    else:
        entry["form"]["constant"] = (constant + 1) % P
    return other


def try_case(rng, folder, number):
    said = json.loads((folder / f"{number}.json").read_text())
    proof = (folder / f"{number}.proof").read_bytes()
    layout = Layout(statement(said))
    say(accepts(said, proof), f"{number}: {len(said['sections'])} sections, the proof is accepted")
    if said["sections"]:
        say(not accepts(altered(rng, said), proof), f"{number}: not for another constant")
    for _ in range(int(FLAGS.get("mutants", 3))):
        way, changed = mutant(rng, layout, proof, proof)
        if changed != proof:
            say(not accepts(said, changed), f"{number}: not when {way}")


def main():
    rng = random.Random(SEED)
    count = int(FLAGS.get("count", 6))
    print(f"VCH_SEED={SEED}")
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run([PLACES[1], name, str(count)], capture_output=True, text=True,
                              env={**os.environ, "VCH_SEED": str(SEED)}, check=False)
        if done.returncode != 0:
            sys.exit(f"statement_cases: {done.stdout}{done.stderr}")
        for number in range(count):
            try_case(rng, pathlib.Path(name), number)
    sys.exit(bool(failures))


main()
