"""Cells, tables and gadgets: specs/circuit.md, sections 1 to 3."""
from .field import P, Refused, require
from .statement import (LOOKUP, PUBLIC, TABLE, ZEROS, Expression, Form, Linear, Matrix, Product,
                        Section)

LIMIT = 2**62


def bits(value):
    return value.bit_length()


def each(value, lanes):
    """One for each lane."""
    return list(value) if isinstance(value, (list, tuple)) else [value] * lanes


def times(a, b):
    if not isinstance(a, list) and not isinstance(b, list):
        return a * b
    lanes = len(a) if isinstance(a, list) else len(b)
    return [x * y for x, y in zip(each(a, lanes), each(b, lanes))]


def plus(a, b):
    if not isinstance(a, list) and not isinstance(b, list):
        return a + b
    lanes = len(a) if isinstance(a, list) else len(b)
    return [x + y for x, y in zip(each(a, lanes), each(b, lanes))]


def constant(value):
    return Expression(Form(value))


def cells(numbers, coefficient=1):
    return Expression(Form(0, [Linear(coefficient, list(numbers))]))


def product(a, b, coefficient=1):
    return Expression(products=[Product(coefficient, a.form, b.form)])


def total(*expressions):
    """Their sum."""
    form, products, matrices = Form(0), [], []
    for e in expressions:
        form = Form(plus(form.constant, e.form.constant), form.linears + e.form.linears)
        products, matrices = products + e.products, matrices + e.matrices
    return Expression(form, products, matrices)


def scaled(e, k):
    return Expression(
        Form(times(e.form.constant, k),
             [Linear(times(linear.coefficient, k), linear.cells) for linear in e.form.linears]),
        [Product(times(p.coefficient, k), p.a, p.b) for p in e.products],
        [Matrix(times(m.coefficient, k), m.row_first, m.lane_first, m.outer, m.inner, m.x, m.w)
         for m in e.matrices])


def minus(a, b):
    return total(a, scaled(b, -1))


def width_range(width):
    return [(w, v) for w in range(width + 1) for v in range(2**w)]


