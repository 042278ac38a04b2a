#!/usr/bin/env python3
"""One model and one input give one answer, to the byte: in one process, and split over processes
at every legal cut, while the nodes run on different processor levels and thread counts."""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

from arrays import ROOT
from network import Network

VOUCH = sys.argv[1]
MODELS = ("digits", "breast_cancer")
# Nodes that should differ in nothing but their speed.
ENVIRONMENTS = {0: {"VCH_CPU_LEVEL": "portable"}, 1: {"VCH_CPU_LEVEL": "avx2"},
                2: {"VCH_CPU_LEVEL": "avx512vnni"}}
PROGRAMS = {i: [VOUCH, "node", "--threads", n] for i, n in enumerate((1, 2, 7))}


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
    with Network(VOUCH, scratch, model, placements=[(cuts[0], cuts[-1])] * 3,
                 programs=PROGRAMS, environments=ENVIRONMENTS) as network:
        network.run("run", model, "--input", inputs, "--output", scratch / "whole.npy")
        whole = (scratch / "whole.npy").read_bytes()
        choices = [list(pair) for pair in itertools.combinations(cuts, 2)] + [cuts, cuts[1:-1]]
        for choice in choices:
            answer = network.infer(inputs, "--quorum", 3, "--cuts", ",".join(map(str, choice)))
            assert all(s["agreeing"] == 3 for s in answer["segments"]), answer["segments"]
            assert (scratch / "answer.npy").read_bytes() == whole, f"{name}: {choice} differs"
            code, report = network.verify()
            assert code == 0, report
    print(f"{name}: {len(choices)} ways to cut, 3 processor levels, 1, 2 and 7 threads, one answer")


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([VOUCH, "keygen", "-o", folder / "owner.key", "--no-passphrase"],
                       check=True, capture_output=True)
        for name in MODELS:
            check(name, folder)


if __name__ == "__main__":
    main()
