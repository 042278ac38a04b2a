"""A network whose nodes prove their segments, each under an annex of its own. Standard library only."""
import pathlib
import struct
import sys

from arrays import ROOT
from network import Network

sys.path.append(str(ROOT / "tests/oracles"))
from verify_voucher import digest_of  # noqa: E402


class Proving(Network):
    """Node i has an annex of its own: no two share its randomness, or the count of its openings."""

    def annex(self, i):
        return self.folder / f"node{i}.annex"

    def start(self, i, *options):
        (placement,) = self.placements[i]
        if not self.annex(i).exists():
            self.run("annex", self.segment(*placement), "--key", self.folder / "owner.key", "--annex",
                     self.annex(i))
        return super().start(i, "--annex", self.annex(i), *options)

    def spend(self, i):
        """As if all openings of node i's annex but the next root's had gone into proofs."""
        path = pathlib.Path(f"{self.annex(i)}.key")
        key = bytearray(path.read_bytes()[:88])
        (openings,) = struct.unpack_from("<I", key, 20)
        struct.pack_into("<I", key, 16, openings - 1)
        path.write_bytes(key + digest_of("vouch/annex-key/v1", ("key", bytes(key))))
