#include "attest/record.h"

#include <string.h>

#include "base/bytes.h"

static const char head[VCH_RECORD_HEAD_SIZE + 1] = "vouch evidence1\n";

// That block and response speak of each other.
static vch_status check(const struct vch_record *record, struct vch_complaint *complaint)
{
    struct vch_exchange_response response;
    struct vch_binder binder;

    VCH_TRY(vch_binder_decode(&binder, record->binder, VCH_BINDER_SIZE, complaint));
    VCH_TRY(vch_exchange_decode_response(&response, record->response, record->response_size,
                                         complaint));
    struct vch_digest facts = vch_hash_bytes(response.statement, response.statement_size);
    if (binder.kind != response.kind || !vch_hash_is_equal(&binder.facts, &facts) ||
        !vch_is_equal(binder.sealing_key, response.sealing_key, sizeof binder.sealing_key))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected a block of the response behind it, found one of another kind "
                            "of evidence, statement or sealing key");
    return VCH_OK;
}

vch_status vch_record_encode(uint8_t *out, size_t room, size_t *size,
                             const struct vch_record *record)
{
    size_t wanted = VCH_RECORD_HEAD_SIZE + VCH_BINDER_SIZE + record->response_size;

    if (!vch_is_ok(check(record, NULL))) return VCH_FAIL(USAGE);
    if (room < wanted) return VCH_FAIL(LIMIT);
    memcpy(out, head, VCH_RECORD_HEAD_SIZE);
    memcpy(out + VCH_RECORD_HEAD_SIZE, record->binder, VCH_BINDER_SIZE);
    memcpy(out + VCH_RECORD_HEAD_SIZE + VCH_BINDER_SIZE, record->response, record->response_size);
    *size = wanted;
    return VCH_OK;
}

vch_status vch_record_decode(struct vch_record *out, const void *bytes, size_t size,
                             struct vch_complaint *complaint)
{
    const uint8_t *at = bytes;
    size_t before = VCH_RECORD_HEAD_SIZE + VCH_BINDER_SIZE;

    if (size < before)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "expected a file of evidence, of more than %zu bytes, found %zu",
                            before, size);
    if (memcmp(at, head, VCH_RECORD_HEAD_SIZE) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected a file of evidence, which starts with \"%.15s\"; make one "
                            "with `vouch attest collect`",
                            head);
    *out = (struct vch_record){at + VCH_RECORD_HEAD_SIZE, at + before, size - before};
    return check(out, complaint);
}
