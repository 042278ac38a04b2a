// The page (web/): files that are part of the program, or lie in a folder while they are worked on.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/http.h"

struct vch_web_file {
    const char *name;
    const uint8_t *bytes;
    size_t size;
};

// Made of web/ by cmake/web.cmake; ends with a name of NULL.
extern const struct vch_web_file vch_web_files[];

// Answers for `/` and `/page/NAME`. `folder` NULL: from the program.
void vch_web_serve(struct vch_http_exchange *exchange, const char *folder);
