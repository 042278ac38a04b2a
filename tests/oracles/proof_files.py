#!/usr/bin/env python3
"""What `vouch annex` and `vouch prove` write, read by the second verifier.

    proof_files.py PATH/TO/vouch

A demo model is proven as a whole and in two segments, before and after its annex is rotated; both
verifiers accept these files, and both refuse each of a number of files that were exchanged or
changed.
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOUCH = pathlib.Path(sys.argv[1]).resolve()
SECOND = pathlib.Path(__file__).with_name("proof_verify.py")
SEED = int(os.environ.get("VCH_SEED", 7))
failures = []


def say(ok, text):
    print(("ok      " if ok else "NOT OK  ") + text, flush=True)
    if not ok:
        failures.append(text)


def call(*arguments):
    return subprocess.run([*map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


def vouch(*arguments):
    done = call(VOUCH, *arguments)
    if done.returncode != 0:
        sys.exit(f"vouch {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")


class Files:
    """Model, annex, and where proofs go."""

    def __init__(self, folder):
        self.folder, self.model = folder, folder / "m.vouch"
        self.annex = folder / "m.annex"
        vouch("keygen", "-o", folder / "owner.key", "--no-passphrase")
        vouch("import", ROOT / "demo/breast_cancer.onnx", "-o", self.model, "--key",
              folder / "owner.key", "--calibrate", ROOT / "demo/breast_cancer_calibration.npy",
              "--provable")

    def prove(self, name, *options):
        path = self.folder / f"{name}.proof"
        vouch("prove", self.model, "--output", path, *options)
        return path

    def verdicts(self, proof, opening=None, annex=None):
        """Of the first and of the second verifier."""
        annex = annex or self.annex
        first = call(VOUCH, "verify", proof, "--model", self.model, "--annex", annex,
                     *(["--opening", opening] if opening else []))
        second = call(sys.executable, SECOND, self.model, annex, proof,
                      *([opening] if opening else []))
        if first.returncode not in (0, 1, 3) or second.returncode not in (0, 1):
            say(False, f"{first.returncode} {first.stderr}; {second.returncode} {second.stderr}")
        if second.returncode == 1 and not second.stderr.startswith("refused"):
            say(False, second.stderr)
        return first.returncode == 0, second.returncode == 0

    def expect(self, want, what, *arguments):
        got = self.verdicts(*arguments)
        say(got == (want, want), f"{what}: {'accepted' if want else 'refused'} by both"
            + ("" if got == (want, want) else f", they say {got}"))


def changed(path, at, data):
    old = path.read_bytes()
    other = path.with_suffix(".changed")
    other.write_bytes(old[:at] + data + old[at + len(data):])
    return other


# Of the head of X.proof: specs/annex.md, section 3.
HEAD = {"first operator": 12, "last operator": 16, "samples": 20, "model": 24, "annex": 56, "job": 88,
        "input": 120, "output": 152, "size": 184}


def main():
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="vouch-files-") as folder:
        files = Files(pathlib.Path(folder))
        inputs = "--input", ROOT / "demo/breast_cancer_inputs.npy"
        whole = files.prove("whole", *inputs)
        one = files.prove("one", *inputs, "--range", "0:2")
        two = files.prove("two", "--from", one.with_suffix(".opening"), "--range", "2:5")
        openings = [p.with_suffix(".opening") for p in (whole, one, two)]
        files.expect(True, "a run", whole, openings[0])
        files.expect(True, "its first part", one, openings[1])
        files.expect(True, "what follows", two, openings[2])
        say(one.read_bytes()[152:184] == two.read_bytes()[120:152], "the parts chain")
        files.expect(False, "another proof's opening", whole, openings[1])
        for name, at in HEAD.items():
            byte = bytes([whole.read_bytes()[at] ^ 1])
            files.expect(False, f"another {name}", changed(whole, at, byte))
        size = len(whole.read_bytes())
        for at in (rng.randrange(192, size) for _ in range(3)):
            files.expect(False, f"byte {at}", changed(whole, at, bytes([whole.read_bytes()[at] ^ 4])))
        spoiled = changed(files.annex, 200, bytes([files.annex.read_bytes()[200] ^ 1]))
        files.expect(False, "a changed annex", whole, None, spoiled)
        before = files.folder / "before.annex"
        before.write_bytes(files.annex.read_bytes())
        vouch("annex", files.model, "--rotate")
        files.expect(True, "an earlier proof under the rotated annex", whole)
        after = files.prove("after", *inputs)
        files.expect(True, "a proof under the rotated annex", after)
        files.expect(False, "the same under the annex before", after, None, before)
        link = len(before.read_bytes()) + 1000
        spoiled = changed(files.annex, link, bytes([files.annex.read_bytes()[link] ^ 1]))
        files.expect(False, "a changed link", after, None, spoiled)
    if failures:
        sys.exit(f"{len(failures)} of these are wrong")


main()
