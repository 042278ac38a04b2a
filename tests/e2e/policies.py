"""Rules for evidence (specs/rules.md) for tests, signed by a key made for them; TPMs enrolled under them."""
import json
import pathlib

from processes import run


class Policies:
    """Whoever signs rules, in a folder of its own."""

    def __init__(self, vouch, folder):
        self.vouch, self.folder = str(vouch), pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.signer = run(self.vouch, "keygen", "-o", self.folder / "signer.key", "--no-passphrase").strip()

    def draft(self, level, **members):
        """That level may have everything; the rest is a test's."""
        return {"version": 1, "name": f"a test of {level}", "environment": "test", "not_after": "2040-01-31T00:00:00Z",
                "levels": {name: [level] for name in ("prompts", "weights:open", "weights:private")},
                "facts": {"builds": "any", "models": "any", "policies": "any", "confinement": []},
                "hardware": {"registry": "none"},
                "freshness": {"nonce_s": 60, "reattest_s": 600, "result_s": 3600}, **members}

    def sign(self, draft, name):
        """The signed file."""
        path, out = self.folder / f"{name}.json", self.folder / f"{name}.rules"
        path.write_text(json.dumps(draft))
        run(self.vouch, "attest", "policy", "sign", path, "--key", self.folder / "signer.key", "--output", out)
        return out

    def sandbox(self, name="sandbox", **members):
        """A machine's own word will do."""
        return self.sign(self.draft("sandbox", **members), name)

    def tpm(self, keys, pcrs, name="tpm", **members):
        """Quotes of these keys, over PCRs that have these values."""
        section = {"aks": ["enrolled"], "places": ["software"],
                   "keys": [{"name": key, "place": "software"} for key in keys],
                   "pcrs": {str(pcr): values for pcr, values in pcrs.items()}, "log": "none"}
        return self.sign(self.draft("tpm", tpm=section, **members), name)

    def enrol(self, tpm):
        """The name of the TPM's attestation key, after it has shown that it lies there."""
        def step(*arguments):
            return run(self.vouch, "attest", "enrol", *arguments)

        request, challenge, answer = (tpm.folder / name for name in ("request", "challenge", "answer"))
        pending = tpm.folder / "pending"
        step("request", "--from", f"tpm:{tpm.tcti}", "--output", request)
        step("challenge", request, "--maker", tpm.root, "--issuer", tpm.issuer, "--pending", pending,
             "--output", challenge)
        step("answer", challenge, "--from", f"tpm:{tpm.tcti}", "--output", answer)
        return json.loads(step("accept", answer, "--pending", pending, "--place", "software"))["key"]["name"]
