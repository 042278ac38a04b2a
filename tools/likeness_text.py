"""stories260K for likeness_experiment.py: a Llama of 260,000 parameters, teacher-forced.

The client fixes 65 tokens; an output is the log-probability of each of the last 64 given those before.
"""
import pathlib
import struct

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from likeness_engines import HALF, NUMPY, ort_engines, rounded, to_bits

LENGTH = 64
CUT = 16  # tokens of context that are left when it is cut


class Llama:
    """llama2.c's legacy export."""

    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        dim, hidden, layers, heads, kv, vocab, length = struct.unpack_from("<7i", data)
        assert vocab > 0, "the classifier is expected to share the embedding"
        self.layers, self.heads, self.kv, self.head = layers, heads, kv, dim // heads
        self.weights, at = {}, 28
        kv_dim = kv * self.head
        for name, shape in (("embed", (vocab, dim)), ("norm1", (layers, dim)), ("q", (layers, dim, dim)),
                            ("k", (layers, kv_dim, dim)), ("v", (layers, kv_dim, dim)),
                            ("o", (layers, dim, dim)), ("norm2", (layers, dim)),
                            ("gate", (layers, hidden, dim)), ("down", (layers, dim, hidden)),
                            ("up", (layers, hidden, dim)), ("norm3", (dim,))):
            size = int(np.prod(shape))
            array = np.frombuffer(data, "<f4", size, at).reshape(shape)
            at += 4 * size
            matrix = name in ("q", "k", "v", "o", "gate", "down", "up")
            self.weights[name] = array.swapaxes(1, 2).copy() if matrix else array.copy()
        self.weights["head"] = self.weights["embed"].T.copy()

    def turns(self, length):
        """Rotary positions: cosines and sines, (length, head)."""
        rate = 10000.0 ** (-np.arange(0, self.head, 2) / self.head)
        angle = np.repeat(np.arange(length)[:, None] * rate, 2, axis=1)
        return np.cos(angle), np.sin(angle)

    def swap(self):
        """(a, b) of each pair becomes (-b, a)."""
        swap = np.zeros((self.head, self.head))
        for i in range(0, self.head, 2):
            swap[i + 1, i], swap[i, i + 1] = -1, 1
        return swap

    def mask(self, length, window=None):
        i, j = np.indices((length, length))
        seen = (j <= i) if window is None else (j <= i) & (j > i - window)
        return np.where(seen, 0.0, -1e9)


