#!/usr/bin/env python3
"""A second implementation of ledger and agreement follows random ledgers of the first: whatever one
takes or refuses, the other must, and after every entry both have the same money, marks and contests.

    agreement_test.py VOUCH CASES [STEPS [SEED...]]
"""
import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "agreement"))
sys.path.insert(0, str(HERE))
from state import Ledger, Malformed, Refused  # noqa: E402
from verify_voucher import read_registry  # noqa: E402


def totals(ledger):
    return f"T {ledger.escrow} {ledger.treasury} {ledger.deposited} {ledger.withdrawn}"


def account(a):
    return (f"A {a.key.hex()} {a.balance} {a.stake} {a.unbonding} {a.free_ms} {a.number} {a.frozen} {a.trials} "
            f"{a.correct} {a.timely} {a.successes} {a.wrongs} {a.silences} {a.slashes} {a.lost}")


def contest(c):
    return (f"C {c.subject.hex()} {c.segment} {c.round} {c.k} {c.eligible} {c.weight} {len(c.drawn)} "
            f"{len(c.seats)}")


def job(j):
    phases = {"pending": 0, "decided": 1, "failed": 2}
    text = f"J {j.id.hex()} {phases[j.phase]} {j.escrow}"
    for s in j.segments.values():
        still_open = sum(dispute.phase != "over" for dispute in s.disputes)
        text += (f" {s.index} {phases[s.phase]} {len(s.rounds) - 1} {s.window_ms or 0} {still_open} "
                 f"{int(s.is_overturned)} {int(s.is_final)}")
    return text


def is_remembered(j, now):
    return j.phase == "pending" or now < j.deadline_ms or not all(s.is_final for s in j.segments.values())


def state_of(ledger):
    lines = [totals(ledger)]
    lines += [account(ledger.accounts[key]) for key in sorted(ledger.accounts)]
    rest = [contest(c) for c in ledger.contests.values() if c.phase not in ("decided", "split", "dropped")]
    rest += [job(j) for j in ledger.jobs.values() if is_remembered(j, ledger.time_ms)]
    return lines + sorted(rest)


def check_sum(ledger):
    held = sum(a.balance + a.stake + a.unbonding for a in ledger.accounts.values())
    assert held + ledger.escrow + ledger.treasury == ledger.deposited - ledger.withdrawn, "money is not conserved"


def say(what, seed, position, lines):
    print(f"seed {seed}, after {position} entries: {what}")
    for line in lines:
        print("   ", line)
    return 1


def find_no_fault(lines, seed):
    """Whether lies about what the first came to pass unnoticed: a verdict turned round, an account changed."""
    entries = [i for i, line in enumerate(lines) if line.startswith("E ")]
    refused = next(i for i in entries if lines[i][2] == "-")
    account = max(i for i, line in enumerate(lines[:entries[40]]) if line.startswith("A "))
    lies = {refused: "E +" + lines[refused][3:], account: lines[account][:-1] + str((int(lines[account][-1]) + 1) % 10)}
    missed = 0
    for at, lie in lies.items():
        with contextlib.redirect_stdout(io.StringIO()):
            missed += follow(lines[:at] + [lie] + lines[at + 1:], seed) == 0
    if missed:
        print(f"seed {seed}: {missed} lies were not noticed")
    return missed


def follow(lines, seed):
    """0, or 1 and what the two disagree about."""
    registries, blocks = {}, []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "R":
            registry = read_registry(bytes.fromhex(rest))
            registry["by_key"] = {member["key"]: member for member in registry["members"]}
            registries[registry["digest"]] = registry
        elif word == "E":
            blocks.append((rest.split(" ", 2), []))
        else:
            blocks[-1][1].append(line)
    ledger = Ledger(registries)
    for (verdict, data, text), after in blocks:
        position = len(ledger.leaves)
        try:
            ledger.apply(bytes.fromhex(data))
            mine, why = "+", None
        except Malformed as malformed:
            mine, why = "?", str(malformed)
        except Refused as refused:
            mine, why = "-", str(refused)
        if mine != verdict:
            return say("one takes an entry, the other does not", seed, position,
                       [data[:400], f"first: {verdict} {text}", f"second: {mine} {why or ''}"])
        if why is not None:
            continue
        check_sum(ledger)
        first = [line for line in after if line[0] in "TA"] + sorted(line for line in after if line[0] in "CJ")
        second = state_of(ledger)
        if first != second:
            differing = [f"first:  {line}" for line in first if line not in second]
            differing += [f"second: {line}" for line in second if line not in first]
            return say(f"the states differ after {ledger.last_kind}", seed, position, differing)
    return 0


def main():
    cases, steps = sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "1200"
    seeds = [int(seed) for seed in sys.argv[4:] or [os.environ.get("VCH_SEED")] if seed]
    seeds = seeds or [os.getpid() * 1000003 + i for i in range(3)]
    bad = 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "ledger"
            done = subprocess.run([cases, str(path), steps], env={**os.environ, "VCH_SEED": str(seed)},
                                  capture_output=True, text=True, check=False)
            print(f"# VCH_SEED={seed}")
            print("\n".join(line for line in done.stdout.splitlines() if line.startswith("# ") and "SEED" not in line))
            if done.returncode != 0:
                print(done.stdout[-2000:], done.stderr[-2000:])
                return 1
            lines = path.read_text().splitlines()
            bad += follow(lines, seed) + find_no_fault(lines, seed)
    return 1 if bad else 0


sys.exit(main())
