#!/usr/bin/env python3
"""Trains the two models of the demo and writes them, with inputs and labels, to demo/.

    digits          a convolutional network on the UCI digits, 8x8 pixels of 0..16
    breast_cancer   a multilayer perceptron on the Wisconsin diagnostic data, 30 measurements

Both are plain NumPy: forward, backward, Adam. Nothing of this runs when vouch is built; the
trained files are committed. To train again, in a virtual environment of its own:

    python3 -m venv build/venv
    build/venv/bin/pip install numpy scikit-learn onnx
    build/venv/bin/python tools/train_demo.py            # writes demo/
    build/venv/bin/python tools/train_demo.py --check    # trains, compares, writes nothing
"""
import argparse
import pathlib
import sys

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from sklearn.datasets import load_breast_cancer, load_digits
    from sklearn.model_selection import train_test_split
except ImportError as missing:
    sys.exit(f"{missing}\n{__doc__}")

DEMO = pathlib.Path(__file__).resolve().parent.parent / "demo"
SEED = 20250101
CHECK_POINTS_MAX = 1.0  # how far a second training may be from the committed weights
CALIBRATION_ROWS = 64
INPUT_ROWS = 10


# A layer: `forward` remembers what `backward` needs; `weights` and `gradients` run in parallel.


class Layer:
    weights, gradients, attributes = [], [], {}

    def operator(self):
        return type(self).__name__


