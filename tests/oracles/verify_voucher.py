#!/usr/bin/env python3
"""A second verifier of vouchers, written from specs/ alone and with nothing but Python's library.

It is slow and plain: it exists to disagree with the first one. It judges form, signatures, chain,
quorum and agreements; it holds no model and no opening, so that it never runs anything again.

    verify_voucher.py X.voucher [founder=KEY]... [owner=KEY]... [client=KEY]... [ledger=ID]... [quorum=N] [at=MS]
    verify_voucher.py --batch FILE     one voucher a line: the same words, and voucher=HEX

Prints one line per voucher: accepted, refused or malformed, then claim=verdict for each claim. The
exit status is 0 when every voucher was accepted.
"""
import functools
import hashlib
import pathlib
import sys

# --- Ed25519: RFC 8032, section 5.1, with the refusals of specs/transcript.md, section 4 ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(a, b):
    """Extended coordinates, RFC 8032, section 5.1.4; complete, so it doubles as well."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def decode_point(data):
    """The point, or None where `data` is not the one encoding of a point."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x_squared, (P + 3) // 8, P)
    if (x * x - x_squared) % P != 0:
        x = x * SQRT_MINUS_1 % P
    if (x * x - x_squared) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode_point(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_small(point):
    for _ in range(3):
        point = add(point, point)
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


@functools.lru_cache(maxsize=None)
def is_signed(key, digest, signature):
    a, r = decode_point(key), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER or is_small(a) or is_small(r):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + digest).digest(), "little") % ORDER
    minus_a = (P - a[0], a[1], 1, P - a[3])
    both, point = add(BASE, minus_a), NEUTRAL
    for bit in range(255, -1, -1):  # s B - k A, both scalars at once
        point = add(point, point)
        pair = (s >> bit & 1, k >> bit & 1)
        if pair != (0, 0):
            point = add(point, {(1, 0): BASE, (0, 1): minus_a, (1, 1): both}[pair])
    return encode_point(point) == signature[:32]


# --- specs/transcript.md, section 1 ---

def digest_of(protocol, *items):
    hashed = hashlib.sha256(bytes([len(protocol)]) + protocol.encode())
    for label, value in items:
        value = value.to_bytes(8, "little") if isinstance(value, int) else value
        hashed.update(bytes([len(label)]) + label.encode() + len(value).to_bytes(8, "little") + value)
    return hashed.digest()


# --- specs/registry.md, section 1: canonical form. A schema is field number -> (name, type), where a
# type is "u32", "u64", "bytes", "text", a schema, or a list around a schema or "bytes". ---

