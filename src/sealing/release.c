#include "sealing/release.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

static const char magic[] = "VOUCH-SEAL-ENTRY";

enum {
    VERSION = 2,
    AT_VERSION = 16,
    AT_INDEX = 24,
    AT_PREVIOUS = 32,
    AT_WHAT = 64,
    AT_TIME = 72,
    AT_MODEL = 80,
    AT_COUNTER = 112,
    AT_MANIFEST = 120,
    AT_KEY_CHECK = 152,
    AT_NODE = 184,
    AT_SEALING_KEY = 216,
    AT_BLOCK = 248,
    AT_POLICY = 280,
    AT_VERDICT = 312,
    AT_EXPIRY = 344,
    AT_WRITER = 352,
    AT_SIGNATURE = 384,
};
_Static_assert(AT_SIGNATURE + VCH_SIGN_SIGNATURE_SIZE == VCH_RELEASE_SIZE, "the layout");

static void encode(uint8_t out[static VCH_RELEASE_SIZE], const struct vch_release *release)
{
    memcpy(out, magic, AT_VERSION);
    vch_put_u64le(out + AT_VERSION, VERSION);
    vch_put_u64le(out + AT_INDEX, release->index);
    memcpy(out + AT_PREVIOUS, release->previous.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + AT_WHAT, release->what);
    vch_put_u64le(out + AT_TIME, release->time_s);
    memcpy(out + AT_MODEL, release->model.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + AT_COUNTER, release->counter);
    memcpy(out + AT_MANIFEST, release->manifest.bytes, VCH_DIGEST_SIZE);
    memcpy(out + AT_KEY_CHECK, release->key_check.bytes, VCH_DIGEST_SIZE);
    memcpy(out + AT_NODE, release->node.bytes, VCH_SIGN_PUBLIC_SIZE);
    memcpy(out + AT_SEALING_KEY, release->sealing_key, sizeof release->sealing_key);
    memcpy(out + AT_BLOCK, release->block.bytes, VCH_DIGEST_SIZE);
    memcpy(out + AT_POLICY, release->policy.bytes, VCH_DIGEST_SIZE);
    memcpy(out + AT_VERDICT, release->verdict.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + AT_EXPIRY, release->expiry_s);
    memcpy(out + AT_WRITER, release->writer.bytes, VCH_SIGN_PUBLIC_SIZE);
    memcpy(out + AT_SIGNATURE, release->signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
}

static void decode(struct vch_release *out, const uint8_t bytes[static VCH_RELEASE_SIZE])
{
    out->index = vch_get_u64le(bytes + AT_INDEX);
    memcpy(out->previous.bytes, bytes + AT_PREVIOUS, VCH_DIGEST_SIZE);
    out->what = (enum vch_release_what)bytes[AT_WHAT];
    out->time_s = vch_get_u64le(bytes + AT_TIME);
    memcpy(out->model.bytes, bytes + AT_MODEL, VCH_DIGEST_SIZE);
    out->counter = vch_get_u64le(bytes + AT_COUNTER);
    memcpy(out->manifest.bytes, bytes + AT_MANIFEST, VCH_DIGEST_SIZE);
    memcpy(out->key_check.bytes, bytes + AT_KEY_CHECK, VCH_DIGEST_SIZE);
    memcpy(out->node.bytes, bytes + AT_NODE, VCH_SIGN_PUBLIC_SIZE);
    memcpy(out->sealing_key, bytes + AT_SEALING_KEY, sizeof out->sealing_key);
    memcpy(out->block.bytes, bytes + AT_BLOCK, VCH_DIGEST_SIZE);
    memcpy(out->policy.bytes, bytes + AT_POLICY, VCH_DIGEST_SIZE);
    memcpy(out->verdict.bytes, bytes + AT_VERDICT, VCH_DIGEST_SIZE);
    out->expiry_s = vch_get_u64le(bytes + AT_EXPIRY);
    memcpy(out->writer.bytes, bytes + AT_WRITER, VCH_SIGN_PUBLIC_SIZE);
    memcpy(out->signature.bytes, bytes + AT_SIGNATURE, VCH_SIGN_SIGNATURE_SIZE);
}

// Of a grant all of its fields say something, of anything else none.
static bool says_something(const struct vch_release *release,
                           const uint8_t bytes[static VCH_RELEASE_SIZE])
{
    if (release->counter == 0 || vch_is_zero(bytes + AT_MANIFEST, VCH_DIGEST_SIZE) ||
        vch_is_zero(bytes + AT_KEY_CHECK, VCH_DIGEST_SIZE))
        return false;
    if (release->what == VCH_RELEASE_SEALED)
        return vch_is_zero(bytes + AT_NODE, AT_WRITER - AT_NODE);
    for (size_t at = AT_NODE; at < AT_EXPIRY; at += VCH_DIGEST_SIZE)
        if (vch_is_zero(bytes + at, VCH_DIGEST_SIZE)) return false;
    return release->what == VCH_RELEASE_GRANTED && release->expiry_s > release->time_s;
}

static struct vch_digest digest_until(const char *protocol, const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, protocol);
    vch_transcript_absorb(&transcript, "record", bytes, size);
    return vch_transcript_final(&transcript);
}

