#!/usr/bin/env python3
"""vouch's verifier of DCAP beside one in Python, on quotes of real machines and on changes of them.

    dcap_test.py PATH/TO/vouch PATH/TO/dcap_cases [--count=100]

The other verifier (attest/vsets.py, which needs the package cryptography) and the evidence lie outside of the project,
in ../shared/oracles and ../shared/data, or in the folders oracles and data beside it that VOUCH_DATA names the latter
of. Check by check both have to say the same of each set, at its time and at others, and of changed sets; where one
cannot read what was changed the other may not accept it. VCH_SEED=N replays a run.
"""
import base64
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

import campaign
from campaign import OK, REFUSED, skip

TEE, COUNT, SEED, R = campaign.begin("tdx/sets", count=100)
FILES = "quote.bin", "tcb_info.json", "qe_identity.json", "tcb_signing_chain.pem", "root_ca.crl", "pck.crl"
campaign.find_oracles(TEE)
try:
    import vsets
    from cryptography import x509
except ImportError as error:
    skip(f"no oracle beside the data: {error}")

# Ours, and what the other says where it fails.
CHECKS = {
    "dcap.pck.chain": {"chain", "certdate", "rootcrlsig", "pckcrlsig", "rootcrldate", "pckcrldate", "revoked"},
    "dcap.quoting.signature": {"qersig"},
    "dcap.quoting.key": {"akbind"},
    "dcap.quote.signature": {"quotesig"},
    "dcap.signer.chain": {"tcbchain", "tcbcertdate", "rootcrlsig", "rootcrldate"},
    "dcap.tcb_info.signature": {"tcbsig"},
    "dcap.identity.signature": {"qesig"},
    "dcap.tcb_info.dates": {"tcbdate"},
    "dcap.identity.dates": {"qedate"},
    "dcap.tcb_info.fmspc": {"fmspc"},
    "dcap.tcb_info.kind": {"tcbid"},
}
IDENTITY = {"dcap.quoting.misc_select": "misc", "dcap.quoting.attributes": "attr", "dcap.quoting.signer": "mrsigner",
            "dcap.quoting.product": "prod"}
ABOUT_PLATFORM = {"dcap.platform.level", "dcap.tcb_info.fmspc"}
STRICTER = {"dcap.pck.chain", "dcap.signer.chain"}


def ask(process, folder, time_s):
    process.stdin.write(f"{folder} {time_s}\n")
    process.stdin.flush()
    words = process.stdout.readline().split()
    statuses = words.pop()[1:-1].split(",") if words[-1].startswith("[") else None
    return int(words[0]), set(words[1:]), statuses


def expected(folder, time_s):
    """The checks that the other verifier has fail, and its statuses; None: it cannot read the set."""
    try:
        at = datetime.datetime.fromtimestamp(time_s, datetime.timezone.utc)
        verdict = vsets.one(str(folder), at=at)
    except Exception:  # noqa: BLE001 - whatever it stumbles over
        return None
    bad = {word.split()[0] for word in verdict["bad"]}
    failed = {name for name, words in CHECKS.items() if words & bad}
    failed |= {name for name, key in IDENTITY.items() if not verdict["qe"][key]}
    if verdict["tcb"] == "NoLevel":
        return failed | {"dcap.platform.level"}, None
    module = verdict["tcb"][3] if len(verdict["tcb"]) > 3 else None
    statuses = [verdict["tcb"][0], module[4] if module else "UpToDate", verdict["qe"].get("status")]
    if verdict["debug"]:
        failed |= {"debug"}
    return failed, statuses


