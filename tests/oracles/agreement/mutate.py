"""Lies about agreements at random: `mutate` alters a log or a voucher in one place, or in a few, and has everything
signed, hashed, proven and cosigned anew by whoever would have to. What comes out may still be right."""
import copy
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tlog  # noqa: E402
from entries import SCHEMAS  # noqa: E402
from forge import VOUCHER, cosign, encode_entry, key_of, some  # noqa: E402

CONTESTS = {"sortition", "draw", "commit", "close", "reveal", "verdict"}
NAMES = ["founder", "clerk", "client", "stranger"]


# --- values and messages

def other_number(rng, value):
    return rng.choice([0, 1, value + 1, max(value - 1, 0), 2 * value, 2**31, 2**32 - 1, rng.randrange(2**20)])


def other_bytes(rng, value):
    if not value:
        return rng.choice([bytes(1), bytes(32), some("random", rng.random())])
    at = rng.randrange(len(value))
    return rng.choice([
        lambda: value[:at] + bytes([value[at] ^ 1 << rng.randrange(8)]) + value[at + 1:],
        lambda: value[:at], lambda: b"", lambda: value + value[:1], lambda: bytes(len(value)),
        lambda: some("random", rng.random())[:len(value)],
    ])()


def other_list(rng, value):
    value = list(value)
    at = rng.randrange(len(value))
    action = rng.randrange(4)
    if action == 0:
        del value[at]
    elif action == 1:
        value.insert(rng.randrange(len(value) + 1), copy.deepcopy(value[at]))
    elif action == 2:
        rng.shuffle(value)
    else:
        value = value[:at]
    return value


def alter(rng, message, schema):
    """One field, at any depth, in place; its path."""
    name, kind = rng.choice(list(schema.values()))
    value = message[name]
    if isinstance(kind, dict):
        if value is None or rng.random() < 0.1:
            message[name] = None
        else:
            return f"{name}.{alter(rng, value, kind)}"
    elif isinstance(kind, list):
        if value and rng.random() < 0.6:
            at = rng.randrange(len(value))
            if kind[0] != "bytes":
                return f"{name}[{at}].{alter(rng, value[at], kind[0])}"
            value[at] = other_bytes(rng, value[at])
        elif value:
            message[name] = other_list(rng, value)
    elif kind in ("u32", "u64"):
        message[name] = other_number(rng, value) % (2**32 if kind == "u32" else 2**64)
    elif kind == "text":
        message[name] = rng.choice([b"op-000", b"other", value[:-1], value + b"x"])
    else:
        message[name] = other_bytes(rng, value)
    return name


# --- logs: whoever wrote an entry signs it again

def pick(rng, voucher):
    """An entry that is told; mostly one that matters."""
    told = sorted(set().union(*voucher.told.values()))
    fewer = [at for at in told if voucher.log[at]["kind"] not in ("sortition", "anchor")]
    return rng.choice(fewer if rng.random() < 0.7 else told)


def alter_entry(rng, voucher):
    at = pick(rng, voucher)
    entry = voucher.log[at]
    if rng.random() < 0.1:  # without its writer
        entry["signature"] = signature_of(entry, voucher)
    return f"{entry['kind']} at {at}: {alter(rng, entry['body'], SCHEMAS[entry['kind']])}"


def signature_of(entry, voucher):
    return encode_entry(entry, voucher.ledger)[-64:]


def sign_elsewhere(rng, voucher):
    """Its writer said so on another ledger."""
    at = pick(rng, voucher)
    entry = voucher.log[at]
    entry["signature"] = encode_entry(entry, some("another ledger"))[-64:]
    return f"{entry['kind']} at {at} of another ledger"


def copy_field(rng, voucher):
    """A field of another entry of the kind: an earlier round's proof, another's commitment, another job."""
    at = pick(rng, voucher)
    entry = voucher.log[at]
    others = [other for other in voucher.log if other["kind"] == entry["kind"] and other is not entry]
    if others and entry["body"]:
        name = rng.choice(list(entry["body"]))
        entry["body"][name] = copy.deepcopy(rng.choice(others)["body"][name])
        return f"{entry['kind']} at {at}: another's {name}"
    return "nothing"


def alter_time(rng, voucher):
    at = pick(rng, voucher)
    entry = voucher.log[at]
    by = rng.choice([-1, 1, -1000, 1000, 1999, 2000, -1001, 8000, 8001, 60000, -60001, 10**9, -entry["time_ms"]])
    behind = voucher.log[at:] if rng.random() < 0.5 else [entry]
    for each in behind:
        each["time_ms"] = max(each["time_ms"] + by, 0)
    return f"time of {entry['kind']} at {at}, and {len(behind) - 1} behind it: {by}"


def alter_writer(rng, voucher):
    entry = voucher.log[pick(rng, voucher)]
    entry["writer"] = rng.choice(NAMES + voucher.world.nodes)
    return f"{entry['kind']} by {entry['writer']}"


