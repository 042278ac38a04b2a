#!/usr/bin/env python3
"""Tensors that a model keeps in other files: what is read, and what no model may reach."""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

from onnx_bytes import integer, message

VOUCH = os.path.abspath(sys.argv.pop(1))
WEIGHTS = struct.pack("<4f", 1, -2, 3, 0.5)


def tensor(name, location, offset, length=8):
    entries = {"location": location, "offset": str(offset), "length": str(length)}
    return message(5, integer(1, 2), integer(2, 1), message(8, name), integer(14, 1),
                   *(message(13, message(1, key), message(2, value))
                     for key, value in entries.items()))


def model(*tensors):
    """y = x * a + b, element by element."""
    shape = message(2, message(1, integer(1, 1)), message(1, integer(1, 2)))
    port = message(2, message(1, integer(1, 1), shape))
    nodes = (message(1, message(1, "x"), message(1, "a"), message(2, "m"), message(4, "Mul")),
             message(1, message(1, "m"), message(1, "b"), message(2, "y"), message(4, "Add")))
    graph = message(7, *nodes, message(2, "external"), *tensors, message(11, message(1, "x"), port),
                    message(12, message(1, "y"), port))
    return integer(1, 8) + graph + message(8, integer(2, 13))


class External(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.outside = pathlib.Path(scratch.name)
        self.folder = self.outside / "model"
        (self.folder / "data").mkdir(parents=True)
        (self.outside / "secret.bin").write_bytes(WEIGHTS)
        (self.folder / "data/w.bin").write_bytes(WEIGHTS)
        subprocess.run([VOUCH, "keygen", "-o", self.outside / "o.key", "--no-passphrase"],
                       check=True, capture_output=True)

    def bring(self, location, second="data/w.bin", cwd=None, path=None, offset=8, length=8):
        (self.folder / "m.onnx").write_bytes(
            model(tensor("a", location, 0), tensor("b", second, offset, length)))
        return subprocess.run(
            [VOUCH, "import", path or self.folder / "m.onnx", "-o", self.outside / "m.vouch",
             "--key", self.outside / "o.key", "--calibrate", "synthetic"],
            capture_output=True, text=True, timeout=60, check=False, cwd=cwd)

    def refused(self, why, *arguments, **named):
        done = self.bring(*arguments, **named)
        self.assertIn(done.returncode, (1, 2, 3, 4), done.stderr)
        self.assertIn(why, done.stderr)
        self.assertFalse((self.outside / "m.vouch").exists())

    def test_two_tensors_come_from_one_file_wherever_vouch_is_started(self):
        for named in ({}, {"cwd": self.folder, "path": "m.onnx"},
                      {"cwd": self.outside, "path": "model/m.onnx"}):
            done = self.bring("data/w.bin", **named)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_path_leaves_the_folder(self):
        for location in ("../secret.bin", "data/../../secret.bin", str(self.outside / "secret.bin"),
                         "/dev/zero", "/proc/self/environ", "", "data//w.bin", "data\\..\\w.bin"):
            self.refused("not a relative path inside", location)

    def test_no_link_is_followed(self):
        (self.folder / "link.bin").symlink_to("../secret.bin")
        (self.folder / "near.bin").symlink_to("data/w.bin")
        (self.folder / "up").symlink_to("..")
        (self.folder / "proc").symlink_to("/proc/self")
        for location, link in (("link.bin",) * 2, ("near.bin",) * 2, ("up/secret.bin", "up"),
                               ("proc/environ", "proc")):
            self.refused(f'"{link}" is a symbolic link', location)

    def test_what_is_no_file_is_refused_at_once(self):
        os.mkfifo(self.folder / "pipe")
        self.refused("not a regular file", "pipe")
        self.refused("not a regular file", "data")
        self.refused("cannot open none.bin", "none.bin")

    def test_parts_lie_inside_the_file(self):
        self.refused("has 16 bytes, not 17", "data/w.bin", offset=9)
        self.refused("has 16 bytes, not 2000000008", "data/w.bin", offset=8, length=2000000000)
        self.refused("not a sensible number", "data/w.bin", offset=2**64 - 8)
        self.refused("not a sensible number", "data/w.bin", length=-8)
        self.refused("asks for 2 elements", "data/w.bin", offset=0, length=16)

    def test_a_file_too_large_to_be_weights_is_not_read(self):
        with open(self.folder / "sparse.bin", "wb") as file:
            file.truncate(1 << 40)
        self.refused("1099511627776 bytes; at most", "sparse.bin")


if __name__ == "__main__":
    unittest.main()
