#!/usr/bin/env python3
"""A published MNIST network: integer accuracy against float, whole and over a split network.

Imports mnist-12.onnx, calibrated on training images; answers all 10,000 test images in one process
and over nodes; the two must be equal to the byte and within 0.3 points of the float network.
"""
import pathlib
import subprocess
import sys
import tempfile

from arrays import SKIP, data_folder, read_idx, read_npy, write_npy
from network import Network

VOUCH = sys.argv[1]
# Top-1 of the float network on the 10,000 test images, by onnxruntime 1.x on the same files.
FLOAT_TOP1 = 0.9891
POINTS = 0.003
CHUNK = 2500 # images a job
CALIBRATION = 256


def top1(path, labels):
    shape, values = read_npy(path)
    width = len(values) // shape[0]
    rows = [values[i * width:(i + 1) * width] for i in range(shape[0])]
    return sum(max(range(width), key=row.__getitem__) == label
               for row, label in zip(rows, labels)), shape[0]


def main():
    data = data_folder()
    if data is None:
        print("SKIP: no data folder (../shared/data or $VOUCH_DATA)")
        return SKIP
    images = read_idx(data / "datasets/mnist/t10k-images-idx3-ubyte.gz")[1]
    labels = read_idx(data / "datasets/mnist/t10k-labels-idx1-ubyte.gz")[1]
    training = read_idx(data / "derived/mnist-train-images-idx3-ubyte.gz")[1]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        write_npy(folder / "calibration.npy", (CALIBRATION, 1, 28, 28),
                  training[:CALIBRATION * 784], "B")
        subprocess.run([VOUCH, "keygen", "-o", folder / "owner.key", "--no-passphrase"],
                       check=True, capture_output=True)
        subprocess.run([VOUCH, "import", data / "onnx-trained/mnist/mnist-12.onnx", "-o",
                        folder / "mnist.vouch", "--key", folder / "owner.key", "--calibrate",
                        folder / "calibration.npy"], check=True)
        return compare(folder, images, labels)


def middle(network):
    """The widest range that leaves the first and last layers to the client."""
    import json
    cuts = json.loads(network.run("split", network.model, "--json"))["cuts"]
    layers = cuts[-1]["layers_before"]
    inner = [c["position"] for c in cuts if 1 <= c["layers_before"] <= layers - 1]
    return inner[0], inner[-1]


def compare(folder, images, labels):
    probe = Network(VOUCH, folder, folder / "mnist.vouch", placements=[])
    first, last = middle(probe)
    for key in ("founder", "client"):
        (folder / f"{key}.key").unlink()
    right_whole = right_split = count = 0
    with Network(VOUCH, folder, folder / "mnist.vouch", placements=[(first, last)] * 3) as network:
        for begin in range(0, len(labels), CHUNK):
            chunk = folder / "chunk.npy"
            write_npy(chunk, (CHUNK, 1, 28, 28), images[begin * 784:(begin + CHUNK) * 784], "B")
            network.run("run", network.model, "--input", chunk, "--output", folder / "whole.npy")
            network.infer(chunk, "--quorum", 3)
            if (folder / "whole.npy").read_bytes() != (folder / "answer.npy").read_bytes():
                print(f"FAILED: images from {begin} on differ between one process and the network")
                return 1
            want = labels[begin:begin + CHUNK]
            right_whole += top1(folder / "whole.npy", want)[0]
            right_split += top1(folder / "answer.npy", want)[0]
            count += CHUNK
        code, report = network.verify()
        if code != 0:
            print(f"FAILED: the last voucher does not verify: {report}")
            return 1
    print(f"top-1 of {count} images: whole {right_whole / count:.4f}, over nodes "
          f"{right_split / count:.4f}, float {FLOAT_TOP1:.4f}")
    is_close = right_whole / count >= FLOAT_TOP1 - POINTS and right_split == right_whole
    print("ok" if is_close else "FAILED: further from float than 0.3 points")
    return 0 if is_close else 1


if __name__ == "__main__":
    sys.exit(main())
