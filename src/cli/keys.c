#include "cli/keys.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/keyfile.h"
#include "host/random.h"

void vch_keys_init(struct vch_keys *keys, struct vch_agent *agent, struct vch_opened *opened)
{
    uint8_t seed[VCH_HPKE_SEED_SIZE];

    *keys = (struct vch_keys){.agent = agent};
    if (agent != NULL) {
        keys->unsealer = vch_agent_unsealer(agent);
        memcpy(keys->sealing_key, vch_agent_sealing_key(agent)->bytes, sizeof keys->sealing_key);
        return;
    }
    vch_random_bytes(seed, sizeof seed);
    keys->unsealer =
        vch_unsealer_local(&keys->sealing, opened != NULL ? &opened->rules : NULL, seed);
    vch_wipe(seed, sizeof seed);
    memcpy(keys->sealing_key, keys->sealing.secret.public_key.bytes, sizeof keys->sealing_key);
}

void vch_keys_release(struct vch_keys *keys)
{
    vch_agent_free(keys->agent);
    vch_wipe(keys, sizeof *keys);
}

// vch_tool_opener: where the bytes go, and whether they are a key without a passphrase.
static vch_status open_signing(void *context, const uint8_t *bytes, size_t size,
                               const char *passphrase, struct vch_complaint *complaint)
{
    struct vch_keys *keys = context;

    vch_status status = keys->agent != NULL
                            ? vch_agent_load(keys->agent, bytes, size, passphrase, complaint)
                            : vch_keyfile_decode(&keys->key, bytes, size, passphrase, complaint);
    if (vch_is_ok(status) && passphrase[0] == '\0') keys->needs_no_passphrase = true;
    return status;
}

static vch_status open_vrf(void *context, const uint8_t *bytes, size_t size, const char *passphrase,
                           struct vch_complaint *complaint)
{
    struct vch_keys *keys = context;

    vch_status status =
        keys->agent != NULL
            ? vch_agent_load_vrf(keys->agent, &keys->ledger, bytes, size, passphrase, complaint)
            : vch_keyfile_decode_vrf(&keys->vrf, bytes, size, passphrase, complaint);
    if (vch_is_ok(status) && passphrase[0] == '\0') keys->needs_no_passphrase = true;
    return status;
}

vch_status vch_keys_load(struct vch_keys *keys, struct vch_tool *tool, const char *path)
{
    VCH_TRY(vch_tool_open_key(tool, path, open_signing, keys));
    keys->signer =
        keys->agent != NULL ? vch_agent_signer(keys->agent) : vch_signer_local(&keys->key);
    return VCH_OK;
}

static vch_status prove(void *context, struct vch_vrf_proof *out, const void *alpha, size_t size)
{
    const struct vch_keys *keys = context;

    return vch_agent_prove(keys->agent, out, alpha, size);
}

static vch_status make_nonce(void *context, uint8_t out[static 32],
                             const struct vch_contest_id *contest)
{
    const struct vch_keys *keys = context;

    return vch_agent_seat_nonce(keys->agent, out, &keys->ledger, &contest->subject,
                                contest->segment, contest->round);
}

vch_status vch_keys_load_vrf(struct vch_ballot_keys *out, struct vch_keys *keys,
                             struct vch_tool *tool, const char *path,
                             const struct vch_digest *ledger)
{
    keys->ledger = *ledger;
    VCH_TRY(vch_tool_open_key(tool, path, open_vrf, keys));
    if (keys->agent == NULL) {
        vch_ballot_derive(out, &keys->key, &keys->vrf, ledger);
        return VCH_OK;
    }
    keys->keeper = (struct vch_seat_keeper){prove, make_nonce, keys};
    out->seat = (struct vch_seat_keys){.node = keys->signer.public_key, .keeper = &keys->keeper};
    return vch_agent_runs_key(keys->agent, out->runs_key, ledger);
}
