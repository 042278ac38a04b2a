// Event loops, all made one way.
#pragma once

#include <event2/event.h>

// NULL: there is no memory, or no descriptor. Free with event_base_free.
struct event_base *vch_loop_new(void);
