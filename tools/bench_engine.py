#!/usr/bin/env python3
"""The engine beside onnxruntime, in one run: same models, threads and batches, taking turns.

    bench_engine.py PATH/TO/vouch [DATA] [--rounds=N] [--threads=N,...] [--only=PART] [--json]

onnxruntime runs the float model and its own int8 quantisation of it (quantize_static), in whichever
form was fastest in a first trial: QDQ or QOperator, unsigned or signed activations, per tensor or per
channel. vouch runs what `vouch import` makes of it by default, in one process (`vouch bench`).
Times are of the engines alone: inputs are in place, float ones for onnxruntime and quantised ones
for vouch. A round measures all three one after another; what is printed are medians of the rounds'
medians and of their ratios, and in brackets the fastest run. The call from Python costs onnxruntime
what the first line says, which is part of its times. Exit code 77: skipped, the message says why.
"""
import json
import logging
import os
import statistics
import sys
import time
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/oracles"))
from bench import DATA, WORK, key, np, onnx, onnxruntime, perceptron, save, skip, vouch  # noqa: E402

try:
    from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType,
                                          quantize_static)
    from onnxruntime.quantization.shape_inference import quant_pre_process
except ImportError as missing:
    skip(str(missing))

BATCHES = 1, 16
SECONDS = 0.1 # per measurement
SAMPLES = 20  # for calibration
FLOAT_FACTOR = 1.5 # the engine is to be at least so many times onnxruntime's float speed
FILES = {
    "ResNet-20": "derived/resnet20-12fca82f.onnx",
    "MNIST CNN (mnist-12)": "onnx-trained/mnist/mnist-12.onnx",
    "MNIST CNN (rten)": "onnx-trained/mnist-rten/mnist.onnx",
    "MNIST CNN (max pool 2)": "onnx-trained/marabou/cnn_max_mninst2.onnx",
    "MNIST CNN (max pool 3)": "onnx-trained/marabou/cnn_max_mninst3.onnx",
}
random = np.random.default_rng(1)


def free_batch(model):
    """The model with a batch of any size, where the file fixes it at one."""
    from onnx import numpy_helper
    graph = model.graph
    for value in [*graph.input, *graph.output]:
        if value.name not in {w.name for w in graph.initializer}:
            value.type.tensor_type.shape.dim[0].ClearField("dim_value")
            value.type.tensor_type.shape.dim[0].dim_param = "N"
    del graph.value_info[:]
    shapes = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    holders = [t for t in graph.initializer if t.name in shapes]
    holders += [n.attribute[0].t for n in graph.node
                if n.op_type == "Constant" and n.output[0] in shapes]
    weights = {t.name for t in graph.initializer}
    of_weights = {n.input[1] for n in graph.node if n.op_type == "Reshape" and n.input[0] in weights}
    for tensor in holders:
        shape = numpy_helper.to_array(tensor).copy()
        if len(shape) and shape[0] == 1 and tensor.name not in of_weights:
            shape[0] = -1
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))
    return model


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Runtime:
    """onnxruntime with its inputs and outputs in place."""

    def __init__(self, path, threads, batch):
        self.at = session(path, threads)
        port = self.at.get_inputs()[0]
        shape = [batch] + [d if isinstance(d, int) else 1 for d in port.shape[1:]]
        self.binding = self.at.io_binding()
        self.binding.bind_cpu_input(port.name, random.standard_normal(shape).astype(np.float32))
        for output in self.at.get_outputs():
            self.binding.bind_output(output.name, "cpu")

    def measure(self, seconds=SECONDS):
        """(median, least) microseconds of a run."""
        times, end = [], time.perf_counter() + seconds
        while len(times) < 3 or time.perf_counter() < end:
            begin = time.perf_counter_ns()
            self.at.run_with_iobinding(self.binding)
            times.append((time.perf_counter_ns() - begin) / 1000)
        return statistics.median(times), min(times)


class Reader(CalibrationDataReader):
    def __init__(self, name, samples):
        self.rows = ({name: row[None]} for row in samples)

    def get_next(self):
        return next(self.rows, None)


def quantised(path, name, samples):
    """Every form of onnxruntime's int8 that it makes of the model."""
    ready = path.with_suffix(".ready.onnx")
    try:
        quant_pre_process(str(path), str(ready), skip_symbolic_shape=True)
    except Exception: # what it cannot prepare it may quantise as it is
        ready = path
    port = session(path, 1).get_inputs()[0].name
    for form in QuantFormat.QDQ, QuantFormat.QOperator:
        for activation in QuantType.QUInt8, QuantType.QInt8:
            for per_channel in False, True:
                out = path.with_suffix(f".{form.name}.{activation.name}.{per_channel}.onnx")
                try:
                    quantize_static(str(ready), str(out), Reader(port, samples), quant_format=form,
                                    activation_type=activation, weight_type=QuantType.QInt8,
                                    per_channel=per_channel)
                    session(out, 1)
                except Exception as error: # some forms it cannot make of some models
                    print(f"# {name}: no {form.name} with {activation.name}"
                          f"{' per channel' if per_channel else ''}: {str(error)[:60]}")
                    continue
                yield f"{form.name} {activation.name}{' per channel' if per_channel else ''}", out


