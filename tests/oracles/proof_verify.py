#!/usr/bin/env python3
"""A second verifier of models' proofs, written from specs/proof.md, circuit.md and annex.md alone
and with nothing but Python's library and the zstd program. It exists to disagree with the first.

    proof_verify.py M.vouch M.annex [X.proof [X.opening]]

Prints what was verified; exits 1, saying why, where something is refused.
"""
import pathlib
import sys

from proof.annex import Annex, Opening, ProofFile
from proof.field import Refused, require
from proof.package import read_package
from proof.verify import verify
from verify_voucher import is_signed


def main(paths):
    graph, owner = read_package(paths[0])
    contents = [pathlib.Path(p).read_bytes() for p in paths[1:]]
    annex = Annex(contents[0])
    annex.verify(graph, is_signed, owner)
    print(f"annex: {len(annex.held)} parameters, {len(annex.links)} links")
    if len(contents) == 1:
        return
    file = ProofFile(contents[1])
    verify(file.statement(graph, annex), file.proof)
    print(f"proof: operators {file.first} to {file.last - 1}, {file.batch} samples")
    if len(contents) == 3:
        opening = Opening(contents[2], graph)
        require((opening.first, opening.last, opening.batch, opening.identity)
                == (file.first, file.last, file.batch, file.identity), "another proof's opening")
        require(opening.roots(annex.log_columns) == [file.input, file.output],
                "an opening of other roots")
        print("opening: input and output are those of the proof")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as why:
        sys.exit(f"refused: {why}")
