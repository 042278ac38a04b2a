// What processes that are confined try in vain: on this process, and on what it has set up.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "confine/fence.h"
#include "harness/folder.h"
#include "harness/test.h"

// What the attempts are made on: this process, and what it has set up.
static struct {
    pid_t pid;
    char folder[256], file[300], created[300];
    uint16_t port;
    int tcp, abstract, local, secret_pipe, spare;
    struct sockaddr_un name, path;
    socklen_t name_size;
    uint8_t memory[32];
} attempts_victim;

// Each returns 0 if it got what it wanted, else an error number.
static inline int attempts_ptrace(void)
{
    return ptrace(PTRACE_SEIZE, attempts_victim.pid, NULL, NULL) == 0 ? 0 : errno;
}

static inline int attempts_read_memory(void)
{
    uint8_t seen[sizeof attempts_victim.memory];
    struct iovec here = {seen, sizeof seen},
                 there = {attempts_victim.memory, sizeof attempts_victim.memory};

    return process_vm_readv(attempts_victim.pid, &here, 1, &there, 1, 0) > 0 ? 0 : errno;
}

static inline int attempts_open(const char *path, int flags)
{
    return open(path, flags, 0600) >= 0 ? 0 : errno;
}

static inline int attempts_proc_mem(void)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/%d/mem", attempts_victim.pid);
    return attempts_open(path, O_RDONLY);
}

static inline int attempts_file(void)
{
    return attempts_open(attempts_victim.file, O_RDONLY);
}

static inline int attempts_create(void)
{
    return attempts_open(attempts_victim.created, O_WRONLY | O_CREAT);
}

static inline int attempts_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static inline int attempts_connect(void)
{
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons(attempts_victim.port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int ours = socket(AF_INET, SOCK_STREAM, 0);

    if (ours < 0) return errno;
    return connect(ours, (struct sockaddr *)&there, sizeof there) == 0 ? 0 : errno;
}

static inline int attempts_abstract(void)
{
    int ours = socket(AF_UNIX, SOCK_STREAM, 0);

    if (ours < 0) return errno;
    return connect(ours, (struct sockaddr *)&attempts_victim.name, attempts_victim.name_size) == 0
               ? 0
               : errno;
}

// One of a pair has a peer, and may name another for each datagram.
static inline int attempts_datagram(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) return errno;
    return sendto(ends[0], "x", 1, MSG_DONTWAIT, (struct sockaddr *)&attempts_victim.path,
                  sizeof attempts_victim.path) == 1
               ? 0
               : errno;
}

// Streams whose ports Landlock does not look at.
static inline int attempts_protocol(void)
{
    return socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP) >= 0 ? 0 : errno;
}

static inline int attempts_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? 0 : errno;
}

// Whoever may listen to all that passes by.
static inline int attempts_packets(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0 ? 0 : errno;
}

static inline struct sockaddr_in attempts_loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int attempts_bind(void)
{
    const struct sockaddr_in here = attempts_loopback(0);
    int ours = socket(AF_INET, SOCK_STREAM, 0);

    if (ours < 0) return errno;
    return bind(ours, (const struct sockaddr *)&here, sizeof here) == 0 ? 0 : errno;
}

// Where nothing was bound the kernel binds, and asks nobody.
static inline int attempts_listen(void)
{
    int ours = socket(AF_INET, SOCK_STREAM, 0);

    if (ours < 0) return errno;
    return listen(ours, 1) == 0 ? 0 : errno;
}

static inline int attempts_send(int type, int flags)
{
    const struct sockaddr_in there = attempts_loopback(attempts_victim.port);
    int ours = socket(AF_INET, type, 0);

    if (ours < 0) return errno;
    return sendto(ours, "x", 1, flags, (const struct sockaddr *)&there, sizeof there) == 1 ? 0
                                                                                           : errno;
}

static inline int attempts_udp(void)
{
    return attempts_send(SOCK_DGRAM, 0);
}

// The address goes with the first bytes: no call of connect.
static inline int attempts_fast_open(void)
{
    return attempts_send(SOCK_STREAM, MSG_FASTOPEN);
}

