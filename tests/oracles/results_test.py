#!/usr/bin/env python3
"""Verdicts on evidence against a second judge, written from specs/attest.md, section 6, specs/evidence.md, section 5,
and specs/rules.md alone: statements and TPM quotes, honest ones and lies at each of their parts, under policies that
differ too. `vouch attest verify` has to find the same checks failed, and the same word.

    results_test.py VOUCH [SEED]
"""
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
import evidence as ev  # pylint: disable=wrong-import-position
import p256  # pylint: disable=wrong-import-position

VOUCH = sys.argv[1]
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 7
STORIES = 50
AT = "2026-11-27T00:00:00Z"
FIXED_TPM, FIXED_PARENT, ORIGIN, RESTRICTED, DECRYPT, SIGN = 1 << 1, 1 << 4, 1 << 5, 1 << 16, 1 << 17, 1 << 18
SHA1, SHA256, ECDSA = 4, 11, 0x18
BITS = {"landlock": 256, "seccomp": 512, "keys-apart": 2048}


def sized(data):
    return len(data).to_bytes(2, "big") + data


def u16(value):
    return value.to_bytes(2, "big")


class Story:
    """Evidence and a policy for it: `tell` makes the bytes, of whatever was changed by then."""

    def __init__(self, draw):
        self.draw = draw
        self.kind = draw.choice([ev.NONE, ev.TPM, ev.TPM, ev.TPM])
        self.secret = draw.randrange(1, p256.N)
        self.point = p256.times(self.secret, p256.BASE)
        self.attributes = FIXED_TPM | FIXED_PARENT | ORIGIN | RESTRICTED | SIGN | 1 << 6
        self.pcrs = [bytes([i + 1]) * 32 for i in range(24)]
        self.banks = [(SHA256, [0, 4, 7])]
        self.said = {"build": ev.BUILD, "model": ev.MODEL, "policy": ev.ENFORCED,
                     "confinement": ev.LANDLOCK | ev.SECCOMP}
        self.magic, self.type, self.tail, self.nonce = 0xff544347, 0x8018, b"", None
        self.shown_pcrs = self.signer = self.extra = self.asked_policy = None
        self.spoil = lambda signature: signature
        self.rule = {"builds": [ev.BUILD.hex()], "models": [ev.MODEL.hex()], "policies": [ev.ENFORCED.hex()],
                     "confinement": ["landlock"]}
        self.place, self.places, self.aks, self.has_section = "dtpm", ["dtpm"], ["enrolled"], True
        self.allowed = {str(i): [self.pcrs[i].hex()] for i in (0, 4, 7)}
        self.name_of, self.registry, self.machines = None, "none", []

    def public(self):
        x, y = (number.to_bytes(32, "big") for number in self.point)
        return (u16(0x23) + u16(SHA256) + self.attributes.to_bytes(4, "big") + u16(0) + u16(0x10) + u16(ECDSA) +
                u16(SHA256) + u16(3) + u16(0x10) + sized(x) + sized(y))

    def name(self):
        return u16(SHA256) + hashlib.sha256(self.public()).digest()

    def quoted(self):
        return b"".join(self.pcrs[i] for i in self.banks[0][1]) if self.banks else b""

    def attest(self, nonce):
        banks = b""
        for algorithm, pcrs in self.banks:
            bits = sum(1 << i for i in pcrs)
            banks += u16(algorithm) + b"\3" + bits.to_bytes(3, "little")
        return (self.magic.to_bytes(4, "big") + u16(self.type) + sized(u16(SHA256) + bytes(32)) + sized(nonce) +
                (1000).to_bytes(8, "big") + (1).to_bytes(4, "big") + (0).to_bytes(4, "big") + b"\1" + bytes(8) +
                len(self.banks).to_bytes(4, "big") + banks + sized(hashlib.sha256(self.quoted()).digest()) + self.tail)

    def policy(self):
        key = self.name_of or self.name()
        changes = {"facts": self.rule, "hardware": {"registry": self.registry, "machines": self.machines},
                   "environment": "test" if self.place == "software" else "production"}
        if self.has_section:
            changes["tpm"] = {"aks": self.aks, "places": self.places, "pcrs": self.allowed, "log": "none",
                              "keys": [{"name": key.hex(), "place": self.place}]}
        return ev.rules(**changes)

    def tell(self):
        self.value = self.policy()
        self.statement = ev.statement(**self.said)
        self.block = ev.block(self.kind, self.asked_policy or ev.policy_id(self.value), ev.NODE, bytes([0x31]) * 32,
                              said=self.statement)
        if self.kind == ev.NONE:
            return ev.record(self.block, ev.response(ev.NONE, said=self.statement))
        nonce = hashlib.sha256(b"tpm2" + self.block).digest() if self.nonce is None else self.nonce
        self.signed = self.attest(nonce)
        r, s = p256.sign(self.signer or self.secret, self.signed)
        self.r, self.s = self.spoil((r, s))
        signature = u16(ECDSA) + u16(SHA256) + sized(self.r.to_bytes(32, "big")) + sized(self.s.to_bytes(32, "big"))
        self.items = {"attest": self.signed, "signature": signature, "ak": self.public(),
                      "pcrs": b"".join(self.shown_pcrs or self.pcrs), **(self.extra or {})}
        return ev.record(self.block, ev.response(self.kind, self.items, said=self.statement))


