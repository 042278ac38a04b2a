#!/usr/bin/env python3
"""onnx_seeds.py FOLDER [VOUCH]: one small model for each operator, for the fuzz target onnx_fuzz.

Needs the packages onnx and numpy. Files are named after their operators; those of the folder that
are not are left alone. With VOUCH, says which operators that it supports have no file here.
"""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(1)
made = {}


def reals(*shape):
    """Weights: few bits, so that files say little and compress well."""
    return (random.integers(-8, 9, shape) / 4).astype(np.float32)


def integers(*values):
    return np.array(values, dtype=np.int64)


def seed(operator, *operands, opset=17, domain="", outputs=1, kind=TensorProto.FLOAT, name=None,
         **attributes):
    """A model of one node. A tuple is the shape of a computed operand, an array a constant, None
    an operand left out."""
    inputs, constants, names = [], [], []
    for i, operand in enumerate(operands):
        names.append("" if operand is None else "abcdefgh"[i])
        if isinstance(operand, tuple):
            inputs.append(helper.make_tensor_value_info(names[-1], kind, operand))
        elif operand is not None:
            constants.append(numpy_helper.from_array(np.asarray(operand), names[-1]))
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(operator, names, results, domain=domain, **attributes)
    # What comes out is described by name only: our own inference is what is under test.
    ports = [onnx.ValueInfoProto(name=result) for result in results]
    graph = helper.make_graph([node], "seed", inputs, ports, constants)
    sets = [helper.make_opsetid("", opset)]
    if domain:
        sets.append(helper.make_opsetid(domain, 3))
    model = helper.make_model(graph, opset_imports=sets, ir_version=8, producer_name="")
    made[name or operator] = model.SerializeToString()


def unary():
    for operator in ("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh",
                     "Erf", "Exp", "Floor", "HardSwish", "Identity", "Log", "Neg", "Reciprocal",
                     "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign",
                     "Sqrt", "Tan", "Tanh", "IsNaN", "IsInf"):
        seed(operator, (1, 6))
    seed("Celu", (1, 6), alpha=2.0)
    seed("Elu", (1, 6), alpha=0.5)
    seed("Gelu", (1, 6), opset=20, approximate="tanh")
    seed("HardSigmoid", (1, 6), alpha=0.25, beta=0.5)
    seed("LeakyRelu", (1, 6), alpha=0.25)
    seed("Mish", (1, 6), opset=18)
    seed("Selu", (1, 6))
    seed("Shrink", (1, 6), bias=0.5, lambd=0.5)
    seed("ThresholdedRelu", (1, 6), alpha=0.5)
    seed("Swish", (1, 6), opset=24)
    seed("Clip", (1, 6), np.float32(-1), np.float32(0.5))
    seed("PRelu", (1, 3, 2, 2), reals(3, 1, 1))


def binary():
    for operator in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Mean", "Sum", "Pow", "Mod"):
        seed(operator, (1, 2, 3), (2, 1), **({"fmod": 1} if operator == "Mod" else {}))
    seed("Pow", (1, 4), np.float32(2), name="Pow_constant")
    seed("Div", (1, 4), reals(4) + 3, name="Div_constant")
    for operator in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
        seed(operator, (1, 6), reals(6))
    for operator in ("And", "Or", "Xor"):
        seed(operator, (1, 4), (1, 4), kind=TensorProto.BOOL)
    seed("Not", (1, 4), kind=TensorProto.BOOL)
    seed("Where", np.array([True, False, True]), (1, 3), (3,))
    for operator in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        seed(operator, (1, 4), (1, 4), kind=TensorProto.INT32, opset=18)
    seed("BitShift", np.array([1, 2], np.uint8), (1, 2), kind=TensorProto.UINT8, direction="LEFT")
    seed("Add", (1, 4), integers(1, -2, 3, 4), kind=TensorProto.INT64, name="Add_integers")
    seed("Mul", (1, 4), (4,), kind=TensorProto.INT32, name="Mul_integers")
    seed("Div", (1, 4), integers(2, 3, 5, 7), kind=TensorProto.INT64, name="Div_integers")


