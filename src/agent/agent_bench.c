// What it costs that a key is elsewhere: a vote's signature and a proof of the VRF, here and by an
// agent.
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "crypto/keyfile.h"
#include "host/clock.h"
#include "host/process.h"

enum { ROUNDS = 2000 };

static struct vch_secret_key key;
static struct vch_vrf_secret vrf;

static struct vch_agent *start(void)
{
    uint8_t seed[32] = {1}, salt[VCH_KEYFILE_RANDOM_SIZE] = {3}, file[VCH_KEYFILE_SIZE];
    const struct vch_digest ledger = {{1}};
    struct vch_complaint complaint = {""};
    struct vch_agent *agent = NULL;

    vch_sign_key(&key, seed);
    seed[0] = 2;
    vch_vrf_key(&vrf, seed);
    vch_status status = vch_agent_start(&agent, NULL, &complaint);
    if (vch_is_ok(status)) status = vch_keyfile_encode(file, &key, "", salt);
    if (vch_is_ok(status)) status = vch_agent_load(agent, file, sizeof file, "", &complaint);
    if (vch_is_ok(status)) status = vch_keyfile_encode_vrf(file, &vrf, "", salt);
    if (vch_is_ok(status))
        status = vch_agent_load_vrf(agent, &ledger, file, sizeof file, "", &complaint);
    if (vch_is_ok(status)) return agent;
    printf("no agent here: %s\n", complaint.text);
    return NULL;
}

static double sign(const struct vch_signer *signer)
{
    const uint8_t zeros[32] = {0};
    const struct vch_signer_item items[] = {{"job", zeros, 32},
                                            {"segment", zeros, 8},
                                            {"node", key.public_key.bytes, 32},
                                            {"input", zeros, 32},
                                            {"output", zeros, 32}};
    struct vch_signature signature;
    uint64_t start_us = vch_clock_monotonic_us();

    for (int i = 0; i < ROUNDS; i++)
        if (!vch_is_ok(vch_signer_sign(signer, &signature, "vouch/vote/v1", items, 5))) return 0;
    return (double)(vch_clock_monotonic_us() - start_us) / ROUNDS;
}

static double prove(struct vch_agent *agent)
{
    uint8_t alpha[32] = {0};
    struct vch_vrf_proof proof;
    uint64_t start_us = vch_clock_monotonic_us();

    for (int i = 0; i < ROUNDS; i++) {
        alpha[0] = (uint8_t)i;
        if (agent == NULL)
            vch_vrf_prove(&proof, &vrf, alpha, sizeof alpha);
        else if (!vch_is_ok(vch_agent_prove(agent, &proof, alpha, sizeof alpha)))
            return 0;
    }
    return (double)(vch_clock_monotonic_us() - start_us) / ROUNDS;
}

int main(void)
{
    vch_process_harden();
    struct vch_agent *agent = start();
    if (agent == NULL) return 77;
    const struct vch_signer here = vch_signer_local(&key), there = vch_agent_signer(agent);

    printf("vote signed   %6.1f us here, %6.1f us by the agent\n", sign(&here), sign(&there));
    printf("drawn         %6.1f us here, %6.1f us by the agent\n", prove(NULL), prove(agent));
    vch_agent_free(agent);
    return 0;
}
