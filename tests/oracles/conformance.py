#!/usr/bin/env python3
"""The ONNX project's own node tests, imported and run: what passes, what is refused, what is wrong.

    conformance.py PATH/TO/vouch [DATA] [--table] [--json] [NAME...]

Each test is a model with inputs and the outputs that ONNX demands. What a test feeds as an input
but a real model holds as a constant (weights, shapes, axes: CONSTANT_OPERANDS) becomes an
initialiser; the model is calibrated on the test's own input with 16-bit activations, and run. Then

    pass      real outputs lie within 1 % of the output's range, which is the largest minus the
              smallest number expected, or the largest magnitude where all are equal to 0.1 %; whole numbers
              and booleans are equal; shapes are equal. Where ONNX expects NaN or an infinity, which
              no integer model has, any number will do
    refused   `vouch import` said no, with exit code 1 and a message that names what it refuses; or
              the test needs infinities or NaN, which no integer model has, and vouch said so
    rounding  a test of OTHER_ROUNDING, which says why the integers differ
    FAIL      another number, another shape, or a valid model called malformed
    CRASH     a signal, a time-out, or an exit without a message

NAMEs are parts of names of tests; without any, all run. --table prints a row per operator, --json
every test's fate. Exits 0 when nothing fails or crashes and, over all tests, at least PASSES_MIN
pass; 77, saying why, where onnx or the data are missing. VOUCH_PYTHON names another Python that has
onnx, VOUCH_DATA another folder of data.
"""
import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

SKIP = 77
PASSES_MIN = 1110
TOLERANCE = 0.01  # of an output's range
SECONDS_MAX = 60


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


try:
    import numpy as np
    import onnx
    from onnx import numpy_helper
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    other = os.environ.pop("VOUCH_PYTHON", None)
    if not other:
        skip(f"{missing}; install numpy and onnx, or set VOUCH_PYTHON")
    os.execv(other, [other, *sys.argv])

ROOT = pathlib.Path(__file__).resolve().parents[2]

# ONNX corrected what Attention means after the archive was made: grouped queries, the order of
# softcap and mask, causal masks with a past. What it demands now, and what onnxruntime computes,
# comes from its reference implementation.
SUPERSEDED = {"Attention"}

# Operands, counted from 0, that are constants in models: the weights, and what decides shapes.
# MatMul's operands stay inputs.
CONSTANT_OPERANDS = {
    "Attention": (6,),
    "AffineGrid": (1,),
    "BatchNormalization": (1, 2, 3, 4),
    "BitShift": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Clip": (1, 2),
    "Col2Im": (1, 2),
    "Compress": (1,),
    "Conv": (1, 2),
    "ConvInteger": (1, 2, 3),
    "ConvTranspose": (1, 2),
    "ConstantOfShape": (0,),
    "CumProd": (1,),
    "CumSum": (1,),
    "DFT": (1, 2),
    "DeformConv": (1, 3),
    "DequantizeLinear": (1, 2),
    "Dropout": (1, 2),
    "Expand": (1,),
    "Gather": (1,),
    "GatherElements": (1,),
    "GatherND": (1,),
    "Gemm": (1, 2),
    "GroupNormalization": (1, 2),
    "GRU": (1, 2, 3, 4),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "InstanceNormalization": (1, 2),
    "LSTM": (1, 2, 3, 4, 7),
    "LayerNormalization": (1, 2),
    "MatMulInteger": (2, 3),
    "MaxUnpool": (1, 2),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "NegativeLogLikelihoodLoss": (1, 2),
    "OneHot": (1, 2),
    "PRelu": (1,),
    "Pad": (1, 2, 3),
    "Pow": (1,),
    "QLinearConv": (1, 2, 3, 4, 5, 6, 7, 8),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "QuantizeLinear": (1, 2),
    "RMSNormalization": (1,),
    "RNN": (1, 2, 3, 4),
    "Range": (0, 1, 2),
    "ReduceL1": (1,),
    "ReduceL2": (1,),
    "ReduceLogSum": (1,),
    "ReduceLogSumExp": (1,),
    "ReduceMax": (1,),
    "ReduceMean": (1,),
    "ReduceMin": (1,),
    "ReduceProd": (1,),
    "ReduceSum": (1,),
    "ReduceSumSquare": (1,),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "ReverseSequence": (1,),
    "RoiAlign": (1, 2),
    "RotaryEmbedding": (1, 2, 3),
    "STFT": (1, 2, 3),
    "Scatter": (1,),
    "ScatterElements": (1,),
    "ScatterND": (1,),
    "Slice": (1, 2, 3, 4),
    "SoftmaxCrossEntropyLoss": (1, 2),
    "Split": (1,),
    "Squeeze": (1,),
    "TensorScatter": (2,),
    "Tile": (1,),
    "TopK": (1,),
    "Trilu": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
}


