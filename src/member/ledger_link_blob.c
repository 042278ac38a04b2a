// Registries, to the ledger and from it, in chunks.
#include <string.h>

#include "member/ledger_link_parts.h"
#include "message/message.h"

enum { BLOB_MAX = VCH_REGISTRY_SIZE_MAX };

vch_status vch_ledger_link_get_blob(struct vch_ledger_link *link, const struct vch_digest *digest,
                                    vch_ledger_link_on_blob answer, void *context)
{
    struct vch_ledger_link_request *request = NULL;

    VCH_TRY(vch_ledger_link_parts_new_request(&request, link, VCH_LEDGER_LINK_GET, context));
    request->answer.blob = answer;
    request->digest = *digest;
    return vch_ledger_link_parts_enqueue(link, request, true);
}

vch_status vch_ledger_link_put_blob(struct vch_ledger_link *link, const uint8_t *bytes, size_t size,
                                    vch_ledger_link_on_put answer, void *context)
{
    struct vch_ledger_link_request *request = NULL;

    if (size == 0 || size > BLOB_MAX) return VCH_FAIL(USAGE);
    VCH_TRY(vch_ledger_link_parts_new_request(&request, link, VCH_LEDGER_LINK_PUT, context));
    request->answer.put = answer;
    request->bytes = (uint8_t *)vch_arena_string(&request->arena, bytes, size);
    request->size = size;
    return vch_ledger_link_parts_enqueue(link, request, request->bytes != NULL);
}

vch_status vch_ledger_link_parts_send_get(struct vch_ledger_link *link,
                                          const struct vch_ledger_link_request *request)
{
    Vouch__LedgerBlobGet get = VOUCH__LEDGER_BLOB_GET__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    get.id = request->id;
    get.digest = vch_message_borrow(request->digest.bytes, VCH_DIGEST_SIZE);
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_BLOB_GET;
    frame.ledger_blob_get = &get;
    return vch_stream_send(link->stream, &frame);
}

static vch_status send_chunk(struct vch_ledger_link *link,
                             const struct vch_ledger_link_request *request, size_t at)
{
    const size_t left = request->size - at;
    Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    chunk.id = request->id;
    chunk.data = vch_message_borrow(request->bytes + at,
                                    left < VCH_FRAME_CHUNK_MAX ? left : VCH_FRAME_CHUNK_MAX);
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &chunk;
    return vch_stream_send(link->stream, &frame);
}

vch_status vch_ledger_link_parts_send_put(struct vch_ledger_link *link,
                                          const struct vch_ledger_link_request *request)
{
    Vouch__LedgerBlobPut put = VOUCH__LEDGER_BLOB_PUT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    put.id = request->id;
    put.size = request->size;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_BLOB_PUT;
    frame.ledger_blob_put = &put;
    VCH_TRY(vch_stream_send(link->stream, &frame));
    for (size_t at = 0; at < request->size; at += VCH_FRAME_CHUNK_MAX)
        VCH_TRY(send_chunk(link, request, at));
    return VCH_OK;
}

bool vch_ledger_link_parts_blob(struct vch_ledger_link *link, const Vouch__LedgerBlob *blob)
{
    struct vch_ledger_link_request *request =
        vch_ledger_link_parts_find(link, blob->id, VCH_LEDGER_LINK_GET);

    if (request == NULL) return vch_ledger_link_parts_is_known(link, blob->id);
    if (request->bytes != NULL || blob->size > BLOB_MAX) return false;
    if (blob->size == 0) {
        vch_ledger_link_parts_fail(link, request, VCH_FAIL(REFUSED),
                                   "the ledger has no such registry");
        return true;
    }
    request->bytes = vch_arena_alloc(&request->arena, (size_t)blob->size, 1);
    request->size = (size_t)blob->size;
    if (request->bytes == NULL) vch_ledger_link_parts_fail(link, request, VCH_FAIL(NO_MEMORY), "");
    return true;
}

bool vch_ledger_link_parts_chunk(struct vch_ledger_link *link, const Vouch__Chunk *chunk)
{
    struct vch_ledger_link_request *request =
        vch_ledger_link_parts_find(link, chunk->id, VCH_LEDGER_LINK_GET);

    if (request == NULL) return vch_ledger_link_parts_is_known(link, chunk->id);
    if (request->bytes == NULL || chunk->data.len == 0 ||
        chunk->data.len > request->size - request->moved)
        return false;
    memcpy(request->bytes + request->moved, chunk->data.data, chunk->data.len);
    request->moved += chunk->data.len;
    if (request->moved < request->size) return true;
    vch_ledger_link_parts_take_out(link, request);
    request->answer.blob(request->context, VCH_OK, request->bytes, request->size, "");
    vch_ledger_link_parts_free_request(request);
    return true;
}

bool vch_ledger_link_parts_result(struct vch_ledger_link *link,
                                  const Vouch__LedgerBlobResult *result)
{
    struct vch_ledger_link_request *request =
        vch_ledger_link_parts_find(link, result->id, VCH_LEDGER_LINK_PUT);

    if (request == NULL) return vch_ledger_link_parts_is_known(link, result->id);
    if (result->code != VCH_CODE_NONE) {
        vch_ledger_link_parts_fail(link, request, vch_ledger_link_parts_status(result->code),
                                   result->text);
        return true;
    }
    vch_ledger_link_parts_take_out(link, request);
    request->answer.put(request->context, VCH_OK, "");
    vch_ledger_link_parts_free_request(request);
    return true;
}