# --- the second judge: what fails, and what warns

def judge_statement(story):
    for name, list_name, said in (("result.build", "builds", "build"), ("result.model", "models", "model"),
                                  ("result.enforces", "policies", "policy")):
        allowed = story.rule[list_name]
        if allowed != "any" and story.said[said].hex() not in allowed:
            yield name
    if any(not story.said["confinement"] & BITS[name] for name in story.rule["confinement"]):
        yield "result.confinement"


def judge_key(story):
    has = story.attributes
    if not (has & FIXED_TPM and has & FIXED_PARENT):
        yield "tpm.ak.fixed"
    if not has & ORIGIN:
        yield "tpm.ak.origin"
    if not has & RESTRICTED:
        yield "tpm.ak.restricted"
    if not has & SIGN or has & DECRYPT:
        yield "tpm.ak.signing"
    is_enrolled = "enrolled" in story.aks and story.name_of in (None, story.name())
    if not is_enrolled:
        yield "tpm.ak.enrolled"
    if not (is_enrolled and story.place in story.places):
        yield "tpm.place"


def judge_quote(story):
    wanted = sorted(map(int, story.allowed))
    is_bank = len(story.banks) == 1 and story.banks[0][0] == SHA256
    selected = story.banks[0][1] if len(story.banks) == 1 else []
    is_selection = bool(wanted) and set(wanted) <= set(selected)
    shown = story.shown_pcrs or story.pcrs
    digest = hashlib.sha256(b"".join(shown[i] for i in selected)).digest()
    is_digest = digest == hashlib.sha256(story.quoted()).digest()
    if not p256.is_signed(story.point, story.signed, story.r, story.s):
        yield "tpm.signature"
    if story.nonce is not None:
        yield from ("tpm.nonce", "binding.evidence")
    if not is_bank:
        yield "tpm.bank"
    if not is_selection:
        yield "tpm.selection"
    if not is_digest:
        yield "tpm.pcr.digest"
    are_quoted = is_bank and is_selection and is_digest
    if any(not are_quoted or shown[i].hex() not in story.allowed[str(i)] for i in wanted):
        yield "tpm.pcr.value"


def judge_machine(story):
    """Without a section nothing is read that names a machine."""
    is_listed = story.has_section and any(machine["ak"] == story.name().hex() for machine in story.machines)
    if story.registry == "required" and story.kind == ev.TPM and not is_listed:
        yield "result.machine"


def judge(story):
    """(checks that fail, word)"""
    failed = set()
    if story.asked_policy is not None:
        failed.add("result.policy")
    if story.extra and story.kind == ev.TPM:
        failed.add("result.items")
    is_test = False
    if story.kind == ev.TPM and not story.has_section:
        failed.add("result.section")
    elif story.kind == ev.TPM:
        failed.update(judge_key(story))
        is_malformed = story.magic != 0xff544347 or story.type != 0x8018 or story.tail
        if is_malformed:
            return failed | {"result.evidence"}, "contraindicated"
        failed.update(judge_quote(story))
        is_test = story.place == "software" and "tpm.ak.enrolled" not in failed
    failed.update(judge_statement(story))
    failed.update(judge_machine(story))
    if failed:
        return failed, "contraindicated"
    return failed, "warning" if story.kind == ev.NONE or is_test else "affirming"


# --- lies, and policies that differ

def other(draw):
    return bytes(draw.randrange(256) for _ in range(32))


def swap(story, name, value):
    setattr(story, name, value)


