"""A small network that holds contests, in Python alone and with every key at hand: logs and vouchers as
the specs say, for tests that change one thing, sign it anew and ask verifiers. Slow keys, never for
what matters.

    world = World(nodes=7); job = world.open([CLIENT, NODES, CLIENT], quorum=3); world.hold(job, 1, [1, 1, 1])
    data = world.voucher(job).encode()
"""
import copy
import functools
import hashlib
import pathlib
import sys
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tlog  # noqa: E402
import vrf  # noqa: E402
from contests import exponent  # noqa: E402
from entries import COUNTED, ENTRY, KINDS, PARAMETERS, SCHEMAS, digest_of, read_entry, tree_root  # noqa: E402
from verify_voucher import AGREEMENT, CLIENT, JOB, NODES, REGISTRY, SIGNED_REGISTRY, VOUCHER  # noqa: E402

DEFAULTS = dict(zip([name for name, _, _ in PARAMETERS], [
    60000, 4000, 60000, 10000, 600000, 30000, 86400000, 1000, 3600000, 3, 64, 5, 0, 1000, 1, 500, 500, 500, 52429,
    66191, 6554, 131072]))  # of agreement.md, section 3, but for trials
NUMBERS = {kind: number for number, kind in KINDS.items()}
START_MS = 1700000000000
STAKE = 100000


# --- the canonical form, the other way

def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def encode(message, schema):
    out = b""
    for number, (name, kind) in sorted(schema.items()):
        value = message[name]
        if kind in ("u32", "u64"):
            out += varint(number << 3) + varint(value) if value else b""
            continue
        inner = kind[0] if isinstance(kind, list) else kind
        for item in value if isinstance(kind, list) else [value] if value or value == {} else []:
            data = item if inner in ("bytes", "text") else encode(item, inner)
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


# --- keys

@functools.lru_cache(maxsize=None)
def key_of(name):
    return tlog.Key(hashlib.sha256(name.encode()).digest())


@functools.lru_cache(maxsize=None)
def vrf_of(name):
    return vrf.secret_of_seed(hashlib.sha256(name.encode()).digest())


prove = functools.lru_cache(maxsize=None)(vrf.prove)
public_vrf = functools.lru_cache(maxsize=None)(vrf.public_of)


@functools.lru_cache(maxsize=None)
def sign(name, message):
    return key_of(name).sign(message)


def some(*words):
    return hashlib.sha256("/".join(map(str, words)).encode()).digest()


# --- entries: dicts of kind, number, body, writer (a key's name), time_ms

def statement_of(entry):
    body = encode(entry["body"], SCHEMAS[entry["kind"]])
    number = varint(8) + varint(entry["number"]) if entry["number"] else b""
    return number + varint(NUMBERS[entry["kind"]] << 3 | 2) + varint(len(body)) + body


def encode_entry(entry, ledger):
    statement = statement_of(entry)
    signed = digest_of("vouch/entry/v1", ("ledger", ledger), ("statement", statement))
    return encode({"time_ms": entry["time_ms"], "statement": statement, "writer": key_of(entry["writer"]).public,
                   "signature": entry.get("signature") or sign(entry["writer"], signed)}, ENTRY)


def cosign(charter, names, size, root, time_s):
    """Marks of those witnesses over the tree of that size."""
    text = tlog.checkpoint_text(charter["origin"].decode(), size, root)
    keys = [witness["key"] for witness in charter["witnesses"]]
    return sorted([{"witness": keys.index(key_of(name).public), "time": time_s,
                    "signature": sign(name, tlog.cosignature_message(time_s, text))} for name in names],
                  key=lambda mark: mark["witness"])