def compare(process, folder, time_s, what, is_whole):
    code, failed, statuses = ask(process, folder, time_s)
    other = expected(folder, time_s)
    ours = failed & (CHECKS.keys() | IDENTITY.keys() | {"dcap.platform.level"})
    if failed & {"dcap.domain.debug", "dcap.enclave.debug"}:
        ours |= {"debug"}
    if code != REFUSED or other is None:  # not readable to one: not to be accepted by the other
        if code == OK:
            sys.exit(f"VCH_SEED={SEED}: {what}: accepted")
        return False
    if other[1] is None:
        ours -= {"debug"}
    if statuses is None and failed & {"dcap.module.level", "dcap.quoting.level"}:
        statuses = other[1]  # the other says nothing where a module or a quoting enclave reaches no level
    if {"dcap.pck.extension", "dcap.pck.chain"} <= failed:  # ours reads the platform's extension by DER's rules alone
        ours -= ABOUT_PLATFORM
        other = other[0] - ABOUT_PLATFORM, statuses
    stricter = ours - other[0]  # the other looks at nothing in a chain but signatures and dates
    if not ours >= other[0] or not stricter <= STRICTER or (stricter and is_whole) or statuses != other[1]:
        sys.exit(f"VCH_SEED={SEED}: {what}: vouch has {sorted(ours)} {statuses}, the oracle {sorted(other[0])} {other[1]}")
    return True


def change(folder, source):
    """Some bits of one file; or a file of another set in place of this one's."""
    for name in FILES:
        (folder / name).write_bytes((source / name).read_bytes())
    name = R.choice(FILES)
    if R.random() < 0.2:
        other = R.choice(SETS)
        (folder / name).write_bytes((other / name).read_bytes())
        return f"{source.name} with {name} of {other.name}"
    content = bytearray((folder / name).read_bytes())
    places = sorted(R.randrange(len(content)) for _ in range(R.choice([1, 1, 1, 2, 5])))
    for place in places:
        content[place] ^= 1 << R.randrange(8)
    (folder / name).write_bytes(content)
    return f"{source.name} with {name} changed at {places}"


def loose():
    """Quotes that came alone: name and bytes. (Of one there is text behind it, which only the other reads over.)"""
    for path in sorted(path for kind in ("tdx", "sgx") for path in (TEE / kind).glob("*.quote")):
        if path.name != "google-v4-spr-e4.quote":
            yield path.name, path.read_bytes()
    for name in "dstack-v4.json", "dstack-v4-lite.json":
        yield name, bytes.fromhex(json.loads((TEE / "tdx" / name).read_text())["quote"])
    azure = json.loads((TEE / "tdx/az-evidence-v1.json").read_text())["td_quote"]
    yield "az-evidence-v1.json", base64.urlsafe_b64decode(azure + "===")
    for path in sorted((TEE / "ratls").glob("*.pem")):
        claims = x509.load_pem_x509_certificate(path.read_bytes()).extensions
        claims = claims.get_extension_for_oid(x509.ObjectIdentifier("2.23.133.5.4.9")).value.value
        at = claims.index(bytes.fromhex("0300020000000000"))  # version 3, and its key and TEE
        yield path.name, claims[at:at + 436 + int.from_bytes(claims[at + 432:at + 436], "little")]


def with_quote(folder, source, quote):
    for name in FILES[1:]:
        (folder / name).write_bytes((source / name).read_bytes())
    (folder / "quote.bin").write_bytes(quote)
    return folder


SETS = sorted(path.parent for kind in ("tdx", "sgx") for path in (TEE / kind / "sets").glob("*/AT"))
compared = 0
with subprocess.Popen([sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cases, \
        tempfile.TemporaryDirectory() as temporary:
    times = {path: int(vsets.T((path / "AT").read_text().strip()).timestamp()) for path in SETS}
    for path in SETS:
        for days in 0, 1, 20, 35, 400, 3000, -1, -35:
            if not compare(cases, path, times[path] + 86400 * days, f"{path.name} after {days} days", True):
                sys.exit(f"{path.name} was not compared")
    quotes = list(loose())
    for name, quote in quotes:  # their collateral is lost: with that of each set
        for path in SETS:
            folder = with_quote(pathlib.Path(temporary), path, quote)
            if not compare(cases, folder, times[path], f"{name} with collateral of {path.name}", True):
                sys.exit(f"{name} was not compared")
    for i in range(COUNT):
        source = R.choice(SETS)
        what = change(pathlib.Path(temporary), source)
        compared += compare(cases, temporary, times[source], what, False)
    cases.stdin.close()
print(f"VCH_SEED={SEED}: {len(SETS)} sets at 8 times, {len(quotes)} quotes with the collateral of each, and {compared} of {COUNT} changed ones that both read: the same checks")
