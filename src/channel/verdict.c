#include "channel/verdict.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/complaint.h"
#include "base/reader.h"

// Zeroes behind its end, whatever was there before.
static uint8_t *put_text(uint8_t *out, const char *text, size_t size)
{
    const size_t used = strnlen(text, size);

    memcpy(out, text, used);
    memset(out + used, 0, size - used);
    return out + size;
}

static uint8_t *put_flags(uint8_t *out, const struct vch_asker_verdict *verdict)
{
    const struct vch_result_history *history = &verdict->history;

    return vch_put_u32le(out, (uint32_t)verdict->is_accepted | (uint32_t)verdict->is_test << 1 |
                                  (uint32_t)history->has_quote << 2 |
                                  (uint32_t)history->clock.is_safe << 3 |
                                  (uint32_t)verdict->is_bound << 4);
}

void vch_verdict_encode(uint8_t out[static VCH_VERDICT_SIZE],
                        const struct vch_asker_verdict *verdict)
{
    const struct vch_result_history *history = &verdict->history;
    const uint8_t *start = out;

    out = put_flags(out, verdict);
    out = vch_put_u32le(out, verdict->level);
    out = vch_put_u32le(out, verdict->word);
    out = vch_put_u64le(out, verdict->until_ms);
    out = vch_put_bytes(out, verdict->binder, sizeof verdict->binder);
    out = vch_put_bytes(out, verdict->digest.bytes, sizeof verdict->digest.bytes);
    out = vch_put_bytes(out, verdict->machine.bytes, sizeof verdict->machine.bytes);
    out = vch_put_bytes(out, history->ak.bytes, sizeof history->ak.bytes);
    out = vch_put_u64le(out, history->clock.clock_ms);
    out = vch_put_u32le(out, history->clock.reset_count);
    out = vch_put_u32le(out, history->clock.restart_count);
    out = put_text(out, verdict->operator_name, sizeof verdict->operator_name);
    out = put_text(out, verdict->why, sizeof verdict->why);
    out = vch_put_u32le(out, verdict->warned_count);
    out = vch_put_bytes(out, verdict->warned, sizeof verdict->warned);
    VCH_ASSERT(out == start + VCH_VERDICT_SIZE);
}

static vch_status read(void *out, size_t size, struct vch_reader *reader)
{
    const uint8_t *bytes = NULL;

    VCH_TRY(vch_reader_bytes(reader, size, &bytes));
    memcpy(out, bytes, size);
    return VCH_OK;
}

// A text that ends, with nothing behind its end.
static vch_status read_text(char *out, size_t size, struct vch_reader *reader)
{
    VCH_TRY(read(out, size, reader));
    const char *end = memchr(out, '\0', size);
    if (end == NULL || !vch_is_zero(end, size - (size_t)(end - out))) return VCH_FAIL(MALFORMED);
    for (char *at = out; at < end; at++)
        if (*at < ' ' || *at > '~') *at = '?';
    return VCH_OK;
}

static vch_status read_head(struct vch_asker_verdict *out, struct vch_reader *reader)
{
    uint32_t flags = 0, level = 0, word = 0;

    VCH_TRY(vch_reader_u32le(reader, &flags));
    VCH_TRY(vch_reader_u32le(reader, &level));
    VCH_TRY(vch_reader_u32le(reader, &word));
    VCH_TRY(vch_reader_u64le(reader, &out->until_ms));
    out->is_accepted = (flags & 1) != 0;
    out->is_test = (flags & 2) != 0;
    out->history.has_quote = (flags & 4) != 0;
    out->history.clock.is_safe = (flags & 8) != 0;
    out->is_bound = (flags & 16) != 0;
    out->level = level;
    out->word = word;
    return flags < 32 && level < VCH_RULES_LEVEL_COUNT && word <= VCH_RESULT_AFFIRMING
               ? VCH_OK
               : VCH_FAIL(MALFORMED);
}

