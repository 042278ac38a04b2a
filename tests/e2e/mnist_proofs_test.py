#!/usr/bin/env python3
"""A published MNIST network proven on a hundred images.

Imports mnist-12.onnx with an annex and proves PROOFS times IMAGES test images. Each proof verifies;
with its opening, the answer it shows is what `vouch run` gives for these images; with the opening
of other images it is refused.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from arrays import SKIP, data_folder, read_idx, write_npy

VOUCH = sys.argv[1]
PROOFS, IMAGES = 10, 10
CALIBRATION = 256
FALSE = 1  # exit code


def vouch(*arguments, code=0):
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode != code:
        sys.exit(f"vouch {arguments[0]}: exit {done.returncode}, expected {code}: "
                 f"{done.stderr}{done.stdout}")
    return done.stdout


def prepare(folder, data):
    training = read_idx(data / "derived/mnist-train-images-idx3-ubyte.gz")[1]
    write_npy(folder / "calibration.npy", (CALIBRATION, 1, 28, 28),
              training[:CALIBRATION * 784], "B")
    vouch("keygen", "-o", folder / "owner.key", "--no-passphrase")
    vouch("import", data / "onnx-trained/mnist/mnist-12.onnx", "-o", folder / "mnist.vouch",
          "--key", folder / "owner.key", "--calibrate", folder / "calibration.npy", "--provable")


def prove(folder, i, images):
    """The answer that the proof shows, which is what a plain run gives."""
    model, inputs, proof = folder / "mnist.vouch", folder / f"{i}.npy", folder / f"{i}.proof"
    write_npy(inputs, (IMAGES, 1, 28, 28), images, "B")
    vouch("prove", model, "--input", inputs, "--output", proof)
    shown = json.loads(vouch("verify", proof, "--model", model, "--opening",
                             folder / f"{i}.opening", "--json"))
    plain = json.loads(vouch("run", model, "--input", inputs, "--json"))
    values = [[output["values"] for output in run["outputs"]] for run in (shown, plain)]
    if values[0] != values[1] or not shown["accepted"]:
        sys.exit(f"proof {i} shows {values[0]}, a run gives {values[1]}")
    return values[0][0]


def main():
    data = data_folder()
    if data is None:
        print("SKIP: no data folder (../shared/data or $VOUCH_DATA)")
        return SKIP
    images = read_idx(data / "datasets/mnist/t10k-images-idx3-ubyte.gz")[1]
    labels = read_idx(data / "datasets/mnist/t10k-labels-idx1-ubyte.gz")[1]
    right = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        prepare(folder, data)
        for i in range(PROOFS):
            first = i * IMAGES
            rows = prove(folder, i, images[784 * first:784 * (first + IMAGES)])
            right += sum(max(range(10), key=row.__getitem__) == labels[first + k]
                         for k, row in enumerate(rows))
            print(f"proof {i}: {(folder / f'{i}.proof').stat().st_size} bytes for {IMAGES} images",
                  flush=True)
        vouch("verify", folder / "0.proof", "--model", folder / "mnist.vouch", "--opening",
              folder / "1.opening", code=FALSE)
    print(f"{PROOFS * IMAGES} images proven, {right} of them read right")
    return 0 if right >= 95 else 1


sys.exit(main())
