"""M.annex, X.proof and X.opening: specs/annex.md."""
from . import circuit
from .field import require
from .operators import size
from .package import digest_of
from .statement import POSITIONS
from .oracle import given_oracle
from .verify import verify


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        require(self.at + count <= len(self.data), "a file that ends early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count=4):
        return int.from_bytes(self.take(count), "little")

    def head(self, magic):
        require(self.take(8) == magic and self.number() == 1, f"no {magic.decode()}")

    def end(self):
        require(self.at == len(self.data), "a file that is too long")


class Annex:
    """Of a file; `digests[k]` and `roots[k]` after k links."""

    def __init__(self, data):
        read = Reader(data)
        read.head(b"VOUCHANX")
        self.log_columns, self.rows, openings, self.epoch, count = (read.number() for _ in range(5))
        require(9 <= self.log_columns <= 16, "c outside 9 .. 16")
        require(openings == 2**self.log_columns // POSITIONS, "another number of openings")
        self.identity = read.take(32)
        self.held = [read.number() for _ in range(count)]
        require(self.held == sorted(set(self.held)), "indices that do not ascend")
        self.roots = [read.take(32)]
        self.ranges = read.take(read.number())
        self.key = read.take(32)
        self.signed = digest_of("vouch/annex-owner/v1", ("annex", data[:read.at]))
        self.signature = read.take(64)
        self.digests = [digest_of("vouch/annex/v1", ("base", data[:read.at]))]
        self.links = []
        while read.at < len(data):
            root = read.take(32)
            proof = read.take(read.number())
            self.roots.append(root)
            self.links.append(proof)
            self.digests.append(digest_of("vouch/annex-link/v1", ("before", self.digests[-1]),
                                          ("root", root), ("proof", proof)))

    def verify(self, graph, is_signed, owner):
        require(self.identity == graph.identity, "another model's annex")
        require(all(i < len(graph.parameter_shapes) for i in self.held), "a parameter that is none")
        cells = circuit.parameter_cells(graph, self.held)
        require(self.rows == max(1, -(-cells >> self.log_columns)), "another number of rows")
        require(self.key == owner and is_signed(self.key, self.signed, self.signature),
                "an annex that the owner did not sign")
        verify(circuit.ranges_statement(graph, self.log_columns, self.held, self.roots[0]),
               self.ranges)
        for old, new, proof in zip(self.roots, self.roots[1:], self.links):
            verify(circuit.link_statement(graph, self.log_columns, self.held, old, new), proof)


class ProofFile:
    def __init__(self, data):
        read = Reader(data)
        read.head(b"VOUCHPRF")
        self.first, self.last, self.batch = (read.number() for _ in range(3))
        require(1 <= self.batch <= 4096, "a number of samples that is none")
        self.identity, self.annex, self.job, self.input, self.output = (
            read.take(32) for _ in range(5))
        self.proof = read.take(read.number(8))
        read.end()

    def statement(self, graph, annex):
        require(self.identity == graph.identity, "another model's proof")
        require(self.annex in annex.digests, "a proof under another annex")
        roots = [annex.roots[annex.digests.index(self.annex)], self.input, self.output]
        return circuit.run_statement(graph, annex.log_columns, annex.held, roots, self.annex,
                                     self.job, self.first, self.last, self.batch)


class Opening:
    """Input and output: (seed, elements of each value)."""
    SIZES = {1: 1, 2: 2, 3: 4, 4: 8}

    def __init__(self, data, graph):
        read = Reader(data)
        read.head(b"VOUCHPOP")
        self.first, self.last, self.batch = (read.number() for _ in range(3))
        self.identity = read.take(32)
        self.sides = [self._side(read, graph, values)
                      for values in circuit.ends(graph, self.first, self.last)]
        read.end()

    def _side(self, read, graph, values):
        seed, elements = read.take(32), []
        require(read.number() == len(values), "another number of values")
        for value in values:
            width = self.SIZES[graph.types[value]]
            data = read.take(read.number(8))
            require(len(data) == width * self.batch * size(graph.shapes[value]), "another size")
            elements.append([int.from_bytes(data[i:i + width], "little", signed=True)
                             for i in range(0, len(data), width)])
        return seed, elements

    def roots(self, log_columns):
        """Of input and output."""
        found = []
        for seed, values in self.sides:
            steps = [len(v) // self.batch for v in values]
            cells = [x for b in range(self.batch) for v, n in zip(values, steps)
                     for x in v[b * n:(b + 1) * n]]
            found.append(given_oracle(cells, 2**log_columns, seed).root)
        return found
