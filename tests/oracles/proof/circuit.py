"""Statements about models: specs/circuit.md, sections 1, 6 and 7."""
from . import relations, trees  # they add their operators
from .builder import Builder, cells, minus
from .field import require
from .operators import LARGEST, OPERATORS, RANGES, Job, size
from .package import digest_of
from .statement import Statement


def parameter_cells(graph, held):
    return sum(size(graph.parameter_shapes[i]) for i in held)


def context(kind, graph, held, annex=bytes(32), first=0, last=0, batch=0, job=bytes(32)):
    return digest_of("vouch/circuit/v1", ("kind", kind), ("identity", graph.identity),
                     ("annex", annex), ("first", first), ("last", last), ("batch", batch),
                     ("job", job), ("held", len(held)), *(("parameter", i) for i in held))


def crossing(graph, position):
    """The values that are written before an operator and needed at or after it."""
    written = list(graph.inputs) + [op.output for op in graph.operators[:position]]
    needed = {v for op in graph.operators[position:] for v in op.inputs} | set(graph.outputs)
    return [v for v in dict.fromkeys(written) if v in needed]


def ends(graph, first, last):
    """Values that enter and leave operators first .. last - 1."""
    require(0 <= first < last <= len(graph.operators), "a range of operators that is none")
    enter = list(graph.inputs) if first == 0 else crossing(graph, first)
    leave = list(graph.outputs) if last == len(graph.operators) else crossing(graph, last)
    require(first == 0 or len(enter) == 1, "no legal cut at the start")
    require(last == len(graph.operators) or len(leave) == 1, "no legal cut at the end")
    return enter, leave


class Run:
    """The circuits of a range of operators; `views` are those of one sample."""

    def __init__(self, graph, log_columns, held, first, last, batch, tables=None):
        self.graph, self.held, self.batch = graph, held, batch
        enter, leave = ends(graph, first, last)
        self.bounds = {op.output: op.bias_bound for op in graph.operators if op.kind == "trees"}
        each = lambda values: sum(size(graph.shapes[v]) for v in values)
        parameters = parameter_cells(graph, held)
        self.builder = Builder(log_columns, [parameters, batch * each(enter), batch * each(leave)],
                               tables)
        self.places = self._parameters(held)
        start_in = start_out = 0
        for _ in range(batch):
            self.views = {}
            for value in enter:
                self._enter(value, start_in)
                start_in += size(graph.shapes[value])
            for op in graph.operators[first:last]:
                require(op.kind in OPERATORS, f"no circuit for {op.kind}")
                self.views[op.output] = OPERATORS[op.kind](Job(self, op))
            for value in leave:
                count = size(graph.shapes[value])
                given = self.builder.given_cells(2, start_out, count)
                self.builder.zero(count, 1, minus(cells(self.views[value]), cells(given)))
                start_out += count

    def _parameters(self, held):
        places, at = {}, 0
        for i in held:
            count = size(self.graph.parameter_shapes[i])
            places[i] = self.builder.given_cells(0, at, count)
            at += count
        return places

    def parameter(self, index):
        require(index in self.places, "a parameter that the annex does not hold")
        return self.places[index]

    def largest(self, value):
        return self.bounds.get(value, LARGEST[self.graph.types[value]])

    def _enter(self, value, start):
        count = size(self.graph.shapes[value])
        self.views[value] = self.builder.given_cells(1, start, count)
        self.builder.interval(count, 1, cells(self.views[value]), *self._range(value))

    def _range(self, value):
        kind = self.graph.types[value]
        if kind == 4:
            require(value in self.bounds, "an int64 without bound")
            return -self.bounds[value], self.bounds[value]
        return RANGES[kind]


def finish(builder, log_columns, roots, digest):
    sections = builder.sections()
    oracles = list(zip(builder.oracle_rows, roots)) + [(builder.witness_rows(), None)]
    return Statement(digest, log_columns, oracles, builder.public_values, sections)


def run_statement(graph, log_columns, held, roots, annex, job, first, last, batch):
    """roots: of annex, input and output."""
    asked = Run(graph, log_columns, held, first, last, batch)
    run = Run(graph, log_columns, held, first, last, batch, asked.builder.chosen())
    return finish(run.builder, log_columns, roots,
                  context(1, graph, held, annex, first, last, batch, job))


def ranges_statement(graph, log_columns, held, root):
    builder, at = Builder(log_columns, [parameter_cells(graph, held)]), 0
    for i in held:
        count, kind = size(graph.parameter_shapes[i]), graph.parameter_types[i]
        if kind == 4:
            bounds = [op.bias_bound for op in graph.operators
                      if i in op.parameters and op.kind != "constant"]
            require(bounds, "an int64 that has no bound")
            lo, hi = -min(bounds), min(bounds)
        else:
            lo, hi = RANGES[kind]
        builder.interval(count, 1, cells(builder.given_cells(0, at, count)), lo, hi)
        if any(op.kind == "trees" and op.parameters[0] == i for op in graph.operators):
            nan_left = builder.given_cells(0, at, count)[4::5]
            builder.range(len(nan_left), 1, cells(nan_left), 1)
        at += count
    return finish(builder, log_columns, [root], context(2, graph, held))


def link_statement(graph, log_columns, held, old, new):
    count = parameter_cells(graph, held)
    builder = Builder(log_columns, [count, count])
    builder.zero(count, 1, minus(cells(builder.given_cells(0, 0, count)),
                                 cells(builder.given_cells(1, 0, count))))
    return finish(builder, log_columns, [old, new], context(3, graph, held))
