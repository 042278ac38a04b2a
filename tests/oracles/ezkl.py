#!/usr/bin/env python3
"""EZKL's example graphs, imported and run beside a float reference.

    ezkl.py PATH/TO/vouch [DATA] [NAME...]

Each graph of onnx-ezkl is imported with 16-bit activations, calibrated on its own input and COPIES
perturbed ones, and run on all of them. Real outputs must lie within 1 % of the output's range (the
largest minus the smallest number expected of the sample, or the largest magnitude where all are
equal), whole numbers and booleans must be equal. An open first dimension is the batch.

The reference is onnxruntime; where it refuses a graph's types, the ONNX project's own evaluator. A
graph without an input of its own gets a random one. Prints a row per graph; exits 0 when nothing is
wrong and at least PASSES_MIN pass, 77, saying why, where onnx, onnxruntime or the data are missing.
VOUCH_PYTHON names another Python that has them, VOUCH_DATA another folder of data.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SKIP = 77
PASSES_MIN = 50
TOLERANCE = 0.01  # of an output's range
COPIES = 3
PERTURBATION = 0.02  # of each number


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    other = os.environ.pop("VOUCH_PYTHON", None)
    if not other:
        skip(f"{missing}; install numpy, onnx and onnxruntime, or set VOUCH_PYTHON")
    os.execv(other, [other, *sys.argv])

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Wrong(Exception):
    """Numbers that differ, or a command that failed."""


class Refused(Exception):
    """What `vouch import` refuses by name."""


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)
    message = done.stderr.strip().removeprefix("vouch: ")
    if done.returncode == 1 and arguments[0] == "import" and re.search(r"node|input|tensor", message):
        raise Refused(message)
    if done.returncode != 0:
        raise Wrong(f"exit {done.returncode}: {message}")


class Reference:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(path, options)
            self.name, self.run = "onnxruntime", lambda feeds: session.run(None, feeds)
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidGraph:
            evaluator = ReferenceEvaluator(str(path))
            self.name, self.run = "onnx", lambda feeds: evaluator.run(None, feeds)


def first_sample(folder, model):
    initial = {i.name for i in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in initial]
    given = folder / "input.json"
    lists = json.loads(given.read_text())["input_data"] if given.exists() else None
    sample = {}
    for i, value in enumerate(inputs):
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        dims = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
        numbers = lists[i] if lists else np.random.default_rng(1).random(int(np.prod(dims)))
        sample[value.name] = np.array(numbers).astype(kind).reshape(dims)
    return sample


def perturbed(sample, seed):
    """Reals change a little, each by itself; whole numbers are labels, indices or bits, and stay.

    Equal numbers stay equal: a norm of them is 0 / 0, and what it makes of noise is another model's
    world.
    """
    draw = np.random.default_rng(seed)

    def change(x):
        shape = () if x.size > 1 and np.all(x == x.flat[0]) else x.shape
        return (x * (1 + PERTURBATION * draw.standard_normal(shape))).astype(x.dtype)

    return {name: change(x) if x.dtype.kind == "f" else x for name, x in sample.items()}


def as_fed(x):
    return x.astype(np.float32) if x.dtype.kind == "f" else x


def error_of(name, got, want):
    """The largest error as a part of the range; 0 or Wrong for whole numbers."""
    if got.size != want.size:
        raise Wrong(f"{name}: {got.size} numbers, expected {want.size}")
    got = got.reshape(want.shape)
    if want.dtype.kind in "biu":
        differ = int((got.astype(np.int64) != want.astype(np.int64)).sum())
        if differ:
            raise Wrong(f"{name}: {differ} of {want.size} whole numbers differ")
        return 0.0
    want = want.astype(np.float64)
    low, high = want.min(), want.max()
    return np.abs(got - want).max() / (high - low if high > low else max(abs(high), 1e-30))


def judge(vouch, key, folder, scratch):
    """The reference's name and the largest error."""
    source = folder / "network.onnx"
    model = onnx.load(source)
    sample = first_sample(folder, model)
    samples = [sample, *(perturbed(sample, seed) for seed in range(COPIES))]
    calibration = np.stack([np.concatenate([x.astype(np.float32).ravel() for x in s.values()])
                            for s in samples])
    np.save(scratch / "samples.npy", calibration)
    run(vouch, "import", source, "-o", scratch / "m.vouch", "--key", key, "--activations", 16,
        "--calibrate", scratch / "samples.npy")
    reference = Reference(source)
    worst = 0.0
    for s in samples:
        np.savez(scratch / "in.npz", **{name: as_fed(x) for name, x in s.items()})
        run(vouch, "run", scratch / "m.vouch", "--input", scratch / "in.npz", "--output",
            scratch / "out.npz")
        with np.load(scratch / "out.npz") as got:
            for value, want in zip(model.graph.output, reference.run(s)):
                worst = max(worst, error_of(value.name, got[value.name], np.asarray(want)))
    if not worst <= TOLERANCE:
        raise Wrong(f"off by {worst:.3g} of its range")
    return reference.name, worst


def main():
    rest = sys.argv[2:]
    data = pathlib.Path(os.environ.get("VOUCH_DATA", ROOT / "../shared/data"))
    if rest and pathlib.Path(rest[0]).is_dir():
        data = pathlib.Path(rest.pop(0))
    folders = sorted(p.parent for p in (data / "onnx-ezkl").glob("*/network.onnx"))
    if not folders:
        skip(f"no graphs below {data / 'onnx-ezkl'}")
    vouch, passes, wrong = pathlib.Path(sys.argv[1]).resolve(), 0, 0
    with tempfile.TemporaryDirectory(prefix="vouch-ezkl-") as name:
        scratch = pathlib.Path(name)
        run(vouch, "keygen", "-o", scratch / "owner.key", "--no-passphrase")
        for folder in folders:
            if rest and not any(part in folder.name for part in rest):
                continue
            try:
                reference, error = judge(vouch, scratch / "owner.key", folder, scratch)
                fate, text = "pass", f"{error:.1e} of the range of {reference}"
                passes += 1
            except Refused as why:
                fate, text = "refused", str(why)
            except (Wrong, subprocess.TimeoutExpired) as why:
                fate, text = "WRONG", str(why)
                wrong += 1
            print(f"{fate:8} {folder.name:26} {text}", flush=True)
    print(f"{passes} pass, {wrong} wrong of {len(folders)}; at least {PASSES_MIN} must pass")
    sys.exit(wrong > 0 or (not rest and passes < PASSES_MIN))


main()
