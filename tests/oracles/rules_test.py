#!/usr/bin/env python3
"""Rules for evidence read a second time, from specs/rules.md alone, on the drafts of demo/ and on changes of them.

    rules_test.py PATH/TO/vouch [--count=100]

What one takes the other has to take, with the same id and the same verdict on who may have what. VCH_SEED=N replays
a run.
"""
import concurrent.futures
import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOUCH = sys.argv[1]
FLAGS = dict(a[2:].split("=") for a in sys.argv[2:] if a.startswith("--"))
SEED = int(os.environ.get("VCH_SEED", random.SystemRandom().randrange(2**32)))
R = random.Random(SEED)
TOKEN = re.compile(rb'[ \n\r\t]*("[ !#-\[\]-~]*"|0(?![0-9])|[1-9][0-9]*|true|false|null|[][{}:,])')


class Refused(Exception):
    pass


def need(holds, what=""):
    if not holds:
        raise Refused(what)


# evidence.md, section 4: strict JSON, and where each value lies.
class Reader:
    def __init__(self, text):
        need(len(text) <= 262144)
        self.text, self.at = text, 0

    def peek(self):
        found = TOKEN.match(self.text, self.at)
        need(found, "a token")
        return found

    def take(self, *wanted):
        found = self.peek()
        need(not wanted or found[1] in wanted)
        self.at = found.end()
        return found[1]

    def whole(self):
        value = self.value(1)
        need(self.text[self.at:].strip(b" \n\r\t") == b"", "nothing behind it")
        return value

    def value(self, depth):
        token = self.take()
        if token in (b"{", b"["):
            need(depth <= 8)
            return self.members(depth) if token == b"{" else self.elements(depth)
        if token[:1].isdigit():
            need(int(token) < 2**64)
            need(self.text[self.at:self.at + 1] not in (b".", b"e", b"E"))
            return int(token)
        words = {b"true": True, b"false": False, b"null": None}
        need(token[:1] == b'"' or token in words)
        return words[token] if token in words else token[1:-1].decode()

    def elements(self, depth):
        values = []
        if self.peek()[1] == b"]":
            self.take()
            return values
        while True:
            values.append(self.value(depth + 1))
            if self.take(b",", b"]") == b"]":
                return values

    def members(self, depth):
        values = {}
        if self.peek()[1] == b"}":
            self.take()
            return values
        while True:
            need(len(values) < 256)
            key = self.take()
            need(key[:1] == b'"')
            self.take(b":")
            need(key[1:-1].decode() not in values)
            values[key[1:-1].decode()] = self.value(depth + 1)
            if self.take(b",", b"}") == b"}":
                return values


# specs/rules.md, section 2.
def number(top):
    return lambda v: need(type(v) is int and v <= top)


def one(*words):
    return lambda v: need(isinstance(v, str) and v in words)


def listing(of):
    def check(value):
        need(isinstance(value, list))
        for item in value:
            of(item)
    return check


def digits(size):
    return lambda v: need(isinstance(v, str) and re.fullmatch(f"[0-9a-fA-F]{{{2 * size}}}", v))


def either(word, other):
    return lambda v: v == word if v == word else other(v)


def flag(value):
    need(isinstance(value, bool))


def never(value):
    need(value is False)


def text(value):
    need(isinstance(value, str) and 1 <= len(value) <= 128)


def der(value):
    need(isinstance(value, str) and re.fullmatch("([0-9a-fA-F]{2}){1,4096}", value))


def time(value):
    need(isinstance(value, str) and re.fullmatch(r"(19[7-9]|[2-9]\d\d)\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", value))
    try:
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError as error:
        raise Refused from error


def members(needed, others):
    def check(value):
        need(isinstance(value, dict))
        need(needed.keys() <= value.keys() <= needed.keys() | others.keys(), (sorted(needed), sorted(value)))
        for key, inner in value.items():
            (needed | others)[key](inner)
    return check


def abi(value):
    need(isinstance(value, list) and len(value) == 2)
    listing(number(255))(value)


def floors(value):
    need(isinstance(value, dict))
    for key, floor in value.items():
        need(re.fullmatch("[0-9a-f]{2}-[0-9a-f]{2}", key))
        names = ["bl", "tee", "snp", "ucode"] + (["fmc"] if key.startswith("1a-") else [])
        members(dict.fromkeys(names, number(255)), {})(floor)


def four(value):
    listing(digits(48))(value)
    need(len(value) == 4)


def enclave(value):
    members({}, {"mrenclave": digits(32), "mrsigner": digits(32), "product": number(65535), "min_svn": number(65535)})(value)
    need(set(value) in ({"mrenclave"}, {"mrsigner", "product", "min_svn"}))


def pcrs(value):
    need(isinstance(value, dict))
    for key, values in value.items():
        need(key in map(str, range(24)))
        listing(digits(32))(values)


IDS = {"chip_id": 64, "ppid": 16, "piid": 16, "ek": 32, "ak": 34}


