#!/usr/bin/env python3
"""How often `vouch likeness` flags honest members, and how often impostors.

    likeness_experiment.py PATH/TO/vouch [--quick] [--only digits|text]

Two models, each run by honest engines that differ (onnxruntime, NumPy with other orders of summation
and other precisions, vouch's own integers) and by impostors (quantised harder, smaller, fine-tuned,
one layer changed, input cut). Floors are made by `vouch likeness calibrate`; committees of five are
judged here by the same whole-number arithmetic, held against `vouch likeness test` on samples. Prints
the tables of specs/likeness.md. Exit code 1: an honest engine was flagged more often than stated, an
impostor that should be caught was not, or the two arithmetics disagree; 77, saying why: onnxruntime
or the data are missing. VOUCH_PYTHON names another Python, VOUCH_DATA the data.
"""
import argparse
import functools
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("VOUCH_DATA", ROOT.parent / "shared" / "data"))
SKIP = 77
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the arrays are small, and the machine is shared
try:
    import ml_dtypes  # noqa: F401
    import numpy as np
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401
except ImportError as missing:
    other = os.environ.pop("VOUCH_PYTHON", None)
    if not other:
        print(f"skipped: {missing}; install numpy, onnx and onnxruntime, or set VOUCH_PYTHON")
        sys.exit(SKIP)
    os.execv(other, [other, *sys.argv])
if not (DATA / "llm/stories260K/stories260K.bin").is_file():
    print(f"skipped: no models and data sets in {DATA}; VOUCH_DATA names where they are")
    sys.exit(SKIP)

from likeness_digits import Digits  # noqa: E402
from likeness_text import Text  # noqa: E402

MEMBERS, BATCH = 5, 16
ALPHAS = (0.01, 0.001)
failures = []


def check(holds, text):
    if not holds:
        failures.append(text)


def coordinates(values):
    """float32 as whole numbers of 2^-32, halves away from zero. Exact: 52 bits fit in a float64."""
    scaled = np.clip(values.astype(np.float64) * 2.0**32, -2.0**52, 2.0**52)
    return (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int64)


