"""Operators as sections: specs/circuit.md, section 4. relations.py has those of section 5.

A view is the list of an operand's cells in row-major order.
"""
from .builder import bits, cells, constant, product, scaled, total
from .field import require
from .statement import NONE, Expression, Matrix

LARGEST = {1: 127, 2: 32767, 3: 2**31, 4: 2**63}
RANGES = {1: (-127, 127), 2: (-32767, 32767), 3: (-2**31, 2**31 - 1)}
TABLE_RANGE = {1: 127, 2: 32767}


def size(shape):
    count = 1
    for d in shape:
        count *= d
    return count


def strides(shape):
    steps, step = [], 1
    for d in reversed(shape):
        steps.insert(0, step)
        step *= d
    return steps


def coordinates(shape):
    """All of them, in row-major order."""
    found = [()]
    for d in shape:
        found = [c + (i,) for c in found for i in range(d)]
    return found


def broadcast_shape(*shapes):
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    return tuple(max(column) if min(column) > 0 else 0 for column in zip(*padded))


def broadcast(view, shape, to):
    """The view as one of the larger shape."""
    rank = len(to)
    steps = [0] * (rank - len(shape)) + [0 if d == 1 else s
                                         for d, s in zip(shape, strides(shape))]
    return [view[sum(c * s for c, s in zip(at, steps))] for at in coordinates(to)]


class Job:
    """One sample's operator: what the functions below need to know."""

    def __init__(self, run, op):
        self.run, self.graph, self.builder, self.op = run, run.graph, run.builder, op
        self.kind, self.scaling = op.kind, op.scaling
        self.shape = self.graph.shapes[op.output]
        self.shapes = [self.graph.shapes[v] for v in op.inputs]
        self.types = [self.graph.types[v] for v in op.inputs]
        self.operands = [run.views[v] for v in op.inputs]
        self.count, self.batch = size(self.shape), run.batch

    def largest(self, i):
        return self.run.largest(self.op.inputs[i])

    def parameter(self, i):
        return self.run.parameter(self.op.parameters[i])

    def parameter_shape(self, i):
        return self.graph.parameter_shapes[self.op.parameters[i]]

    def output(self):
        return self.builder.allocate(self.count)

    def scalars(self):
        """Multiplier and shift, one or a list."""
        single = lambda values: values[0] if len(values) == 1 else list(values)
        return single(self.scaling.multipliers), single(self.scaling.shifts)

    def requantise(self, rows, lanes, acc, bound, y, multiplier=None):
        m, s = self.scalars()
        self.builder.requantise(rows, lanes, acc, bound, m if multiplier is None else multiplier, s,
                                y, self.scaling.lo, self.scaling.hi)


def by_lanes(rows, lanes, y):
    """y of an output (lanes, rows), for a section of rows times lanes."""
    return [y[o * rows + p] for p in range(rows) for o in range(lanes)]


def with_bias(job, acc, rows):
    if len(job.op.parameters) < 2:
        return acc
    return total(acc, cells(job.parameter(1) * rows))


def linear(job):
    x, weights = job.operands[0], job.parameter(0)
    lanes, inner = job.parameter_shape(0)
    rows, y = job.count // lanes, job.output()
    matrix = Matrix(1, 0, 0, 1, inner, [x[p * inner:(p + 1) * inner] for p in range(rows)],
                    [weights[o * inner:(o + 1) * inner] for o in range(lanes)])
    bound = 127 * job.largest(0) * inner + job.op.bias_bound
    job.requantise(rows, lanes, with_bias(job, Expression(matrices=[matrix]), rows), bound, y)
    return y


class Window:
    """Taps of a window over an image (C, H, W) or (1, C, H, W)."""

    def __init__(self, job):
        window = job.op.window
        self.height, self.width = job.shapes[0][-2:]
        self.channels = job.shapes[0][-3]
        self.out_height, self.out_width = job.shape[-2:]
        self.pixels = self.out_height * self.out_width
        self.kernel = window.kernel
        self.stride, self.dilation, self.pad = window.stride, window.dilation, window.pad_begin
        self.taps = self.kernel[0] * self.kernel[1]

    def places(self, pixel):
        """For each tap the place in a channel's image, or None."""
        top = pixel // self.out_width * self.stride[0] - self.pad[0]
        left = pixel % self.out_width * self.stride[1] - self.pad[1]
        found = []
        for t in range(self.taps):
            i = top + t // self.kernel[1] * self.dilation[0]
            j = left + t % self.kernel[1] * self.dilation[1]
            inside = 0 <= i < self.height and 0 <= j < self.width
            found.append(i * self.width + j if inside else None)
        return found


