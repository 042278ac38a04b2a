#include "agent/agent.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/asking.h"
#include "agent/holder.h"
#include "agent/process.h"
#include "agent/request.h"
#include "base/bytes.h"
#include "crypto/keyfile.h"
#include "sealing/grant.h"

enum { NONCES = 256 };

// What the node has asked for lately it asks for again with each entry of the log.
struct nonce {
    uint8_t request[VCH_REQUEST_NONCE_SIZE], bytes[32];
    bool is_there;
};

struct vch_agent {
    struct vch_child child;
    struct vch_agent_facts facts;
    int end; // a pidfd: readable once the process is gone
    struct vch_hpke_public sealing_key;
    struct vch_public_key identity;
    struct vch_asking asking;
    // Used in turn.
    struct nonce nonces[NONCES];
    uint8_t text[VCH_REQUEST_TEXT_MAX];
};

static vch_status meet(struct vch_agent *agent, struct vch_complaint *complaint)
{
    struct vch_process_hello hello;

    if (!vch_is_ok(vch_child_read(agent->child.channel, &hello, sizeof hello)))
        return vch_asking_gone(&agent->asking, complaint);
    if (!hello.has_memory)
        return vch_complain(complaint, VCH_CODE_IO, "the key agent has no memory for keys: %s",
                            hello.complaint.text);
    agent->facts = (struct vch_agent_facts){agent->child.facts, hello.home};
    memcpy(agent->sealing_key.bytes, hello.sealing_key, sizeof hello.sealing_key);
    agent->end = (int)syscall(SYS_pidfd_open, agent->child.pid, 0);
    return VCH_OK;
}

_Static_assert(VCH_PROFILE_KEY_AGENT_MEMORY > VCH_KEYFILE_MEMLIMIT_MAX + VCH_HOLDER_ANSWER_MAX,
               "enough to open any key file");

static vch_status start(struct vch_agent *agent, struct vch_opened *opened,
                        struct vch_complaint *complaint)
{
    const struct vch_profile profile = vch_profile_key_agent(opened != NULL ? &opened->file : NULL);

    agent->end = -1;
    vch_status status =
        vch_child_start(&agent->child, &profile, vch_process_work, opened, complaint);
    vch_asking_init(&agent->asking, agent->child.channel);
    return vch_is_ok(status) ? meet(agent, complaint) : status;
}

vch_status vch_agent_start(struct vch_agent **out, struct vch_opened *opened,
                           struct vch_complaint *complaint)
{
    struct vch_agent *agent = calloc(1, sizeof *agent);

    vch_status status = agent != NULL ? start(agent, opened, complaint) : VCH_FAIL(NO_MEMORY);
    if (opened != NULL) vch_opened_close(opened); // nobody else adds to it
    if (vch_is_ok(status))
        *out = agent;
    else
        vch_agent_free(agent);
    return status;
}

void vch_agent_free(struct vch_agent *agent)
{
    if (agent == NULL) return;
    if (agent->end >= 0) (void)close(agent->end);
    vch_child_stop(&agent->child);
    vch_asking_release(&agent->asking);
    vch_wipe(agent, sizeof *agent);
    free(agent);
}

static vch_status ask(void *context, enum vch_request_kind kind,
                      const struct vch_asking_part *parts, size_t count, void *out, size_t size,
                      struct vch_complaint *complaint)
{
    struct vch_agent *agent = context;

    return vch_asking_ask(&agent->asking, kind, parts, count, out, size, complaint);
}

static vch_status load(struct vch_agent *agent, enum vch_request_kind kind, void *public_key,
                       const struct vch_asking_part *before, const uint8_t *file, size_t size,
                       const char *passphrase, struct vch_complaint *complaint)
{
    const struct vch_asking_part parts[] = {
        *before, {file, size}, {passphrase, strlen(passphrase)}};

    if (size != VCH_KEYFILE_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a key file has %u bytes, found %zu",
                            VCH_KEYFILE_SIZE, size);
    if (parts[2].size > VCH_REQUEST_PASSPHRASE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a passphrase has at most %u bytes",
                            VCH_REQUEST_PASSPHRASE_MAX);
    return ask(agent, kind, parts, 3, public_key, 32, complaint);
}

vch_status vch_agent_load(struct vch_agent *agent, const uint8_t *file, size_t size,
                          const char *passphrase, struct vch_complaint *complaint)
{
    const struct vch_asking_part nothing = {NULL, 0};

    return load(agent, VCH_REQUEST_LOAD, agent->identity.bytes, &nothing, file, size, passphrase,
                complaint);
}

vch_status vch_agent_load_vrf(struct vch_agent *agent, const struct vch_digest *ledger,
                              const uint8_t *file, size_t size, const char *passphrase,
                              struct vch_complaint *complaint)
{
    const struct vch_asking_part where = {ledger->bytes, sizeof ledger->bytes};
    struct vch_vrf_public key;

    return load(agent, VCH_REQUEST_LOAD_VRF, key.bytes, &where, file, size, passphrase, complaint);
}

const struct vch_agent_facts *vch_agent_facts(const struct vch_agent *agent)
{
    return &agent->facts;
}

int vch_agent_descriptor(const struct vch_agent *agent)
{
    return agent->end;
}

