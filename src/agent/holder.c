#include "agent/holder.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/derive.h"
#include "crypto/identity.h"
#include "crypto/keyfile.h"
#include "sealing/grant.h"

_Static_assert(VCH_REQUEST_GRANT_SIZE ==
                   VCH_GRANT_SIZE + VCH_BINDER_SIZE + VCH_SEALED_MANIFEST_SIZE,
               "a request's parts");

void vch_holder_init(struct vch_holder *holder, struct vch_holder_keys *keys,
                     const struct vch_unsealer_rules *rules,
                     const uint8_t seed[static VCH_HPKE_SEED_SIZE])
{
    *holder = (struct vch_holder){.keys = keys};
    holder->unsealer = vch_unsealer_local(&keys->sealing, rules, seed);
}

void vch_holder_release(struct vch_holder *holder)
{
    free(holder->digests);
    holder->digests = NULL;
    vch_wipe(holder->keys, sizeof *holder->keys);
}

// A request, within the sizes of its kind, and where its answer goes.
struct ask {
    struct vch_holder *holder;
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t room, *size;
    struct vch_complaint *complaint;
};

static vch_status put(const struct ask *ask, const void *bytes, size_t size)
{
    if (size > ask->room) return VCH_FAIL(LIMIT);
    memcpy(ask->out, bytes, size);
    *ask->size = size;
    return VCH_OK;
}

static vch_status need_identity(const struct ask *ask)
{
    if (ask->holder->has_identity) return VCH_OK;
    return vch_complain(ask->complaint, VCH_CODE_UNAVAILABLE,
                        "the key agent was given no identity yet");
}

// Keys are loaded before strangers are heard: whoever takes the node over later loads none of its
// own, and tries no passphrase.
static vch_status once(const struct ask *ask, bool has)
{
    if (!has && !ask->holder->is_serving) return VCH_OK;
    return vch_complain(ask->complaint, VCH_CODE_USAGE,
                        "the key agent has that key already, or is at work: keys are loaded once, "
                        "and first");
}

static vch_status check_ledger(const struct ask *ask, const uint8_t *ledger)
{
    if (ask->holder->has_vrf && memcmp(ledger, ask->holder->ledger.bytes, VCH_DIGEST_SIZE) == 0)
        return VCH_OK;
    return vch_complain(ask->complaint, VCH_CODE_REFUSED,
                        "the key agent works for the ledger that it was started for alone");
}

// Behind a key file, which has something before it, is the passphrase; which is made a string.
static const char *passphrase_of(uint8_t out[static VCH_REQUEST_PASSPHRASE_MAX + 1],
                                 const struct ask *ask, size_t before)
{
    size_t size = ask->in_size - before - VCH_KEYFILE_SIZE;

    memcpy(out, ask->in + before + VCH_KEYFILE_SIZE, size);
    out[size] = '\0';
    return (const char *)out;
}

static vch_status load(const struct ask *ask)
{
    uint8_t passphrase[VCH_REQUEST_PASSPHRASE_MAX + 1];
    struct vch_secret_key *key = &ask->holder->keys->identity;

    VCH_TRY(once(ask, ask->holder->has_identity));
    vch_status status = vch_keyfile_decode(key, ask->in, VCH_KEYFILE_SIZE,
                                           passphrase_of(passphrase, ask, 0), ask->complaint);
    vch_wipe(passphrase, sizeof passphrase);
    VCH_TRY(status);
    ask->holder->has_identity = true;
    return put(ask, &key->public_key, sizeof key->public_key);
}

static vch_status load_vrf(const struct ask *ask)
{
    uint8_t passphrase[VCH_REQUEST_PASSPHRASE_MAX + 1];
    struct vch_vrf_secret *key = &ask->holder->keys->vrf;

    VCH_TRY(need_identity(ask));
    VCH_TRY(once(ask, ask->holder->has_vrf));
    vch_status status =
        vch_keyfile_decode_vrf(key, ask->in + VCH_DIGEST_SIZE, VCH_KEYFILE_SIZE,
                               passphrase_of(passphrase, ask, VCH_DIGEST_SIZE), ask->complaint);
    vch_wipe(passphrase, sizeof passphrase);
    VCH_TRY(status);
    memcpy(ask->holder->ledger.bytes, ask->in, VCH_DIGEST_SIZE);
    ask->holder->has_vrf = true;
    return put(ask, &key->public_key, sizeof key->public_key);
}

