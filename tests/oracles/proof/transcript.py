"""Challenges: specs/proof.md, section 2."""
import hashlib

from .field import P


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Transcript:
    def __init__(self, log=None):
        self.state = sha(b"vouch/proof/v1")
        self.log = log  # a list that each challenge is noted in, or None

    def absorb(self, label, data):
        name = bytes([len(label)]) + label.encode()
        self.state = sha(b"\0", self.state, name, len(data).to_bytes(8, "little"), data)

    def _words(self, label):
        """The words of one challenge, without end."""
        name = bytes([len(label)]) + label.encode()
        before, i = self.state, 0
        self.state = sha(b"\2", before, name)
        while True:
            block = sha(b"\1", before, name, i.to_bytes(8, "little"))
            yield from (int.from_bytes(block[j:j + 8], "little") for j in range(0, 32, 8))
            i += 1

    def challenge(self, label, count=1):
        words = (w for w in self._words(label) if w < P)
        values = [(next(words), next(words)) for _ in range(count)]
        if self.log is not None:
            self.log.append((label, values))
        return values

    def positions(self, label, count, bound):
        """`count` different positions below bound, a power of two, in ascending order."""
        found = set()
        for word in self._words(label):
            found.add(word & (bound - 1))
            if len(found) == count:
                break
        if self.log is not None:
            self.log.append((label, sorted(found)))
        return sorted(found)
