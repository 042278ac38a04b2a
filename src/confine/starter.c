#include "confine/starter.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "confine/limits.h"

#define BIT(capability) (UINT64_C(1) << (capability))

enum { START = 's', END = 'e', STOP = 'k', PATIENCE_MS = 1000 };

// What comes back, with the child's channel beside it where one was started.
struct word {
    vch_status status;
    struct vch_complaint complaint;
    struct vch_confine_facts facts;
};

struct order {
    struct vch_profile profile;
    vch_child_work *work;
    vch_starter_open *open; // NULL: nothing
    void *context;
    bool may_move_in;
    struct vch_confine_facts inside; // where it has: what children share with their starter
};

// Fences that last over fork, and take most of the time that a child's take.
enum {
    SHARED = VCH_FENCE_BIT(NAMESPACES) | VCH_FENCE_BIT(ROOT) | VCH_FENCE_BIT(CAPABILITIES),
};

// Whoever was told that its channel is closed ends; who does not is ended.
static void wait_a_moment(const struct vch_child *child)
{
    int handle = (int)syscall(SYS_pidfd_open, child->pid, 0);
    struct pollfd end = {.fd = handle, .events = POLLIN};

    if (handle < 0 || poll(&end, 1, PATIENCE_MS) != 1) (void)kill(child->pid, SIGKILL);
    if (handle >= 0) (void)close(handle);
}

// Once a first child has shown that it can, and has ended: it would be outside.
static bool is_to_move_in(struct order *order, struct vch_child *child)
{
    bool is_granted = child->facts.fences[VCH_FENCE_NAMESPACES].outcome == VCH_FENCE_GRANTED;

    if (!order->may_move_in || !is_granted) return false;
    order->may_move_in = false;
    vch_child_stop(child);
    return true;
}

// A process half inside could start one child more: better none, which is said.
static void move_in(struct order *order)
{
    struct vch_profile shared = order->profile;

    order->profile.mapped = vch_limits_mapped(); // /proc stays outside
    shared.asked &= SHARED;
    shared.required = VCH_FENCE_BIT(NAMESPACES) | (shared.required & SHARED);
    if (!vch_is_ok(vch_confine_self(&order->inside, &shared, NULL))) _exit(1);
    order->profile.asked &= ~(uint32_t)SHARED;
    order->profile.required &= ~(uint32_t)SHARED;
}

// What a child has of its starter is granted to it, too.
static void settle(struct vch_child *child, struct order *order)
{
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        if (order->inside.fences[fence].outcome != VCH_FENCE_NOT_ASKED)
            child->facts.fences[fence] = order->inside.fences[fence];
}

static vch_status make(struct vch_child *out, const struct order *order,
                       struct vch_complaint *complaint)
{
    struct vch_profile profile = order->profile;
    int extra = -1;

    *out = (struct vch_child){.channel = -1};
    if (order->open != NULL) {
        VCH_TRY(order->open(&extra, order->context, complaint));
        profile.kept = &extra;
        profile.kept_count = 1;
    }
    vch_status status = vch_child_start(out, &profile, order->work, order->context, complaint);
    if (extra >= 0) (void)close(extra);
    return status;
}

static void start_one(struct vch_child *child, int channel, struct order *order)
{
    struct word word = {.status = VCH_OK};
    struct vch_child fresh;

    vch_child_stop(child);
    word.status = make(&fresh, order, &word.complaint);
    settle(&fresh, order);
    word.facts = fresh.facts;
    bool is_started = vch_is_ok(word.status);
    vch_status told =
        vch_child_write_with(channel, &word, sizeof word, is_started ? fresh.channel : -1);
    (void)told; // a parent that is gone is noticed at the next byte
    if (!is_started) return;
    (void)close(fresh.channel); // else its end would not be seen there
    fresh.channel = -1;
    *child = fresh;
}

static void end_one(struct vch_child *child, int channel, bool is_patient)
{
    struct word word = {.status = VCH_OK};

    if (child->pid > 0) {
        if (is_patient)
            wait_a_moment(child);
        else
            (void)kill(child->pid, SIGKILL);
        word.status = vch_child_end(child, &word.complaint);
    }
    vch_status told = vch_child_write_with(channel, &word, sizeof word, -1);
    (void)told;
}

static int be_starter(int channel, void *context)
{
    struct order *order = context;
    struct vch_child child = {.channel = -1};
    uint8_t wish = 0;

    while (vch_is_ok(vch_child_read(channel, &wish, sizeof wish))) {
        if (wish == START) {
            if (is_to_move_in(order, &child)) move_in(order);
            start_one(&child, channel, order);
        } else {
            end_one(&child, channel, wish == END);
        }
    }
    if (child.pid > 0) wait_a_moment(&child); // it sees that nobody is left
    vch_child_stop(&child);
    return 0;
}

