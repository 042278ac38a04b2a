#!/usr/bin/env python3
"""Replays a ledger from what it serves, with nothing of vouch but these pages' words, and says what it
comes to: every entry taken or refused by specs/agreement.md, every signature, sortition and
cosignature verified, and the root of the tree compared with the checkpoint.

    replay.py http://127.0.0.1:PORT [SIZE]      prints JSON, as /api/state has it
"""
import base64
import json
import pathlib
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from entries import read_entry, tree_root  # noqa: E402
from state import Ledger  # noqa: E402
from verify_voucher import read_registry  # noqa: E402


def fetch(url, path):
    with urllib.request.urlopen(url + path, timeout=60) as answer:
        return answer.read()


def bundle_path(index, width):
    """C2SP tlog-tiles: three digits a folder, all but the last with an x."""
    digits = str(index)
    digits = digits.zfill((len(digits) + 2) // 3 * 3)
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    path = "/tile/entries/" + "/".join(["x" + group for group in groups[:-1]] + [groups[-1]])
    return path + (f".p/{width}" if width < 256 else "")


def read_log(url, size):
    entries = []
    for index in range((size + 255) // 256):
        width = min(256, size - 256 * index)
        bundle, at = fetch(url, bundle_path(index, width)), 0
        for _ in range(width):
            length = int.from_bytes(bundle[at:at + 2], "big")
            entries.append(bundle[at + 2:at + 2 + length])
            at += 2 + length
        assert at == len(bundle), "a bundle of another length"
    return entries


def read_checkpoint(url):
    """Size and root; the signatures are the anchors' to check."""
    _, size, root = fetch(url, "/checkpoint").decode().split("\n")[:3]
    return int(size), base64.b64decode(root)


def replay_log(log, blob):
    """The state that the entries come to. `blob` gives the SignedRegistry with a digest (in hexadecimal)."""
    ledger = Ledger({})
    for data in log:
        entry = read_entry(data)
        if entry["kind"] == "registry":
            registry = read_registry(blob(entry["body"]["digest"].hex()))
            registry["by_key"] = {member["key"]: member for member in registry["members"]}
            ledger.blobs[registry["digest"]] = registry
        ledger.apply(data)  # raises what is wrong
    return ledger


def replay(url, size=None):
    """After `size` entries, or those of its checkpoint."""
    cosigned, root = read_checkpoint(url)
    ledger = replay_log(read_log(url, size or cosigned), lambda name: fetch(url, "/registry/" + name))
    assert tree_root(ledger.leaves[:cosigned]) == root, "the checkpoint is of another log"
    return ledger


def account_of(ledger, a):
    return {"balance": a.balance, "stake": a.stake, "unbonding": a.unbonding, "frozen": a.frozen, "trials": a.trials,
            "correct": a.correct, "timely": a.timely, "weight": ledger.weight(a), "successes": a.successes,
            "wrongs": a.wrongs, "silences": a.silences, "slashes": a.slashes, "disputes_lost": a.lost}


def describe(ledger):
    held = sum(a.balance + a.stake + a.unbonding for a in ledger.accounts.values())
    return {"ledger": ledger.charter["id"].hex(), "size": len(ledger.leaves), "root": tree_root(ledger.leaves).hex(),
            "totals": {"escrow": ledger.escrow, "treasury": ledger.treasury, "deposited": ledger.deposited,
                       "withdrawn": ledger.withdrawn, "accounts": held},
            "members": {key.hex(): account_of(ledger, a) for key, a in sorted(ledger.accounts.items())}}


if __name__ == "__main__":
    print(json.dumps(describe(replay(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)), indent=2))
