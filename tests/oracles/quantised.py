#!/usr/bin/env python3
"""Models that onnxruntime.quantization has quantised: their integers, computed as integers.

    quantised.py PATH/TO/vouch [DATA]

mnist-12 and ResNet-20 are quantised by onnxruntime in both of its formats (QDQ and QOperator), with
signed and with unsigned activations (ResNet-20 with a scale per channel), and imported without calibration: the
files say all that there is to know. Classes must be those of onnxruntime on the same file, and outputs
within a few steps of the last scale: both round in every layer, onnxruntime's halves to even.
"""
import sys

from bench import (DATA, WORK, Model, cifar, finish, mnist, normalised, np, onnx, runtime, say, skip)

AGREEMENT = 0.99
STEPS = 3 # of the output's scale, where a layer's rounding differs


class Samples:
    def __init__(self, name, rows):
        self.name, self.rows, self.next = name, rows.astype(np.float32), 0

    def get_next(self):
        if self.next == len(self.rows):
            return None
        self.next += 1
        return {self.name: self.rows[self.next - 1:self.next]}


def quantise(path, rows, form, kind, per_channel):
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    ready, out = WORK / "ready.onnx", WORK / f"{path.stem}-{form}-{kind}.onnx"
    quant_pre_process(str(path), str(ready), skip_symbolic_shape=True)
    name = onnx.load(ready).graph.input[0].name
    quantize_static(str(ready), str(out), Samples(name, rows), quant_format=QuantFormat[form],
                    per_channel=per_channel, weight_type=QuantType.QInt8,
                    activation_type=QuantType[kind])
    return out


def last_step(path):
    """The scale of what the model gives, in onnxruntime's last quantised node."""
    graph = onnx.load(path).graph
    numbers = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    for node in reversed(graph.node):
        if node.op_type == "DequantizeLinear" and node.input[0] not in numbers:
            return float(numbers[node.input[1]])
    return None


def compare(name, path, rows, labels, per_channel):
    for form in ("QDQ", "QOperator"):
        for kind in ("QUInt8", "QInt8"):
            file = quantise(path, rows[:64], form, kind, per_channel)
            wanted = runtime(file, rows[64:])
            got = Model(file).run(rows[64:])
            same = float((wanted.argmax(1) == got.argmax(1)).mean())
            step = last_step(file)
            steps = np.abs(wanted - got) / step
            right = [100 * float((y.argmax(1) == labels[64:]).mean()) for y in (got, wanted)]
            say(same >= AGREEMENT and np.quantile(steps, 0.99) <= STEPS,
                f"{name} {form} {kind}: same class {100 * same:.2f} %, {right[0]:.2f} % right "
                f"(onnxruntime {right[1]:.2f} %), outputs off by {steps.mean():.2f} steps, "
                f"{steps.max():.1f} at most")


def main():
    try:
        import onnxruntime.quantization
    except ImportError as missing:
        skip(f"onnxruntime.quantization: {missing}")
    if not (DATA / "onnx-trained").is_dir():
        skip(f"no trained networks in {DATA}; set VOUCH_DATA")
    train, test, labels = mnist()
    rows = np.concatenate([train[:64], test[:1000]])
    labels = np.concatenate([np.zeros(64, np.uint8), labels[:1000]])
    compare("mnist-12", DATA / "onnx-trained/mnist/mnist-12.onnx", rows, labels, False)
    colour, classes = cifar()
    pictures = normalised(colour, [.485, .456, .406], [.229, .224, .225])
    compare("ResNet-20", DATA / "derived/resnet20-12fca82f.onnx", pictures, classes,
            True)
    finish()


main()