def forward(model, tokens, weights=None, dtype=np.float32, half=None, order=None, window=None, last=True,
            product=np.matmul):
    w = {n: rounded(v, half).astype(dtype) for n, v in (weights or model.weights).items()}
    r = lambda v: rounded(v.astype(dtype), half)
    batch, length = tokens.shape
    cosine, sine = (v.astype(dtype) for v in model.turns(length))
    swap, mask = model.swap().astype(dtype), model.mask(length, window).astype(dtype)
    norm = lambda v, g: r(v / np.sqrt((v * v).mean(-1, keepdims=True, dtype=dtype) + dtype(1e-5)) * g)
    heads = lambda v, n: v.reshape(batch, length, n, model.head).swapaxes(1, 2)
    turn = lambda v: r(v * cosine + (v @ swap) * sine)
    x = r(w["embed"][tokens])
    for i in range(model.layers) if order is None else order:
        n = norm(x, w["norm1"][i])
        q, k, v = turn(heads(r(product(n, w["q"][i])), model.heads)), turn(heads(r(product(n, w["k"][i])), model.kv)), \
            heads(r(product(n, w["v"][i])), model.kv)
        k, v = (np.repeat(t, model.heads // model.kv, axis=1) for t in (k, v))
        scores = r(product(q, k.swapaxes(2, 3)) * dtype(model.head**-0.5)) + mask
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores = r(scores / scores.sum(-1, keepdims=True))
        mixed = product(scores, v).swapaxes(1, 2).reshape(batch, length, -1)
        x = r(x + product(mixed, w["o"][i]))
        n = norm(x, w["norm2"][i])
        gate = product(n, w["gate"][i])
        inner = r(r(gate / (1 + np.exp(-gate))) * product(n, w["up"][i]))
        x = r(x + product(inner, w["down"][i]))
    x = norm(x, w["norm3"])
    return product(x, w["head"]) if last else x


def log_probabilities(logits, targets):
    logits = logits - logits.max(-1, keepdims=True)
    logits = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return np.take_along_axis(logits, targets[..., None], -1)[..., 0].astype(np.float32)


def to_onnx(model, length):
    nodes, tensors, counter = [], [], iter(range(10**6))

    def constant(value, kind=np.float32):
        name = f"c{next(counter)}"
        tensors.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def op(kind, *inputs, **attributes):
        name = f"t{next(counter)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    w = model.weights
    cosine, sine = (constant(v) for v in model.turns(length))
    swap, mask, eps = constant(model.swap()), constant(model.mask(length)), constant(1e-5)
    groups = constant(np.repeat(np.arange(model.kv), model.heads // model.kv), np.int64)
    axis, flat = constant([-1], np.int64), constant([0, 0, -1], np.int64)

    def norm(x, gain):
        mean = op("ReduceMean", op("Mul", x, x), axes=[-1])
        return op("Mul", op("Div", x, op("Sqrt", op("Add", mean, eps))), constant(gain))

    def heads(x, count):
        split = op("Reshape", x, constant([0, 0, count, model.head], np.int64))
        return op("Transpose", split, perm=[0, 2, 1, 3])

    turn = lambda x: op("Add", op("Mul", x, cosine), op("Mul", op("MatMul", x, swap), sine))
    product = lambda x, m: op("MatMul", x, constant(m))
    x = op("Gather", constant(w["embed"]), "tokens")
    for i in range(model.layers):
        n = norm(x, w["norm1"][i])
        q = turn(heads(product(n, w["q"][i]), model.heads))
        k = op("Gather", turn(heads(product(n, w["k"][i]), model.kv)), groups, axis=1)
        v = op("Gather", heads(product(n, w["v"][i]), model.kv), groups, axis=1)
        scores = op("MatMul", q, op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = op("Softmax", op("Add", op("Mul", scores, constant(model.head**-0.5)), mask), axis=-1)
        mixed = op("Reshape", op("Transpose", op("MatMul", scores, v), perm=[0, 2, 1, 3]), flat)
        x = op("Add", x, product(mixed, w["o"][i]))
        n = norm(x, w["norm2"][i])
        gate = product(n, w["gate"][i])
        inner = op("Mul", op("Mul", gate, op("Sigmoid", gate)), product(n, w["up"][i]))
        x = op("Add", x, product(inner, w["down"][i]))
    logs = op("LogSoftmax", product(norm(x, w["norm3"]), w["head"]), axis=-1)
    picked = op("GatherElements", logs, op("Unsqueeze", "targets", axis), axis=-1)
    nodes.append(helper.make_node("Squeeze", [picked, axis], ["log_probabilities"]))
    port = lambda n, t: helper.make_tensor_value_info(n, t, ["batch", length])
    graph = helper.make_graph(nodes, "stories", [port("tokens", TensorProto.INT64),
                                                 port("targets", TensorProto.INT64)],
                              [port("log_probabilities", TensorProto.FLOAT)], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Tokens:
    """llama2.c's tokenizer: pieces with scores, merged greedily."""

    def __init__(self, path):
        data, at, self.pieces, self.scores = pathlib.Path(path).read_bytes(), 4, {}, []
        while at < len(data):
            score, size = struct.unpack_from("<fi", data, at)
            self.pieces.setdefault(data[at + 8:at + 8 + size], len(self.scores))
            self.scores.append(score)
            at += 8 + size
        self.names = [piece for piece, _ in sorted(self.pieces.items(), key=lambda item: item[1])]
        self.known = {}

    def word(self, text):
        if text not in self.known:
            ids = []
            for piece in (c.encode() for c in text):
                ids += [self.pieces[piece]] if piece in self.pieces else [3 + b for b in piece]
            while True:
                merged = [self.pieces.get(self.names[a] + self.names[b]) for a, b in zip(ids, ids[1:])]
                places = [i for i, j in enumerate(merged) if j is not None]
                if not places:
                    break
                best = max(places, key=lambda i: self.scores[merged[i]])  # of equal ones the first
                ids[best:best + 2] = [merged[best]]
            self.known[text] = ids
        return self.known[text]

    def encode(self, text):
        return [1] + [i for word in text.split(" ") for i in self.word(" " + word)]


def fine_tuned(model, hidden, targets, steps=100, rate=0.02):
    """The head alone, by gradient steps on the cross entropy of another text."""
    head = model.weights["head"].copy()
    x, y = hidden.reshape(-1, hidden.shape[-1]), targets.reshape(-1)
    for _ in range(steps):
        p = x @ head
        p = np.exp(p - p.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        head -= rate * x.T @ p / len(y)
    return model.weights | {"head": head}


class Text:
    name, coordinates = "stories260K", "64 log-probabilities"

    def __init__(self, data, _vouch, quick):
        folder = pathlib.Path(data)
        self.model = Llama(folder / "llm/stories260K/stories260K.bin")
        tokens = Tokens(folder / "llm/stories260K/tok512.bin")
        count = 300 if quick else 4000
        self.windows = self.cut(tokens, folder / "text/tinystories/tinystories_sample.txt", count)
        self.other = self.cut(tokens, folder / "text/tinyshakespeare/input.txt", 100)
        self.calibration_count = 150 if quick else 2000

    @staticmethod
    def cut(tokens, path, count):
        """`count` windows of one story each, in an order that a seed deals."""
        rows, text = [], path.read_text(errors="ignore")[:1 << 21]
        for story in text.split("<|endoftext|>"):
            ids = tokens.encode(story.strip().replace("\n", " "))
            for at in range(0, len(ids) - LENGTH - 1, LENGTH):
                rows.append([1] + ids[at + 1:at + LENGTH + 1])
        order = np.random.default_rng(7).permutation(len(rows))[:count]
        return np.array(rows, np.int64)[order]

    def answer(self, **how):
        tokens, targets = self.windows[:, :-1], self.windows[:, 1:]
        return np.concatenate([log_probabilities(forward(self.model, tokens[at:at + 250], **how),
                                                 targets[at:at + 250])
                               for at in range(0, len(tokens), 250)])

    def honest(self):
        feeds = {"tokens": self.windows[:, :-1], "targets": self.windows[:, 1:]}
        runs = ort_engines(to_onnx(self.model, LENGTH), feeds, len(self.windows))
        runs |= {name: self.answer(**how) for name, how in NUMPY.items()}
        floats = list(runs)
        runs |= {f"NumPy, {half}": self.answer(half=half) for half in HALF}
        return runs, {"float32": floats, "float32 + half": list(runs)}

    def counted(self):
        """A model of pairs of tokens, counted on the windows themselves: as good as such a model gets."""
        counts = np.full((512, 512), 0.05)
        np.add.at(counts, (self.windows[:, :-1].ravel(), self.windows[:, 1:].ravel()), 1)
        logits = np.log(counts / counts.sum(1, keepdims=True))
        return log_probabilities(logits[self.windows[:, :-1]], self.windows[:, 1:])

    def impostors(self):
        w, layers = self.model.weights, list(range(self.model.layers))
        bits = lambda b: {n: np.stack([to_bits(m, b) for m in v]) if v.ndim == 3 else
                          (to_bits(v.T, b).T if n == "embed" else to_bits(v, b) if n == "head" else v)
                          for n, v in w.items()}
        hidden = lambda: forward(self.model, self.other[:, :-1], last=False)
        tuned = lambda: fine_tuned(self.model, hidden(), self.other[:, 1:])
        flipped = w | {"o": np.where(np.arange(len(layers))[:, None, None] == 2, -w["o"], w["o"])}
        noise = np.random.default_rng(3).normal(size=w["up"].shape).astype(np.float32)
        noise[np.arange(len(layers)) != 2] = 0
        nudged = w | {"up": w["up"] * (1 + 0.01 * noise)}
        return {
            "a. int8 weights": lambda: self.answer(weights=bits(8)),
            "a. int6 weights": lambda: self.answer(weights=bits(6)),
            "a. int4 weights": lambda: self.answer(weights=bits(4)),
            "b. four layers instead of five": lambda: self.answer(order=layers[:-1]),
            "b. counts of pairs of tokens": lambda: self.counted(),
            "c. head fine-tuned: 100 steps on other text": lambda: self.answer(weights=tuned()),
            "d. two layers swapped": lambda: self.answer(order=[0, 1, 3, 2, 4]),
            "d. one matrix's signs flipped": lambda: self.answer(weights=flipped),
            "d. one matrix's weights off by 1 %": lambda: self.answer(weights=nudged),
            f"e. context cut to {CUT} tokens": lambda: self.answer(window=CUT),
        }
