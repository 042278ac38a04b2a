"""The relation that is left of all sections: specs/proof.md, section 7.

Each function hands the summands to a callback as (weight in K, cell), with the cell None for what is
constant. Whoever verifies adds them up at one point; who proves collects them cell by cell.
"""
from .field import P, ONE, ZERO, add, eq_table, log, multiply, negate, scale, subtract
from .statement import LOOKUP, NONE, TABLE, ZEROS, lane


class Weights:
    """What the challenges of sections 6 and 7 make of every place."""

    def __init__(self, statement, alpha, beta, z, factor, y):
        self.statement, self.alpha, self.factor = statement, alpha, factor
        self.betas = [beta]
        while len(self.betas) < 6:
            self.betas.append(multiply(self.betas[-1], beta))
        self.z, self.y = z, y
        self.square = multiply(factor, factor)
        self.tables = {}

    def lanes_rows(self, section):
        """eq_lo for each lane, eq_hi for each row."""
        point = self.y if section.kind == ZEROS else self.z
        key = section.kind == ZEROS, section.log_lanes
        if key not in self.tables: # many sections are as wide
            self.tables[key] = (eq_table(point[:section.log_lanes]),
                                eq_table(point[section.log_lanes:]))
        low, high = self.tables[key]
        first = section.base >> section.log_lanes
        return low[:section.lanes], high[first:first + section.rows]

    def entry(self, section, e):
        """f_e."""
        if section.kind == ZEROS:
            return self.square
        return negate(multiply(self.factor, self.betas[e]))


def walk_form(form, weights, lanes, visit):
    """`weights` has one for each (p, o)."""
    if form.constant != 0:
        for i, weight in enumerate(weights):
            constant = lane(form.constant, i % lanes)
            if constant:
                visit(scale(weight, constant), None)
    for linear in form.linears:
        one = not isinstance(linear.coefficient, list) and linear.coefficient % P
        for i, (weight, cell) in enumerate(zip(weights, linear.cells)):
            if cell != NONE:
                k = one or lane(linear.coefficient, i % lanes)
                visit(weight if k == 1 else scale(weight, k), cell)


def place_weights(lows, highs, factor):
    turned = [multiply(factor, low) for low in lows]
    return [multiply(high, low) for high in highs for low in turned]


def walk_linear(weights, visit):
    """const + lin(cells), but for the products."""
    used = ZERO
    for section in weights.statement.sections:
        lows, highs = weights.lanes_rows(section)
        if section.kind in (LOOKUP, TABLE):
            places = place_weights(lows, highs, ONE)
            total = (sum(w[0] for w in places) % P, sum(w[1] for w in places) % P)
            used = add(used, total)
            tag = subtract(weights.alpha, (section.table, 0))
            visit(multiply(weights.factor, multiply(tag, total)), None)
            if section.kind == LOOKUP:
                visit(total, None)
            else:
                for weight, cell in zip(places, section.multiplicities):
                    visit(negate(weight), cell)
        for e, entry in enumerate(section.entries):
            walk_form(entry.form, place_weights(lows, highs, weights.entry(section, e)),
                      section.lanes, visit)
    visit(multiply(weights.factor, subtract(ONE, used)), None)  # D = 1 of the gaps


def walk_slots(weights, visit_a, visit_b):
    """The callbacks take the slot first."""
    for section in weights.statement.sections:
        slots = iter(section.slots)
        lows, highs = weights.lanes_rows(section)
        for e, entry in enumerate(section.entries):
            factor = weights.entry(section, e)
            for product in entry.products:
                walk_product(product, section, next(slots), place_weights(lows, highs, factor),
                             visit_a, visit_b)
            for matrix in entry.matrices:
                walk_matrix(matrix, next(slots), lows, [multiply(factor, h) for h in highs],
                            visit_a, visit_b)


def walk_product(product, section, base, places, visit_a, visit_b):
    for i, weight in enumerate(places):
        o = i % section.lanes
        for form, factor, visit in (
                (product.a, scale(weight, lane(product.coefficient, o)), visit_a),
                (product.b, ONE, visit_b)):
            constant = lane(form.constant, o)
            if constant:
                visit(base + i, scale(factor, constant), None)
            for linear in form.linears:
                if linear.cells[i] != NONE:
                    visit(base + i, scale(factor, lane(linear.coefficient, o)), linear.cells[i])


def walk_matrix(matrix, base, lows, highs, visit_a, visit_b):
    step = 2**log(matrix.inner)
    slots = [base + k1 * step + k2 for k1 in range(matrix.outer) for k2 in range(matrix.inner)]
    for r, cells in enumerate(matrix.x):
        weight = highs[matrix.row_first + r]
        for slot, cell in zip(slots, cells):
            if cell != NONE:
                visit_a(slot, weight, cell)
    for r, cells in enumerate(matrix.w):
        o = matrix.lane_first + r
        weight = scale(lows[o], lane(matrix.coefficient, o))
        for slot, cell in zip(slots, cells):
            if cell != NONE:
                visit_b(slot, weight, cell)
