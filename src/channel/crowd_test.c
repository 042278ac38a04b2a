// Many connections that attest at the same time, and one liar among them.
#include "channel/channel.h"

#include "harness/channels.h"

enum { CROWD = 100, LIAR = 37, BESIDE };

static struct channels_pair pairs[CROWD];
_Static_assert(CROWD <= VCH_ATTESTER_QUEUE_MAX, "all of them may wait");

static struct channels_end *client_of(size_t number)
{
    return &pairs[number].ends[CHANNELS_CLIENT];
}

static bool is_answered(const struct channels_end *end)
{
    const char *why = NULL;

    return end->kept_size > 0 || vch_channel_trouble(&end->channel, &why) != VCH_CODE_NONE ||
           vch_channel_is_open(&end->channel, vch_transport_now());
}

static void ask_all(struct channels *scene)
{
    for (size_t i = 0; i < CROWD; i++)
        vch_channel_begin(&client_of(i)->channel, vch_transport_now());
    for (size_t answered = 0; answered < CROWD;) {
        if (is_answered(client_of(answered)))
            answered++;
        else
            channels_turn(scene);
    }
}

TEST(channel_a_hundred_handshakes_at_once_are_told_apart)
{
    struct channels *scene = channels_new();
    struct channels_end *liar = client_of(LIAR), *beside = client_of(BESIDE);

    scene->asks[CHANNELS_CLIENT] = true;
    channels_attest(scene, CHANNELS_SERVER, VCH_BINDER_SNP);
    FOR_EACH(pair, pairs)
    channels_dial(scene, pair);
    FOR_EACH(pair, pairs)
    channels_wait(scene, pair);
    liar->keeps = beside->keeps = true;
    ask_all(scene);
    // One gets the answer to the connection beside it in place of its own.
    channels_say(NULL, &liar->channel, false, beside->kept, beside->kept_size);
    channels_say(NULL, &beside->channel, false, beside->kept, beside->kept_size);
    for (size_t i = 0; i < CROWD; i++)
        CHECK(vch_channel_is_open(&client_of(i)->channel, vch_transport_now()) == (i != LIAR));
    CHECK_EQ(scene->accepted, CROWD - 1);
    CHECK_EQ(scene->judged, CROWD);
    FOR_EACH(pair, pairs)
    channels_disconnect(pair);
    channels_free(scene);
}
