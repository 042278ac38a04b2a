// An Intel made here: platforms, quotes and collateral under a root made here, all of it signed, so
// that one lie at a time can be told. Its root counts because it is handed in, and only then.
// Whoever includes this links the library `authority`.
#pragma once

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/authority.h"
#include "harness/dcap.h"
#include "harness/dcap_set.h"

enum { INTEL_START = 1700000000, INTEL_NOW = 1751328000, INTEL_END = 1800000000 };
enum { INTEL_ROOT, INTEL_PLATFORM, INTEL_PCK, INTEL_SIGNER, INTEL_AUTHORITIES };
#define INTEL_DATES \
    "\"issueDate\":\"2025-06-19T00:00:00Z\",\"nextUpdate\":\"2025-07-19T00:00:00Z\","

// What is told; intel_honest has the truth.
struct intel_plan {
    unsigned form;           // index of dcap_forms
    uint8_t quoting_signer;  // every byte of the quoting enclave's MRSIGNER
    uint8_t quoting_product; // 2 of TD_QE, 1 of QE
    uint8_t quoting_svn;     // Intel says: 8 is the status below, 4 is OutOfDate, 1 Revoked
    uint8_t module_major, module_minor;
    uint8_t module_signer;     // every byte of MRSIGNERSEAM; Intel says 0x33
    uint8_t module_attributes; // the lowest byte; Intel says 0
    uint8_t pce_svn;           // that the best level asks for; the platform has 11
    const char *platform_status, *module_status, *quoting_status; // of the best level of each
    const char *pce_id;      // of the TCB Info; the platform's is 0000
    const char *identity_id; // NULL: as the quote's kind asks for
    unsigned evaluation;
    bool is_vendor_another;         // of the quoting enclave, in the quote's head
    bool is_authentication_altered; // after it was hashed
    uint8_t module_minor_now;       // of version 5, after updates; 0: as it was
    unsigned tcb_info_form; // whose TCB Info it is: index of dcap_forms, plus 1; 0: the quote's
    bool is_key_unbound;    // the quoting enclave vouches for another key
    bool is_migratable;     // the domain
    uint16_t enclave_at;    // of the enclave's report: the place of a byte that is another; 0: none
    uint8_t enclave_byte;   // that byte; 0: it is 1
    long revoked_by_root,
        revoked_by_platform; // serials: 2 the platform's authority, 3 PCK, 4 signer
};

static const struct intel_plan intel_honest = {
    .form = 2, // version 4, TDX
    .quoting_signer = 0xdc,
    .quoting_product = 2,
    .quoting_svn = 8,
    .module_major = 1,
    .module_minor = 5,
    .module_signer = 0x33,
    .pce_svn = 11,
    .platform_status = "UpToDate",
    .module_status = "UpToDate",
    .quoting_status = "UpToDate",
    .pce_id = "0000",
    .evaluation = 17,
};

struct intel {
    struct authority chain[INTEL_AUTHORITIES];
    EVP_PKEY *key; // the quotes'
    uint8_t root[2048];
    uint8_t report_data[64]; // of quotes
    struct dcap_set set;
};

static inline void intel_extend_pck(X509 *certificate)
{
    uint8_t value[1024];
    size_t size = dcap_pck(value);

    authority_extend(certificate, VCH_DCAP_PCK_OID, value, size);
}

static inline void intel_issue(struct intel *intel)
{
    static const struct {
        const char *name;
        int issuer;
    } rows[INTEL_AUTHORITIES] = {{"Intel SGX Root CA", INTEL_ROOT},
                                 {"Intel SGX PCK Platform CA", INTEL_ROOT},
                                 {"Intel SGX PCK Certificate", INTEL_PLATFORM},
                                 {"Intel SGX TCB Signing", INTEL_ROOT}};

    for (int i = 0; i < INTEL_AUTHORITIES; i++) {
        bool is_leaf = i == INTEL_PCK || i == INTEL_SIGNER;
        struct authority_plan plan = {
            .name = rows[i].name,
            .path_length = is_leaf ? AUTHORITY_LEAF : AUTHORITY_ANY_LENGTH,
            .usage = is_leaf ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign",
            .start_s = INTEL_START,
            .end_s = INTEL_END,
            .serial = i + 1,
            .curve = "P-256",
            .extend = i == INTEL_PCK ? intel_extend_pck : NULL,
        };
        authority_issue(&intel->chain[i], i == INTEL_ROOT ? NULL : &intel->chain[rows[i].issuer],
                        &plan);
    }
    intel->key = EVP_EC_gen("P-256");
    CHECK(intel->key != NULL);
}

