#!/usr/bin/env python3
"""One digest: real models give the same bytes on every processor level, thread count and batch, and
cut at every legal place.

    digest_test.py PATH/TO/vouch [DATA] [NAME...]

Each model is imported once, then run in many ways whose outputs, and digests of every operator's
output, must be the same: the levels of this processor with 1, 2 and 7 threads; samples together and
alone; in two segments at each legal cut, and in as many as there can be; and on an emulated
aarch64 where `make aarch64` has built for it. Names, parts of paths, choose among the models.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import levels
from arrays import ROOT, data_folder, write_npy

VOUCH = str(pathlib.Path(sys.argv[1]).resolve())
DATA = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else data_folder()
WANTED = sys.argv[3:]
MODELS_MIN = 25  # that import, where the data is
SIZE_MAX = 3 << 20  # of an ONNX file: larger models take minutes, emulated
SAMPLES, ALONE = 11, (0, 6, 10)  # tiles of places come in 8, 4, 2 and 1
THREADS, TIMEOUT_S = (1, 2, 7), 300
FOLDERS = ("onnx-trained", "derived", "onnx-trees", "onnx-ezkl")
# Activations of 16 bits take other kernels; these run on both.
ALSO_WIDE = ("onnx-trained/", "derived/resnet")

NATIVE = [level for level in levels.native(VOUCH) if levels.has(level)]
EMULATED, WHY_NOT_EMULATED = levels.emulated()


class Different(Exception):
    pass


def call(command, environment=None):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=TIMEOUT_S, env=environment)


def vouch(*arguments):
    done = call([VOUCH, *arguments])
    if done.returncode != 0:
        raise Different(f"vouch {arguments[0]}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def element(kind, bits, scale, source):
    """A number for an input port, now and then beyond its range."""
    if kind == "integer":
        return float(source.randrange(2))
    if kind == "keys":
        return source.choice((-1, 1, 1)) * 10 ** source.uniform(-3, 4)
    return scale * source.uniform(-1.1, 1.1) * (2 ** (bits - 1) - 1)


def write_inputs(folder, ports):
    """Options that give all samples, and by sample those that give it alone."""
    source = random.Random(1)
    together, alone = [], {k: [] for k in ALONE}
    for i, port in enumerate(ports):
        count = 1
        for dim in port["shape"]:
            count *= dim
        bits = int(port["type"].removeprefix("int"))
        rows = [[element(port["kind"], bits, port.get("scale"), source) for _ in range(count)]
                for _ in range(SAMPLES)]
        for name, chosen, options in [("all", rows, together)] + [
                (k, [rows[k]], alone[k]) for k in ALONE]:
            path = folder / f"input-{i}-{name}.npy"
            write_npy(path, (len(chosen), count), [x for row in chosen for x in row])
            options += ["--input", f"{port['name']}={path}"]
    return together, alone


class Subject:
    """One imported model, and how many runs on each level agreed."""

    def __init__(self, name, path, options, folder):
        self.name, self.package, self.folder = name, folder / "model.vouch", folder
        key = folder.parent / "owner.key"
        done = call([VOUCH, "import", path, "-o", self.package, "--key", key,
                     "--threads", 1, *options])
        self.refusal = done.stderr.strip() if done.returncode != 0 else None
        self.counts, self.digest = {}, None

    def run(self, level, *options):
        done = call([*level.command, "run", self.package, "--json", *options],
                    level.full_environment())
        if done.returncode != 0:
            raise Different(f"{level.name}, {options}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def expect(self, want, level, *options):
        got = self.run(level, *options)
        if got != {**want, "trace": want["trace"] if "--trace" in options else []}:
            shown = " ".join(str(o) for o in options if "input" not in str(o))
            raise Different(f"{level.name}: other bytes with {shown}")
        self.counts[level.name] = self.counts.get(level.name, 0) + 1

    def compare(self):
        described = json.loads(vouch("inspect", self.package, "--json"))
        self.operators = len(described["operators"])
        end = self.operators
        self.cuts = [cut["position"] for cut in json.loads(
            vouch("split", self.package, "--json"))["cuts"] if 0 < cut["position"] < end]
        together, alone = write_inputs(self.folder, described["inputs"])
        want = self.run(NATIVE[0], *together, "--trace", "--threads", 1)
        self.digest = hashlib.sha256(json.dumps([want["outputs"], want["trace"]]).encode())
        self.compare_here(want, together)
        self.compare_samples(want, alone)
        for level, threads in zip(EMULATED, THREADS):
            self.expect(want, level, *together, "--threads", threads)
        if EMULATED:
            self.expect(want, EMULATED[-1], *together, "--trace", "--cuts", "all")

    def compare_here(self, want, together):
        """A trace is of the batch as one piece; without it, the batch runs in chunks."""
        for level in NATIVE:
            for threads in THREADS:
                self.expect(want, level, *together, "--threads", threads)
            self.expect(want, level, *together, "--threads", 2, "--trace")
            self.expect(want, level, *together, "--threads", 2, "--trace", "--cuts", "all")
        for i, cut in enumerate(self.cuts):
            self.expect(want, NATIVE[i % len(NATIVE)], *together, "--cuts", cut,
                        "--threads", THREADS[i % len(THREADS)])

    def compare_samples(self, want, alone):
        for i, (k, options) in enumerate(alone.items()):
            outputs = [{**output, "values": output["values"][k:k + 1]}
                       for output in want["outputs"]]
            one = {**want, "batch": 1, "outputs": outputs}
            self.expect(one, NATIVE[-1 - i % len(NATIVE)], *options)


def models():
    """(name, path, import options)"""
    for name in ("digits", "breast_cancer"):
        yield (f"demo/{name}", ROOT / f"demo/{name}.onnx",
               ["--calibrate", ROOT / f"demo/{name}_calibration.npy"])
    for folder in FOLDERS if DATA else ():
        for path in sorted((DATA / folder).rglob("*.onnx")):
            if path.stat().st_size > SIZE_MAX:
                continue
            name = str(path.relative_to(DATA)).removesuffix(".onnx")
            name = name.removesuffix("/network").removesuffix("/model")
            synthetic = ["--calibrate", "synthetic", "--calibrate-max", 4]
            yield name, path, synthetic
            if name.startswith(ALSO_WIDE):
                yield f"{name} int16", path, [*synthetic, "--activations", 16]


def check(job):
    number, (name, path, options), scratch = job
    folder = scratch / str(number)
    folder.mkdir()
    subject = Subject(name, path, options, folder)
    try:
        if subject.refusal is None:
            subject.compare()
        return subject, None
    except Different as difference:
        return subject, str(difference)


def show(subject, columns, difference):
    counts = "".join(f"{subject.counts.get(column, 0):>{len(column) + 2}}" for column in columns)
    digest = subject.digest.hexdigest()[:16] if subject.digest else "-" * 16
    print(f"{subject.name:<58.58} {getattr(subject, 'operators', 0):>5}"
          f" {len(getattr(subject, 'cuts', [])):>4}  {digest} {counts}"
          f"{'  DIFFERENT: ' + difference if difference else ''}", flush=True)


def main():
    columns = [level.name for level in NATIVE + EMULATED]
    refused, failed, compared = [], 0, set()
    for why in [f"this processor has no {level.name}" for level in levels.native(VOUCH)
                if level not in NATIVE and not levels.has(level)] + [WHY_NOT_EMULATED]:
        if why:
            print(f"left out: {why}")
    if DATA is None:
        print("left out: real models; their folder is not here (VOUCH_DATA names another)")
    print("runs that gave the same bytes, by processor level")
    print(f"{'model':<58} {'ops':>5} {'cuts':>4}  {'digest':<16} "
          + "".join(f"{column:>{len(column) + 2}}" for column in columns))
    with tempfile.TemporaryDirectory(prefix="vouch-digest-") as scratch:
        scratch = pathlib.Path(scratch)
        vouch("keygen", "-o", scratch / "owner.key", "--no-passphrase")
        jobs = [(i, model, scratch) for i, model in enumerate(models())
                if not WANTED or any(part in model[0] for part in WANTED)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for subject, difference in pool.map(check, jobs):
                if subject.refusal is not None:
                    refused.append(f"{subject.name}: {subject.refusal}")
                    continue
                show(subject, columns, difference)
                failed += difference is not None
                compared.add(subject.name.removesuffix(" int16"))
    for refusal in refused:
        print(f"refused  {refusal.replace('vouch import: ', '')[:150]}")
    print(f"{len(compared)} models, {failed} that differ")
    if DATA and not WANTED and len(compared) < MODELS_MIN:
        print(f"FAILED: at least {MODELS_MIN} of the models here should import")
        failed += 1
    return 1 if failed or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
