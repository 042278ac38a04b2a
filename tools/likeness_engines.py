"""What both models of likeness_experiment.py run on: onnxruntime in several ways, NumPy, halves."""
import ml_dtypes
import numpy as np
import onnxruntime


def in_blocks(a, b):
    """A product whose inner sums are made of four parts, as tiles of an accelerator make them."""
    edges = [a.shape[-1] * i // 4 for i in range(5)]
    return sum(a[..., i:j] @ b[..., i:j, :] for i, j in zip(edges, edges[1:]))


def backwards(a, b):
    return np.ascontiguousarray(a[..., ::-1]) @ np.ascontiguousarray(b[..., ::-1, :])


NUMPY = {"NumPy, float32": {}, "NumPy, float32, sums in 4 blocks": {"product": in_blocks},
         "NumPy, float32, sums backwards": {"product": backwards},
         "NumPy, float64": {"dtype": np.float64}}
HALF = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def rounded(values, half):
    """As hardware that keeps halves would: to float16 or bfloat16 and back."""
    return values if half is None else values.astype(HALF[half]).astype(values.dtype)


def to_bits(weights, bits):
    """Weights of a matrix quantised per column, symmetrically; vectors stay."""
    if weights.ndim < 2:
        return weights
    step = np.abs(weights).max(0, keepdims=True) / (2**(bits - 1) - 1)
    return (np.round(weights / step) * step).astype(np.float32)


def ort_session(model, level="all", threads=1):
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = {"off": levels.ORT_DISABLE_ALL, "basic": levels.ORT_ENABLE_BASIC,
                                        "all": levels.ORT_ENABLE_ALL}[level]
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def ort_run(session, feeds, batch):
    count = len(next(iter(feeds.values())))
    pieces = [session.run(None, {n: v[at:at + batch] for n, v in feeds.items()})[0]
              for at in range(0, count, batch)]
    return np.concatenate(pieces)


def ort_engines(model, feeds, count):
    ways = {"onnxruntime, not optimised": ("off", 1, 64), "onnxruntime, optimised": ("all", 1, 64),
            "onnxruntime, 2 threads, one by one": ("all", 2, 1)}
    return {name: ort_run(ort_session(model, level, threads), feeds, min(batch, count))
            for name, (level, threads, batch) in ways.items()}
