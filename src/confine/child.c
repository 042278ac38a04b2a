#include "confine/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

enum { NOT_CONFINED = 125 }; // exit code of a child that never came to its work

vch_status vch_child_read(int channel, void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(channel, (uint8_t *)bytes + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return VCH_FAIL(IO);
        if (got == 0) return VCH_FAIL(TRUNCATED);
        done += (size_t)got;
    }
    return VCH_OK;
}

vch_status vch_child_write(int channel, const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(channel, (const uint8_t *)bytes + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return VCH_FAIL(IO);
        done += (size_t)put;
    }
    return VCH_OK;
}

union room { // for one descriptor, aligned
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

vch_status vch_child_read_with(int channel, void *bytes, size_t size, int *descriptor)
{
    struct iovec part = {bytes, size};
    union room room;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    ssize_t got = 0;

    *descriptor = -1;
    do
        got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0) return VCH_FAIL(IO);
    if (got == 0) return VCH_FAIL(TRUNCATED);
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head != NULL && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(head), sizeof *descriptor);
    return vch_child_read(channel, (uint8_t *)bytes + got, size - (size_t)got);
}

vch_status vch_child_write_with(int channel, const void *bytes, size_t size, int descriptor)
{
    struct iovec part = {(void *)(uintptr_t)bytes, size}; // only read
    union room room = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t put = 0;

    if (descriptor >= 0) {
        message.msg_control = &room;
        message.msg_controllen = sizeof room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    }
    do
        put = sendmsg(channel, &message, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put < 0) return VCH_FAIL(IO);
    return vch_child_write(channel, (const uint8_t *)bytes + put, size - (size_t)put);
}

// The profile's descriptors and the channel, ascending.
static uint32_t list_kept(int out[static VCH_PROFILE_KEPT_MAX], const struct vch_profile *profile,
                          int channel)
{
    uint32_t count = 0, i = 0;

    VCH_ASSERT(profile->kept_count < VCH_PROFILE_KEPT_MAX);
    while (i < profile->kept_count && profile->kept[i] < channel)
        out[count++] = profile->kept[i++];
    out[count++] = channel;
    while (i < profile->kept_count)
        out[count++] = profile->kept[i++];
    return count;
}

// A terminal, or whoever manages services, signals a whole group: its main process takes its time
// to stop, and the others end as their channels do.
static void ignore_group(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)signal(signals[i], SIG_IGN);
}

// Whoever was taken over does not end by itself as its channel is closed.
static void leash(pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) _exit(NOT_CONFINED); // it was gone already
}

// In the child. What was granted goes first over the channel, also when it was not enough.
static _Noreturn void be_child(const struct vch_profile *profile, pid_t parent, int channel,
                               vch_child_work *work, void *context)
{
    int kept[VCH_PROFILE_KEPT_MAX];
    struct vch_profile mine = *profile;
    struct vch_confine_facts facts;

    ignore_group();
    (void)signal(SIGXFSZ, SIG_IGN); // a log that is full is no reason to end
    if (profile->is_leashed) leash(parent);
    (void)prctl(PR_SET_NAME, profile->role, 0, 0, 0); // for who looks at the machine
    mine.kept_count = list_kept(kept, profile, channel);
    mine.kept = kept;
    vch_status confined = vch_confine_self(&facts, &mine, NULL);
    vch_status told = vch_child_write(channel, &facts, sizeof facts);
    if (!vch_is_ok(confined) || !vch_is_ok(told)) _exit(NOT_CONFINED);
    _exit(work(channel, context));
}

// What the child says that it was granted; it is our own code that says it, before its work begins.
static vch_status hear(struct vch_child *child, const struct vch_profile *profile,
                       struct vch_complaint *complaint)
{
    if (!vch_is_ok(vch_child_read(child->channel, &child->facts, sizeof child->facts)))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the process \"%s\" ended before it was confined; `vouch attest probe` "
                            "shows what this kernel grants",
                            profile->role);
    return vch_confine_check(&child->facts, profile, complaint);
}

vch_status vch_child_start(struct vch_child *out, const struct vch_profile *profile,
                           vch_child_work *work, void *context, struct vch_complaint *complaint)
{
    const pid_t parent = getpid();
    int ends[2];

    *out = (struct vch_child){.channel = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot make a socket pair: %s",
                            strerror(errno));
    out->channel = ends[0];
    out->pid = fork();
    if (out->pid == 0) {
        (void)close(ends[0]);
        be_child(profile, parent, ends[1], work, context);
    }
    (void)close(ends[1]);
    if (out->pid < 0) {
        (void)close(out->channel);
        return vch_complain(complaint, VCH_CODE_IO, "cannot start a process: %s", strerror(errno));
    }
    vch_status status = hear(out, profile, complaint);
    if (!vch_is_ok(status)) vch_child_stop(out);
    return status;
}

static int wait_for(struct vch_child *child)
{
    int state = 0;

    if (child->channel >= 0) (void)close(child->channel);
    while (waitpid(child->pid, &state, 0) < 0)
        VCH_ASSERT(errno == EINTR);
    *child = (struct vch_child){.channel = -1, .facts = child->facts};
    return state;
}

vch_status vch_child_end(struct vch_child *child, struct vch_complaint *complaint)
{
    int state = wait_for(child);

    if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return VCH_OK;
    if (WIFEXITED(state))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF, "a confined process ended with code %d",
                            WEXITSTATUS(state));
    if (WTERMSIG(state) == SIGSYS)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a confined process was ended by the kernel: it tried a system call "
                            "that only an attack asks for");
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "a confined process was ended by signal %d (%s)", WTERMSIG(state),
                        strsignal(WTERMSIG(state)));
}

void vch_child_stop(struct vch_child *child)
{
    if (child->pid <= 0) return;
    (void)kill(child->pid, SIGKILL);
    (void)wait_for(child);
}