// More addresses than any role is given; the pages are never touched.
static inline int attempts_map(int kind)
{
    void *place = mmap(NULL, (size_t)1 << 40, PROT_READ | PROT_WRITE,
                       kind | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return place != MAP_FAILED ? 0 : errno;
}

static inline int attempts_memory(void)
{
    return attempts_map(MAP_PRIVATE);
}

static inline int attempts_shared_memory(void)
{
    return attempts_map(MAP_SHARED);
}

// Whether root's process has any right of root's left.
static inline int attempts_capability(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {0};
    uint32_t any = 0;

    if (syscall(SYS_capget, &head, sets) != 0) return errno;
    for (int i = 0; i < 2; i++)
        any |= sets[i].effective | sets[i].permitted | sets[i].inheritable;
    return any != 0 ? 0 : EPERM;
}

// Or could be given one back.
static inline int attempts_capability_bound(void)
{
    for (unsigned long i = 0; geteuid() == 0 && i <= CAP_LAST_CAP; i++)
        if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 ||
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
            return 0;
    return EPERM;
}

// Whose time is limited is ended by the kernel.
static inline int attempts_limit(void)
{
    struct rlimit time;

    if (prlimit(attempts_victim.pid, RLIMIT_CPU, NULL, &time) != 0) return errno;
    return prlimit(attempts_victim.pid, RLIMIT_CPU, &time, NULL) == 0 ? 0 : errno;
}

static inline int attempts_exec(void)
{
    char program[] = "/bin/true", *arguments[] = {program, NULL}, *environment[] = {NULL};

    (void)execve(program, arguments, environment);
    return errno;
}

// Of a kind that there is none of: whoever may mount is told so.
static inline int attempts_mount(void)
{
    return mount("none", "/", "nosuchkind", 0, NULL) != 0 && errno == ENODEV ? 0 : errno;
}

static inline int attempts_signal(void)
{
    return kill(attempts_victim.pid, 0) == 0 ? 0 : errno;
}

static inline int attempts_fork(void)
{
    pid_t child = fork();

    if (child == 0) _exit(0);
    return child > 0 ? 0 : errno;
}

static inline int attempts_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page != MAP_FAILED ? 0 : errno;
}

static inline int attempts_unshare(void)
{
    return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
}

static inline int attempts_descriptor(void)
{
    return write(attempts_victim.secret_pipe, "x", 1) == 1 ? 0 : errno;
}

enum {
    ATTEMPTS_SYSCALLS = VCH_FENCE_BIT(SYSCALLS),
    ATTEMPTS_LANDLOCK = VCH_FENCE_BIT(LANDLOCK),
    ATTEMPTS_ROOT = VCH_FENCE_BIT(ROOT),
    ATTEMPTS_SPACES = VCH_FENCE_BIT(NAMESPACES),
    ATTEMPTS_CAPABILITIES = VCH_FENCE_BIT(CAPABILITIES),
    ATTEMPTS_DESCRIPTORS = VCH_FENCE_BIT(DESCRIPTORS),
    ATTEMPTS_LIMITS = VCH_FENCE_BIT(LIMITS),
};

