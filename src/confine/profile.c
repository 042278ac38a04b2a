#include "confine/profile.h"

#include <stdint.h>

// Without these a role is none: whoever reads hostile bytes or holds keys must not open a file, a
// socket or another process, must have no rights of root's, whoever started it, and must leave no
// core.
enum {
    REQUIRED = VCH_FENCE_BIT(DESCRIPTORS) | VCH_FENCE_BIT(LIMITS) | VCH_FENCE_BIT(DUMPABLE) |
               VCH_FENCE_BIT(PRIVILEGES) | VCH_FENCE_BIT(CAPABILITIES) | VCH_FENCE_BIT(SYSCALLS),
};

// Evidence of any kind, or a question to hardware, takes a few megabytes of memory.
enum { PARSER_MEMORY = 64 << 20 };
// What may be added to the log; and memory for keys is a file, too, of 1 MiB at most (secret.h).
enum { WRITTEN = 1 << 20 };

struct vch_profile vch_profile_parser(void)
{
    return (struct vch_profile){
        .role = "parser",
        .asked = VCH_FENCE_ALL,
        .required = REQUIRED,
        .calls = VCH_PROFILE_COMPUTE,
        .is_leashed = true,
        .limits = {.memory = PARSER_MEMORY, .written = WRITTEN, .files = 8},
    };
}

struct vch_profile vch_profile_key_agent(const int *file)
{
    const uint32_t records = file != NULL ? VCH_PROFILE_RECORDS : 0;

    return (struct vch_profile){
        .role = "key agent",
        .asked = VCH_FENCE_ALL,
        .required = REQUIRED,
        .calls = VCH_PROFILE_COMPUTE | VCH_PROFILE_CHANNEL | VCH_PROFILE_SECRETS | records,
        .is_leashed = true,
        .limits = {.memory = VCH_PROFILE_KEY_AGENT_MEMORY,
                   .locked = 256 << 10,
                   .written = WRITTEN,
                   .files = 8},
        .kept = file,
        .kept_count = file != NULL,
    };
}

// What hardware says comes from outside, too: it is asked by who reads foreign bytes and no more.
struct vch_profile vch_profile_collector(const struct vch_profile_path *folder)
{
    struct vch_profile out = vch_profile_parser();

    out.role = "collector";
    out.calls |= VCH_PROFILE_CHANNEL;
    if (folder == NULL) return out;
    out.calls |= VCH_PROFILE_FILES | VCH_PROFILE_WRITES;
    out.paths = folder;
    out.path_count = 1;
    return out;
}

struct vch_profile vch_profile_inference(const struct vch_profile_path *weights, uint32_t count,
                                         const int *sockets, uint32_t socket_count, uint64_t memory)
{
    const uint32_t files = count > 0 ? VCH_PROFILE_FILES : 0;
    const uint32_t serve = socket_count > 0 ? VCH_PROFILE_SERVE : 0;

    return (struct vch_profile){
        .role = "inference",
        .asked = VCH_FENCE_ALL,
        .required = REQUIRED,
        .calls = VCH_PROFILE_COMPUTE | VCH_PROFILE_CHANNEL | VCH_PROFILE_THREADS | files | serve,
        .is_leashed = true,
        .limits = {.memory = memory,
                   .locked = 256 << 10,
                   .written = WRITTEN,
                   .files = serve != 0 ? 4096 : 16},
        .paths = weights,
        .path_count = count,
        .kept = sockets,
        .kept_count = socket_count,
    };
}

// It is one process, started by somebody who sees its log. What it takes is bounded by its options
// (connections, requests, memory, what it keeps), and its journal grows as its ledger does.
struct vch_profile vch_profile_node(const struct vch_profile_path *paths, uint32_t count)
{
    return (struct vch_profile){
        .role = "node",
        .asked = VCH_FENCE_BIT(LIMITS) | VCH_FENCE_BIT(DUMPABLE) | VCH_FENCE_BIT(PRIVILEGES) |
                 VCH_FENCE_BIT(CAPABILITIES) | VCH_FENCE_BIT(LANDLOCK) | VCH_FENCE_BIT(SYSCALLS),
        .calls = VCH_PROFILE_COMPUTE | VCH_PROFILE_CHANNEL | VCH_PROFILE_FILES | VCH_PROFILE_SERVE |
                 VCH_PROFILE_THREADS | VCH_PROFILE_WRITES | VCH_PROFILE_CONNECT,
        .limits = {VCH_PROFILE_ANY, VCH_PROFILE_ANY, VCH_PROFILE_ANY, VCH_PROFILE_ANY},
        .paths = paths,
        .path_count = count,
    };
}
