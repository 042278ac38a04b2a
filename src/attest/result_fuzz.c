// Any bytes as a response, judged under rules that have every kind looked at: a verdict comes out,
// and it is a good one only where the status says so.
#include "attest/result.h"

#include <string.h>

#include "base/check.h"
#include "evidence/roots.h"

static const struct vch_rules_facts any = {
    .is_any_build = true, .is_any_model = true, .is_any_policy = true};

static struct vch_rules all_kinds(void)
{
    struct vch_rules rules = {.name = "any",
                              .until_s = INT64_MAX,
                              .has_snp = true,
                              .has_tdx = true,
                              .has_sgx = true,
                              .has_tpm = true,
                              .facts = any,
                              .freshness = {60, 600, 3600, 300}};

    rules.anchors.are_vendors = true;
    rules.anchors.amd = vch_snp_amd();
    rules.anchors.intel = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate;
    rules.anchors.nvidia = vch_roots_get(VCH_ROOTS_NVIDIA_DEVICE)->certificate;
    rules.tpm.aks = VCH_RULES_AK_ENROLLED | VCH_RULES_AK_IN_TEE;
    rules.tpm.places = (1u << VCH_RULES_TPM_PLACE_COUNT) - 1;
    rules.tpm.pcrs = 0x000091;
    return rules;
}

// As whoever was connected to its sender would make it.
static void make_block(uint8_t out[VCH_BINDER_SIZE], const struct vch_exchange_response *response)
{
    struct vch_binder binder = {.mode = VCH_BINDER_CHANNEL,
                                .role = VCH_BINDER_SERVER,
                                .kind = response->kind,
                                .facts =
                                    vch_hash_bytes(response->statement, response->statement_size)};

    binder.nonce[0] = binder.exporter[0] = binder.own.bytes[0] = binder.node[0] = 1;
    memcpy(binder.sealing_key, response->sealing_key, sizeof binder.sealing_key);
    VCH_ASSERT(vch_is_ok(vch_binder_encode(out, &binder)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct vch_rules rules = all_kinds();
    struct vch_complaint complaint = {{0}};
    struct vch_exchange_response response;
    struct vch_result result;
    uint8_t block[VCH_BINDER_SIZE];
    struct vch_arena arena;

    if (!vch_is_ok(vch_exchange_decode_response(&response, data, size, NULL))) return 0;
    make_block(block, &response);
    vch_arena_init(&arena, VCH_RESULT_ARENA_SIZE);
    vch_status status =
        vch_result_judge(&result, &response, block, &rules, NULL, 1800000000, &arena, &complaint);
    VCH_ASSERT(status.code != VCH_CODE_NO_MEMORY);
    VCH_ASSERT(vch_is_ok(status) == (result.word != VCH_RESULT_CONTRAINDICATED));
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    VCH_ASSERT(!vch_is_ok(status) || result.kind == VCH_BINDER_NONE); // no vendor signs for this
    vch_arena_release(&arena);
    return 0;
}
