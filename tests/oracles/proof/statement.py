"""What is proven: specs/proof.md, sections 3 to 5, as a structure.

Lists of cells have one number for each row p and lane o, at p * lanes + o; where it is PUBLIC + i the
cell is public, and NONE stands for 0. A coefficient is an int for all lanes, or a list of one for
each.
"""
from dataclasses import dataclass, field

from .field import P, Refused, log, require

PUBLIC = 2**31
NONE = 2**32 - 1
LOOKUP, TABLE, ZEROS = range(3)
ENTRIES_MAX = 6
TABLES_MAX = 16384
POSITIONS = 150
CAP = 128


@dataclass
class Linear:
    coefficient: object
    cells: list


@dataclass
class Form:
    constant: object = 0
    linears: list = field(default_factory=list)


@dataclass
class Product:
    coefficient: object
    a: Form
    b: Form


@dataclass
class Matrix:
    """Rows row_first .. and lanes lane_first ..; x has a list of K1 * K2 cells for each of these
    rows, w one for each of these lanes."""
    coefficient: object
    row_first: int
    lane_first: int
    outer: int
    inner: int
    x: list
    w: list


@dataclass
class Expression:
    form: Form = field(default_factory=Form)
    products: list = field(default_factory=list)
    matrices: list = field(default_factory=list)


@dataclass
class Section:
    kind: int
    rows: int
    lanes: int
    entries: list
    table: int = 0
    multiplicities: list = None
    base: int = 0        # first place
    log_lanes: int = 0
    slots: list = None   # first slot of each product and matrix, in order


def lane(coefficient, o):
    return (coefficient[o] if isinstance(coefficient, list) else coefficient) % P


class Statement:
    """oracles: (rows, root) of each, the witness last, with root None."""

    def __init__(self, context, log_columns, oracles, public_values, sections):
        self.context, self.log_columns, self.oracles = context, log_columns, oracles
        self.public_values, self.sections = public_values, sections
        require(9 <= log_columns <= 16, "log_columns outside 9 .. 16")
        require([s.kind for s in sections] == sorted(s.kind for s in sections), "sections unsorted")
        self.columns = 2**log_columns
        self.length = 2 * self.columns
        self.symbols = 4 * self.length
        self.rows = sum(rows for rows, _ in oracles)
        self.log_cells = log_columns + log(self.rows)
        self._place()
        self.layers = [3 * k + 4 for k in range(self.log_places)]
        self.messages = 2 + sum(self.layers) + 1 + 3 * self.log_slots + 2 + 3 * self.log_cells
        self.products = 1 + 3 * self.log_places + 1
        self.pads = self.messages + 4 * self.products
        self.pad_length = 2**log(self.pads + POSITIONS)
        require(self.pad_length <= self.length, "more pads than a row holds")
        self._check()

    def _place(self):
        ends = {LOOKUP: 0, ZEROS: 0}
        slot = 0
        for section in self.sections:
            space = ZEROS if section.kind == ZEROS else LOOKUP
            section.log_lanes = log(section.lanes)
            width = 2**section.log_lanes
            section.base = -(-ends[space] // width) * width
            ends[space] = section.base + section.rows * width
            section.slots = []
            for entry in section.entries:
                for _ in entry.products:
                    section.slots.append(slot)
                    slot += section.rows * section.lanes
                for matrix in entry.matrices:
                    inner = 2**log(matrix.inner)
                    slot = -(-slot // inner) * inner
                    section.slots.append(slot)
                    slot += matrix.outer * inner
        self.log_places, self.log_zeros = max(1, log(ends[LOOKUP])), log(ends[ZEROS])
        self.log_slots = log(slot)
        require(max(self.log_places, self.log_zeros, self.log_slots) <= 24, "too large")

    def _check(self):
        """Only what would make Python fail later: the statement is our own."""
        cells = self.rows * self.columns
        for section in self.sections:
            count = section.rows * section.lanes
            require(1 <= len(section.entries) <= ENTRIES_MAX, "entries")
            require(section.table < TABLES_MAX, "too many tables")
            lists = [section.multiplicities] if section.kind == TABLE else []
            for entry in section.entries:
                forms = [entry.form] + [f for p in entry.products for f in (p.a, p.b)]
                lists += [linear.cells for form in forms for linear in form.linears]
            for cell_list in lists:
                require(len(cell_list) == count, "a list of cells of another length")
                if not all(g < cells or PUBLIC <= g < PUBLIC + len(self.public_values)
                           or g == NONE for g in cell_list):
                    raise Refused("a cell that is none")

    def shape(self):
        values = [self.log_columns, len(self.oracles), *(rows for rows, _ in self.oracles),
                  self.log_places, self.log_zeros, self.log_slots]
        return b"".join(v.to_bytes(8, "little") for v in values)

    def oracle_rows(self, index):
        """Of cells, and the witness's six of pads and masks."""
        return self.oracles[index][0] + (6 if index == len(self.oracles) - 1 else 0)

    def proof_size(self):
        siblings = log(self.symbols) - log(CAP)
        columns = sum(32 * CAP + POSITIONS * (32 + 8 * self.oracle_rows(i) + 32 * siblings)
                      for i in range(len(self.oracles)))
        return (32 + 16 * (self.messages + 2 * self.products + 1 + self.length + self.pad_length)
                + columns)
