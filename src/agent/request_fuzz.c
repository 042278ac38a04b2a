// A node that was taken over asks its agent whatever it likes: kind, then bytes. What is signed is
// a vote of this node's or a statement for a ledger, whatever was asked; nothing else is given but
// what its kind of request gives.
#include <stdlib.h>
#include <string.h>

#include "agent/holder.h"
#include "base/bytes.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vch_holder_keys keys;
static struct vch_holder holder;
static struct vch_counters counters;

static uint64_t now_s(void *context)
{
    (void)context;
    return 1800000000;
}

// The owner here has sealed nothing: it never comes to this.
static vch_status raise_it(void *context, const struct vch_counters_one *seen,
                           struct vch_complaint *complaint)
{
    (void)context, (void)complaint;
    VCH_ASSERT(seen == NULL);
    return VCH_OK;
}

static struct vch_unsealer_rules rules = {.counters = &counters, .now_s = now_s, .raise = raise_it};

static void start(void)
{
    const uint8_t seed[32] = {1};

    vch_holder_init(&holder, &keys, &rules, seed);
    vch_sign_key(&keys.identity, seed);
    vch_vrf_key(&keys.vrf, seed);
    rules.owner = keys.identity.public_key;
    holder.has_identity = holder.has_vrf = true;
}

static void check_signed(const uint8_t *request, size_t size, const uint8_t *answer)
{
    static uint8_t again[VCH_REQUEST_TEXT_MAX];
    struct vch_request_text text;
    struct vch_signature signature;
    size_t again_size = 0;

    const struct vch_request_signer signer = {&keys.identity.public_key, &holder.ledger};
    VCH_ASSERT(vch_is_ok(vch_request_decode_text(&text, request, size, &signer, NULL)));
    VCH_ASSERT(vch_is_ok(
        vch_request_encode_text(again, &again_size, text.protocol, text.items, text.count)));
    VCH_ASSERT(again_size == size && memcmp(again, request, size) == 0);
    const struct vch_digest digest = vch_hash_bytes(request, size),
                            same = vch_signer_digest(text.protocol, text.items, text.count);
    VCH_ASSERT(memcmp(&digest, &same, sizeof digest) == 0);
    memcpy(signature.bytes, answer, sizeof signature.bytes);
    VCH_ASSERT(vch_is_ok(vch_sign_verify(&keys.identity.public_key, &digest, &signature)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[4096];
    struct vch_complaint complaint = {{0}};
    size_t out_size = 0;

    if (holder.keys == NULL) start();
    if (size == 0) return 0;
    if (data[0] == VCH_REQUEST_LOAD || data[0] == VCH_REQUEST_LOAD_VRF) return 0; // Argon2id's time
    vch_status status = vch_holder_answer(&holder, data[0], data + 1, size - 1, out, sizeof out,
                                          &out_size, &complaint);
    VCH_ASSERT(out_size <= sizeof out);
    if (!vch_is_ok(status)) {
        VCH_ASSERT(out_size == 0);
        return 0;
    }
    if (data[0] == VCH_REQUEST_SIGN) check_signed(data + 1, size - 1, out);
    VCH_ASSERT(data[0] != VCH_REQUEST_TAKE);
    if (data[0] == VCH_REQUEST_PROVE) VCH_ASSERT(out_size == VCH_VRF_PROOF_SIZE);
    return 0;
}