class Range:
    """A range check that waits for W: expression, widths, and where its look-ups stand."""

    def __init__(self, rows, lanes, expression, widths):
        self.rows, self.lanes, self.expression = rows, lanes, expression
        self.widths = each(widths, lanes)
        require(all(0 <= w <= 62 for w in self.widths), "a range too wide")

    def limbs(self, limb_width):
        return max(1, -(-max(self.widths) // limb_width))


class Builder:
    """`given` are the numbers of cells of the oracles before the witness; `tables` what `chosen` of
    an earlier builder of the same statement says."""

    def __init__(self, log_columns, given, tables=None):
        self.saturations, self.suited = tables or {}, {}
        self.columns = 2**log_columns
        self.oracle_rows = [max(1, -(-count // self.columns)) for count in given]
        self.next = sum(self.oracle_rows) * self.columns
        self.first = self.next
        self.public, self.public_values = {}, []
        self.lookups, self.zeros, self.tables = [], [], {}

    def given_cells(self, oracle, start, count):
        first = sum(self.oracle_rows[:oracle]) * self.columns + start
        return list(range(first, first + count))

    def allocate(self, count):
        self.next += count
        return list(range(self.next - count, self.next))

    def public_cell(self, value):
        value %= P
        if value not in self.public:
            self.public[value] = PUBLIC + len(self.public_values)
            self.public_values.append(value)
        return self.public[value]

    # --- sections ---

    def table(self, key, section):
        """The number of a table: `section` makes it on first use."""
        if key not in self.tables:
            self.tables[key] = (1 + len(self.tables), section)
        return self.tables[key][0]

    def public_table(self, key, rows):
        """`rows` gives the rows' values."""
        def section(table, rows=rows):
            columns = [list(column) for column in zip(*rows())]
            return Section(TABLE, 1, len(columns[0]), [constant(c) for c in columns], table)
        return self.table(key, section)

    def look_up(self, table, rows, lanes, *entries):
        self.lookups.append(Section(LOOKUP, rows, lanes, list(entries), table))

    def clamp(self, lo, hi):
        return self.public_table(("clamp", lo, hi), lambda: [
            *((y, 0) for y in range(lo, hi + 1)), (hi, 1), (lo, -1)])

    def zero(self, rows, lanes, expression):
        self.zeros.append(Section(ZEROS, rows, lanes, [expression]))

    # --- gadgets ---

    def range(self, rows, lanes, expression, widths):
        self.lookups.append(Range(rows, lanes, expression, widths))

    def interval(self, rows, lanes, expression, lo, hi):
        size = hi - lo + 1
        require(size - 1 < LIMIT, "an interval too wide")
        if size <= 512:
            self.look_up(self.clamp(lo, hi), rows, lanes, expression, constant(0))
            return
        width = bits(hi - lo)
        self.range(rows, lanes, total(expression, constant(-lo)), width)
        if size != 2**width:
            self.range(rows, lanes, minus(constant(hi), expression), width)

    def quotient(self, rows, lanes, a, bound, shift, y, lo, hi, q):
        """y = clamp(floor(a / 2^shift), lo, hi); |a| <= bound and |floor| <= q in each lane."""
        bound, shift, q = each(bound, lanes), each(shift, lanes), each(q, lanes)
        require(max(bound) <= LIMIT and max(shift) <= 62, "a quotient too large")
        lo = min(hi, max(lo, -max(q)))
        hi = max(lo, min(hi, max(q)))
        excess = [max(0, k - hi, k + lo) for k in q]
        widths, count = [bits(e) for e in excess], rows * lanes
        y = cells(y)
        power = [2**s for s in shift]
        rest = minus(a, scaled(y, power))
        if max(excess) == 0:
            width = bits(hi - lo)
            largest = max(abs(lo), abs(lo + 2**width - 1))
            if not self.narrow(rows, lanes, y, lo, hi, q, power, widths, largest):
                self.range(rows, lanes, total(y, constant(-lo)), width)
            self.range(rows, lanes, rest, shift)
            return
        saturation = self.saturation(rows * lanes, lo, hi, max(q), max(shift))
        if saturation > 0:
            quotients = cells(self.allocate(count))
            self.look_up(self.saturated(lo, hi, saturation), rows, lanes, quotients, y)
            self.range(rows, lanes, minus(a, scaled(quotients, power)), shift)
            return
        largest = max(abs(lo), abs(hi))
        if hi - lo + 1 <= 512:
            signs, excesses = self.allocate(count), self.allocate(count)
            self.look_up(self.clamp(lo, hi), rows, lanes, y, cells(signs))
            self.narrow(rows, lanes, y, lo, hi, q, power, widths, largest)
            self.range(rows, lanes, cells(excesses), widths)
            turned = product(cells(signs), cells(excesses), [-p for p in power])
            self.range(rows, lanes, total(rest, turned), shift)
            return
        above, below = self.allocate(count), self.allocate(count)
        excesses = self.allocate(count)
        self.range(rows, lanes, cells(above), 1)
        self.range(rows, lanes, cells(below), 1)
        for flags, end in ((above, hi), (below, lo)):
            self.zero(rows, lanes, total(product(cells(flags), y), cells(flags, -end)))
        self.interval(rows, lanes, y, lo, hi)
        self.narrow(rows, lanes, y, lo, hi, q, power, widths, largest)
        self.range(rows, lanes, cells(excesses), widths)
        up = product(cells(above), cells(excesses), [-p for p in power])
        down = product(cells(below), cells(excesses), power)
        self.range(rows, lanes, total(rest, up, down), shift)

    def saturated(self, lo, hi, j):
        return self.public_table(("saturation", lo, hi), lambda: [
            (q, min(hi, max(lo, q))) for q in range(1 - 2**j, 2**j)])

    def saturation(self, count, lo, hi, q, shift):
        """J of the table for this quotient, or 0."""
        j = bits(q)
        if shift > 46 or j > 17 or len(self.suited) == 64 and (lo, hi) not in self.suited:
            return 0
        saved = self.suited.setdefault((lo, hi), [0] * 18)
        saved[j] += (2 if hi - lo + 1 <= 512 else 6) * count
        chosen = self.saturations.get((lo, hi), 0)
        return chosen if j <= chosen else 0

    def chosen(self):
        """J by (lo', hi')."""
        out = {}
        for pair, saved in self.suited.items():
            rest = [sum(saved[:j + 1]) - 2 * (2**(j + 1) - 1) for j in range(18)]
            out[pair] = rest.index(max(rest)) if max(rest) > 0 else 0
        return out

    def narrow(self, rows, lanes, y, lo, hi, q, power, widths, largest):
        """Was it needed?"""
        fits = lambda bounds: all(p * (b + 2**w) <= 2**63
                                  for p, b, w in zip(power, bounds, widths))
        if fits([largest] * lanes):
            return False
        lows = [min(hi, max(lo, -k)) for k in q]
        highs = [max(low, min(hi, k)) for low, k in zip(lows, q)]
        each_width = [bits(high - low) for low, high in zip(lows, highs)]
        self.range(rows, lanes, total(y, constant([-low for low in lows])), each_width)
        require(fits([max(abs(low), abs(low + 2**v - 1)) for low, v in zip(lows, each_width)]),
                "a quotient that could wrap")
        return True

    def requantise(self, rows, lanes, acc, bound, multiplier, shift, y, lo, hi):
        multiplier, shift = each(multiplier, lanes), each(shift, lanes)
        half = [2**(s - 1) for s in shift]
        bounds = [bound * abs(m) + h for m, h in zip(multiplier, half)]
        self.quotient(rows, lanes, total(scaled(acc, multiplier), constant(half)), bounds, shift,
                      y, lo, hi, [b >> s for b, s in zip(bounds, shift)])

    # --- the end ---

    def limb_width(self):
        ranges = [r for r in self.lookups if isinstance(r, Range)]
        cost = lambda w: (sum(r.rows * r.lanes * (2 * r.limbs(w) - 1) for r in ranges) + 4 * 2**w)
        return min(range(4, 17), key=lambda w: (cost(w), w))

    def expand(self, check, width):
        """A range check's look-ups; allocates its limbs."""
        rows, lanes = check.rows, check.lanes
        widths = [[min(width, max(0, w - i * width)) for w in check.widths]
                  for i in range(check.limbs(width))]
        limbs = [self.allocate(rows * lanes) for _ in widths[1:]]
        lowest = total(check.expression, *(cells(limb, -(2**((i + 1) * width)))
                                           for i, limb in enumerate(limbs)))
        return [Section(LOOKUP, rows, lanes, [constant(w), e], 0)
                for w, e in zip(widths, [lowest, *map(cells, limbs)])]

    def sections(self):
        """All of them, in order; after this nothing can be added."""
        width, lookups = self.limb_width(), []
        for item in self.lookups:
            lookups += self.expand(item, width) if isinstance(item, Range) else [item]
        tables = []
        if lookups:
            columns = [list(column) for column in zip(*width_range(width))]
            tables = [Section(TABLE, 1, len(columns[0]), [constant(c) for c in columns], 0)]
            tables += [make(number) for number, make in self.tables.values()]
            tables.sort(key=lambda section: (bits(section.lanes - 1), section.table))
        for section in tables:
            section.multiplicities = self.allocate(section.rows * section.lanes)
        return lookups + tables + self.zeros

    def witness_rows(self):
        return max(1, -(-(self.next - self.first) // self.columns))


def refuse(why):
    raise Refused(why)