static inline void intel_release(struct intel *intel)
{
    for (int i = 0; i < INTEL_AUTHORITIES; i++)
        authority_release(&intel->chain[i]);
    EVP_PKEY_free(intel->key);
    intel->key = NULL;
    vch_arena_release(&intel->set.arena);
}

// r and s, 32 bytes each.
static inline void intel_sign(EVP_PKEY *key, const void *bytes, size_t bytes_size, uint8_t *out)
{
    uint8_t der[96];
    const unsigned char *end = der;
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    CHECK_EQ(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    CHECK_EQ(EVP_DigestSign(context, der, &size, bytes, bytes_size), 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &end, (long)size);
    CHECK_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(numbers), out, 32), 32);
    CHECK_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(numbers), out + 32, 32), 32);
    ECDSA_SIG_free(numbers);
}

static inline size_t intel_pem(const struct intel *intel, const int *which, size_t count,
                               uint8_t *out, size_t room)
{
    BIO *bio = BIO_new(BIO_s_mem());

    for (size_t i = 0; i < count; i++)
        CHECK_EQ(PEM_write_bio_X509(bio, intel->chain[which[i]].certificate), 1);
    int size = BIO_read(bio, out, (int)room);
    CHECK(size > 0 && (size_t)size < room);
    BIO_free(bio);
    return (size_t)size;
}

// {"NAME":VALUE,"signature":"..."} into one of the set's files.
static inline void intel_publish(struct intel *intel, int file, const char *name, const char *value)
{
    static char text[DCAP_FILE_MAX];
    uint8_t signature[64];
    char hex[129];

    intel_sign(intel->chain[INTEL_SIGNER].key, value, strlen(value), signature);
    vch_hex_encode(hex, signature, sizeof signature);
    int size = snprintf(text, sizeof text, "{\"%s\":%s,\"signature\":\"%s\"}", name, value, hex);
    CHECK(size > 0 && (size_t)size < sizeof text);
    dcap_set_file(&intel->set, file, text, (size_t)size);
}

__attribute__((format(printf, 2, 3))) static inline void intel_add(char *text, const char *format,
                                                                   ...)
{
    enum { ROOM = DCAP_FILE_MAX / 2 };
    size_t size = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    int more = vsnprintf(text + size, ROOM - size, format, arguments);
    va_end(arguments);
    CHECK(more >= 0 && size + (size_t)more < ROOM);
}

static inline void intel_add_filled(char *text, const char *name, uint8_t value, size_t size)
{
    intel_add(text, "\"%s\":\"", name);
    for (size_t i = 0; i < size; i++)
        intel_add(text, "%02X", value);
    intel_add(text, "\",");
}

static inline void intel_add_components(char *text, const char *name, unsigned first)
{
    intel_add(text, "\"%s\":[{\"svn\":%u}", name, first);
    for (unsigned i = 1; i < 16; i++)
        intel_add(text, ",{\"svn\":0}");
    intel_add(text, "]");
}

static inline void intel_add_level(char *text, const char *what, unsigned svn, const char *status)
{
    intel_add(text,
              "{\"tcb\":{\"%s\":%u},\"tcbDate\":\"2025-03-13T00:00:00Z\",\"tcbStatus\":\"%s\"}",
              what, svn, status);
}

static inline void intel_add_platform(char *text, bool is_tdx, unsigned pce_svn, const char *status)
{
    intel_add(text, "{\"tcb\":{");
    intel_add_components(text, "sgxtcbcomponents", 1);
    intel_add(text, ",\"pcesvn\":%u", pce_svn);
    if (is_tdx) intel_add(text, ",");
    if (is_tdx) intel_add_components(text, "tdxtcbcomponents", 0);
    intel_add(text, "},\"tcbDate\":\"2025-03-13T00:00:00Z\",\"tcbStatus\":\"%s\"}", status);
}

