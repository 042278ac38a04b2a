#include "ledger/promises.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "ledger/keeper.h"
#include "tlog/inclusion.h"
#include "tlog/lines.h"
#include "tlog/refusal.h"

enum { ARENA_SIZE = 1 << 20 };

static vch_status decode_one(struct vch_promises_one *out, const char *line, size_t size)
{
    const char *space = memchr(line, ' ', size);
    size_t head = space != NULL ? (size_t)(space - line) : size;
    uint64_t time = 0;

    if (space == NULL) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_lines_decode_number(&time, line, head, INT64_MAX));
    VCH_TRY(
        vch_base64_decode(out->draft, &out->size, sizeof out->draft, space + 1, size - head - 1));
    out->digest = vch_hash_bytes(out->draft, out->size);
    out->fate = VCH_PROMISES_OPEN;
    return VCH_OK;
}

vch_status vch_promises_decode(struct vch_promises *out, const char *text, size_t size)
{
    struct vch_lines lines = {text, size, 0};
    const char *line = NULL;
    size_t line_size = 0;

    for (out->count = 0; !vch_lines_is_at_end(&lines); out->count++) {
        if (out->count == VCH_PROMISES_MAX) return VCH_FAIL(LIMIT);
        VCH_TRY(vch_lines_read(&lines, &line, &line_size));
        VCH_TRY(decode_one(&out->all[out->count], line, line_size));
    }
    return VCH_OK;
}

// Of the kinds that members write before something is over.
static bool is_promised(enum vch_entry_kind kind)
{
    static const bool promised[] = {
        [VCH_ENTRY_INPUT] = true,        [VCH_ENTRY_SORTITION] = true,
        [VCH_ENTRY_COMMIT] = true,       [VCH_ENTRY_REVEAL] = true,
        [VCH_ENTRY_TRIAL_RESULT] = true, [VCH_ENTRY_EVIDENCE] = true,
        [VCH_ENTRY_DISPUTE_OPEN] = true, [VCH_ENTRY_DISPUTE_MOVE] = true,
    };

    return (size_t)kind < sizeof promised && promised[kind];
}

static size_t set_of(const struct vch_digest *digest)
{
    return vch_get_u32le(digest->bytes) % VCH_PROMISES_SETS;
}

// An entry is the byte 0x08, a varint of its time, and its draft.
static struct vch_digest digest_of_draft(const uint8_t *bytes, size_t size)
{
    size_t head = 1;

    while (head < size && (bytes[head] & 0x80) != 0)
        head++;
    return vch_hash_bytes(bytes + head + 1, size - head - 1);
}

void vch_promises_note(struct vch_promises_places *places, uint64_t position,
                       const struct vch_entry *entry, const uint8_t *bytes, size_t size)
{
    if (!is_promised(entry->kind)) return;
    struct vch_digest digest = digest_of_draft(bytes, size);
    size_t set = set_of(&digest), oldest = 0;
    for (size_t way = 1; way < VCH_PROMISES_WAYS; way++)
        if (places->places[set][way].end < places->places[set][oldest].end) oldest = way;
    places->places[set][oldest].digest = digest;
    places->places[set][oldest].end = position + 1;
}

static bool find_place(uint64_t *position, const struct vch_promises_places *places,
                       const struct vch_digest *digest)
{
    size_t set = set_of(digest);

    for (size_t way = 0; way < VCH_PROMISES_WAYS; way++) {
        uint64_t end = places->places[set][way].end;
        if (end == 0 || !vch_hash_is_equal(&places->places[set][way].digest, digest)) continue;
        *position = end - 1;
        return true;
    }
    return false;
}

// What the state says to the draft, as it would if the member had sent it to us.
static vch_status hear(const struct vch_promises_judge *judge, const uint8_t *draft, size_t size)
{
    struct vch_entry entry;
    struct vch_arena arena;

    vch_arena_init(&arena, ARENA_SIZE);
    vch_status status = vch_entry_decode(&entry, draft, size, &arena, NULL);
    if (vch_is_ok(status) && entry.time_ms != 0) status = VCH_FAIL(MALFORMED);
    if (vch_is_ok(status) && judge->drops != NULL && judge->drops(judge->drops_context, &entry))
        status = VCH_FAIL(REFUSED);
    if (vch_is_ok(status)) {
        entry.time_ms = judge->now_ms;
        status = vch_state_judge(judge->state, &entry, NULL);
    }
    vch_arena_release(&arena);
    return status;
}

