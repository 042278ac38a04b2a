#include "confine/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    COMPUTE = VCH_PROFILE_COMPUTE,
    CHANNEL = VCH_PROFILE_CHANNEL,
    FILES = VCH_PROFILE_FILES,
    SERVE = VCH_PROFILE_SERVE,
    THREADS = VCH_PROFILE_THREADS,
    WRITES = VCH_PROFILE_WRITES,
    CONNECT = VCH_PROFILE_CONNECT,
    SECRETS = VCH_PROFILE_SECRETS,
    RECORDS = VCH_PROFILE_RECORDS,
};

// Calls that are allowed whatever their arguments. Names that a processor or a library does not
// know are left out, which refuses them.
static const struct {
    uint32_t family;
    const char *name;
} ALLOWED[] = {
    {COMPUTE, "brk"},
    {COMPUTE, "munmap"},
    {COMPUTE, "mremap"},
    {COMPUTE, "madvise"},
    {COMPUTE, "mlock"},
    {COMPUTE, "munlock"},
    {COMPUTE, "read"},
    {COMPUTE, "readv"},
    {COMPUTE, "write"},
    {COMPUTE, "writev"},
    {COMPUTE, "close"},
    {COMPUTE, "fstat"},
    {COMPUTE, "exit"},
    {COMPUTE, "exit_group"},
    {COMPUTE, "futex"},
    {COMPUTE, "getrandom"},
    {COMPUTE, "clock_gettime"},
    {COMPUTE, "clock_nanosleep"},
    {COMPUTE, "nanosleep"},
    {COMPUTE, "gettimeofday"},
    {COMPUTE, "getpid"},
    {COMPUTE, "gettid"},
    {COMPUTE, "restart_syscall"},
    {COMPUTE, "rt_sigaction"},
    {COMPUTE, "rt_sigprocmask"},
    {COMPUTE, "rt_sigreturn"},
    {COMPUTE, "sigaltstack"},
    {CHANNEL | SERVE, "recvfrom"},
    {CHANNEL | SERVE, "recvmsg"},
    {CHANNEL | SERVE, "sendto"},
    {CHANNEL | SERVE, "sendmsg"},
    {CHANNEL | SERVE, "shutdown"},
    {CHANNEL | SERVE, "poll"},
    {CHANNEL | SERVE, "ppoll"},
    {SERVE, "accept"},
    {SERVE, "accept4"},
    {SERVE, "getsockname"},
    {SERVE, "getpeername"},
    {SERVE, "getsockopt"},
    {SERVE, "setsockopt"},
    {SERVE, "epoll_create1"},
    {SERVE, "epoll_ctl"},
    {SERVE, "epoll_wait"},
    {SERVE, "epoll_pwait"},
    {SERVE, "eventfd2"},
    {SERVE, "timerfd_create"},
    {SERVE, "timerfd_settime"},
    {FILES, "lseek"},
    {FILES, "pread64"},
    {FILES, "newfstatat"},
    {FILES, "statx"},
    {FILES, "getdents64"},
    {WRITES, "openat"},
    {WRITES | RECORDS, "pwrite64"},
    {WRITES, "rename"},
    {WRITES, "renameat"},
    {WRITES, "renameat2"},
    {WRITES, "link"},
    {WRITES, "linkat"},
    {WRITES, "unlink"},
    {WRITES, "unlinkat"},
    {WRITES, "mkdir"},
    {WRITES, "mkdirat"},
    {WRITES, "rmdir"},
    {WRITES | RECORDS, "fsync"},
    {WRITES, "fdatasync"},
    {WRITES | SECRETS, "ftruncate"},
    {SECRETS, "memfd_secret"},
    {WRITES, "fallocate"},
    {WRITES, "flock"},
    {WRITES, "access"},
    {WRITES, "faccessat"},
    {WRITES, "faccessat2"},
    {WRITES, "readlink"},
    {WRITES, "readlinkat"},
    {WRITES, "lstat"},
    {WRITES, "stat"},
    {WRITES, "fchmod"},
    {WRITES, "umask"},
    {WRITES, "memfd_create"}, // what was sealed is opened into memory
    {CONNECT, "bind"},
    {CONNECT, "listen"},
    {CONNECT, "connect"},
    {CONNECT, "pipe2"},
    {CONNECT, "uname"},
    {CONNECT, "sysinfo"},
    {CONNECT, "getrusage"},
    {CONNECT, "getuid"},
    {CONNECT, "geteuid"},
    {CONNECT, "getgid"},
    {CONNECT, "getegid"},
    {CONNECT, "wait4"}, // for who was started before the fences
    {CONNECT, "sendmmsg"},
    {CONNECT, "recvmmsg"},
    {THREADS, "set_robust_list"},
    {THREADS, "rseq"},
    {THREADS, "sched_yield"},
    {THREADS, "sched_getaffinity"},
    {THREADS, "membarrier"},
};

enum { READ_ONLY = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND };

enum {
    TYPE_MASK = 0xf, // SOCK_TYPE_MASK: without SOCK_CLOEXEC and SOCK_NONBLOCK
    SPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
             CLONE_NEWPID | CLONE_NEWNET,
};

_Static_assert(F_GETFD == 1 && F_SETFD == 2 && F_GETFL == 3 && F_SETFL == 4 && F_ADD_SEALS == 1033,
               "as listed below");