static inline void intel_publish_tcb_info(struct intel *intel, const struct intel_plan *plan)
{
    static char text[DCAP_FILE_MAX / 2];
    unsigned form = plan->tcb_info_form > 0 ? plan->tcb_info_form - 1 : plan->form;
    bool is_tdx = dcap_forms[form].tee != 0;

    text[0] = '\0';
    intel_add(text, "{\"id\":\"%s\",\"version\":3," INTEL_DATES "\"fmspc\":\"F0F1F2F3F4F5\",",
              is_tdx ? "TDX" : "SGX");
    intel_add(text, "\"pceId\":\"%s\",\"tcbType\":0,\"tcbEvaluationDataNumber\":%u,", plan->pce_id,
              plan->evaluation);
    if (is_tdx) {
        intel_add(text, "\"tdxModule\":{");
        intel_add_filled(text, "mrsigner", 0x33, 48);
        intel_add(text, "\"attributes\":\"0000000000000000\",\"attributesMask\":"
                        "\"FFFFFFFFFFFFFFFF\"},\"tdxModuleIdentities\":[{\"id\":\"TDX_01\",");
        intel_add_filled(text, "mrsigner", 0x33, 48);
        intel_add(text, "\"attributes\":\"0000000000000000\",\"attributesMask\":"
                        "\"FFFFFFFFFFFFFFFF\",\"tcbLevels\":[");
        intel_add_level(text, "isvsvn", 5, plan->module_status);
        intel_add(text, ",");
        intel_add_level(text, "isvsvn", 2, "OutOfDate");
        intel_add(text, "]}],");
    }
    intel_add(text, "\"tcbLevels\":[");
    intel_add_platform(text, is_tdx, plan->pce_svn, plan->platform_status);
    intel_add(text, ",");
    intel_add_platform(text, is_tdx, 5, "OutOfDate");
    intel_add(text, "]}");
    intel_publish(intel, DCAP_TCB_INFO, "tcbInfo", text);
}

static inline void intel_publish_identity(struct intel *intel, const struct intel_plan *plan)
{
    static char text[DCAP_FILE_MAX / 2];
    bool is_tdx = dcap_forms[plan->form].tee != 0;
    const char *id = plan->identity_id != NULL ? plan->identity_id : is_tdx ? "TD_QE" : "QE";

    text[0] = '\0';
    intel_add(text,
              "{\"id\":\"%s\",\"version\":2," INTEL_DATES "\"tcbEvaluationDataNumber\":%u,"
              "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\",",
              id, plan->evaluation);
    intel_add(text, "\"attributes\":\"11000000000000000000000000000000\",\"attributesMask\":"
                    "\"FBFFFFFFFFFFFFFF0000000000000000\",");
    intel_add_filled(text, "mrsigner", 0xdc, 32);
    intel_add(text, "\"isvprodid\":%u,\"tcbLevels\":[", is_tdx ? 2 : 1);
    intel_add_level(text, "isvsvn", 8, plan->quoting_status);
    intel_add(text, ",");
    intel_add_level(text, "isvsvn", 4, "OutOfDate");
    intel_add(text, ",");
    intel_add_level(text, "isvsvn", 1, "Revoked");
    intel_add(text, "]}");
    intel_publish(intel, DCAP_IDENTITY, "enclaveIdentity", text);
}

static inline void intel_write_body(uint8_t *body, const struct intel *intel,
                                    const struct intel_plan *plan)
{
    const struct dcap_form *form = &dcap_forms[plan->form];

    memset(body, 0, form->body_size);
    if (form->tee == 0) {
        body[48] = 0x05; // initialised, 64 bits
        memset(body + 64, 0xe1, 32);
        memcpy(body + 320, intel->report_data, 64);
        if (plan->enclave_at > 0)
            body[plan->enclave_at] = plan->enclave_byte != 0 ? plan->enclave_byte : 1;
        return;
    }
    body[0] = plan->module_minor;
    body[1] = plan->module_major;
    memset(body + 64, plan->module_signer, 48);
    body[112] = plan->module_attributes;
    body[123] = plan->is_migratable ? 0x30 : 0x10; // SEPT_VE_DISABLE, perhaps MIGRATABLE
    body[128] = 0xe7;
    memset(body + 136, 0x7d, 48);
    memcpy(body + 520, intel->report_data, 64);
    if (form->body_size > 584) memcpy(body + 584, body, 2);
    if (form->body_size > 584 && plan->module_minor_now > 0) body[584] = plan->module_minor_now;
}

