#!/usr/bin/env python3
"""What traces and audits cost, over a plain run in the same process.

    bench_audit.py PATH/TO/vouch [DATA] [--milliseconds=N] [--only=PART] [--json]

The demo's models, perceptrons with random weights, MNIST's network, ResNet-20. For each, `vouch bench
--audit` runs a batch plainly, traced, with its accumulators, and audits these, in turns and on one
thread. "audit" is a whole audit over a plain run; "linear" the linear operators alone, over running
them alone: a convolution of k multiplications an output is audited for about 1/k of its cost, and what
does not change with k is paid for every output. "key" is paid once for each key. Exit code 77: skipped,
the message says why.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/oracles"))
from bench import DATA, WORK, key, np, onnx, perceptron, skip, vouch  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
OPTIONS = dict(a.lstrip("-").partition("=")[::2] for a in sys.argv[1:] if a.startswith("--"))
FILES = {
    "digits": ROOT / "demo/digits.onnx",
    "breast_cancer": ROOT / "demo/breast_cancer.onnx",
    "MNIST CNN (mnist-12)": DATA / "onnx-trained/mnist/mnist-12.onnx",
    "ResNet-20": DATA / "derived/resnet20-12fca82f.onnx",
}
random = np.random.default_rng(1)


def models():
    for name, path in FILES.items():
        if path.exists():
            yield name, path
    for widths in (784, 512, 512, 10), (1024, 4096, 4096, 1024):
        name = "-".join(map(str, widths))
        onnx.save(perceptron(widths, random), WORK / f"mlp-{name}.onnx")
        yield f"MLP {name}", WORK / f"mlp-{name}.onnx"


def measure(path):
    package = WORK / "audit.vouch"
    vouch("import", path, "-o", package, "--key", key(), "--calibrate", "synthetic",
          "--calibrate-max", 8)
    return json.loads(vouch("bench", package, "--audit", "--json", "--milliseconds",
                            OPTIONS.get("milliseconds") or 1000))


def show(name, row):
    plain, linear = row["plain_us"], row["linear_us"]
    print(f"{name:<22} {row['batch']:>5} {plain:>10.2f} {row['traced_us'] / plain:>7.2f} "
          f"{row['accumulating_us'] / plain:>12.2f} {row['audit_us']:>10.2f} {row['audit_ratio']:>6.2f} "
          f"{linear:>10.2f} {row['linear_audit_us']:>10.2f} {row['linear_ratio']:>6.3f} "
          f"{row['key_us'] / 1e3:>7.1f} {row['accumulators_size'] / row['batch'] / 1e3:>8.1f}", flush=True)


def main():
    if not DATA.is_dir():
        skip("the real models are not here (VOUCH_DATA names their folder)")
    rows = {}
    if "json" not in OPTIONS:
        print(f"{'model':<22} {'batch':>5} {'plain us':>10} {'traced':>7} {'accumulating':>12} "
              f"{'audit us':>10} {'ratio':>6} {'linear us':>10} {'audited':>10} {'ratio':>6} {'key ms':>7} "
              f"{'kB each':>8}")
    for name, path in models():
        if OPTIONS.get("only") and OPTIONS["only"] not in name:
            continue
        rows[name] = measure(path)
        for row in rows[name] if "json" not in OPTIONS else ():
            show(name, row)
    if "json" in OPTIONS:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
