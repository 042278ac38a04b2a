// Addresses of HTTP services: http://ADDRESS[:PORT][/PREFIX]. The address is a number: names are
// not looked up, which would hold up an event loop.
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_URL_HOST_SIZE 64u
#define VCH_URL_PATH_SIZE 256u

struct vch_url {
    char host[VCH_URL_HOST_SIZE]; // without brackets
    char path[VCH_URL_PATH_SIZE]; // the prefix, without a slash at its end
    uint16_t port;
};

// USAGE with a complaint that says of `what` the address should be.
vch_status vch_url_parse(struct vch_url *out, const char *text, const char *what,
                         struct vch_complaint *complaint);