static vch_status sign(const struct ask *ask)
{
    const struct vch_secret_key *key = &ask->holder->keys->identity;
    const struct vch_request_signer signer = {&key->public_key,
                                              ask->holder->has_vrf ? &ask->holder->ledger : NULL};
    struct vch_request_text text;
    struct vch_signature signature;

    VCH_TRY(need_identity(ask));
    VCH_TRY(vch_request_decode_text(&text, ask->in, ask->in_size, &signer, ask->complaint));
    const struct vch_digest digest = vch_signer_digest(text.protocol, text.items, text.count);
    vch_sign_digest(&signature, key, &digest);
    return put(ask, &signature, sizeof signature);
}

static vch_status sign_tls(const struct ask *ask)
{
    const struct vch_secret_key *key = &ask->holder->keys->identity;
    struct vch_signature signature;

    VCH_TRY(need_identity(ask));
    if (!vch_is_ok(vch_identity_check_message(ask->in, ask->in_size, &key->public_key)))
        return vch_complain(ask->complaint, VCH_CODE_REFUSED,
                            "the key agent signs handshakes of TLS 1.3, and this is none");
    vch_sign_bare_message(&signature, key, ask->in, ask->in_size);
    return put(ask, &signature, sizeof signature);
}

static vch_status prove(const struct ask *ask)
{
    struct vch_vrf_proof proof;

    if (!ask->holder->has_vrf)
        return vch_complain(ask->complaint, VCH_CODE_UNAVAILABLE,
                            "the key agent was given no key to draw with yet");
    vch_vrf_prove(&proof, &ask->holder->keys->vrf, ask->in, ask->in_size);
    return put(ask, &proof, sizeof proof);
}

static vch_status make_nonce(const struct ask *ask)
{
    const uint64_t segment = vch_get_u64le(ask->in + 64), round = vch_get_u64le(ask->in + 72);
    struct vch_digest ledger, subject;
    uint8_t secret[32], nonce[32];

    VCH_TRY(need_identity(ask));
    VCH_TRY(check_ledger(ask, ask->in));
    if (segment > UINT32_MAX || round > UINT32_MAX) return VCH_FAIL(MALFORMED);
    memcpy(ledger.bytes, ask->in, sizeof ledger.bytes);
    memcpy(subject.bytes, ask->in + 32, sizeof subject.bytes);
    vch_derive_seat_secret(secret, &ask->holder->keys->identity, &ledger);
    vch_derive_seat_nonce(nonce, secret, &subject, (uint32_t)segment, (uint32_t)round);
    vch_wipe(secret, sizeof secret);
    return put(ask, nonce, sizeof nonce);
}

static vch_status make_runs_key(const struct ask *ask)
{
    struct vch_digest ledger;
    uint8_t key[32];

    VCH_TRY(need_identity(ask));
    VCH_TRY(check_ledger(ask, ask->in));
    memcpy(ledger.bytes, ask->in, sizeof ledger.bytes);
    vch_derive_runs_key(key, &ask->holder->keys->identity, &ledger);
    vch_status status = put(ask, key, sizeof key);
    vch_wipe(key, sizeof key);
    return status;
}

static vch_status expect(const struct ask *ask, enum vch_holder_release release)
{
    if (ask->holder->release == release) return VCH_OK;
    return vch_complain(ask->complaint, VCH_CODE_USAGE,
                        "the key agent opens one release at a time: take, begin, open, end");
}

static vch_status take(const struct ask *ask)
{
    const struct vch_unsealer *unsealer = &ask->holder->unsealer;
    const uint8_t *binder = ask->in + VCH_GRANT_SIZE, *manifest = binder + VCH_BINDER_SIZE;

    VCH_TRY(expect(ask, VCH_HOLDER_NONE));
    VCH_TRY(unsealer->take(unsealer->context, ask->in, VCH_GRANT_SIZE, binder, manifest,
                           ask->complaint));
    ask->holder->release = VCH_HOLDER_TAKEN;
    return VCH_OK;
}

