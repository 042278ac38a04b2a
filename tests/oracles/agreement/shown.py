"""Whether a voucher's agreement is right, and what it shows: specs/voucher.md, section 6, a second time."""
import base64
import math
import pathlib
import sys
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tlog  # noqa: E402
import vrf  # noqa: E402
from contests import exponent  # noqa: E402
from entries import Malformed, digest_of, is_cosigned, is_entry_signed, is_signed, read_entry  # noqa: E402

NODE, BY_NODES = 1, 2
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200b)))


class NotRight(Exception):
    pass


def need(condition, why):
    if not condition:
        raise NotRight(why)
    return condition


# --- C2SP: signed notes, checkpoints, cosignatures; RFC 6962: inclusion

def unbase64(text):
    """The one encoding."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotRight("base64") from None
    need(base64.b64encode(data).decode() == text, "base64 that is not canonical")
    return data


def read_note(data):
    """(text, [(name, key id, signature)])"""
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotRight("a note that is no text") from None
    need(all(c == "\n" or c >= " " for c in note), "control characters")
    text, gap, lines = note.rpartition("\n\n")
    need(gap and lines.endswith("\n"), "a note without signatures")
    signatures = []
    for line in lines[:-1].split("\n"):
        words = line.split(" ")
        need(len(words) == 3 and words[0] == "—" and words[1], "a signature's line")
        need(not any(c in "+" + SPACES for c in words[1]), "a name")
        blob = unbase64(words[2])
        need(5 <= len(blob) <= 8192, "a signature's size")
        signatures.append((words[1], blob[:4], blob[4:]))
    need(len(signatures) <= 64, "signatures")
    return text + "\n", signatures


def is_line_right(kind, key, text, blob):
    if kind == 1:
        return len(blob) == 64 and is_signed(key, text.encode(), blob)
    if len(blob) != 72:
        return False
    return is_signed(key, tlog.cosignature_message(int.from_bytes(blob[:8], "big"), text), blob[8:])


def has_signed(note, name, kind, key):
    """Somebody of that name and key signed, and no line says so that does not verify."""
    text, signatures = note
    lines = [blob for who, number, blob in signatures if (who, number) == (name, tlog.key_id(name, kind, key))]
    return bool(lines) and all(is_line_right(kind, key, text, blob) for blob in lines)


def read_checkpoint(data, charter):
    """(size, root, how many witnesses)"""
    note = read_note(data)
    lines = note[0].split("\n")
    need(len(lines) >= 4 and all(lines[3:-1]), "a checkpoint's lines")
    need(lines[0] == charter["origin"].decode(), "another log's checkpoint")
    need(lines[1].isascii() and lines[1].isdigit(), "a size")
    need(str(int(lines[1])) == lines[1] and int(lines[1]) < 2**63, "a size")
    root = unbase64(lines[2])
    need(len(root) == 32, "a root")
    need(has_signed(note, lines[0], 1, charter["clerk"]), "not the clerk's checkpoint")
    cosigned = sum(has_signed(note, w["name"].decode(), 4, w["key"]) for w in charter["witnesses"])
    need(cosigned >= enough(charter), "too few witnesses")
    return int(lines[1]), root, cosigned


def enough(charter):
    n = len(charter["witnesses"])
    return (n + (n - 1) // 3) // 2 + 1


def root_of(leaf, index, size, path):
    """The root that a path shows; None when it has another length."""
    if size == 1 or not path:
        return leaf if size == 1 and not path else None
    k = tlog.left_count(size)
    left = root_of(leaf, index, k, path[:-1]) if index < k else path[-1]
    right = path[-1] if index < k else root_of(leaf, index - k, size - k, path[:-1])
    return left and right and tlog.node_hash(left, right)


# --- the agreement

class Agreement:
    def __init__(self, voucher, result):
        self.voucher, self.job, self.registry = voucher, voucher["job"], voucher["registry"]
        self.segment = result["segment"]
        self.members = {member["key"]: member for member in self.registry["members"]}
        self.entries = []
        for leaf in result["agreement"]["leaves"]:
            entry = read_entry(leaf["entry"])
            entry["position"] = leaf["position"]
            self.entries.append(entry)
        self.check_log(result["agreement"])
        self.opening = self.find_opening()
        self.check_registry()
        self.pool = [m for m in self.registry["members"] if m["role"] == NODE and m["vrf"] and
                     m["operator"] not in self.opening["body"]["excluded"]]
        self.input = self.find_input()
        self.check_rounds()

    def check_log(self, agreement):
        first = self.entries[0]
        need(first["position"] == 0 and first["kind"] == "charter", "no charter")
        self.charter = first["body"]
        need(first["writer"] == self.charter["founder"] == self.registry["founder"], "another founder")
        need(first["time_ms"] > 0, "a draft")
        names = [witness["name"] for witness in self.charter["witnesses"]]
        need(len(set(names)) == len(names), "two witnesses of one name")
        self.clerk, self.parameters = self.charter["clerk"], self.charter["parameters"]
        self.size, root, self.cosigned = read_checkpoint(agreement["checkpoint"], self.charter)
        for i, (leaf, entry) in enumerate(zip(agreement["leaves"], self.entries)):
            need(entry["position"] < self.size, "beyond the tree")
            need(root_of(entry["leaf"], entry["position"], self.size, leaf["path"]) == root, "not in the log")
            need(is_entry_signed(entry, self.charter["id"]), "not its writer's")
            need(i == 0 or self.entries[i - 1]["time_ms"] <= entry["time_ms"], "time runs backwards")

    def find_opening(self):
        for at, entry in enumerate(self.entries):
            if (entry["kind"] == "job_open" and entry["body"]["job"]["id"] == self.job["id"] and
                    entry["writer"] == self.job["client"] and entry["body"]["trial"] is None):
                entry["at"] = at
                return entry
        raise NotRight("the job was not opened")

    def epoch(self, entry):
        return entry["time_ms"] // self.parameters["epoch_ms"]

    def check_registry(self):
        earlier = [entry for entry in self.entries[:self.opening["at"]] if entry["kind"] == "registry" and
                   entry["writer"] == self.charter["founder"] and self.epoch(entry) < self.epoch(self.opening)]
        need(earlier and earlier[-1]["body"]["digest"] == self.registry["digest"], "another registry")

    def is_of_contest(self, entry, number=None):
        body = entry["body"]
        return (entry["kind"] in ("sortition", "draw", "commit", "close", "reveal", "verdict") and
                (body["subject"], body["segment"]) == (self.job["id"], self.segment) and
                number in (None, body["round"]))

    def find(self, kind, writer, after, before=None):
        """The index of the first such entry of the round's contest between two others, or None."""
        for at in range(after + 1, len(self.entries) if before is None else before):
            entry = self.entries[at]
            if entry["kind"] == kind and entry["writer"] == writer and self.is_of_contest(entry, self.round):
                return at
        return None

    def find_anchor(self, covered):
        position = self.entries[covered]["position"]
        for at in range(covered + 1, len(self.entries)):
            entry = self.entries[at]
            if entry["kind"] == "anchor" and entry["body"]["size"] > position:
                self.check_anchor(entry)
                return at
        raise NotRight("no anchor")

    def check_anchor(self, entry):
        body, marks = entry["body"], entry["body"]["cosignatures"]
        need(entry["writer"] == self.clerk and body["size"] <= entry["position"], "an anchor's size or writer")
        need(len(marks) >= enough(self.charter), "too few cosignatures")
        for mark in marks:
            need(mark["witness"] < len(self.charter["witnesses"]), "a witness")
            begin, skew = mark["time"] * 1000, self.parameters["skew_ms"]
            need(begin - skew <= entry["time_ms"] <= begin + 999 + skew, "a cosignature's time")
            need(is_cosigned(self.charter, mark, body["size"], body["root"]), "a cosignature")

    def find_input(self):
        """What the client's entries say of the segment's input, or None."""
        segments = self.job["segments"]
        if self.segment == 0 or segments[self.segment - 1]["by"] == BY_NODES:
            return None
        if all(segment["by"] != BY_NODES for segment in segments[:self.segment]):
            return self.opening["body"]["input"] or None
        for entry in self.entries[self.opening["at"] + 1:]:
            if entry["kind"] == "commit" and self.is_of_contest(entry):
                return None
            if (entry["kind"] == "input" and entry["writer"] == self.job["client"] and
                    (entry["body"]["job"], entry["body"]["segment"]) == (self.job["id"], self.segment)):
                return entry["body"]["input"]
        return None

    def check_rounds(self):
        covered, self.k = self.opening["at"], self.job["quorum"]
        for self.round in range(self.parameters["rounds"]):
            anchor = self.find_anchor(covered)
            draw = self.find("draw", self.clerk, anchor)
            need(draw is not None, "no draw")
            self.check_draw(covered, anchor, draw)
            verdict = self.find("verdict", self.clerk, draw)
            need(verdict is not None, "no verdict")
            if self.entries[verdict]["body"]["output"]:
                self.check_votes(draw, verdict)
                return
            self.k = self.k if self.is_late(covered, anchor) else 2 * self.k + 1
            covered = verdict
        raise NotRight("no round with a majority")

    def alpha(self, covered, anchor):
        body = self.entries[anchor]["body"]
        seed = [("size", body["size"]), ("root", body["root"])]
        for mark in body["cosignatures"]:
            seed += [("witness", mark["witness"]), ("time", mark["time"]), ("signature", mark["signature"])]
        return digest_of("vouch/sortition/v1", ("ledger", self.charter["id"]), ("entry", self.entries[covered]["leaf"]),
                         ("anchor", digest_of("vouch/anchor/v1", *seed)), ("registry", self.registry["digest"]),
                         ("subject", self.job["id"]), ("segment", self.segment), ("round", self.round))

    def is_late(self, covered, anchor):
        waited = self.entries[anchor]["time_ms"] - self.entries[covered]["time_ms"]
        return waited > self.parameters["draw_ms"] + 4 * self.parameters["skew_ms"]

    def check_draw(self, covered, anchor, draw):
        body, alpha, pool = self.entries[draw]["body"], self.alpha(covered, anchor), {m["key"]: m for m in self.pool}
        self.seats, self.eligible = [seat["node"] for seat in body["seats"]], body["eligible"]
        need(not self.seats or not self.is_late(covered, anchor), "an anchor that came too late")
        need(len(self.seats) <= min(self.k, self.eligible), "too many seats")
        need(self.eligible <= len(pool), "more than there are")
        places, operators = [], set()
        for seat in body["seats"]:
            need(seat["node"] in pool and seat["weight"] > 0, "a seat of nobody's, or excluded")
            operators.add(pool[seat["node"]]["operator"])
            drawn = self.find("sortition", seat["node"], anchor, draw)
            need(drawn is not None, "never drawn for")
            beta = verify_vrf(pool[seat["node"]]["vrf"], alpha, self.entries[drawn]["body"]["proof"])
            need(beta is not None, "the proof")
            places.append((Fraction(exponent(beta), seat["weight"]), seat["node"]))
        need(len(operators) == len(places), "two seats of one operator")
        need(places == sorted(places) and len(set(places)) == len(places), "the order of seats")

    def check_votes(self, draw, verdict):
        close = self.find("close", self.clerk, draw, verdict)
        need(close is not None, "never closed")
        anchor = self.find_anchor(close)
        need(anchor < verdict, "no anchor before the verdict")
        expires, at = self.registry["expires_ms"], self.entries[anchor]["time_ms"]
        need(expires == 0 or at - self.parameters["skew_ms"] <= expires, "the registry had expired")
        answers = {}
        for node in self.seats:
            commit, reveal = self.find("commit", node, draw, close), self.find("reveal", node, anchor, verdict)
            if commit is None or reveal is None:
                continue
            body = self.entries[reveal]["body"]
            opened = digest_of("vouch/commit/v1", ("subject", self.job["id"]), ("segment", self.segment),
                               ("round", self.round), ("node", node), ("output", body["output"]),
                               ("trace", body["trace"]), ("nonce", body["nonce"]))
            if body["trace"] and opened == self.entries[commit]["body"]["commitment"]:
                answers[node] = (body["output"], body["trace"])
        said = self.entries[verdict]["body"]
        alike = [list(answers.values()).count(answer) for answer in answers.values() if answer[0] == said["output"]]
        self.agreeing = max(alike, default=0)
        need(2 * self.agreeing > self.k and self.agreeing == said["agreeing"], "the number that agree")
        self.output = said["output"]
        self.disputable_ms = self.entries[verdict]["time_ms"] + self.parameters["dispute_ms"]

    def operators(self):
        return min(self.eligible, len({member["operator"] for member in self.pool}))


