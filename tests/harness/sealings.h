// Weights of two chunks and a bit, sealed by an owner for tests; and an end that was found good.
#pragma once

#include <string.h>

#include "attest/binder.h"
#include "evidence/appraisal.h"
#include "harness/test.h"
#include "sealing/chunks.h"
#include "sealing/grant.h"

enum {
    SEALING_CHUNKS = 3,
    SEALING_SIZE = 2 * (int)VCH_SEALED_CHUNK_SIZE + 1000,
    SEALING_ROOM = (int)VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE,
};

struct sealing {
    struct vch_secret_key owner;
    uint8_t key[VCH_SEALED_KEY_SIZE];
    struct vch_sealed sealed;
    struct vch_digest digests[SEALING_CHUNKS];
    uint8_t chunks[SEALING_CHUNKS][SEALING_ROOM];
    size_t sizes[SEALING_CHUNKS]; // of the sealed chunks
};

static inline void sealing_fill(void *out, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)(first + i);
}

// Byte i of the weights.
static inline uint8_t sealing_weight(size_t i)
{
    return (uint8_t)(i * 7 + (i >> 8));
}

static inline void sealing_chunks(struct sealing *out)
{
    static uint8_t weights[VCH_SEALED_CHUNK_SIZE];
    struct vch_chunks sealer;

    CHECK_OK(vch_chunks_init_sealer(&sealer, &out->sealed, out->key, out->digests));
    for (size_t i = 0; i < vch_sealed_chunk_count(&out->sealed); i++) {
        size_t size = vch_sealed_chunk_size(&out->sealed, i);
        for (size_t k = 0; k < size; k++)
            weights[k] = sealing_weight(i * VCH_SEALED_CHUNK_SIZE + k);
        CHECK_OK(vch_chunks_seal(&sealer, out->chunks[i], weights, size));
        out->sizes[i] = size + VCH_SEALED_TAG_SIZE;
    }
    CHECK_OK(vch_chunks_root(&out->sealed.root, &sealer));
}

// `size` bytes of weights: SEALING_SIZE at most.
static inline void sealing_make(struct sealing *out, uint64_t size, uint64_t counter)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    memset(out, 0, sizeof *out);
    sealing_fill(seed, sizeof seed, 0);
    vch_sign_key(&out->owner, seed);
    sealing_fill(out->key, sizeof out->key, 0x20);
    sealing_fill(out->sealed.model.bytes, 32, 0x40);
    sealing_fill(out->sealed.licence.bytes, 32, 0x60);
    sealing_fill(out->sealed.start, sizeof out->sealed.start, 0x80);
    out->sealed.counter = counter;
    out->sealed.size = size;
    out->sealed.owner = out->owner.public_key;
    out->sealed.key_check = vch_sealed_key_check(out->key);
    sealing_chunks(out);
    CHECK_OK(vch_sealed_sign(&out->sealed, &out->owner));
}

// What an end showed that has `secret`, and what was found.
struct showing {
    struct vch_hpke_secret secret;
    struct vch_binder bound;
    uint8_t binder[VCH_BINDER_SIZE];
    struct vch_appraisal verdict;
};

static inline void showing_judge(struct showing *out)
{
    uint8_t report[VCH_BINDER_REPORT_SIZE];

    CHECK_OK(vch_binder_encode(out->binder, &out->bound));
    vch_binder_report(report, out->binder);
    vch_appraisal_init(&out->verdict);
    CHECK(vch_appraisal_check(&out->verdict, "snp.signature", true, "%s", ""));
    CHECK(vch_binder_check(&out->verdict, out->binder, report, sizeof report));
}

static inline void showing_make(struct showing *out)
{
    uint8_t seed[VCH_HPKE_SEED_SIZE];

    memset(out, 0, sizeof *out);
    sealing_fill(seed, sizeof seed, 0xa0);
    vch_hpke_key(&out->secret, seed);
    out->bound.mode = VCH_BINDER_CHANNEL;
    out->bound.role = VCH_BINDER_SERVER;
    out->bound.kind = VCH_BINDER_SNP;
    sealing_fill(out->bound.nonce, 32, 1);
    sealing_fill(out->bound.exporter, 32, 2);
    sealing_fill(out->bound.own.bytes, 32, 3);
    sealing_fill(out->bound.node, 32, 4);
    sealing_fill(out->bound.facts.bytes, 32, 5);
    sealing_fill(out->bound.policy.bytes, 32, 0xe0);
    memcpy(out->bound.sealing_key, out->secret.public_key.bytes, 32);
    showing_judge(out);
}