static inline void intel_write_quoting(uint8_t *report, const struct intel_plan *plan,
                                       const uint8_t *key, const uint8_t *authenticated)
{
    uint8_t both[96];

    memset(report, 0, 384);
    report[48] = 0x11;
    memset(report + 128, plan->quoting_signer, 32);
    report[256] = plan->quoting_product;
    report[258] = plan->quoting_svn;
    memcpy(both, key, 64);
    memcpy(both + 64, authenticated, 32);
    if (plan->is_key_unbound) both[0] ^= 1;
    (void)SHA256(both, sizeof both, report + 320);
}

static inline void intel_quote(struct intel *intel, const struct intel_plan *plan)
{
    static const int chain[] = {INTEL_PCK, INTEL_PLATFORM, INTEL_ROOT};
    static uint8_t pem[16384], quote[DCAP_FILE_MAX];
    const struct dcap_form *form = &dcap_forms[plan->form];
    size_t pem_size = intel_pem(intel, chain, 3, pem, sizeof pem), point_size = 65;
    size_t size = dcap_quote(quote, form, (const char *)pem, pem_size);
    uint8_t *body = quote + 48 + (form->version == 5 ? 6 : 0);
    uint8_t *signature = body + form->body_size + 4, *key = signature + 64, point[65];
    uint8_t *report = key + 64 + (form->version > 3 ? 6 : 0), *authenticated = report + 384 + 66;
    static const uint8_t vendor[] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                     0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

    memcpy(quote + 12, vendor, sizeof vendor);
    intel_write_body(body, intel, plan);
    CHECK_EQ(EVP_PKEY_get_octet_string_param(intel->key, "pub", point, sizeof point, &point_size),
             1);
    memcpy(key, point + 1, 64);
    intel_write_quoting(report, plan, key, authenticated);
    intel_sign(intel->chain[INTEL_PCK].key, report, 384, report + 384);
    if (plan->is_authentication_altered) authenticated[31] ^= 1;
    if (plan->is_vendor_another) quote[12] ^= 1;
    intel_sign(intel->key, quote, (size_t)(body - quote) + form->body_size, signature);
    dcap_set_file(&intel->set, DCAP_QUOTE, quote, size);
}

// Everything as planned, and a question that asks for just it.
static inline void intel_make(struct intel *intel, const struct intel_plan *plan)
{
    static const int signer[] = {INTEL_SIGNER};
    struct dcap_set *set = &intel->set;
    uint8_t bytes[4096];

    if (intel->key == NULL) intel_issue(intel);
    intel_quote(intel, plan);
    intel_publish_tcb_info(intel, plan);
    intel_publish_identity(intel, plan);
    dcap_set_file(set, DCAP_SIGNER, bytes, intel_pem(intel, signer, 1, bytes, sizeof bytes));
    dcap_set_file(set, DCAP_ROOT_CRL, bytes,
                  authority_revoke(&intel->chain[INTEL_ROOT], &plan->revoked_by_root, 1,
                                   INTEL_START, INTEL_END, bytes, sizeof bytes));
    dcap_set_file(set, DCAP_PCK_CRL, bytes,
                  authority_revoke(&intel->chain[INTEL_PLATFORM], &plan->revoked_by_platform, 1,
                                   INTEL_START, INTEL_END, bytes, sizeof bytes));
    size_t size = authority_der(&intel->chain[INTEL_ROOT], intel->root, sizeof intel->root);
    set->question = (struct vch_dcap_question){.root = {intel->root, size}, .time_s = INTEL_NOW};
    dcap_set_own(set);
}

// Report data of the caller's own, before intel_make.
static inline void intel_bind(struct intel *intel, const uint8_t report_data[64])
{
    memcpy(intel->report_data, report_data, 64);
}
