#include "confine/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/filter_calls.h"

enum {
    COMPUTE = VCH_PROFILE_COMPUTE,
    CHANNEL = VCH_PROFILE_CHANNEL,
    FILES = VCH_PROFILE_FILES,
    SERVE = VCH_PROFILE_SERVE,
    THREADS = VCH_PROFILE_THREADS,
    WRITES = VCH_PROFILE_WRITES,
    CONNECT = VCH_PROFILE_CONNECT,
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
    {CHANNEL | SERVE, "sendmsg", 2, MSG_FASTOPEN, 0}, // connects, and is asked by nobody
    {COMPUTE, "mmap", 2, PROT_EXEC, 0},               // no code that was not there at the start
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
    // Narrower still (vch_filter_settle): of all that this call does, that alone takes such flags.
    {THREADS, "seccomp", 1, UINT64_MAX, SECCOMP_FILTER_FLAG_TSYNC},
    {THREADS, "clone", 0, CLONE_THREAD | CLONE_VM | SPACES, CLONE_THREAD | CLONE_VM},
};

// TCP alone. Other protocols are none of Landlock's ports; UDP sends to whomever it likes; and a
// datagram socket of a local pair could still be told to send to any local socket that has a name.
static const struct {
    const char *name;
    uint64_t domain, type, protocol;
} SOCKETS[] = {
    {"socket", AF_INET, SOCK_STREAM, 0},     {"socket", AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {"socket", AF_INET6, SOCK_STREAM, 0},    {"socket", AF_INET6, SOCK_STREAM, IPPROTO_TCP},
    {"socketpair", AF_UNIX, SOCK_STREAM, 0},
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

// To whom a socket is connected, and nobody else: no address, and none that is connected to on the
// way.
static bool add_sends(scmp_filter_ctx filter, uint32_t calls)
{
    const struct scmp_arg_cmp conditions[] = {
        {3, SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0},
        {4, SCMP_CMP_EQ, 0, 0},
    };

    return (calls & (CHANNEL | SERVE)) == 0 || add(filter, SCMP_ACT_ALLOW, "sendto", 2, conditions);
}

static bool add_allowed(scmp_filter_ctx filter, uint32_t calls)
{
    for (const struct vch_filter_call *call = vch_filter_calls_allowed; call->name != NULL; call++)
        if ((call->family & calls) != 0 && !add(filter, SCMP_ACT_ALLOW, call->name, 0, NULL))
            return false;
    for (size_t i = 0; i < sizeof CONDITIONAL / sizeof *CONDITIONAL; i++) {
        struct scmp_arg_cmp condition = {CONDITIONAL[i].argument, SCMP_CMP_MASKED_EQ,
                                         CONDITIONAL[i].mask, CONDITIONAL[i].value};
        if ((CONDITIONAL[i].family & calls) != 0 &&
            !add(filter, SCMP_ACT_ALLOW, CONDITIONAL[i].name, 1, &condition))
            return false;
    }
    if (!add_sockets(filter, calls) || !add_sends(filter, calls)) return false;
    // abort() is a signal to oneself.
    struct scmp_arg_cmp self = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
    return add(filter, SCMP_ACT_ALLOW, "tgkill", 1, &self);
}

static bool add_refused(scmp_filter_ctx filter)
{
    for (const char *const *name = vch_filter_calls_deadly; *name != NULL; name++)
        if (!add(filter, SCMP_ACT_KILL_PROCESS, *name, 0, NULL)) return false;
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

// Beside the filter that is there, which judges architectures and refuses clone3: the stricter word
// of both counts. By hand, since libseccomp looks around first, and is not let to any more.
bool vch_filter_settle(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof code / sizeof *code, code};

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
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
