// Random statements and their proofs for the second verifier, tests/oracles/statements_test.py:
//
//     statement_cases FOLDER COUNT
//
// writes N.json and N.proof for N < COUNT; VCH_SEED decides. Cells are written out as lists, one
// number for each row and lane, so that a reader needs nothing of how a builder says it.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/proofs.h"
#include "harness/test.h"
#include "proof/cells.h"

static const struct made_shape shapes[] = {
    {9, 1, 0, 0, 1, 4, 1, 1, true, true},  {9, 1, 1, 1, 0, 0, 1, 1, false, false},
    {9, 2, 2, 1, 1, 8, 5, 7, true, false}, {9, 3, 3, 2, 3, 40, 9, 5, true, true},
    {9, 2, 1, 2, 1, 3, 4, 9, false, true}, {10, 4, 2, 2, 2, 16, 12, 11, true, true},
};

static const char *folder;
static unsigned count;
static struct vch_arena arena;
static FILE *out;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    CHECK(vfprintf(out, format, arguments) >= 0);
    va_end(arguments);
}

static void put_scalar(const char *name, const struct vch_scalar *scalar, uint32_t lanes)
{
    put("\"%s\":", name);
    if (scalar->lanes == NULL) {
        put("%" PRIu64, scalar->one);
        return;
    }
    for (uint32_t o = 0; o < lanes; o++)
        put("%c%" PRIu64, o == 0 ? '[' : ',', scalar->lanes[o]);
    put("]");
}

static void put_cells(const char *name, const struct vch_cells *cells, uint32_t rows,
                      uint32_t lanes)
{
    put("\"%s\":[", name);
    for (uint32_t i = 0; i < rows * lanes; i++)
        put("%s%" PRIu32, i == 0 ? "" : ",", vch_cells_number(cells, lanes, i / lanes, i % lanes));
    put("]");
}

static void put_form(const char *name, const struct vch_form *form, uint32_t rows, uint32_t lanes)
{
    put("\"%s\":{", name);
    put_scalar("constant", &form->constant, lanes);
    put(",\"linears\":[");
    for (uint32_t i = 0; i < form->linear_count; i++) {
        put(i == 0 ? "{" : ",{");
        put_scalar("coefficient", &form->linears[i].coefficient, lanes);
        put(",");
        put_cells("cells", &form->linears[i].cells, rows, lanes);
        put("}");
    }
    put("]}");
}

static void put_side(const char *name, const struct vch_side *side, const struct vch_matrix *matrix,
                     uint32_t rows)
{
    put(",\"%s\":[", name);
    for (uint32_t r = 0; r < rows; r++) {
        put(r == 0 ? "[" : ",[");
        for (uint32_t k = 0; k < matrix->outer * matrix->inner; k++) {
            const uint32_t index = vch_cells_index(side, matrix->inner, r, k % matrix->inner);
            put("%s%" PRIu32, k == 0 ? "" : ",", vch_cells_side(side, index, k / matrix->inner));
        }
        put("]");
    }
    put("]");
}

static void put_matrix(const struct vch_matrix *matrix, uint32_t lanes)
{
    put("{");
    put_scalar("coefficient", &matrix->coefficient, lanes);
    put(",\"row_first\":%" PRIu32 ",\"lane_first\":%" PRIu32, matrix->row_first,
        matrix->lane_first);
    put(",\"outer\":%" PRIu32 ",\"inner\":%" PRIu32, matrix->outer, matrix->inner);
    put_side("x", &matrix->x, matrix, matrix->row_count);
    put_side("w", &matrix->w, matrix, matrix->lane_count);
    put("}");
}

static void put_entry(const struct vch_expression *entry, uint32_t rows, uint32_t lanes)
{
    put("{");
    put_form("form", &entry->form, rows, lanes);
    put(",\"products\":[");
    for (uint32_t i = 0; i < entry->product_count; i++) {
        put(i == 0 ? "{" : ",{");
        put_scalar("coefficient", &entry->products[i].coefficient, lanes);
        put(",");
        put_form("a", &entry->products[i].a, rows, lanes);
        put(",");
        put_form("b", &entry->products[i].b, rows, lanes);
        put("}");
    }
    put("],\"matrices\":[");
    for (uint32_t i = 0; i < entry->matrix_count; i++) {
        if (i > 0) put(",");
        put_matrix(&entry->matrices[i], lanes);
    }
    put("]}");
}

static void put_section(const struct vch_section *section)
{
    put("{\"kind\":%d,\"rows\":%" PRIu32 ",\"lanes\":%" PRIu32 ",\"table\":%" PRIu32 ",",
        (int)section->kind, section->rows, section->lanes, section->table);
    if (section->kind == VCH_SECTION_TABLE) {
        put_cells("multiplicities", &section->multiplicities, section->rows, section->lanes);
        put(",");
    }
    put("\"entries\":[");
    for (uint32_t e = 0; e < section->entry_count; e++) {
        if (e > 0) put(",\n  ");
        put_entry(&section->entries[e], section->rows, section->lanes);
    }
    put("]}");
}

static void put_digest(const struct vch_digest *digest)
{
    put("\"");
    for (size_t i = 0; i < sizeof digest->bytes; i++)
        put("%02x", digest->bytes[i]);
    put("\"");
}

static void put_statement(const struct vch_statement *statement)
{
    put("{\"context\":");
    put_digest(&statement->context);
    put(",\"log_columns\":%" PRIu32 ",\"oracles\":[", statement->log_columns);
    for (uint32_t i = 0; i < statement->oracle_count; i++) {
        put("%s[%" PRIu32 ",", i == 0 ? "" : ",", statement->oracles[i].rows);
        put_digest(&statement->oracles[i].root);
        put("]");
    }
    put("],\"public_values\":[");
    for (uint32_t i = 0; i < statement->public_count; i++)
        put("%s%" PRIu64, i == 0 ? "" : ",", statement->public_values[i]);
    put("],\"sections\":[");
    for (uint32_t i = 0; i < statement->section_count; i++) {
        if (i > 0) put(",\n ");
        put_section(&statement->sections[i]);
    }
    put("]}\n");
}

static void open_file(unsigned number, const char *extension)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%u.%s", folder, number, extension);
    out = fopen(path, "wb");
    if (out == NULL) test_fail(__FILE__, __LINE__, "cannot write %s", path);
}

TEST(statement_cases)
{
    for (unsigned i = 0; i < count; i++) {
        const struct made_shape *shape = &shapes[i % (sizeof shapes / sizeof *shapes)];
        struct proving proving;
        vch_arena_init(&arena, (size_t)1 << 28);
        proving_init(&proving, shape, ((uint64_t)test_below(1u << 31) << 32) | i,
                     vch_cpu_level(NULL), &arena);
        CHECK_OK(proving_prove(&proving, NULL, NULL));
        CHECK_OK(proving_verify(&proving, NULL));
        open_file(i, "json");
        put_statement(&proving.made.statement);
        CHECK(fclose(out) == 0);
        open_file(i, "proof");
        CHECK(fwrite(proving.proof, 1, proving.size, out) == proving.size);
        CHECK(fclose(out) == 0);
        vch_arena_release(&arena);
    }
}

// The harness's own argument is the name of a test, so these come in before main.
__attribute__((constructor)) static void take_arguments(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: statement_cases FOLDER COUNT\n");
        exit(2);
    }
    folder = argv[1];
    count = (unsigned)strtoul(argv[2], NULL, 10);
    argv[1] = NULL;
}
