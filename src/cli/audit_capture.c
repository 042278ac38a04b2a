#include "cli/audit_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consensus/capture.h"

static const uint32_t committees[] = {3, 5, 7, 11, 21, 31}, percents[] = {10, 20, 30};

enum { COMMITTEES = sizeof committees / sizeof *committees, SHARES = 3 };

struct table {
    struct vch_capture cells[SHARES][COMMITTEES];
    uint64_t error; // the largest
};

static int compare_operators(const void *a, const void *b)
{
    const struct vch_member *const *left = a, *const *right = b;
    return strcmp((*left)->operator_name, (*right)->operator_name);
}

// What a node may be drawn with, whatever it holds.
static uint64_t weight_of(const struct vch_state *state, const struct vch_member *member)
{
    const struct vch_parameters *parameters = &vch_state_charter(state)->parameters;
    const struct vch_account *account = vch_state_account(state, &member->key);

    if (!member->has_vrf || account == NULL || account->stake < parameters->stake_min ||
        account->trials < parameters->trials)
        return 0;
    return vch_state_weight(state, account);
}

// One weight for each operator; how many.
static vch_status weigh(uint64_t **out, uint32_t *count, const struct vch_state *state,
                        struct vch_arena *arena)
{
    const struct vch_registry *registry = vch_state_registry_at(state, UINT64_MAX);
    uint32_t members = registry != NULL ? registry->member_count : 0;
    const struct vch_member **sorted = VCH_ARENA_NEW(arena, const struct vch_member *, members);
    uint64_t *weights = VCH_ARENA_NEW(arena, uint64_t, members);

    *count = 0;
    *out = weights;
    if (sorted == NULL || weights == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < members; i++)
        sorted[i] = &registry->members[i];
    if (members > 1) qsort(sorted, members, sizeof(const struct vch_member *), compare_operators);
    for (uint32_t i = 0; i < members; i++) {
        if (i == 0 || compare_operators(&sorted[i - 1], &sorted[i]) != 0) ++*count;
        weights[*count - 1] += weight_of(state, sorted[i]);
    }
    return VCH_OK;
}

// UNAVAILABLE when nobody can be drawn.
static vch_status fill(struct table *table, const struct vch_state *state,
                       const struct vch_digest *seed, struct vch_arena *arena)
{
    uint64_t *weights = NULL;
    uint32_t count = 0;

    VCH_TRY(weigh(&weights, &count, state, arena));
    uint64_t *used = VCH_ARENA_NEW(arena, uint64_t, count);
    if (used == NULL) return VCH_FAIL(NO_MEMORY);
    *table = (struct table){.error = 0};
    for (uint32_t i = 0; i < SHARES; i++)
        for (uint32_t j = 0; j < COMMITTEES; j++) {
            struct vch_capture *cell = &table->cells[i][j];
            if (count > 0) memcpy(used, weights, count * sizeof *used);
            if (!vch_is_ok(
                    vch_capture_estimate(cell, used, count, committees[j], percents[i], seed)))
                return VCH_FAIL(UNAVAILABLE);
            if (cell->error > table->error) table->error = cell->error;
        }
    return VCH_OK;
}

static void print_row(const struct table *table, uint32_t share)
{
    char text[VCH_CAPTURE_TEXT_SIZE];

    printf("%5u %%", percents[share]);
    for (uint32_t j = 0; j < COMMITTEES; j++) {
        vch_capture_text(text, table->cells[share][j].probability);
        printf("  %8s", text);
    }
    putchar('\n');
}

vch_status vch_audit_capture_print(const struct vch_state *state, const struct vch_digest *seed,
                                   struct vch_tool *tool)
{
    struct table table;
    char text[VCH_CAPTURE_TEXT_SIZE];
    vch_status status = fill(&table, state, seed, &tool->arena);

    if (status.code == VCH_CODE_UNAVAILABLE) {
        printf("nobody can be drawn yet\n\n");
        return VCH_OK;
    }
    VCH_TRY(status);
    printf("chance of a dishonest majority by a committee's size, if the lightest operators that\n"
           "hold so much of the weight are dishonest (%u operators can be drawn)\n       ",
           table.cells[0][0].operators);
    for (uint32_t j = 0; j < COMMITTEES; j++)
        printf("  %8u", committees[j]);
    putchar('\n');
    for (uint32_t i = 0; i < SHARES; i++)
        print_row(&table, i);
    vch_capture_text(text, table.error);
    if (table.error > 0)
        printf("by %u draws each; standard error at most %s\n", VCH_CAPTURE_TRIALS, text);
    putchar('\n');
    return VCH_OK;
}

vch_status vch_audit_capture_json(json_t **out, const struct vch_state *state,
                                  const struct vch_digest *seed, struct vch_tool *tool)
{
    struct table table;
    vch_status status = fill(&table, state, seed, &tool->arena);

    *out = json_array();
    if (status.code == VCH_CODE_UNAVAILABLE) return VCH_OK;
    VCH_TRY(status);
    for (uint32_t i = 0; i < SHARES; i++)
        for (uint32_t j = 0; j < COMMITTEES; j++) {
            const struct vch_capture *cell = &table.cells[i][j];
            char text[VCH_CAPTURE_TEXT_SIZE], error[VCH_CAPTURE_TEXT_SIZE];
            vch_capture_text(text, cell->probability);
            vch_capture_text(error, cell->error);
            json_array_append_new(*out, json_pack("{s:i, s:i, s:i, s:i, s:s, s:s}", "percent",
                                                  (int)percents[i], "committee", (int)committees[j],
                                                  "operators", (int)cell->operators, "dishonest",
                                                  (int)cell->dishonest, "probability", text,
                                                  "error", error));
        }
    return VCH_OK;
}