# Quantised results that are other integers.
OTHER_ROUNDING = {
    # sums beyond int8: the record wraps around, onnxruntime cuts off, as we do
    "test_qlinearmatmul_2D_int8_float16", "test_qlinearmatmul_2D_int8_float32",
    "test_qlinearmatmul_3D_int8_float16", "test_qlinearmatmul_3D_int8_float32",
    # negative halves: to even there, up here (specs/onnx.md)
    "test_quantizelinear_int16", "test_quantizelinear_uint16",
}


class Vouch:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.key = folder / "owner.key"

    def __call__(self, *arguments):
        try:
            done = subprocess.run([self.program, *map(str, arguments)], capture_output=True,
                                  text=True, stdin=subprocess.DEVNULL, timeout=SECONDS_MAX,
                                  check=False)
        except subprocess.TimeoutExpired:
            return -1, f"takes longer than {SECONDS_MAX} s"
        return done.returncode, done.stderr.strip()


class Fate(Exception):
    """How a test ends."""


def fed_constants(model):
    names = {i.name for i in model.graph.input}
    return {node.input[i] for node in model.graph.node
            for i in CONSTANT_OPERANDS.get(node.op_type, ())
            if i < len(node.input) and node.input[i] in names}


def base_name(name):
    """The test of the function whose body an "expanded" test is."""
    return re.sub(r"_expanded(_ver\d+|_function_body)?$", "", name)


def base_model(folder):
    """That test's model, for what it holds as constants."""
    base = folder.with_name(base_name(folder.name))
    return onnx.load(base / "model.onnx") if base != folder and base.is_dir() else None


def read_tensor(path, value):
    if value.type.WhichOneof("value") != "tensor_type":
        return None  # sequences, optionals, maps: the importer refuses the declaration
    return onnx.load_tensor(path)


class Test:
    def __init__(self, folder):
        self.name, self.folder = folder.name, folder
        self.model = onnx.load(folder / "model.onnx")
        base = base_model(folder)
        operators = [n.op_type for n in (base or self.model).graph.node]
        self.operator = operators[0] if len(set(operators)) == 1 else "several"
        constants = fed_constants(self.model) | (fed_constants(base) if base else set())
        self.inputs, self.is_finite = {}, True
        self.embed(constants)
        self.outputs = {
            value.name: read_tensor(folder / f"test_data_set_0/output_{i}.pb", value)
            for i, value in enumerate(self.model.graph.output)}
        if self.operator in SUPERSEDED:
            self.recompute()
        for tensor in self.outputs.values():
            if tensor is not None:
                self.look_at(numpy_helper.to_array(tensor))

    def recompute(self):
        fed = dict(self.inputs)
        outputs = ReferenceEvaluator(self.model).run(None, fed)
        self.outputs = {value.name: numpy_helper.from_array(array)
                        for value, array in zip(self.model.graph.output, outputs)}

    def look_at(self, array):
        if array.dtype.kind not in "biuOSU":  # numpy's isfinite does not know every small float
            self.is_finite &= bool(np.isfinite(array.astype(np.float64)).all())

    def embed(self, constants):
        graph = self.model.graph
        kept = []
        for i, value in enumerate(list(graph.input)):
            path = self.folder / f"test_data_set_0/input_{i}.pb"
            tensor = read_tensor(path, value) if path.exists() else None
            if tensor is not None and value.name in constants:
                tensor.name = value.name
                graph.initializer.append(tensor)
                continue
            kept.append(value)
            if tensor is not None:
                array = numpy_helper.to_array(tensor)
                self.inputs[value.name] = array
                self.look_at(array if array.dtype.kind != "c" else array.view(np.float32))
        del graph.input[:]
        graph.input.extend(kept)


def as_fed(array):
    return array if array.dtype.kind in "biu" else array.astype(np.float32)


