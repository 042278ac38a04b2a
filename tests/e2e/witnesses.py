"""Witnesses as processes, and logs in Python that ask them for cosignatures. Standard library only."""
import base64
import hashlib
import http.client
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracles"))
import tlog # noqa: E402

TIMEOUT_S = 60


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


MEMBERS = [tlog.Key(bytes([seed]) * 32) for seed in (7, 8)]


class Witness:
    """One `vouch witness` process. Ended here, by its own process id. `members` are the keys whose drafts it promises;
    None: it was given no registry."""

    def __init__(self, vouch, folder, logs, name="witness.example/w1", wrapper=(), members=MEMBERS):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key_file = self.folder / "w.key"
        self.vouch, self.name, self.wrapper = str(vouch), name, list(wrapper)
        if not self.key_file.exists():
            subprocess.run([self.vouch, "keygen", "-o", self.key_file, "--no-passphrase"], check=True,
                           capture_output=True)
        self.registry = None
        if members is not None:
            self.registry = self.folder / "registry"
            self.write_registry(members)
        self.lines = self.folder / "logs"
        self.lines.write_text("# logs\n" + "".join(f"{line}\n" for line in logs))
        self.vkey = subprocess.run([self.vouch, "witness", "--key", self.key_file, "--name", name, "--show-key"],
                                   check=True, capture_output=True, text=True).stdout.strip()
        self.process = self.connection = None
        self.start()

    def write_registry(self, members, founder="founder"):
        """Signed by this founder, the witness's own or another."""
        key, lines = self.folder / f"{founder}.key", self.folder / "members"
        if not key.exists():
            subprocess.run([self.vouch, "keygen", "-o", key, "--no-passphrase"], check=True, capture_output=True)
        lines.write_text("".join(f"client someone-{i} {member.public.hex()}\n" for i, member in enumerate(members)))
        subprocess.run([self.vouch, "registry", lines, "--key", key, "-o", self.registry], check=True,
                       capture_output=True)

    def command(self):
        given = ["--founder", self.folder / "founder.key", "--registry", self.registry] if self.registry else []
        return [self.vouch, "witness", "--key", self.key_file, "--name", self.name, "--log", self.lines,
                "--state", self.folder / "state", *given]

    def start(self):
        self.log = open(self.folder / "stderr", "ab")
        self.process = subprocess.Popen(self.wrapper + self.command(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode().split()
        if len(line) != 3 or line[0] != "ready":
            code = self.process.wait(TIMEOUT_S)
            self.close()
            raise RuntimeError(f"exit {code}: " + (self.folder / "stderr").read_text())
        self.host, self.port = line[1], int(line[2])

    def ask(self, method, path, body=None):
        """(status, body, headers); a connection is kept open for the next request."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        try:
            self.connection.request(method, path, body)
            answer = self.connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def add_checkpoint(self, old, proof, note, answers=""):
        body = answers + f"old {old}\n" + "".join(tlog.b64(h) + "\n" for h in proof) + "\n" + note
        return self.ask("POST", "/vouch/v1/add-checkpoint" if answers else "/add-checkpoint", body.encode())

    def add_draft(self, origin, draft):
        return self.ask("POST", "/vouch/v1/add-draft", f"{origin}\n{tlog.b64(draft)}\n".encode())

    def promises(self, origin):
        return self.ask("GET", f"/vouch/v1/promises/{hash_of(origin)}")[1].splitlines()

    def kill(self):
        self.hang_up()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.close()

    def stop(self):
        """SIGTERM; the exit code once it is gone."""
        self.hang_up()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(TIMEOUT_S)
        self.close()
        return code

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        elif self.process is not None:
            self.process.stdout.close()
            self.log.close()
            self.process = None


class Log:
    """A log with a Python clerk."""

    def __init__(self, origin, seed=1):
        self.origin, self.key = origin, tlog.Key(bytes([seed]) * 32)
        self.ledger = hashlib.sha256(f"the ledger {origin}".encode()).digest()
        self.leaves = []

    def vkey(self):
        return tlog.vkey(self.origin, 1, self.key.public)

    def line(self):
        return f"{self.vkey()} {self.ledger.hex()}"

    def append(self, *entries):
        self.leaves += [tlog.leaf_hash(entry) for entry in entries]
        return len(self.leaves) - len(entries)

    def fork(self, at):
        """The same clerk with another history from entry `at` on."""
        other = Log(self.origin)
        other.key, other.ledger = self.key, self.ledger
        other.leaves = self.leaves[:at] + [tlog.leaf_hash(b"forked" + leaf) for leaf in self.leaves[at:]]
        return other

    def root(self, size=None):
        return tlog.root(self.leaves[:len(self.leaves) if size is None else size])

    def note(self, size=None):
        size = len(self.leaves) if size is None else size
        return tlog.signed_checkpoint(self.origin, size, self.root(size), self.key)

    def consistency(self, old, size=None):
        return tlog.consistency(old, self.leaves[:size])

    def ask(self, witness, old, size=None, answers=""):
        return witness.add_checkpoint(old, self.consistency(old, size), self.note(size), answers)


def transcript(protocol, *items):
    """specs/transcript.md"""
    out = bytes([len(protocol)]) + protocol.encode()
    for label, value in items:
        value = value.to_bytes(8, "little") if isinstance(value, int) else value
        out += bytes([len(label)]) + label.encode() + len(value).to_bytes(8, "little") + value
    return hashlib.sha256(out).digest()


def varint(value):
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(tag, data):
    return bytes([tag]) + varint(len(data)) + data


def number_field(tag, value):
    return bytes([tag]) + varint(value) if value else b""


def draft_of(ledger, writer, kind, body, number=0):
    """specs/ledger.proto: a body, field `kind` of a Statement, in an Entry without its time."""
    statement = number_field(0x08, number) + varint(kind << 3 | 2) + varint(len(body)) + body
    signature = writer.sign(transcript("vouch/entry/v1", ("ledger", ledger), ("statement", statement)))
    return field(0x12, statement) + field(0x1a, writer.public) + field(0x22, signature)


def contest(subject, segment=0, round_=0):
    return field(0x0a, subject) + number_field(0x10, segment) + number_field(0x18, round_)


def commit_draft(ledger, writer, subject, segment=0, round_=0, commitment=b"\xcc" * 32, number=0):
    return draft_of(ledger, writer, 14, contest(subject, segment, round_) + field(0x22, commitment), number)


def every_draft(ledger, writer, subject):
    """One draft of each kind that witnesses promise, by its name; fields without meaning."""
    some = lambda byte, size=32: bytes([byte]) * size
    held = [commit_draft(ledger, writer, subject, 255, 3, some(byte)) for byte in (1, 2)]
    bodies = {
        "input": (11, field(0x0a, subject) + number_field(0x10, 2) + field(0x1a, some(1))),
        "sortition": (12, contest(subject, 1, 2) + field(0x22, some(2, 80))),
        "commit": (14, contest(subject) + field(0x22, some(3))),
        "reveal": (16, contest(subject, 3) + field(0x22, some(4)) + field(0x2a, some(5)) + field(0x32, some(6))),
        "referee_s_reveal": (16, contest(subject) + field(0x22, some(4)) + field(0x32, some(6))),
        "trial_result": (20, field(0x0a, subject) + field(0x12, some(7)) + field(0x1a, some(8))),
        "evidence": (21, field(0x0a, held[0]) + field(0x12, held[1])),
        "dispute_open": (22, field(0x0a, subject) + number_field(0x10, 1) + field(0x1a, some(9)) + field(0x22, some(10))),
        "dispute_move": (23, field(0x0a, subject) + number_field(0x10, 4) + number_field(0x18, 1) + field(0x22, some(11))
                         + field(0x2a, some(12))),
    }
    return {name: draft_of(ledger, writer, *body) for name, body in bodies.items()}


def testimony(text, witness, ledger):
    """What a witness signed, as a dict, its signature verified (specs/witness.md, sections 2 to 4)."""
    lines, b64 = text.split("\n"), base64.b64decode
    assert lines.pop() == "" and lines[0] in ("vouch/promise/v1", "vouch/refusal/v1", "vouch/log/v1"), text
    said = {"kind": lines[0].split("/")[1], "origin": lines[1]}
    if said["kind"] == "log":
        size, root, count, time_ms = int(lines[2]), b64(lines[3]), int(lines[4]), int(lines[5])
        said |= {"size": size, "root": root, "count": count, "time_ms": time_ms}
        digest = transcript("vouch/log/v1", ("origin", lines[1].encode()), ("size", size), ("root", root),
                            ("count", count), ("time", time_ms))
    else:
        said |= {"handed_ms": int(lines[2]), "handed_size": int(lines[3]), "draft": b64(lines[4])}
        digest = transcript("vouch/promise/v1", ("ledger", ledger), ("time", said["handed_ms"]),
                            ("size", said["handed_size"]), ("draft", said["draft"]))
    if said["kind"] == "refusal":
        said |= {"size": int(lines[6]), "root": b64(lines[7]), "refused_ms": int(lines[8]), "signature": b64(lines[9])}
    name, signature = lines[5 if said["kind"] != "log" else 6].split(" ")
    assert name == witness.name and len(lines) == {"log": 7, "promise": 6, "refusal": 10}[said["kind"]], text
    public = b64(witness.vkey.split("+", 2)[2])[1:]
    assert tlog.verify(public, digest, b64(signature)), text
    return said


def entry_of(draft, time_ms=1_790_000_000_000):
    return b"\x08" + varint(time_ms) + draft


def included(log, index, entry, size=None):
    path = tlog.inclusion(index, log.leaves[:size])
    return f"included {index}\n{tlog.b64(entry)}\n" + "".join(tlog.b64(h) + "\n" for h in path) + "\n"


def refused(log, draft, size=None, time_ms=None):
    size, time_ms = len(log.leaves) if size is None else size, time_ms or int(1000 * time.time())
    digest = transcript("vouch/refusal/v1", ("ledger", log.ledger), ("size", size), ("root", log.root(size)),
                        ("time", time_ms), ("draft", draft))
    return f"refused {time_ms}\n{tlog.b64(draft)}\n{tlog.b64(log.key.sign(digest))}\n\n"


def seeded(name):
    """A generator whose seed is printed; VCH_SEED=N replays a run."""
    import random
    seed = int(os.environ.get("VCH_SEED", random.SystemRandom().randrange(2**32)))
    print(f"# VCH_SEED={seed} ({name})", flush=True)
    return random.Random(seed)
