"""Operators with relations of their own: specs/circuit.md, section 5."""
import math

from .builder import bits, cells, constant, minus, product, scaled, total
from .field import require
from .operators import OPERATORS, TABLE_RANGE, Window, entry_of, size, spread
from .statement import TABLE, Section

WRAP = 3 * 2**62
ORDERED = {1: (-127, 127), 2: (-32767, 32767), 3: (-2**31, 2**31 - 1)}


def span(job, i=0):
    """Bits of a difference of two elements of an operand."""
    if job.types[i] in ORDERED:
        lo, hi = ORDERED[job.types[i]]
        return bits(hi - lo)
    bound = job.largest(i)
    require(bits(2 * bound) <= 62, "an int64 too wide")
    return bits(2 * bound)


def repeated(view, times):
    """Each cell so many times in a row."""
    return [cell for cell in view for _ in range(times)]


def numbers(job, values):
    """What differs from row to row: public cells."""
    return cells([job.builder.public_cell(v) for v in values])


def zero(job, count, *parts):
    job.builder.zero(count, 1, total(*parts))


def committed(job, rows, lanes, entries):
    """The number of a table of cells, made on first use."""
    key = ("committed", rows, lanes, repr(entries))
    return job.builder.table(key, lambda number: Section(TABLE, rows, lanes, entries, number))


def fits(n, d, largest, w):
    require(w <= 62 and n + d * (largest + 1) + 2**w <= WRAP, "a ratio that could wrap")


def ratio(job, count, top, below, y, lo, hi, n, d):
    w = bits(d - 1)
    fits(n, d, max(abs(lo), abs(hi)), w)
    build = job.builder
    build.interval(count, 1, cells(y), lo, hi)
    build.range(count, 1, total(top, product(below, cells(y), -1)), w)
    build.range(count, 1, total(below, constant(-1), scaled(top, -1), product(below, cells(y))), w)


def clamped_ratio(job, count, top, below, y, lo, hi, largest, n, d, w, z=None, e=None):
    """lo and hi are expressions; z and e cells or None."""
    fits(n, d, largest, w)
    build = job.builder
    rest, low, high = (cells(build.allocate(count)) for _ in range(3))
    y = cells(y)
    zero(job, count, rest, scaled(top, -1), product(below, y))
    zero(job, count, product(low, minus(y, lo)))
    zero(job, count, product(high, minus(y, hi)))
    left = rest if z is None else minus(rest, cells(z))
    right = total(below, constant(-1), scaled(rest, -1))
    for side, flag in ((left, low), (right, high)):
        waived = flag if e is None else total(flag, cells(e))
        build.range(count, 1, total(side, product(waived, side, -1)), w)


