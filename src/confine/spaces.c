#include "confine/spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/capabilities.h"

static bool write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    if (file < 0) return false;
    bool is_written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    int error = errno;
    (void)close(file);
    errno = error;
    return is_written;
}

// Users and groups outside look the same inside, but for those who are not this process's.
static bool map_ids(unsigned user, unsigned group)
{
    char users[64], groups[64];

    (void)snprintf(users, sizeof users, "%u %u 1", user, user);
    (void)snprintf(groups, sizeof groups, "%u %u 1", group, group);
    return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", users) &&
           write_file("/proc/self/gid_map", groups);
}

// Nobody's /proc is writable to itself while it is not dumpable, unless it is root's. For that
// moment equals could look: secrets are kept where no child has them.
static bool map_ids_dumpable(unsigned user, unsigned group)
{
    if (map_ids(user, group)) return true;
    if (errno != EACCES || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return false;
    bool is_mapped = map_ids(user, group);
    int error = errno;
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    errno = error;
    return is_mapped;
}

// What is left of the process that called: it holds nothing, and ends as its child does.
static _Noreturn void keep(pid_t child)
{
    int state = 0;

    (void)close_range(0, UINT_MAX, 0);
    (void)vch_capabilities_keep(0); // of the new namespaces; it has no others
    (void)prctl(PR_SET_NAME, "keeper", 0, 0, 0);
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(state)) {
        (void)signal(WTERMSIG(state), SIG_DFL);
        (void)raise(WTERMSIG(state));
    }
    _exit(WIFEXITED(state) ? WEXITSTATUS(state) : 1);
}

void vch_spaces_enter(struct vch_fence_result *out)
{
    const int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC;
    unsigned user = geteuid(), group = getegid();

    if (unshare(all) != 0) {
        (void)vch_fence_refuse(out, "unshare");
        return;
    }
    if (!map_ids_dumpable(user, group)) {
        (void)vch_fence_refuse(out, "user and group map");
        return;
    }
    pid_t child = fork();
    if (child < 0) {
        (void)vch_fence_refuse(out, "fork into the namespaces");
        return;
    }
    if (child > 0) keep(child);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); // the keeper dies: so does what it keeps
    out->outcome = VCH_FENCE_GRANTED;
}

// A mount of each path by itself, made while the old root is still there.
static bool take_paths(int *taken, const struct vch_profile *profile)
{
    const uint64_t always = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

    for (uint32_t i = 0; i < profile->path_count; i++) {
        uint64_t writing = profile->paths[i].is_writable ? 0 : MOUNT_ATTR_RDONLY;
        struct mount_attr attributes = {.attr_set = always | writing};
        taken[i] = open_tree(AT_FDCWD, profile->paths[i].path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (taken[i] < 0 ||
            mount_setattr(taken[i], "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
            return false;
    }
    return true;
}

// Folders down to `path`, and an empty thing of the same kind there; relative to the new root.
static bool make_place(const char *path, int like)
{
    struct stat facts;
    char folder[PATH_MAX];

    if (fstat(like, &facts) != 0 || strlen(path) >= sizeof folder) return false;
    for (size_t i = 0; path[i] != '\0'; i++) {
        folder[i] = path[i];
        folder[i + 1] = '\0';
        if (path[i + 1] == '/' && mkdir(folder, 0755) != 0 && errno != EEXIST) return false;
    }
    if (S_ISDIR(facts.st_mode)) return mkdir(path, 0755) == 0 || errno == EEXIST;
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
    if (file >= 0) (void)close(file);
    return file >= 0;
}

static bool place_paths(const int *taken, const struct vch_profile *profile)
{
    for (uint32_t i = 0; i < profile->path_count; i++) {
        const char *path = profile->paths[i].path + 1; // without the slash
        if (!make_place(path, taken[i]) ||
            move_mount(taken[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
            return false;
    }
    return true;
}

static void close_all(const int *taken, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (taken[i] >= 0) (void)close(taken[i]);
}

// An empty file system over a folder that every machine has, then in the place of the root.
static const char *enter_root(const int *taken, const struct vch_profile *profile)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return "private mounts";
    if (mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "size=64k,nr_inodes=1k,mode=0755") != 0)
        return "mount of an empty root";
    if (chdir("/tmp") != 0) return "chdir";
    if (!place_paths(taken, profile)) return "mount of what was handed over";
    if (syscall(SYS_pivot_root, ".", ".") != 0) return "pivot_root"; // the old one lies on the new
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return "umount of the old root";
    if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) != 0) return "read-only root";
    return NULL;
}

void vch_spaces_root(struct vch_fence_result *out, const struct vch_profile *profile)
{
    int taken[VCH_PROFILE_PATHS_MAX];

    for (uint32_t i = 0; i < VCH_PROFILE_PATHS_MAX; i++)
        taken[i] = -1;
    const char *failed = take_paths(taken, profile) ? NULL : "what was handed over";
    if (failed == NULL) failed = enter_root(taken, profile);
    if (failed == NULL)
        out->outcome = VCH_FENCE_GRANTED;
    else
        (void)vch_fence_refuse(out, failed);
    close_all(taken, profile->path_count);
}