static const struct attempt {
    const char *what;
    int (*make)(void);
    uint32_t fences;           // each of which stops it alone
    uint32_t landlock_version; // from which Landlock does
    bool is_deadly;            // to who tries it past the filter
    bool is_for_nodes;         // who connect to others, and keep what they had open
} ATTEMPTS[] = {
    {"ptrace", attempts_ptrace, ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_SPACES, 1, true,
     false},
    {"process_vm_readv", attempts_read_memory,
     ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_SPACES, 1, true, false},
    {"open of /proc/PID/mem", attempts_proc_mem,
     ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_ROOT, 1, false, false},
    {"open of a foreign file", attempts_file, ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_ROOT,
     1, false, false},
    {"a new file", attempts_create, ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_ROOT, 1, false,
     false},
    {"socket", attempts_socket, ATTEMPTS_SYSCALLS, 0, false, true},
    {"connect to a foreign address", attempts_connect,
     ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_SPACES, 4, false, true},
    {"connect to an abstract socket", attempts_abstract,
     ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_SPACES, 6, false, false},
    {"a datagram to a local socket", attempts_datagram, ATTEMPTS_SYSCALLS | ATTEMPTS_ROOT, 0, false,
     false},
    {"a protocol beside TCP", attempts_protocol, ATTEMPTS_SYSCALLS, 0, false, false},
    {"a netlink socket", attempts_netlink, ATTEMPTS_SYSCALLS, 0, false, false},
    {"a socket for all packets", attempts_packets, ATTEMPTS_SYSCALLS | ATTEMPTS_CAPABILITIES, 0,
     false, false},
    {"bind", attempts_bind, ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK, 4, false, false},
    {"listen without bind", attempts_listen, ATTEMPTS_SYSCALLS, 0, false, false},
    {"a datagram to a foreign address", attempts_udp, ATTEMPTS_SYSCALLS | ATTEMPTS_SPACES, 0, false,
     false},
    {"bytes to a foreign address, without connect", attempts_fast_open,
     ATTEMPTS_SYSCALLS | ATTEMPTS_SPACES, 0, false, false},
    {"a capability", attempts_capability, ATTEMPTS_SYSCALLS | ATTEMPTS_CAPABILITIES, 0, false,
     false},
    {"a capability to be had", attempts_capability_bound, ATTEMPTS_SYSCALLS | ATTEMPTS_CAPABILITIES,
     0, false, false},
#ifndef VCH_SANITIZED // which maps more by itself
    {"more memory", attempts_memory, ATTEMPTS_LIMITS, 0, false, true},
    {"more shared memory", attempts_shared_memory, ATTEMPTS_LIMITS, 0, false, true},
#endif
    {"a limit of another process", attempts_limit, ATTEMPTS_SYSCALLS | ATTEMPTS_SPACES, 0, false,
     false},
    {"exec", attempts_exec, ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_ROOT, 1, true, false},
    {"mount", attempts_mount, ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_CAPABILITIES, 1,
     true, false},
    {"a signal to another process", attempts_signal,
     ATTEMPTS_SYSCALLS | ATTEMPTS_LANDLOCK | ATTEMPTS_SPACES, 6, false, false},
    {"fork", attempts_fork, ATTEMPTS_SYSCALLS, 0, false, false},
    {"new executable memory", attempts_code, ATTEMPTS_SYSCALLS, 0, false, false},
    {"unshare", attempts_unshare, ATTEMPTS_SYSCALLS, 0, true, false},
    {"use of an inherited descriptor", attempts_descriptor, ATTEMPTS_DESCRIPTORS, 0, false, true},
};

static inline void attempts_clean_up(void)
{
    folder_remove(attempts_victim.folder);
}

static inline void attempts_set_up(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int ends[2];

    if (attempts_victim.pid != 0) return;
    folder_make_quick(attempts_victim.folder, sizeof attempts_victim.folder);
    CHECK_EQ(atexit(attempts_clean_up), 0);
    (void)snprintf(attempts_victim.file, sizeof attempts_victim.file, "%s/foreign",
                   attempts_victim.folder);
    (void)snprintf(attempts_victim.created, sizeof attempts_victim.created, "%s/created",
                   attempts_victim.folder);
    int file = open(attempts_victim.file, O_CREAT | O_WRONLY, 0600);
    CHECK(file >= 0 && write(file, "foreign", 7) == 7 && close(file) == 0);
    attempts_victim.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(attempts_victim.tcp, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(attempts_victim.tcp, 64), 0);
    CHECK_EQ(getsockname(attempts_victim.tcp, (struct sockaddr *)&at, &size), 0);
    attempts_victim.port = ntohs(at.sin_port);
    attempts_victim.abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    attempts_victim.name.sun_family = AF_UNIX;
    attempts_victim.name_size = offsetof(struct sockaddr_un, sun_path);
    CHECK_EQ(bind(attempts_victim.abstract, (struct sockaddr *)&attempts_victim.name,
                  attempts_victim.name_size),
             0);
    attempts_victim.name_size = sizeof attempts_victim.name; // the kernel chose one
    CHECK_EQ(getsockname(attempts_victim.abstract, (struct sockaddr *)&attempts_victim.name,
                         &attempts_victim.name_size),
             0);
    CHECK_EQ(listen(attempts_victim.abstract, 64), 0);
    attempts_victim.path.sun_family = AF_UNIX;
    (void)snprintf(attempts_victim.path.sun_path, sizeof attempts_victim.path.sun_path,
                   "%.90s/datagrams", attempts_victim.folder);
    attempts_victim.local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(attempts_victim.local, (struct sockaddr *)&attempts_victim.path,
                  sizeof attempts_victim.path),
             0);
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    attempts_victim.secret_pipe = ends[1];
    attempts_victim.pid = getpid();
}