def weights():
    seed("Conv", (1, 2, 5, 5), reals(3, 2, 3, 3), reals(3), pads=[1, 1, 1, 1], strides=[2, 1])
    seed("Conv", (1, 4, 6), reals(4, 1, 3), group=4, dilations=[2], name="Conv_depthwise")
    seed("Conv", (1, 1, 3, 4, 4), reals(2, 1, 2, 2, 2), name="Conv_3d")
    seed("ConvTranspose", (1, 2, 3, 3), reals(2, 2, 3, 3), strides=[2, 2], output_padding=[1, 1])
    seed("ConvInteger", (1, 1, 3, 3), np.ones((1, 1, 2, 2), np.uint8), np.uint8(1),
         kind=TensorProto.UINT8)
    seed("Gemm", (2, 3), reals(4, 3), reals(4), alpha=0.5, transB=1)
    seed("MatMul", (1, 2, 3), reals(3, 4))
    seed("MatMul", (1, 2, 3), (1, 3, 2), name="MatMul_computed")
    seed("MatMulInteger", (2, 3), np.ones((3, 2), np.int8), np.uint8(3), kind=TensorProto.UINT8)
    seed("Einsum", (2, 3), (3, 2), equation="ij,jk->ik")
    seed("BatchNormalization", (1, 2, 2, 2), reals(2), reals(2), reals(2), np.abs(reals(2)) + 1)
    seed("InstanceNormalization", (1, 2, 3, 3), reals(2), reals(2), epsilon=0.01)
    seed("LayerNormalization", (1, 3, 4), reals(4), reals(4))
    seed("GroupNormalization", (1, 4, 2, 2), reals(4), reals(4), num_groups=2, opset=21)
    seed("RMSNormalization", (1, 3, 4), reals(4), opset=23)
    seed("LpNormalization", (1, 4), p=2)
    seed("MeanVarianceNormalization", (1, 2, 2, 2))
    seed("LRN", (1, 4, 2, 2), size=3)
    for operator, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        outputs = 3 if operator == "LSTM" else 2
        seed(operator, (2, 1, 3), reals(1, 2 * gates, 3), reals(1, 2 * gates, 2),
             reals(1, 4 * gates), hidden_size=2, outputs=outputs)
    seed("Attention", (1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4), opset=23)
    seed("RotaryEmbedding", (1, 2, 3, 4), reals(3, 2), reals(3, 2), integers(0, 1, 2)[None],
         opset=23)


def windows():
    seed("MaxPool", (1, 2, 5, 5), kernel_shape=[2, 3], strides=[1, 2], pads=[0, 1, 1, 0])
    seed("AveragePool", (1, 2, 5, 5), kernel_shape=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1,
         strides=[2, 2])
    seed("LpPool", (1, 1, 4, 4), kernel_shape=[2, 2], p=2)
    for operator in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"):
        seed(operator, (1, 2, 3, 3))
    for operator in ("Max", "Mean", "Min", "Prod", "SumSquare", "L1", "L2", "LogSum", "LogSumExp"):
        seed(f"Reduce{operator}", (1, 2, 3), axes=[1], keepdims=0)
    seed("ReduceSum", (1, 2, 3), integers(-1), keepdims=1)
    seed("CumSum", (1, 4), np.int64(1), reverse=1)
    for operator in ("Softmax", "LogSoftmax", "Hardmax"):
        seed(operator, (1, 2, 4), axis=-1)
    for operator in ("ArgMax", "ArgMin"):
        seed(operator, (1, 2, 4), axis=1, select_last_index=0)
    seed("TopK", (1, 6), integers(2), outputs=2)


def moves():
    seed("Cast", (1, 4), to=TensorProto.INT32)
    seed("CastLike", (1, 4), integers(1))
    seed("Concat", (1, 2, 3), reals(1, 1, 3), axis=1)
    seed("ConstantOfShape", integers(2, 2))
    seed("DepthToSpace", (1, 4, 2, 2), blocksize=2, mode="CRD")
    seed("SpaceToDepth", (1, 1, 4, 4), blocksize=2)
    seed("Dropout", (1, 3))
    seed("Expand", (1, 3, 1), integers(2, 3, 4))
    seed("EyeLike", (2, 3))
    seed("Flatten", (1, 2, 3), axis=1)
    seed("Gather", (1, 4, 2), integers(3, 0, -1), axis=1)
    seed("Gather", reals(5, 3), (1, 2), kind=TensorProto.INT64, name="Gather_computed")
    seed("GatherElements", (1, 4), integers(3, 0)[None], axis=1)
    seed("GatherND", (1, 4, 2), integers(0, 3)[None])
    seed("ScatterElements", (1, 4), integers(1, 3)[None], reals(1, 2), axis=1)
    seed("ScatterND", (4, 2), integers(1)[None], reals(1, 2))
    seed("OneHot", (1, 3), np.int64(4), np.array([0, 1], np.float32), kind=TensorProto.INT64)
    seed("Pad", (1, 2, 3), integers(0, 1, 0, 0, 0, 2), np.float32(0.5))
    for mode in ("reflect", "edge", "wrap"):
        seed("Pad", (1, 3, 3), integers(0, 1, 1, 0, 1, 1), mode=mode, opset=19, name=f"Pad_{mode}")
    seed("Range", np.int64(0), np.int64(5), np.int64(2))
    seed("Reshape", (1, 2, 6), integers(1, -1, 4))
    seed("Resize", (1, 1, 2, 3), None, None, integers(1, 1, 4, 6), mode="linear", opset=19)
    seed("Resize", (1, 1, 4, 4), None, np.array([1, 1, 0.5, 2], np.float32), mode="nearest",
         coordinate_transformation_mode="asymmetric", opset=13, name="Resize_nearest")
    seed("Upsample", (1, 1, 2, 2), np.array([1, 1, 2, 2], np.float32), mode="nearest", opset=9)
    seed("ReverseSequence", (4, 1, 2), integers(3), batch_axis=1, time_axis=0)
    seed("Shape", (1, 2, 3), start=1)
    seed("Size", (1, 2, 3))
    seed("Slice", (1, 6, 4), integers(4, 0), integers(0, 3), integers(1, 2), integers(-2, 1))
    seed("Split", (1, 6), integers(2, 4), axis=1, outputs=2)
    seed("Squeeze", (1, 3, 1), integers(2))
    seed("Unsqueeze", (1, 3), integers(0, 3))
    seed("Tile", (1, 2), integers(2, 3))
    seed("Transpose", (1, 2, 3), perm=[2, 0, 1])
    seed("Trilu", (3, 3), np.int64(1), upper=0)
    seed("CenterCropPad", (1, 4, 5), integers(3, 6), axes=[1, 2], opset=18)
    seed("Col2Im", (1, 4, 4), integers(3, 3), integers(2, 2), opset=18)
    seed("GridSample", (1, 1, 3, 3), reals(1, 2, 2, 2) / 2, opset=16)


