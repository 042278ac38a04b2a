#!/usr/bin/env python3
"""The verifier in the ledger's page against ours: every voucher that the tests of src/voucher judge,
honest ones and signed lies of clients, clerks and nodes, gets the same verdicts from both. So does every
one of vouchers_test.py.

    voucher_page.py VOUCH [--every=N] TEST...

The tests write their vouchers down when VOUCHERS_TOLD names a file; each Nth is judged. Takes Node.js.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
SKIP = 77
LEAST = 500  # vouchers, below which the tests must have stopped telling


def tell(command, path):
    subprocess.run(command, check=True, capture_output=True, cwd=pathlib.Path(command[0]).parent,
                   env={**os.environ, "VOUCHERS_TOLD": str(path)})
    lines = path.read_text().splitlines()
    return lines[0::2], lines[1::2]


def main(vouch, tests):
    every = int(tests.pop(0).split("=")[1]) if tests[0].startswith("--every=") else 1
    vouch = str(pathlib.Path(vouch).resolve())
    commands = [[str(pathlib.Path(test).resolve())] for test in tests]
    commands.append([sys.executable, str(ROOT / "tests/oracles/vouchers_test.py"), vouch])
    subprocess.run([NODE, ROOT / "tests/oracles/page_rules.mjs", ROOT / "web"], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        ours, told = [], []
        for i, command in enumerate(commands):
            verdicts, vouchers = tell(command, pathlib.Path(scratch) / f"told{i}")
            print(f"# {pathlib.Path(command[min(1, len(command) - 1)]).name}: {len(vouchers)} vouchers")
            ours += verdicts[::every]
            told += vouchers[::every]
        asked = pathlib.Path(scratch) / "asked"
        asked.write_text("\n".join(told) + "\n")
        done = subprocess.run([NODE, ROOT / "tests/oracles/verify_voucher.mjs", ROOT / "web", asked],
                              capture_output=True, text=True, check=True)
        theirs = done.stdout.splitlines()
        assert len(theirs) == len(ours) >= LEAST, (len(theirs), len(ours))
        differ = [(i, a, b) for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
        for i, a, b in differ[:5]:
            print(f"voucher {i}: we say\n  {a}\nand the page\n  {b}\n  {told[i][:400]}...")
        words = {word: sum(line.startswith(word) for line in ours)
                 for word in ("accepted", "refused", "malformed")}
        print(f"# {len(ours)} vouchers: {words}")
        assert all(words.values()), words
        return 1 if differ else 0


def has_node():
    """With the cryptography that browsers have: version 20, or later."""
    asked = "process.exit(globalThis.crypto?.subtle === undefined ? 1 : 0)"
    return NODE is not None and subprocess.run([NODE, "-e", asked], check=False).returncode == 0


if __name__ == "__main__":
    if not has_node():
        print("skipped: takes Node.js 20 or later")
        sys.exit(SKIP)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
