#!/usr/bin/env python3
"""The network against one plain run, measured in one go: nodes are processes on loopback.

usage: tools/bench_network.py build/release/vouch [REPEATS]
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from network import Network  # noqa: E402 (found only now)

NODES = 5
SEGMENTS = 3


def widest_middle(network):
    cuts = json.loads(network.run("split", network.model, "--json"))["cuts"]
    layers = cuts[-1]["layers_before"]
    inner = [c["position"] for c in cuts if 1 <= c["layers_before"] <= layers - 1]
    return inner[0], inner[-1]


def measure(network, inputs, repeats, *options):
    answer = network.infer(inputs, "--repeat", repeats, *options)
    hops = len(answer["segments"])
    return {
        "ms": statistics.median(answer["total_us"]) / 1000,
        "hops": hops,
        "ms_per_hop": statistics.median(answer["total_us"]) / 1000 / hops,
        "bytes_per_hop": (answer["bytes_in"] + answer["bytes_out"]) / hops,
    }


def main():
    vouch, repeats = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        inputs = ROOT / "demo/digits_inputs.npy"
        model = folder / "digits.vouch"
        for command in (
                ["keygen", "-o", folder / "owner.key", "--no-passphrase"],
                ["import", ROOT / "demo/digits.onnx", "-o", model, "--key", folder / "owner.key",
                 "--calibrate", ROOT / "demo/digits_calibration.npy"]):
            subprocess.run([vouch, *command], check=True, capture_output=True)
        plain = json.loads(subprocess.run(
            [vouch, "bench", model, "--batch", "10", "--json"], check=True,
            capture_output=True).stdout)[-1]["us_per_sample"] * 10 / 1000
        probe = Network(vouch, folder, model, placements=[])
        middle = widest_middle(probe)
        for name in ("founder", "client"):
            (folder / f"{name}.key").unlink()
        print(f"demo/digits.onnx, 10 images a job, {NODES} node processes on loopback, "
              f"median of {repeats} jobs")
        print("run                            ms/job  times plain  ms/hop  bytes/hop")
        print(f"one process                  {plain:8.2f}  {1.0:11.1f}")
        with Network(vouch, folder, model, placements=[middle] * NODES) as network:
            for segments, quorum in ((1, 1), (SEGMENTS, 1), (SEGMENTS, 3), (SEGMENTS, 5)):
                row = measure(network, inputs, repeats, "--segments", segments, "--quorum", quorum)
                print(f"{segments} on nodes, {quorum} vote{'s' if quorum > 1 else ' '} each    "
                      f"{row['ms']:10.2f}  {row['ms'] / plain:11.1f}  {row['ms_per_hop']:6.2f}"
                      f"  {row['bytes_per_hop']:9.0f}")


if __name__ == "__main__":
    main()
