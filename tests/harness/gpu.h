// A GPU made here, under a root made here, which counts because it is handed in and only then.
// Whoever includes this links the library `authority`.
#pragma once

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/gpu.h"
#include "harness/authority.h"
#include "harness/test.h"

enum { GPU_START = 1700000000, GPU_NOW = 1750000000, GPU_END = 1800000000 };
enum { GPU_MEASUREMENTS = 64, GPU_REPORT_MAX = 8192, GPU_PEM_MAX = 16384, GPU_CHAIN = 4 };
enum { GPU_KEY, GPU_DEVICE, GPU_LINE, GPU_ROOT };

struct gpu {
    struct authority chain[GPU_CHAIN];
    const char *names[GPU_CHAIN]; // common names
    uint8_t root[2048], report[GPU_REPORT_MAX], pem[GPU_PEM_MAX];
    size_t root_size, report_size, pem_size;
    uint8_t firmware_id[48]; // what the report says
    uint8_t composite[512];  // what the certificate says; made where its size is 0
    size_t composite_size;
    uint8_t nonce[32];
};

static struct gpu *gpu_at; // for the extension of a certificate that is being made

static inline void gpu_write_composite(struct gpu *gpu)
{
    static const uint8_t head[] = {0x30, 0x81, 0xba, 0x02, 0x01, 0x01};
    static const uint8_t middle[] = {0x30, 0x3d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x02, 0x04, 0x30};
    unsigned char *end = gpu->composite + sizeof head;

    memcpy(gpu->composite, head, sizeof head);
    CHECK_EQ(i2d_PUBKEY(gpu->chain[GPU_DEVICE].key, &end), 120);
    memcpy(end, middle, sizeof middle);
    memcpy(end + sizeof middle, gpu->firmware_id, sizeof gpu->firmware_id);
    gpu->composite_size = (size_t)(end - gpu->composite) + sizeof middle + sizeof gpu->firmware_id;
}

static inline void gpu_extend(X509 *certificate)
{
    authority_extend(certificate, "2.23.133.5.4.1", gpu_at->composite, gpu_at->composite_size);
}

// The first so many of the chain.
static inline void gpu_write_pem(struct gpu *gpu, unsigned count)
{
    BIO *out = BIO_new(BIO_s_mem());

    for (unsigned i = 0; i < count; i++)
        CHECK_EQ(PEM_write_bio_X509(out, gpu->chain[i].certificate), 1);
    int size = BIO_read(out, gpu->pem, sizeof gpu->pem);
    CHECK(size > 0 && size < GPU_PEM_MAX);
    gpu->pem_size = (size_t)size;
    BIO_free(out);
}

// Keys and certificates anew, from this one down.
static inline void gpu_issue(struct gpu *gpu, unsigned highest)
{
    struct authority_plan plan = {.path_length = AUTHORITY_ANY_LENGTH,
                                  .usage = "critical,keyCertSign",
                                  .start_s = GPU_START,
                                  .end_s = GPU_END,
                                  .curve = "P-384"};

    for (unsigned i = highest + 1; i-- > 0;) {
        plan.name = gpu->names[i];
        plan.serial = i + 1;
        if (i == GPU_KEY) {
            gpu_at = gpu;
            if (gpu->composite_size == 0) gpu_write_composite(gpu);
            plan.path_length = AUTHORITY_LEAF;
            plan.usage = "critical,digitalSignature";
            plan.extend = gpu_extend;
        }
        authority_release(&gpu->chain[i]);
        authority_issue(&gpu->chain[i], i == GPU_ROOT ? NULL : &gpu->chain[i + 1], &plan);
    }
    gpu->root_size = authority_der(&gpu->chain[GPU_ROOT], gpu->root, sizeof gpu->root);
    gpu_write_pem(gpu, GPU_CHAIN);
}

// Signs what stands in the report, but for its last 96 bytes.
static inline void gpu_sign(struct gpu *gpu)
{
    uint8_t der[160], *signature = gpu->report + gpu->report_size - 96;
    const unsigned char *end = der;
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    CHECK_EQ(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, gpu->chain[GPU_KEY].key), 1);
    CHECK_EQ(EVP_DigestSign(context, der, &size, gpu->report, gpu->report_size - 96), 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &end, (long)size);
    CHECK_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, 48), 48);
    CHECK_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + 48, 48), 48);
    ECDSA_SIG_free(numbers);
}

