#!/usr/bin/env python3
"""A TPM in software: its endorsement certificate, an attestation key enrolled by credential
activation, quotes, and every lie about them that needs a TPM. Skips (77) without swtpm and tpm2-tools.
"""
import hashlib
import subprocess
import sys
import tempfile
import time

import tpms

VERIFIER = sys.argv[2]
MASK = [0, 4, 7, 11]


def verify(tpm, code, *arguments):
    done = subprocess.run([VERIFIER, *arguments], cwd=tpm.folder, capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def activate(tpm, context, handle, fails=False):
    tpm("startauthsession", "--policy-session", "-S", "session")
    tpm("policysecret", "-S", "session", "-c", "e")
    tpm("activatecredential", "-c", context, "-C", handle, "-i", "credential", "-o", "said", "-P",
        "session:session", fails=fails)
    tpm("flushcontext", "session")


def enrol(tpm, kind):
    """The verifier says a secret; only this TPM with this key says it back."""
    tpm("createak", "-C", tpms.ENDORSEMENT_KEY, "-c", f"{kind}.ctx", "-G", kind, "-g", "sha256", "-s",
        {"ecc": "ecdsa", "rsa": "rsassa"}[kind], "-u", f"{kind}.pub", "-n", f"{kind}.name")
    secret = hashlib.sha256(kind.encode()).hexdigest()
    verify(tpm, 0, "credential", "ek.crt", "ca/issuercert.pem", "root.der", str(int(time.time()) + 60),
           f"{kind}.pub", secret, "credential")
    activate(tpm, f"{kind}.ctx", tpms.ENDORSEMENT_KEY)
    assert (tpm.folder / "said").read_bytes().hex() == secret
    return (tpm.folder / f"{kind}.name").read_bytes().hex()


def quote(tpm, kind, nonce, bank="sha256", pcrs=MASK):
    selection = f"{bank}:{','.join(map(str, pcrs))}"
    tpm("quote", "-c", f"{kind}.ctx", "-l", selection, "-q", nonce, "-m", "q.msg", "-s", "q.sig",
        "-g", "sha256")
    tpm("pcrread", selection, "-o", "q.pcrs")


def check(tpm, code, kind, name, nonce, says=""):
    mask = f"{sum(1 << pcr for pcr in MASK):x}"
    said = verify(tpm, code, "quote", f"{kind}.pub", name, "q.msg", "q.sig", "q.pcrs", mask, nonce)
    assert says in said, said


def lies(tpm, kind, name, other_name):
    nonce = "ab" * 32
    quote(tpm, kind, nonce)
    check(tpm, 0, kind, name, nonce)
    check(tpm, 1, kind, name, "ac" * 32, "tpm.nonce")
    check(tpm, 1, kind, other_name, nonce, "tpm.ak.enrolled")
    tpm("pcrextend", f"11:sha256={'11' * 32}")
    tpm("pcrread", "sha256:" + ",".join(map(str, MASK)), "-o", "q.pcrs")
    check(tpm, 1, kind, name, nonce, "tpm.pcr.digest")
    quote(tpm, kind, nonce, pcrs=MASK[:3])
    check(tpm, 1, kind, name, nonce, "tpm.selection")
    tpm("gettime", "-c", f"{kind}.ctx", "-q", nonce, "-g", "sha256", "-o", "q.sig",
        "--attestation", "q.msg")  # signed by the same key, and no quote
    check(tpm, 2, kind, name, nonce)


def main():
    tpms.skip_without()
    with tempfile.TemporaryDirectory() as folder, tpms.Tpm(folder) as tpm:
        tpm.certificate()
        names = {kind: enrol(tpm, kind) for kind in ("ecc", "rsa")}
        activate(tpm, "ecc.ctx", tpms.ENDORSEMENT_KEY, fails=True)  # made for the other key's name
        lies(tpm, "ecc", names["ecc"], names["rsa"])
        lies(tpm, "rsa", names["rsa"], names["ecc"])
    print("ok")


main()