static vch_status begin(const struct ask *ask)
{
    const struct vch_unsealer *unsealer = &ask->holder->unsealer;
    const size_t count = ask->in_size / VCH_DIGEST_SIZE;
    struct vch_digest *digests = NULL;

    VCH_TRY(expect(ask, VCH_HOLDER_TAKEN));
    if (ask->in_size != count * VCH_DIGEST_SIZE) return VCH_FAIL(MALFORMED);
    digests = calloc(count, sizeof *digests);
    if (digests == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(digests, ask->in, ask->in_size);
    vch_status status = unsealer->begin(unsealer->context, digests, count, ask->complaint);
    if (!vch_is_ok(status)) {
        free(digests);
        return status;
    }
    ask->holder->digests = digests;
    ask->holder->release = VCH_HOLDER_BEGUN;
    return VCH_OK;
}

static vch_status open_chunk(const struct ask *ask)
{
    const struct vch_unsealer *unsealer = &ask->holder->unsealer;
    const size_t size = ask->in_size - VCH_SEALED_TAG_SIZE;

    VCH_TRY(expect(ask, VCH_HOLDER_BEGUN));
    if (size > ask->room) return VCH_FAIL(LIMIT);
    VCH_TRY(
        unsealer->open(unsealer->context, ask->out, size, ask->in, ask->in_size, ask->complaint));
    *ask->size = size;
    return VCH_OK;
}

// The key is forgotten, whatever came before.
static vch_status end(const struct ask *ask)
{
    const struct vch_unsealer *unsealer = &ask->holder->unsealer;
    vch_status status = unsealer->end(unsealer->context, ask->complaint);

    free(ask->holder->digests);
    ask->holder->digests = NULL;
    ask->holder->release = VCH_HOLDER_NONE;
    return status;
}

static const struct {
    size_t least, most;
    vch_status (*answer)(const struct ask *ask);
} KINDS[VCH_REQUEST_KINDS] = {
    [VCH_REQUEST_LOAD] = {VCH_KEYFILE_SIZE, VCH_KEYFILE_SIZE + VCH_REQUEST_PASSPHRASE_MAX, load},
    [VCH_REQUEST_LOAD_VRF] = {VCH_DIGEST_SIZE + VCH_KEYFILE_SIZE,
                              VCH_DIGEST_SIZE + VCH_KEYFILE_SIZE + VCH_REQUEST_PASSPHRASE_MAX,
                              load_vrf},
    [VCH_REQUEST_SIGN] = {1, VCH_REQUEST_TEXT_MAX, sign},
    [VCH_REQUEST_SIGN_TLS] = {1, VCH_IDENTITY_MESSAGE_MAX, sign_tls},
    [VCH_REQUEST_PROVE] = {VCH_DIGEST_SIZE, VCH_DIGEST_SIZE, prove},
    [VCH_REQUEST_NONCE] = {VCH_REQUEST_NONCE_SIZE, VCH_REQUEST_NONCE_SIZE, make_nonce},
    [VCH_REQUEST_RUNS_KEY] = {VCH_DIGEST_SIZE, VCH_DIGEST_SIZE, make_runs_key},
    [VCH_REQUEST_TAKE] = {VCH_REQUEST_GRANT_SIZE, VCH_REQUEST_GRANT_SIZE, take},
    [VCH_REQUEST_BEGIN] = {VCH_DIGEST_SIZE, VCH_DIGEST_SIZE *(size_t)VCH_SEALED_CHUNKS_MAX, begin},
    [VCH_REQUEST_OPEN] = {VCH_SEALED_TAG_SIZE, VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE,
                          open_chunk},
    [VCH_REQUEST_END] = {0, 0, end},
};

size_t vch_holder_request_max(uint32_t kind)
{
    return kind < VCH_REQUEST_KINDS ? KINDS[kind].most : 0;
}

vch_status vch_holder_answer(struct vch_holder *holder, uint32_t kind, const uint8_t *request,
                             size_t request_size, uint8_t *out, size_t room, size_t *size,
                             struct vch_complaint *complaint)
{
    const struct ask ask = {holder, request, request_size, out, room, size, complaint};

    *size = 0;
    if (kind >= VCH_REQUEST_KINDS || KINDS[kind].answer == NULL)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED, "the key agent knows no request %u",
                            kind);
    if (request_size < KINDS[kind].least || request_size > KINDS[kind].most)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "request %u to the key agent has %zu to %zu bytes, found %zu", kind,
                            KINDS[kind].least, KINDS[kind].most, request_size);
    vch_status status = KINDS[kind].answer(&ask);
    bool is_load = kind == VCH_REQUEST_LOAD || kind == VCH_REQUEST_LOAD_VRF;
    holder->is_serving = holder->is_serving || (vch_is_ok(status) && !is_load);
    return status;
}