class Malformed(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Malformed(what)


def read_varint(data, at):
    value = shift = 0
    while True:
        require(at < len(data) and shift < 64, "a varint without end")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            break
    require(byte != 0 or shift == 7, "a varint that is not the shortest")
    require(value < 2**64, "a varint that is too large")
    return value, at


def read_message(data, schema):
    message = {name: [] if isinstance(kind, list) else {"u32": 0, "u64": 0, "bytes": b"", "text": b""}[kind]
               if isinstance(kind, str) else None for name, kind in schema.values()}
    at, last = 0, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        require(number in schema, "an unknown field")
        name, kind = schema[number]
        require(number > last or (number == last and isinstance(kind, list)), "fields out of order")
        last = number
        require(wire == (0 if kind in ("u32", "u64") else 2), "a wire type that is not the schema's")
        value, at = read_varint(data, at)
        if wire == 0:
            require(0 < value < (2**32 if kind == "u32" else 2**64), "a default or a number too large")
            message[name] = value
            continue
        require(value <= len(data) - at, "a field that ends after its message")
        inner, at = data[at:at + value], at + value
        if isinstance(kind, list):
            message[name].append(inner if kind[0] == "bytes" else read_message(inner, kind[0]))
        elif isinstance(kind, dict):
            message[name] = read_message(inner, kind)
        else:
            require(inner != b"" and (kind == "bytes" or 0 not in inner), "a default, or a zero in text")
            message[name] = inner
    return message


COMMITMENT = {1: ("kind", "u32"), 2: ("value", "bytes"), 3: ("columns", "u32")}
SEGMENT = {1: ("first", "u32"), 2: ("last", "u32"), 3: ("by", "u32")}
JOB = {1: ("version", "u32"), 2: ("model", "bytes"), 3: ("client", "bytes"), 4: ("nonce", "bytes"),
       5: ("batch", "u32"), 6: ("input", COMMITMENT), 7: ("segments", [SEGMENT]), 8: ("quorum", "u32"),
       9: ("deadline_ms", "u64"), 10: ("registry", "bytes"), 11: ("nonces", ["bytes"])}
VOTE = {1: ("node", "bytes"), 2: ("input", "bytes"), 3: ("output", "bytes"), 4: ("signature", "bytes")}
FAULT = {1: ("node", "bytes"), 2: ("kind", "u32")}
PROOF = {1: ("input_root", "bytes"), 2: ("output_root", "bytes"), 3: ("annex", "bytes"), 4: ("proof", "bytes")}
LEAF = {1: ("position", "u64"), 2: ("entry", "bytes"), 3: ("path", ["bytes"])}
AGREEMENT = {1: ("checkpoint", "bytes"), 2: ("leaves", [LEAF])}
ATTESTATION = {1: ("node", "bytes"), 2: ("salt", "bytes"), 3: ("block", "bytes"), 4: ("response", "bytes"),
               5: ("time_ms", "u64")}
RESULT = {1: ("segment", "u32"), 2: ("votes", [VOTE]), 3: ("faults", [FAULT]), 4: ("proof", PROOF),
          5: ("agreement", AGREEMENT), 6: ("attestations", [ATTESTATION])}
VOUCHER = {1: ("version", "u32"), 2: ("job", "bytes"), 3: ("owner", "bytes"), 4: ("owner_signature", "bytes"),
           5: ("output", COMMITMENT), 6: ("results", [RESULT]), 7: ("registry", "bytes"),
           8: ("finished_ms", "u64"), 9: ("client_signature", "bytes")}
MEMBER = {1: ("key", "bytes"), 2: ("operator", "text"), 3: ("role", "u32"), 4: ("vrf", "bytes")}
REGISTRY = {1: ("version", "u32"), 2: ("network", "text"), 3: ("serial", "u64"), 4: ("expires_ms", "u64"),
            5: ("members", [MEMBER])}
SIGNED_REGISTRY = {1: ("registry", "bytes"), 2: ("founder", "bytes"), 3: ("signature", "bytes")}

CLIENT, NODES = 1, 2
NODE_ROLE = 1


# --- specs/registry.md, sections 2 and 3 ---

def is_name(name):
    return 1 <= len(name) <= 64 and all(c in b"abcdefghijklmnopqrstuvwxyz0123456789.-" for c in name)


def read_registry(data):
    require(len(data) <= 2 << 20, "a registry that is too large")
    signed = read_message(data, SIGNED_REGISTRY)
    require(len(signed["founder"]) == 32 and len(signed["signature"]) == 64, "sizes of a registry")
    registry = read_message(signed["registry"], REGISTRY)
    require(registry["version"] == 1 and is_name(registry["network"]), "a registry's header")
    members = registry["members"]
    require(len(members) <= 10000, "too many members")
    for i, member in enumerate(members):
        require(len(member["key"]) == 32 and is_name(member["operator"]), "a member")
        require(member["role"] in (1, 2), "a role")
        require(i == 0 or members[i - 1]["key"] < member["key"], "members out of order")
        require(member["vrf"] == b"" or (len(member["vrf"]) == 32 and member["role"] == NODE_ROLE), "a VRF key")
    vrfs = [member["vrf"] for member in members if member["vrf"] != b""]
    require(len(set(vrfs)) == len(vrfs), "a VRF key twice")
    registry["founder"] = signed["founder"]
    registry["digest"] = digest_of("vouch/registry/v1", ("registry", signed["registry"]))
    require(is_signed(signed["founder"], registry["digest"], signed["signature"]), "the founder's signature")
    return registry


# --- specs/voucher.md, sections 1 and 3 ---

def check_commitment(commitment):
    require(commitment is not None and commitment["kind"] in (1, 2), "a commitment's kind")
    require(commitment["columns"] in (range(1) if commitment["kind"] == 1 else range(9, 17)), "columns")
    require(len(commitment["value"]) == 32, "a commitment's size")


def read_job(data):
    require(0 < len(data) <= 65536, "a job's size")
    job = read_message(data, JOB)
    require(job["version"] == 1, "a job's version")
    for name in ("model", "client", "nonce", "registry"):
        require(len(job[name]) == 32, name)
    check_commitment(job["input"])
    require(1 <= job["batch"] <= 4096 and 1 <= job["quorum"] <= 101, "batch or quorum")
    segments = job["segments"]
    require(1 <= len(segments) <= 256, "segments")
    for i, segment in enumerate(segments):
        require(segment["first"] == (segments[i - 1]["last"] if i > 0 else 0), "a gap")
        require(segment["last"] > segment["first"] and segment["by"] in (CLIENT, NODES), "a segment")
    require(any(segment["by"] == NODES for segment in segments), "nothing for nodes")
    require([len(pin) for pin in job["nonces"]] == [32] * (len(segments) + 1), "pins of nonces")
    job["id"] = digest_of("vouch/job/v1", ("job", data))
    return job


def check_agreement(agreement):
    leaves = agreement["leaves"]
    require(0 < len(agreement["checkpoint"]) <= 16384 and 1 <= len(leaves) <= 1024, "an agreement's size")
    for i, leaf in enumerate(leaves):
        require(i == 0 or leaves[i - 1]["position"] < leaf["position"], "leaves out of order")
        require(0 < len(leaf["entry"]) <= 65535 and len(leaf["path"]) <= 63, "a leaf's size")
        require(all(len(digest) == 32 for digest in leaf["path"]), "a path")


def check_result(result, job):
    proof = result["proof"]
    if result["agreement"] is not None:
        require(job["segments"][result["segment"]]["by"] == NODES, "an agreement on the client's segment")
        check_agreement(result["agreement"])
    if proof is None:
        require(job["segments"][result["segment"]]["by"] == NODES, "nothing said of the client's segment")
        return
    require(job["input"]["kind"] == 2, "a proof about what no proof can open")
    require(len(proof["input_root"]) == len(proof["output_root"]) == 32, "roots of a proof")
    require(proof["annex"] and proof["proof"], "a proof without bytes or annex")
    nothing = not result["votes"] + result["faults"] + result["attestations"]
    require(job["segments"][result["segment"]]["by"] == NODES or nothing, "votes on the client's segment")


def read_block(block):
    """attest.md, section 3, as far as form goes."""
    require(len(block) == 276 and block[:17] == b"VOUCH-ATTEST-BND\1", "a binding block")
    mode, role, kind = block[17:20]
    names = ("nonce", "exporter", "own", "peer", "sealing_key", "node", "facts", "policy")
    fields = {name: block[20 + 32 * i:52 + 32 * i] for i, name in enumerate(names)}
    require(mode in (1, 2) and role in (1, 2) and 1 <= kind <= 6, "a block's mode, role or kind")
    require(all(any(fields[name]) for name in ("nonce", "own", "sealing_key", "node")), "a block that ties to nothing")
    require(any(fields["exporter"]) == (mode == 1) and (mode == 1 or not any(fields["peer"])), "a block's connection")
    return {**fields, "mode": mode, "role": role, "kind": kind}


def check_attestations(result):
    attestations, voters = result["attestations"], {vote["node"] for vote in result["votes"]}
    for i, attestation in enumerate(attestations):
        require(i == 0 or attestations[i - 1]["node"] < attestation["node"], "attestations out of order")
        require(attestation["node"] in voters, "an attestation without a vote")
        require(len(attestation["salt"]) == 32 and 1 <= len(attestation["response"]) <= 262144, "an attestation")
        attestation["block"] = read_block(attestation["block"])


def check_results(voucher, job):
    require(sum(len(result["attestations"]) for result in voucher["results"]) <= 1024, "too many attestations")
    results = voucher["results"]
    require(len(results) <= 256, "too many results")
    for i, result in enumerate(results):
        require(i == 0 or results[i - 1]["segment"] < result["segment"], "results out of order")
        require(result["segment"] < len(job["segments"]), "a result of no segment")
        check_result(result, job)
        votes, faults = result["votes"], result["faults"]
        require(len(votes) <= 301 and len(faults) <= 1024, "too many votes or faults")
        for j, vote in enumerate(votes):
            require([len(vote[name]) for name in ("node", "input", "output", "signature")] ==
                    [32, 32, 32, 64], "sizes of a vote")
            require(j == 0 or votes[j - 1]["node"] < vote["node"], "votes out of order")
        check_attestations(result)
        for j, fault in enumerate(faults):
            require(len(fault["node"]) == 32 and 1 <= fault["kind"] <= 9, "a fault")
            require(j == 0 or (faults[j - 1]["node"], faults[j - 1]["kind"]) < (fault["node"], fault["kind"]),
                    "faults out of order")


def read_voucher(data):
    require(0 < len(data) <= 64 << 20, "a voucher's size")
    voucher = read_message(data, VOUCHER)
    require(voucher["version"] == 1, "a voucher's version")
    require(len(voucher["owner"]) == 32 and len(voucher["owner_signature"]) == 64, "sizes of the owner's")
    require(len(voucher["client_signature"]) == 64, "the size of the client's signature")
    check_commitment(voucher["output"])
    voucher["job"] = read_job(voucher["job"])
    voucher["registry"] = read_registry(voucher["registry"])
    same = [voucher["output"][name] == voucher["job"]["input"][name] for name in ("kind", "columns")]
    require(all(same), "another kind of commitment than the job's")
    check_results(voucher, voucher["job"])
    voucher["signed"] = digest_of("vouch/voucher/v1", ("voucher", data[:-66]))
    return voucher


# --- specs/voucher.md, section 2 ---

def tally(votes, segment, segment_input, job, registry):
    """(valid, winning output or None)"""
    members = {member["key"]: member for member in registry["members"]}
    voices, counts = set(), {}
    for vote in votes:
        member = members.get(vote["node"])
        if member is None or member["role"] != NODE_ROLE or member["operator"] in voices:
            return False, None
        voices.add(member["operator"])
        signed = digest_of("vouch/vote/v1", ("job", job["id"]), ("segment", segment), ("node", vote["node"]),
                           ("input", vote["input"]), ("output", vote["output"]))
        if vote["input"] != segment_input or not is_signed(vote["node"], signed, vote["signature"]):
            return False, None
        counts[vote["output"]] = counts.get(vote["output"], 0) + 1
    needed = max(job["quorum"], len(votes)) // 2 + 1
    winners = [output for output, count in counts.items() if count >= needed]
    return True, winners[0] if winners else None


# --- specs/voucher.md, section 4 ---

def identity(key):
    return hashlib.sha256(bytes.fromhex("302a300506032b6570032100") + key).digest()


def is_lie(voucher, attestation):
    """Section 7, as a reader without rules sees it."""
    block, job = attestation["block"], voucher["job"]
    nonce = digest_of("vouch/attest-nonce/v1", ("occasion", job["nonce"]), ("salt", attestation["salt"]))
    return (block["mode"], block["role"], block["node"], block["own"], block["peer"], block["nonce"]) != (
        1, 1, attestation["node"], identity(attestation["node"]), identity(job["client"]), nonce) or (
        attestation["time_ms"] > voucher["finished_ms"])


def judge_attested(voucher):
    attestations = [attestation for result in voucher["results"] for attestation in result["attestations"]]
    if any(is_lie(voucher, attestation) for attestation in attestations):
        return "false"
    return "not-shown" if any(attestation["block"]["kind"] != 6 for attestation in attestations) else "not-claimed"


def read_agreements(voucher):
    """(all are right, what each shows by its segment): section 6, in agreement/shown.py."""
    results = [result for result in voucher["results"] if result["agreement"] is not None]
    if not results:
        return True, {}
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "agreement"))
    import shown
    found = {}
    for result in results:
        found[result["segment"]] = shown.judge(voucher, result)
        if found[result["segment"]] is None:
            del found[result["segment"]]
            return False, found
    return shown.join(voucher, found), found