def quantised():
    scale, zero = np.float32(0.05), np.uint8(128)
    seed("QuantizeLinear", (1, 4), scale, zero)
    seed("DequantizeLinear", (1, 4), scale, zero, kind=TensorProto.UINT8)
    seed("DynamicQuantizeLinear", (1, 4), outputs=3)
    seed("QLinearMatMul", (2, 3), scale, zero, np.full((3, 2), 130, np.uint8), scale, zero, scale,
         zero, kind=TensorProto.UINT8)
    seed("QLinearConv", (1, 1, 3, 3), scale, zero, np.full((1, 1, 2, 2), 3, np.int8),
         np.array([0.02], np.float32), np.array([0], np.int8), scale, zero, kind=TensorProto.UINT8)


def learned():
    """What ai.onnx.ml has."""
    ml = {"domain": "ai.onnx.ml"}
    seed("LinearRegressor", (1, 3), coefficients=[0.5, -1.0, 2.0], intercepts=[0.25], targets=1, **ml)
    seed("LinearClassifier", (1, 2), coefficients=[1.0, -1.0, 0.5, 2.0], intercepts=[0.0, 0.5],
         classlabels_ints=[0, 1], post_transform="SOFTMAX", outputs=2, **ml)
    seed("Scaler", (1, 2), offset=[0.5, 1.0], scale=[2.0, 0.25], **ml)
    seed("Normalizer", (1, 3), norm="L2", **ml)
    seed("Binarizer", (1, 3), threshold=0.5, **ml)
    seed("Imputer", (1, 3), imputed_value_floats=[1.0], replaced_value_float=0.0, **ml)
    seed("ArrayFeatureExtractor", (1, 4), integers(2, 0), **ml)
    seed("FeatureVectorizer", (1, 2), (1, 3), inputdimensions=[2, 3], **ml)
    seed("SVMRegressor", (1, 2), coefficients=[0.5, -0.5], support_vectors=[1.0, 0.0, 0.0, 1.0],
         n_supports=2, rho=[0.1], kernel_type="RBF", kernel_params=[0.5, 0.0, 0.0], **ml)
    tree = {"nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [1, 0, 0],
            "nodes_values": [0.5, 0.0, 0.0], "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
            "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0]}
    seed("TreeEnsembleRegressor", (1, 2), n_targets=1, target_treeids=[0, 0],
         target_nodeids=[1, 2], target_ids=[0, 0], target_weights=[1.5, -2.0], **tree, **ml)
    seed("TreeEnsembleClassifier", (1, 2), classlabels_strings=["no", "yes"], class_treeids=[0, 0],
         class_nodeids=[1, 2], class_ids=[0, 1], class_weights=[1.0, 1.0], outputs=2, **tree, **ml)


def main():
    folder = pathlib.Path(sys.argv[1])
    for family in (unary, binary, weights, windows, moves, quantised, learned):
        family()
    for name, model in made.items():
        (folder / f"{name}.onnx").write_bytes(model)
    print(f"{len(made)} files, {sum(map(len, made.values()))} bytes")
    if len(sys.argv) > 2:
        listed = subprocess.run([sys.argv[2], "import", "--supported"], check=True, text=True,
                                capture_output=True).stdout.split()
        missing = sorted({name.removeprefix("ai.onnx.ml.") for name in listed} - made.keys())
        print("without a file:", " ".join(missing) or "none")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main()
