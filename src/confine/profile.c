#include "confine/profile.h"

#include <stdint.h>

// Without these a role is none: whoever reads hostile bytes or holds keys must not open a file, a
// socket or another process, and must leave no core.
enum {
    REQUIRED = VCH_FENCE_BIT(DESCRIPTORS) | VCH_FENCE_BIT(LIMITS) | VCH_FENCE_BIT(DUMPABLE) |
               VCH_FENCE_BIT(PRIVILEGES) | VCH_FENCE_BIT(SYSCALLS),
};

struct vch_profile vch_profile_parser(void)
{
    return (struct vch_profile){
        .role = "parser",
        .asked = VCH_FENCE_ALL,
        .required = REQUIRED,
        .calls = VCH_PROFILE_COMPUTE,
        .is_leashed = true,
        .files_max = 8,
    };
}

struct vch_profile vch_profile_key_agent(void)
{
    return (struct vch_profile){
        .role = "key agent",
        .asked = VCH_FENCE_ALL,
        .required = REQUIRED,
        .calls = VCH_PROFILE_COMPUTE | VCH_PROFILE_CHANNEL | VCH_PROFILE_SECRETS,
        .is_leashed = true,
        .files_max = 8,
        .locked_max = 256 << 10,
    };
}

struct vch_profile vch_profile_inference(const struct vch_profile_path *weights, uint32_t count,
                                         const int *sockets, uint32_t socket_count)
{
    const uint32_t files = count > 0 ? VCH_PROFILE_FILES : 0;
    const uint32_t serve = socket_count > 0 ? VCH_PROFILE_SERVE : 0;

    return (struct vch_profile){
        .role = "inference",
        .asked = VCH_FENCE_ALL,
        .required = REQUIRED,
        .calls = VCH_PROFILE_COMPUTE | VCH_PROFILE_CHANNEL | VCH_PROFILE_THREADS | files | serve,
        .is_leashed = true,
        .files_max = 4096,
        .locked_max = 256 << 10,
        .paths = weights,
        .path_count = count,
        .kept = sockets,
        .kept_count = socket_count,
    };
}

// It is one process, started by somebody who sees its log: its descriptors, memory and rights to
// files stay as they are.
struct vch_profile vch_profile_node(const struct vch_profile_path *paths, uint32_t count,
                                    const uint16_t *ports, uint32_t port_count)
{
    return (struct vch_profile){
        .role = "node",
        .asked = VCH_FENCE_BIT(LIMITS) | VCH_FENCE_BIT(DUMPABLE) | VCH_FENCE_BIT(PRIVILEGES) |
                 VCH_FENCE_BIT(LANDLOCK) | VCH_FENCE_BIT(SYSCALLS),
        .calls = VCH_PROFILE_COMPUTE | VCH_PROFILE_CHANNEL | VCH_PROFILE_FILES | VCH_PROFILE_SERVE |
                 VCH_PROFILE_THREADS | VCH_PROFILE_WRITES | VCH_PROFILE_CONNECT,
        .files_max = UINT32_MAX,
        .locked_max = SIZE_MAX,
        .paths = paths,
        .path_count = count,
        .ports = ports,
        .port_count = port_count,
    };
}
