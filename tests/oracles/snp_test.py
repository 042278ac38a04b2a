#!/usr/bin/env python3
"""vouch's verifier of SEV-SNP beside one in Python, on reports of real machines and on changes of them.

    snp_test.py PATH/TO/vouch PATH/TO/snp_cases [--count=100]

The other verifier (attest/snp.py, which needs the package cryptography) and the evidence lie outside of the project,
in ../shared/oracles and ../shared/data, or in the folders oracles and data beside it that VOUCH_DATA names the latter
of. Signature, chain and chip have to come out the same; what one cannot read the other may not believe.
VCH_SEED=N replays a run.
"""
import pathlib
import subprocess
import sys
import tempfile

import campaign
from campaign import REFUSED, skip

TEE, COUNT, SEED, R = campaign.begin("snp", count=100)
campaign.find_oracles(TEE)
try:
    import snp
except ImportError as error:
    skip(f"no oracle beside the data: {error}")

SETS = [
    ("ms-genoa-report.bin", "ms-genoa-vcek.pem", "genoa"),
    ("ms-genoa-report.bin", "az-vcek-genoa.pem", "genoa"),
    ("sets/az-genoa/report.bin", "sets/az-genoa/vcek.der", "genoa"),
    ("sets/az-milan/report.bin", "sets/az-milan/vcek.der", "milan"),
    ("sets/az-milan-nonce/report.bin", "sets/az-milan-nonce/vcek.der", "milan"),
    ("ms-milan-report.bin", "ms-milan-vcek.pem", "milan"),
    ("dstack-milan-2026-report.bin", "dstack-milan-2026-vcek.pem", "milan"),
    ("virtee-milan-report.bin", "virtee-milan-vcek.der", "milan"),
    ("trustee-vlek-report.bin", "trustee-vlek.der", "milan_vlek"),
    ("milan-v2-report.bin", "milan-v2-vcek.der", "milan"),
    ("trustee-report.bin", "trustee-vcek.der", "milan"),
    ("trustee-report.bin", "neg-trustee-vcek-invalid-legacy.der", "milan"),
    ("trustee-report.bin", "trustee-vlek.der", "milan_vlek"),
]
TIMES = 1748736000, 1782864000, 1600000000, 2208988800


def azures():
    """A report within a paravisor's, with all of its certificates in one file."""
    leaf, *issuers = (TEE / "snp/az-vcek.pem").read_bytes().split(b"-----BEGIN")[1:]
    return [(TEE / "snp/az-hcl-report.bin").read_bytes()[32:1216], b"-----BEGIN" + leaf,
            b"".join(b"-----BEGIN" + one for one in issuers)]


def vectors():
    """All of the reports, each with a key and its issuers."""
    for report, key, issuers in SETS:
        paths = TEE / "snp" / report, TEE / "snp" / key, TEE / f"roots/amd_ask_ark_{issuers}.pem"
        yield f"{report} of {key}", [path.read_bytes() for path in paths]
    yield "az-hcl-report.bin of az-vcek.pem", azures()
    dstack = TEE / "snp/dstack-milan-2026-attestation.scale", TEE / "snp/dstack-milan-2026-vcek.pem"
    yield dstack[0].name, [dstack[0].read_bytes()[4:1188], dstack[1].read_bytes(),
                           (TEE / "roots/amd_ask_ark_milan.pem").read_bytes()]


def expected(report, key, issuers, time_s):
    """Of signature, chain and chip those that the other verifier has fail; None: it cannot read them."""
    try:
        (leaf,), chain = snp.certs(key), snp.certs(issuers)
        claims, said = snp.parse(report), snp.ext(leaf)
        holds = all(snp.chain(leaf, chain[0], chain[1]))
        for one in (leaf, *chain):
            holds &= one.not_valid_before_utc.timestamp() <= time_s <= one.not_valid_after_utc.timestamp()
        chip = "4" not in said or claims["chip_id"] == said["4"]
        return {name for name, good in (("snp.signature", snp.sigok(report, leaf)), ("snp.chain", holds),
                                        ("snp.key.chip", chip)) if not good}
    except Exception:  # noqa: BLE001 - whatever it stumbles over
        return None


def changed(pieces):
    which = R.randrange(3)
    piece = bytearray(pieces[which])
    if R.randrange(8) == 0:
        piece = piece[:R.randrange(len(piece))]
    else:
        piece[R.randrange(len(piece))] ^= 1 << R.randrange(8)
    return [bytes(piece) if i == which else old for i, old in enumerate(pieces)]


def ask(process, folder, pieces, time_s):
    """The status, and of signature, chain and chip those that vouch has fail."""
    names = [pathlib.Path(folder) / name for name in "rkc"]
    for name, piece in zip(names, pieces):
        name.write_bytes(piece)
    process.stdin.write(f"{names[0]} {names[1]} {names[2]} {time_s}\n")
    process.stdin.flush()
    code, *failed = process.stdout.readline().split()
    assert code != "0", "a policy of zeroes allowed something"
    return int(code), set(failed) & {"snp.signature", "snp.chain", "snp.key.chip"}


def compare_whole(process, folder, name, pieces):
    for time_s in TIMES:
        code, got = ask(process, folder, pieces, time_s)
        want = expected(*pieces, time_s)
        assert code == REFUSED and got == want, f"{name} at {time_s}: {code} {got}, the oracle {want}"


def compare_changed(process, folder, name, pieces):
    """Whether both read it and said the same."""
    pieces, time_s = changed(pieces), R.choice(TIMES)
    code, got = ask(process, folder, pieces, time_s)
    want = expected(*pieces, time_s)
    if want is None:
        # The other needs a root among the issuers, whose place ours has taken by its own.
        lone = pieces[2].count(b"-----END CERTIFICATE-----") == 1
        assert code != REFUSED or lone or {"snp.chain", "snp.signature"} & got, (name, got)
        return False
    if code != REFUSED:
        return False
    # Ours also looks at how a chain is made; nothing that the other refuses is good here.
    # And of a certificate that nobody signed as it is, each says what else it sees.
    more = {"snp.chain", "snp.key.chip"} if "snp.chain" in want else {"snp.chain"}
    assert want <= got and got - want <= more, (name, want, got)
    return got == want


def main():
    print(f"# VCH_SEED={SEED}")
    every = list(vectors())
    with subprocess.Popen(sys.argv[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process, \
            tempfile.TemporaryDirectory() as folder:
        for vector in every:
            compare_whole(process, folder, *vector)
        agreed = sum(compare_changed(process, folder, *R.choice(every)) for _ in range(COUNT))
        process.stdin.close()
    assert agreed >= COUNT // 5, f"only {agreed} of {COUNT} were read by both and came out the same"
    print(f"ok: {len(every)} reports at {len(TIMES)} times, and {agreed} of {COUNT} changed ones that both read: the same verdict")


main()