class Conv(Layer):
    """3x3, one pixel of padding: height and width stay."""
    attributes = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}

    def __init__(self, inputs, outputs, random):
        scale = np.sqrt(2 / (9 * inputs))
        self.weights = [random.normal(0, scale, (outputs, inputs, 3, 3)).astype(np.float32),
                        np.zeros(outputs, np.float32)]

    @staticmethod
    def patches(x):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        batch, channels, height, width = x.shape
        return windows.transpose(0, 2, 3, 1, 4, 5).reshape(batch * height * width, channels * 9)

    def forward(self, x):
        kernel, bias = self.weights
        self.shape, self.columns = x.shape, self.patches(x)
        y = self.columns @ kernel.reshape(len(kernel), -1).T + bias
        return y.reshape(len(x), *x.shape[2:], len(kernel)).transpose(0, 3, 1, 2)

    def backward(self, dy):
        kernel = self.weights[0]
        flat = dy.transpose(0, 2, 3, 1).reshape(-1, len(kernel))
        self.gradients = [(flat.T @ self.columns).reshape(kernel.shape), flat.sum(0)]
        # The gradient of a padded correlation is the correlation with the turned kernel.
        turned = kernel[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        dx = self.patches(dy) @ turned.reshape(len(turned), -1).T
        return dx.reshape(self.shape[0], *self.shape[2:], self.shape[1]).transpose(0, 3, 1, 2)


class Gemm(Layer):
    attributes = {"transB": 1}

    def __init__(self, inputs, outputs, random):
        scale = np.sqrt(2 / inputs)
        self.weights = [random.normal(0, scale, (outputs, inputs)).astype(np.float32),
                        np.zeros(outputs, np.float32)]

    def forward(self, x):
        self.x = x
        return x @ self.weights[0].T + self.weights[1]

    def backward(self, dy):
        self.gradients = [dy.T @ self.x, dy.sum(0)]
        return dy @ self.weights[0]


class Relu(Layer):
    def forward(self, x):
        self.open = x > 0
        return x * self.open

    def backward(self, dy):
        return dy * self.open


class MaxPool(Layer):
    """2x2, stride 2."""
    attributes = {"kernel_shape": [2, 2], "strides": [2, 2]}

    def forward(self, x):
        batch, channels, height, width = x.shape
        tiles = x.reshape(batch, channels, height // 2, 2, width // 2, 2)
        y = tiles.max((3, 5), keepdims=True)
        self.shape, self.largest = x.shape, tiles == y
        return y[:, :, :, 0, :, 0]

    def backward(self, dy):
        shared = dy[:, :, :, None, :, None] / self.largest.sum((3, 5), keepdims=True)
        return (shared * self.largest).reshape(self.shape)


class Flatten(Layer):
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape)


def predict(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def accuracy(layers, x, labels):
    return 100 * float(np.mean(predict(layers, x).argmax(1) == labels))


def loss_gradient(logits, labels, smoothing):
    """Of the mean cross-entropy with smoothed labels."""
    exponents = np.exp(logits - logits.max(1, keepdims=True))
    target = np.full_like(logits, smoothing / logits.shape[1])
    target[np.arange(len(labels)), labels] += 1 - smoothing
    return (exponents / exponents.sum(1, keepdims=True) - target) / len(labels)


class Adam:
    def __init__(self, layers, decay):
        self.layers, self.decay, self.step_count = layers, decay, 0
        self.mean = [np.zeros_like(w) for layer in layers for w in layer.weights]
        self.square = [np.zeros_like(m) for m in self.mean]

    def step(self, rate):
        self.step_count += 1
        rate *= np.sqrt(1 - 0.999 ** self.step_count) / (1 - 0.9 ** self.step_count)
        pairs = [pair for layer in self.layers for pair in zip(layer.weights, layer.gradients)]
        for (weight, gradient), mean, square in zip(pairs, self.mean, self.square):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient * gradient - square)
            weight -= rate * mean / (np.sqrt(square) + 1e-8) + rate * self.decay * weight


def train(layers, x, labels, random, epochs, rate, decay=0.0, augment=lambda x, random: x):
    adam, batch = Adam(layers, decay), 32
    for epoch in range(epochs):
        order = random.permutation(len(x))
        slower = rate * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for start in range(0, len(x), batch):
            rows = order[start:start + batch]
            logits = predict(layers, augment(x[rows], random))
            gradient = loss_gradient(logits, labels[rows], smoothing=0.05)
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            adam.step(slower)


# The two models. Each gives its name, layers, training and test data.


def shift_a_little(x, random):
    """Each image up to one pixel aside: handwriting is not centred."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    moved = np.empty_like(x)
    for image, (down, right) in enumerate(random.integers(0, 3, (len(x), 2))):
        moved[image] = padded[image, :, down:down + 8, right:right + 8]
    return moved


def blur_a_little(x, random):
    return x + 0.3 * random.standard_normal(x.shape, np.float32)


def train_digits():
    random = np.random.default_rng(SEED)
    data = load_digits()
    images = data.images.astype(np.float32)[:, None]  # (images, 1, 8, 8)
    split = train_test_split(images, data.target, test_size=0.25, random_state=0,
                             stratify=data.target)
    x, x_test, labels, labels_test = split
    layers = [Conv(1, 16, random), Relu(), Conv(16, 32, random), Relu(), MaxPool(),
              Conv(32, 32, random), Relu(), MaxPool(), Flatten(),
              Gemm(128, 64, random), Relu(), Gemm(64, 10, random)]
    layers[0].weights[0] /= 8  # pixels are 0..16
    train(layers, x, labels, random, epochs=40, rate=2e-3, augment=shift_a_little)
    one_of_each = [int(np.flatnonzero(labels_test == digit)[0]) for digit in range(10)]
    return layers, x, x_test, labels_test, one_of_each


def train_breast_cancer():
    """Measurements enter standardised, (value - mean) / deviation over the training rows: an
    integer model has one scale per tensor, and raw ones span 0.001 to 4000."""
    random = np.random.default_rng(SEED)
    data = load_breast_cancer()
    split = train_test_split(data.data, data.target, test_size=0.25, random_state=0,
                             stratify=data.target)
    raw, raw_test, labels, labels_test = split
    mean, deviation = raw.mean(0), raw.std(0)
    x, x_test = [((rows - mean) / deviation).astype(np.float32) for rows in (raw, raw_test)]
    sizes = [30, 32, 32, 32, 32, 2]
    layers = [layer for i in range(5) for layer in (Gemm(sizes[i], sizes[i + 1], random), Relu())]
    layers.pop()
    # Chosen by five-fold cross-validation on the training rows.
    train(layers, x, labels, random, epochs=30, rate=2e-3, decay=0.1, augment=blur_a_little)
    return layers, x, x_test, labels_test, list(range(INPUT_ROWS))


MODELS = {"digits": (train_digits, 97.0), "breast_cancer": (train_breast_cancer, 96.0)}


def to_onnx(name, layers, input_shape):
    nodes, weights, value = [], [], "input"
    for index, layer in enumerate(layers):
        stem = f"{layer.operator().lower()}_{index}"
        names = [f"{stem}.{part}" for part in ("weight", "bias")][:len(layer.weights)]
        weights += [numpy_helper.from_array(w, n) for w, n in zip(layer.weights, names)]
        result = "logits" if layer is layers[-1] else stem
        nodes.append(helper.make_node(layer.operator(), [value, *names], [result], name=stem,
                                      **layer.attributes))
        value = result
    classes = layers[-1].weights[1].size
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", *input_shape])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", classes])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                              producer_name="tools/train_demo.py", ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def load_weights(model, layers):
    """The weights of a committed file, into layers of the same shape."""
    arrays = iter(numpy_helper.to_array(tensor) for tensor in model.graph.initializer)
    for layer in layers:
        layer.weights = [next(arrays).reshape(w.shape) for w in layer.weights]


def write(name, layers, x, x_test, labels_test, shown):
    random = np.random.default_rng(SEED)
    sample = np.sort(random.choice(len(x), CALIBRATION_ROWS, replace=False))
    onnx.save(to_onnx(name, layers, x.shape[1:]), DEMO / f"{name}.onnx")
    np.save(DEMO / f"{name}_inputs.npy", x_test[shown])
    np.save(DEMO / f"{name}_calibration.npy", x[sample])
    labels = "".join(f"{label}\n" for label in labels_test[shown])
    (DEMO / f"{name}_labels.txt").write_text(labels)


def main():
    usage = argparse.ArgumentParser(description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    usage.add_argument("--check", action="store_true",
                       help="train again and compare with the committed weights")
    check, failed = usage.parse_args().check, False
    for name, (train_model, floor) in MODELS.items():
        layers, x, x_test, labels_test, shown = train_model()
        fresh = accuracy(layers, x_test, labels_test)
        line = f"{name}: {fresh:.1f} % of {len(x_test)} test rows"
        if check:
            load_weights(onnx.load(DEMO / f"{name}.onnx"), layers)
            committed = accuracy(layers, x_test, labels_test)
            line += f", committed weights {committed:.1f} %"
            if abs(fresh - committed) > CHECK_POINTS_MAX:
                line, failed = f"{line}: more than {CHECK_POINTS_MAX} points apart", True
            fresh = committed
        elif fresh >= floor:
            write(name, layers, x, x_test, labels_test, shown)
            line += f", written to demo/{name}.onnx"
        if fresh < floor:
            line, failed = f"{line}; expected at least {floor:.0f} %", True
        print(line)
    sys.exit(failed)


if __name__ == "__main__":
    main()
