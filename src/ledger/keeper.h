// What the keeper does with the store for members' requests: on its own thread (ledger/lane.h).
#pragma once

#include "ledger/lane.h"
#include "ledger/request.h"
#include "ledger/store.h"
#include "tlog/tree.h"

// The store's digests, as proofs are made of.
struct vch_tree_nodes vch_keeper_nodes(struct vch_store *store);

// A lane job's `run` for each kind of request: reads what the answer needs into the request's
// arena. `subject` is the store. Of PROVE: the latest checkpoint has to cover all positions; every
// proof is checked under its root before it is handed out.
void vch_keeper_run(void *subject, struct vch_lane_job *job);
