"""The public manifest of M.vouch: specs/package.md and specs/model.proto."""
import subprocess

from .field import require
from .transcript import sha

KINDS = ("constant linear convolution matmul add multiply rescale table max_pool average_pool "
         "concat reshape transpose slice pad softmax argmax trees normalise gather divide").split()

# field number: (name, type); a type in a list is repeated, and numbers are packed then.
SHAPE = {1: ("dims", ["uint"])}
VALUE = {1: ("type", "uint"), 2: ("shape", SHAPE)}
SCALING = {1: ("multipliers", ["sint"]), 2: ("shifts", ["uint"]), 3: ("lo", "sint"),
           4: ("hi", "sint")}
WINDOW = {1: ("kernel", ["uint"]), 2: ("stride", ["uint"]), 3: ("dilation", ["uint"]),
          4: ("pad_begin", ["uint"]), 5: ("pad_end", ["uint"]), 6: ("groups", "uint"),
          7: ("count_includes_pad", "uint")}
NORM = {1: ("is_centred", "uint"), 2: ("root_shift", "uint"), 3: ("epsilon", "uint"),
        4: ("factor", "uint")}
OPERATOR = {1: ("kind", "uint"), 2: ("name", "bytes"), 3: ("inputs", ["uint"]),
            4: ("output", "uint"), 5: ("parameters", ["uint"]), 6: ("scaling", SCALING),
            7: ("window", WINDOW), 8: ("table_plus_one", "uint"), 9: ("axis", "uint"),
            10: ("order", ["uint"]), 11: ("begin", ["sint"]), 12: ("end", ["sint"]),
            13: ("step", ["sint"]), 14: ("fill", "sint"), 15: ("depth_max", "uint"),
            16: ("public_bound", "uint"), 17: ("bias_bound", "uint"), 18: ("norm", NORM),
            19: ("rounding", "uint")}
PARAMETER = {1: ("type", "uint"), 2: ("shape", SHAPE), 3: ("root", "bytes")}
TABLE = {1: ("input", "uint"), 2: ("output", "uint"), 3: ("entries", ["sint"])}
PORT = {1: ("name", "bytes"), 2: ("value", "uint"), 3: ("kind", "uint"), 4: ("scale_bits", "fixed"),
        5: ("labels", ["bytes"])}
MANIFEST = {1: ("version", "uint"), 2: ("name", "bytes"), 3: ("values", [VALUE]),
            4: ("operators", [OPERATOR]), 5: ("parameters", [PARAMETER]), 6: ("tables", [TABLE]),
            7: ("inputs", [PORT]), 8: ("outputs", [PORT])}
NUMBERS = "uint", "sint"


class Message:
    """A decoded message: a field is an attribute."""


def varint(data, at):
    value = shift = 0
    while True:
        require(at < len(data) and shift < 64, "a varint without end")
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def number(kind, value):
    return value >> 1 ^ -(value & 1) if kind == "sint" else value


def empty(kind):
    if isinstance(kind, list):
        return []
    return b"" if kind == "bytes" else 0 if isinstance(kind, str) else decode(b"", kind)


def packed(kind, data):
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(number(kind, value))
    return values


def decode(data, schema):
    message, at = Message(), 0
    for name, kind in schema.values():
        setattr(message, name, empty(kind))
    while at < len(data):
        tag, at = varint(data, at)
        require(tag >> 3 in schema, "an unknown field")
        name, kind = schema[tag >> 3]
        if kind == "fixed":
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        else:
            value, at = varint(data, at)
        if kind in NUMBERS:
            value = number(kind, value)
        elif kind != "fixed":
            inner, at = data[at:at + value], at + value
            if kind in (["uint"], ["sint"]):
                value = packed(kind[0], inner)
            elif kind in ("bytes", ["bytes"]):
                value = inner
            else:
                value = decode(inner, kind[0] if isinstance(kind, list) else kind)
        if isinstance(kind, list) and kind[0] not in NUMBERS:
            getattr(message, name).append(value)
        else:
            setattr(message, name, value)
    require(at == len(data), "a field that ends after its message")
    return message


def digest_of(protocol, *items):
    """specs/transcript.md, section 1."""
    parts = [bytes([len(protocol)]), protocol.encode()]
    for label, value in items:
        value = value.to_bytes(8, "little") if isinstance(value, int) else value
        parts += [bytes([len(label)]), label.encode(), len(value).to_bytes(8, "little"), value]
    return sha(*parts)


class Graph:
    """What the circuits need of a manifest."""

    def __init__(self, manifest):
        self.identity = digest_of("vouch/model/v1", ("manifest", manifest))
        decoded = decode(manifest, MANIFEST)
        self.operators, self.tables = decoded.operators, decoded.tables
        self.types = [v.type for v in decoded.values]
        self.shapes = [tuple(v.shape.dims) for v in decoded.values]
        self.parameter_types = [p.type for p in decoded.parameters]
        self.parameter_shapes = [tuple(p.shape.dims) for p in decoded.parameters]
        self.inputs = [p.value for p in decoded.inputs]
        self.outputs = [p.value for p in decoded.outputs]
        for op in self.operators:
            op.kind = KINDS[op.kind]


def read_package(path):
    """The graph, and the owner's public key as the file has it."""
    with open(path, "rb") as file:
        head = file.read(64)
        stored, size, holder = (int.from_bytes(head[i:i + 4], "little") for i in (12, 16, 20))
        manifest = file.read(stored)
        file.read(holder)
        owner = file.read(100)
    require(head[:8] == b"VOUCHPKG" and len(manifest) == stored, "no package")
    if stored != size:
        manifest = subprocess.run(["zstd", "-dcq"], input=manifest, stdout=subprocess.PIPE,
                                  check=True).stdout
    require(len(manifest) == size, "a manifest of another size")
    return Graph(manifest), owner[2:34]
