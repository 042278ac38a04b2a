// Doubly linked lists through the things themselves: circular, with a head that is none of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vch_list {
    struct vch_list *next, *previous;
};

// The thing of that type whose field `field` the link is. What is const is what is reached by way
// of a state, not the thing.
#define VCH_LIST_THING(link, type, field) ((type *)((uintptr_t)(link)-offsetof(type, field)))

static inline void vch_list_init(struct vch_list *head)
{
    head->next = head->previous = head;
}

static inline bool vch_list_is_empty(const struct vch_list *head)
{
    return head->next == head;
}

static inline void vch_list_append(struct vch_list *head, struct vch_list *link)
{
    link->next = head;
    link->previous = head->previous;
    head->previous->next = link;
    head->previous = link;
}

// Whether it stands in a list: of a link that was zeroed, or removed, false.
static inline bool vch_list_is_in(const struct vch_list *link)
{
    return link->next != NULL;
}

// One that is in no list stays as it is.
static inline void vch_list_remove(struct vch_list *link)
{
    if (!vch_list_is_in(link)) return;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->next = link->previous = NULL;
}
