"""MNIST digits for likeness_experiment.py: a perceptron trained here, its honest engines, its impostors.

An output is the ten logits of one image.
"""
import gzip
import pathlib
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from likeness_engines import HALF, NUMPY, ort_engines, rounded, to_bits

SIZES = (784, 128, 64, 10)
SMALL = (784, 24, 10)


def read_idx(path):
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    dims = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dims)


def forward(weights, x, dtype=np.float32, half=None, product=np.matmul):
    x = rounded(x.astype(dtype), half)
    for i in range(0, len(weights), 2):
        x = rounded(product(x, rounded(weights[i], half).astype(dtype)) + weights[i + 1].astype(dtype), half)
        if i + 2 < len(weights):
            x = np.maximum(x, 0)
    return x.astype(np.float32)


def train(x, y, sizes, seed, epochs, start=None, rate=1e-3):
    """Adam on the cross entropy, batches of 128."""
    rng = np.random.default_rng(seed)
    weights = start and [w.copy() for w in start]
    if start is None:
        weights = []
        for inner, outer in zip(sizes, sizes[1:]):
            weights += [rng.normal(0, np.sqrt(2 / inner), (inner, outer)).astype(np.float32),
                        np.zeros(outer, np.float32)]
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    step = 0
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for at in range(0, len(x), 128):
            rows = order[at:at + 128]
            layers = [x[rows]]
            for i in range(0, len(weights), 2):
                z = layers[-1] @ weights[i] + weights[i + 1]
                layers.append(np.maximum(z, 0) if i + 2 < len(weights) else z)
            p = np.exp(layers[-1] - layers[-1].max(1, keepdims=True))
            gradient = p / p.sum(1, keepdims=True)
            gradient[np.arange(len(rows)), y[rows]] -= 1
            gradient /= len(rows)
            step += 1
            for i in range(len(weights) - 2, -1, -2):
                before = layers[i // 2]
                mine = before.T @ gradient, gradient.sum(0)
                gradient = (gradient @ weights[i].T) * (before > 0)
                for w, m, v, g in zip(weights[i:i + 2], first[i:i + 2], second[i:i + 2], mine):
                    m += 0.1 * (g - m)
                    v += 0.001 * (g * g - v)
                    w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return weights


def to_onnx(weights):
    nodes, tensors, name = [], [], "x"
    for i in range(0, len(weights), 2):
        tensors += [numpy_helper.from_array(w, f"w{i + j}") for j, w in enumerate(weights[i:i + 2])]
        out = f"z{i}" if i + 2 < len(weights) else "logits"
        nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"w{i + 1}"], [out]))
        if i + 2 < len(weights):
            nodes.append(helper.make_node("Relu", [out], [f"a{i}"]))
            name = f"a{i}"
    port = lambda n, d: helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", d])
    graph = helper.make_graph(nodes, "digits", [port("x", weights[0].shape[0])],
                              [port("logits", weights[-1].shape[0])], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Digits:
    name, coordinates = "digits perceptron", "10 logits"

    def __init__(self, data, vouch, quick):
        folder = pathlib.Path(data)
        images = read_idx(folder / "derived/mnist-train-images-idx3-ubyte.gz")
        labels = read_idx(folder / "datasets/mnist/train-labels-idx1-ubyte.gz")
        tests = read_idx(folder / "datasets/mnist/t10k-images-idx3-ubyte.gz")
        self.labels = read_idx(folder / "datasets/mnist/t10k-labels-idx1-ubyte.gz")
        flat = lambda a: a.reshape(len(a), 784).astype(np.float32) / 255
        order = np.random.default_rng(7).permutation(len(tests))[:3000 if quick else None]
        self.inputs, self.labels = flat(tests)[order], self.labels[order]
        self.train, self.train_labels = flat(images[:20000 if quick else None]), labels
        self.vouch, self.epochs = vouch, 1 if quick else 6
        self.weights = train(self.train, self.train_labels, SIZES, 1, self.epochs)
        self.calibration_count = 1200 if quick else 2000

    def right(self, outputs):
        return float((outputs.argmax(1) == self.labels).mean())

    def integers(self, bits):
        """vouch's own engine."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            onnx.save(to_onnx(self.weights), folder / "m.onnx")
            np.save(folder / "c.npy", self.train[:512])
            run = lambda *a: subprocess.run([self.vouch, *map(str, a)], check=True, capture_output=True)
            run("keygen", "-o", folder / "k", "--no-passphrase")
            run("import", folder / "m.onnx", "-o", folder / "m.vouch", "--key", folder / "k",
                "--calibrate", folder / "c.npy", "--activations", bits)
            answers = []
            for at in range(0, len(self.inputs), 1000):
                np.save(folder / "x.npy", self.inputs[at:at + 1000])
                run("run", folder / "m.vouch", "--input", folder / "x.npy", "-o", folder / "y.npy")
                answers.append(np.load(folder / "y.npy"))
            return np.concatenate(answers)

    def honest(self):
        w, x = self.weights, self.inputs
        runs = ort_engines(to_onnx(w), {"x": x}, len(x))
        runs |= {name: forward(w, x, **how) for name, how in NUMPY.items()}
        floats = list(runs)
        runs |= {f"NumPy, {half}": forward(w, x, half=half) for half in HALF}
        runs["vouch, int16"] = self.integers(16)
        return runs, {"float32": floats, "float32 + half": floats + [f"NumPy, {h}" for h in HALF],
                      "float32 + vouch int16": floats + ["vouch, int16"]}

    def impostors(self):
        w, x = self.weights, self.inputs
        ours = lambda weights, inputs=x: forward(weights, inputs)
        more = lambda seed, sizes=SIZES: train(self.train, self.train_labels, sizes, seed, self.epochs)
        flipped = [-v if i == 2 else v for i, v in enumerate(w)]
        nudged = [v * (1 + 0.01 * np.random.default_rng(3).normal(size=v.shape).astype(np.float32))
                  if i == 2 else v for i, v in enumerate(w)]
        tuned = lambda: train(self.train[:12800], self.train_labels[:12800], SIZES, 9, 1, w, rate=1e-4)
        cut = x.reshape(-1, 28, 28).copy()
        cut[:, 21:] = 0
        return {
            "a. vouch, int8": lambda: self.integers(8),
            "a. int8 weights": lambda: ours([to_bits(v, 8) for v in w]),
            "a. int4 weights": lambda: ours([to_bits(v, 4) for v in w]),
            "b. 784-24-10 instead of 784-128-64-10": lambda: ours(more(2, SMALL)),
            "c. fine-tuned: 100 steps": lambda: ours(tuned()),
            "c. another seed of training": lambda: ours(more(5)),
            "d. one layer's signs flipped": lambda: ours(flipped),
            "d. one layer's weights off by 1 %": lambda: ours(nudged),
            "e. lower quarter of the image cut": lambda: ours(w, cut.reshape(x.shape)),
        }