static inline void gpu_put(struct gpu *gpu, const void *bytes, size_t size)
{
    CHECK(gpu->report_size + size <= sizeof gpu->report);
    memcpy(gpu->report + gpu->report_size, bytes, size);
    gpu->report_size += size;
}

static inline void gpu_put_field(struct gpu *gpu, uint8_t kind, const void *value, uint8_t size)
{
    const uint8_t head[] = {kind, 0, size, 0};

    gpu_put(gpu, head, sizeof head);
    gpu_put(gpu, value, size);
}

// Where the size of the fields stands in a report of 64 measurements.
enum { GPU_BLOCKS_AT = 37 + 8, GPU_FIELDS_AT = GPU_BLOCKS_AT + 55 * GPU_MEASUREMENTS + 32 };

static inline void gpu_report(struct gpu *gpu)
{
    static const uint8_t asks[] = {0x11, 0xe0, 0x01, 0xff}, answers[] = {0x11, 0x60, 0, 0, 64},
                         vbios[8] = {1, 2, 3, 0x96, 5}, zeroes[96] = {0};
    const uint32_t length = 55 * GPU_MEASUREMENTS;

    gpu->report_size = 0;
    gpu_put(gpu, asks, sizeof asks);
    gpu_put(gpu, gpu->nonce, sizeof gpu->nonce);
    gpu_put(gpu, zeroes, 1);
    gpu_put(gpu, answers, sizeof answers);
    gpu_put(gpu, (uint8_t[]){(uint8_t)length, (uint8_t)(length >> 8), 0}, 3);
    for (uint8_t i = 1; i <= GPU_MEASUREMENTS; i++) {
        const uint8_t head[] = {i, 1, 51, 0, 1, 48, 0};
        uint8_t hash[48];
        memset(hash, i, sizeof hash);
        gpu_put(gpu, head, sizeof head);
        gpu_put(gpu, hash, sizeof hash);
    }
    gpu_put(gpu, zeroes, 32);
    gpu_put(gpu, zeroes, 2);
    gpu_put_field(gpu, 6, vbios, sizeof vbios);
    gpu_put_field(gpu, 3, "550.90.07", 10);
    gpu_put_field(gpu, 12, zeroes, 16);
    gpu_put_field(gpu, 20, gpu->firmware_id, sizeof gpu->firmware_id);
    size_t fields = gpu->report_size - GPU_FIELDS_AT - 2;
    gpu->report[GPU_FIELDS_AT] = (uint8_t)fields;
    gpu->report[GPU_FIELDS_AT + 1] = (uint8_t)(fields >> 8);
    gpu_put(gpu, zeroes, sizeof zeroes);
    gpu_sign(gpu);
}

// A Hopper that answers this nonce.
static inline void gpu_make(struct gpu *gpu, const uint8_t nonce[32])
{
    gpu->names[GPU_KEY] = "GH100 A01 GSP FMC LF";
    gpu->names[GPU_DEVICE] = "GH100 A01 GSP BROM";
    gpu->names[GPU_LINE] = "NVIDIA GH100 Identity";
    gpu->names[GPU_ROOT] = "NVIDIA Device Identity CA";
    memset(gpu->firmware_id, 0xf1, sizeof gpu->firmware_id);
    memcpy(gpu->nonce, nonce, sizeof gpu->nonce);
    gpu->composite_size = 0;
    gpu_issue(gpu, GPU_ROOT);
    gpu_report(gpu);
}

static inline void gpu_release(struct gpu *gpu)
{
    for (unsigned i = 0; i < GPU_CHAIN; i++)
        authority_release(&gpu->chain[i]);
}

static inline struct vch_gpu_evidence gpu_evidence(const struct gpu *gpu)
{
    return (struct vch_gpu_evidence){{gpu->report, gpu->report_size}, {gpu->pem, gpu->pem_size}};
}

// What a verifier asks that believes in this root and expects this GPU.
static inline struct vch_gpu_question gpu_question(const struct gpu *gpu)
{
    struct vch_gpu_question question = {.root = {gpu->root, gpu->root_size}, .time_s = GPU_NOW};
    const struct vch_certificate_bytes chain = {gpu->pem, gpu->pem_size};
    struct vch_gpu_identity identity;

    CHECK_OK(vch_gpu_identify(&identity, &chain, NULL));
    question.key = identity.key;
    memcpy(question.nonce, gpu->nonce, sizeof question.nonce);
    return question;
}
