"""TPMs in software for tests: each of its own maker, behind a socket in a folder of its own.

    with tpms.Tpm(folder) as tpm:
        tpm.tcti                    # "swtpm:path=...", for vouch
        tpm("pcrread", "sha256:0")  # a command of tpm2-tools, in the folder

One program at a time talks to it: the next one waits until the one before has closed the socket.
"""
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys

NEEDED = ["swtpm", "swtpm_setup", "swtpm_localca", "tpm2", "openssl"]
ENDORSEMENT_INDEX = "0x1c00002"  # of the certificate of the RSA key
ENDORSEMENT_KEY = "0x81010001"


def missing():
    return [name for name in NEEDED if shutil.which(name) is None]


def skip_without():
    if missing():
        print(f"SKIP: not installed here: {', '.join(missing())}")
        sys.exit(77)


class Tpm:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.pid = None
        self.tcti = f"swtpm:path={self.folder}/tpm"
        self.environment = dict(os.environ, TPM2TOOLS_TCTI=self.tcti)
        self.root = self.folder / "root.der"  # of the maker, whose issuer is ca/issuercert.pem
        self.issuer = self.folder / "ca/issuercert.pem"
        self._user = ["--runas", "root"] if os.getuid() == 0 else []
        for name in ("state", "ca"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._make()
        self.start()

    def _make(self):
        """The state of a new TPM: seeds, endorsement key, a certificate of its maker for it."""
        folder = self.folder
        (folder / "setup.conf").write_text(
            f"create_certs_tool = {shutil.which('swtpm_localca')}\n"
            f"create_certs_tool_config = {folder}/ca.conf\ncreate_certs_tool_options = {folder}/options\n")
        (folder / "ca.conf").write_text("".join(
            f"{key} = {folder}/ca/{file}\n" for key, file in
            [("signingkey", "signkey.pem"), ("issuercert", "issuercert.pem"), ("certserial", "serial")])
            + f"statedir = {folder}/ca\n")
        (folder / "options").write_text(
            "--platform-manufacturer Test\n--platform-version 1\n--platform-model Test\n")
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", folder / "state", "--createek",
                        "--create-ek-cert", "--config", folder / "setup.conf", *self._user],
                       check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-in", folder / "ca/swtpm-localca-rootca-cert.pem", "-outform",
                        "der", "-out", self.root], check=True)

    def start(self):
        """Power on: PCRs are zero, the reset counter is one higher than before."""
        for name in ("tpm", "tpm.ctrl", "pid"):
            (self.folder / name).unlink(missing_ok=True)
        subprocess.run(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}/state", "--server",
                        f"type=unixio,path={self.folder}/tpm", "--ctrl",
                        f"type=unixio,path={self.folder}/tpm.ctrl", "--flags", "not-need-init,startup-clear",
                        *self._user, "--daemon", "--pid", f"file={self.folder}/pid"],
                       check=True, capture_output=True)  # it says nothing, and returns when it listens
        self.pid = int((self.folder / "pid").read_text())

    def __call__(self, *arguments, fails=False):
        """A command of tpm2-tools; leaves no transient object behind. Its output, as bytes."""
        done = subprocess.run(["tpm2", *arguments], cwd=self.folder, env=self.environment,
                              capture_output=True, timeout=60, check=False)
        subprocess.run(["tpm2", "flushcontext", "-t"], env=self.environment, capture_output=True,
                       timeout=60, check=False)
        assert (done.returncode != 0) == fails, (arguments, done.stderr.decode())
        return done.stdout

    def extend(self, pcr, digest):
        self("pcrextend", f"{pcr}:sha256={digest}")

    def values(self, pcrs):
        """The values of those PCRs, as hexadecimal digits."""
        self("pcrread", "sha256:" + ",".join(map(str, pcrs)), "-o", "read.pcrs")
        found = (self.folder / "read.pcrs").read_bytes()
        return {pcr: found[32 * i:32 * i + 32].hex() for i, pcr in enumerate(sorted(pcrs))}

    def certificate(self):
        """The endorsement certificate, in DER, as a file."""
        self("nvread", ENDORSEMENT_INDEX, "-o", "ek.crt")
        return self.folder / "ek.crt"

    def stop(self, number=signal.SIGTERM):
        """Power off, or with SIGKILL at once; returns when it is gone."""
        if self.pid is None:
            return
        try:
            end = os.pidfd_open(self.pid)
            os.kill(self.pid, number)
            select.select([end], [], [], 60)
            os.close(end)
        except ProcessLookupError:
            pass
        self.pid = None

    def reset(self):
        self.stop()
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