def machine(value):
    members({"operator": text, "site": text}, {name: digits(size) for name, size in IDS.items()})(value)
    need(len(IDS.keys() & value.keys()) == 1)


LEVELS = ("sandbox", "tpm", "tee")
CLASSES = ("prompts", "weights:open", "weights:private")
STATUSES = listing(one("UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded",
                       "OutOfDate", "OutOfDateConfigurationNeeded"))
BITS = listing(one("smt", "tsme", "ecc", "rapl_disabled", "ciphertext_hiding", "alias_check", "tio"))
ATTRIBUTES = listing(one("sept_ve_disable", "migratable", "pks", "kl", "perfmon"))
PLACES = ("dtpm", "ftpm", "vtpm-in-tee", "software")
CONFINEMENT = ("no-dumps", "no-new-privileges", "user-namespace", "empty-root", "process-namespace", "network-namespace",
               "ipc-namespace", "no-capabilities", "landlock", "seccomp", "parser-apart", "keys-apart", "secret-memory",
               "locked-memory")
PLATFORM = ({"min_evaluation": number(2**32 - 1), "collateral_days": number(3650), "denied_advisories": listing(text)},
            {"quote_versions": listing(number(5)), "statuses": STATUSES, "quoting_statuses": STATUSES,
             "types": listing(one("standard", "scalable", "scalable-with-integrity")), "debug": never})
SNP = members({
    "guest": members({"min_svn": number(2**32 - 1), "required": listing(one(
        "single_socket", "aes_256_xts", "rapl_disabled", "ciphertext_hiding", "page_swap_disabled"))},
        {"debug": never, "allowed": listing(one("smt", "migrate_ma", "cxl"))}),
    "platform": members({"required": BITS, "forbidden": BITS, "unknown": one("refuse", "ignore")}, {}),
    "min_abi": abi, "mitigations": members({"launch": digits(8), "current": digits(8)}, {}),
    "crls": one("if-present", "of-root", "of-all"),
}, {"products": listing(one("Milan", "Genoa", "Turin")), "milan": text, "signers": listing(one("vcek", "vlek")),
    "csp_ids": listing(text), "vmpls": listing(number(3)), "measurements": listing(digits(48)),
    "host_data": listing(digits(32)), "id_keys": listing(digits(48)), "author_keys": listing(digits(48)),
    "min_tcb": floors, "provisional": flag})
TDX = members(PLATFORM[0] | {"attributes_needed": ATTRIBUTES}, PLATFORM[1] | {
    "module_statuses": STATUSES, "modules": either("known", listing(digits(48))), "services": listing(digits(48)),
    "attributes_allowed": ATTRIBUTES, "features_allowed": digits(8), "domains": listing(members({
        "mrtd": digits(48), "rtmrs": four, "mrconfigid": digits(48), "mrowner": digits(48),
        "mrownerconfig": digits(48)}, {}))})
SGX = members(PLATFORM[0], PLATFORM[1] | {"enclaves": listing(enclave), "provision_key": flag})
LOG = members({"pcrs": listing(number(23)), "events": listing(members(
    {"pcr": number(23), "type": number(2**32 - 1), "digest": digits(32)}, {}))}, {})
TPM = members({"log": either("none", LOG)}, {
    "aks": listing(one("enrolled", "in-tee")), "places": listing(one(*PLACES)), "makers": listing(der), "pcrs": pcrs,
    "keys": listing(members({"name": digits(34), "place": one(*PLACES)}, {}))})
POLICY = members({
    "version": lambda v: need(v == 1 and type(v) is int), "name": text, "environment": one("production", "test"),
    "not_after": time, "levels": members({}, {name: listing(one(*LEVELS)) for name in CLASSES}),
    "facts": members({"confinement": listing(one(*CONFINEMENT))}, {
        name: either("any", listing(digits(32))) for name in ("builds", "models", "policies")}),
    "hardware": members({"registry": one("required", "none")}, {"machines": listing(machine)}),
    "freshness": members({"nonce_s": number(600), "reattest_s": number(86400), "result_s": number(604800)},
                         {"registration_s": number(604800)}),
}, {"snp": SNP, "tdx": TDX, "sgx": SGX, "tpm": TPM, "gpu": members({"required": flag}, {
    "unjudged_firmware": flag, "models": listing(text)}), "anchors": members({}, dict.fromkeys(
        ("amd_milan", "amd_genoa", "amd_turin", "intel", "nvidia"), der))})


def check_together(policy):
    snp, tpm = policy.get("snp", {}), policy.get("tpm", {})
    need(("Milan" in snp.get("products", [])) == ("milan" in snp))
    if isinstance(tpm.get("log"), dict):
        log, covered = tpm["log"], {int(pcr) for pcr in tpm.get("pcrs", {})}
        need(log["pcrs"] and set(log["pcrs"]) <= covered and len(log["events"]) <= 64)
        need(all(event["pcr"] in log["pcrs"] for event in log["events"]))
    if policy["environment"] == "production":
        need("anchors" not in policy)
        need("software" not in tpm.get("places", []) + [key["place"] for key in tpm.get("keys", [])])


