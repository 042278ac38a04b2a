#!/usr/bin/env python3
"""libvouch-verify.a, as somebody links it who has nothing else of ours."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from arrays import ROOT, SKIP

VOUCH, LIBRARY = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
GOOD, BAD, UNCHECKED = "1", "2", "0"


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, check=True).stdout


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.program = cls.folder / "caller"
        run(CC, "-O1", "-I", ROOT / "include", ROOT / "tests/e2e/library_caller.c", LIBRARY, "-o",
            cls.program)
        owner, model = cls.folder / "owner.key", cls.folder / "m.vouch"
        run(VOUCH, "keygen", "-o", owner, "--no-passphrase")
        run(VOUCH, "import", ROOT / "demo/digits.onnx", "-o", model, "--key", owner, "--calibrate",
            ROOT / "demo/digits_calibration.npy", "--provable")
        run(VOUCH, "inspect", model, "--manifest", cls.folder / "m.manifest")
        run(VOUCH, "prove", model, "--input", ROOT / "demo/digits_inputs.npy", "--output",
            cls.folder / "m.proof")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def ask(self, signature, **changed):
        files = [changed.get(name, self.folder / f"m.{name}")
                 for name in ("manifest", "annex", "proof", "opening")]
        return run(self.program, *files, signature).split()

    def test_what_it_says(self):
        self.assertEqual(self.ask(GOOD), ["0", "1", "1", "1", "1", "1", "0"])
        self.assertEqual(self.ask(UNCHECKED), ["1", "1", "0", "1", "1", "1", "0"])
        self.assertEqual(self.ask(BAD)[:3], ["1", "1", "2"])
        altered = bytearray((self.folder / "m.proof").read_bytes())
        altered[5000] ^= 1
        (self.folder / "altered").write_bytes(altered)
        self.assertEqual(self.ask(GOOD, proof=self.folder / "altered")[:4], ["1", "1", "1", "2"])
        self.assertEqual(self.ask(GOOD, proof=self.folder / "m.annex")[0], "3")

    def test_it_needs_the_c_library_alone(self):
        if shutil.which("nm") is None:
            self.skipTest("takes nm")
        symbols = [line.split() for line in run("nm", "-g", LIBRARY).splitlines() if line]
        defined = {words[-1] for words in symbols if len(words) == 3}
        self.assertEqual(defined, {"vouch_verify_proof", "vouch_verify_signed",
                                   "vouch_verify_memory"})
        needed = {words[1] for words in symbols if len(words) == 2 and words[0] == "U"}
        allowed = {"memcpy", "memmove", "memset", "memcmp", "strcmp", "strlen", "strnlen",
                   "snprintf", "vsnprintf", "getauxval"}
        self.assertEqual({name for name in needed - allowed if not name.startswith("_")}, set())


if __name__ == "__main__":
    if CC is None or not LIBRARY.is_file():
        print("skipped: takes a C compiler, and libvouch-verify.a, which sanitizers' builds lack")
        sys.exit(SKIP)
    unittest.main(verbosity=2)
