// The peers file: where the nodes that a client may ask can be reached.
//
//     # one node a line
//     HEXKEY host:port
//     HEXKEY [::1]:port
//
// Addresses need not be trusted: a connection counts only when TLS shows the key.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"

#define VCH_PEERS_MAX 1024u
#define VCH_PEERS_HOST_MAX 253u // of a DNS name
#define VCH_PEERS_FILE_MAX (1u << 20)

struct vch_peer {
    struct vch_public_key key;
    char host[VCH_PEERS_HOST_MAX + 1];
    uint16_t port;
};

// Refuses what is neither a comment, a blank line nor a peer, and a key named twice, naming the
// line. The peers live in the arena.
vch_status vch_peers_parse(struct vch_peer **out, uint32_t *count, const char *text, size_t size,
                           struct vch_arena *arena, struct vch_complaint *complaint);