def move_entry(rng, voucher):
    at, to = pick(rng, voucher), pick(rng, voucher)
    entry, told = voucher.log[at], [segment for segment, places in voucher.told.items() if at in places]
    voucher.remove(at)
    to = min(to, len(voucher.log))
    if rng.random() < 0.8 and to > 0:
        entry["time_ms"] = voucher.log[to - 1]["time_ms"]
    voucher.insert(to, entry, False)
    for segment in told:
        voucher.told[segment].add(to)
    return f"{entry['kind']} from {at} to {to}"


def exchange(rng, voucher):
    """Two entries, without any position changing."""
    a, b = pick(rng, voucher), pick(rng, voucher)
    log = voucher.log
    log[a], log[b] = log[b], log[a]
    if rng.random() < 0.8:
        log[a]["time_ms"], log[b]["time_ms"] = log[b]["time_ms"], log[a]["time_ms"]
    return f"{log[b]['kind']} at {a} and {log[a]['kind']} at {b} exchanged"


def remove_entry(rng, voucher):
    at = pick(rng, voucher)
    kind = voucher.log[at]["kind"]
    voucher.remove(at)
    return f"{kind} at {at} removed from the log"


def replace_entry(rng, voucher):
    """By another of the log, where it stands: no position changes."""
    at, other = pick(rng, voucher), rng.randrange(len(voucher.log))
    time_ms = voucher.log[at]["time_ms"]
    voucher.log[at] = copy.deepcopy(voucher.log[other])
    voucher.log[at]["time_ms"] = time_ms
    return f"the entry at {other} stands at {at}, too"


def repeat_entry(rng, voucher):
    at = pick(rng, voucher)
    to = rng.randrange(at, len(voucher.log))
    entry = copy.deepcopy(voucher.log[at])
    entry["time_ms"] = voucher.log[to]["time_ms"]
    voucher.insert(to, entry)
    return f"{entry['kind']} at {at} again at {to}"


def rename_contest(rng, voucher):
    """Some entries speak of another round, segment or job."""
    name = rng.choice(["round", "segment", "subject"])
    value = {"round": rng.randrange(4), "segment": rng.randrange(5), "subject": some("another")}[name]
    kinds = rng.choice([CONTESTS, {rng.choice(sorted(CONTESTS))}])
    for entry in voucher.log:
        if entry["kind"] in kinds:
            entry["body"][name] = value
    return f"{name} of {sorted(kinds)}"


def cosign_anchor(rng, voucher):
    anchors = [entry for entry in voucher.log if entry["kind"] == "anchor"]
    entry = rng.choice(anchors)
    body, witnesses = entry["body"], voucher.world.witnesses
    size = body["size"] if rng.random() < 0.7 else other_number(rng, body["size"])
    time_s = entry["time_ms"] // 1000 + rng.choice([0, 0, 1, -1, 2, -2, 10**6])
    names = rng.sample(witnesses, rng.randrange(len(witnesses) + 1))
    root = body["root"] if rng.random() < 0.8 else some("root")
    body.update(size=size, root=root, cosignatures=cosign(voucher.world.charter, names, size, root, max(time_s, 0)))
    return f"an anchor of {size} by {len(names)}"


def answer_anew(rng, voucher):
    """A seat's commit and reveal, both changed so that they fit."""
    from entries import digest_of
    reveals = [entry for entry in voucher.log if entry["kind"] == "reveal"]
    reveal = rng.choice(reveals)
    body = reveal["body"]
    body[rng.choice(["output", "trace", "nonce"])] = some("anew", rng.random())
    for entry in voucher.log:
        if entry["kind"] == "commit" and entry["writer"] == reveal["writer"] and all(
                entry["body"][name] == body[name] for name in ("subject", "segment", "round")):
            entry["body"]["commitment"] = digest_of(
                "vouch/commit/v1", ("subject", body["subject"]), ("segment", body["segment"]), ("round", body["round"]),
                ("node", key_of(reveal["writer"]).public), ("output", body["output"]), ("trace", body["trace"]),
                ("nonce", body["nonce"]))
    return f"{reveal['writer']} gave another answer"


LOG = [alter_entry, alter_entry, alter_entry, copy_field, copy_field, alter_time, alter_writer, move_entry, exchange,
       remove_entry, replace_entry, repeat_entry, sign_elsewhere, rename_contest, cosign_anchor, answer_anew]


# --- what is told of a log, and by whom it is cosigned

def tell_less(rng, voucher):
    told = rng.choice(list(voucher.told.values()))
    at = rng.choice(sorted(told))
    told.discard(at)
    return f"{voucher.log[at]['kind']} at {at} not told"


def tell_more(rng, voucher):
    told = rng.choice(list(voucher.told.values()))
    told |= set(rng.sample(range(len(voucher.log)), min(20, len(voucher.log))))
    return "more told"


