"""The state of a ledger, written from specs/agreement.md and specs/ledger.md alone: a second one, slow
and plain, to disagree with the first. `Ledger.apply` takes an entry or raises Refused, or Malformed."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from accounts import Accounts, Refused, need  # noqa: E402
from contests import Contests  # noqa: E402
from disputes import Disputes  # noqa: E402
from entries import Malformed, is_entry_signed, read_entry  # noqa: E402

__all__ = ["Ledger", "Malformed", "Refused"]


class Ledger(Accounts, Contests, Disputes):
    """`registries`: digest -> decoded registry (verify_voucher.read_registry), by the founder."""

    def __init__(self, registries):
        self.blobs = registries
        self.charter = None
        self.leaves, self.anchors = [], []
        self.time_ms = self.escrow = self.treasury = self.deposited = self.withdrawn = 0
        self.accounts, self.jobs, self.contests, self.disputes = {}, {}, {}, {}
        self.registries = []  # (time_ms of its entry, registry)
        self.busy = []        # positions of entries other than anchors
        self.last_kind = None

    def apply(self, data):
        entry = read_entry(data)
        kind = entry["kind"]
        self.now = entry["time_ms"]
        if self.charter is None:
            need(kind == "charter", "the first entry is the charter")
            need(entry["writer"] == entry["body"]["founder"], "the charter is its founder's")
            need(is_entry_signed(entry, entry["body"]["id"]), "signature")
            need(self.now > 0, "a draft")
        else:
            need(kind != "charter", "a second charter")
            need(self.now > 0 and self.now >= self.time_ms, "time runs backwards")
            need(is_entry_signed(entry, self.charter["id"]), "signature")
        if entry["number"] > 0:
            need(entry["writer"] not in self.accounts or self.accounts[entry["writer"]].number < entry["number"],
                 "a number that was there")
        self.position, self.leaf = len(self.leaves), entry["leaf"]
        getattr(self, "apply_" + kind)(entry["writer"], entry["body"], entry)  # all checks before any effect
        for segment in self.due_windows():
            self.close_window(segment)
        if entry["number"] > 0:
            self.account(entry["writer"]).number = entry["number"]
        self.leaves.append(entry["leaf"])
        self.time_ms = self.now
        self.last_kind = kind
        if kind != "anchor":
            self.busy.append(self.position)

    def apply_charter(self, writer, body, entry):
        self.charter, self.parameters = body, body["parameters"]

    def apply_registry(self, writer, body, entry):
        need(writer == self.charter["founder"], "by the founder")
        need(body["digest"] in self.blobs, "a registry that is not at hand")
        registry = self.blobs[body["digest"]]
        need(registry["founder"] == writer and registry["serial"] == body["serial"], "another's registry")
        need(not self.registries or self.newest()["serial"] < body["serial"], "an earlier serial")
        self.registries.append((self.now, registry))
