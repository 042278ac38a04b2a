#include "audit/audit_key.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

enum { VERSION = 1, AT_TESTS = 16, AT_SECRET = 24, AT_SUM = VCH_AUDIT_KEY_SIZE - VCH_DIGEST_SIZE };

// Finds damage, which would otherwise pass for a count.
static struct vch_digest sum_of(const uint8_t *bytes)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/audit-key/v1");
    vch_transcript_absorb(&transcript, "key", bytes, AT_SUM);
    return vch_transcript_final(&transcript);
}

void vch_audit_key_encode(uint8_t out[static VCH_AUDIT_KEY_SIZE], const struct vch_audit_key *key)
{
    memcpy(out, VCH_AUDIT_KEY_MAGIC, 8);
    vch_put_u32le(out + 8, VERSION);
    vch_put_u32le(out + 12, 0);
    vch_put_u64le(out + AT_TESTS, key->tests);
    memcpy(out + AT_SECRET, key->secret, sizeof key->secret);
    const struct vch_digest sum = sum_of(out);
    memcpy(out + AT_SUM, sum.bytes, sizeof sum.bytes);
}

static vch_status check(const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    if (size < VCH_AUDIT_KEY_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "an auditor's key has %d bytes; this file has %zu", VCH_AUDIT_KEY_SIZE,
                            size);
    if (memcmp(bytes, VCH_AUDIT_KEY_MAGIC, 8) != 0 || size > VCH_AUDIT_KEY_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "this is no auditor's key");
    if (vch_get_u32le(bytes + 8) != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the auditor's key has version %u; this program reads version %d",
                            vch_get_u32le(bytes + 8), VERSION);
    const struct vch_digest sum = sum_of(bytes);
    if (!vch_is_equal(sum.bytes, bytes + AT_SUM, sizeof sum.bytes) ||
        vch_get_u32le(bytes + 12) != 0 || vch_get_u64le(bytes + AT_TESTS) > VCH_AUDIT_KEY_TESTS_MAX)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the auditor's key is damaged, and with it the count of its tests: "
                            "delete it, and the next audit makes a new one");
    return VCH_OK;
}

vch_status vch_audit_key_decode(struct vch_audit_key *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint)
{
    VCH_TRY(check(bytes, size, complaint));
    out->tests = vch_get_u64le(bytes + AT_TESTS);
    memcpy(out->secret, bytes + AT_SECRET, sizeof out->secret);
    return VCH_OK;
}

vch_status vch_audit_key_take(struct vch_audit_key *key, uint64_t tests,
                              struct vch_complaint *complaint)
{
    if (tests > VCH_AUDIT_KEY_TESTS_MAX - key->tests)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this auditor's key has made %llu of its %d tests, and the audit takes "
                            "%llu: delete it, and the next audit makes a new one",
                            (unsigned long long)key->tests, VCH_AUDIT_KEY_TESTS_MAX,
                            (unsigned long long)tests);
    key->tests += tests;
    return VCH_OK;
}