class Floor:
    """One that the tool made, and what it says of outputs: the arithmetic of specs/likeness.md."""

    def __init__(self, vouch, folder, runs):
        self.vouch, self.path = vouch, folder / "x.floor"
        folder.mkdir()
        files = []
        for i, run in enumerate(runs):
            files.append(folder / f"run{i}.npy")
            np.save(files[-1], run)
        subprocess.run([vouch, "likeness", "calibrate", *files, "--name", "experiment", "-o", self.path],
                       check=True, capture_output=True)
        data = self.path.read_bytes()
        _, _, _, _, width, self.count, _, *self.units = struct.unpack_from("<8s5I64s2Q", data)
        numbers = np.frombuffer(data, "<u8", width + self.count, 108).astype(np.int64)
        self.scales, self.scores = numbers[:width], numbers[width:][::-1]

    def ranks(self, outputs):
        """(members, inputs, coordinates), as whole numbers, to (members, inputs)."""
        ordered, k = np.sort(outputs, axis=0), len(outputs)
        centre = (ordered[(k - 1) // 2] + ordered[k // 2]) >> 1
        squares = np.minimum(np.abs(outputs - centre) * 256 // self.scales, 1 << 20) ** 2
        scores = (squares.sum(-1) // squares.shape[-1] << 16) // self.units[0] + \
            (squares.max(-1) << 16) // self.units[1]
        return self.count - np.searchsorted(self.scores, scores, "left")

    def single(self, ranks):
        return (ranks + 1) / (self.count + 1)

    def together(self, ranks):
        """(members, batches, inputs of one) to p, of each batch as a whole."""
        size = ranks.shape[-1]
        levels = [q for q in (1 << j for j in range(16)) if q == 1 or 2 * q <= self.count + 1]
        least = np.ones(ranks.shape[:-1])
        for q in levels:
            least = np.minimum(least, self.tails(q, size)[(ranks < q).sum(-1)])
        return np.minimum(1, len(levels) * least)

    @functools.cache
    def tails(self, q, size):
        """Probabilities that r or more of `size` honest scores lie above the q-th largest held out."""
        ways = [math.comb(q - 1 + j, j) * math.comb(self.count - q + size - j, size - j)
                for j in range(size + 1)]
        whole = math.comb(self.count + size, size)
        return np.array([sum(ways[r:]) / whole for r in range(size + 1)])

    def tool(self, outputs):
        """p of each member, by the program: (members, inputs, coordinates) of float32."""
        path = self.path.with_name("members.npy")
        np.save(path, outputs)
        done = subprocess.run([self.vouch, "likeness", "test", self.path, path, "--alpha", "0.1", "--json"],
                              capture_output=True, check=False)
        return [member["p"] for member in json.loads(done.stdout)["members"]]


def interval(hits, trials, z=1.96):
    """Wilson's, 95 %."""
    p = hits / trials
    middle = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)
    return middle - half, middle + half


def percent(p, alpha, least=0.0):
    """The share at most alpha, with its interval; a dash where no p-value could be."""
    if least > alpha:
        return "-"
    flags = p <= alpha
    hits, trials = int(np.sum(flags)), int(np.size(flags))
    low, high = interval(hits, trials)
    digits = lambda v: f"{100 * v:.2f}".rstrip("0").rstrip(".")
    return f"{digits(hits / trials)} ({digits(max(low, 0))} to {digits(min(high, 1))})"


def rates(single, batch, least):
    return [percent(single, a, least) for a in ALPHAS] + [percent(batch, a) for a in ALPHAS]


def row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def in_batches(values, size=BATCH):
    """(members, inputs, ...) to (members, batches, size)."""
    whole = values.shape[1] // size * size
    return values[:, :whole].reshape(len(values), -1, size)


class Trial:
    """One floor, and committees of the engines that made it, on inputs that it has not seen."""

    def __init__(self, vouch, folder, runs, names, start, rng):
        self.floor = Floor(vouch, folder, [runs[n][:start] for n in names])
        self.names, self.rng = names, rng
        self.floats = np.stack([runs[n][start:] for n in names])
        self.whole = coordinates(self.floats)
        self.inputs = self.whole.shape[1]
        self.least = 1 / (self.floor.count + 1)

    def committees(self, members, every=1):
        """Which engine each member is: drawn anew for every `every` inputs."""
        drawn = self.rng.integers(len(self.names), size=(members, -(-self.inputs // every)))
        return np.repeat(drawn, every, axis=1)[:, :self.inputs]

    def outputs(self, engines):
        return self.whole[engines, np.arange(self.inputs)]

    def p_values(self, outputs):
        ranks = self.floor.ranks(outputs)
        return self.floor.single(ranks), self.floor.together(in_batches(ranks))

    def honest(self):
        return self.p_values(self.outputs(self.committees(MEMBERS, BATCH)))

    def framed(self):
        """Two liars of five who know everything pull each median as far from member 0 as they can."""
        engines = self.committees(3, BATCH)
        honest = self.outputs(engines)
        low, high = honest.min(0), honest.max(0)
        liar = np.where(honest[0] - low > high - honest[0], -(1 << 50), 1 << 50)
        single, batch = self.p_values(np.concatenate([honest, liar[None], liar[None]]))
        return single[:1], batch[:1]

    def loudest(self):
        """One at a time, each engine among four of one other: the largest share flagged, and whose."""
        worst = (0.0, "", "")
        for i, name in enumerate(self.names):
            engines = self.committees(MEMBERS, BATCH)
            engines[0] = i
            single, _ = self.p_values(self.outputs(engines))
            worst = max(worst, (float((single[0] <= ALPHAS[0]).mean()), name, percent(single[0], ALPHAS[0])))
        return worst[1:]

    def impostor(self, outputs, accomplice=False):
        """Member 0 among honest ones; or with one who pulls the centre towards it as far as can be."""
        engines = self.outputs(self.committees(MEMBERS, BATCH))
        engines[0] = outputs
        if accomplice:
            honest = np.sort(engines[1:-1], axis=0)[1]
            engines[-1] = np.where(outputs > honest, 1 << 50, -(1 << 50))
        single, batch = self.p_values(engines)
        return single[0], batch[0]

    def agrees_with_the_tool(self, outputs):
        for count in (1, BATCH):
            for at in range(0, 10 * count, count):
                members = self.floats[self.committees(MEMBERS)[:, 0], at:at + count].copy()
                members[1] = outputs[at:at + count]
                ranks = self.floor.ranks(coordinates(members))
                mine = self.floor.single(ranks)[:, 0] if count == 1 else self.floor.together(ranks[:, None])[:, 0]
                if not np.allclose(self.floor.tool(members), mine, rtol=1e-12, atol=1e-10):
                    return False
        return True

    def part_time(self, outputs, cheats, size):
        """An impostor on `cheats` inputs of each batch of `size` only: how often flagged at 1 %."""
        chosen = np.zeros(self.inputs, bool)
        for at in range(0, self.inputs - size + 1, size):
            chosen[at + self.rng.permutation(size)[:cheats]] = True
        mixed = self.outputs(self.committees(MEMBERS, size))
        mixed[0] = np.where(chosen[:, None], outputs, mixed[0])
        return percent(self.floor.together(in_batches(self.floor.ranks(mixed), size))[0], ALPHAS[0])

    def blend(self, outputs):
        """How much of the way to the impostor one can go and be flagged in half the batches of 16."""
        low, high = -24.0, 0.0
        honest = self.floats[0]
        for _ in range(10):
            middle = (low + high) / 2
            mixed = coordinates((honest + 2**middle * (outputs - honest)).astype(np.float32))
            is_seen = (self.impostor(mixed)[1] <= ALPHAS[0]).mean() >= 0.5
            low, high = (low, middle) if is_seen else (middle, high)
        return 2**low

    def room(self):
        """The deviation of two coordinates, and of all, in scales, that one input may have at 1 %."""
        threshold = self.floor.scores[-int(ALPHAS[0] * (self.floor.count + 1))]
        mean, peak = (u / 65536 for u in self.floor.units)
        width = len(self.floor.scales)
        rooms = [math.sqrt(threshold / 65536 / (n / width / mean + 1 / peak)) for n in (2, width)]
        return rooms


def report_honest(kind, trial):
    for name, (one, many) in (("honest", trial.honest()), ("framed", trial.framed())):
        row(kind, f"{name} ({one.size:,}; {many.size:,})", *rates(one, many, trial.least))
        for flags, alpha in ((one, ALPHAS[0]), (one, ALPHAS[1]), (many, ALPHAS[0]), (many, ALPHAS[1])):
            # The calibration is itself a sample, which all verdicts share: beside the verdicts' own
            # error, the rate that it gives varies by about sqrt(alpha / held-out scores).
            allowed = alpha + 4 * math.sqrt(alpha * (1 / flags.size + 1 / trial.floor.count))
            check((flags <= alpha).mean() <= allowed, f"{kind}, {name}: flagged above {alpha}")


def report_flips(model, trial, start):
    """How often the answer itself can be changed below the threshold."""
    if not hasattr(model, "labels"):
        return
    two, _ = trial.room()
    top = np.sort(trial.floats[0], axis=1)
    shift = two * trial.floor.scales[0] / 2.0**32
    print(f"\nanswers that {shift:.2g} added to one logit and taken from another would change: "
          f"{percent(top[:, -1] - top[:, -2], 2 * shift)}")


def experiment(make, vouch, quick, rng):
    model = make(DATA, vouch, quick)
    runs, floors = model.honest()
    impostors = model.impostors()
    impostors |= {f"a. {name}": lambda name=name: runs[name] for name in runs if name not in floors["float32"]}
    chosen = sorted(impostors)[::3 if quick else 1]
    impostors = {name: impostors[name]() for name in chosen}
    start = model.calibration_count
    print(f"\n## {model.name}: {model.coordinates}, calibrated on {start} inputs, tested on "
          f"{len(next(iter(runs.values()))) - start}\n")
    if hasattr(model, "labels"):
        print(f"right on the test set: {100 * model.right(runs['NumPy, float32']):.2f} %\n")
    with tempfile.TemporaryDirectory() as name:
        trials = {kind: Trial(vouch, pathlib.Path(name) / kind.replace(" ", ""), runs, names, start, rng)
                  for kind, names in floors.items() if not (quick and kind != "float32")}
        row("floor", "members", "1 input, 1 %", "1 input, 0.1 %", f"{BATCH} inputs, 1 %", f"{BATCH} inputs, 0.1 %")
        row(*["---"] * 6)
        for kind, trial in trials.items():
            report_honest(kind, trial)
            check(trial.agrees_with_the_tool(next(iter(impostors.values()))[start:]),
                  f"{kind}: vouch likeness test says otherwise")
    for kind, trial in trials.items():
        two, every = trial.room()
        print(f"\nfloor {kind}: flagged most often, of one input at 1 %: {' '.join(trial.loudest())}; room for two "
              f"coordinates {two:.2f} scales, for all {every:.2f}; a scale is "
              f"{np.median(trial.floor.scales) / 2**32:.3g} (median)")
        report_flips(model, trial, start)
    for kind, trial in trials.items():
        print()
        batches = trial.inputs // BATCH
        row(f"impostor, floor {kind}", "1 input, 1 %", f"0.1 % (of {trial.inputs:,})", f"{BATCH} inputs, 1 %",
            f"0.1 % (of {batches:,})", "1 %, with an accomplice", "unseen as far as")
        row(*["---"] * 7)
        for name, outputs in impostors.items():
            whole = coordinates(outputs[start:])
            single, batch = trial.impostor(whole)
            helped = trial.impostor(whole, accomplice=True)[1]
            row(name, *rates(single, batch, trial.least), percent(helped, ALPHAS[0]),
                "-" if quick else f"{100 * trial.blend(outputs[start:]):.2g} %")
            check(kind != "float32" or (batch <= ALPHAS[0]).mean() >= 0.99, f"{name} passes for honest")
    last = next(reversed(impostors))
    for kind, trial in ({} if quick else trials).items():
        whole = coordinates(impostors[last][start:])
        shares = (f"{cheats} of {size:,}: {trial.part_time(whole, cheats, size)}"
                  for cheats, size in ((1, 32), (2, 32), (4, 32), (8, 32), (16, 512)))
        print(f"\nfloor {kind}: \"{last}\" on some inputs of a batch, at 1 %: " + "; ".join(shares))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("vouch", type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--only", choices=("digits", "text"))
    given = arguments.parse_args()
    print(f"seed 1, committees of {MEMBERS}; rates in % with 95 % intervals (Wilson)")
    for name, make in (("digits", Digits), ("text", Text)):
        if given.only in (None, name):
            experiment(make, given.vouch, given.quick, np.random.default_rng(1))
    print("\n" + ("\n".join(failures) or "every claim held"))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
