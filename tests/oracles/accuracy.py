#!/usr/bin/env python3
"""How much of a trained network's accuracy is left at 8 and 16 bits.

    accuracy.py PATH/TO/vouch [DATA] [--all] [--choose] [--only=PART] [--with=OPTION...]

Every trained network in the data is imported with 8-bit and with 16-bit activations and answers
samples that calibration has not seen; onnxruntime answers the same with the float model. Where there
are labels, the points of accuracy lost count; without labels, how often the class is another; without
classes, the error beside the output's range. Where plain 8 bits lose more
than is allowed, the importer's own choice (--max-loss) has to do. --all takes all 10,000 MNIST images
instead of 2,000, --choose tries that choice everywhere, --only takes the networks whose name holds
PART, --with passes an option of `vouch import` on.
"""
import sys

from bench import (DATA, WORK, Model, cifar, finish, mnist, normalised, np, onnx, runtime, save,
                   say, skip)

POINTS = 0.3      # of accuracy that may be lost
ERROR = 0.01      # of the output's range, where there are no classes
TIE = 0.001       # of the output's range: a choice between two scores so close is nobody's loss
IMAGENET = [.485, .456, .406], [.229, .224, .225]
CIFAR = [.4914, .4822, .4465], [.2471, .2435, .2616] # of its training set
FLAT = [.485, .456, .406], [.225, .225, .225] # Kolter and Wong's


def settled(wanted, got, choose):
    """The class of each row, and where the float model hardly tells two apart, its own for both."""
    exact, ours = choose(wanted, axis=1), choose(got, axis=1)
    rows = np.arange(len(wanted))
    close = np.abs(wanted[rows, exact] - wanted[rows, ours]) < TIE * np.abs(wanted).max()
    return exact, np.where(close, exact, ours)


class Labelled:
    """Points of accuracy lost over folds of (calibration, inputs, labels)."""

    def __init__(self, folds, limit=None):
        self.folds = folds
        self.limit = limit or {8: POINTS, 16: POINTS}

    def judge(self, bits, wanted, got):
        labels = np.concatenate([labels for _, _, labels in self.folds])
        exact, ours = settled(wanted, got, np.argmax)
        right, right_ours = (100 * float((c == labels).mean()) for c in (exact, ours))
        same = 100 * float((exact == ours).mean())
        return (right - right_ours <= self.limit[bits] + 1e-9,
                f"{right_ours:6.2f} % right (float {right:.2f} %), same class {same:.2f} %")


class Unlabelled:
    """Class agreement, or the error where there is no class."""

    def __init__(self, folds, choose=None):
        self.folds, self.choose = folds, choose

    def judge(self, bits, wanted, got):
        error = float(np.abs(wanted - got).mean() / np.abs(wanted).max())
        text = f"mean error {100 * error:.3f} % of the range"
        if self.choose is None:
            return error <= ERROR, text
        exact, ours = settled(wanted, got, self.choose)
        other = int((exact != ours).sum())
        allowed = np.ceil(len(exact) * POINTS / 100) # one of 200
        return other <= allowed, f"{100 - 100 * other / len(exact):6.2f} % same class, {text}"


def halves(images, labels):
    """Few images: each half calibrates for the other."""
    half = len(images) // 2
    return [(images[:half], images[half:], labels[half:]),
            (images[half:], images[:half], labels[:half])]


def seeded(seed, count, low, high):
    return np.random.default_rng(seed).uniform(low, high, (count, *np.shape(low)))


def spectra(seed, count):
    """Five frames of 128 mel bands in decibels, smooth over bands and frames, as toycar takes."""
    rng = np.random.default_rng(seed)
    level, slope = rng.uniform(-30, 0, (count, 1, 1)), rng.uniform(-25, 0, (count, 1, 1))
    bands = np.linspace(0, 1, 128)
    hum = 6 * np.sin(2 * np.pi * bands * rng.uniform(1, 12, (count, 1, 1)))
    return (level + slope * bands + hum + rng.normal(0, 2, (count, 5, 128))).reshape(count, 640)


