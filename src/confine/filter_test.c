// Sockets that were handed over are served, and are good for nothing else.
#include "confine/filter.h"

#include <pthread.h>

#include "harness/attempts_made.h"

static void open_spare(void)
{
    const struct sockaddr_in any = attempts_loopback(0);

    attempts_victim.spare = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(attempts_victim.spare, (const struct sockaddr *)&any, sizeof any), 0);
    CHECK_EQ(listen(attempts_victim.spare, 4), 0);
}

// Nothing is bound any more inside the fences, but what listens already is served.
static int try_serve(void)
{
    int peer = accept(attempts_victim.spare, NULL, NULL);

    if (peer < 0) return errno;
    return write(peer, "served", 6) == 6 && close(peer) == 0 ? 0 : errno;
}

TEST(filter_lets_a_node_serve_where_it_listens_already)
{
    const struct attempt serve = {"to serve", try_serve, 0, 0, false, true};
    const struct vch_profile profile = vch_profile_node(NULL, 0);
    struct sockaddr_in there;
    char text[8] = {0};

    attempts_set_up();
    open_spare();
    socklen_t size = sizeof there;
    CHECK_EQ(getsockname(attempts_victim.spare, (struct sockaddr *)&there, &size), 0);
    int ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(connect(ours, (const struct sockaddr *)&there, sizeof there), 0);
    CHECK_EQ(attempts_make(&profile, &serve), ATTEMPTS_GOT_IT);
    CHECK_EQ(recv(ours, text, sizeof text, MSG_WAITALL), 6);
    CHECK_EQ(memcmp(text, "served", 6), 0);
    CHECK_EQ(close(ours) | close(attempts_victim.spare), 0);
}

// A socket that listens can be shut, and then is one like any other.
static int try_reuse(int flags, bool is_listening)
{
    const struct sockaddr_in there = attempts_loopback(attempts_victim.port);
    int door = attempts_victim.spare;

    if (shutdown(door, SHUT_RD) != 0) return errno;
    if (is_listening) return listen(door, 1) == 0 ? 0 : errno;
    return sendto(door, "x", 1, flags, (const struct sockaddr *)&there, sizeof there) == 1 ? 0
                                                                                           : errno;
}

static int try_send_by_door(void)
{
    return try_reuse(MSG_FASTOPEN, false);
}

static int try_message_by_door(void)
{
    struct sockaddr_in there = attempts_loopback(attempts_victim.port);
    struct iovec part = {(char[]){'x'}, 1};
    const struct msghdr message = {
        .msg_name = &there, .msg_namelen = sizeof there, .msg_iov = &part, .msg_iovlen = 1};

    if (shutdown(attempts_victim.spare, SHUT_RD) != 0) return errno;
    return sendmsg(attempts_victim.spare, &message, MSG_FASTOPEN) == 1 ? 0 : errno;
}

static int try_listen_by_door(void)
{
    return try_reuse(0, true);
}

TEST(filter_lets_nobody_connect_by_a_socket_that_it_was_given_to_serve)
{
    static const struct attempt tries[] = {
        {"sendto with an address", try_send_by_door, 0, 0, false, false},
        {"sendmsg with an address", try_message_by_door, 0, 0, false, false},
        {"listen anew", try_listen_by_door, 0, 0, false, false}};

    attempts_set_up();
    FOR_EACH(one, tries)
    {
        open_spare();
        const struct vch_profile profile =
            vch_profile_inference(NULL, 0, &attempts_victim.spare, 1, 1 << 28);
        enum attempts_outcome outcome = attempts_make(&profile, one);
        if (outcome == ATTEMPTS_NOT_STARTED)
            test_skip("this kernel does not grant what every role needs");
        CHECK_EQ(outcome, ATTEMPTS_DENIED);
        CHECK_EQ(close(attempts_victim.spare), 0);
        open_spare();
        if (attempts_make(&ATTEMPTS_OPEN, one) != ATTEMPTS_GOT_IT)
            printf("# skipped: %s, which fails here without any fence\n", one->what);
        CHECK_EQ(close(attempts_victim.spare), 0);
    }
}

static void *return_at_once(void *context)
{
    return context;
}

static bool can_start(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, return_at_once, NULL) == 0 &&
           pthread_join(thread, NULL) == 0;
}

struct crew {
    pthread_mutex_t lock; // held until the process has settled
    bool can_start;
};

static void *try_later(void *context)
{
    struct crew *crew = context;

    (void)pthread_mutex_lock(&crew->lock);
    crew->can_start = can_start();
    return NULL;
}

static int try_threads(void)
{
    struct crew crew = {PTHREAD_MUTEX_INITIALIZER, false};
    pthread_t early;

    (void)pthread_mutex_lock(&crew.lock);
    if (!can_start() || pthread_create(&early, NULL, try_later, &crew) != 0) return 0;
    if (!vch_filter_settle()) return 0;
    (void)pthread_mutex_unlock(&crew.lock);
    if (pthread_join(early, NULL) != 0 || crew.can_start) return 0;
    return can_start() ? 0 : EPERM;
}

TEST(filter_settles_a_process_whose_threads_all_run)
{
    const struct attempt threads = {"a thread more", try_threads, 0, 0, false, false};
    const struct vch_profile profile = vch_profile_inference(NULL, 0, NULL, 0, 1 << 28);
    enum attempts_outcome outcome = attempts_make(&profile, &threads);

    if (outcome == ATTEMPTS_NOT_STARTED)
        test_skip("this kernel does not grant what every role needs");
    CHECK_EQ(outcome, ATTEMPTS_DENIED);
}
