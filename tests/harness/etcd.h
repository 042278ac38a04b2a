// An etcd cluster of three members for a test: on loopback ports that the kernel chose, with its
// data in a folder that goes when the test does. Members die with the test's process.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { ETCD_MEMBERS = 3 };

struct etcd_cluster {
    char folder[256];
    uint16_t client_ports[ETCD_MEMBERS], peer_ports[ETCD_MEMBERS];
    int doors[2 * ETCD_MEMBERS]; // hold these ports while a member is away
    pid_t members[ETCD_MEMBERS]; // 0: not running
};

// False where etcd is not installed.
bool etcd_is_here(void);

void etcd_start(struct etcd_cluster *cluster);
void etcd_stop(struct etcd_cluster *cluster);

// SIGKILL; and the same member again, with the data it had.
void etcd_kill_member(struct etcd_cluster *cluster, int member);
void etcd_start_member(struct etcd_cluster *cluster, int member);

// A way to a member that can lose answers: what a client sends arrives, and the answers to the
// next `*lose` connections' requests are read and thrown away, with the connection.
struct etcd_lossy {
    uint16_t port;
    volatile int *lose; // shared with the process that forwards
    pid_t process;
};

void etcd_lossy_start(struct etcd_lossy *lossy, uint16_t member_port);
void etcd_lossy_stop(struct etcd_lossy *lossy);

// Somebody who gives every request the same answer; NULL: one without end.
struct etcd_stranger {
    uint16_t port;
    pid_t process;
};

void etcd_stranger_start(struct etcd_stranger *stranger, const char *answer);
void etcd_stranger_stop(struct etcd_stranger *stranger);