def networks(count):
    train, test, labels = mnist()
    train, test, labels = train[1::200][:256], test[:count], labels[:count]
    digits = lambda f: Labelled([(f(train), f(test), labels)])
    colour, classes = cifar()
    whole, unit = digits(lambda x: x), digits(lambda x: x / 255)
    rows = digits(lambda x: x.transpose(0, 2, 3, 1) / 255)
    flat = digits(lambda x: x[:, 0] / 255)
    kw = Labelled(halves(normalised(colour, *FLAT), classes))
    photos = colour.transpose(0, 2, 3, 1)
    pair = lambda calibration, inputs: [(calibration, inputs, None)]
    aircraft = [seeded(s, n, [-.3, -.5, -.5, -.5, -.5], [.68, .5, .5, .5, .5])
                .reshape(-1, 1, 1, 5) for s, n in ((1, 512), (2, 4000))]
    state = [seeded(s, n, [-1.0] * 4, [1.0] * 4) for s, n in ((1, 512), (2, 4000))]
    io = np.load(DATA / "onnx-trained/tract-keras/io.npz")
    vector = io[[k for k in io.files if io[k].size > 1][0]].reshape(-1, 100)
    near = [vector + seeded(s, n, [-.2] * 100, [.2] * 100) for s, n in ((1, 256), (2, 1000))]
    yield "derived/resnet20-12fca82f", Labelled(halves(normalised(colour, *IMAGENET), classes),
                                                {8: 2.0, 16: 0.5})
    yield "cifar10-resnet/resnet_2b", Labelled(halves(normalised(colour, *CIFAR), classes))
    for size in ("base", "deep", "wide"):
        yield f"marabou/cifar_{size}_kw", kw
        yield f"marabou/cifar_{size}_kw_simp", kw
    for name in ("mnist", "mnist-12", "mnist_float16"):
        yield f"mnist/{name}", whole
    yield "mnist-rten/mnist", digits(lambda x: (x / 255 - .1307) / .3081)
    yield "mnist-rten/mnist-external/mnist", digits(lambda x: (x / 255 - .1307) / .3081)
    for name in ("mnist5x20_leaky_relu", "softmax-last-layer"):
        yield f"marabou/{name}", unit
    for name in ("cnn_max_mninst2", "cnn_max_mninst3", "self-attention-mnist-pgd-medium-sim"):
        yield f"marabou/{name}", rows
    yield "marabou/robust_model_sigmoid_linear", flat
    yield "marabou/model-german-traffic-sign-fast", Unlabelled(halves(photos, classes),
                                                               np.argmax)
    yield "marabou/traffic-classifier64", Unlabelled(halves(255 * photos, classes), np.argmax)
    for name in ("1_1", "2_9"):
        yield f"marabou/ACASXU_experimental_v2a_{name}", Unlabelled(pair(*aircraft), np.argmin)
    yield "marabou/tanh_test", Unlabelled(pair(*state))
    yield "mlperf-tiny/toycar", Unlabelled(pair(spectra(1, 256), spectra(2, 500)))
    yield "tract-keras/example", Unlabelled(pair(near[0], np.concatenate([vector, near[1]])))


def with_reals(path):
    """toycar's exporter wrote int8 weights, dropped their scales, and gave integer types to ports of
    reals: onnxruntime refuses the file. With one scale for all weights it is a network again."""
    model = onnx.load(path)
    for port in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        port.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT8:
            reals = onnx.numpy_helper.to_array(tensor).astype(np.float32) / 128
            tensor.CopyFrom(onnx.numpy_helper.from_array(reals, tensor.name))
    onnx.save(model, WORK / path.name)
    return WORK / path.name


def answers(path, data, *options):
    got = []
    for calibration, inputs, _ in data.folds:
        ours = Model(path, "--calibrate", save("calibration", calibration), *options)
        got.append(ours.run(inputs))
    return np.concatenate(got)


def measure(name, data, options):
    """8 and 16 bits; where plain 8 bits lose too much, what --max-loss makes of them."""
    path = DATA / (name if name.startswith("derived") else f"onnx-trained/{name}")
    path = path.with_name(path.name + ".onnx")
    if "toycar" in name:
        path = with_reals(path)
    wanted = np.concatenate([runtime(path, inputs) for _, inputs, _ in data.folds])
    fits, text = data.judge(8, wanted, answers(path, data, *options))
    print(f"        int8  {name:45} {text}", flush=True)
    if not fits or "--choose" in sys.argv:
        got = answers(path, data, "--max-loss", POINTS, *options)
        fits, text = data.judge(8, wanted, got)
        text += f"  (--max-loss {POINTS})"
    say(fits, f"int8  {name:45} {text}")
    got = answers(path, data, "--activations", 16, *options)
    fits, text = data.judge(16, wanted, got)
    say(fits, f"int16 {name:45} {text}")


def main():
    if not (DATA / "onnx-trained").is_dir():
        skip(f"no trained networks in {DATA}; set VOUCH_DATA")
    parts = [a[7:] for a in sys.argv if a.startswith("--only=")] or [""]
    options = [a[7:] for a in sys.argv if a.startswith("--with=")]
    for name, data in networks(10000 if "--all" in sys.argv else 2000):
        if any(part in name for part in parts):
            try:
                measure(name, data, options)
            except RuntimeError as failed:
                say(False, f"{name}: {failed}")
    finish()


main()