static void advance(struct vch_release_log *log, const uint8_t bytes[static VCH_RELEASE_SIZE])
{
    log->count++;
    log->head = digest_until("vouch/release-log/v2", bytes, VCH_RELEASE_SIZE);
}

vch_status vch_release_append(struct vch_release_log *log, uint8_t out[static VCH_RELEASE_SIZE],
                              const struct vch_release *release,
                              const struct vch_secret_key *writer)
{
    struct vch_release record = *release;

    record.index = log->count;
    record.previous = log->head;
    record.writer = writer->public_key;
    encode(out, &record);
    if (!says_something(&record, out)) return VCH_FAIL(USAGE);
    const struct vch_digest digest = digest_until("vouch/release/v2", out, AT_SIGNATURE);
    vch_sign_digest(&record.signature, writer, &digest);
    encode(out, &record);
    advance(log, out);
    return VCH_OK;
}

vch_status vch_release_check_start(const uint8_t *bytes, size_t size,
                                   struct vch_complaint *complaint)
{
    const size_t named = size < AT_VERSION ? size : AT_VERSION;
    uint8_t version[8];

    vch_put_u64le(version, VERSION);
    if (vch_is_zero(bytes, size)) return VCH_OK;
    if (memcmp(bytes, magic, named) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "this is no log of releases: expected records that begin with %s",
                            magic);
    const size_t told = size < AT_INDEX ? size - named : sizeof version;
    if (memcmp(bytes + named, version, told) == 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "expected a log of releases of version %d, whose records say which data "
                        "key they are about; found another version: keep it, and begin a log "
                        "elsewhere (--log), with a --counter above its last",
                        VERSION);
}

static vch_status check_place(const struct vch_release_log *log, const struct vch_release *release,
                              const uint8_t bytes[static VCH_RELEASE_SIZE],
                              struct vch_complaint *complaint)
{
    VCH_TRY(vch_release_check_start(bytes, VCH_RELEASE_SIZE, complaint));
    if (vch_get_u64le(bytes + AT_WHAT) != (uint64_t)release->what ||
        !says_something(release, bytes))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "record %" PRIu64 " is none of a log of releases of version %d",
                            log->count, VERSION);
    if (release->index != log->count || !vch_hash_is_equal(&release->previous, &log->head))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "record %" PRIu64 " does not follow the one before it: the log was "
                            "altered, or put together from others",
                            log->count);
    return VCH_OK;
}

vch_status vch_release_follow(struct vch_release_log *log, struct vch_release *out,
                              const uint8_t bytes[static VCH_RELEASE_SIZE],
                              const struct vch_public_key *writer, struct vch_complaint *complaint)
{
    decode(out, bytes);
    VCH_TRY(check_place(log, out, bytes, complaint));
    const struct vch_digest digest = digest_until("vouch/release/v2", bytes, AT_SIGNATURE);
    if (!vch_is_ok(vch_sign_verify(&out->writer, &digest, &out->signature)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "record %" PRIu64 " is not signed by whom it names", log->count);
    if (writer != NULL && memcmp(writer->bytes, out->writer.bytes, sizeof writer->bytes) != 0)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "record %" PRIu64 " was written by another key than the one given",
                            log->count);
    advance(log, bytes);
    return VCH_OK;
}

struct vch_release vch_release_of(const struct vch_sealed *sealed, enum vch_release_what what,
                                  uint64_t time_s)
{
    return (struct vch_release){.what = what,
                                .time_s = time_s,
                                .model = sealed->model,
                                .counter = sealed->counter,
                                .manifest = vch_sealed_digest(sealed),
                                .key_check = sealed->key_check};
}

const char *vch_release_what_text(enum vch_release_what what)
{
    return what == VCH_RELEASE_SEALED ? "sealed" : "released";
}