def max_pool(job):
    x, y, window = job.operands[0], job.output(), Window(job)
    image, count, k = window.height * window.width, job.count, window.taps
    taps = [[] for _ in range(k)]
    for channel in range(count // window.pixels):
        for pixel in range(window.pixels):
            row = window.places(pixel)
            first = next(at for at in row if at is not None)
            for t, at in enumerate(row):
                taps[t].append(x[channel * image + (first if at is None else at)])
    if k == 1:
        zero(job, count, cells(y), cells(taps[0], -1))
        return y
    m = [taps[0]] + [job.builder.allocate(count) for _ in range(k - 2)] + [y]
    join = lambda lists: cells([cell for one in lists for cell in one])
    now, before, own = join(m[1:]), join(m[:-1]), join(taps[1:])
    rows = (k - 1) * count
    zero(job, rows, product(minus(now, before), minus(now, own)))
    job.builder.range(rows, 1, total(scaled(now, 2), scaled(before, -1), scaled(own, -1)), span(job))
    return y


def argmax(job):
    shape, axis = job.shapes[0], job.op.axis
    n, inner, count = shape[axis], size(shape[axis + 1:]), job.count
    x = [[job.operands[0][e // inner * n * inner + j * inner + e % inner] for j in range(n)]
         for e in range(count)]
    y, build = job.output(), job.builder
    m, c = build.allocate(count), build.allocate(count * (n - 1))
    one, nothing = build.public_cell(1), build.public_cell(0)
    flags = [[one, *c[e * (n - 1):(e + 1) * (n - 1)], nothing] for e in range(count)]
    column = lambda j: minus(cells([row[j] for row in flags]), cells([row[j + 1] for row in flags]))
    flat = lambda rows: cells([cell for row in rows for cell in row])
    after = flat([row[1:] for row in flags])
    b = minus(flat([row[:-1] for row in flags]), after)
    zero(job, count * n, product(b, b), scaled(b, -1))
    zero(job, count, cells(y), *(cells([row[j] for row in flags], -1) for j in range(1, n)))
    zero(job, count, *(product(column(j), minus(cells(m), cells([row[j] for row in x])))
                       for j in range(n)))
    build.range(count * n, 1, total(cells(repeated(m, n)), scaled(flat(x), -1), scaled(after, -1)),
                span(job))
    return y


def softmax(job):
    x, y, build, number = job.operands[0], job.output(), job.builder, job.op.table_plus_one - 1
    source, n = job.graph.tables[number], job.shape[-1]
    rows, count, reach = job.count // n, job.count, TABLE_RANGE[source.input]
    q = TABLE_RANGE[job.graph.types[job.op.output]]
    highest = max(entry_of(source, -i) for i in range(reach + 1))
    m, e, b = build.allocate(rows), build.allocate(count), build.allocate(count)
    w, s = build.allocate(rows), build.allocate(rows)
    column = lambda view, j: cells(view[j::n])
    difference = minus(cells(repeated(m, n)), cells(x))
    zero(job, count, product(cells(b), difference))
    zero(job, rows, product(cells(w), total(*(column(b, j) for j in range(n)))), constant(-1))
    zero(job, rows, cells(s), *(scaled(column(e, j), -1) for j in range(n)))
    most, end = 2 * reach, reach
    while end > 0 and entry_of(source, 1 - end) == entry_of(source, -reach):
        end -= 1
    if 4 * count * job.batch < most - end:
        u = cells(build.allocate(count))
        difference = minus(difference, u)
        zero(job, count, product(u, total(difference, constant(-end))))
        build.range(count, 1, u, bits(most - end))
        most = end
    table = build.public_table(("exp", number, most), lambda: [
        (d, entry_of(source, -min(d, reach))) for d in range(most + 1)])
    build.look_up(table, count, 1, difference, cells(e))
    each = repeated(s, n)
    ratio(job, count, total(cells(e, 2 * q), cells(each)), cells(each, 2), y, 0, q,
          2 * q * highest + n * highest, 2 * n * highest)
    return y


def normalise(job):
    x, y, build, norm = job.operands[0], job.output(), job.builder, job.op.norm
    n, k, epsilon, factor = job.shape[-1], norm.root_shift, norm.epsilon, norm.factor
    rows, count, largest = job.count // n, job.count, job.largest(0)
    reach = TABLE_RANGE[job.graph.types[job.op.output]]
    bound = max((n * largest)**2 * 4**k + epsilon, 4 * n * largest * factor + 2**31)
    s = build.allocate(rows) if norm.is_centred else None
    r, g = build.allocate(rows), build.allocate(rows)
    column = lambda j: cells(x[j::n])
    if s:
        zero(job, rows, cells(s), *(scaled(column(j), -1) for j in range(n)))
    squares = [product(column(j), column(j), n * 4**k) for j in range(n)]
    squares += [product(cells(s), cells(s), -4**k)] if s else []
    zero(job, rows, *squares, product(cells(r), cells(r), -1), constant(epsilon), cells(g, -1))
    v = bits(math.isqrt((n * largest)**2 * 4**k + epsilon))
    build.range(rows, 1, cells(r), v)
    build.range(rows, 1, cells(g), v + 1)
    build.range(rows, 1, minus(cells(r, 2), cells(g)), v + 1)
    build.interval(count, 1, cells(y), -reach, reach)
    c = math.isqrt(n - 1) + 1
    w = bits(min(bound, c * factor * 2**(32 - k) + 2**31))
    each = repeated(r, n)
    top = total(cells(x, 2 * factor * n), cells(each))
    if s:
        top = total(top, cells(repeated(s, n), -2 * factor))
    clamped_ratio(job, count, top, cells(each, 2), y, constant(-reach), constant(reach), reach,
                  bound, 2**(v + 1), w)
    return y


def divide(job):
    build, count = job.builder, job.count
    x, z = cells(spread(job, 0)), cells(spread(job, 1))
    largest_x, largest_z = job.largest(0), job.largest(1)
    s, t = job.scaling.shifts
    lo, hi = job.scaling.lo, job.scaling.hi
    f = min(s, t)
    k, u = job.scaling.multipliers[0] * 2**(s - f), 2**(t - f)
    y = job.output()
    (g, o, a, b, e), result = (build.allocate(count) for _ in range(5)), cells(y)
    sign, none, size_z, size_x, free = map(cells, (g, o, a, b, e))
    zero(job, count, product(sign, sign), cells(g, -1))
    zero(job, count, product(none, none), cells(o, -1))
    zero(job, count, size_z, scaled(z, -1), product(sign, z, 2))
    zero(job, count, product(none, size_z))
    zero(job, count, product(none, sign))
    zero(job, count, product(free, x))
    zero(job, count, product(free, z))
    zero(job, count, product(free, minus(result, constant(min(hi, max(lo, 0))))))
    build.range(count, 1, total(size_z, none, constant(-1)), bits(largest_z - 1))
    build.interval(count, 1, result, lo, hi)
    largest = max(abs(lo), abs(hi))
    width = lambda n, d: bits(n + d * (1 + max(0, lo, -hi)))
    if job.op.rounding != 2:
        zero(job, count, size_x, scaled(x, -1), product(sign, x, 2))
        twice = 2 if job.op.rounding == 0 else 1
        top, below = cells(b, twice * k), cells(a, twice * u)
        n, d = twice * k * largest_x, twice * u * largest_z
        if twice == 2:
            top, n = total(top, cells(a, u)), n + u * largest_z
        clamped_ratio(job, count, top, below, y, constant(lo), constant(hi), largest, n, d,
                      width(n, d), o, e)
        return y
    h, c, q = (build.allocate(count) for _ in range(3))
    turned, apart = cells(h), cells(c)
    zero(job, count, product(turned, turned), cells(h, -1))
    zero(job, count, size_x, scaled(x, -1), product(turned, x, 2))
    zero(job, count, apart, cells(g, -1), cells(h, -1), product(sign, turned, 2))
    zero(job, count, cells(q), scaled(result, -1), product(apart, result, 2))
    build.range(count, 1, size_x, bits(largest_x))
    n, d = k * largest_x, u * largest_z
    mirrored = lambda end: total(constant(end), cells(c, -(lo + hi)))
    clamped_ratio(job, count, cells(b, k), cells(a, u), q, mirrored(lo), mirrored(hi), largest,
                  n, d, width(n, d), o, e)
    return y


def gather(job):
    x, i = job.operands
    axis, shape, build = job.op.axis, job.shapes[0], job.builder
    outer, n, inner = size(shape[:axis]), shape[axis], size(shape[axis + 1:])
    reach, count, y = job.largest(1), len(i), job.output()
    k, u = build.allocate(count), build.allocate(count)
    below = total(cells(u), cells(i, -1), cells(k))
    zero(job, count, product(cells(u), total(cells(k), constant(1 - n))))
    zero(job, count, product(below, cells(k)))
    build.range(count, 1, cells(u), bits(reach))
    build.range(count, 1, below, bits(reach))
    parts, width = -(-inner // 4), min(4, inner)
    nothing = build.public_cell(0)
    pick = lambda view, start, b: view[start + b] if b < inner else nothing
    blocks = [(a, l) for a in range(outer) for l in range(parts)]
    values = lambda view, per, v: cells([
        pick(view, (a * per + at) * inner, 4 * l + v) for a, l in blocks for at in range(per)])
    entries = [numbers(job, [a * parts + l for a, l in blocks for _ in range(n)]),
               numbers(job, [j for _ in blocks for j in range(n)]),
               *(values(x, n, v) for v in range(width))]
    table = committed(job, len(blocks) * n, 1, entries)
    build.look_up(table, len(blocks) * count, 1,
                  numbers(job, [a * parts + l for a, l in blocks for _ in range(count)]),
                  cells(k * len(blocks)), *(values(y, count, v) for v in range(width)))
    return y


OPERATORS.update(max_pool=max_pool, argmax=argmax, softmax=softmax, normalise=normalise,
                 divide=divide, gather=gather)
