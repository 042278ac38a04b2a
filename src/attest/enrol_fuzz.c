// Any bytes at all as messages of an enrolment: what is taken is written again the same.
#include "attest/enrol.h"

#include <string.h>

#include "base/check.h"

static uint8_t again[VCH_ENROL_SIZE_MAX];

static void check(vch_status written, const uint8_t *data, size_t size, const size_t *again_size)
{
    VCH_ASSERT(vch_is_ok(written) && *again_size == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_enrol_request request;
    struct vch_enrol_challenge challenge;
    struct vch_enrol_answer answer;
    struct vch_enrol_pending pending;
    size_t out = 0;

    if (vch_is_ok(vch_enrol_decode_request(&request, data, size, &complaint)))
        check(vch_enrol_encode_request(again, sizeof again, &out, &request), data, size, &out);
    if (vch_is_ok(vch_enrol_decode_challenge(&challenge, data, size, NULL)))
        check(vch_enrol_encode_challenge(again, sizeof again, &out, &challenge), data, size, &out);
    if (vch_is_ok(vch_enrol_decode_answer(&answer, data, size, NULL)))
        check(vch_enrol_encode_answer(again, sizeof again, &out, &answer), data, size, &out);
    if (vch_is_ok(vch_enrol_decode_pending(&pending, data, size, NULL)))
        check(vch_enrol_encode_pending(again, sizeof again, &out, &pending), data, size, &out);
    return 0;
}
