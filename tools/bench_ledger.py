#!/usr/bin/env python3
"""What a ledger takes on this machine: entries a second over TLS, each signed, verified, applied,
durable in SQLite before it is acknowledged, with four witnesses cosigning meanwhile.

    tools/bench_ledger.py build/release [entries]
"""
import json
import pathlib
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "tests/e2e"))
from ledgers import Ledger


def run(build, count, batch, witnesses):
    with tempfile.TemporaryDirectory(dir=".") as folder:
        folder = pathlib.Path(folder).resolve()
        with Ledger(build / "vouch", folder, witnesses=4) as ledger:
            if not witnesses:
                for witness in ledger.witnesses:
                    witness.end(9)
            out = subprocess.run(
                [build / "tests/load", folder / "charter", folder / "founder.key",
                 str(ledger.port), str(count), str(batch)], capture_output=True, text=True,
                check=True).stdout
            figures, metrics = json.loads(out), ledger.metrics()
            ledger.drain()
        figures["stored_bytes"] = sum(f.stat().st_size for f in folder.glob("log.db*")) // count
        figures["group"] = metrics["vouch_ledger_entries"] // metrics["vouch_ledger_groups_total"]
        figures["checkpoints"] = metrics["vouch_ledger_checkpoints_cosigned_total"]
    return figures


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50000
    print(f"{'batch':>6} {'witnesses':>9} {'entries/s':>10} {'mean ms':>8} {'max ms':>7} "
          f"{'draft B':>8} {'stored B':>9} {'group':>6} {'checkpoints':>11}")
    for batch, witnesses in ((64, 4), (16, 4), (1, 4), (64, 0)):
        some = count if batch > 1 else max(1, count // 10)
        f = run(build, some, batch, witnesses)
        print(f"{batch:>6} {witnesses:>9} {f['per_second']:>10} {f['mean_us'] / 1000:>8.1f} "
              f"{f['max_us'] / 1000:>7.0f} {f['draft_bytes']:>8} {f['stored_bytes']:>9} "
              f"{f['group']:>6} {f['checkpoints']:>11}")


main()
