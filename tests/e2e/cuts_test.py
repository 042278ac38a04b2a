#!/usr/bin/env python3
"""One model and one input give one answer, to the byte: in one process, and split over processes
at every legal cut, while the nodes run on different processor levels and thread counts, one of them
on an emulated aarch64 where there is a build for it."""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

import levels
from arrays import ROOT
from network import Network

VOUCH = sys.argv[1]
MODELS = ("digits", "breast_cancer")
# Nodes that should differ in nothing but their speed.
EMULATED, WHY_NOT = levels.emulated()
NODES = list(zip(levels.native(VOUCH) + EMULATED[-1:], (1, 2, 7, 3)))
ENVIRONMENTS = {i: level.environment for i, (level, _) in enumerate(NODES)}
# Under qemu there is no seccomp, which the processes of a confined node must have.
PROGRAMS = {i: [*level.command, "node", "--threads", n, "--confine", "off" if level in EMULATED else "on"]
            for i, (level, n) in enumerate(NODES)}


def check(name, folder):
    model, inputs = folder / f"{name}.vouch", ROOT / f"demo/{name}_inputs.npy"
    subprocess.run([VOUCH, "import", ROOT / f"demo/{name}.onnx", "-o", model, "--key",
                    folder / "owner.key", "--calibrate", ROOT / f"demo/{name}_calibration.npy"],
                   check=True, capture_output=True)
    cuts = [c["position"] for c in json.loads(
        subprocess.run([VOUCH, "split", model, "--json"], check=True,
                       capture_output=True).stdout)["cuts"]]
    scratch = folder / name
    scratch.mkdir()
    with Network(VOUCH, scratch, model, placements=[(cuts[0], cuts[-1])] * len(NODES),
                 programs=PROGRAMS, environments=ENVIRONMENTS) as network:
        network.run("run", model, "--input", inputs, "--output", scratch / "whole.npy")
        whole = (scratch / "whole.npy").read_bytes()
        choices = [list(pair) for pair in itertools.combinations(cuts, 2)] + [cuts, cuts[1:-1]]
        for choice in choices:
            answer = network.infer(inputs, "--quorum", len(NODES), "--cuts", ",".join(map(str, choice)))
            assert all(s["agreeing"] == len(NODES) for s in answer["segments"]), answer["segments"]
            assert (scratch / "answer.npy").read_bytes() == whole, f"{name}: {choice} differs"
            code, report = network.verify()
            assert code == 0, report
    ways = ", ".join(f"{level.name} with {n} threads" for level, n in NODES)
    print(f"{name}: {len(choices)} ways to cut, one answer on {ways}")


def main():
    if WHY_NOT:
        print(f"no node on aarch64: {WHY_NOT}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([VOUCH, "keygen", "-o", folder / "owner.key", "--no-passphrase"],
                       check=True, capture_output=True)
        for name in MODELS:
            check(name, folder)


if __name__ == "__main__":
    main()
