#include "ledger/request.h"

#include <stdlib.h>

struct vch_request *vch_request_new(enum vch_request_kind kind, size_t memory_max)
{
    struct vch_request *request = calloc(1, sizeof *request);

    if (request == NULL) return NULL;
    request->kind = kind;
    vch_arena_init(&request->arena, memory_max);
    return request;
}

void vch_request_free(struct vch_request *request)
{
    vch_arena_release(&request->arena);
    free(request);
}

void vch_request_push(struct vch_request_queue *queue, struct vch_request *request)
{
    request->next = NULL;
    if (queue->last != NULL)
        queue->last->next = request;
    else
        queue->first = request;
    queue->last = request;
    queue->count++;
}

struct vch_request *vch_request_pop(struct vch_request_queue *queue)
{
    struct vch_request *request = queue->first;

    if (request == NULL) return NULL;
    queue->first = request->next;
    if (queue->first == NULL) queue->last = NULL;
    queue->count--;
    return request;
}