VRF_SEEN = {}


def verify_vrf(*what):
    if what not in VRF_SEEN:
        VRF_SEEN[what] = vrf.verify(*what)
    return VRF_SEEN[what]


def judge(voucher, result):
    """What the result's agreement shows, or None where it is not right."""
    try:
        return Agreement(voucher, result)
    except (NotRight, Malformed):
        return None


def join(voucher, shown):
    """Points 6 and 7, of what each agreement shows by segment."""
    segments = voucher["job"]["segments"]
    for index, agreement in shown.items():
        if index > 0 and agreement.input is None and (segments[index - 1]["by"] != BY_NODES or index - 1 not in shown):
            return False
    return len({(a.charter["id"], a.opening["position"]) for a in shown.values()}) <= 1


def capture(agreements, percent):
    """At most the chance that a committee had a dishonest majority, were all operators of one weight."""
    total = Fraction(0)
    for agreement in agreements:
        n, k = agreement.operators(), agreement.job["quorum"]
        bad = (n * percent + 99) // 100
        while k <= agreement.k:  # late rounds had no committee
            seats = min(n, k)
            ways = sum(math.comb(bad, j) * math.comb(n - bad, seats - j) for j in range(k // 2 + 1, seats + 1))
            total, k = total + Fraction(ways, math.comb(n, seats)), 2 * k + 1
    return min(total, Fraction(1))
