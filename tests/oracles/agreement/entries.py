"""Entries of a ledger, decoded as specs/ledger.md says, sections 2 and 3."""
import base64
import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from verify_voucher import Malformed, digest_of, is_name, is_signed, read_job, read_message, read_varint, require

KINDS = {2: "charter", 3: "registry", 4: "deposit", 5: "withdraw", 6: "stake", 7: "unstake", 8: "release",
         9: "hold", 10: "job_open", 11: "input", 12: "sortition", 13: "draw", 14: "commit", 15: "close",
         16: "reveal", 17: "verdict", 18: "anchor", 19: "expire", 20: "trial_result", 21: "evidence",
         22: "dispute_open", 23: "dispute_move", 24: "dispute_default"}
COUNTED = {"charter", "registry", "deposit", "withdraw", "stake", "unstake", "release", "hold", "job_open"}

PARAMETERS = [  # name, least, most: agreement.md, section 3; their numbers count from 2
    ("epoch_ms", 1, 2**32), ("draw_ms", 1, 2**32), ("commit_ms", 1, 2**32), ("reveal_ms", 1, 2**32),
    ("dispute_ms", 1, 2**40), ("move_ms", 1, 2**32), ("unbonding_ms", 1, 2**42), ("skew_ms", 1000, 2000),
    ("job_ms_max", 1, 2**40), ("rounds", 1, 4), ("draw_all", 1, 4096), ("referees", 3, 31), ("trials", 0, 1000),
    ("stake_min", 1, 2**50), ("fee_min", 0, 2**40), ("dispute_bond", 1, 2**50), ("slash_permille", 1, 1000),
    ("bounty_permille", 0, 1000), ("fault_factor", 1, 65535), ("success_factor", 65536, 131072),
    ("trust_min", 1, 65536), ("trust_max", 65536, 2**24)]
SMALL = {"rounds", "draw_all", "referees", "trials", "slash_permille", "bounty_permille", "fault_factor",
         "success_factor", "trust_min", "trust_max"}

WITNESS = {1: ("name", "text"), 2: ("key", "bytes")}
PARAMETER_FIELDS = {1: ("version", "u32"), **{2 + i: (name, "u32" if name in SMALL else "u64")
                                              for i, (name, _, _) in enumerate(PARAMETERS)}}
CONTEST = {1: ("subject", "bytes"), 2: ("segment", "u32"), 3: ("round", "u32")}
SCHEMAS = {
    "charter": {1: ("version", "u32"), 2: ("origin", "text"), 3: ("founder", "bytes"), 4: ("clerk", "bytes"),
                5: ("witnesses", [WITNESS]), 6: ("parameters", PARAMETER_FIELDS), 7: ("nonce", "bytes")},
    "registry": {1: ("digest", "bytes"), 2: ("serial", "u64")},
    "deposit": {1: ("account", "bytes"), 2: ("amount", "u64")},
    "withdraw": {1: ("amount", "u64")}, "stake": {1: ("amount", "u64")}, "unstake": {1: ("amount", "u64")},
    "release": {},
    "hold": {1: ("model", "bytes"), 2: ("first", "u32"), 3: ("last", "u32"), 4: ("drop", "u32")},
    "job_open": {1: ("job", "bytes"), 2: ("fee", "u64"), 3: ("input", "bytes"), 4: ("excluded", ["bytes"]),
                 5: ("trial", {1: ("node", "bytes"), 2: ("expected", "bytes")})},
    "input": {1: ("job", "bytes"), 2: ("segment", "u32"), 3: ("input", "bytes")},
    "sortition": {**CONTEST, 4: ("proof", "bytes")},
    "draw": {**CONTEST, 4: ("seats", [{1: ("node", "bytes"), 2: ("weight", "u64")}]), 5: ("eligible", "u32"),
             6: ("weight", "u64")},
    "commit": {**CONTEST, 4: ("commitment", "bytes")},
    "close": {**CONTEST, 4: ("commits", "u32")},
    "reveal": {**CONTEST, 4: ("output", "bytes"), 5: ("trace", "bytes"), 6: ("nonce", "bytes")},
    "verdict": {**CONTEST, 4: ("output", "bytes"), 5: ("agreeing", "u32")},
    "anchor": {1: ("size", "u64"), 2: ("root", "bytes"),
               3: ("cosignatures", [{1: ("witness", "u32"), 2: ("time", "u64"), 3: ("signature", "bytes")}])},
    "expire": {1: ("job", "bytes")},
    "trial_result": {1: ("job", "bytes"), 2: ("output", "bytes"), 3: ("nonce", "bytes")},
    "evidence": {1: ("first", "bytes"), 2: ("second", "bytes")},
    "dispute_open": {1: ("job", "bytes"), 2: ("segment", "u32"), 3: ("output", "bytes"), 4: ("trace", "bytes")},
    "dispute_move": {1: ("dispute", "bytes"), 2: ("step", "u32"), 3: ("defends", "u32"), 4: ("left", "bytes"),
                     5: ("right", "bytes")},
    "dispute_default": {1: ("dispute", "bytes")},
}
SIZES = {"subject": 32, "commitment": 32, "nonce": 32, "root": 32, "digest": 32, "account": 32, "model": 32,
         "dispute": 32, "left": 32, "right": 32, "proof": 80, "founder": 32, "clerk": 32}
