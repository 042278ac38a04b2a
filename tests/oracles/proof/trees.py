"""TREES: specs/circuit.md, section 5."""
from .builder import cells, constant, minus, product, scaled, total
from .operators import OPERATORS, size
from .relations import committed, numbers, zero

NAN = 2**31 - 1


class Forest:
    def __init__(self, job):
        self.job, self.build = job, job.builder
        self.rows, self.features = size(job.shapes[0][:-1]), job.shapes[0][-1]
        self.trees, self.targets = job.parameter_shape(1)[0], job.shape[-1]
        self.walks = self.rows * self.trees
        self.nodes, self.roots, self.leaves, self.base = (job.parameter(i) for i in range(4))
        self.row_of_walk = [r for r in range(self.rows) for _ in range(self.trees)]

    def cells(self):
        """Of one number for each walk."""
        return self.build.allocate(self.walks)

    def feature_table(self):
        job, build, x, count = self.job, self.build, self.job.operands[0], self.rows * self.features
        m, v = build.allocate(count), build.allocate(count)
        beyond = total(cells(x), constant(-NAN))
        zero(job, count, product(cells(m), beyond))
        zero(job, count, product(beyond, cells(v)), cells(m), constant(-1))
        nothing, number = build.public_cell(0), build.public_cell
        rows = [(r, f) for r in range(self.rows) for f in range(-1, self.features)]
        pick = lambda view, r, f: nothing if f < 0 else view[r * self.features + f]
        twice = lambda view: cells([pick(view, r, f) for r, f in rows for _ in range(2)])
        value = total(twice(x), scaled(twice(m), [0, -(2**32 - 1)]))
        return committed(job, len(rows), 2, [
            cells([number(r) for r, _ in rows for _ in range(2)]),
            cells([number(2 * f + s) for _, f in rows for s in range(2)]), value,
            cells([number(int(f < 0)) for _, f in rows for _ in range(2)])])

    def node_table(self):
        column = lambda i: cells(self.nodes[i::5])
        count = len(self.nodes) // 5
        return committed(self.job, count, 1, [
            numbers(self.job, range(count)), total(scaled(column(0), 2), column(4)), column(1),
            column(2), column(3)])

    def step(self, p, nodes, features):
        job, count = self.job, self.walks
        c, t, l, r, x, s, a, after = (self.cells() for _ in range(8))
        self.build.look_up(nodes, count, 1, *map(cells, (p, c, t, l, r)))
        self.build.look_up(features, count, 1, numbers(job, self.row_of_walk),
                           *map(cells, (c, x, s)))
        zero(job, count, product(cells(a), total(cells(a), cells(s), constant(-1))))
        zero(job, count, cells(after), cells(r, -1),
             product(cells(a), minus(cells(l), cells(r)), -1),
             product(cells(s), minus(cells(p), cells(r)), -1))
        right = total(cells(x), cells(t, -1), constant(-1))
        turned = product(cells(a), total(cells(t, 2), cells(x, -2), constant(1)))
        self.build.range(count, 1, total(right, turned, product(cells(s), right, -1)), 32)
        return after

    def walk(self):
        """The leaf of each walk."""
        features, nodes = self.feature_table(), self.node_table()
        p = self.roots * self.rows
        for _ in range(self.job.op.depth_max):
            p = self.step(p, nodes, features)
        c, t, l, r = (self.cells() for _ in range(4))
        self.build.look_up(nodes, self.walks, 1, *map(cells, (p, c, t, l, r)))
        zero(self.job, self.walks, product(total(cells(c), constant(1)),
                                           total(cells(c), constant(2))))
        return l

    def leaf_values(self, leaf):
        n = self.targets
        q, count = self.build.allocate(self.walks * n), len(self.leaves) // n
        for first in range(0, n, 5):
            own = range(first, min(n, first + 5))
            table = committed(self.job, count, 1, [
                numbers(self.job, range(count)), *(cells(self.leaves[v::n]) for v in own)])
            self.build.look_up(table, self.walks, 1, cells(leaf), *(cells(q[v::n]) for v in own))
        return q

    def sums(self, q, y):
        bound, trees, n = self.job.op.bias_bound, self.trees, self.targets
        group = trees if bound == 0 else min(trees, 2**63 // bound - 2)
        steps, count = -(-trees // group), self.rows * n
        sums = [self.base * self.rows]
        sums += [self.build.allocate(count) for _ in range(steps - 1)] + [y]
        for j in range(steps):
            own = range(j * group, min(trees, (j + 1) * group))
            parts = [cells([q[(r * trees + i) * n + v] for r in range(self.rows)
                            for v in range(n)], -1) for i in own]
            now = cells(sums[j + 1])
            self.build.zero(self.rows, n, total(now, cells(sums[j], -1), *parts))
            self.build.interval(self.rows, n, now, -bound, bound)


def trees(job):
    y, forest = job.output(), Forest(job)
    forest.sums(forest.leaf_values(forest.walk()), y)
    return y


OPERATORS.update(trees=trees)
