#include "channel/docket.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

static void list_init(struct vch_docket_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void push(struct vch_docket_list *list, struct vch_matter *matter)
{
    matter->next = NULL;
    *list->end = matter;
    list->end = &matter->next;
}

// Takes out the one that `at` points to.
static struct vch_matter *take_out(struct vch_docket_list *list, struct vch_matter **at)
{
    struct vch_matter *matter = *at;

    *at = matter->next;
    if (*at == NULL) list->end = at;
    return matter;
}

void vch_docket_init(struct vch_docket *docket)
{
    list_init(&docket->waiting);
    list_init(&docket->running);
    list_init(&docket->decided);
}

vch_status vch_docket_enter(struct vch_docket *docket, struct vch_asker *asker, uint32_t judge)
{
    const struct vch_asker_answer *answer = &asker->answer;
    struct vch_matter *matter = calloc(1, sizeof *matter + answer->size);

    if (matter == NULL) return VCH_FAIL(NO_MEMORY);
    matter->asker = asker;
    matter->peer = asker->setup.node;
    matter->judge = judge;
    matter->answer = *answer;
    matter->answer.bytes = matter->bytes;
    memcpy(matter->bytes, answer->bytes, answer->size);
    push(&docket->waiting, matter);
    return VCH_OK;
}

static bool is_running(const struct vch_docket *docket, const struct vch_public_key *peer)
{
    for (const struct vch_matter *at = docket->running.first; at != NULL; at = at->next)
        if (vch_is_equal(&at->peer, peer, sizeof *peer)) return true;
    return false;
}

struct vch_matter *vch_docket_take(struct vch_docket *docket)
{
    for (struct vch_matter **at = &docket->waiting.first; *at != NULL; at = &(*at)->next) {
        if (is_running(docket, &(*at)->peer)) continue;
        struct vch_matter *matter = take_out(&docket->waiting, at);
        push(&docket->running, matter);
        return matter;
    }
    return NULL;
}

void vch_docket_decide(struct vch_docket *docket, struct vch_matter *matter)
{
    struct vch_matter **at = &docket->running.first;

    while (*at != matter) {
        VCH_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    push(&docket->decided, take_out(&docket->running, at));
}

struct vch_matter *vch_docket_collect(struct vch_docket *docket)
{
    if (docket->decided.first == NULL) return NULL;
    return take_out(&docket->decided, &docket->decided.first);
}

static void forget_in(const struct vch_docket_list *list, const struct vch_asker *asker)
{
    for (struct vch_matter *at = list->first; at != NULL; at = at->next)
        if (at->asker == asker) at->asker = NULL;
}

// What was not judged yet goes: whoever comes and goes must not leave evidence here.
void vch_docket_forget(struct vch_docket *docket, const struct vch_asker *asker)
{
    for (struct vch_matter **at = &docket->waiting.first; *at != NULL;) {
        if ((*at)->asker == asker)
            free(take_out(&docket->waiting, at));
        else
            at = &(*at)->next;
    }
    forget_in(&docket->running, asker);
    forget_in(&docket->decided, asker);
}

static void drop_all(struct vch_docket_list *list)
{
    while (list->first != NULL)
        free(take_out(list, &list->first));
}

void vch_docket_release(struct vch_docket *docket)
{
    VCH_ASSERT(docket->running.first == NULL);
    drop_all(&docket->waiting);
    drop_all(&docket->decided);
}
