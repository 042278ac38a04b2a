// One end of a connection, as far as attestation goes: what it asks of the other end (asker.h) and
// what it answers (attester.h), and whether anything private may be said yet.
//
// Whoever has the connection hands in its frames, the time, and closes it when the channel is in
// trouble.
#pragma once

#include <stdbool.h>

#include "channel/asker.h"
#include "channel/attester.h"
#include "channel/transport.h"

struct vch_channel;

struct vch_channel_setup {
    struct vch_transport transport;
    enum vch_binder_role role;             // of this end
    struct vch_public_key peer;            // as TLS has shown it, and as it is known in the network
    const struct vch_asker_policy *policy; // NULL: nothing is asked of the other end
    struct vch_result_history history;     // what it said on earlier streams; zeroes: nothing
    struct vch_attester *attester;         // NULL: this end has nothing to show, and says so
    // A verdict or an answer has come otherwise than from inside a call: look again. NULL: nobody
    // is told.
    void (*on_change)(void *context, struct vch_channel *channel);
    void *context;
};

struct vch_channel {
    struct vch_channel_setup setup;
    struct vch_asker asker; // where there is a policy
    struct vch_attester_question *question;
    uint8_t shown[VCH_BINDER_SIZE]; // the block of the last answer that was sent
    bool has_shown;
    uint32_t shown_count; // of answers that were sent
    enum vch_code code;   // not NONE: trouble
    char why[VCH_ASKER_WHY_SIZE];
};

// The channel stays where it is until released.
void vch_channel_init(struct vch_channel *channel, const struct vch_channel_setup *setup);

// The greeting is over: asks, where there is a policy.
void vch_channel_begin(struct vch_channel *channel, struct vch_transport_time now);

// False: a frame of another kind, with which nothing was done.
bool vch_channel_receive(struct vch_channel *channel, const Vouch__Frame *frame,
                         struct vch_transport_time now);
void vch_channel_tick(struct vch_channel *channel, struct vch_transport_time now);

// May anything private be said, or be listened to, now? True where nothing is asked.
bool vch_channel_is_open(const struct vch_channel *channel, struct vch_transport_time now);

// NONE: it may go on. Else the connection has to be closed, with that.
enum vch_code vch_channel_trouble(const struct vch_channel *channel, const char **why);

void vch_channel_release(struct vch_channel *channel);
