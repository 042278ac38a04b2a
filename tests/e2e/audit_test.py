#!/usr/bin/env python3
"""A segment's accumulators, made by one process and audited by another: honest ones pass, every kind
of change is refused with a reason, and the key counts its tests."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from arrays import ROOT

VOUCH = sys.argv.pop(1)
YES, NO, USAGE, MALFORMED, UNAVAILABLE = range(5)
HEAD = 128


def vouch(*arguments, code=YES):
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        owner = cls.folder / "owner.key"
        vouch("keygen", "-o", owner, "--no-passphrase")
        cls.models = {}
        for name in ("digits", "breast_cancer"):
            cls.models[name] = cls.folder / f"{name}.vouch"
            vouch("import", ROOT / f"demo/{name}.onnx", "-o", cls.models[name], "--key", owner,
                  "--calibrate", ROOT / f"demo/{name}_calibration.npy")
        cls.inputs = ROOT / "demo/digits_inputs.npy"
        cls.key = cls.folder / "K.audit"

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def show(self, path, model="digits", *more):
        vouch("run", self.models[model], "--input", ROOT / f"demo/{model}_inputs.npy",
              "--accumulators", path, *more)
        return path

    def audit(self, path, *more, model="digits", code=YES, key=None):
        return vouch("audit", "--segment", self.models[model], "--accumulators", path, "--input",
                     ROOT / f"demo/{model}_inputs.npy", "--key", key or self.key, *more, code=code)

    def test_every_segment_passes(self):
        for model, path in self.models.items():
            cuts = [c["position"] for c in json.loads(vouch("split", path, "--json").stdout)["cuts"]]
            ranges = [f"{a}:{b}" for a, b in zip(cuts, cuts[1:])] + [f"{cuts[0]}:{cuts[-1]}"]
            for text in ranges:
                file = self.show(self.folder / "T.acc", model, "--range", text)
                row = json.loads(self.audit(file, "--range", text, "--json", model=model).stdout)
                self.assertTrue(row["passed"], row)
                self.assertEqual(f"{row['first']}:{row['last']}", text)
        self.assertIn("as the model has it", self.audit(self.show(self.folder / "T.acc")).stdout)

    def test_any_change_is_refused(self):
        honest = self.show(self.folder / "T.acc").read_bytes()
        lie = self.folder / "L.acc"
        for at in range(HEAD, len(honest), 1 + len(honest) // 40):
            lie.write_bytes(honest[:at] + bytes([honest[at] ^ 1]) + honest[at + 1:])
            done = vouch("audit", "--segment", self.models["digits"], "--accumulators", lie,
                         "--input", self.inputs, "--key", self.key, code=NO)
            self.assertIn("operator", done.stderr)
        lie.write_bytes(honest[:88] + bytes(32) + honest[120:])
        self.assertIn("not the one that was claimed", self.audit(lie, code=NO).stderr)
        row = json.loads(self.audit(lie, "--json", code=NO).stdout)
        self.assertFalse(row["passed"])

    def test_what_is_no_such_file_is_refused(self):
        honest = self.show(self.folder / "T.acc").read_bytes()
        bad = self.folder / "B.acc"
        for content, word in [(b"", "at least 128 bytes"), (honest[:-1], "take"),
                              (b"X" + honest[1:], "no file of accumulators"),
                              (honest[:8] + b"\2" + honest[9:], "version 2"),
                              (honest[:24] + bytes(32) + honest[56:], "another model")]:
            bad.write_bytes(content)
            self.assertIn(word, self.audit(bad, code=MALFORMED if content[:8] != honest[:8] or
                                           content[8:9] != b"\2" else NO).stderr)
        bad.write_bytes(honest + b"\0")
        self.audit(bad, code=MALFORMED)
        self.audit(self.folder / "none.acc", code=UNAVAILABLE)
        self.audit(bad, "--range", "3:1", code=USAGE)
        vouch("audit", code=USAGE)

    def test_a_key_counts_and_ends(self):
        file, key = self.show(self.folder / "T.acc"), self.folder / "fresh.audit"
        counts = [json.loads(self.audit(file, "--json", key=key).stdout) for _ in range(2)]
        self.assertEqual(counts[1]["key_tests"], 2 * counts[0]["tests"])
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        damaged = bytearray(key.read_bytes())
        damaged[16] ^= 1
        key.write_bytes(damaged)
        self.assertIn("damaged", self.audit(file, key=key, code=MALFORMED).stderr)
        key.write_bytes(bytes(88))
        self.assertIn("no auditor's key", self.audit(file, key=key, code=MALFORMED).stderr)

    def test_the_bench_passes_its_own_audits(self):
        for path in self.models.values():
            rows = json.loads(vouch("bench", path, "--audit", "--json", "--milliseconds", 1).stdout)
            self.assertEqual([row["batch"] for row in rows], [1, 16, 128])
            self.assertTrue(all(row["audit_us"] > 0 and row["linear_audit_us"] > 0 for row in rows))

    def test_a_refused_audit_counts_too(self):
        honest, key = self.show(self.folder / "T.acc").read_bytes(), self.folder / "lied.audit"
        lie = self.folder / "L.acc"
        lie.write_bytes(honest[:HEAD] + bytes([honest[HEAD] ^ 1]) + honest[HEAD + 1:])
        first = json.loads(self.audit(lie, "--json", key=key, code=NO).stdout)
        self.assertEqual(first["key_tests"], first["tests"])
        self.assertEqual(first["operator"] >= 0, True)


if __name__ == "__main__":
    unittest.main()