static vch_status sign(void *context, struct vch_signature *out, const char *protocol,
                       const struct vch_signer_item *items, uint32_t count)
{
    struct vch_agent *agent = context;
    struct vch_asking_part text = {agent->text, 0};

    vch_asking_take_turn(&agent->asking);
    vch_status status = vch_request_encode_text(agent->text, &text.size, protocol, items, count);
    if (vch_is_ok(status))
        status = vch_asking_ask_in_turn(&agent->asking, VCH_REQUEST_SIGN, &text, 1, out->bytes,
                                        sizeof out->bytes, NULL);
    vch_asking_end_turn(&agent->asking);
    return status;
}

static vch_status sign_tls(void *context, struct vch_signature *out, const void *message,
                           size_t size)
{
    const struct vch_asking_part part = {message, size};

    return ask(context, VCH_REQUEST_SIGN_TLS, &part, 1, out->bytes, sizeof out->bytes, NULL);
}

struct vch_signer vch_agent_signer(struct vch_agent *agent)
{
    return (struct vch_signer){
        .public_key = agent->identity, .sign = sign, .sign_tls = sign_tls, .context = agent};
}

vch_status vch_agent_prove(struct vch_agent *agent, struct vch_vrf_proof *out, const void *alpha,
                           size_t size)
{
    const struct vch_asking_part part = {alpha, size};

    return ask(agent, VCH_REQUEST_PROVE, &part, 1, out->bytes, sizeof out->bytes, NULL);
}

static vch_status find_nonce(struct vch_agent *agent, const struct nonce **out,
                             const uint8_t request[static VCH_REQUEST_NONCE_SIZE])
{
    // Any byte of a digest tells subjects apart; neighbours are a subject's segments and rounds.
    struct nonce *place = &agent->nonces[(request[32] + request[64] + request[72]) % NONCES];
    const struct vch_asking_part part = {request, VCH_REQUEST_NONCE_SIZE};

    *out = place;
    if (place->is_there && memcmp(place->request, request, sizeof place->request) == 0)
        return VCH_OK;
    memcpy(place->request, request, sizeof place->request);
    vch_status status = vch_asking_ask_in_turn(&agent->asking, VCH_REQUEST_NONCE, &part, 1,
                                               place->bytes, sizeof place->bytes, NULL);
    place->is_there = vch_is_ok(status);
    return status;
}

vch_status vch_agent_seat_nonce(struct vch_agent *agent, uint8_t out[static 32],
                                const struct vch_digest *ledger, const struct vch_digest *subject,
                                uint32_t segment, uint32_t round)
{
    uint8_t request[VCH_REQUEST_NONCE_SIZE];
    const struct nonce *nonce = NULL;

    memcpy(request, ledger->bytes, sizeof ledger->bytes);
    memcpy(request + 32, subject->bytes, sizeof subject->bytes);
    vch_put_u64le(request + 64, segment);
    vch_put_u64le(request + 72, round);
    vch_asking_take_turn(&agent->asking);
    vch_status status = find_nonce(agent, &nonce, request);
    if (vch_is_ok(status)) memcpy(out, nonce->bytes, sizeof nonce->bytes);
    vch_asking_end_turn(&agent->asking);
    return status;
}

vch_status vch_agent_runs_key(struct vch_agent *agent, uint8_t out[static 32],
                              const struct vch_digest *ledger)
{
    const struct vch_asking_part part = {ledger->bytes, sizeof ledger->bytes};

    return ask(agent, VCH_REQUEST_RUNS_KEY, &part, 1, out, 32, NULL);
}

const struct vch_hpke_public *vch_agent_sealing_key(const struct vch_agent *agent)
{
    return &agent->sealing_key;
}

static vch_status take(void *context, const void *grant, size_t size,
                       const uint8_t binder[static VCH_BINDER_SIZE],
                       const uint8_t manifest[static VCH_SEALED_MANIFEST_SIZE],
                       struct vch_complaint *complaint)
{
    const struct vch_asking_part parts[] = {
        {grant, size}, {binder, VCH_BINDER_SIZE}, {manifest, VCH_SEALED_MANIFEST_SIZE}};

    if (size != VCH_GRANT_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a release has %d bytes, found %zu",
                            VCH_GRANT_SIZE, size);
    return ask(context, VCH_REQUEST_TAKE, parts, 3, NULL, 0, complaint);
}

static vch_status begin(void *context, const struct vch_digest *digests, size_t count,
                        struct vch_complaint *complaint)
{
    const struct vch_asking_part part = {digests, count * sizeof *digests};

    if (count == 0 || count > VCH_SEALED_CHUNKS_MAX) return VCH_FAIL(USAGE);
    return ask(context, VCH_REQUEST_BEGIN, &part, 1, NULL, 0, complaint);
}

static vch_status open_chunk(void *context, uint8_t *out, size_t out_size, const uint8_t *sealed,
                             size_t size, struct vch_complaint *complaint)
{
    const struct vch_asking_part part = {sealed, size};

    if (out_size > VCH_SEALED_CHUNK_SIZE || size != out_size + VCH_SEALED_TAG_SIZE)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "a sealed chunk of %zu bytes does not open into %zu", size, out_size);
    return ask(context, VCH_REQUEST_OPEN, &part, 1, out, out_size, complaint);
}

static vch_status end(void *context, struct vch_complaint *complaint)
{
    return ask(context, VCH_REQUEST_END, NULL, 0, NULL, 0, complaint);
}

struct vch_unsealer vch_agent_unsealer(struct vch_agent *agent)
{
    return (struct vch_unsealer){take, begin, open_chunk, end, agent};
}