def write_arrays(path, arrays):
    """An .npz of what has elements; to the importer the rest are constants."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            if array.size == 0 or array.dtype.kind in "OSUc":
                continue
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, as_fed(array), allow_pickle=False)


def classify(test, code, message):
    """Of a command that did not end with 0."""
    if code < 0 or not message or "Sanitizer" in message:
        raise Fate("CRASH", message or f"signal {-code}")
    message = message.removeprefix("vouch: ")
    named = {n.op_type for n in test.model.graph.node} | {"input", "output", "tensor", "inputs"}
    if code == 1 and named & set(re.findall(r"\w+", message)):
        raise Fate("refused", message)
    if not test.is_finite and "finite" in message or "no number" in message and not test.is_finite:
        raise Fate("refused", message)
    raise Fate("FAIL", f"exit {code}: {message}")


def compare(test, name, got, want):
    batched = (1, *want.shape[want.ndim > 0 and want.shape[0] == 1:])
    if got.shape != batched:
        raise Fate("FAIL", f"{name}: shape {got.shape}, expected {batched}")
    got = got.reshape(want.shape)
    if want.dtype.kind in "biu":
        wrong = int((got.astype(np.int64) != want.astype(np.int64)).sum())
        if wrong:
            raise Fate("FAIL", f"{name}: {wrong} of {want.size} whole numbers differ")
        return
    finite = np.isfinite(want.astype(np.float64))  # for the rest integers have no number
    want, got = want.astype(np.float64)[finite], got[finite]
    if want.size == 0:
        return
    low, high = want.min(), want.max()
    error = np.abs(got - want).max()
    largest = max(abs(low), abs(high), 1e-30)
    limit = TOLERANCE * (high - low if high - low > 1e-3 * largest else largest)
    if not error <= limit:
        raise Fate("FAIL", f"{name}: off by {error:.3g} in a range of {high - low:.3g}")


def attempt(test, vouch):
    work = vouch.folder / test.name
    model, package = work.with_suffix(".onnx"), work.with_suffix(".vouch")
    given, results = (vouch.folder / f"{test.name}.{end}.npz" for end in ("in", "out"))
    try:
        onnx.save(test.model, model)
        write_arrays(given, test.inputs)
        code, message = vouch("import", model, "-o", package, "--key", vouch.key, "--activations",
                              16, "--calibrate", given, "--threads", 1)
        if code != 0:
            classify(test, code, message)
        code, message = vouch("run", package, "--input", given, "--output", results,
                              "--threads", 1)
        if code != 0:
            classify(test, code, message)
        with np.load(results) as arrays:
            for name, tensor in test.outputs.items():
                compare(test, name, arrays[name], numpy_helper.to_array(tensor))
    finally:
        for path in (model, package, given, results):
            path.unlink(missing_ok=True)


def judge(job):
    folder, program, scratch = job
    test = Test(folder)
    try:
        attempt(test, Vouch(program, scratch))
    except Fate as fate:
        if fate.args[0] == "FAIL" and base_name(test.name) in OTHER_ROUNDING:
            return test.name, test.operator, "rounding", fate.args[1]
        return test.name, test.operator, *fate.args
    return test.name, test.operator, "pass", ""


FATES = ("pass", "refused", "rounding", "FAIL", "CRASH")


def print_table(results):
    rows = collections.defaultdict(collections.Counter)
    for _, operator, fate, _ in results:
        rows[operator][fate] += 1
        rows["all"][fate] += 1
    print(f"{'operator':<28}" + "".join(f"{f:>9}" for f in FATES))
    for operator in sorted(rows, key=lambda o: (o == "all", o)):
        print(f"{operator:<28}" + "".join(f"{rows[operator][f] or '.':>9}" for f in FATES))


def unpack(archive, folder):
    done = subprocess.run(["tar", "--zstd", "-xf", archive, "-C", folder], check=False)
    if done.returncode != 0:
        skip(f"{archive} does not unpack: tar and zstd are needed")
    return sorted(folder.glob("node/test_*"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vouch", type=pathlib.Path)
    parser.add_argument("rest", nargs="*", help="[DATA] [NAME...]")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    names = arguments.rest
    data = pathlib.Path(os.environ.get("VOUCH_DATA", ROOT.parent / "shared/data"))
    if names and pathlib.Path(names[0]).is_dir():
        data = pathlib.Path(names.pop(0))
    archive = data / "onnx-node-tests.tar.zst"
    if not archive.is_file():
        skip(f"there is no {archive}")
    program = arguments.vouch.resolve()
    with tempfile.TemporaryDirectory(prefix="vouch-conformance-") as scratch:
        scratch = pathlib.Path(scratch)
        folders = unpack(archive, scratch)
        chosen = [f for f in folders if not names or any(n in f.name for n in names)]
        vouch = Vouch(program, scratch)
        code, message = vouch("keygen", "-o", vouch.key, "--no-passphrase")
        if code != 0:
            sys.exit(message)
        with multiprocessing.Pool(2) as pool:
            results = pool.map(judge, [(f, program, scratch) for f in chosen], chunksize=8)
    counts = collections.Counter(fate for _, _, fate, _ in results)
    if arguments.json:
        print(json.dumps([dict(zip(("test", "operator", "fate", "message"), r)) for r in results],
                         indent=1))
        return
    for name, operator, fate, message in results:
        if fate not in ("pass", "refused") or names:
            print(f"{fate:<8} {name} ({operator}) {message}")
    if arguments.table:
        print_table(results)
    print(", ".join(f"{counts[f]} {f}" for f in FATES), f"of {len(results)}")
    if counts["FAIL"] + counts["CRASH"] > 0:
        sys.exit("some tests fail")
    if not names and counts["pass"] < PASSES_MIN:
        sys.exit(f"only {counts['pass']} pass; {PASSES_MIN} did before")


if __name__ == "__main__":
    main()
