#include "cli/audit_shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "member/published.h"

enum { UNDER_WAY = 2 }; // trees

static uint32_t count_of(const struct vch_tool *tool, const char *option)
{
    uint32_t count = 0;

    while (vch_options_nth(tool->options, option, count) != NULL)
        count++;
    return count;
}

static vch_status open_one(struct vch_audit_shown_one *out, const char *name, const uint8_t *bytes,
                           size_t size, const struct vch_charter *charter, struct vch_tool *tool)
{
    struct vch_complaint why = {""};
    vch_status status =
        vch_hearing_open(&out->hearing, (const char *)bytes, size, charter, &tool->arena, &why);

    out->name = name;
    if (vch_is_ok(status)) return status;
    return vch_complain(&tool->complaint, status.code, "%.200s: %s", name,
                        why.text[0] != '\0' ? why.text : vch_code_text(status.code));
}

static vch_status open_file(struct vch_audit_shown_one *out, const char *path,
                            const struct vch_charter *charter, struct vch_tool *tool)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_TESTIMONY_SIZE_MAX));
    return open_one(out, path, bytes, size, charter, tool);
}

static vch_status ask_witness(struct vch_audit_shown_one *out, const char *url,
                              const struct vch_charter *charter, struct vch_tool *tool)
{
    struct vch_digest origin = vch_hash_bytes(charter->origin, strlen(charter->origin));
    char path[sizeof "vouch/v1/log/" + (size_t)2 * VCH_DIGEST_SIZE] = "vouch/v1/log/";
    struct vch_published *published = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_hex_encode(path + strlen(path), origin.bytes, VCH_DIGEST_SIZE);
    VCH_TRY(vch_published_open(&published, url, &tool->complaint));
    vch_status status = vch_published_get(published, path, VCH_TESTIMONY_SIZE_MAX, &bytes, &size,
                                          &tool->arena, &tool->complaint);
    vch_published_close(published);
    VCH_TRY(status);
    VCH_TRY(open_one(out, url, bytes, size, charter, tool));
    if (out->hearing.said.kind == VCH_TESTIMONY_LOG) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                        "%.200s: asked for a log's state, it says something else", url);
}

vch_status vch_audit_shown_open(struct vch_audit_shown *out, struct vch_tool *tool,
                                const struct vch_charter *charter)
{
    const uint32_t files = count_of(tool, "shown"), witnesses = count_of(tool, "witness");

    out->count = 0;
    out->all = VCH_ARENA_NEW(&tool->arena, struct vch_audit_shown_one, files + witnesses);
    if (out->all == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < files; i++)
        VCH_TRY(open_file(&out->all[out->count++], vch_options_nth(tool->options, "shown", i),
                          charter, tool));
    for (uint32_t i = 0; i < witnesses; i++)
        VCH_TRY(ask_witness(&out->all[out->count++], vch_options_nth(tool->options, "witness", i),
                            charter, tool));
    return VCH_OK;
}

void vch_audit_shown_before(struct vch_audit_shown *shown, struct vch_state *state,
                            const struct vch_entry *entry)
{
    for (uint32_t i = 0; i < shown->count; i++)
        vch_hearing_before(&shown->all[i].hearing, state, entry);
}

void vch_audit_shown_after(struct vch_audit_shown *shown, uint64_t position,
                           const struct vch_entry *entry)
{
    for (uint32_t i = 0; i < shown->count; i++)
        vch_hearing_after(&shown->all[i].hearing, position, entry);
}

void vch_audit_shown_end(struct vch_audit_shown *shown, struct vch_state *state)
{
    for (uint32_t i = 0; i < shown->count; i++)
        vch_hearing_end(&shown->all[i].hearing, state);
}

static const char *kind_of(const struct vch_hearing *hearing)
{
    if (hearing->said.kind == VCH_TESTIMONY_LOG) return "log";
    return hearing->said.kind == VCH_TESTIMONY_PROMISE ? "promise" : "refusal";
}

static const char *draft_of(const struct vch_hearing *hearing)
{
    return hearing->is_draft ? vch_entry_kind_text(hearing->entry.kind) : "no draft";
}

// How many trees more than became anchors. That of the last tree lies behind what is published,
// and one more may be on its way.
static uint64_t surplus_of(const struct vch_hearing *hearing)
{
    const uint64_t count = hearing->said.count;

    return count > hearing->anchors + UNDER_WAY ? count - hearing->anchors - UNDER_WAY : 0;
}

