// Answers on their way to a verdict: what waits, what is being judged, what is decided. No peer has
// more than one judged at a time, so that whoever brings much, or what takes long, is waited for by
// nobody else.
//
// Whoever shares one between threads locks it.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "channel/asker.h"

struct vch_matter {
    struct vch_matter *next;
    struct vch_asker *asker; // NULL: nobody waits for it any more
    struct vch_public_key peer;
    uint32_t judge;                 // by what: as the caller counts
    struct vch_asker_answer answer; // with bytes of its own
    struct vch_asker_verdict verdict;
    uint8_t bytes[];
};

struct vch_docket_list {
    struct vch_matter *first, **end;
};

struct vch_docket {
    struct vch_docket_list waiting, running, decided;
};

void vch_docket_init(struct vch_docket *docket);

// The asker's answer waits, as a copy. NO_MEMORY.
vch_status vch_docket_enter(struct vch_docket *docket, struct vch_asker *asker, uint32_t judge);

// The first that waits and may be judged now; NULL: there is none. It is running from now on.
struct vch_matter *vch_docket_take(struct vch_docket *docket);

// One that ran has its verdict.
void vch_docket_decide(struct vch_docket *docket, struct vch_matter *matter);

// One that is decided, to be freed; NULL: there is none.
struct vch_matter *vch_docket_collect(struct vch_docket *docket);

// The asker is gone: what waits of it goes at once, and nobody is told of the rest.
void vch_docket_forget(struct vch_docket *docket, const struct vch_asker *asker);

// Nothing is running.
void vch_docket_release(struct vch_docket *docket);
