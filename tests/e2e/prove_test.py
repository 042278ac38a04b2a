#!/usr/bin/env python3
"""Proofs as people make and check them: what is shown, what is refused, and that no opening of an
annex is ever used twice, whatever is killed."""
import json
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from arrays import ROOT, read_npy

VOUCH = sys.argv.pop(1)
YES, NO, USAGE, MALFORMED, UNAVAILABLE = range(5)
MODELS = ("breast_cancer", "digits")


def vouch(*arguments, code=YES):
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    codes = code if isinstance(code, tuple) else (code,)
    assert done.returncode in codes, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def inspect(path):
    return json.loads(vouch("inspect", path, "--json").stdout)


class Prove(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.base = pathlib.Path(cls.scratch.name)
        cls.owner = cls.base / "owner.key"
        vouch("keygen", "-o", cls.owner, "--no-passphrase")
        for model in MODELS:
            vouch("import", ROOT / f"demo/{model}.onnx", "-o", cls.base / f"{model}.vouch", "--key",
                  cls.owner, "--calibrate", ROOT / f"demo/{model}_calibration.npy", "--provable")
            vouch("split", cls.base / f"{model}.vouch", "--extract", "none", "-o",
                  cls.base / f"{model}.public.vouch")
        cls.input = ROOT / "demo/breast_cancer_inputs.npy"
        cls.seed = random.randrange(1 << 32)
        print(f"# seed {cls.seed}", file=sys.stderr)
        cls.random = random.Random(cls.seed)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def setUp(self):
        self.folder = self.base / self._testMethodName
        self.folder.mkdir()
        self.model = self.copy("breast_cancer.vouch")
        self.annex, self.key = self.copy("breast_cancer.annex"), self.copy("breast_cancer.annex.key")
        self.public = self.base / "breast_cancer.public.vouch"

    def copy(self, name):
        return pathlib.Path(shutil.copy(self.base / name, self.folder / name))

    def prove(self, name="x", *arguments, code=YES):
        proof = self.folder / f"{name}.proof"
        vouch("prove", self.model, "--input", self.input, "--output", proof, *arguments, code=code)
        return proof

    def verify(self, proof, *arguments, code=YES, annex=None, model=None):
        return vouch("verify", proof, "--model", model or self.public, "--annex",
                     annex or self.annex, *arguments, code=code)

    def verdicts(self, proof, *arguments, code=YES, **named):
        report = json.loads(self.verify(proof, *arguments, "--json", code=code, **named).stdout)
        self.assertEqual(report["accepted"], code == YES)
        return {claim: row["verdict"] for claim, row in report["claims"].items()}, report

    def test_what_a_proof_shows(self):
        proof = self.prove()
        verdicts, _ = self.verdicts(proof)
        self.assertEqual(verdicts, {"model": "shown", "weights": "shown", "run": "shown",
                                    "input": "not shown", "output": "not shown",
                                    "job": "not shown"})
        verdicts, report = self.verdicts(proof, "--opening", self.folder / "x.opening")
        self.assertEqual((verdicts["input"], verdicts["output"]), ("shown", "shown"))
        vouch("run", self.model, "--input", self.input, "--output", self.folder / "y.npy")
        shape, values = read_npy(self.folder / "y.npy")
        proven = [v for row in report["outputs"][0]["values"] for v in row]
        self.assertEqual(shape[0] * shape[1], len(proven))
        self.assertTrue(all(abs(a - b) < 1e-6 for a, b in zip(values, proven)))
        for private in (self.key, self.folder / "x.opening"):
            self.assertEqual(private.stat().st_mode & 0o777, 0o600)

    def test_all_models_of_the_demo(self):
        for model in MODELS:
            for name in (f"{model}.vouch", f"{model}.annex", f"{model}.annex.key"):
                self.copy(name)
            proof = self.folder / f"{model}.proof"
            figures = json.loads(vouch(
                "prove", self.folder / f"{model}.vouch", "--input",
                ROOT / f"demo/{model}_inputs.npy", "--output", proof, "--json").stdout)
            self.assertEqual(figures["proof_size"], proof.stat().st_size)
            self.assertGreater(figures["us"]["total"], 0)
            vouch("verify", proof, "--model", self.base / f"{model}.public.vouch", "--annex",
                  self.folder / f"{model}.annex", "--opening", self.folder / f"{model}.opening")

    def test_the_model_and_the_annex_are_the_readers(self):
        proof = self.prove()
        other = self.folder / "other.vouch"
        vouch("import", ROOT / "demo/breast_cancer.onnx", "-o", other, "--key", self.owner,
              "--calibrate", ROOT / "demo/breast_cancer_calibration.npy", "--provable")
        self.verify(proof, model=other, code=NO)  # not the annex's model
        verdicts, _ = self.verdicts(proof, model=other, annex=self.folder / "other.annex", code=NO)
        self.assertEqual(verdicts["model"], "FALSE")
        again = self.folder / "again.annex"  # the same model, another root
        vouch("annex", self.model, "--key", self.owner, "--annex", again)
        verdicts, _ = self.verdicts(proof, annex=again, code=NO)
        self.assertEqual(verdicts["weights"], "FALSE")
        vouch("verify", proof, "--annex", self.annex, code=USAGE)
        vouch("verify", proof, "--model", self.public, code=UNAVAILABLE)  # no annex beside it

    def test_an_annex_counts_on_its_owners_word_only(self):
        stranger, annex = self.folder / "stranger.key", self.folder / "stranger.annex"
        hexadecimal = vouch("keygen", "-o", stranger, "--no-passphrase").stdout.split()[-1]
        vouch("annex", self.model, "--key", stranger, "--annex", annex)
        proof = self.prove("x", "--annex", annex)
        verdicts, _ = self.verdicts(proof, annex=annex, code=NO)
        self.assertEqual((verdicts["weights"], verdicts["run"]), ("not shown", "shown"))
        self.verify(proof, "--owner", stranger, annex=annex)
        self.verify(proof, "--owner", hexadecimal, annex=annex)
        vouch("annex", self.model, "--key", stranger, code=NO)  # never in the place of another

    def test_openings_jobs_and_other_proofs_are_told_apart(self):
        job = "ab" * 32
        one, two = self.prove("one", "--job", job), self.prove("two")
        self.verify(one, "--job", job, "--opening", self.folder / "one.opening")
        verdicts, _ = self.verdicts(one, "--opening", self.folder / "two.opening", code=NO)
        self.assertEqual((verdicts["run"], verdicts["input"], verdicts["output"]),
                         ("shown", "FALSE", "FALSE"))
        verdicts, _ = self.verdicts(two, "--job", job, code=NO)
        self.assertEqual(verdicts["job"], "FALSE")
        self.verify(one, "--job", "abc", code=USAGE)
        head = 192
        mixed = self.folder / "mixed.proof"  # the statement of one, the proof of the other
        mixed.write_bytes(one.read_bytes()[:head] + two.read_bytes()[head:])
        self.verify(mixed, code=NO)

    def test_an_altered_input_or_output_is_refused(self):
        proof, opening = self.prove(), self.folder / "x.opening"
        honest = opening.read_bytes()
        input_at, output_at = 56 + 32 + 4 + 8, len(honest) - 1
        for at, claim in ((input_at, "input"), (output_at, "output")):
            altered = bytearray(honest)
            altered[at] ^= 1
            opening.write_bytes(altered)
            verdicts, _ = self.verdicts(proof, "--opening", opening, code=NO)
            self.assertEqual(verdicts[claim], "FALSE")
        opening.write_bytes(honest[:-1])
        self.verify(proof, "--opening", opening, code=MALFORMED)
        opening.write_bytes(honest + b"\0")
        self.verify(proof, "--opening", opening, code=MALFORMED)

    def test_an_altered_proof_is_refused(self):
        proof = self.prove()
        honest = proof.read_bytes()
        for size in (0, 7, 8, 191, 192, len(honest) - 1):
            proof.write_bytes(honest[:size])
            self.verify(proof, code=MALFORMED)
        proof.write_bytes(honest + b"\0")
        self.verify(proof, code=MALFORMED)
        # Every field of the head, then bytes anywhere.
        places = [12, 16, 20, *range(24, 184, 32)]
        places += [self.random.randrange(192, len(honest)) for _ in range(40)]
        for at in places:
            altered = bytearray(honest)
            altered[at] ^= 1 << self.random.randrange(8)
            proof.write_bytes(altered)
            self.verify(proof, code=(NO, MALFORMED, USAGE) if at == 20 else (NO, MALFORMED))
        swapped = honest[:120] + honest[152:184] + honest[120:152] + honest[184:]
        proof.write_bytes(swapped)
        self.verify(proof, code=NO)
        batch = bytearray(honest)
        batch[20:24] = struct.pack("<I", 9)
        proof.write_bytes(batch)
        self.verify(proof, code=NO)

    def test_an_altered_annex_is_refused(self):
        proof, honest = self.prove(), self.annex.read_bytes()
        for _ in range(30):
            altered = bytearray(honest)
            altered[self.random.randrange(len(honest))] ^= 1 << self.random.randrange(8)
            self.annex.write_bytes(altered)
            self.verify(proof, code=(NO, MALFORMED))
        self.annex.write_bytes(honest[:-1])
        self.verify(proof, code=MALFORMED)
        self.annex.write_bytes(honest)
        self.verify(proof)

    def test_openings_run_out_and_a_rotation_gives_new_ones(self):
        old = self.folder / "old.annex"
        left = inspect(self.key)["proofs_left"]
        proofs = [self.prove(f"x{i}") for i in range(left)]
        done = vouch("prove", self.model, "--input", self.input, "--output", self.folder / "y.proof",
                     code=NO)
        self.assertIn("--rotate", done.stderr)
        self.assertFalse((self.folder / "y.proof").exists())
        shutil.copy(self.annex, old)
        vouch("annex", self.model, "--rotate")
        self.assertEqual(inspect(self.annex)["epoch"], 1)
        self.assertEqual(inspect(self.key)["proofs_left"], left)
        after = self.prove("after")
        for proof in (proofs[0], proofs[-1], after):
            self.verify(proof)
        self.verify(proofs[0], annex=old)
        self.verify(after, annex=old, code=NO)
        vouch("annex", self.model, "--renew", "--key", self.owner)
        self.assertEqual((inspect(self.annex)["epoch"], inspect(self.annex)["links"]), (2, 0))
        self.verify(self.prove("renewed"))
        self.verify(after, code=NO)  # which is why people keep old annexes

    def test_a_link_to_other_numbers_is_refused(self):
        vouch("annex", self.model, "--rotate")
        rotated = self.annex.read_bytes()
        proof = self.prove()
        base = len((self.base / "breast_cancer.annex").read_bytes())
        for at in (base, base + 40, len(rotated) - 1):  # root, proof, proof
            altered = bytearray(rotated)
            altered[at] ^= 1
            self.annex.write_bytes(altered)
            self.verify(proof, code=NO)

    def test_key_and_annex_go_together(self):
        old_annex, old_key = self.annex.read_bytes(), self.key.read_bytes()
        vouch("annex", self.model, "--rotate")
        new_annex, new_key = self.annex.read_bytes(), self.key.read_bytes()
        self.annex.write_bytes(old_annex)  # an old copy of the annex
        self.prove("x", code=NO)
        self.annex.write_bytes(new_annex)  # as after a crash between the two files
        self.key.write_bytes(old_key)
        self.verify(self.prove("y"))
        self.assertEqual(inspect(self.key)["used"], inspect_bytes(self.folder, new_key)["used"] + 1)
        old_key = self.key.read_bytes()  # and after one in a renewal with other columns
        vouch("annex", self.model, "--renew", "--key", self.owner, "--openings", 20)
        self.key.write_bytes(old_key)
        self.verify(self.prove("w"))
        damaged = bytearray(self.key.read_bytes())
        damaged[16] ^= 1  # the count
        self.key.write_bytes(damaged)
        self.prove("z", code=MALFORMED)

    def test_a_killed_proof_loses_an_opening_at_most(self):
        started, seen = 0, inspect(self.key)["used"]
        for i in range(14):
            if inspect(self.key)["proofs_left"] == 0:
                vouch("annex", self.model, "--rotate")
                seen = inspect(self.key)["used"]
            proof = self.folder / f"k{i}.proof"
            child = subprocess.Popen([VOUCH, "prove", self.model, "--input", self.input, "--output",
                                      proof], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0, 0.08))
            child.send_signal(signal.SIGKILL)
            child.wait()
            used = inspect(self.key)["used"]  # whole, and never less
            self.assertIn(used - seen, (0, 1))
            if proof.exists():
                self.assertEqual(used, seen + 1)
                self.verify(proof)
            started, seen = started + 1, used
        if inspect(self.key)["proofs_left"] == 0:
            vouch("annex", self.model, "--rotate")
        self.verify(self.prove("last"))

    def test_a_killed_rotation_can_be_done_again(self):
        for _ in range(12):
            child = subprocess.Popen([VOUCH, "annex", self.model, "--rotate"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0, 0.06))
            child.send_signal(signal.SIGKILL)
            child.wait()
        self.verify(self.prove("x"))
        vouch("annex", self.model, "--rotate")
        self.verify(self.prove("y"))
        self.assertLessEqual(inspect(self.annex)["links"], 13)

    # Whoever was interrupted makes the same link again: two different ones would show the old root
    # once more than its blinds hide.
    def test_a_rotation_done_again_is_the_same_bytes(self):
        old_annex, old_key = self.annex.read_bytes(), self.key.read_bytes()
        vouch("annex", self.model, "--rotate")
        first = self.annex.read_bytes()
        self.annex.write_bytes(old_annex)
        self.key.write_bytes(old_key)
        vouch("annex", self.model, "--rotate")
        self.assertEqual(self.annex.read_bytes(), first)

    def test_processes_at_once_take_an_opening_each(self):
        before = inspect(self.key)
        children = [subprocess.Popen([VOUCH, "prove", self.model, "--input", self.input, "--output",
                                      self.folder / f"p{i}.proof"], stdout=subprocess.DEVNULL)
                    for i in range(before["proofs_left"] + 2)]
        codes = sorted(child.wait() for child in children)
        self.assertEqual(codes, [YES] * before["proofs_left"] + [NO] * 2)
        self.assertEqual(inspect(self.key)["proofs_left"], 0)
        for proof in self.folder.glob("p*.proof"):
            self.verify(proof)

    def test_segments_are_proven_where_they_are_held_and_chain(self):
        end = len(json.loads(vouch("run", self.model, "--input", self.input, "--trace",
                                   "--json").stdout)["trace"])
        cuts = [row["position"] for row in json.loads(vouch("split", self.model, "--json").stdout)
                ["cuts"] if 0 < row["position"] < end]
        cut = cuts[len(cuts) // 2]
        parts = []
        for name, first, last in (("a", 0, cut), ("b", cut, end)):
            part = self.folder / f"{name}.vouch"
            vouch("split", self.model, "--extract", f"{first}:{last}", "-o", part)
            vouch("annex", part, "--key", self.owner)
            parts.append(part)
        one, two = self.folder / "one.proof", self.folder / "two.proof"
        vouch("prove", parts[0], "--input", self.input, "--output", one)
        vouch("prove", parts[1], "--input", self.input, "--output", two, code=USAGE)
        vouch("prove", parts[1], "--from", self.folder / "one.opening", "--output", two)
        for proof, name in ((one, "a"), (two, "b")):
            self.verify(proof, "--opening", proof.with_suffix(".opening"),
                        annex=self.folder / f"{name}.annex")
        self.assertEqual(inspect(one)["output"], inspect(two)["input"])
        self.verify(two, annex=self.folder / "a.annex", code=NO)
        vouch("prove", parts[0], "--from", self.folder / "one.opening", "--output", two, code=USAGE)

        # Both proofs have opened the root between them; as often as hides nothing more, and no oftener.
        count = self.folder / "one.opening.count"
        self.assertEqual(count.read_bytes(), (2).to_bytes(4, "little"))
        self.assertEqual(count.stat().st_mode & 0o777, 0o600)
        openings = inspect(self.folder / "b.annex")["openings"]
        count.write_bytes((openings - 1).to_bytes(4, "little"))
        left = inspect(self.folder / "b.annex.key")["proofs_left"]
        again = ("prove", parts[1], "--from", self.folder / "one.opening", "--output", two)
        vouch(*again)
        self.assertIn("prove the segment before once more", vouch(*again, code=NO).stderr)
        self.assertEqual(inspect(self.folder / "b.annex.key")["proofs_left"], left - 1)


def inspect_bytes(folder, content):
    path = folder / "inspected"
    path.write_bytes(content)
    return inspect(path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
