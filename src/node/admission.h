// Which requests a node takes on. Everything in a request comes from a client and is checked.
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "consensus/registry.h"
#include "crypto/sign.h"
#include "node/models.h"
#include "node/provers.h"
#include "node/task.h"
#include "schema/wire.pb-c.h"

struct vch_admission {
    const struct vch_models *models;
    const struct vch_provers *provers;
    const struct vch_registry *registry;
    const struct vch_kernels *kernels;
    struct vch_workers *workers;         // NULL: alone
    const struct vch_public_key *client; // whom TLS has shown
    uint64_t unix_ms;
    size_t memory_max;
    bool is_again;     // was admitted before: whose client, registry and deadline counted then
    bool is_on_ledger; // takes agreed jobs
    uint64_t keep_max; // bytes of their jobs and inputs; 0: whatever fits its memory
};

// Fills what the task was asked and what it would take (`memory`); allocates nothing that lasts.
// Checks: canonical job, made by this very client under this very registry, deadline ahead, a model
// and range held here with two legal ends, tensor size as the model says, memory within the limit.
// REFUSED, TIMEOUT, UNSUPPORTED, MALFORMED or LIMIT, with a complaint for the client.
vch_status vch_admission_check(struct vch_task *task, const Vouch__RunRequest *request,
                               const struct vch_admission *admission,
                               struct vch_complaint *complaint);
