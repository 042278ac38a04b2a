#!/usr/bin/env python3
"""A TPM in software: its endorsement certificate, an attestation key enrolled by credential
activation, quotes, and every lie about them that needs a TPM. Skips (77) without swtpm and tpm2-tools.
"""
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

VERIFIER = sys.argv[2]
MASK = [0, 4, 7, 11]
NEEDED = ["swtpm", "swtpm_setup", "swtpm_localca", "tpm2", "openssl"]


class Tpm:
    def __init__(self, folder):
        self.folder = folder
        (folder / "state").mkdir()
        (folder / "ca").mkdir()
        (folder / "setup.conf").write_text(
            f"create_certs_tool = {shutil.which('swtpm_localca')}\n"
            f"create_certs_tool_config = {folder}/ca.conf\ncreate_certs_tool_options = {folder}/options\n")
        (folder / "ca.conf").write_text("".join(
            f"{key} = {folder}/ca/{file}\n" for key, file in
            [("signingkey", "signkey.pem"), ("issuercert", "issuercert.pem"), ("certserial", "serial")])
            + f"statedir = {folder}/ca\n")
        (folder / "options").write_text(
            "--platform-manufacturer Test\n--platform-version 1\n--platform-model Test\n")
        user = ["--runas", "root"] if os.getuid() == 0 else []
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", folder / "state", "--createek",
                        "--create-ek-cert", "--config", folder / "setup.conf", *user],
                       check=True, capture_output=True)
        subprocess.run(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}/state", "--server",
                        f"type=unixio,path={folder}/tpm", "--ctrl", f"type=unixio,path={folder}/tpm.ctrl",
                        "--flags", "not-need-init,startup-clear", *user, "--daemon", "--pid",
                        f"file={folder}/pid"], check=True, capture_output=True)
        self.pid = int((folder / "pid").read_text())
        self.environment = dict(os.environ, TPM2TOOLS_TCTI=f"swtpm:path={folder}/tpm")

    def __call__(self, *arguments, fails=False):
        """A command of tpm2-tools, in the folder; leaves no transient object behind."""
        done = subprocess.run(["tpm2", *arguments], cwd=self.folder, env=self.environment,
                              capture_output=True)
        subprocess.run(["tpm2", "flushcontext", "-t"], env=self.environment, capture_output=True)
        assert (done.returncode != 0) == fails, (arguments, done.stderr.decode())
        return done.stdout

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)


def verify(tpm, code, *arguments):
    done = subprocess.run([VERIFIER, *arguments], cwd=tpm.folder, capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def to_der(folder):
    subprocess.run(["openssl", "x509", "-in", folder / "ca/swtpm-localca-rootca-cert.pem", "-outform",
                    "der", "-out", folder / "root.der"], check=True)


def activate(tpm, context, handle, fails=False):
    tpm("startauthsession", "--policy-session", "-S", "session")
    tpm("policysecret", "-S", "session", "-c", "e")
    tpm("activatecredential", "-c", context, "-C", handle, "-i", "credential", "-o", "said", "-P",
        "session:session", fails=fails)
    tpm("flushcontext", "session")


def enrol(tpm, kind):
    """The verifier says a secret; only this TPM with this key says it back."""
    tpm("createak", "-C", "0x81010001", "-c", f"{kind}.ctx", "-G", kind, "-g", "sha256", "-s",
        {"ecc": "ecdsa", "rsa": "rsassa"}[kind], "-u", f"{kind}.pub", "-n", f"{kind}.name")
    secret = hashlib.sha256(kind.encode()).hexdigest()
    verify(tpm, 0, "credential", "ek.crt", "ca/issuercert.pem", "root.der", str(int(time.time()) + 60),
           f"{kind}.pub", secret, "credential")
    activate(tpm, f"{kind}.ctx", "0x81010001")
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
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        print(f"SKIP: not installed here: {', '.join(missing)}")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        tpm = Tpm(pathlib.Path(folder))
        try:
            tpm("nvread", "0x1c00002", "-o", "ek.crt")
            to_der(tpm.folder)
            names = {kind: enrol(tpm, kind) for kind in ("ecc", "rsa")}
            activate(tpm, "ecc.ctx", "0x81010001", fails=True)  # made for the other key's name
            lies(tpm, "ecc", names["ecc"], names["rsa"])
            lies(tpm, "rsa", names["rsa"], names["ecc"])
        finally:
            tpm.stop()
    print("ok")


main()
