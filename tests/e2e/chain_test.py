#!/usr/bin/env python3
"""A model split over three nodes, every segment proven: the voucher then needs nobody's vote.

Real processes. Honest: one vote a segment, proofs of all of them and of the client's own ends, and a
reader who trusts the model's owner alone accepts the voucher. Then what is missing, damaged or asked
of nodes that have no opening of their annex left. Lies that are signed: src/voucher/verify_proof_test.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from arrays import ROOT
from network import Refused
from proving import Proving

VOUCH = sys.argv[1]
CUTS = (1, 2, 4, 7)  # three segments on nodes; the client runs what is before and after
CHOICE = ",".join(map(str, CUTS))
INPUTS = ROOT / "demo/digits_inputs.npy"


def vouch(*arguments):
    subprocess.run([VOUCH, *map(str, arguments)], check=True, capture_output=True)


def judge(network, name, *options):
    """Exit code, verdicts and reasons of a reader who trusts the model's owner, and no network."""
    done = subprocess.run([VOUCH, "verify", network.folder / f"{name}.voucher", "--json",
                           *map(str, options)], capture_output=True, text=True, check=False)
    claims = json.loads(done.stdout)["claims"] if done.stdout else {}
    return done.returncode, {k: c["verdict"] for k, c in claims.items()}, \
        {k: c["reason"] for k, c in claims.items()}


def check_without_own_proofs(network):
    answer = network.infer(INPUTS, "--quorum", 1, "--prove", "--cuts", CHOICE, name="nodes")
    assert [s["proof"]["operator"] for s in answer["segments"]] == \
        ["operator-0", "operator-1", "operator-2"], answer["segments"]
    code, verdicts, reasons = judge(network, "nodes", "--model", network.model)
    assert code == 1 and verdicts["proof"] == "not shown", verdicts
    assert "segment 0" in reasons["proof"] and "the client itself" in reasons["proof"], reasons
    code, verdicts, _ = judge(network, "nodes", "--model", network.model, "--opening",
                              network.folder / "nodes.opening")
    assert code == 0 and verdicts["proof"] == verdicts["ends"] == "shown", verdicts


def check_with_own_proofs(network):
    network.infer(INPUTS, "--quorum", 1, "--prove", "--cuts", CHOICE)
    network.run("run", network.model, "--input", INPUTS, "--output", network.folder / "whole.npy")
    assert (network.folder / "answer.npy").read_bytes() == (network.folder / "whole.npy").read_bytes()
    for model in (network.model, network.segment(1, 2)):  # any part has the manifest
        code, verdicts, reasons = judge(network, "answer", "--model", model, "--require", "proof")
        assert code == 0 and verdicts["quorum"] == "not shown", verdicts
        assert "5 of 5 segments are proven" in reasons["proof"], reasons
        code, verdicts, reasons = judge(network, "answer", "--model", model)
        assert code == 0, reasons
        assert [verdicts[c] for c in ("model", "input", "output", "ends", "proof")] == ["shown"] * 5
    code, verdicts, reasons = judge(network, "answer", "--founder", network.founder)
    assert code == 1 and verdicts["proof"] == "not shown" and "--model" in reasons["proof"], reasons
    code, verdicts, _ = judge(network, "answer", "--model", network.model, "--opening",
                              network.folder / "nodes.opening")
    assert code == 1 and verdicts["input"] == "FALSE", verdicts
    code, text = network.verify()
    assert code == 0, text


def check_damaged(network):
    """No byte of it is free: not the client's signature, and without that no proof either."""
    voucher = (network.folder / "answer.voucher").read_bytes()
    for place in range(len(voucher) // 40, len(voucher), len(voucher) // 20):
        damaged = bytearray(voucher)
        damaged[place] ^= 1
        (network.folder / "damaged.voucher").write_bytes(damaged)
        code, verdicts, _ = judge(network, "damaged", "--model", network.model)
        assert code != 0 and verdicts.get("client", "FALSE") == "FALSE", (place, verdicts)


def check_unproven(network):
    network.infer(INPUTS, "--quorum", 1, "--cuts", CHOICE, name="plain")
    code, verdicts, _ = judge(network, "plain", "--model", network.model, "--require", "proof")
    assert code == 1 and verdicts["proof"] == "not claimed", verdicts


def split(folder, model):
    folder.mkdir()
    (folder / "owner.key").symlink_to(model.parent / "owner.key")
    with Proving(VOUCH, folder, model, placements=list(zip(CUTS, CUTS[1:]))) as network:
        check_without_own_proofs(network)
        vouch("annex", model, "--key", folder / "owner.key")  # beside the model, where it is found
        check_with_own_proofs(network)
        check_damaged(network)
        check_unproven(network)


def exhausted(folder, model):
    """Two of three nodes have no opening left: the third proves, and they are named."""
    folder.mkdir()
    (folder / "owner.key").symlink_to(model.parent / "owner.key")
    with Proving(VOUCH, folder, model, placements=[(CUTS[0], CUTS[-1])] * 3) as network:
        ask = ("--quorum", 3, "--prove", "--cuts", f"{CUTS[0]},{CUTS[-1]}")
        network.spend(0)
        network.spend(1)
        (segment,) = network.infer(INPUTS, *ask)["segments"]
        assert segment["proof"]["operator"] == "operator-2" and segment["agreeing"] == 3, segment
        assert all(f["fault"] == "did not prove its segment" for f in segment["faults"]), segment
        code, _, reasons = judge(network, "answer", "--model", model, "--opening",
                                 folder / "answer.opening")
        assert code == 0, reasons
        network.spend(2)
        try:
            network.infer(INPUTS, *ask)
            raise AssertionError("nobody could prove it")
        except Refused as refused:
            assert refused.code == 4 and "no node of its majority has proven it" in refused.text
            assert all(f"operator-{i}" in refused.text for i in range(3)), refused


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        vouch("keygen", "-o", folder / "owner.key", "--no-passphrase")
        model = folder / "digits.vouch"
        vouch("import", ROOT / "demo/digits.onnx", "-o", model, "--key", folder / "owner.key",
              "--calibrate", ROOT / "demo/digits_calibration.npy")
        split(folder / "split", model)
        exhausted(folder / "exhausted", model)


if __name__ == "__main__":
    main()