// Calls that are allowed where one argument, under a mask, is one value.
static const struct {
    uint32_t family;
    const char *name;
    unsigned argument;
    uint64_t mask, value;
} CONDITIONAL[] = {
    {COMPUTE, "mmap", 2, PROT_EXEC, 0}, // no code that was not there at the start
    {COMPUTE, "mprotect", 2, PROT_EXEC, 0},
    {FILES, "openat", 2, READ_ONLY, O_RDONLY}, // with WRITES: any way
    {CONNECT, "prlimit64", 0, UINT64_MAX, 0}, // its own: a limit on time ends whoever has none left
    {CONNECT, "ioctl", 1, UINT64_MAX, FIONREAD},
    {SERVE | FILES, "fcntl", 1, UINT64_MAX, F_GETFD},
    {SERVE | FILES, "fcntl", 1, UINT64_MAX, F_SETFD},
    {SERVE | FILES, "fcntl", 1, UINT64_MAX, F_GETFL},
    {SERVE | FILES, "fcntl", 1, UINT64_MAX, F_SETFL},
    {WRITES, "fcntl", 1, UINT64_MAX, F_ADD_SEALS},
    {WRITES, "fcntl", 1, UINT64_MAX, F_DUPFD_CLOEXEC},
    {CHANNEL, "fcntl", 1, UINT64_MAX, F_GET_SEALS}, // of memory that came by a message
    {THREADS, "clone", 0, CLONE_THREAD | CLONE_VM | SPACES, CLONE_THREAD | CLONE_VM},
};

// TCP, and UDP for names. Other protocols are none of Landlock's ports; and a datagram socket of a
// local pair could still be told to send to any local socket that has a name.
static const struct {
    const char *name;
    uint64_t domain, type, protocol;
} SOCKETS[] = {
    {"socket", AF_INET, SOCK_STREAM, 0},     {"socket", AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {"socket", AF_INET, SOCK_DGRAM, 0},      {"socket", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {"socket", AF_INET6, SOCK_STREAM, 0},    {"socket", AF_INET6, SOCK_STREAM, IPPROTO_TCP},
    {"socket", AF_INET6, SOCK_DGRAM, 0},     {"socket", AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    {"socketpair", AF_UNIX, SOCK_STREAM, 0},
};

// What no role does by mistake.
static const char *const DEADLY[] = {
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "add_key",
    "request_key",
    "keyctl",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_tree",
    "move_mount",
    "mount_setattr",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "setns",
    "unshare",
    "execve",
    "execveat",
    "open_by_handle_at",
};

// libseccomp's answers are negative error numbers.
static bool add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
                const struct scmp_arg_cmp *conditions)
{
    int number = seccomp_syscall_resolve_name(name);

    if (number == __NR_SCMP_ERROR) return true;
    int state = seccomp_rule_add_array(filter, action, number, count, conditions);
    errno = -state;
    return state == 0;
}

static bool add_sockets(scmp_filter_ctx filter, uint32_t calls)
{
    for (size_t i = 0; (calls & CONNECT) != 0 && i < sizeof SOCKETS / sizeof *SOCKETS; i++) {
        const struct scmp_arg_cmp conditions[] = {
            {0, SCMP_CMP_EQ, SOCKETS[i].domain, 0},
            {1, SCMP_CMP_MASKED_EQ, TYPE_MASK, SOCKETS[i].type},
            {2, SCMP_CMP_EQ, SOCKETS[i].protocol, 0},
        };
        if (!add(filter, SCMP_ACT_ALLOW, SOCKETS[i].name, 3, conditions)) return false;
    }
    return true;
}

static bool add_allowed(scmp_filter_ctx filter, uint32_t calls)
{
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
        if ((ALLOWED[i].family & calls) != 0 &&
            !add(filter, SCMP_ACT_ALLOW, ALLOWED[i].name, 0, NULL))
            return false;
    for (size_t i = 0; i < sizeof CONDITIONAL / sizeof *CONDITIONAL; i++) {
        struct scmp_arg_cmp condition = {CONDITIONAL[i].argument, SCMP_CMP_MASKED_EQ,
                                         CONDITIONAL[i].mask, CONDITIONAL[i].value};
        if ((CONDITIONAL[i].family & calls) != 0 &&
            !add(filter, SCMP_ACT_ALLOW, CONDITIONAL[i].name, 1, &condition))
            return false;
    }
    if (!add_sockets(filter, calls)) return false;
    // abort() is a signal to oneself.
    struct scmp_arg_cmp self = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
    return add(filter, SCMP_ACT_ALLOW, "tgkill", 1, &self);
}

static bool add_refused(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof DEADLY / sizeof *DEADLY; i++)
        if (!add(filter, SCMP_ACT_KILL_PROCESS, DEADLY[i], 0, NULL)) return false;
    // Its flags lie in memory, where a filter does not see them; the C library then takes clone.
    return add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

static bool set(scmp_filter_ctx filter, enum scmp_filter_attr attribute, uint32_t value)
{
    int state = seccomp_attr_set(filter, attribute, value);

    errno = -state;
    return state == 0;
}

static bool load(scmp_filter_ctx filter)
{
    int state = seccomp_load(filter);

    errno = -state;
    return state == 0;
}

void vch_filter_enter(struct vch_fence_result *out, const struct vch_profile *profile)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (filter == NULL) {
        errno = ENOMEM;
        (void)vch_fence_refuse(out, "seccomp_init");
        return;
    }
    // no_new_privs is a fence of its own; calls of another architecture are nobody's mistake.
    bool is_built = set(filter, SCMP_FLTATR_CTL_NNP, 0) &&
                    set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) &&
                    add_allowed(filter, profile->calls) && add_refused(filter);
    if (!is_built)
        (void)vch_fence_refuse(out, "seccomp rules");
    else if (!load(filter))
        (void)vch_fence_refuse(out, "seccomp");
    else
        out->outcome = VCH_FENCE_GRANTED;
    seccomp_release(filter);
}
