#include "net/loop.h"

#include <stddef.h>

// A stream wants to write, writes, and wants to no more, again and again: what a turn of the loop
// changes is told to the kernel once, at its end, and not at all where it changed back. That asks
// for descriptors which are no copies (dup) of each other, and ours are none.
struct event_base *vch_loop_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL) return NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}