// What its children give up it must still have, if it ever had it: of root's rights, to make
// namespaces where others may not, to map root into them, to narrow what may be had; and to open
// what another owns, where something is opened for each child.
static uint64_t rights_for(const struct order *order)
{
    const uint64_t opens = order->open != NULL ? BIT(CAP_DAC_OVERRIDE) : 0;

    return BIT(CAP_SYS_ADMIN) | BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) | opens;
}

// It gives up the rest.
static struct vch_profile profile_for(const struct order *order)
{
    return (struct vch_profile){
        .role = "starter",
        .asked = VCH_FENCE_BIT(DESCRIPTORS) | VCH_FENCE_BIT(LIMITS) | VCH_FENCE_BIT(DUMPABLE) |
                 VCH_FENCE_BIT(PRIVILEGES) | VCH_FENCE_BIT(CAPABILITIES),
        .capabilities = rights_for(order),
        .limits = {VCH_PROFILE_ANY, VCH_PROFILE_ANY, VCH_PROFILE_ANY, VCH_PROFILE_ANY},
        .required =
            VCH_FENCE_BIT(DESCRIPTORS) | VCH_FENCE_BIT(PRIVILEGES) | VCH_FENCE_BIT(CAPABILITIES),
        .kept = order->profile.kept,
        .kept_count = order->profile.kept_count,
    };
}

static vch_status begin(struct vch_starter *out, struct order *order,
                        struct vch_complaint *complaint)
{
    const struct vch_profile mine = profile_for(order);
    struct vch_child child;

    *out = (struct vch_starter){.channel = -1};
    VCH_TRY(vch_child_start(&child, &mine, be_starter, order, complaint));
    *out = (struct vch_starter){.pid = child.pid, .channel = child.channel};
    return VCH_OK;
}

vch_status vch_starter_new(struct vch_starter *out, const struct vch_profile *profile,
                           vch_child_work *work, void *context, struct vch_complaint *complaint)
{
    struct order order = {.profile = *profile, .work = work, .context = context};

    return begin(out, &order, complaint);
}

vch_status vch_starter_new_with(struct vch_starter *out, const struct vch_profile *profile,
                                vch_child_work *work, vch_starter_open *open, void *context,
                                struct vch_complaint *complaint)
{
    struct order order = {.profile = *profile, .work = work, .open = open, .context = context};

    VCH_ASSERT(profile->kept_count == 0);
    return begin(out, &order, complaint);
}

vch_status vch_starter_new_inside(struct vch_starter *out, const struct vch_profile *profile,
                                  vch_child_work *work, void *context,
                                  struct vch_complaint *complaint)
{
    struct order order = {
        .profile = *profile, .work = work, .context = context, .may_move_in = true};

    VCH_ASSERT(profile->path_count == 0);
    return begin(out, &order, complaint);
}

static vch_status gone(struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "the process that starts confined ones is gone: start the program anew");
}

static vch_status ask(struct word *word, int *descriptor, const struct vch_starter *starter,
                      uint8_t wish, struct vch_complaint *complaint)
{
    if (starter->channel < 0 || send(starter->channel, &wish, 1, MSG_NOSIGNAL) != 1 ||
        !vch_is_ok(vch_child_read_with(starter->channel, word, sizeof *word, descriptor)))
        return gone(complaint);
    if (vch_is_ok(word->status)) return VCH_OK;
    return vch_complain(complaint, word->status.code, "%s", word->complaint.text);
}

vch_status vch_starter_start(struct vch_starter *starter, struct vch_child *out,
                             struct vch_complaint *complaint)
{
    struct word word = {.status = VCH_OK};
    int channel = -1;

    *out = (struct vch_child){.channel = -1};
    vch_status status = ask(&word, &channel, starter, START, complaint);
    out->facts = word.facts;
    VCH_TRY(status);
    if (channel < 0) return gone(complaint);
    out->channel = channel;
    starter->is_running = true;
    return VCH_OK;
}

static vch_status end(struct vch_starter *starter, struct vch_child *child, uint8_t wish,
                      struct vch_complaint *complaint)
{
    struct word word = {.status = VCH_OK};
    int none = -1;

    if (child->channel >= 0) (void)close(child->channel);
    child->channel = -1;
    if (!starter->is_running) return VCH_OK;
    starter->is_running = false;
    return ask(&word, &none, starter, wish, complaint);
}

vch_status vch_starter_end(struct vch_starter *starter, struct vch_child *child,
                           struct vch_complaint *complaint)
{
    return end(starter, child, END, complaint);
}

vch_status vch_starter_stop(struct vch_starter *starter, struct vch_child *child,
                            struct vch_complaint *complaint)
{
    return end(starter, child, STOP, complaint);
}

void vch_starter_free(struct vch_starter *starter)
{
    struct vch_child child = {.pid = starter->pid, .channel = starter->channel};

    if (starter->pid <= 0) return;
    vch_status status = vch_child_end(&child, NULL); // it sees that its channel is closed
    (void)status;
    *starter = (struct vch_starter){.channel = -1};
}