def recount(voucher, agreed):
    """(all votes valid, all majorities there, the last winning output or None)"""
    job = voucher["job"]
    votes_of = {result["segment"]: result["votes"] for result in voucher["results"]}
    valid = majorities = True
    known = job["input"]["value"]
    for i, segment in enumerate(job["segments"]):
        if segment["by"] == CLIENT:
            known = None
            continue
        votes, agreement = votes_of.get(i, []), agreed.get(i)
        if known is None and agreement is not None:
            known = agreement.input
        if known is None and votes:
            known = votes[0]["input"]
        is_valid, winner = tally(votes, i, known, job, voucher["registry"])
        if agreement is not None:
            is_valid = is_valid and agreement.input in (None, known) and winner in (None, agreement.output)
            winner = agreement.output
        valid, majorities, known = valid and is_valid, majorities and winner is not None, winner
    return valid, majorities, known


def is_on_ledgers(job, agreed, ledgers):
    """Whether every segment by nodes is agreed on one of these, where the reader names some."""
    wanted = [i for i, segment in enumerate(job["segments"]) if segment["by"] == NODES]
    return not ledgers or all(i in agreed and agreed[i].charter["id"] in ledgers for i in wanted)


def judge(voucher, policy):
    job, registry = voucher["job"], voucher["registry"]
    right, agreed = read_agreements(voucher)
    valid, majorities, voted = recount(voucher, agreed)
    valid = valid and right
    sound = (registry["digest"] == job["registry"] and voucher["finished_ms"] <= job["deadline_ms"] and
             (registry["expires_ms"] == 0 or voucher["finished_ms"] <= registry["expires_ms"]))
    named = registry["founder"] in policy["founder"]
    claims = {}

    def say(claim, is_false, is_shown):
        claims[claim] = "false" if is_false else "shown" if is_shown else "not-shown"

    future = policy["at"] != 0 and voucher["finished_ms"] > policy["at"] + 5 * 60 * 1000
    say("client", future or not is_signed(job["client"], voucher["signed"], voucher["client_signature"]),
        not policy["client"] or job["client"] in policy["client"])
    owned = digest_of("vouch/model-owner/v1", ("identity", job["model"]))
    say("model", not is_signed(voucher["owner"], owned, voucher["owner_signature"]),
        voucher["owner"] in policy["owner"])
    if sound and not voucher["results"]:
        claims["split"] = claims["quorum"] = "not-claimed"
    else:
        say("split", not sound or not valid, majorities and named)
        say("quorum", not sound or not valid or not majorities,
            named and job["quorum"] >= (policy["quorum"] or 2) and is_on_ledgers(job, agreed, policy["ledger"]))
    has_votes = any(result["votes"] for result in voucher["results"])
    say("input", False, has_votes and claims["split"] != "false" and named)
    output = voucher["output"]["value"]
    say("output", voted is not None and voted != output, claims["client"] == "shown")
    say("ends", False, all(segment["by"] == NODES for segment in job["segments"]) and
        claims["quorum"] == "shown" and voted == output)
    # Without the model nobody knows what a proof would have to be about.
    claims["proof"] = "not-shown" if any(result["proof"] for result in voucher["results"]) else "not-claimed"
    claims["attested"] = judge_attested(voucher)
    return claims