// Whether it is the draft's fault, and not that we could not tell.
static bool is_refusal(vch_status status)
{
    return !vch_is_ok(status) && status.code != VCH_CODE_NO_MEMORY &&
           status.code != VCH_CODE_UNAVAILABLE;
}

static void refuse(struct vch_promises_one *one, const struct vch_promises_judge *judge,
                   uint64_t size, const struct vch_digest *root)
{
    struct vch_digest digest =
        vch_refusal_digest(judge->ledger, size, root, judge->now_ms, one->draft, one->size);

    vch_sign_digest(&one->refusal, judge->clerk, &digest);
    one->refused_ms = judge->now_ms;
    one->fate = VCH_PROMISES_REFUSED;
}

void vch_promises_settle(struct vch_promises *promises, const struct vch_promises_judge *judge,
                         uint64_t size, const struct vch_digest *root)
{
    for (uint32_t i = 0; i < promises->count; i++) {
        struct vch_promises_one *one = &promises->all[i];
        one->fate = VCH_PROMISES_OPEN;
        if (find_place(&one->position, judge->places, &one->digest)) {
            if (one->position < size) one->fate = VCH_PROMISES_INCLUDED;
            continue;
        }
        vch_status status = hear(judge, one->draft, one->size);
        if (vch_is_ok(status))
            judge->submit(judge->context, one->draft, one->size);
        else if (is_refusal(status) && vch_state_size(judge->state) == size)
            refuse(one, judge, size, root);
    }
}

static bool add_base64(struct evbuffer *out, const void *bytes, size_t size)
{
    char text[VCH_BASE64_SIZE(VCH_PROMISES_DRAFT_MAX + 16) + 2];
    size_t used = vch_base64_encode(text, bytes, size);

    text[used] = '\n';
    return evbuffer_add(out, text, used + 1) == 0;
}

static vch_status write_included(struct evbuffer *out, const struct vch_promises_one *one,
                                 uint64_t size, struct vch_store *store, struct vch_arena *arena)
{
    struct vch_tree_nodes nodes = vch_keeper_nodes(store);
    struct vch_store_entries entries = {0};
    struct vch_tree_path path;

    VCH_TRY(
        vch_store_read(store, one->position, 1, VCH_STORE_ENTRY_SIZE_MAX, &entries, arena, NULL));
    if (entries.count == 0 || entries.entries[0].size > VCH_PROMISES_DRAFT_MAX + 16)
        return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_inclusion_prove(&path, one->position, size, &nodes));
    bool is_written = evbuffer_add_printf(out, "included %" PRIu64 "\n", one->position) > 0 &&
                      add_base64(out, entries.entries[0].bytes, entries.entries[0].size);
    for (uint32_t i = 0; is_written && i < path.count; i++)
        is_written = add_base64(out, path.nodes[i].bytes, VCH_DIGEST_SIZE);
    return is_written && evbuffer_add(out, "\n", 1) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status write_refused(struct evbuffer *out, const struct vch_promises_one *one)
{
    bool is_written = evbuffer_add_printf(out, "refused %" PRIu64 "\n", one->refused_ms) > 0 &&
                      add_base64(out, one->draft, one->size) &&
                      add_base64(out, one->refusal.bytes, VCH_SIGN_SIGNATURE_SIZE) &&
                      evbuffer_add(out, "\n", 1) == 0;

    return is_written ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

vch_status vch_promises_write(struct evbuffer *out, const struct vch_promises *promises,
                              uint64_t size, struct vch_store *store)
{
    struct vch_arena arena;
    vch_status status = VCH_OK;

    vch_arena_init(&arena, (size_t)VCH_PROMISES_MAX * ARENA_SIZE);
    for (uint32_t i = 0; vch_is_ok(status) && i < promises->count; i++) {
        const struct vch_promises_one *one = &promises->all[i];
        if (one->fate == VCH_PROMISES_INCLUDED)
            status = write_included(out, one, size, store, &arena);
        else if (one->fate == VCH_PROMISES_REFUSED)
            status = write_refused(out, one);
    }
    vch_arena_release(&arena);
    return status;
}
