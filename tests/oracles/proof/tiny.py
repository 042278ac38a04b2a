"""The statement of the vectors in specs/proof.md, section 12: as small as proofs get, with
everything in it that a statement can hold."""
from .oracle import given_oracle
from .statement import (LOOKUP, NONE, PUBLIC, TABLE, ZEROS, Expression, Form, Linear, Matrix, Product,
                        Section, Statement)
from .toy_prover import fill_multiplicities

COLUMNS = 512
GIVEN = [3, 1, 2, 5, 7, 9, 11, -4, 30]
W = COLUMNS  # the witness's first cell


def expression(constant=0, *linears):
    return Expression(Form(constant, [Linear(k, cells) for k, cells in linears]))


def sections():
    product = Product([2, -1], Form([1, 0], [Linear(1, [0, 1, 2, 3])]),
                      Form(3, [Linear([1, 2], [4, 5, PUBLIC, 7])]))
    matrix = Matrix([1, 1, 5], 1, 1, 2, 3,
                    [[0, 1, NONE, 3, 4, NONE], [2, NONE, 4, PUBLIC + 1, NONE, 7]],
                    [[W, 1, 2, 8, 4, 5], [7, 6, NONE, 4, 1, NONE]])
    return [
        Section(LOOKUP, 2, 3, [expression(0, (1, [1, 2, 0, 2, 1, 0])), expression([1, 2, 3])], 0),
        Section(LOOKUP, 1, 1, [expression(0, (1, [W]), (2, [PUBLIC]))], 1),
        Section(TABLE, 1, 7, [expression([1, 2, 3, 1, 2, 3, 9]), expression([1, 2, 3, 2, 1, 3, 9])],
                0, [W + 10 + i for i in range(7)]),
        Section(TABLE, 3, 1, [expression(1, (1, [0, 3, 4]))], 1, [W + 20, W + 21, W + 22]),
        Section(ZEROS, 2, 2, [Expression(Form(0, [Linear(-1, [W + 1 + i for i in range(4)])]),
                                         [product])]),
        Section(ZEROS, 3, 3, [Expression(Form(0, [Linear(-1, [W + 30 + i for i in range(9)])]),
                                         [], [matrix])]),
    ]


def make():
    """(statement, cells, the given oracle)."""
    given = given_oracle(GIVEN, COLUMNS, bytes([1]) * 32)
    statement = Statement(bytes([2]) * 32, 9, [(1, given.root), (1, None)], [2, 10], sections())
    cells = GIVEN + [0] * (2 * COLUMNS - len(GIVEN))
    cells[W] = 0
    cells[W + 1:W + 5] = [2 * 4 * 10, -1 * (2 * 9 + 3) * 1, 2 * 3 * 5, -5 * (3 - 8)]
    dot = lambda x, w: sum(a * b for a, b in zip(x, w))
    x = [[3, 1, 0, 5, 7, 0], [2, 0, 7, 10, 0, -4]]
    w = [[0, 1, 2, 30, 7, 9], [-4, 11, 0, 7, 1, 0]]
    cells[W + 30:W + 39] = [0, 0, 0, *(value for r in x
                                       for value in (0, dot(r, w[0]), 5 * dot(r, w[1])))]
    fill_multiplicities(statement, cells)
    return statement, cells, given
