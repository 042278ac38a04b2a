// Drafts for the ledger's log, and what became of each.
#include <string.h>

#include "member/ledger_link_parts.h"
#include "message/message.h"

static bool are_drafts(const struct vch_follower_bytes *drafts, uint32_t count)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count && i < VCH_LEDGER_LINK_DRAFTS_MAX; i++) {
        if (drafts[i].size == 0 || drafts[i].size > VCH_ENTRY_SIZE_MAX) return false;
        size += drafts[i].size + 8;
    }
    return count > 0 && count <= VCH_LEDGER_LINK_DRAFTS_MAX && size < VCH_FRAME_SIZE_MAX - 64;
}

static bool copy_drafts(struct vch_ledger_link_request *request,
                        const struct vch_follower_bytes *drafts, uint32_t count)
{
    struct vch_follower_bytes *copies =
        VCH_ARENA_NEW(&request->arena, struct vch_follower_bytes, count);

    if (copies == NULL) return false;
    for (uint32_t i = 0; i < count; i++) {
        const char *copy = vch_arena_string(&request->arena, drafts[i].bytes, drafts[i].size);
        if (copy == NULL) return false;
        copies[i] = (struct vch_follower_bytes){(const uint8_t *)copy, drafts[i].size};
    }
    request->drafts = copies;
    request->count = count;
    return true;
}

vch_status vch_ledger_link_append(struct vch_ledger_link *link,
                                  const struct vch_follower_bytes *drafts, uint32_t count,
                                  vch_ledger_link_on_appended answer, void *context)
{
    struct vch_ledger_link_request *request = NULL;

    if (!are_drafts(drafts, count)) return VCH_FAIL(USAGE);
    VCH_TRY(vch_ledger_link_parts_new_request(&request, link, VCH_LEDGER_LINK_APPEND, context));
    request->answer.appended = answer;
    return vch_ledger_link_parts_enqueue(link, request, copy_drafts(request, drafts, count));
}

vch_status vch_ledger_link_parts_send_append(struct vch_ledger_link *link,
                                             const struct vch_ledger_link_request *request)
{
    ProtobufCBinaryData drafts[VCH_LEDGER_LINK_DRAFTS_MAX];
    Vouch__LedgerAppend append = VOUCH__LEDGER_APPEND__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    for (uint32_t i = 0; i < request->count; i++)
        drafts[i] = vch_message_borrow(request->drafts[i].bytes, request->drafts[i].size);
    append.id = request->id;
    append.n_drafts = request->count;
    append.drafts = drafts;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_APPEND;
    frame.ledger_append = &append;
    return vch_stream_send(link->stream, &frame);
}

static void read_results(struct vch_ledger_link_taken *out, const Vouch__LedgerAppended *appended)
{
    for (size_t i = 0; i < appended->n_results; i++) {
        const Vouch__LedgerTaken *taken = appended->results[i];
        struct vch_complaint text = {""};
        out[i].status = vch_ledger_link_parts_status(taken->code);
        out[i].position = taken->position;
        if (!vch_is_ok(out[i].status))
            (void)vch_complain(&text, taken->code, "%.400s",
                               taken->text[0] ? taken->text : vch_code_text(out[i].status.code));
        memcpy(out[i].text, text.text, sizeof text.text);
    }
}

bool vch_ledger_link_parts_appended(struct vch_ledger_link *link,
                                    const Vouch__LedgerAppended *appended)
{
    struct vch_ledger_link_request *request =
        vch_ledger_link_parts_find(link, appended->id, VCH_LEDGER_LINK_APPEND);
    struct vch_ledger_link_taken results[VCH_LEDGER_LINK_DRAFTS_MAX];

    if (request == NULL) return vch_ledger_link_parts_is_known(link, appended->id);
    if (appended->n_results != request->count) return false;
    read_results(results, appended);
    vch_ledger_link_parts_take_out(link, request);
    request->answer.appended(request->context, VCH_OK, results, request->count);
    vch_ledger_link_parts_free_request(request);
    return true;
}
