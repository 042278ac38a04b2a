// A response to be judged, made here: a statement alone, or with a quote by a TPM that lies as it
// is told to; and rules that take it.
#pragma once

#include <string.h>

#include <openssl/ecdsa.h>

#include "attest/record.h"
#include "attest/result.h"
#include "base/bytes.h"
#include "harness/test.h"
#include "harness/tpm.h"

enum { RESULTS_TIME_S = 1800000000, RESULTS_PUBLIC_SIZE = 88, RESULTS_RECORD_ROOM = 8192 };

struct results {
    struct vch_facts facts;
    struct vch_exchange_response response;
    struct vch_binder block;
    struct vch_rules rules;
    struct vch_result_history history;
    int64_t time_s;

    uint8_t statement[VCH_FACTS_SIZE_MAX], bytes[VCH_BINDER_SIZE];
    struct tpm tpm;
    uint8_t public[RESULTS_PUBLIC_SIZE], signature[264];
    struct vch_tpm_public ak;
    struct vch_rules_tpm_key key;
    struct vch_tpm_quote_pcr_rule pcr_rules[3];
    struct vch_rules_machine machine;

    struct vch_arena arena;
    struct vch_result result;
    struct vch_complaint complaint;
};

static inline struct vch_cmw_item results_item(const char *label, const void *bytes, size_t size,
                                               uint32_t purpose)
{
    static const char type[] = "application/octet-stream";

    return (struct vch_cmw_item){label, strlen(label), type, sizeof type - 1,
                                 0,     bytes,         size, purpose};
}

static inline void results_put(struct vch_cmw *collection, const char *label,
                               const struct vch_certificate_bytes *bytes)
{
    collection->items[collection->count++] =
        results_item(label, bytes->bytes, bytes->size, VCH_CMW_EVIDENCE);
}

// Rules that take just this: statement, key, PCRs, for open weights and prompts.
static inline void results_allow(struct results *scene)
{
    struct vch_rules *rules = &scene->rules;
    static const uint32_t pcrs[3] = {0, 4, 7};

    memset(rules, 0, sizeof *rules);
    memset(rules->id.bytes, 0x70, VCH_DIGEST_SIZE);
    rules->name = "test";
    rules->until_s = RESULTS_TIME_S + 100000;
    rules->levels[VCH_RULES_PROMPTS] = 1u << VCH_RULES_TPM | 1u << VCH_RULES_TEE;
    rules->levels[VCH_RULES_OPEN_WEIGHTS] = 7;
    rules->has_tpm = true;
    scene->key.place = VCH_RULES_TPM_DISCRETE;
    memcpy(scene->key.name, scene->ak.name, sizeof scene->key.name);
    for (int i = 0; i < 3; i++)
        scene->pcr_rules[i] =
            (struct vch_tpm_quote_pcr_rule){pcrs[i], &scene->tpm.pcrs[pcrs[i]], 1};
    rules->tpm = (struct vch_rules_tpm){.aks = VCH_RULES_AK_ENROLLED,
                                        .places = 1u << VCH_RULES_TPM_DISCRETE,
                                        .keys = &scene->key,
                                        .key_count = 1,
                                        .pcrs = TPM_SELECTED,
                                        .pcr_rules = scene->pcr_rules,
                                        .pcr_rule_count = 3};
    rules->facts = (struct vch_rules_facts){.builds = &scene->facts.build,
                                            .models = &scene->facts.model,
                                            .policies = &scene->facts.policy,
                                            .build_count = 1,
                                            .model_count = 1,
                                            .policy_count = 1,
                                            .confinement = VCH_FACTS_LANDLOCK};
    rules->freshness = (struct vch_rules_freshness){60, 600, 3600, 300};
    rules->anchors.are_vendors = true;
}

// TPMT_PUBLIC of the TPM's key: restricted, signs by ECDSA on P-256 with SHA-256.
static inline void results_public(struct results *scene)
{
    static const uint8_t head[] = {0, 0x23, 0, 0x0b, 0, 5,    0, 0x72, 0, 0,
                                   0, 0x10, 0, 0x18, 0, 0x0b, 0, 3,    0, 0x10};
    const uint8_t *point = scene->tpm.ak.bytes + scene->tpm.ak.size - 64;
    uint8_t *at = scene->public;

    memcpy(at, head, sizeof head);
    at += sizeof head;
    for (int i = 0; i < 2; i++, at += 34) {
        at[0] = 0;
        at[1] = 32;
        memcpy(at + 2, point + 32 * i, 32);
    }
    CHECK(at == scene->public + RESULTS_PUBLIC_SIZE);
    CHECK_OK(vch_tpm_public_decode(&scene->ak, scene->public, RESULTS_PUBLIC_SIZE, NULL));
}

