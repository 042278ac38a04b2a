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
    ("sets/az-genoa/report.bin", "sets/az-genoa/vcek.der", "genoa"),
    ("ms-milan-report.bin", "ms-milan-vcek.pem", "milan"),
    ("trustee-vlek-report.bin", "trustee-vlek.der", "milan_vlek"),
    ("milan-v2-report.bin", "milan-v2-vcek.der", "milan"),
    ("trustee-report.bin", "neg-trustee-vcek-invalid-legacy.der", "milan"),
]


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
    which = R.randrange(4)
    if which == 3:  # as it is
        return pieces
    piece = bytearray(pieces[which])
    if R.randrange(8) == 0:
        piece = piece[:R.randrange(len(piece))]
    else:
        piece[R.randrange(len(piece))] ^= 1 << R.randrange(8)
    return [bytes(piece) if i == which else old for i, old in enumerate(pieces)]


def main():
    print(f"# VCH_SEED={SEED}")
    process = subprocess.Popen(sys.argv[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    agreed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(COUNT):
            files = SETS[number % len(SETS)]
            paths = TEE / "snp" / files[0], TEE / "snp" / files[1], TEE / f"roots/amd_ask_ark_{files[2]}.pem"
            pieces = changed([path.read_bytes() for path in paths]) if number >= len(SETS) else [
                path.read_bytes() for path in paths]
            time_s = R.choice([1748736000, 1782864000, 1600000000, 2208988800])
            names = [pathlib.Path(folder) / name for name in "rkc"]
            for name, piece in zip(names, pieces):
                name.write_bytes(piece)
            process.stdin.write(f"{names[0]} {names[1]} {names[2]} {time_s}\n")
            process.stdin.flush()
            code, *failed = process.stdout.readline().split()
            want = expected(*pieces, time_s)
            assert code != "0", "a policy of zeroes allowed something"
            if want is None:
                # The other needs a root among the issuers, whose place ours has taken by its own.
                lone = pieces[2].count(b"-----END CERTIFICATE-----") == 1
                assert int(code) != REFUSED or lone or {"snp.chain", "snp.signature"} & set(failed), (number, failed)
            elif int(code) == REFUSED:
                got = set(failed) & {"snp.signature", "snp.chain", "snp.key.chip"}
                # Ours also looks at how a chain is made; nothing that the other refuses is good here.
                # And of a certificate that nobody signed as it is, each says what else it sees.
                more = {"snp.chain", "snp.key.chip"} if "snp.chain" in want else {"snp.chain"}
                assert want <= got and got - want <= more, (number, files, want, failed)
                agreed += got == want
    process.stdin.close()
    assert process.wait() == 0
    assert agreed >= COUNT // 3, f"only {agreed} of {COUNT} were read by both and came out the same"
    print(f"ok: {COUNT} pieces of evidence, {agreed} with the same verdict")


main()
