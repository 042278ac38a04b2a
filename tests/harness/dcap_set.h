// A DCAP quote of a real machine with Intel's collateral of then, and a policy that allows just it.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/dcap.h"
#include "evidence/json.h"
#include "evidence/roots.h"
#include "harness/test.h"
#include "harness/vectors.h"

enum { DCAP_FILE_MAX = 1 << 15, DCAP_FILES = 6, DCAP_DAY_S = 86400 };
enum { DCAP_QUOTE, DCAP_TCB_INFO, DCAP_IDENTITY, DCAP_SIGNER, DCAP_ROOT_CRL, DCAP_PCK_CRL };

struct dcap_set {
    uint8_t bytes[DCAP_FILES][DCAP_FILE_MAX];
    struct vch_certificate_bytes files[DCAP_FILES];
    struct vch_dcap_collateral collateral;
    uint8_t own_bytes[DCAP_FILE_MAX];
    struct vch_dcap_quote own; // the quote as it was read, in bytes that nobody changes
    struct vch_dcap_domain domain;
    struct vch_dcap_enclave enclave;
    const uint8_t *services[1];
    struct vch_dcap_policy policy;
    struct vch_dcap_question question;

    struct vch_arena arena;
    struct vch_appraisal appraisal;
    struct vch_dcap_claims claims;
    struct vch_complaint complaint;
};

static const uint8_t dcap_zeros[VCH_DCAP_QUOTE_HASH_SIZE];

static inline void dcap_set_file(struct dcap_set *set, int which, const void *bytes, size_t size)
{
    CHECK(size <= DCAP_FILE_MAX);
    memcpy(set->bytes[which], bytes, size);
    set->files[which] = (struct vch_certificate_bytes){set->bytes[which], size};
    set->collateral = (struct vch_dcap_collateral){
        .tcb_info = set->files[DCAP_TCB_INFO],
        .identity = set->files[DCAP_IDENTITY],
        .signer = set->files[DCAP_SIGNER],
        .root_crl = set->files[DCAP_ROOT_CRL],
        .pck_crl = set->files[DCAP_PCK_CRL],
    };
}

static inline void dcap_set_read(struct dcap_set *set, int which, const char *folder,
                                 const char *name)
{
    char path[256];
    size_t size = 0;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    const uint8_t *bytes = vectors_read(path, &size);
    dcap_set_file(set, which, bytes, size);
}

static inline int64_t dcap_time(const char *text)
{
    char quoted[32];
    int64_t time_s = 0;
    struct vch_json_value value = {.kind = VCH_JSON_STRING, .text = quoted};

    value.text_size = (uint32_t)snprintf(quoted, sizeof quoted, "\"%.20s\"", text);
    CHECK(vch_json_time(&value, &time_s));
    return time_s;
}

// Allows what the quote is, of which there is a copy in `own`, at its best.
static inline void dcap_set_policy(struct dcap_set *set)
{
    const struct vch_dcap_rules rules = {
        .versions = VCH_DCAP_BIT(3) | VCH_DCAP_BIT(4) | VCH_DCAP_BIT(5),
        .statuses = VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_UP_TO_DATE),
        .module_statuses = VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_UP_TO_DATE),
        .quoting_statuses = VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_UP_TO_DATE),
        .types = 7,
        .min_evaluation = 15,
        .collateral_age_max_s = 30 * DCAP_DAY_S,
    };
    const struct vch_dcap_quote_domain *domain = &set->own.domain;

    set->policy = (struct vch_dcap_policy){.tdx = {.rules = rules}, .sgx = {.rules = rules}};
    if (set->own.tee == VCH_DCAP_QUOTE_SGX) {
        set->enclave = (struct vch_dcap_enclave){.measurement = set->own.enclave.measurement};
        set->policy.sgx.enclaves = &set->enclave;
        set->policy.sgx.enclave_count = 1;
        return;
    }
    set->domain = (struct vch_dcap_domain){
        .measurement = domain->measurement,
        .registers = {domain->registers[0], domain->registers[1], domain->registers[2],
                      domain->registers[3]},
        .config_id = domain->config_id,
        .owner = domain->owner,
        .owner_config = domain->owner_config,
    };
    set->services[0] = dcap_zeros;
    struct vch_dcap_tdx_policy *tdx = &set->policy.tdx;
    tdx->domains = &set->domain;
    tdx->domain_count = 1;
    tdx->is_any_module = true;
    tdx->services = set->services;
    tdx->service_count = 1;
    tdx->attributes_allowed = 1u << 28 | 1u << 30; // SEPT_VE_DISABLE, PKS
    tdx->features_allowed = 0x65ae7 | 0x642e7;
}

// Keeps the quote's own values where they outlive changes to its bytes.
static inline void dcap_set_own(struct dcap_set *set)
{
    memcpy(set->own_bytes, set->files[DCAP_QUOTE].bytes, set->files[DCAP_QUOTE].size);
    set->complaint = (struct vch_complaint){0};
    CHECK_OK(vch_dcap_quote_decode(&set->own, set->own_bytes, set->files[DCAP_QUOTE].size,
                                   &set->complaint));
    set->question.report_data = set->own.report_data;
    set->question.policy = &set->policy;
    dcap_set_policy(set);
}

static inline void dcap_set_load(struct dcap_set *set, const char *folder)
{
    static const char *const names[] = {
        [DCAP_QUOTE] = "quote.bin",           [DCAP_TCB_INFO] = "tcb_info.json",
        [DCAP_IDENTITY] = "qe_identity.json", [DCAP_SIGNER] = "tcb_signing_chain.pem",
        [DCAP_ROOT_CRL] = "root_ca.crl",      [DCAP_PCK_CRL] = "pck.crl"};
    char path[256];
    size_t size = 0;

    for (int i = 0; i < DCAP_FILES; i++)
        dcap_set_read(set, i, folder, names[i]);
    (void)snprintf(path, sizeof path, "%s/AT", folder);
    const char *at = (const char *)vectors_read(path, &size);
    CHECK(size >= 20);
    set->question = (struct vch_dcap_question){
        .root = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate, .time_s = dcap_time(at)};
    dcap_set_own(set);
}

static inline vch_status dcap_set_verify(struct dcap_set *set)
{
    vch_arena_release(&set->arena);
    vch_arena_init(&set->arena, VCH_DCAP_ARENA_SIZE);
    set->complaint = (struct vch_complaint){0};
    return vch_dcap_verify(&set->appraisal, &set->claims, &set->files[DCAP_QUOTE], &set->collateral,
                           &set->question, &set->arena, &set->complaint);
}

// The names of the checks that came out so, with a space after each.
static inline const char *dcap_set_names(const struct dcap_set *set,
                                         enum vch_appraisal_result result)
{
    static char names[4096];
    size_t size = 0;

    names[0] = '\0';
    for (uint32_t i = 0; i < set->appraisal.count; i++)
        if (set->appraisal.checks[i].result == result)
            size += (size_t)snprintf(names + size, sizeof names - size, "%s ",
                                     set->appraisal.checks[i].name);
    return names;
}
