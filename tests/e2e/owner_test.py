#!/usr/bin/env python3
"""vouch owner: what is sealed, and the log of what became of it. Releases are sealed_test.py's."""
import array
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import onnx_bytes
from arrays import ROOT, write_npy

VOUCH = os.path.abspath(sys.argv.pop(1))
del sys.argv[1:]
OK, NO, USAGE, MALFORMED, UNAVAILABLE = range(5)
SEED = int(os.environ.get("VCH_SEED", random.randrange(2**32)))
INPUTS, OUTPUTS = 1536, 8192  # of one linear layer
MANIFEST, CHUNK, TAG, RECORD = 296, 1 << 20, 17, 448
SANITIZED = b"__asan_init" in pathlib.Path(VOUCH).read_bytes()


def limit_memory():
    """Of its own a process has eight megabytes, threads' stacks and all: less than the package."""
    resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))
    resource.setrlimit(resource.RLIMIT_DATA, (8 << 20, 8 << 20))


class Owner(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.random = random.Random(SEED)
        cls.vouch("keygen", "-o", "owner.key", "--no-passphrase")
        row = array.array("f", [cls.random.uniform(-1, 1) for _ in range(OUTPUTS)]).tobytes()
        (cls.folder / "m.onnx").write_bytes(onnx_bytes.linear(INPUTS, OUTPUTS, row * INPUTS))
        write_npy(cls.folder / "one.npy", (1, INPUTS), [cls.random.uniform(-1, 1) for _ in range(INPUTS)])
        cls.vouch("import", "m.onnx", "-o", "m.vouch", "--key", "owner.key", "--calibrate", "one.npy")
        cls.package = (cls.folder / "m.vouch").read_bytes()

    @classmethod
    def vouch(cls, *arguments, code=OK, says="", before=None):
        done = subprocess.run([VOUCH, *arguments], cwd=cls.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False, preexec_fn=before)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert says in done.stderr, done.stderr
        return done.stdout

    def setUp(self):
        for left in ("*.sealed*", "owner.key.releases"):
            for path in self.folder.glob(left):
                path.unlink()

    def seal(self, name, *options, **expected):
        return self.vouch("owner", "seal", "m.vouch", "--key", "owner.key", "-o", name, "--no-passphrase", *options,
                          **expected)

    def log(self, *options, **expected):
        return self.vouch("owner", "log", "owner.key.releases", *options, **expected)

    def test_sealed_weights_are_a_manifest_and_chunks_of_one_size(self):
        told = json.loads(self.seal("m.sealed", "--json"))
        data = (self.folder / "m.sealed").read_bytes()
        chunks = -(-len(self.package) // CHUNK)
        self.assertEqual((told["size"], told["chunks"], told["counter"]), (len(self.package), chunks, 1))
        self.assertGreater(chunks, 10)
        self.assertEqual(len(data), MANIFEST + len(self.package) + chunks * TAG)
        self.assertEqual(data[:16], b"VOUCH-SEALED-MAN")
        self.assertEqual(data[24:56].hex(), told["model"])
        for at in range(0, len(self.package), CHUNK):  # nothing of it lies open
            self.assertNotIn(self.package[at:at + 64], data)
        self.assertEqual((self.folder / "m.sealed.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.folder / "owner.key.releases").stat().st_mode & 0o777, 0o600)
        shown = json.loads(self.vouch("inspect", "m.sealed", "--json"))
        self.assertEqual([shown[name] for name in ("kind", "model", "release", "manifest", "chunks")],
                         ["sealed weights", told["model"], 1, told["manifest"], chunks])
        key = json.loads(self.vouch("inspect", "m.sealed.key", "--json"))
        self.assertEqual(key, {"kind": "sealed data key", "data_key": shown["data_key"]})
        self.seal("m.sealed", code=NO, says="will not be replaced")
        self.seal("again.sealed", "--data-key", "m.sealed.key")  # another segment, under the same key
        self.assertNotEqual((self.folder / "again.sealed").read_bytes()[MANIFEST:MANIFEST + 64],
                            data[MANIFEST:MANIFEST + 64])
        self.assertFalse((self.folder / "again.sealed.key").exists())

    def test_whoever_holds_sealed_weights_sees_without_a_key_whether_they_are_whole(self):
        self.seal("m.sealed")
        whole = (self.folder / "m.sealed").read_bytes()
        for changed, code in [(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], NO), (whole[:-1], MALFORMED),
                              (whole[:200], MALFORMED), (whole[:100] + b"\1" + whole[101:], NO)]:
            (self.folder / "other.sealed").write_bytes(changed)
            self.vouch("inspect", "other.sealed", code=code)

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
    def test_sealing_takes_less_memory_than_what_is_sealed(self):
        self.seal("m.sealed", before=limit_memory)
        self.assertGreater(len(self.package), 8 << 20)

    def test_data_keys_lie_under_a_passphrase(self):
        (self.folder / "phrase").write_text("correct horse battery staple\n")
        (self.folder / "wrong").write_text("correct horse\n")
        self.vouch("keygen", "-o", "careful.key", "--passphrase-file", "phrase")
        self.vouch("import", ROOT / "demo/digits.onnx", "-o", "careful.vouch", "--key", "careful.key",
                   "--passphrase-file", "phrase", "--calibrate", ROOT / "demo/digits_calibration.npy")
        seal = ("owner", "seal", "careful.vouch", "--key", "careful.key")
        self.vouch(*seal, "-o", "a.sealed", "--passphrase-file", "phrase")
        self.vouch(*seal, "-o", "b.sealed", "--data-key", "a.sealed.key", "--passphrase-file", "wrong", code=NO)
        self.vouch(*seal, "-o", "b.sealed", "--data-key", "a.sealed.key", code=UNAVAILABLE, says="passphrase")
        self.vouch(*seal, "-o", "b.sealed", "--data-key", "careful.key", "--passphrase-file", "phrase", code=MALFORMED,
                   says="holds a signing key where a data key is needed")
        self.assertFalse((self.folder / "b.sealed").exists())

    def test_counters_of_a_model_only_grow(self):
        self.assertEqual(json.loads(self.seal("a.sealed", "--json"))["counter"], 1)
        self.assertEqual(json.loads(self.seal("b.sealed", "--json", "--counter", "3"))["counter"], 3)
        self.assertEqual(json.loads(self.seal("c.sealed", "--json"))["counter"], 3)  # a segment more of that one
        self.seal("d.sealed", "--counter", "2", code=NO, says="release 3 of this model already")
        self.seal("d.sealed", "--counter", "0", code=USAGE)
        self.assertFalse((self.folder / "d.sealed").exists() or (self.folder / "d.sealed.key").exists())
        self.assertEqual([record["counter"] for record in json.loads(self.log("--json"))["records"]], [1, 3, 3])

    def test_a_later_release_is_not_sealed_under_the_key_of_an_earlier_one(self):
        """Whoever has opened that one could open it without a release."""
        first = json.loads(self.seal("m.sealed", "--json"))
        (self.folder / "m.sealed").unlink()  # to make room; its key stays
        self.seal("m.sealed", "--counter", "2", code=NO, says="the key of something else")
        self.assertFalse((self.folder / "m.sealed").exists())
        (self.folder / "m.sealed.key").rename(self.folder / "first.sealed.key")
        self.assertEqual(json.loads(self.seal("m.sealed", "--json", "--counter", "2"))["model"], first["model"])
        keys = [json.loads(self.vouch("inspect", name, "--json"))["data_key"]
                for name in ("m.sealed.key", "first.sealed.key")]
        self.assertNotEqual(*keys)
        logged = [record["data_key"] for record in json.loads(self.log("--json"))["records"]]
        self.assertEqual(logged, keys[::-1])
        for key in logged:
            self.assertIn(f" key {key[:16]}", self.log())

    def test_a_log_that_was_altered_is_found_out(self):
        for name in ("a.sealed", "b.sealed", "c.sealed"):
            self.seal(name)
        path = self.folder / "owner.key.releases"
        whole, head = path.read_bytes(), json.loads(self.log("--json"))["head"]
        records = [whole[at:at + RECORD] for at in range(0, len(whole), RECORD)]
        self.log("--key", "owner.key", "--head", head)
        for changed, code, says in [
            (records[0] + records[2], MALFORMED, "record 1 does not follow"),
            (records[1] + records[2], MALFORMED, "record 0 does not follow"),
            (records[0] + records[1] + records[1], MALFORMED, "record 2 does not follow"),
            (whole[:RECORD + 80] + bytes([whole[RECORD + 80] ^ 1]) + whole[RECORD + 81:], NO, "record 1 is not signed"),
            (records[0] + records[1], NO, "taken off its end"),
            (b"", NO, "taken off its end"),
        ]:
            path.write_bytes(changed)
            self.log("--head", head, code=code, says=says)
            if code == MALFORMED:
                self.seal("d.sealed", code=MALFORMED, says=says)
        self.vouch("keygen", "-o", "other.sealed.owner", "--no-passphrase")
        path.write_bytes(whole)
        self.log("--key", "other.sealed.owner", code=NO, says="another key")
        self.log("--head", "12", code=USAGE)

    def test_a_record_that_was_not_finished_is_cut_off(self):
        self.seal("a.sealed")
        path = self.folder / "owner.key.releases"
        whole = path.read_bytes()
        for size in (1, RECORD - 1):
            path.write_bytes(whole + whole[:size])
            self.assertIn("was not finished", self.log())
            self.seal(f"{size}.sealed")
            self.assertEqual(path.stat().st_size % RECORD, 0)
            self.assertEqual(path.read_bytes()[:RECORD], whole)
            path.write_bytes(whole)

    def test_a_log_of_an_earlier_version_is_left_as_it_is(self):
        """One of its records is shorter than one of ours: it must not pass for one that was not finished."""
        old = (b"VOUCH-SEAL-ENTRY" + (1).to_bytes(8, "little")).ljust(416, b"\1")
        for content, code, says in ((old, NO, "another version"), (2 * old, NO, "another version"),
                                    (b"my diary", MALFORMED, "no log of releases")):
            (self.folder / "owner.key.releases").write_bytes(content)
            self.log(code=code, says=says)
            self.seal("m.sealed", code=code, says=says)
            self.assertEqual((self.folder / "owner.key.releases").read_bytes(), content)
            self.assertFalse((self.folder / "m.sealed").exists())
            (self.folder / "m.sealed.key").unlink(missing_ok=True)

    def test_an_owner_killed_while_it_seals_leaves_no_half_of_it(self):
        started = time.monotonic()
        self.seal("whole.sealed")
        whole = time.monotonic() - started
        for part in range(6):
            name = self.folder / f"{part}.sealed"
            process = subprocess.Popen([VOUCH, "owner", "seal", "m.vouch", "--key", "owner.key", "-o", name.name,
                                        "--no-passphrase"], cwd=self.folder, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(whole * (part + 1) / 6)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
            self.log()
            if name.exists():
                self.assertEqual(name.stat().st_size, (self.folder / "whole.sealed").stat().st_size)
                manifests = [record["manifest"] for record in json.loads(self.log("--json"))["records"]]
                self.assertEqual(len(set(manifests)), len(manifests))
        self.seal("last.sealed")

    def test_usage_is_told(self):
        self.vouch("owner", code=USAGE, says="usage: vouch owner")
        self.vouch("owner", "give", "m.sealed", code=USAGE, says="seal, release and log")
        self.vouch("owner", "seal", code=USAGE, says="one M.vouch")
        self.vouch("owner", "seal", "m.vouch", "--key", "owner.key", code=USAGE, says="--output")
        self.seal("m.sealed")
        release = ("owner", "release", "m.sealed", "--key", "owner.key")
        self.vouch(*release, code=USAGE, says="--policy")
        self.vouch(*release, "--policy", "none", code=USAGE, says="--policy-signer")
        self.vouch(*release, "--policy", "none", "--policy-signer", "owner.key", code=UNAVAILABLE, says="cannot open none")


if __name__ == "__main__":
    print(f"VCH_SEED={SEED}")
    unittest.main(verbosity=2)
