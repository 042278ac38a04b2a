#include "entry/charter.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "consensus/registry.h"
#include "crypto/transcript.h"
#include "message/message.h"
#include "schema/ledger.pb-c.h"

enum { VERSION = 1 };

struct vch_parameters vch_charter_default_parameters(void)
{
    return (struct vch_parameters){
#define X(field, number, value, least, most) .field = (value),
        VCH_PARAMETERS(X)
#undef X
    };
}

uint32_t vch_charter_quorum(const struct vch_charter *charter)
{
    const uint32_t n = charter->witness_count, f = (n - 1) / 3;

    return (n + f) / 2 + 1;
}

uint64_t vch_charter_anchor_ms(const struct vch_charter *charter)
{
    return charter->parameters.draw_ms + VCH_CHARTER_WINDOW_SKEWS * charter->parameters.skew_ms;
}

bool vch_charter_is_within_skew(const struct vch_charter *charter, uint64_t cosigned_s,
                                uint64_t time_ms)
{
    const uint64_t skew_ms = charter->parameters.skew_ms;

    if (cosigned_s > UINT64_MAX / 1000 - 1) return false;
    const uint64_t begin_ms = 1000 * cosigned_s, last_ms = begin_ms + 999; // of that second
    if (time_ms < begin_ms) return begin_ms - time_ms <= skew_ms;
    return time_ms <= last_ms || time_ms - last_ms <= skew_ms;
}

struct range {
    const char *name;
    uint64_t value, least, most;
};

static vch_status check_range(const struct range *range, struct vch_complaint *complaint)
{
    if (range->least <= range->value && range->value <= range->most) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "the charter's %s is %" PRIu64 ", not %" PRIu64 " to %" PRIu64, range->name,
                        range->value, range->least, range->most);
}

// The clerk's clock may be so far from the witnesses': it could end a shorter window before anybody
// has had a chance.
static vch_status check_windows(const struct vch_parameters *parameters,
                                struct vch_complaint *complaint)
{
    const struct {
        const char *name;
        uint64_t ms;
    } windows[] = {
        {"draw_ms", parameters->draw_ms},
        {"commit_ms", parameters->commit_ms},
        {"reveal_ms", parameters->reveal_ms},
        {"move_ms", parameters->move_ms},
    };

    if (parameters->skew_ms <= VCH_CHARTER_SKEW_LEAST_MS) return VCH_OK;
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        if (parameters->skew_ms > windows[i].ms / VCH_CHARTER_WINDOW_SKEWS)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the charter's skew_ms is %" PRIu64 ", and its %s %" PRIu64
                                ": a clerk whose clock is off could end what lasts less than %u "
                                "times skew_ms at once; raise %s, or lower skew_ms (%u always may)",
                                parameters->skew_ms, windows[i].name, windows[i].ms,
                                VCH_CHARTER_WINDOW_SKEWS, windows[i].name,
                                VCH_CHARTER_SKEW_LEAST_MS);
    return VCH_OK;
}

static vch_status check_parameters(const struct vch_parameters *parameters,
                                   struct vch_complaint *complaint)
{
    const struct range ranges[] = {
#define X(field, number, value, least, most) {#field, parameters->field, (least), (most)},
        VCH_PARAMETERS(X)
#undef X
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        VCH_TRY(check_range(&ranges[i], complaint));
    if (parameters->unbonding_ms < parameters->dispute_ms)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the charter's unbonding_ms is below its dispute_ms: stake could leave "
                            "before what it voted for can be disputed");
    if (parameters->referees % 2 == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the charter's referees are %" PRIu64 ", not an odd number",
                            parameters->referees);
    return check_windows(parameters, complaint);
}

static bool is_origin(const char *origin)
{
    size_t size = strnlen(origin, VCH_CHARTER_ORIGIN_MAX + 1);

    if (size == 0 || size > VCH_CHARTER_ORIGIN_MAX) return false;
    return strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789.-/") == size;
}

static bool is_same(const struct vch_public_key *a, const struct vch_public_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static vch_status check_witness(const struct vch_charter *charter, uint32_t i,
                                struct vch_complaint *complaint)
{
    const struct vch_charter_witness *witness = &charter->witnesses[i];

    if (!vch_registry_is_name(witness->name))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "witness \"%.64s\" is not 1 to %u of the characters a-z, 0-9, \".\" "
                            "and \"-\"",
                            witness->name, VCH_CHARTER_NAME_MAX);
    if (i > 0 && memcmp(witness[-1].key.bytes, witness->key.bytes, sizeof witness->key.bytes) >= 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "witness %u: its key is there twice, or keys are not in order", i);
    if (is_same(&witness->key, &charter->founder) || is_same(&witness->key, &charter->clerk))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "witness %u has the founder's or the clerk's key: it would watch over "
                            "itself",
                            i);
    for (uint32_t j = 0; j < i; j++)
        if (strcmp(charter->witnesses[j].name, witness->name) == 0)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "witnesses %u and %u have the same name: lines of notes are told "
                                "apart by it",
                                j, i);
    return VCH_OK;
}