static inline void results_init(struct results *scene, enum vch_binder_kind kind)
{
    memset(scene, 0, sizeof *scene);
    vch_arena_init(&scene->arena, VCH_RESULT_ARENA_SIZE);
    scene->time_s = RESULTS_TIME_S;
    memset(scene->facts.build.bytes, 0x11, VCH_DIGEST_SIZE);
    memset(scene->facts.model.bytes, 0x12, VCH_DIGEST_SIZE);
    memset(scene->facts.policy.bytes, 0x13, VCH_DIGEST_SIZE);
    scene->facts.confinement = VCH_FACTS_LANDLOCK | VCH_FACTS_SECCOMP;
    scene->response.kind = kind;
    memset(scene->response.sealing_key, 0x21, sizeof scene->response.sealing_key);
    scene->block.mode = VCH_BINDER_CHANNEL;
    scene->block.role = VCH_BINDER_SERVER;
    memset(scene->block.nonce, 0x31, sizeof scene->block.nonce);
    memset(scene->block.exporter, 0x32, sizeof scene->block.exporter);
    memset(scene->block.node, 0x33, sizeof scene->block.node);
    scene->block.own = vch_binder_identity(scene->block.node);
    tpm_init(&scene->tpm);
    results_public(scene);
    results_allow(scene);
    scene->block.policy = scene->rules.id;
}

static inline void results_release(struct results *scene)
{
    tpm_release(&scene->tpm);
    vch_arena_release(&scene->arena);
}

// The block of what the response says.
static inline void results_block(struct results *scene)
{
    struct vch_exchange_response *response = &scene->response;

    CHECK_OK(vch_facts_encode(scene->statement, &response->statement_size, &scene->facts));
    response->statement = scene->statement;
    scene->block.kind = response->kind;
    scene->block.facts = vch_hash_bytes(response->statement, response->statement_size);
    memcpy(scene->block.sealing_key, response->sealing_key, sizeof scene->block.sealing_key);
    CHECK_OK(vch_binder_encode(scene->bytes, &scene->block));
}

static inline size_t results_number(uint8_t *out, const BIGNUM *number)
{
    out[0] = 0;
    out[1] = 32;
    CHECK(BN_bn2binpad(number, out + 2, 32) == 32);
    return 34;
}

// The TPM's signature as a TPM gives it: TPMT_SIGNATURE.
static inline size_t results_signature(struct results *scene)
{
    if (EVP_PKEY_get_id(scene->tpm.secret) == EVP_PKEY_RSA) {
        static const uint8_t rsa[] = {0, 0x14, 0, 0x0b, 1, 0};
        memcpy(scene->signature, rsa, sizeof rsa);
        memcpy(scene->signature + sizeof rsa, scene->tpm.signature, 256);
        return sizeof rsa + 256;
    }
    const uint8_t *der = scene->tpm.signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)scene->tpm.signature_size);
    static const uint8_t head[] = {0, 0x18, 0, 0x0b};

    CHECK(pair != NULL);
    memcpy(scene->signature, head, sizeof head);
    size_t size = sizeof head;
    size += results_number(scene->signature + size, ECDSA_SIG_get0_r(pair));
    size += results_number(scene->signature + size, ECDSA_SIG_get0_s(pair));
    ECDSA_SIG_free(pair);
    return size;
}

// What the TPM signed, as evidence.
static inline void results_evidence(struct results *scene)
{
    struct vch_cmw *evidence = &scene->response.evidence;
    struct tpm *tpm = &scene->tpm;

    evidence->count = 4;
    evidence->items[0] = results_item("attest", tpm->attest, tpm->size, VCH_CMW_EVIDENCE);
    evidence->items[1] =
        results_item("signature", scene->signature, results_signature(scene), VCH_CMW_EVIDENCE);
    evidence->items[2] = results_item("pcrs", tpm->pcrs, sizeof tpm->pcrs, VCH_CMW_EVIDENCE);
    evidence->items[3] = results_item("ak", scene->public, RESULTS_PUBLIC_SIZE, VCH_CMW_EVIDENCE);
}

// A quote of the TPM over the block, at that count of resets.
static inline void results_quote(struct results *scene, uint32_t resets)
{
    struct vch_digest nonce = vch_binder_qualifier(scene->bytes);

    memcpy(scene->tpm.nonce, nonce.bytes, sizeof scene->tpm.nonce);
    tpm_quote(&scene->tpm, resets, 0);
    results_evidence(scene);
}

// Statement, block and, of a TPM, quote.
static inline void results_answer(struct results *scene)
{
    results_block(scene);
    if (scene->response.kind == VCH_BINDER_TPM) results_quote(scene, 1);
}

static inline vch_status results_judge(struct results *scene)
{
    scene->complaint = (struct vch_complaint){{0}};
    return vch_result_judge(&scene->result, &scene->response, scene->bytes, &scene->rules,
                            &scene->history, scene->time_s, &scene->arena, &scene->complaint);
}

// It is refused, and it is this check that says so.
static inline void results_check_refused(struct results *scene, const char *name)
{
    vch_status status = results_judge(scene);
    const struct vch_appraisal_check *check = vch_appraisal_find(&scene->result.appraisal, name);

    CHECK(!vch_is_ok(status));
    CHECK(scene->complaint.text[0] != '\0');
    CHECK(scene->result.word == VCH_RESULT_CONTRAINDICATED);
    CHECK(check != NULL && check->result == VCH_APPRAISAL_FAILED);
}

// The block and the response as they are kept.
static inline size_t results_record(struct results *scene, uint8_t out[RESULTS_RECORD_ROOM])
{
    static uint8_t response[RESULTS_RECORD_ROOM];
    struct vch_record record = {.binder = scene->bytes, .response = response};
    size_t size = 0;

    CHECK_OK(vch_exchange_encode_response(response, sizeof response, &record.response_size,
                                          &scene->response));
    CHECK_OK(vch_record_encode(out, RESULTS_RECORD_ROOM, &size, &record));
    return size;
}
