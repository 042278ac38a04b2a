// The witness daemon: its core behind HTTP, its state in a folder. One thread, one request at a
// time, nothing answered before it is durable; requests that came at once share a sync.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "tlog/vkey.h"
#include "witness/core.h"

struct vch_daemon;

struct vch_daemon_log {
    struct vch_vkey vkey;
    bool has_ledger;
    struct vch_digest ledger;
};

struct vch_daemon_options {
    const struct vch_secret_key *key; // borrowed
    const char *name;                 // of its vkey
    const struct vch_daemon_log *logs;
    uint32_t log_count;
    const char *const *registries; // files, borrowed: whose members' drafts are promised; read
    uint32_t registry_count;       // again when they change. 0: no draft is promised
    struct vch_public_key founder; // whose registries count
    const char *folder;            // borrowed
    const char *host;              // NULL: loopback
    uint16_t port;                 // 0: the kernel picks
};

// Loads its state and listens.
vch_status vch_daemon_new(struct vch_daemon **out, const struct vch_daemon_options *options,
                          struct vch_complaint *complaint);
uint16_t vch_daemon_port(const struct vch_daemon *daemon);

// Serves until SIGTERM or SIGINT. IO: something could not be made durable.
vch_status vch_daemon_run(struct vch_daemon *daemon, struct vch_complaint *complaint);
void vch_daemon_free(struct vch_daemon *daemon);
