"""ONNX files byte by byte, for tests: what protobuf makes of a model. Standard library only."""


def varint(value):
    out = b""
    while value > 0x7f:
        out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
    return out + bytes([value])


def integer(field, value):
    return varint(field << 3) + varint(value)


def message(field, *parts):
    content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def port(field, name, *shape):
    """A named input (field 11) or output (12) of floats."""
    return message(field, message(1, name), message(2, message(1, integer(1, 1), message(
        2, *(message(1, integer(1, size)) for size in shape)))))


def linear(inputs, outputs, weights):
    """y = x * w, of floats whose bytes are `weights`."""
    tensor = message(5, integer(1, inputs), integer(1, outputs), integer(2, 1), message(8, "w"), message(9, weights))
    node = message(1, message(1, "x"), message(1, "w"), message(2, "y"), message(4, "MatMul"))
    graph = message(7, node, message(2, "linear"), tensor, port(11, "x", 1, inputs), port(12, "y", 1, outputs))
    return integer(1, 8) + graph + message(8, integer(2, 13))