def kinds(policy, levels):
    aks = policy.get("tpm", {}).get("aks", [])
    shown = [("snp", "tee", "snp" in policy), ("tdx", "tee", "tdx" in policy), ("sgx", "tee", "sgx" in policy),
             ("tpm2", "tpm", "enrolled" in aks), ("az-vtpm", "tee", "in-tee" in aks and bool({"snp", "tdx"} & policy.keys())),
             ("none", "sandbox", True)]
    return [kind for kind, level, there in shown if there and level in levels]


def read(draft):
    reader = Reader(draft)
    policy = reader.whole()
    POLICY(policy)
    check_together(policy)
    value = draft.strip(b" \n\r\t")
    protocol, label = b"vouch/attest-policy/v1", b"policy"
    message = bytes([len(protocol)]) + protocol + bytes([len(label)]) + label + len(value).to_bytes(8, "little") + value
    classes = {}
    for name in CLASSES:
        levels = [level for level in LEVELS if level in policy["levels"].get(name, [])]
        classes[name] = {"levels": levels, "evidence": kinds(policy, levels)}
    return {"id": hashlib.sha256(message).hexdigest(), "name": policy["name"], "classes": classes,
            "environment": policy["environment"], "not_after": policy["not_after"]}


# Changes of what there is: by what it means, and by its bytes.
def places(value, at=()):
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*at, key))


def change_value(old):
    others = [None, True, False, 0, 1, 3, 24, 255, 256, 601, 65536, 2**32, 2**64 - 1, 2**64, "", "any", "none", "known", "x",
              "y" * 128, "y" * 129, [], {}, [0], ["smt"], "test", "production", "software", ["software"], ["tee", "tpm"],
              ["Milan"], ["Revoked"], ["in-tee"], {"pcrs": [4], "events": []}, "ab" * 32, "AB" * 48, "2027-02-29T00:00:00Z",
              "2028-02-29T23:59:59Z", "1969-12-31T23:59:59Z"]
    if isinstance(old, list) and old:
        others += [old + old, old[1:], old + [old[0]]]
    return R.choice(others)


def change(policy):
    *path, last = R.choice([at for at in places(policy) if at])
    inner = policy
    for key in path:
        inner = inner[key]
    how = R.randrange(5)
    if how == 0:
        del inner[last]
    elif how == 1 and isinstance(inner, dict):
        inner[R.choice(("debug", "milan", "log", "pcrs", "anchors", "fmc", "intel", "mistyped", "registration_s"))] = inner.pop(last)
    elif how == 2 and isinstance(inner, dict):
        inner[R.choice(("debug", "milan", "sgx", "gpu", "anchors", "events", "makers", "1a-02"))] = change_value(inner[last])
    else:
        inner[last] = change_value(inner[last])


def spoil(draft):
    at = R.randrange(len(draft))
    pieces = [b"", b" ", b"\n", b",", b"0", b"-1", b"1.5", b"1e3", b"\\u0041", b"\x00", b"\x80", b'"', b"{", b"]", b"[" * 9,
              b'"name": "twice",', b"null"]
    return draft[:at] + R.choice(pieces) + draft[at + R.choice((0, 0, 1)):]


def drafts(count):
    page = (ROOT / "specs/rules.md").read_text()
    seeds = [page[page.index("```json\n") + 8:].split("\n```\n")[0].encode()]
    seeds += [path.read_bytes() for path in sorted((ROOT / "demo/policies").glob("*.json"))]
    yield from seeds
    for _ in range(count):
        policy = json.loads(R.choice(seeds))
        for _ in range(R.choice((1, 1, 2))):
            change(policy)
        draft = json.dumps(policy, indent=R.choice((None, 1, 2))).encode()
        yield spoil(draft) if R.randrange(4) == 0 else draft


def ask(draft, name):
    name.write_bytes(draft)
    done = subprocess.run([VOUCH, "attest", "policy", "show", name, "--json"], capture_output=True, text=True, timeout=60,
                          check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None, done.returncode, done.stderr


def main():
    print(f"VCH_SEED={SEED}")
    taken = refused = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        cases = list(drafts(int(FLAGS.get("count", 100))))
        answers = pool.map(ask, cases, [pathlib.Path(folder, str(i)) for i in range(len(cases))])
        for draft, (told, code, complaint) in zip(cases, answers):
            try:
                ours = read(draft)
            except Refused:
                ours = None
            agree = ours is None and code in (1, 3) and complaint or told and ours == {key: told[key] for key in ours or {}}
            if not agree:
                sys.exit(f"VCH_SEED={SEED}: {ours} here, {told} by vouch ({code} {complaint}):\n{draft.decode(errors='replace')}")
            taken, refused = taken + (ours is not None), refused + (ours is None)
    print(f"{taken} drafts taken and {refused} refused by both")
    if min(taken, refused) < 5:
        sys.exit("too few of one kind to tell anything")


main()
