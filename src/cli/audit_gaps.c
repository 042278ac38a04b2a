#include "cli/audit_gaps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/tool.h"

vch_status vch_audit_gaps_init(struct vch_audit_gaps *out, bool lists)
{
    *out = (struct vch_audit_gaps){0};
    if (!lists) return VCH_OK;
    out->draws = json_array();
    out->seats = json_array();
    return out->draws != NULL && out->seats != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

void vch_audit_gaps_release(struct vch_audit_gaps *gaps)
{
    json_decref(gaps->draws);
    json_decref(gaps->seats);
}

static json_t *name_contest(uint64_t position, const struct vch_contest_id *id)
{
    return json_pack("{s:I, s:o, s:i, s:i}", "position", (json_int_t)position, "subject",
                     vch_tool_json_hex(id->subject.bytes, VCH_DIGEST_SIZE), "segment",
                     (int)id->segment, "round", (int)id->round);
}

// How many draws a contest would have, were everybody there: all that are eligible, or those that
// agreement.md's limit lets in on average, rounded down.
static uint32_t expected_draws(const struct vch_state *state, const struct vch_contest *contest)
{
    const uint64_t draw_all = vch_state_charter(state)->parameters.draw_all;
    const uint32_t within = 4 * contest->wanted + 16;

    if (contest->eligible <= draw_all || contest->eligible < within) return contest->eligible;
    return within;
}

static void note_draw(struct vch_audit_gaps *gaps, const struct vch_state *state, uint64_t position,
                      const struct vch_contest *contest)
{
    const uint32_t expected = expected_draws(state, contest);

    if (contest->is_trial) return; // nobody draws
    gaps->contests++;
    if (contest->drawn_count >= expected) return;
    gaps->sparse++;
    gaps->missing += expected - contest->drawn_count;
    if (gaps->draws == NULL) return;
    json_t *row = name_contest(position, &contest->id);
    (void)json_object_set_new(row, "drew", json_integer(contest->drawn_count));
    (void)json_object_set_new(row, "expected", json_integer(expected));
    (void)json_object_set_new(row, "eligible", json_integer(contest->eligible));
    (void)json_array_append_new(gaps->draws, row);
}

static void note_seat(struct vch_audit_gaps *gaps, uint64_t position,
                      const struct vch_contest *contest, const struct vch_seat *seat)
{
    bool has_committed = seat->state == VCH_SEAT_COMMITTED;

    if (!has_committed && seat->state != VCH_SEAT_DRAWN) return;
    gaps->unrevealed += has_committed;
    gaps->uncommitted += !has_committed;
    if (gaps->seats == NULL) return;
    json_t *row = name_contest(position, &contest->id);
    (void)json_object_set_new(row, "node",
                              vch_tool_json_hex(seat->node.bytes, sizeof seat->node.bytes));
    (void)json_object_set_new(row, "committed", json_boolean(has_committed));
    (void)json_array_append_new(gaps->seats, row);
}

void vch_audit_gaps_note(struct vch_audit_gaps *gaps, const struct vch_state *state,
                         uint64_t position, const struct vch_entry *entry)
{
    if (entry->kind != VCH_ENTRY_DRAW && entry->kind != VCH_ENTRY_VERDICT) return;
    const struct vch_contest *contest = vch_state_contest(state, &entry->contest);
    if (contest == NULL) return;
    if (entry->kind == VCH_ENTRY_DRAW) {
        note_draw(gaps, state, position, contest);
        return;
    }
    if (vch_state_is_hopeless(contest)) return; // its seats owe nothing
    for (uint32_t i = 0; i < contest->seat_count; i++)
        note_seat(gaps, position, contest, &contest->seats[i]);
}

static const char *text_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static long long number_of(const json_t *row, const char *name)
{
    return (long long)json_integer_value(json_object_get(row, name));
}

static void print_draw(const json_t *row)
{
    printf("  draw at %lld, job %.16s segment %lld round %lld: %lld drew, of %lld expected (%lld "
           "eligible)\n",
           number_of(row, "position"), text_of(row, "subject"), number_of(row, "segment"),
           number_of(row, "round"), number_of(row, "drew"), number_of(row, "expected"),
           number_of(row, "eligible"));
}

static void print_seat(const json_t *row)
{
    printf("  verdict at %lld, job %.16s segment %lld round %lld: seat %.16s %s\n",
           number_of(row, "position"), text_of(row, "subject"), number_of(row, "segment"),
           number_of(row, "round"), text_of(row, "node"),
           json_is_true(json_object_get(row, "committed")) ? "did not reveal" : "did not commit");
}

static void print_rows(const json_t *rows, void (*print)(const json_t *row))
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        print(json_array_get(rows, i));
}

void vch_audit_gaps_print(const struct vch_audit_gaps *gaps)
{
    printf("draws: fewer drew than could in %" PRIu64 " of %" PRIu64 " contests, %" PRIu64
           " draws are missing\n",
           gaps->sparse, gaps->contests, gaps->missing);
    print_rows(gaps->draws, print_draw);
    printf("seats: %" PRIu64 " did not commit, %" PRIu64 " did not reveal\n", gaps->uncommitted,
           gaps->unrevealed);
    print_rows(gaps->seats, print_seat);
    if (gaps->missing + gaps->uncommitted + gaps->unrevealed > 0)
        printf("       a node that was away leaves such gaps, and so does a clerk that enters "
               "nothing of it:\n       ask the node for what a witness signed (--shown)\n");
}

json_t *vch_audit_gaps_json(const struct vch_audit_gaps *gaps)
{
    json_t *out = json_pack(
        "{s:I, s:I, s:I, s:I, s:I}", "contests", (json_int_t)gaps->contests, "sparse_draws",
        (json_int_t)gaps->sparse, "missing_draws", (json_int_t)gaps->missing, "uncommitted_seats",
        (json_int_t)gaps->uncommitted, "unrevealed_seats", (json_int_t)gaps->unrevealed);

    if (gaps->draws == NULL) return out;
    (void)json_object_set(out, "draws", gaps->draws);
    (void)json_object_set(out, "seats", gaps->seats);
    return out;
}
