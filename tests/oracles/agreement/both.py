"""A voucher before both verifiers: what `vouch verify` says, in the words of the second one."""
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import verify_voucher  # noqa: E402
from verify_voucher import ORDER_OF_CLAIMS  # noqa: E402


OPTIONS = {"ledger": "--on-ledger"}


class Both:
    """Readers name keys, as ("founder", 32 bytes), or ledgers, and have a clock."""

    def __init__(self, vouch, at_s):
        self.vouch, self.at_s, self.scratch = vouch, at_s, tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.scratch.name) / "x.voucher"

    def ours(self, data, reader, quorum=0):
        """(the verdicts, our reasons by claim); told to whoever asks, as tests/harness/told.h does."""
        verdict, reasons = self.judge(data, reader, quorum)
        if told := os.environ.get("VOUCHERS_TOLD"):
            with open(told, "a") as file:
                file.write(f"{verdict}\n{' '.join(self.words(data, reader, quorum))}\n")
        return verdict, reasons

    def judge(self, data, reader, quorum):
        self.path.write_bytes(data)
        at = datetime.datetime.fromtimestamp(self.at_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        words = [word for name, key in reader for word in (OPTIONS.get(name, f"--{name}"), key.hex())]
        words += ["--quorum", str(quorum)] if quorum else []
        done = subprocess.run([self.vouch, "verify", self.path, "--json", "--at", at, *words], capture_output=True,
                              text=True, check=False)
        if not done.stdout:
            assert done.returncode in (1, 3), done  # and neither a crash nor a sanitizer's word
            return "malformed", {}
        found = json.loads(done.stdout)
        claims = {name: claim["verdict"].lower().replace(" ", "-") for name, claim in found["claims"].items()}
        verdict = "accepted" if found["accepted"] else "refused"
        return (" ".join([verdict] + [f"{name}={claims[name]}" for name in ORDER_OF_CLAIMS]),
                {name: claim["reason"] for name, claim in found["claims"].items()})

    def words(self, data, reader, quorum):
        keys = [f"{name}={key.hex()}" for name, key in reader]
        return keys + [f"quorum={quorum}", f"at={1000 * self.at_s}", "voucher=" + data.hex()]

    def theirs(self, data, reader, quorum=0):
        return verify_voucher.verify(self.words(data, reader, quorum))
