#include "confine/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// As of Linux 6.7 and 6.12; a header of Debian 12 ends before.
struct ruleset {
    uint64_t files, ports, scopes;
};

enum { BIND = 1 }; // LANDLOCK_ACCESS_NET_BIND_TCP
enum {
    TRUNCATE = 0x4000, // LANDLOCK_ACCESS_FS_TRUNCATE
    WRITE_FOLDER = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                   LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                   LANDLOCK_ACCESS_FS_MAKE_DIR | TRUNCATE,
};
enum { READ_FILE = LANDLOCK_ACCESS_FS_READ_FILE, READ_FOLDER = LANDLOCK_ACCESS_FS_READ_DIR };
enum { NEEDED = 4, NEWEST = 6 }; // versions: from 4 on TCP is fenced

// What each version brought. A kernel refuses bits that it does not know.
static const struct {
    uint32_t version;
    struct ruleset handled;
    const char *what;
} VERSIONS[] = {
    {1, {0x1fff, 0, 0}, "files"},           // check: LANDLOCK_ACCESS_FS_EXECUTE to _MAKE_SYM
    {2, {0x2000, 0, 0}, "moves"},           // _REFER
    {3, {0x4000, 0, 0}, "truncation"},      // _TRUNCATE
    {4, {0, 3, 0}, "TCP ports"},            // LANDLOCK_ACCESS_NET_BIND_TCP, _CONNECT_TCP
    {5, {0x8000, 0, 0}, "device controls"}, // _IOCTL_DEV
    {6, {0, 0, 3}, "signals and abstract sockets"}, // LANDLOCK_SCOPE_...
};

uint32_t vch_landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version > 0 ? (uint32_t)version : 0;
}

static struct ruleset handled_by(uint32_t version)
{
    struct ruleset all = {0};

    for (size_t i = 0; i < sizeof VERSIONS / sizeof *VERSIONS; i++) {
        if (VERSIONS[i].version > version) break;
        all.files |= VERSIONS[i].handled.files;
        all.ports |= VERSIONS[i].handled.ports;
        all.scopes |= VERSIONS[i].handled.scopes;
    }
    return all;
}

static int allow_path(int rules, const struct vch_profile_path *path, uint64_t handled)
{
    struct stat facts;
    int file = open(path->path, O_PATH | O_CLOEXEC);

    if (file < 0) return -1;
    if (fstat(file, &facts) != 0) {
        (void)close(file);
        return -1;
    }
    uint64_t allowed = S_ISDIR(facts.st_mode) ? READ_FILE | READ_FOLDER : READ_FILE;
    if (path->is_writable && S_ISDIR(facts.st_mode)) allowed |= WRITE_FOLDER;
    struct landlock_path_beneath_attr rule = {allowed & handled, file};
    long added = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(file);
    return (int)added;
}

static int enter(int rules, const struct ruleset *handled, const struct vch_profile *profile,
                 const char **call)
{
    *call = "landlock_add_rule of a path";
    for (uint32_t i = 0; i < profile->path_count; i++)
        if (allow_path(rules, &profile->paths[i], handled->files) != 0) return -1;
    *call = "landlock_restrict_self";
    return (int)syscall(SYS_landlock_restrict_self, rules, 0);
}

// A fence with a gap is granted only if it holds files and ports.
static void note_gaps(struct vch_fence_result *out, uint32_t version)
{
    size_t used = 0;

    out->outcome = version >= NEEDED ? VCH_FENCE_GRANTED : VCH_FENCE_REFUSED;
    if (version >= NEWEST) return;
    used = (size_t)snprintf(out->why, sizeof out->why, "version %u does not fence", version);
    for (size_t i = version; i < sizeof VERSIONS / sizeof *VERSIONS; i++)
        if (used < sizeof out->why)
            used += (size_t)snprintf(out->why + used, sizeof out->why - used, "%s %s",
                                     i == version ? "" : ",", VERSIONS[i].what);
}

void vch_landlock_enter(struct vch_fence_result *out, const struct vch_profile *profile)
{
    uint32_t version = vch_landlock_version();
    struct ruleset handled = handled_by(version);
    const char *call = "landlock_create_ruleset";

    if ((profile->calls & VCH_PROFILE_CONNECT) != 0) handled.ports &= BIND;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0) {
        (void)vch_fence_refuse(out, call);
        return;
    }
    if (enter(rules, &handled, profile, &call) == 0)
        note_gaps(out, version);
    else
        (void)vch_fence_refuse(out, call);
    (void)close(rules);
}
