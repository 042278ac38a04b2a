#include "harness/etcd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/test.h"

enum { TEXT_MAX = 512, CHUNK = 1 << 16 };

bool etcd_is_here(void)
{
    return access("/usr/bin/etcd", X_OK) == 0 || access("/usr/local/bin/etcd", X_OK) == 0;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(port),
    };
}

static int bind_anywhere(uint16_t *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int one = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(server >= 0);
    CHECK(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
    CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return server;
}

static int listen_anywhere(uint16_t *port)
{
    int server = bind_anywhere(port);

    CHECK(listen(server, 16) == 0);
    return server;
}

// A door never listens, so that a member may; while it is bound the kernel gives its port to nobody
// else.
static void choose_ports(struct etcd_cluster *cluster)
{
    for (int i = 0; i < ETCD_MEMBERS; i++) {
        cluster->doors[2 * i] = bind_anywhere(&cluster->client_ports[i]);
        cluster->doors[2 * i + 1] = bind_anywhere(&cluster->peer_ports[i]);
    }
}

// A child that is killed when its parent ends, however that ends.
static pid_t fork_tied(void)
{
    pid_t parent = getpid(), child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(EXIT_FAILURE);
    }
    return child;
}

static void run_member(const struct etcd_cluster *cluster, int member)
{
    char name[32], data[TEXT_MAX], client[64], peer[64], all[TEXT_MAX], log[TEXT_MAX];
    const uint16_t *peers = cluster->peer_ports;

    (void)snprintf(name, sizeof name, "m%d", member);
    (void)snprintf(data, sizeof data, "%s/%s", cluster->folder, name);
    (void)snprintf(log, sizeof log, "%s/%s.log", cluster->folder, name);
    (void)snprintf(client, sizeof client, "http://127.0.0.1:%u", cluster->client_ports[member]);
    (void)snprintf(peer, sizeof peer, "http://127.0.0.1:%u", peers[member]);
    (void)snprintf(all, sizeof all,
                   "m0=http://127.0.0.1:%u,m1=http://127.0.0.1:%u,m2=http://127.0.0.1:%u", peers[0],
                   peers[1], peers[2]);
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) return;
    (void)execlp("etcd", "etcd", "--name", name, "--data-dir", data, "--listen-client-urls", client,
                 "--advertise-client-urls", client, "--listen-peer-urls", peer,
                 "--initial-advertise-peer-urls", peer, "--initial-cluster", all, "--logger", "zap",
                 "--log-outputs", "stderr", (char *)NULL);
}

void etcd_start_member(struct etcd_cluster *cluster, int member)
{
    cluster->members[member] = fork_tied();
    if (cluster->members[member] > 0) return;
    run_member(cluster, member);
    _exit(EXIT_FAILURE);
}

void etcd_start(struct etcd_cluster *cluster)
{
    *cluster = (struct etcd_cluster){0};
    folder_make(cluster->folder, sizeof cluster->folder);
    choose_ports(cluster);
    for (int i = 0; i < ETCD_MEMBERS; i++)
        etcd_start_member(cluster, i);
}

void etcd_kill_member(struct etcd_cluster *cluster, int member)
{
    if (cluster->members[member] == 0) return;
    (void)kill(cluster->members[member], SIGKILL);
    (void)waitpid(cluster->members[member], NULL, 0);
    cluster->members[member] = 0;
}

void etcd_stop(struct etcd_cluster *cluster)
{
    for (int i = 0; i < ETCD_MEMBERS; i++)
        etcd_kill_member(cluster, i);
    for (int i = 0; i < 2 * ETCD_MEMBERS; i++)
        (void)close(cluster->doors[i]);
    folder_remove(cluster->folder);
}

static bool send_all(int to, const char *bytes, ssize_t size)
{
    for (ssize_t at = 0; at < size;) {
        ssize_t sent = send(to, bytes + at, (size_t)(size - at), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += sent;
    }
    return true;
}

// One connection, both ways, until a side closes it or an answer is to be lost.
static void forward(int client, int member, volatile int *lose)
{
    static char bytes[CHUNK];
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = member, .events = POLLIN}};

    while (poll(ends, 2, -1) > 0) {
        for (int from = 0; from < 2; from++) {
            if (ends[from].revents == 0) continue;
            ssize_t size = recv(ends[from].fd, bytes, sizeof bytes, 0);
            if (size <= 0) return;
            if (from == 1 && *lose > 0) {
                --*lose;
                return;
            }
            if (!send_all(ends[1 - from].fd, bytes, size)) return;
        }
    }
}

static _Noreturn void serve_lossy(int server, uint16_t member_port, volatile int *lose)
{
    for (;;) {
        struct sockaddr_in address = loopback(member_port);
        int client = accept(server, NULL, NULL), member = socket(AF_INET, SOCK_STREAM, 0);
        if (client >= 0 && connect(member, (struct sockaddr *)&address, sizeof address) == 0)
            forward(client, member, lose);
        (void)close(client);
        (void)close(member);
    }
}

void etcd_lossy_start(struct etcd_lossy *lossy, uint16_t member_port)
{
    int server = listen_anywhere(&lossy->port);
    void *shared =
        mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(shared != MAP_FAILED);
    lossy->lose = shared;
    lossy->process = fork_tied();
    if (lossy->process == 0) serve_lossy(server, member_port, lossy->lose);
    (void)close(server);
}

void etcd_lossy_stop(struct etcd_lossy *lossy)
{
    (void)kill(lossy->process, SIGKILL);
    (void)waitpid(lossy->process, NULL, 0);
    (void)munmap((void *)(uintptr_t)lossy->lose, sizeof(int));
}

static _Noreturn void serve_strangely(int server, const char *answer)
{
    static const char begin[] = "HTTP/1.1 200 OK\r\n\r\n";
    static char bytes[CHUNK];

    for (;;) {
        int client = accept(server, NULL, NULL);
        if (client < 0 || recv(client, bytes, sizeof bytes, 0) <= 0) continue;
        if (answer != NULL)
            (void)send_all(client, answer, (ssize_t)strlen(answer));
        else if (send_all(client, begin, sizeof begin - 1))
            while (send_all(client, bytes, sizeof bytes))
                ;
        (void)shutdown(client, SHUT_WR); // what it still sends is read, so that it sees no reset
        while (recv(client, bytes, sizeof bytes, 0) > 0)
            ;
        (void)close(client);
    }
}

void etcd_stranger_start(struct etcd_stranger *stranger, const char *answer)
{
    int server = listen_anywhere(&stranger->port);

    stranger->process = fork_tied();
    if (stranger->process == 0) serve_strangely(server, answer);
    (void)close(server);
}

void etcd_stranger_stop(struct etcd_stranger *stranger)
{
    (void)kill(stranger->process, SIGKILL);
    (void)waitpid(stranger->process, NULL, 0);
}
