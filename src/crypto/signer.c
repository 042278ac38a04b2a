#include "crypto/signer.h"

#include "base/check.h"
#include "crypto/identity.h"
#include "crypto/transcript.h"

struct vch_digest vch_signer_digest(const char *protocol, const struct vch_signer_item *items,
                                    uint32_t count)
{
    struct vch_transcript transcript;

    VCH_ASSERT(count <= VCH_SIGNER_ITEMS_MAX);
    vch_transcript_init(&transcript, protocol);
    for (uint32_t i = 0; i < count; i++)
        vch_transcript_absorb(&transcript, items[i].label, items[i].bytes, items[i].size);
    return vch_transcript_final(&transcript);
}

static vch_status sign_here(void *context, struct vch_signature *out, const char *protocol,
                            const struct vch_signer_item *items, uint32_t count)
{
    const struct vch_digest digest = vch_signer_digest(protocol, items, count);

    vch_sign_digest(out, context, &digest);
    return VCH_OK;
}

static vch_status sign_tls_here(void *context, struct vch_signature *out, const void *message,
                                size_t size)
{
    const struct vch_secret_key *key = context;

    VCH_TRY(vch_identity_check_message(message, size, &key->public_key));
    vch_sign_bare_message(out, key, message, size);
    return VCH_OK;
}

struct vch_signer vch_signer_local(const struct vch_secret_key *key)
{
    return (struct vch_signer){
        .public_key = key->public_key,
        .sign = sign_here,
        .sign_tls = sign_tls_here,
        .context = (void *)(uintptr_t)key, // only ever read
    };
}

vch_status vch_signer_sign(const struct vch_signer *signer, struct vch_signature *out,
                           const char *protocol, const struct vch_signer_item *items,
                           uint32_t count)
{
    return signer->sign(signer->context, out, protocol, items, count);
}

vch_status vch_signer_sign_tls(const struct vch_signer *signer, struct vch_signature *out,
                               const void *message, size_t size)
{
    return signer->sign_tls(signer->context, out, message, size);
}
