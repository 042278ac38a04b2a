#!/usr/bin/env python3
"""The figures of `vouch split --leak`, computed a second time by numpy.

    leak.py PATH/TO/vouch

At the last cut what crosses is the model's output, which `vouch run` writes too. From there this
deals the samples, fits the ridge regression, guesses, and computes R2, PSNR and SSIM by its own
means; the blind guess likewise. Exits 77, saying why, where numpy is missing; VOUCH_PYTHON names
another Python that has it.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77

try:
    import numpy as np
except ImportError as missing:
    other = os.environ.pop("VOUCH_PYTHON", None)
    if not other:
        print(f"skipped: {missing}; install numpy, or set VOUCH_PYTHON")
        sys.exit(SKIP)
    os.execv(other, [other, *sys.argv])

VOUCH = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
RIDGES = (1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10)
CLOSE = 1e-5  # float32 inputs and activations there, binary64 throughout here
MASK = (1 << 64) - 1
failures = []


def vouch(*arguments):
    return subprocess.run([VOUCH, *map(str, arguments)], check=True, capture_output=True,
                          text=True).stdout


def shuffled(count, seed):
    """SplitMix64 and Fisher-Yates, as src/split/seeded.h has them."""
    order = list(range(count))
    for i in range(count, 1, -1):
        seed = (seed + 0x9e3779b97f4a7c15) & MASK
        z = ((seed ^ seed >> 30) * 0xbf58476d1ce4e5b9) & MASK
        z = ((z ^ z >> 27) * 0x94d049bb133111eb) & MASK
        j = (z ^ z >> 31) % i
        order[i - 1], order[j] = order[j], order[i - 1]
    return order


def ridge_guesses(x, y, training, validation, by_column):
    """Guesses at the rows after training and validation, in standard units."""
    x = x - x[:training].mean(0)
    x /= np.abs(x[:training]).max()
    learnt, rest = x[:training], x[training:]
    gram = learnt.T @ learnt
    unit = np.trace(gram) / len(gram)
    tried = [rest @ np.linalg.solve(gram + r * unit * np.eye(len(gram)), learnt.T @ y[:training])
             for r in RIDGES]
    errors = np.array([((g[:validation] - y[training:training + validation]) ** 2).sum(0)
                       for g in tried])
    if not by_column:
        return tried[int(errors.sum(1).argmin())][validation:]
    best = errors.argmin(0)
    return np.stack([tried[b][validation:, t] for t, b in enumerate(best)], 1)


def ssim(a, b, low, span):
    """Wang et al. 2004, over all windows inside, channels alike."""
    side = min(11, *a.shape[1:])
    side -= side % 2 == 0
    x = np.arange(side) - (side - 1) / 2
    window = np.exp(-np.add.outer(x * x, x * x) / (2 * 1.5 ** 2))
    window /= window.sum()
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2

    def blur(image):
        views = np.lib.stride_tricks.sliding_window_view(image, (side, side), (1, 2))
        return (views * window).sum((3, 4))

    a, b = a - low, b - low
    mean_a, mean_b = blur(a), blur(b)
    variance_a, variance_b = blur(a * a) - mean_a ** 2, blur(b * b) - mean_b ** 2
    both = blur(a * b) - mean_a * mean_b
    return ((2 * mean_a * mean_b + c1) * (2 * both + c2)
            / ((mean_a ** 2 + mean_b ** 2 + c1) * (variance_a + variance_b + c2))).mean()


def image_figures(guesses, originals, shape, low, span):
    pairs = zip(guesses.reshape(-1, *shape), originals.reshape(-1, *shape))
    return {"psnr_db": 10 * np.log10(span ** 2 / ((guesses - originals) ** 2).mean()),
            "ssim": np.mean([ssim(g, o, low, span) for g, o in pairs])}


def compare(what, got, want):
    got, want = np.atleast_1d(np.array(got, float)), np.atleast_1d(want)
    worst = np.abs(got - want).max()
    ok = worst < CLOSE * max(1, np.abs(want).max())
    print(f"{'ok      ' if ok else 'NOT OK  '}{what}: {np.abs(want).max():.6f}, differs by {worst:.1e}")
    if not ok:
        failures.append(what)


def check(name, folder, seed):
    samples_path = ROOT / f"demo/{name}_calibration.npy"
    model = folder / f"{name}.vouch"
    report = json.loads(vouch("split", model, "--leak", "--json", "--seed", seed, "--calibrate",
                              samples_path))
    vouch("run", model, "--input", samples_path, "--output", folder / "out.npy")
    samples = np.load(samples_path).astype(float)
    order = shuffled(len(samples), seed)
    shape, dealt = samples.shape[1:], samples.reshape(len(samples), -1)[order]
    crossing = np.load(folder / "out.npy").astype(float).reshape(len(samples), -1)[order]
    training, validation = (report["samples"][k] for k in ("training", "validation"))
    is_image = len(shape) == 3

    mean = dealt[:training].mean(0)
    spread = np.sqrt(((dealt[:training] - mean) ** 2).mean(None if is_image else 0))
    guesses = mean + spread * ridge_guesses(crossing, (dealt - mean) / spread, training, validation,
                                            not is_image)
    originals = dealt[training + validation:]
    blind = np.broadcast_to(mean, originals.shape)
    low, span = dealt[:training].min(), np.ptp(dealt[:training])
    if is_image:
        guesses = guesses.clip(low, low + span)
    errors = (((guesses - originals) / spread) ** 2).sum(0)
    blind_errors = (((blind - originals) / spread) ** 2).sum(0)

    got = report["cuts"][-1]["linear"]
    compare(f"{name}, seed {seed}, R2", got["r2"], 1 - errors.sum() / blind_errors.sum())
    if is_image:
        for guess, row in ((guesses, got), (blind, report["blind"])):
            for figure, want in image_figures(guess, originals, shape, low, span).items():
                compare(f"{name}, seed {seed}, {figure}", row[figure], want)
    else:
        compare(f"{name}, seed {seed}, R2 by column", got["column_r2"], 1 - errors / blind_errors)


def main():
    with tempfile.TemporaryDirectory(prefix="vouch-leak-") as folder:
        folder = pathlib.Path(folder)
        vouch("keygen", "-o", folder / "owner.key", "--no-passphrase")
        for name in ("breast_cancer", "digits"):
            vouch("import", ROOT / f"demo/{name}.onnx", "-o", folder / f"{name}.vouch", "--key",
                  folder / "owner.key", "--calibrate", ROOT / f"demo/{name}_calibration.npy")
        for name, seed in (("breast_cancer", 1), ("breast_cancer", 2), ("digits", 3)):
            check(name, folder, seed)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