def choose_cosigners(rng, voucher):
    witnesses = voucher.world.witnesses
    voucher.cosigners = [rng.choice(witnesses + ["stranger"]) for _ in range(rng.randrange(len(witnesses) + 2))]
    voucher.clerk = rng.choice(["clerk"] * 3 + ["stranger"])
    return f"cosigned by {voucher.cosigners}, signed by {voucher.clerk}"


def choose_end(rng, voucher):
    """A checkpoint of fewer entries."""
    count = rng.randrange(1, len(voucher.log) + 1)
    for at in range(len(voucher.log) - 1, count - 1, -1):
        voucher.remove(at)
    return f"{count} entries"


TELLING = [tell_less, tell_less, tell_more, choose_cosigners, choose_end]


# --- vouchers: the client signs again

def agreements(voucher):
    return [result["agreement"] for result in voucher.fields["results"] if result["agreement"] is not None]


def alter_voucher(rng, voucher):
    return alter(rng, voucher.fields, VOUCHER)


def alter_leaf(rng, voucher):
    leaves = rng.choice(agreements(voucher))["leaves"]
    leaf, other = rng.choice(leaves), rng.choice(leaves)
    name = rng.choice(["position", "entry", "path"])
    if rng.random() < 0.4:
        leaf[name], other[name] = other[name], leaf[name]
        return f"{name} of two leaves exchanged"
    leaf[name] = {"position": lambda: other_number(rng, leaf["position"]),
                  "entry": lambda: other_bytes(rng, leaf["entry"]),
                  "path": lambda: other_list(rng, leaf["path"]) if leaf["path"] else [bytes(32)]}[name]()
    return f"another {name} of a leaf"


def alter_leaves(rng, voucher):
    agreement = rng.choice(agreements(voucher))
    agreement["leaves"] = other_list(rng, agreement["leaves"])
    return "another list of leaves"


def alter_note(rng, voucher):
    agreement = rng.choice(agreements(voucher))
    text, _, lines = agreement["checkpoint"].decode().partition("\n\n")
    lines = lines.splitlines(keepends=True)
    if rng.random() < 0.4:
        lines = other_list(rng, lines)
    elif rng.random() < 0.4:
        lines.append(tlog.note_line(rng.choice(["w.example", "witness0", "forged.example/log"]), rng.choice([1, 4]),
                                    key_of(rng.choice(NAMES)).public, some("signature") * 2))
    elif rng.random() < 0.3:
        text += rng.choice(["\nextension", "\n", "\n\n", " ", "\t", "\x7f", "é"])
    else:
        at = rng.randrange(len(lines))
        lines[at] = rng.choice([lines[at][:-2], lines[at].replace(" ", "  ", 1), lines[at] + "\n", "- " + lines[at][2:],
                                lines[at][:-3] + "B=\n", lines[at][:-1] + " x\n", lines[at].swapcase()])
    agreement["checkpoint"] = (text + "\n\n" + "".join(lines)).encode()
    return "another note"


def exchange_agreements(rng, voucher):
    results = voucher.fields["results"]
    a, b = rng.choice(results), rng.choice(results)
    a["agreement"], b["agreement"] = b["agreement"], a["agreement"]
    return "agreements exchanged"


def take_agreement(rng, voucher):
    """Of another job of the same log, or none."""
    other = voucher.world.voucher(rng.choice(voucher.others)).seal()
    result = rng.choice(voucher.fields["results"])
    result["agreement"] = rng.choice(agreements(other)) if rng.random() < 0.7 else None
    return "another job's agreement, or none"


def vote_anew(rng, voucher):
    result = rng.choice(voucher.fields["results"])
    nodes = rng.sample(voucher.world.nodes, rng.randrange(len(voucher.world.nodes)))
    votes = [voucher.vote(node, result["segment"], rng.choice([1, 1, 1, 2])) for node in nodes]
    result["votes"] = sorted(votes, key=lambda vote: vote["node"])
    return f"{len(votes)} other votes"


CLIENT_ONLY = [alter_voucher, alter_leaf, alter_leaf, alter_leaves, alter_note, alter_note, exchange_agreements,
               take_agreement, vote_anew]


def damage(rng, data):
    at = rng.randrange(len(data))
    return rng.choice([
        lambda: data[:at], lambda: data + data[at:], lambda: data[:at] + data[at + 1:],
        lambda: data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:],
        lambda: data[:at] + data[at:at + 40] + data[at:],
    ])()


def mutate(rng, world, jobs):
    """(the voucher's bytes, what was done)"""
    voucher = world.voucher(rng.choice(jobs))
    voucher.others = jobs
    done = []
    dice = rng.random()
    if dice < 0.55:
        done += [rng.choice(LOG)(rng, voucher) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    if 0.5 < dice < 0.7:
        done.append(rng.choice(TELLING)(rng, voucher))
    voucher.seal()
    if 0.65 < dice < 0.95:
        done.append(rng.choice(CLIENT_ONLY)(rng, voucher))
    data = voucher.encode()
    if dice > 0.93:
        data = damage(rng, data)
        done.append("damaged")
    return data, "; ".join(done)