class World:
    """`change(kind, body)` sees every body just before it is signed, and may alter it or give another."""

    def __init__(self, nodes=7, per_operator=1, witnesses=4, cosigners=3, change=None, expires_ms=0, name="world",
                 waits_ms=0, late=(), grows=False, **parameters):
        self.name, self.change, self.now, self.log, self.data = name, change, START_MS, [], []
        self.waits_ms = waits_ms  # the clerk, before it has a tree cosigned that it draws by
        self.late, self.grows = late, grows  # rounds that nobody can draw for; are the next ones larger?
        self.nodes = [f"node{i}" for i in range(nodes)]
        self.witnesses = [f"witness{i}" for i in range(witnesses)]
        self.cosigners = self.witnesses[:cosigners]
        self.counts = {}
        witnesses = sorted(({"name": name.encode(), "key": key_of(name).public} for name in self.witnesses),
                           key=lambda witness: witness["key"])
        self.charter = {"version": 1, "origin": b"forged.example/log", "founder": key_of("founder").public,
                        "clerk": key_of("clerk").public, "witnesses": witnesses,
                        "parameters": {"version": 1, **DEFAULTS, **parameters}, "nonce": some(name, "charter")}
        self.ledger = None
        self.add("charter", "founder", self.charter)
        self.make_registry(per_operator, expires_ms)
        self.add("registry", "founder", {"digest": self.registry["digest"], "serial": 1})
        for who in ["founder", "client"]:
            self.add("deposit", "founder", {"account": key_of(who).public, "amount": 10**6})
        for node in self.nodes:
            self.add("deposit", "founder", {"account": key_of(node).public, "amount": STAKE})
            self.add("stake", node, {"amount": STAKE})
            self.add("hold", node, {"model": some("model"), "first": 0, "last": 40, "drop": 0})
        self.now += self.charter["parameters"]["epoch_ms"]

    def make_registry(self, per_operator, expires_ms, serial=1):
        members = [{"key": key_of(node).public, "operator": b"op-%03d" % (i // per_operator), "role": 1,
                    "vrf": public_vrf(vrf_of(node))} for i, node in enumerate(self.nodes)]
        members.append({"key": key_of("client").public, "operator": b"ward-7", "role": 2, "vrf": b""})
        members.sort(key=lambda member: member["key"])
        data = encode({"version": 1, "network": b"forged.example", "serial": serial, "expires_ms": expires_ms,
                       "members": members}, REGISTRY)
        digest = digest_of("vouch/registry/v1", ("registry", data))
        signed = encode({"registry": data, "founder": key_of("founder").public, "signature": sign("founder", digest)},
                        SIGNED_REGISTRY)
        self.registry = {"digest": digest, "signed": signed, "members": {m["key"]: m for m in members}}

    def operator(self, node):
        return self.registry["members"][key_of(node).public]["operator"]

    def add(self, kind, writer, body, time_ms=None):
        number = 0
        if kind in COUNTED:
            number = self.counts[writer] = self.counts.get(writer, 0) + 1
        body = copy.deepcopy(body)
        if self.change is not None:
            body = self.change(kind, body) or body
        if kind == "charter":
            self.charter = body
            self.ledger = digest_of("vouch/ledger/v1", ("charter", encode(body, SCHEMAS["charter"])))
        entry = {"kind": kind, "number": number, "body": body, "writer": writer, "time_ms": time_ms or self.now}
        self.log.append(entry)
        self.data.append(encode_entry(entry, self.ledger))
        return len(self.log) - 1

    def leaf(self, at):
        return tlog.leaf_hash(self.data[at])

    def anchor(self):
        size = len(self.data)
        root = tree_root([tlog.leaf_hash(data) for data in self.data])
        marks = cosign(self.charter, self.cosigners, size, root, self.now // 1000)
        return self.add("anchor", "clerk", {"size": size, "root": root, "cosignatures": marks})

    # --- jobs

    def open(self, by, quorum=3, fee=10, excluded=(), each=4):
        """A job whose segments are by these; the place of its job_open is kept in it."""
        number = len([entry for entry in self.log if entry["kind"] == "job_open"])
        job = {"version": 1, "model": some("model"), "client": key_of("client").public,
               "nonce": some(self.name, "nonce", number), "batch": 2,
               "input": {"kind": 1, "value": some("input", number), "columns": 0},
               "segments": [{"first": each * i, "last": each * (i + 1), "by": who} for i, who in enumerate(by)],
               "quorum": quorum, "deadline_ms": self.now + 3000000, "registry": self.registry["digest"],
               "nonces": [some("pin", i) for i in range(len(by) + 1)]}
        data = encode(job, JOB)
        first = b"" if by[0] == NODES else some("given", number, by.index(NODES))
        at = self.add("job_open", "client", {"job": data, "fee": fee, "input": first, "excluded": sorted(excluded),
                                             "trial": None})
        return {**job, "data": data, "id": digest_of("vouch/job/v1", ("job", data)), "at": at, "number": number,
                "excluded": set(excluded), "held": {}, "drawn": {}}

    def give(self, job, segment):
        self.add("input", "client", {"job": job["id"], "segment": segment, "input": self.given(job, segment)})

    def given(self, job, segment):
        """The commitment of a segment's input."""
        if segment == 0:
            return job["input"]["value"]
        if job["segments"][segment - 1]["by"] == NODES:
            return some("answer", 1, segment - 1)
        return some("given", job["number"], segment)

    def contest(self, job, segment, number):
        return {"subject": job["id"], "segment": segment, "round": number}

    def draw_first(self, job):
        """All segments' first committees: their anchor is one."""
        self.now += self.waits_ms
        anchor = self.anchor_round(0)
        for segment, plan in enumerate(job["segments"]):
            if plan["by"] == NODES:
                job["drawn"][segment] = self.draw(job, segment, 0, job["at"], anchor)

    def anchor_round(self, number):
        if number in self.late:
            self.now += self.charter["parameters"]["draw_ms"] + 4 * self.charter["parameters"]["skew_ms"] + 1
        return self.log[self.anchor()]["body"]

    def size(self, job, number):
        k = job["quorum"]
        for before in range(number):
            k = k if before in self.late and not self.grows else 2 * k + 1
        return k

    def draw(self, job, segment, number, covered, anchor):
        """Sortitions of all who may, the draw; the seats' names."""
        seed = [("size", anchor["size"]), ("root", anchor["root"])]
        for mark in anchor["cosignatures"]:
            seed += [("witness", mark["witness"]), ("time", mark["time"]), ("signature", mark["signature"])]
        alpha = digest_of("vouch/sortition/v1", ("ledger", self.ledger), ("entry", self.leaf(covered)),
                          ("anchor", digest_of("vouch/anchor/v1", *seed)), ("registry", self.registry["digest"]),
                          ("subject", job["id"]), ("segment", segment), ("round", number))
        drawn = []
        for node in self.nodes:
            if self.operator(node) in job["excluded"] or number in self.late:
                continue
            proof = prove(vrf_of(node), alpha)
            self.add("sortition", node, {**self.contest(job, segment, number), "proof": proof})
            drawn.append((Fraction(exponent(vrf.beta_of(proof)), STAKE), key_of(node).public, node))
        k, seats = self.size(job, number), []
        for _, _, node in sorted(drawn):
            if len(seats) < k and self.operator(node) not in map(self.operator, seats):
                seats.append(node)
        self.add("draw", "clerk", {**self.contest(job, segment, number), "eligible": len(drawn),
                                   "weight": STAKE * len(drawn),
                                   "seats": [{"node": key_of(node).public, "weight": STAKE} for node in seats]})
        return seats

    def hold(self, job, segment, answers, number=0, covered=None):
        """One round, with an answer for each seat (None: silent); 1 is the right one. Where one has a majority, that
        is the verdict."""
        contest = self.contest(job, segment, number)
        if not job["drawn"]:
            self.draw_first(job)
        seats = job["drawn"][segment] if number == 0 else self.draw(job, segment, number, covered,
                                                                    self.anchor_round(number))
        if number in self.late:
            return self.add("verdict", "clerk", {**contest, "output": b"", "agreeing": 0})
        told = [(node, answer) for node, answer in zip(seats, answers) if answer is not None]
        for node, answer in told:
            output, trace, nonce = self.answer(node, segment, number, answer)
            commitment = digest_of("vouch/commit/v1", *contest.items(), ("node", key_of(node).public),
                                   ("output", output), ("trace", trace), ("nonce", nonce))
            self.add("commit", node, {**contest, "commitment": commitment})
        if len(told) < len(seats):
            self.now += self.charter["parameters"]["commit_ms"]
        self.add("close", "clerk", {**contest, "commits": len(told)})
        self.anchor()
        for node, answer in told:
            output, trace, nonce = self.answer(node, segment, number, answer)
            self.add("reveal", node, {**contest, "output": output, "trace": trace, "nonce": nonce})
        said = [answer for _, answer in told]
        k = self.size(job, number)
        won = [answer for answer in set(said) if 2 * said.count(answer) > k]
        at = self.add("verdict", "clerk", {**contest, "output": some("answer", won[0], segment) if won else b"",
                                           "agreeing": said.count(won[0]) if won else 0})
        job["held"][segment] = seats
        return at

    @staticmethod
    def answer(node, segment, number, answer):
        return some("answer", answer, segment), some("trace", answer, segment), some("nonce", node, segment, number)

    def is_told(self, at, job, segment):
        """What a client shows of a log for a segment."""
        entry = self.log[at]
        kind, body = entry["kind"], entry["body"]
        return (kind in ("charter", "registry", "anchor") or at == job["at"] or
                (kind == "input" and body["job"] == job["id"]) or
                (body.get("subject"), body.get("segment")) == (job["id"], segment))

    def voucher(self, job):
        return Voucher(self, job)


class Voucher:
    """A client's voucher as decoded messages, with the log that it tells of: all of it may be altered before
    `encode` signs."""

    def __init__(self, world, job):
        self.world, self.job = world, job
        self.log = copy.deepcopy(world.log)
        self.ledger = world.ledger
        self.clerk, self.cosigners, self.client = "clerk", list(world.cosigners), "client"
        self.told = {segment: {at for at in range(len(self.log)) if world.is_told(at, job, segment)}
                     for segment in job["held"]}
        last = len(job["segments"])
        is_voted = last - 1 in job["held"]
        self.fields = {"version": 1, "job": job["data"], "owner": key_of("owner").public,
                       "owner_signature": sign("owner", digest_of("vouch/model-owner/v1", ("identity", job["model"]))),
                       "output": {"kind": 1, "columns": 0,
                                  "value": some("answer", 1, last - 1) if is_voted else some("output")},
                       "results": [], "registry": world.registry["signed"], "finished_ms": world.now + 1000,
                       "client_signature": b""}
        for segment, seats in sorted(job["held"].items()):
            votes = [self.vote(node, segment) for node in seats[:2]]
            self.fields["results"].append({"segment": segment, "faults": [], "attestations": [], "proof": None,
                                           "agreement": None, "votes": sorted(votes, key=lambda vote: vote["node"])})

    def vote(self, node, segment, answer=1):
        vote = {"node": key_of(node).public, "input": self.world.given(self.job, segment),
                "output": some("answer", answer, segment)}
        signed = digest_of("vouch/vote/v1", ("job", self.job["id"]), ("segment", segment), *vote.items())
        return {**vote, "signature": sign(node, signed)}

    def move(self, places):
        """What is told, once entries have moved: `places` maps old to new, and lacks what is gone."""
        self.told = {segment: {places[at] for at in told if at in places} for segment, told in self.told.items()}

    def insert(self, at, entry, is_told=True):
        self.move({i: i + (i >= at) for i in range(len(self.log))})
        self.log.insert(at, entry)
        for told in self.told.values():
            told |= {at} if is_told else set()

    def remove(self, at):
        self.move({i: i - (i > at) for i in range(len(self.log)) if i != at})
        del self.log[at]

    def agreement(self, segment):
        """Hashed, proven and cosigned anew."""
        data = [encode_entry(entry, self.ledger) for entry in self.log]
        leaves = [tlog.leaf_hash(entry) for entry in data]
        root, time_s = tlog.root(leaves), START_MS // 1000
        origin = self.world.charter["origin"].decode()
        text = tlog.checkpoint_text(origin, len(leaves), root)
        note = text + "\n" + tlog.note_line(origin, 1, key_of(self.clerk).public, sign(self.clerk, text.encode()))
        for name in self.cosigners:
            payload = time_s.to_bytes(8, "big") + sign(name, tlog.cosignature_message(time_s, text))
            note += tlog.note_line(name, 4, key_of(name).public, payload)
        return {"checkpoint": note.encode(),
                "leaves": [{"position": at, "entry": data[at], "path": tlog.inclusion(at, leaves)}
                           for at in sorted(self.told[segment])]}

    def seal(self):
        for result in self.fields["results"]:
            if result["segment"] in self.told:
                result["agreement"] = self.agreement(result["segment"])
        return self

    def encode(self):
        """Signed by the client, as the fields are now."""
        unsigned = encode({**self.fields, "client_signature": b""}, VOUCHER)
        signature = sign(self.client, digest_of("vouch/voucher/v1", ("voucher", unsigned)))
        return encode({**self.fields, "client_signature": signature}, VOUCHER)


__all__ = ["AGREEMENT", "CLIENT", "NODES", "Voucher", "World", "encode", "key_of", "read_entry", "sign", "some"]
