#!/usr/bin/env python3
"""libvouch-verify in WebAssembly says of each proof what `vouch verify` says, word for word."""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from arrays import ROOT, SKIP

VOUCH, WASM = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
NODE = shutil.which("node")
CODES = {0, 1, 3}  # accepted, refused, malformed


def vouch(*arguments, codes=(0,)):
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    assert done.returncode in codes, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Wasm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.owner = cls.folder / "owner.key"
        cls.key = vouch("keygen", "-o", cls.owner, "--no-passphrase").stdout.split()[-1]
        cls.models = ("breast_cancer", "digits")
        for model in cls.models:
            path = cls.folder / f"{model}.vouch"
            vouch("import", ROOT / f"demo/{model}.onnx", "-o", path, "--key", cls.owner,
                  "--calibrate", ROOT / f"demo/{model}_calibration.npy", "--provable")
            vouch("inspect", path, "--manifest", cls.folder / f"{model}.manifest")
            vouch("prove", path, "--input", ROOT / f"demo/{model}_inputs.npy", "--output",
                  cls.folder / f"{model}.proof", "--job", "cd" * 32)
        cls.seed = random.randrange(1 << 32)
        print(f"# seed {cls.seed}", file=sys.stderr)
        cls.random = random.Random(cls.seed)
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def write(self, content):
        Wasm.count += 1
        path = self.folder / f"altered{self.count}"
        path.write_bytes(content)
        return path

    def question(self, model="breast_cancer", **changed):
        base = self.folder / model
        files = {name: str(base.with_suffix(f".{name}"))
                 for name in ("manifest", "annex", "proof", "opening")}
        return {**files, "owner": self.key, **{k: v and str(v) for k, v in changed.items()}}

    def ask(self, questions):
        paths = [self.write(json.dumps(question).encode()) for question in questions]
        done = subprocess.run([NODE, ROOT / "wasm/check.mjs", WASM, *paths], capture_output=True,
                              text=True, timeout=300, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def compare(self, questions, model="breast_cancer"):
        answers = self.ask(questions)
        for question, answer in zip(questions, answers, strict=True):
            arguments = ["--model", self.folder / f"{model}.vouch", "--annex", question["annex"]]
            if question["opening"]:
                arguments += ["--opening", question["opening"]]
            if question.get("job"):
                arguments += ["--job", question["job"]]
            done = vouch("verify", question["proof"], *arguments, "--json", codes=CODES)
            self.assertEqual(answer["code"], done.returncode, (answer, done.stderr))
            if done.stdout:
                self.assertEqual(answer["claims"], json.loads(done.stdout)["claims"])
            else:
                self.assertIn(answer["text"], done.stderr)
        return answers

    def test_honest_proofs_are_accepted(self):
        for model in self.models:
            shown, hidden, asked = self.compare(
                [self.question(model), self.question(model, opening=None),
                 self.question(model, job="cd" * 32)], model)
            self.assertTrue(shown["accepted"] and hidden["accepted"] and asked["accepted"])
            self.assertEqual(shown["claims"]["output"]["verdict"], "shown")
            self.assertEqual(hidden["claims"]["output"]["verdict"], "not shown")
            self.assertEqual(asked["claims"]["job"]["verdict"], "shown")

    def test_altered_files_are_refused_alike(self):
        questions = []
        for name, size in (("proof", 24), ("annex", 12), ("opening", 8)):
            honest = (self.folder / f"breast_cancer.{name}").read_bytes()
            for _ in range(size):
                altered = bytearray(honest)
                altered[self.random.randrange(len(honest))] ^= 1 << self.random.randrange(8)
                questions.append(self.question(**{name: self.write(altered)}))
            for content in (honest[:-1], honest + b"\0", honest[:100], honest[:8]):
                questions.append(self.question(**{name: self.write(content)}))
        # Sizes of 2^32 and more, which 32 bits would hide.
        for name, at in (("opening", 56 + 32 + 4 + 4), ("proof", 184 + 4)):
            wide = bytearray((self.folder / f"breast_cancer.{name}").read_bytes())
            wide[at] ^= 1
            questions.append(self.question(**{name: self.write(wide)}))
        questions.append(self.question(job="ef" * 32))
        for question, answer in zip(questions, self.compare(questions)):
            self.assertFalse(answer["accepted"], question)

    def test_a_reader_who_names_nobody_accepts_nothing(self):
        nobody, other = self.ask([self.question(owner=None), self.question(owner="11" * 32)])
        for answer in (nobody, other):
            self.assertFalse(answer["accepted"])
            self.assertEqual(answer["claims"]["weights"]["verdict"], "not shown")
            self.assertEqual(answer["claims"]["run"]["verdict"], "shown")

    def test_another_manifest_is_another_model(self):
        honest = (self.folder / "breast_cancer.manifest").read_bytes()
        questions = [self.question(manifest=self.folder / "digits.manifest"),
                     self.question(manifest=self.write(honest[:-1])),
                     self.question(manifest=self.write(b""))]
        answers = self.ask(questions)
        self.assertEqual([answer["code"] for answer in answers][1:], [3, 1])  # cut off; without a version
        self.assertEqual(answers[0]["claims"]["model"]["verdict"], "FALSE")


if __name__ == "__main__":
    if NODE is None or not WASM.is_file():
        print("skipped: takes Node.js, and Debian's clang, lld, wasi-libc and "
              "libclang-rt-14-dev-wasm32 when vouch is built")
        sys.exit(SKIP)
    unittest.main(verbosity=2)
