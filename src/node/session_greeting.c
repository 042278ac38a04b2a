// What a node says of itself first.
#include <stdio.h>

#include "message/message.h"
#include "node/session_parts.h"

static size_t list_provables(Vouch__Provable **out, const struct vch_provers *provers)
{
    static _Thread_local Vouch__Provable provables[VCH_PROVERS_MAX * VCH_PROVERS_RANGES_MAX];
    size_t count = 0;

    for (uint32_t i = 0; i < provers->count; i++) {
        const struct vch_prover *prover = &provers->provers[i];
        for (uint32_t j = 0; j < prover->range_count; j++, count++) {
            Vouch__Provable *provable = out[count] = &provables[count];
            vouch__provable__init(provable);
            provable->model = vch_message_borrow(prover->annex.model.bytes, VCH_DIGEST_SIZE);
            provable->first = prover->ranges[j].first;
            provable->last = prover->ranges[j].last;
            provable->columns = prover->annex.log_columns;
        }
    }
    return count;
}

static void greet(struct vch_session *session)
{
    const struct vch_session_host *host = session->host;
    enum { HOLDINGS_MAX = VCH_MODELS_MAX * VCH_MODELS_RANGES_MAX };
    Vouch__Welcome welcome = VOUCH__WELCOME__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    static _Thread_local Vouch__Holding holdings[HOLDINGS_MAX];
    static _Thread_local Vouch__Holding *pointers[HOLDINGS_MAX];
    Vouch__Provable *provables[VCH_PROVERS_MAX * VCH_PROVERS_RANGES_MAX];
    struct vch_digest registry = host->registry->digest;
    char software[64];
    size_t count = 0;

    for (uint32_t i = 0; i < host->models->count; i++) {
        const struct vch_model *model = &host->models->models[i];
        for (uint32_t j = 0; !model->is_past && j < model->range_count; j++, count++) {
            vouch__holding__init(&holdings[count]);
            holdings[count].model =
                vch_message_borrow(model->package.identity.bytes, VCH_DIGEST_SIZE);
            holdings[count].first = model->ranges[j].first;
            holdings[count].last = model->ranges[j].last;
            pointers[count] = &holdings[count];
        }
    }
    (void)snprintf(software, sizeof software, "%s", host->software);
    welcome.version = VCH_FRAME_VERSION;
    welcome.software = software;
    welcome.n_holdings = count;
    welcome.holdings = pointers;
    welcome.work_per_second = host->work_per_second;
    welcome.memory = host->memory_max;
    welcome.queue_room = host->queue_room(host->context);
    welcome.registry = (ProtobufCBinaryData){VCH_DIGEST_SIZE, registry.bytes};
    welcome.n_provables = list_provables(provables, host->provers);
    welcome.provables = provables;
    frame.body_case = VOUCH__FRAME__BODY_WELCOME;
    frame.welcome = &welcome;
    vch_session_parts_send(session, &frame);
}

void vch_session_parts_receive_hello(struct vch_session *session, const Vouch__Hello *hello)
{
    if (session->has_greeted) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED, "a second hello on one stream");
    } else if (hello->version != VCH_FRAME_VERSION) {
        vch_session_parts_end(session, VCH_CODE_UNSUPPORTED,
                              "protocol version %u; this node speaks %u", hello->version,
                              VCH_FRAME_VERSION);
    } else {
        session->has_greeted = true;
        greet(session);
        vch_channel_begin(&session->channel, vch_session_parts_now(session));
    }
}
