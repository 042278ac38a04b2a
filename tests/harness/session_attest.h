// A node's session whose client is held to a policy (attested.h).
#pragma once

#include "harness/attested.h"
#include "harness/session.h"

static inline vch_status session_tie(void *transport, struct vch_transport_ties *out,
                                     const uint8_t nonce[static 32])
{
    (void)transport;
    *out = (struct vch_transport_ties){.own = {{1}}, .peer = {{2}}};
    memcpy(out->exporter, nonce, sizeof out->exporter);
    return VCH_OK;
}

// From now on, for a client that has not spoken yet.
static inline void session_hold_client(struct session_fixture *f, struct attested *attested)
{
    attested_policy(attested);
    f->host.client_policy = &attested->policy;
    f->host.tie = session_tie;
    vch_session_init(&f->session, &f->host, &f->client_key.public_key, f);
}