LIES = [
    lambda s, d: s.said.update(build=other(d)),
    lambda s, d: s.said.update(model=other(d)),
    lambda s, d: s.said.update(policy=other(d)),
    lambda s, d: s.said.update(confinement=ev.SECCOMP),
    lambda s, d: swap(s, "asked_policy", other(d)),
    lambda s, d: swap(s, "nonce", d.choice([other(d), b"", hashlib.sha256(b"").digest()[:31]])),
    lambda s, d: swap(s, "signer", d.randrange(1, p256.N)),
    lambda s, d: swap(s, "spoil", lambda pair: (pair[0], 0)),
    lambda s, d: swap(s, "spoil", lambda pair: (pair[0] ^ 1, pair[1])),
    lambda s, d: swap(s, "spoil", lambda pair: (p256.N, pair[1])),
    lambda s, d: swap(s, "attributes", s.attributes ^ d.choice([FIXED_TPM, FIXED_PARENT, ORIGIN, RESTRICTED, DECRYPT,
                                                                SIGN])),
    lambda s, d: swap(s, "banks", [(SHA1, [0, 4, 7])]),
    lambda s, d: swap(s, "banks", [(SHA256, d.choice([[0, 4], [0, 4, 7, 11], [23]]))]),
    lambda s, d: swap(s, "banks", [(SHA256, [0, 4, 7]), (SHA256, [11])]),
    lambda s, d: swap(s, "banks", []),
    lambda s, d: swap(s, "shown_pcrs", [other(d) if i == 4 else v for i, v in enumerate(s.pcrs)]),
    lambda s, d: swap(s, "shown_pcrs", [other(d) if i == 9 else v for i, v in enumerate(s.pcrs)]),
    lambda s, d: swap(s, "pcrs", [other(d) if i == 7 else v for i, v in enumerate(s.pcrs)]),
    lambda s, d: swap(s, "magic", 0xff544348),
    lambda s, d: swap(s, "type", 0x8017),
    lambda s, d: swap(s, "tail", b"\0"),
    lambda s, d: swap(s, "extra", {d.choice(["report", "quote", "runtime"]): b"x"}),
    lambda s, d: swap(s, "name_of", u16(SHA256) + other(d)),
]
POLICIES = [
    lambda s, d: s.rule.update({d.choice(["builds", "models", "policies"]): "any"}),
    lambda s, d: s.rule.update({d.choice(["builds", "models", "policies"]): []}),
    lambda s, d: s.rule.update(confinement=d.choice([[], ["seccomp"], ["keys-apart"], ["landlock", "seccomp"]])),
    lambda s, d: swap(s, "places", d.choice([["ftpm"], ["dtpm", "ftpm"], []])),
    lambda s, d: swap(s, "aks", d.choice([[], ["in-tee"], ["enrolled", "in-tee"]])),
    lambda s, d: swap(s, "has_section", False),
    lambda s, d: (swap(s, "place", "software"), swap(s, "places", ["software"])),
    lambda s, d: swap(s, "registry", "required"),
    lambda s, d: (swap(s, "registry", "required"),
                  swap(s, "machines", [{"ak": s.name().hex(), "operator": "clinic", "site": "Ulm"}])),
    lambda s, d: s.allowed.update({"4": [other(d).hex()]}),
    lambda s, d: s.allowed.update({"4": [other(d).hex(), s.pcrs[4].hex()]}),
]


def ask(folder, story, record):
    (folder / "evidence").write_bytes(record)
    (folder / "policy.json").write_text(ev.signed(story.value, ev.SIGNER))
    done = subprocess.run([VOUCH, "attest", "verify", folder / "evidence", "--policy", folder / "policy.json",
                           "--signer", ev.SIGNER.public.hex(), "--at", AT, "--json"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert (done.returncode == 0) == (told["word"] != "contraindicated"), (done.returncode, told["word"])
    return {check["name"] for check in told["checks"] if check["result"] == "FAILED"}, told["word"]


def main():
    draw = random.Random(SEED)
    words, seen = {}, set()
    print(f"# seed {SEED}")
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(STORIES):
            story = Story(draw)
            for changes, most in ((POLICIES, 1), (LIES, 2)):
                for _ in range(draw.randrange(most + 1)):
                    draw.choice(changes)(story, draw)
            record = story.tell()
            theirs, ours = judge(story), ask(pathlib.Path(scratch), story, record)
            assert theirs == ours, (i, sorted(theirs[0] ^ ours[0]), theirs[1], ours[1])
            words[ours[1]] = words.get(ours[1], 0) + 1
            seen |= ours[0]
    print(f"# {STORIES} records: {words}; checks that failed: {len(seen)}")
    assert len(words) == 3 and len(seen) >= 12, (words, seen)


main()