def is_accepted(claims):
    """Of a reader who requires nothing in particular."""
    return ("false" not in claims.values() and
            all(claims[claim] == "shown" for claim in ("model", "input", "output")) and
            any(claims[claim] == "shown" for claim in ("quorum", "proof")))


ORDER_OF_CLAIMS = ("client", "model", "input", "output", "split", "quorum", "ends", "proof", "attested")


def verify(words):
    policy = {"founder": [], "owner": [], "client": [], "ledger": [], "quorum": 0, "at": 0}
    data = b""
    for word in words:
        name, _, value = word.partition("=")
        if name == "voucher":
            data = bytes.fromhex(value)
        elif name in ("quorum", "at"):
            policy[name] = int(value)
        else:
            policy[name].append(bytes.fromhex(value))
    try:
        claims = judge(read_voucher(data), policy)
    except Malformed:
        return "malformed"
    return " ".join(["accepted" if is_accepted(claims) else "refused"] +
                    [f"{claim}={claims[claim]}" for claim in ORDER_OF_CLAIMS])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--batch":
        with open(sys.argv[2]) as lines:
            verdicts = [verify(line.split()) for line in lines]
    else:
        with open(sys.argv[1], "rb") as file:
            verdicts = [verify(sys.argv[2:] + ["voucher=" + file.read().hex()])]
    print("\n".join(verdicts))
    sys.exit(any(not verdict.startswith("accepted") for verdict in verdicts))


if __name__ == "__main__":
    main()
