"""Committed rows: specs/proof.md, section 3, from the side that has them."""
from .chacha import elements, key_stream
from .field import P, codeword, write_elements
from .statement import CAP
from .transcript import sha


class Oracle:
    """Committed rows; `rows` are values at the roots, each of its own length."""

    def __init__(self, rows, symbols, salts):
        self.rows, self.salts = rows, salts
        self.words = [codeword(row, symbols) for row in rows]
        self.commit()

    def commit(self):
        self.columns = [write_elements(column) for column in zip(*self.words)]
        level = [sha(b"\0", salt, c) for salt, c in zip(self.salts, self.columns)]
        self.levels = [level]
        while len(level) > 1:
            level = [sha(b"\1", a, b) for a, b in zip(level[0::2], level[1::2])]
            self.levels.append(level)
        self.root = level[0]

    def cap(self):
        return b"".join(next(level for level in self.levels if len(level) == CAP))

    def opening(self, position):
        path, at = b"", position
        for level in self.levels:
            if len(level) == CAP:
                break
            path += level[at ^ 1]
            at >>= 1
        return self.salts[position] + self.columns[position] + path


def given_oracle(cells, columns, seed):
    """Of what two parties compute alike: section 3."""
    rows = []
    for i in range(-(-len(cells) // columns)):
        own = [c % P for c in cells[i * columns:(i + 1) * columns]]
        blind = elements(sha(b"\3", seed, i.to_bytes(8, "little")))
        rows.append(own + [0] * (columns - len(own)) + [next(blind) for _ in range(columns)])
    stream = key_stream(sha(b"\4", seed), 32 * 8 * columns)
    return Oracle(rows, 8 * columns, [stream[i:i + 32] for i in range(0, len(stream), 32)])
