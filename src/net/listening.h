// A socket that listens, made before whoever serves it may make none any more.
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

// On an IP address; port 0: the kernel picks. Who connects waits until somebody accepts. USAGE: no
// address. IO, with the system's word for it.
vch_status vch_listening_open(int *out, const char *host, uint16_t port,
                              struct vch_complaint *complaint);