static vch_status read_history(struct vch_result_history *out, struct vch_reader *reader)
{
    VCH_TRY(read(out->ak.bytes, sizeof out->ak.bytes, reader));
    VCH_TRY(vch_reader_u64le(reader, &out->clock.clock_ms));
    VCH_TRY(vch_reader_u32le(reader, &out->clock.reset_count));
    return vch_reader_u32le(reader, &out->clock.restart_count);
}

// As many names as are counted, or, of too many, all that there is room for at most.
static vch_status read_warned(struct vch_asker_verdict *out, struct vch_reader *reader)
{
    VCH_TRY(vch_reader_u32le(reader, &out->warned_count));
    for (uint32_t i = 0; i < VCH_ASKER_WARNED_MAX; i++) {
        VCH_TRY(read_text(out->warned[i], sizeof out->warned[i], reader));
        bool is_counted = i < out->warned_count, is_there = out->warned[i][0] != '\0';
        if (is_counted != is_there && out->warned_count <= VCH_ASKER_WARNED_MAX)
            return VCH_FAIL(MALFORMED);
    }
    return out->warned_count <= VCH_ASKER_WARNED_MAX + 1 ? VCH_OK : VCH_FAIL(MALFORMED);
}

// What this end knows of the block by itself. The statement and the sealing key are the other's.
static bool is_answer(const struct vch_binder *binder, const struct vch_asker_answer *answer)
{
    const struct vch_exchange_request *request = &answer->request;
    const struct vch_exchange_channel *channel = &answer->channel;

    return binder->mode == VCH_BINDER_CHANNEL && binder->role == request->role &&
           request->accepts[binder->kind] &&
           memcmp(binder->nonce, request->nonce, sizeof binder->nonce) == 0 &&
           memcmp(binder->exporter, channel->exporter, sizeof binder->exporter) == 0 &&
           memcmp(binder->node, channel->node, sizeof binder->node) == 0 &&
           vch_hash_is_equal(&binder->own, &channel->own) &&
           vch_hash_is_equal(&binder->peer, &channel->peer) &&
           vch_hash_is_equal(&binder->policy, &request->policy);
}

static vch_status check_accepted(const struct vch_asker_verdict *verdict,
                                 const struct vch_asker_answer *answer)
{
    struct vch_binder binder;

    VCH_TRY(vch_binder_decode(&binder, verdict->binder, sizeof verdict->binder, NULL));
    if ((verdict->word == VCH_RESULT_WARNING) != (verdict->warned_count > 0))
        return VCH_FAIL(MALFORMED);
    return verdict->word != VCH_RESULT_CONTRAINDICATED && is_answer(&binder, answer)
               ? VCH_OK
               : VCH_FAIL(MALFORMED);
}

vch_status vch_verdict_decode(struct vch_asker_verdict *out,
                              const uint8_t bytes[static VCH_VERDICT_SIZE],
                              const struct vch_asker_answer *answer)
{
    struct vch_reader reader = {.bytes = bytes, .size = VCH_VERDICT_SIZE};

    *out = (struct vch_asker_verdict){
        .history = {.is_session = answer->history.is_session, .asked_s = answer->history.asked_s}};
    VCH_TRY(read_head(out, &reader));
    VCH_TRY(read(out->binder, sizeof out->binder, &reader));
    VCH_TRY(read(out->digest.bytes, sizeof out->digest.bytes, &reader));
    VCH_TRY(read(out->machine.bytes, sizeof out->machine.bytes, &reader));
    VCH_TRY(read_history(&out->history, &reader));
    VCH_TRY(read_text(out->operator_name, sizeof out->operator_name, &reader));
    VCH_TRY(read_text(out->why, sizeof out->why, &reader));
    VCH_TRY(read_warned(out, &reader));
    return out->is_accepted ? check_accepted(out, answer) : VCH_OK;
}