vch_status vch_charter_check(const struct vch_charter *charter, struct vch_complaint *complaint)
{
    if (!is_origin(charter->origin))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the charter's origin \"%.128s\" is not 1 to %u of the characters a-z, "
                            "0-9, \".\", \"-\" and \"/\"",
                            charter->origin, VCH_CHARTER_ORIGIN_MAX);
    if (is_same(&charter->founder, &charter->clerk))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "founder and clerk of the charter are one key; give the clerk its own");
    if (charter->witness_count == 0 || charter->witness_count > VCH_CHARTER_WITNESSES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the charter has %u witnesses, not 1 to %u",
                            charter->witness_count, VCH_CHARTER_WITNESSES_MAX);
    for (uint32_t i = 0; i < charter->witness_count; i++)
        VCH_TRY(check_witness(charter, i, complaint));
    return check_parameters(&charter->parameters, complaint);
}

static struct vch_digest charter_id(const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/ledger/v1");
    vch_transcript_absorb(&transcript, "charter", bytes, size);
    return vch_transcript_final(&transcript);
}

vch_status vch_charter_encode(uint8_t **out, size_t *size, struct vch_charter *charter,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    Vouch__Charter message = VOUCH__CHARTER__INIT;
    Vouch__Parameters parameters = VOUCH__PARAMETERS__INIT;
    Vouch__Witness witnesses[VCH_CHARTER_WITNESSES_MAX];
    Vouch__Witness *list[VCH_CHARTER_WITNESSES_MAX];

    VCH_TRY(vch_charter_check(charter, complaint));
    for (uint32_t i = 0; i < charter->witness_count; i++) {
        struct vch_charter_witness *witness = &charter->witnesses[i];
        vouch__witness__init(&witnesses[i]);
        witnesses[i].name = witness->name;
        witnesses[i].key = vch_message_borrow(witness->key.bytes, sizeof witness->key.bytes);
        list[i] = &witnesses[i];
    }
    parameters.version = VERSION;
#define X(field, number, value, least, most) \
    parameters.field = (__typeof__(parameters.field))charter->parameters.field;
    VCH_PARAMETERS(X)
#undef X
    message.version = VERSION;
    message.origin = charter->origin;
    message.founder = vch_message_borrow(charter->founder.bytes, sizeof charter->founder.bytes);
    message.clerk = vch_message_borrow(charter->clerk.bytes, sizeof charter->clerk.bytes);
    message.n_witnesses = charter->witness_count;
    message.witnesses = list;
    message.parameters = &parameters;
    message.nonce = vch_message_borrow(charter->nonce, sizeof charter->nonce);
    VCH_TRY(vch_message_pack(out, size, &message.base, arena));
    charter->id = charter_id(*out, *size);
    return VCH_OK;
}

static vch_status copy_text(char *out, size_t room, const char *text, const char *what,
                            struct vch_complaint *complaint)
{
    const size_t size = strlen(text);

    if (size >= room)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the %s has %zu characters, not at most %zu",
                            what, size, room - 1);
    memcpy(out, text, size + 1);
    return VCH_OK;
}

static vch_status copy_witnesses(struct vch_charter *out, const Vouch__Charter *message,
                                 struct vch_complaint *complaint)
{
    if (message->n_witnesses > VCH_CHARTER_WITNESSES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the charter has %zu witnesses, not 1 to %u",
                            message->n_witnesses, VCH_CHARTER_WITNESSES_MAX);
    out->witness_count = (uint32_t)message->n_witnesses;
    for (uint32_t i = 0; i < out->witness_count; i++) {
        struct vch_charter_witness *witness = &out->witnesses[i];
        const Vouch__Witness *from = message->witnesses[i];
        VCH_TRY(copy_text(witness->name, sizeof witness->name, from->name, "name of a witness",
                          complaint));
        VCH_TRY(vch_message_copy(witness->key.bytes, sizeof witness->key.bytes, &from->key,
                                 "key of a witness", complaint));
    }
    return VCH_OK;
}

static vch_status check_version(const char *what, uint32_t version, struct vch_complaint *complaint)
{
    if (version == VERSION) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "the %s version %u; this program reads version %d", what, version, VERSION);
}

static vch_status copy_charter(struct vch_charter *out, const Vouch__Charter *message,
                               struct vch_complaint *complaint)
{
    VCH_TRY(check_version("charter has", message->version, complaint));
    if (message->parameters == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the charter has no parameters");
    VCH_TRY(check_version("charter's parameters have", message->parameters->version, complaint));
    VCH_TRY(
        copy_text(out->origin, sizeof out->origin, message->origin, "charter's origin", complaint));
    VCH_TRY(vch_message_copy(out->founder.bytes, sizeof out->founder.bytes, &message->founder,
                             "charter's founder", complaint));
    VCH_TRY(vch_message_copy(out->clerk.bytes, sizeof out->clerk.bytes, &message->clerk,
                             "charter's clerk", complaint));
    VCH_TRY(vch_message_copy(out->nonce, sizeof out->nonce, &message->nonce, "charter's nonce",
                             complaint));
#define X(field, number, value, least, most) out->parameters.field = message->parameters->field;
    VCH_PARAMETERS(X)
#undef X
    return copy_witnesses(out, message, complaint);
}

vch_status vch_charter_decode(struct vch_charter *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_charter charter = {0};
    ProtobufCMessage *message = NULL;

    VCH_TRY(vch_message_unpack(&message, &vouch__charter__descriptor, bytes, size, "charter", arena,
                               complaint));
    VCH_TRY(copy_charter(&charter, (const Vouch__Charter *)(const void *)message, complaint));
    VCH_TRY(vch_charter_check(&charter, complaint));
    charter.id = charter_id(bytes, size);
    *out = charter;
    return VCH_OK;
}
