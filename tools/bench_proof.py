#!/usr/bin/env python3
"""What proofs cost: prover, verifier, size and memory, over a plain run in the same process.

    bench_proof.py PATH/TO/vouch [DATA] [--rounds=N] [--only=PART] [--json]

Models of real sizes: perceptrons with random weights, MNIST's networks, ResNet-20. For each, `vouch
bench --prove` proves one sample N times and prints medians. "prove" is everything from the input to
the finished proof, the weights' commitment included; "kept" is what it takes a prover that has kept
this commitment from the proof before; "annex" is what a reader checks once for each
annex and which "verify" contains. The profile is in percent of the prover's time. Where LIMITS has a
row, what is missed is said. Exit code 77: skipped, the message says why.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/oracles"))
from bench import DATA, WORK, key, np, onnx, perceptron, skip, vouch  # noqa: E402

OPTIONS = dict(a.lstrip("-").partition("=")[::2] for a in sys.argv[1:] if a.startswith("--"))
ROUNDS = int(OPTIONS.get("rounds") or 15)
FILES = {
    "MNIST CNN (mnist-12)": "onnx-trained/mnist/mnist-12.onnx",
    "MNIST CNN (rten)": "onnx-trained/mnist-rten/mnist.onnx",
    "EZKL 1l_mlp": "onnx-ezkl/1l_mlp/network.onnx",
    "EZKL 4l_relu_conv_fc": "onnx-ezkl/4l_relu_conv_fc/network.onnx",
    "self-attention (Marabou)": "onnx-trained/marabou/self-attention-mnist-pgd-medium-sim.onnx",
    "ResNet-20": "derived/resnet20-12fca82f.onnx",
}
LIMITS = {  # milliseconds to prove, bytes of memory
    "MLP 784-128-10": (20, None),
    "MNIST CNN (mnist-12)": (50, None),
    "ResNet-20": (2000, 1.5e9),
}
random = np.random.default_rng(1)


def models():
    for widths in (784, 128, 10), (784, 512, 512, 10):
        name = "-".join(map(str, widths))
        onnx.save(perceptron(widths, random), WORK / f"mlp-{name}.onnx")
        yield f"MLP {name}", WORK / f"mlp-{name}.onnx"
    for name, path in FILES.items():
        if (DATA / path).exists():
            yield name, DATA / path


def measure(path):
    package = WORK / "proof.vouch"
    vouch("import", path, "-o", package, "--key", key(), "--calibrate", "synthetic",
          "--calibrate-max", 8)
    return json.loads(vouch("bench", package, "--prove", ROUNDS, "--json"))


def show(name, row):
    total = row["us"]["total"]
    profile = "  ".join(f"{phase} {100 * us / total:.0f}" for phase, us in row["us"].items()
                        if phase != "total" and us * 200 > total)
    print(f"{name:<26} {row['prove_us'] / 1e3:>8.1f} {row['prove_kept_us'] / 1e3:>6.1f} {row['prove_us'] / row['plain_us']:>9.0f}x "
          f"{row['verify_us'] / 1e3:>8.1f} {row['annex_verify_us'] / 1e3:>7.1f} "
          f"{row['proof_size'] / 1e3:>7.0f} {row['peak_memory'] / 1e6:>7.0f}   {profile}", flush=True)
    ms, memory = LIMITS.get(name, (None, None))
    if ms and row["prove_kept_us"] > 1e3 * ms:
        print(f"    missed: {ms} ms")
    if memory and row["peak_memory"] > memory:
        print(f"    missed: {memory / 1e6:.0f} MB")


def main():
    if not DATA.is_dir():
        skip("the real models are not here (VOUCH_DATA names their folder)")
    rows = {}
    if "json" not in OPTIONS:
        print(f"{'model':<26} {'prove ms':>8} {'kept':>6} {'plain run':>10} {'verify':>8} {'annex':>7} "
              f"{'kB':>7} {'MB':>7}   profile, %")
    for name, path in models():
        if OPTIONS.get("only") and OPTIONS["only"] not in name:
            continue
        rows[name] = measure(path)
        if "json" not in OPTIONS:
            show(name, rows[name])
    if "json" in OPTIONS:
        print(json.dumps(rows, indent=1))


main()