ENTRY = {1: ("time_ms", "u64"), 2: ("statement", "bytes"), 3: ("writer", "bytes"), 4: ("signature", "bytes")}


def is_origin(text):
    return 1 <= len(text) <= 128 and all(c in b"abcdefghijklmnopqrstuvwxyz0123456789.-/" for c in text)


def check_charter(charter, data):
    require(charter["version"] == 1 and is_origin(charter["origin"]), "a charter's header")
    witnesses = charter["witnesses"]
    require(1 <= len(witnesses) <= 16, "witnesses")
    for i, witness in enumerate(witnesses):
        require(is_name(witness["name"]) and len(witness["key"]) == 32, "a witness")
        require(i == 0 or witnesses[i - 1]["key"] < witness["key"], "witnesses out of order")
    keys = [charter["founder"], charter["clerk"]] + [witness["key"] for witness in witnesses]
    require(len(set(keys)) == len(keys), "one key in two roles")
    parameters = charter["parameters"]
    require(parameters is not None and parameters["version"] == 1, "parameters")
    for name, least, most in PARAMETERS:
        require(least <= parameters[name] <= most, name)
    require(parameters["unbonding_ms"] >= parameters["dispute_ms"] and parameters["referees"] % 2 == 1, "parameters")
    shortest = min(parameters[name] for name in ("draw_ms", "commit_ms", "reveal_ms", "move_ms"))
    require(parameters["skew_ms"] <= max(1000, shortest // 4), "skew_ms")
    charter["id"] = digest_of("vouch/ledger/v1", ("charter", data))


def check_job_open(opened):
    job = opened["job"] = read_job(opened["job"])
    require(opened["fee"] <= 2**40 and len(opened["excluded"]) <= 16, "fee or exclusions")
    require(all(is_name(name) for name in opened["excluded"]), "an excluded operator")
    require(all(a < b for a, b in zip(opened["excluded"], opened["excluded"][1:])), "exclusions out of order")
    by_nodes = [i for i, segment in enumerate(job["segments"]) if segment["by"] == 2]
    require(job["quorum"] % 2 == 1 and job["quorum"] <= 31 and len(by_nodes) <= 16, "quorum or segments")
    require(len(opened["input"]) == (0 if by_nodes[0] == 0 else 32), "the input")
    if opened["trial"] is not None:
        require(len(opened["trial"]["node"]) == 32 and len(opened["trial"]["expected"]) == 32, "a trial")
        require(job["quorum"] == 1 and len(by_nodes) == 1, "a trial of more than one node")
    opened["by_nodes"] = by_nodes


def check_ranges(kind, body):
    for name, size in SIZES.items():
        require(name not in body or len(body[name]) == size, name)
    if "job" in body and kind != "job_open":
        require(len(body["job"]) == 32, "a job's id")
    require(body.get("segment", 0) < 256 and body.get("round", 0) < 4 and body.get("step", 0) < 32, "a range")
    require("amount" not in body or 1 <= body["amount"] < 2**53, "an amount")
    if kind == "hold":
        require(body["first"] < body["last"] and body["drop"] <= 1, "what is held")
    if kind in ("input", "dispute_open", "trial_result"):
        require(len(body.get("input", b"") + body.get("output", b"")) == 32, "an input or output")
    if kind == "dispute_open":
        require(len(body["trace"]) == 32, "a trace")
    if kind == "dispute_move":
        require(body["defends"] <= 1, "a side")
    if kind == "reveal":
        require(len(body["output"]) == 32 and len(body["trace"]) in (0, 32), "what is revealed")
    if kind == "verdict":
        require(len(body["output"]) in (0, 32) and body["agreeing"] <= 319, "a verdict")
    if kind == "close":
        require(body["commits"] <= 319, "commits")
    if kind == "draw":
        require(len(body["seats"]) <= 319 and all(len(seat["node"]) == 32 for seat in body["seats"]), "seats")
    if kind == "anchor":
        marks = body["cosignatures"]
        require(len(marks) <= 16 and body["size"] < 2**63, "an anchor")
        for i, mark in enumerate(marks):
            require(mark["witness"] < 16 and len(mark["signature"]) == 64, "a cosignature")
            require(mark["time"] * 1000 < 2**53, "a cosignature's time")
            require(i == 0 or marks[i - 1]["witness"] < mark["witness"], "cosignatures out of order")


def read_statement(data):
    number, at = 0, 0
    tag, after = read_varint(data, 0)
    if tag == 8:
        number, at = read_varint(data, after)
        require(number > 0, "a default")
    tag, at = read_varint(data, at)
    require(tag & 7 == 2 and tag >> 3 in KINDS, "a kind of statement")
    size, at = read_varint(data, at)
    require(len(data) - at == size, "a statement's size")
    kind = KINDS[tag >> 3]
    body = read_message(data[at:], SCHEMAS[kind])
    require((number > 0) == (kind in COUNTED), "a number where there is none, or none")
    check_ranges(kind, body)
    if kind == "charter":
        require(number == 1, "the charter's number")
        check_charter(body, data[at:])
    if kind == "job_open":
        check_job_open(body)
    return number, kind, body


def read_entry(data):
    require(len(data) <= 65535, "an entry's size")
    entry = read_message(data, ENTRY)
    require(len(entry["writer"]) == 32 and len(entry["signature"]) == 64 and entry["time_ms"] < 2**53, "an entry")
    entry["number"], entry["kind"], entry["body"] = read_statement(entry["statement"])
    require(entry["kind"] == "charter" or len(data) <= 16384, "an entry's size")
    entry["leaf"] = hashlib.sha256(b"\x00" + data).digest()
    if entry["kind"] == "evidence":
        entry["drafts"] = [read_entry(entry["body"][which]) for which in ("first", "second")]
        require(all(draft["kind"] == "commit" and draft["time_ms"] == 0 for draft in entry["drafts"]), "evidence")
    return entry


def is_entry_signed(entry, ledger):
    digest = digest_of("vouch/entry/v1", ("ledger", ledger), ("statement", entry["statement"]))
    return is_signed(entry["writer"], digest, entry["signature"])


def is_cosigned(charter, mark, size, root):
    note = f"{charter['origin'].decode()}\n{size}\n{base64.b64encode(root).decode()}\n"
    message = f"cosignature/v1\ntime {mark['time']}\n{note}".encode()
    return is_signed(charter["witnesses"][mark["witness"]]["key"], message, mark["signature"])


def tree_root(leaves):
    """RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    while len(leaves) > 1:  # pairs; an odd one out moves up as it is
        pairs = [hashlib.sha256(b"\x01" + leaves[i] + leaves[i + 1]).digest() for i in range(0, len(leaves) - 1, 2)]
        leaves = pairs + leaves[len(leaves) - 1:] * (len(leaves) % 2)
    return leaves[0]


__all__ = ["Malformed", "digest_of", "is_cosigned", "is_entry_signed", "read_entry", "tree_root"]
