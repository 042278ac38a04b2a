"""Reading and writing .npy files with the standard library alone, and where test data lives."""
import array
import gzip
import os
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIP = 77  # the exit code that ctest shows as "skipped"


def data_folder():
    """The folder of real models and data sets, or None where it is absent."""
    folder = pathlib.Path(os.environ.get("VOUCH_DATA", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


def write_npy(path, shape, values, kind="f"):
    """`values` in row-major order; kind "f" is float32, "B" uint8."""
    dims = "".join(f"{d}, " for d in shape)
    name = {"f": "<f4", "B": "|u1"}[kind]
    header = f"{{'descr': '{name}', 'fortran_order': False, 'shape': ({dims}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    body = values if isinstance(values, bytes) else array.array(kind, values).tobytes()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body)


def read_npy(path):
    """(shape, values) of a float32 .npy."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + size].decode(), {"__builtins__": {}}, {})  # our own file
    values = array.array("f")
    values.frombytes(data[10 + size:])
    return header["shape"], values


def read_idx(path):
    """(shape, bytes) of an MNIST-style idx file, gzipped or not."""
    data = pathlib.Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    rank = data[3]
    return struct.unpack(f">{rank}I", data[4:4 + 4 * rank]), data[4 + 4 * rank:]
