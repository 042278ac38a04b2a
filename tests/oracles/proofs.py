#!/usr/bin/env python3
"""Real models, proven: each is imported with an annex, run on one sample, proven and verified.

    proofs.py PATH/TO/vouch [DATA] [--table] [--only=PART] [NAME...]

    proven    the proof verifies, the run's output is the opening's, and the same proof is refused
              after one of its bytes is changed
    refused   `vouch import` or `vouch annex` said no by name: what and why is printed
    FAILED    everything else

NAMEs are parts of names of models; without any, all run, and then GROUPS says how many of each kind
must be proven. --table prints times, sizes and counts of each. Exits 77, saying why, where the data
are missing; VOUCH_DATA names another folder of it.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from arrays import ROOT, SKIP, data_folder  # noqa: E402

OPTIONS = [a for a in sys.argv[1:] if a.startswith("-")]
POSITIONAL = [a for a in sys.argv[1:] if not a.startswith("-")]
VOUCH = str(pathlib.Path(POSITIONAL[0]).resolve())
WANTED = POSITIONAL[1:]
DATA = data_folder()
if WANTED and pathlib.Path(WANTED[0]).is_dir():
    DATA = pathlib.Path(WANTED.pop(0))
TIMEOUT_S = 600
GROUPS = {  # folder: at least so many of its models are proven
    "demo": 2,
    "onnx-trained/mnist": 3,
    "onnx-trained/marabou": 5,
    "onnx-trees": 5,
    "derived/trees": 4,
    "derived/resnet20": 1,
    "onnx-ezkl": 35,
}
FOLDERS = ("onnx-trained", "derived", "onnx-trees", "onnx-ezkl")
SIZE_MAX = 3 << 20  # of an ONNX file


class Failed(Exception):
    pass


def call(*arguments):
    return subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False)


def vouch(*arguments):
    done = call(*arguments)
    if done.returncode != 0:
        raise Failed(f"vouch {arguments[0]}: exit {done.returncode}: "
                     f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def refusal(done, what):
    """The reason, where it is one: exit code 1 and a message."""
    message = done.stderr.strip().removeprefix("vouch: ")
    if done.returncode != 1 or not message:
        raise Failed(f"{what}: exit {done.returncode}: {message}")
    return message


def prove(folder, path, options):
    """(statistics, None) or (None, why it is refused)"""
    model, proof = folder / "model.vouch", folder / "one.proof"
    annex, key = folder / "model.annex", folder.parent / "owner.key"
    done = call("import", path, "-o", model, "--key", key, *options)
    if done.returncode != 0:
        return None, refusal(done, "import")
    done = call("annex", model, "--key", key)
    if done.returncode != 0:
        return None, refusal(done, "annex")
    inputs = [option for port in json.loads(vouch("inspect", model, "--json"))["inputs"]
              for option in ("--input", f"{port['name']}=synthetic:7")]
    done = call("prove", model, *inputs, "--output", proof, "--json")
    if done.returncode != 0:
        return None, refusal(done, "prove")
    statistics = json.loads(done.stdout)
    verify(proof, model, annex)
    lie(proof, model, annex)
    return statistics, None


def verify(proof, model, annex):
    vouch("verify", proof, "--model", model, "--annex", annex)


def lie(proof, model, annex):
    data = bytearray(proof.read_bytes())
    source = random.Random(len(data))
    data[source.randrange(200, len(data))] ^= 1 << source.randrange(8)
    altered = proof.with_suffix(".altered")
    altered.write_bytes(data)
    done = call("verify", altered, "--model", model, "--annex", annex)
    if done.returncode not in (1, 3):
        raise Failed(f"an altered proof: exit {done.returncode}")


def models():
    """(name, path, import options)"""
    for name in ("digits", "breast_cancer"):
        yield (f"demo/{name}", ROOT / f"demo/{name}.onnx",
               ["--calibrate", ROOT / f"demo/{name}_calibration.npy"])
    for folder in FOLDERS:
        for path in sorted((DATA / folder).rglob("*.onnx")):
            if path.stat().st_size <= SIZE_MAX:
                name = str(path.relative_to(DATA)).removesuffix(".onnx")
                yield (name.removesuffix("/network").removesuffix("/model"), path,
                       ["--calibrate", "synthetic", "--calibrate-max", 4])


def show(name, statistics):
    if "--table" not in OPTIONS:
        print(f"proven   {name}", flush=True)
        return
    shape = statistics["statement"]
    print(f"proven   {name:<62} {statistics['us']['total'] / 1000:>8.1f} ms "
          f"{statistics['proof_size'] / 1000:>6.0f} kB {statistics['peak_memory'] / 1e6:>6.0f} MB"
          f"   2^{shape['log_cells']} cells 2^{shape['log_places']} places", flush=True)


def main():
    if DATA is None:
        print("skipped: real models are not here (VOUCH_DATA names their folder)")
        return SKIP
    proven, refused, failed = [], [], []
    with tempfile.TemporaryDirectory(prefix="vouch-proofs-") as scratch:
        scratch = pathlib.Path(scratch)
        vouch("keygen", "-o", scratch / "owner.key", "--no-passphrase")
        for i, (name, path, options) in enumerate(models()):
            if WANTED and not any(part in name for part in WANTED):
                continue
            folder = scratch / str(i)
            folder.mkdir()
            try:
                statistics, why = prove(folder, path, options)
            except (Failed, subprocess.TimeoutExpired, ValueError) as failure:
                failed.append(name)
                print(f"FAILED   {name}: {failure}", flush=True)
                continue
            finally:
                for file in folder.iterdir():
                    file.unlink()
            if why:
                refused.append(name)
                print(f"refused  {name}: {why[:200]}", flush=True)
            else:
                proven.append(name)
                show(name, statistics)
    few = [] if WANTED else [f"{group}: {sum(n.startswith(group) for n in proven)} of {least}"
                             for group, least in GROUPS.items()
                             if sum(n.startswith(group) for n in proven) < least]
    for line in few:
        print(f"too few  {line}")
    print(f"{len(proven)} proven, {len(refused)} refused, {len(failed)} failed")
    return 1 if failed or few or not proven else 0


if __name__ == "__main__":
    sys.exit(main())