class Contender:
    def __init__(self, name, model):
        path = WORK / f"{len(list(WORK.glob('*.float.onnx')))}.float.onnx"
        onnx.save(free_batch(model), path)
        shape = [d if isinstance(d, int) else 1 for d in session(path, 1).get_inputs()[0].shape[1:]]
        samples = random.standard_normal([SAMPLES, *shape]).astype(np.float32)
        self.name, self.path = name, path
        self.forms = dict(quantised(path, name, samples))
        self.package = path.with_suffix(".vouch")
        vouch("import", path, "--output", self.package, "--key", key(), "--calibrate",
              save("calibration", samples))

    def best_form(self, threads, batch):
        trials = {form: min(Runtime(path, threads, batch).measure(SECONDS / 2)[1] for _ in range(3))
                  for form, path in self.forms.items()}
        return min(trials, key=trials.get)

    def measure_ours(self, threads, batch):
        rows = json.loads(vouch("bench", self.package, "--best", "--json", "--batch", batch,
                                "--threads", threads, "--milliseconds", int(SECONDS * 1000)))
        return rows[0]["us_per_sample"] * batch, rows[0]["least_us_per_sample"] * batch

    def compare(self, threads, batch, rounds):
        form = self.best_form(threads, batch)
        exact = Runtime(self.path, threads, batch)
        narrow = Runtime(self.forms[form], threads, batch)
        times = {"ours": [], "float": [], "int8": []}
        for _ in range(rounds):
            times["ours"].append(self.measure_ours(threads, batch))
            times["float"].append(exact.measure())
            times["int8"].append(narrow.measure())
        row = {"model": self.name, "threads": threads, "batch": batch, "form": form}
        for who, pairs in times.items():
            row[who] = statistics.median(pair[0] for pair in pairs)
            row[f"{who}_least"] = min(pair[1] for pair in pairs)
        for who in "float", "int8":
            row[f"times_{who}"] = statistics.median(
                theirs[0] / ours[0] for theirs, ours in zip(times[who], times["ours"]))
            row[f"times_{who}_least"] = row[f"{who}_least"] / row["ours_least"]
        row["is_fast"] = row["times_float"] >= FLOAT_FACTOR and row["times_int8"] >= 1
        return row


def call_cost():
    """Microseconds that a call from Python takes by itself."""
    from onnx import TensorProto, helper
    port = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "id", [port("x")],
                              [port("y")])
    path = WORK / "identity.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
              path)
    return Runtime(path, 1, 1).measure()[0]


def models(only):
    for name, file in FILES.items():
        if only in name and (DATA / file).exists():
            yield name, onnx.load(DATA / file)
    if only in "MLP 784-512-512-10":
        yield "MLP 784-512-512-10", perceptron([784, 512, 512, 10], random)


def show(row):
    print(f"{row['model']:<23} {row['threads']:>7} {row['batch']:>5} "
          f"{row['ours']:>9.1f} ({row['ours_least']:>7.1f}) "
          f"{row['float']:>9.1f} ({row['float_least']:>8.1f}) {row['int8']:>9.1f} "
          f"({row['int8_least']:>7.1f}) {row['times_float']:>6.2f} ({row['times_float_least']:>5.2f})"
          f" {row['times_int8']:>6.2f} ({row['times_int8_least']:>5.2f})  {row['form']}", flush=True)


def main():
    options = dict(a[2:].split("=", 1) for a in sys.argv[1:] if a.startswith("--") and "=" in a)
    rounds = int(options.get("rounds", 9))
    counts = options.get("threads") or ("1,2" if len(os.sched_getaffinity(0)) > 1 else "1")
    logging.disable(logging.WARNING)
    contenders = [Contender(name, model) for name, model in models(options.get("only", ""))]
    rows = [c.compare(int(threads), batch, rounds)
            for threads in counts.split(",") for c in contenders for batch in BATCHES] \
        if "--json" in sys.argv else []
    if rows:
        print(json.dumps(rows, indent=2))
        return
    print(f"# onnxruntime {onnxruntime.__version__}, medians of {rounds} rounds in microseconds; "
          f"a call from Python is {call_cost():.1f} of them")
    print(f"{'model':<23} threads batch     vouch (  least)     float (   least)"
          "      int8 (  least)  times float    times int8    int8 form")
    for threads in counts.split(","):
        for contender in contenders:
            for batch in BATCHES:
                rows.append(contender.compare(int(threads), batch, rounds))
                show(rows[-1])
    slow = [f"{r['model']}, {r['threads']} threads, batch {r['batch']}"
            for r in rows if not r["is_fast"]]
    print(f"# at least {FLOAT_FACTOR} times float and no slower than int8: "
          f"{len(rows) - len(slow)} of {len(rows)}" + (": not " + "; ".join(slow) if slow else ""))


if __name__ == "__main__":
    main()