static void print_log(const struct vch_hearing *hearing)
{
    const struct vch_testimony *said = &hearing->said;

    printf("it cosigned %" PRIu64 " trees up to %" PRIu64 " entries, of which the log has %" PRIu64
           " anchors, %" PRIu64 " of them with its line\n",
           said->count, said->size, hearing->anchors, hearing->own_anchors);
    if (hearing->finding == VCH_HEARING_FORKED)
        printf("  FALSE: its last tree is not this log's: there are two histories\n");
    else if (hearing->finding == VCH_HEARING_OPEN)
        printf("  it has seen more than is published here\n");
    if (surplus_of(hearing) > 0)
        printf("  %" PRIu64 " trees more than became anchors: a ledger leaves some behind when it "
               "ends, or when too\n  few witnesses answer in time; a clerk that leaves many could "
               "have chosen among as many draws\n",
               surplus_of(hearing));
}

static const char *const FINDINGS[] = {
    [VCH_HEARING_OPEN] = "open: the log has no answer to it, as far as it is published",
    [VCH_HEARING_KEPT] = "kept: the log has it",
    [VCH_HEARING_RIGHT] = "right: the log's state refuses it",
    [VCH_HEARING_CONVICTED] =
        "CONVICTED: the clerk signed that its state refuses it, and its state takes it",
    [VCH_HEARING_FORKED] = "CONVICTED: the clerk signed another tree than the log's",
};
static const char *const FINDING_NAMES[] = {
    [VCH_HEARING_OPEN] = "open",     [VCH_HEARING_KEPT] = "kept",
    [VCH_HEARING_RIGHT] = "right",   [VCH_HEARING_CONVICTED] = "convicted",
    [VCH_HEARING_FORKED] = "forked",
};

static void print_one(const struct vch_audit_shown_one *one)
{
    const struct vch_hearing *hearing = &one->hearing;

    printf("%s: %s of %s: ", one->name, kind_of(hearing), hearing->said.witness);
    if (hearing->said.kind == VCH_TESTIMONY_LOG) {
        print_log(hearing);
        return;
    }
    printf("a %s, handed over at %" PRIu64 "\n  %s\n", draft_of(hearing), hearing->said.handed_ms,
           FINDINGS[hearing->finding]);
    if (hearing->finding == VCH_HEARING_RIGHT) printf("  which says: %s\n", hearing->why.text);
    if (hearing->finding == VCH_HEARING_KEPT)
        printf("  at position %" PRIu64 "\n", hearing->position);
    else if (hearing->late_entries > 0)
        printf("  late, by this witness's word and clock: the log could have taken it for %" PRIu64
               " ms more,\n  and wrote %" PRIu64 " entries meanwhile\n",
               hearing->late_ms, hearing->late_entries);
}

void vch_audit_shown_print(const struct vch_audit_shown *shown)
{
    for (uint32_t i = 0; i < shown->count; i++)
        print_one(&shown->all[i]);
    if (shown->count > 0) putchar('\n');
}

static json_t *one_json(const struct vch_audit_shown_one *one)
{
    const struct vch_hearing *hearing = &one->hearing;
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:s}", "from", one->name, "kind", kind_of(hearing), "witness",
                  hearing->said.witness, "finding", FINDING_NAMES[hearing->finding]);

    if (hearing->said.kind == VCH_TESTIMONY_LOG) {
        (void)json_object_set_new(out, "count", json_integer((json_int_t)hearing->said.count));
        (void)json_object_set_new(out, "size", json_integer((json_int_t)hearing->said.size));
        (void)json_object_set_new(out, "anchors", json_integer((json_int_t)hearing->anchors));
        (void)json_object_set_new(out, "own", json_integer((json_int_t)hearing->own_anchors));
        (void)json_object_set_new(out, "surplus", json_integer((json_int_t)surplus_of(hearing)));
        return out;
    }
    (void)json_object_set_new(out, "draft", json_string(draft_of(hearing)));
    (void)json_object_set_new(out, "late_ms", json_integer((json_int_t)hearing->late_ms));
    (void)json_object_set_new(out, "late_entries", json_integer((json_int_t)hearing->late_entries));
    if (hearing->finding == VCH_HEARING_KEPT)
        (void)json_object_set_new(out, "position", json_integer((json_int_t)hearing->position));
    if (hearing->finding == VCH_HEARING_RIGHT)
        (void)json_object_set_new(out, "why", json_string(hearing->why.text));
    return out;
}

json_t *vch_audit_shown_json(const struct vch_audit_shown *shown)
{
    json_t *out = json_array();

    for (uint32_t i = 0; i < shown->count; i++)
        (void)json_array_append_new(out, one_json(&shown->all[i]));
    return out;
}

vch_status vch_audit_shown_judge(const struct vch_audit_shown *shown, struct vch_tool *tool)
{
    for (uint32_t i = 0; i < shown->count; i++) {
        const enum vch_hearing_finding finding = shown->all[i].hearing.finding;
        if (finding == VCH_HEARING_CONVICTED || finding == VCH_HEARING_FORKED)
            return vch_complain(&tool->complaint, VCH_CODE_BAD_PROOF,
                                "%.200s speaks against the clerk's log", shown->all[i].name);
    }
    return VCH_OK;
}