def convolution(job):
    x, weights = job.operands[0], job.parameter(0)
    window, groups = Window(job), job.op.window.groups
    lanes, inputs = job.parameter_shape(0)[:2]
    rows, y, image = window.pixels, job.output(), window.height * window.width
    places = [window.places(p) for p in range(rows)]
    matrices = []
    for g in range(groups):
        own = range(g * inputs * image, (g + 1) * inputs * image, image)
        side = [[NONE if at is None else x[channel + at] for channel in own for at in row]
                for row in places]
        step, first = inputs * window.taps, g * (lanes // groups)
        kernels = [weights[o * step:(o + 1) * step]
                   for o in range(first, first + lanes // groups)]
        matrices.append(Matrix(1, 0, first, inputs, window.taps, side, kernels))
    bound = 127 * job.largest(0) * inputs * window.taps + job.op.bias_bound
    acc = with_bias(job, Expression(matrices=matrices), rows)
    job.requantise(rows, lanes, acc, bound, by_lanes(rows, lanes, y))
    return y


def matmul(job):
    (a_shape, b_shape), (a, b) = job.shapes, job.operands
    height, inner, lanes = a_shape[-2], a_shape[-1], b_shape[-1]
    outer = broadcast_shape(a_shape[:-2], b_shape[:-2])
    batch = lambda shape: broadcast(list(range(size(shape[:-2]))), shape[:-2], outer)
    y, matrices = job.output(), []
    for z, (at_a, at_b) in enumerate(zip(batch(a_shape), batch(b_shape))):
        x, w = at_a * height * inner, at_b * inner * lanes
        matrices.append(Matrix(
            1, z * height, 0, 1, inner,
            [a[x + r * inner:x + (r + 1) * inner] for r in range(height)],
            [b[w + o:w + inner * lanes:lanes] for o in range(lanes)]))
    bound = job.largest(0) * job.largest(1) * inner
    job.requantise(size(outer) * height, lanes, Expression(matrices=matrices), bound, y)
    return y


def spread(job, i):
    return broadcast(job.operands[i], job.shapes[i], job.shape)


def add(job):
    y, multipliers = job.output(), job.scaling.multipliers
    acc = total(*(cells(spread(job, i), m) for i, m in enumerate(multipliers)))
    bound = sum(job.largest(i) * abs(m) for i, m in enumerate(multipliers))
    job.requantise(job.count, 1, acc, bound, y, multiplier=1)
    return y


def multiply(job):
    y = job.output()
    acc = product(cells(spread(job, 0)), cells(spread(job, 1)))
    job.requantise(job.count, 1, acc, job.largest(0) * job.largest(1), y)
    return y


def rescale(job):
    y = job.output()
    job.requantise(job.count, 1, cells(job.operands[0]), job.largest(0), y)
    return y


def average_pool(job):
    x, y, window = job.operands[0], job.output(), Window(job)
    outside = lambda: job.builder.public_cell(0)
    places = [window.places(o) for o in range(window.pixels)]
    image = window.height * window.width
    acc = total(*(cells([outside() if row[t] is None else x[c * image + row[t]]
                         for c in range(window.channels) for row in places])
                  for t in range(window.taps)))
    multipliers, shifts = job.scaling.multipliers, job.scaling.shifts
    inside = [sum(at is not None for at in row) for row in places]
    pick = lambda values: [values[n - 1] if len(values) > 1 else values[0] for n in inside]
    bound = job.largest(0) * window.taps
    job.builder.requantise(window.channels, window.pixels, acc, bound, pick(multipliers),
                           pick(shifts), y, job.scaling.lo, job.scaling.hi)
    return y


def entry_of(table, i):
    return table.entries[i + (128 if table.input == 1 else 32768)]


def table(job):
    y, number = job.output(), job.op.table_plus_one - 1
    source = job.graph.tables[number]
    reach = TABLE_RANGE[source.input]
    low, high, x, build = -reach, reach, cells(job.operands[0]), job.builder
    while low < reach and entry_of(source, low + 1) == entry_of(source, -reach):
        low += 1
    while high > low and entry_of(source, high - 1) == entry_of(source, reach):
        high -= 1
    if 8 * job.count * job.batch < 2 * reach - (high - low):
        below, above = (cells(build.allocate(job.count)) for _ in range(2))
        x = total(x, below, scaled(above, -1))
        build.zero(job.count, 1, product(below, total(x, constant(-low))))
        build.zero(job.count, 1, product(above, total(x, constant(-high))))
        build.range(job.count, 1, below, bits(low + reach))
        build.range(job.count, 1, above, bits(reach - high))
    else:
        low, high = -reach, reach
    rows = lambda: [(i, entry_of(source, i)) for i in range(low, high + 1)]
    build.look_up(build.public_table(("table", number, low, high), rows), job.count, 1, x, cells(y))
    return y


# --- what allocates nothing ---

def constant_view(job):
    return job.parameter(0)


def concat(job):
    axis, parts = job.op.axis, []
    for view, shape in zip(job.operands, job.shapes):
        step = size(shape[axis:])
        parts.append([view[i:i + step] for i in range(0, len(view), step)])
    return [cell for chunks in zip(*parts) for chunk in chunks for cell in chunk]


def filled(values, rank, default=0):
    return list(values) + [default] * (rank - len(values))


def transpose(job):
    order = filled(job.op.order, len(job.shape))
    steps = strides(job.shapes[0])
    return [job.operands[0][sum(c * steps[a] for c, a in zip(at, order))]
            for at in coordinates(job.shape)]


def slice_view(job):
    rank = len(job.shape)
    begin, step = filled(job.op.begin, rank), filled(job.op.step, rank, 1)
    steps = strides(job.shapes[0])
    return [job.operands[0][sum((b + c * k) * s for b, c, k, s in zip(begin, at, step, steps))]
            for at in coordinates(job.shape)]


def pad(job):
    begin, inner = filled(job.op.begin, len(job.shape)), job.shapes[0]
    steps, view = strides(inner), []
    for at in coordinates(job.shape):
        place = [c - b for c, b in zip(at, begin)]
        if all(0 <= c < d for c, d in zip(place, inner)):
            view.append(job.operands[0][sum(c * s for c, s in zip(place, steps))])
        else:
            view.append(job.builder.public_cell(job.op.fill))
    return view


OPERATORS = {"constant": constant_view, "linear": linear, "convolution": convolution,
             "matmul": matmul, "add": add, "multiply": multiply, "rescale": rescale,
             "table": table, "average_pool": average_pool, "concat": concat,
             "reshape": lambda job: job.operands[0], "transpose": transpose, "slice": slice_view,
             "pad": pad}
