// Any bytes at all as a request, a response and a statement: what is accepted is what would be
// written.
#include "attest/exchange.h"

#include <string.h>

#include "base/check.h"

static uint8_t again[VCH_EXCHANGE_SIZE_MAX];

static void try_request(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_exchange_request request;
    size_t again_size = 0;

    vch_status status = vch_exchange_decode_request(&request, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return;
    VCH_ASSERT(vch_is_ok(vch_exchange_encode_request(again, &again_size, &request)));
    VCH_ASSERT(again_size == size && memcmp(again, data, size) == 0);
}

static void try_response(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_exchange_response response;
    size_t again_size = 0;

    vch_status status = vch_exchange_decode_response(&response, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return;
    status = vch_exchange_encode_response(again, sizeof again, &again_size, &response);
    VCH_ASSERT(vch_is_ok(status) && again_size == size && memcmp(again, data, size) == 0);
}

static void try_facts(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_facts facts;
    size_t again_size = 0;

    vch_status status = vch_facts_decode(&facts, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return;
    VCH_ASSERT(vch_is_ok(vch_facts_encode(again, &again_size, &facts)));
    VCH_ASSERT(again_size == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_request(data, size);
    try_response(data, size);
    try_facts(data, size);
    return 0;
}
