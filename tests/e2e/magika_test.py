#!/usr/bin/env python3
"""Magika, which says what kind of file some bytes are: its class at 16 bits on its own references.

Its first layer compares whole numbers, its norms and its GELU are written in small operators.
"""
import base64
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

from arrays import SKIP, data_folder, read_npy, write_npy

VOUCH = sys.argv[1]
BYTES_MIN = 8  # fewer are not given to the network
CALIBRATION = 30


def features(content, config):
    """The first and the last bytes that are not blank, filled up with the padding token."""
    begin, end, block = config["beg_size"], config["end_size"], config["block_size"]
    first = list(content[:block].lstrip())[:begin]
    last = list(content[-block:].rstrip())[-end:]
    padding = config["padding_token"]
    return first + [padding] * (begin - len(first)) + [padding] * (end - len(last)) + last


def read_examples(folder, config):
    path = folder / "standard_v3_3-inference_examples_by_content.json.gz"
    for example in json.loads(gzip.open(path).read()):
        content = base64.b64decode(example["content_base64"])
        label = example["prediction"]["dl"]
        if len(content.strip()) >= BYTES_MIN and label != "undefined":
            yield features(content, config), label


def main():
    data = data_folder()
    folder = data / "onnx-trained/magika" if data is not None else None
    if folder is None or not folder.is_dir():
        print("SKIP: no onnx-trained/magika in ../shared/data or $VOUCH_DATA")
        return SKIP
    config = json.loads((folder / "standard_v3_3/config.min.json").read_text())
    rows, wanted = zip(*read_examples(folder, config))
    names, width = config["target_labels_space"], len(rows[0])
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        write_npy(work / "x.npy", (len(rows), width), [float(v) for row in rows for v in row])
        subprocess.run([VOUCH, "keygen", "-o", work / "owner.key", "--no-passphrase"], check=True,
                       capture_output=True)
        subprocess.run([VOUCH, "import", folder / "standard_v3_3/model.onnx", "-o",
                        work / "m.vouch", "--key", work / "owner.key", "--activations", "16",
                        "--calibrate", work / "x.npy", "--calibrate-max", str(CALIBRATION)],
                       check=True, capture_output=True)
        subprocess.run([VOUCH, "run", work / "m.vouch", "--input", work / "x.npy", "--output",
                        work / "y.npy"], check=True, capture_output=True)
        _, scores = read_npy(work / "y.npy")
    wrong = 0
    for i, want in enumerate(wanted):
        row = scores[i * len(names):(i + 1) * len(names)]
        found = names[max(range(len(names)), key=row.__getitem__)]
        if found != want:
            print(f"example {i} is {found}, and should be {want}")
        wrong += found != want
    print(f"{len(wanted) - wrong} of {len(wanted)} classes as Magika has them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
