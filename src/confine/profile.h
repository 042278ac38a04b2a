// What a process may do, as data; and the profiles of the roles that vouch gives to processes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "confine/fence.h"

// Families of system calls; filter.c has their members.
enum {
    VCH_PROFILE_COMPUTE = 1 << 0, // memory without new code, clocks, its own end; read and write
    VCH_PROFILE_CHANNEL = 1 << 1, // messages on sockets that it was given
    VCH_PROFILE_FILES = 1 << 2,   // files opened for reading
    VCH_PROFILE_SERVE = 1 << 3,   // accept on sockets that it was given, and wait for them
    VCH_PROFILE_THREADS = 1 << 4, // threads, not processes
    VCH_PROFILE_WRITES = 1 << 5,  // files written, renamed, removed, locked
    VCH_PROFILE_CONNECT = 1 << 6, // TCP sockets of its own, to any port; none that listens
    VCH_PROFILE_SECRETS = 1 << 7, // memory for keys (secret.h)
    VCH_PROFILE_RECORDS = 1 << 8, // files that it was given written in place, and synced
};

// A file or folder that is handed over. Where ROOT is asked for: absolute, without links, and none
// inside another.
struct vch_profile_path {
    const char *path;
    bool is_writable; // a folder, in which files come and go
};

// What it may take of the machine; VCH_PROFILE_ANY: as much as it could before.
#define VCH_PROFILE_ANY UINT64_MAX

struct vch_profile_limits {
    uint64_t memory;  // bytes of address space, beyond what it has as it is confined
    uint64_t locked;  // bytes of memory
    uint64_t written; // length of a file, beyond that of the log; more fails with EFBIG
    uint64_t files;   // descriptors
};

enum { VCH_PROFILE_KEPT_MAX = 64, VCH_PROFILE_PATHS_MAX = 64 };

struct vch_profile {
    const char *role;
    uint32_t asked;    // VCH_FENCE_BIT(...)
    uint32_t required; // of these: without them the process is not to run
    uint32_t calls;    // VCH_PROFILE_...
    bool is_leashed;   // killed when the thread that starts it ends, however that comes
    struct vch_profile_limits limits;
    uint64_t mapped;       // bytes that it has, where it cannot look that up; 0: it does
    uint64_t capabilities; // 1 << CAP_...: those that stay
    const struct vch_profile_path *paths;
    uint32_t path_count;
    const int *kept; // descriptors from 3 on, ascending; 2 is always kept, 0 and 1 lead nowhere
    uint32_t kept_count;
};

// Of the key agent: the costliest key file takes 2**30 to open (crypto/keyfile.h).
#define VCH_PROFILE_KEY_AGENT_MEMORY 1140850688u // check: 2**30 + 2**26

// Reads what strangers sent: no files, no sockets but the one to who started it, no keys.
struct vch_profile vch_profile_parser(void);
// Holds keys: nothing but its socket, memory that it may lock, and the one file that it writes to,
// which is borrowed; NULL: none.
struct vch_profile vch_profile_key_agent(const int *file);
// Asks this machine's hardware: a TPM that it was handed, or the one folder of configfs-tsm.
struct vch_profile vch_profile_collector(const struct vch_profile_path *folder);
// Runs a model: threads; its weights, and the sockets that it was given and what connects to them,
// where there are any; memory by what its models and their tasks take.
struct vch_profile vch_profile_inference(const struct vch_profile_path *weights, uint32_t count,
                                         const int *sockets, uint32_t socket_count,
                                         uint64_t memory);

// `vouch node` as a whole, all its threads: its files, the folders that it writes to, the sockets
// on which it listens already. It connects to ledgers, witnesses and peers, whose ports are not
// known. No fence is required: whoever starts it is told which are missing.
struct vch_profile vch_profile_node(const struct vch_profile_path *paths, uint32_t count);
