"""What comparisons with onnxruntime share: where data is, how vouch is called, what is reported.

A program here is called as PROGRAM PATH/TO/vouch [DATA]. It exits 77, saying why, where onnxruntime,
onnx, numpy or the data are missing. VOUCH_PYTHON names another Python that has them, VOUCH_DATA
another folder of data.
"""
import atexit
import os
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77
BATCH = 4096 # the largest that `vouch run` takes


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    other = os.environ.pop("VOUCH_PYTHON", None)
    if not other:
        skip(f"{missing}; install numpy, onnx and onnxruntime, or set VOUCH_PYTHON")
    os.execv(other, [other, *sys.argv])

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSITIONAL = [a for a in sys.argv[1:] if not a.startswith("-")]
VOUCH = pathlib.Path(POSITIONAL[0]).resolve()
DATA = pathlib.Path(POSITIONAL[1] if len(POSITIONAL) > 1 and pathlib.Path(POSITIONAL[1]).is_dir()
                    else os.environ.get("VOUCH_DATA", ROOT / "../shared/data"))
_folder = tempfile.TemporaryDirectory(prefix="vouch-oracle-")
atexit.register(_folder.cleanup)
WORK = pathlib.Path(_folder.name)
failures = []


def say(ok, text):
    print(("ok      " if ok else "NOT OK  ") + text, flush=True)
    if not ok:
        failures.append(text)


def finish():
    if failures:
        sys.exit(f"{len(failures)} comparisons failed")


def vouch(*arguments):
    """The program's output, or its message where it fails, with the exit code in front."""
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"vouch {' '.join(map(str, arguments))}: {done.returncode}\n"
                           f"{done.stdout}{done.stderr}")
    return done.stdout


def key():
    """The owner's key, made on first use."""
    path = WORK / "owner.key"
    if not path.exists():
        vouch("keygen", "--output", path, "--no-passphrase")
    return path


def save(name, rows):
    path = WORK / f"{name}.npy"
    np.save(path, np.ascontiguousarray(rows, dtype=np.float32))
    return path


def perceptron(widths, random):
    """A multilayer perceptron with random weights: only what it costs is asked for."""
    from onnx import TensorProto, helper, numpy_helper
    nodes, weights, x = [], [], "x"
    for i, (n, m) in enumerate(zip(widths, widths[1:])):
        w = random.standard_normal((n, m)) * (2 / n) ** .5
        for name, value in ("w", w), ("b", random.standard_normal(m) / 10):
            weights.append(numpy_helper.from_array(value.astype(np.float32), f"{name}{i}"))
        last = i == len(widths) - 2
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], ["y" if last else f"h{i}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"h{i}"], [f"r{i}"]))
        x = f"r{i}"
    port = lambda name, n: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", n])
    graph = helper.make_graph(nodes, "mlp", [port("x", widths[0])], [port("y", widths[-1])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


class Model:
    """An imported model."""

    def __init__(self, path, *options, name="model"):
        self.package = WORK / f"{name}.vouch"
        self.report = vouch("import", path, "--output", self.package, "--key", key(), *options)

    def run(self, rows, *options):
        results = []
        for first in range(0, len(rows), BATCH):
            chunk = rows[first:first + BATCH]
            vouch("run", self.package, "--input", save("in", chunk), "--output", WORK / "out.npy",
                  *options)
            results.append(np.load(WORK / "out.npy").reshape(len(chunk), -1))
        return np.concatenate(results)


def session(model):
    """Of a path, or of bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1 # with more, sums depend on how work falls to threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model if isinstance(model, bytes) else str(model), options)


def runtime(model, rows, output=0):
    """onnxruntime's answers; sample by sample where the file fixes the batch at one."""
    at = session(model)
    port = at.get_inputs()[0]
    shape = [1] + [d for d in port.shape[1:]]
    kind = np.float16 if "float16" in port.type else np.float32
    rows = rows.astype(kind)
    step = 1 if port.shape[0] == 1 else 256
    results = [at.run(None, {port.name: rows[i:i + step].reshape(-1, *shape[1:])})[output]
               for i in range(0, len(rows), step)]
    return np.concatenate([r.reshape(len(r), -1) for r in results]).astype(np.float32)


def read_idx(path):
    import gzip
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def mnist():
    """(training images, test images, test labels); images 0..255 as (N, 1, 28, 28)."""
    picture = lambda path: read_idx(DATA / path).reshape(-1, 1, 28, 28).astype(np.float32)
    return (picture("derived/mnist-train-images-idx3-ubyte.gz"),
            picture("datasets/mnist/t10k-images-idx3-ubyte.gz"),
            read_idx(DATA / "datasets/mnist/t10k-labels-idx1-ubyte.gz"))


def cifar():
    """(images 0..1 as (200, 3, 32, 32), labels)."""
    raw = np.fromfile(DATA / "derived/cifar10_exact_subset.bin", np.uint8).reshape(-1, 3073)
    return raw[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255, raw[:, 0]


def normalised(images, mean, deviation):
    shape = (-1, 1, 1)
    return (images - np.reshape(mean, shape)) / np.reshape(deviation, shape)
