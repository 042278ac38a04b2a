// CLIENT and MODEL: who signed.
#include <inttypes.h>

#include "base/bytes.h"
#include "voucher/judge_parts.h"

static bool is_from_the_future(const struct vch_judge_parts *judge)
{
    uint64_t now = judge->policy->at_ms, then = judge->voucher->finished_ms;
    return now != 0 && then > now && then - now > VCH_VERIFY_SKEW_MAX_MS;
}

void vch_judge_parts_client(struct vch_judge_parts *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_policy *policy = judge->policy;
    const struct vch_public_key *client = &voucher->job.client;
    char hex[VCH_JUDGE_PARTS_HEX_SIZE];

    vch_judge_parts_hex(hex, client->bytes);
    if (!vch_is_ok(vch_sign_verify(client, &voucher->signed_digest, &voucher->client_signature)))
        vch_judge_parts_say(judge, VCH_CLAIM_CLIENT, VCH_VERDICT_FALSE,
                            "the signature is not that of the job's client %s over these bytes",
                            hex);
    else if (is_from_the_future(judge))
        vch_judge_parts_say(judge, VCH_CLAIM_CLIENT, VCH_VERDICT_FALSE,
                            "client %s says that it finished at %" PRIu64
                            " ms, which is yet to come at "
                            "%" PRIu64 " ms",
                            hex, voucher->finished_ms, policy->at_ms);
    else if (policy->client_count > 0 &&
             !vch_judge_parts_is_among(client, policy->clients, policy->client_count))
        vch_judge_parts_say(
            judge, VCH_CLAIM_CLIENT, VCH_VERDICT_NOT_SHOWN,
            "signed by client %s, which is none of those that you named; pass --client with "
            "that key too if you know it to be right",
            hex);
    else
        vch_judge_parts_say(judge, VCH_CLAIM_CLIENT, VCH_VERDICT_SHOWN, "signed by client %s", hex);
}

static void judge_model_by_package(struct vch_judge_parts *judge, const char *identity,
                                   const char *owner)
{
    const struct vch_package *package = judge->input->package;
    char held[VCH_JUDGE_PARTS_HEX_SIZE];

    if (!vch_hash_is_equal(&package->identity, &judge->voucher->job.model)) {
        vch_judge_parts_say(judge, VCH_CLAIM_MODEL, VCH_VERDICT_FALSE,
                            "it is model %s, not the %s that you "
                            "hold",
                            identity, vch_judge_parts_hex(held, package->identity.bytes));
        return;
    }
    judge->is_right_package = true;
    if (vch_is_equal(&package->owner, &judge->voucher->owner, sizeof package->owner) ||
        vch_judge_parts_is_among(&judge->voucher->owner, judge->policy->owners,
                                 judge->policy->owner_count))
        vch_judge_parts_say(judge, VCH_CLAIM_MODEL, VCH_VERDICT_SHOWN,
                            "it is the model that you hold, %s, signed by owner %s", identity,
                            owner);
    else
        vch_judge_parts_say(
            judge, VCH_CLAIM_MODEL, VCH_VERDICT_NOT_SHOWN,
            "it is the model that you hold, but another owner than yours signed it here: %s; "
            "pass --owner with it if you know it to be right",
            owner);
}

void vch_judge_parts_model(struct vch_judge_parts *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_policy *policy = judge->policy;
    struct vch_digest digest = vch_package_signed_digest(&voucher->job.model);
    char identity[VCH_JUDGE_PARTS_HEX_SIZE], owner[VCH_JUDGE_PARTS_HEX_SIZE];

    vch_judge_parts_hex(identity, voucher->job.model.bytes);
    vch_judge_parts_hex(owner, voucher->owner.bytes);
    if (!vch_is_ok(vch_sign_verify(&voucher->owner, &digest, &voucher->owner_signature)))
        vch_judge_parts_say(judge, VCH_CLAIM_MODEL, VCH_VERDICT_FALSE,
                            "model %s is not signed by owner %s, whom the voucher names", identity,
                            owner);
    else if (judge->input->package != NULL)
        judge_model_by_package(judge, identity, owner);
    else if (vch_judge_parts_is_among(&voucher->owner, policy->owners, policy->owner_count))
        vch_judge_parts_say(judge, VCH_CLAIM_MODEL, VCH_VERDICT_SHOWN,
                            "model %s, signed by owner %s", identity, owner);
    else
        vch_judge_parts_say(
            judge, VCH_CLAIM_MODEL, VCH_VERDICT_NOT_SHOWN,
            "model %s is signed by owner %s, whom you did not name; pass --owner with that "
            "key, or --model with the file, if you know it to be right",
            identity, owner);
}
