"""A second verifier of proofs, written from specs/proof.md and specs/circuit.md alone."""
