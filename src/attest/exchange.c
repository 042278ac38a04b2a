#include "attest/exchange.h"

#include <string.h>

#include "base/bytes.h"

enum { VERSION = 1, KEY_VERSION = 1 };
enum { REQUEST_NONCE = 2, REQUEST_KINDS, REQUEST_POLICY, REQUEST_ROLE };
enum {
    RESPONSE_STATEMENT = 2,
    RESPONSE_EVIDENCE,
    RESPONSE_ENDORSEMENTS,
    RESPONSE_SEALING_KEY,
    RESPONSE_KIND,
};

static bool is_kind(uint64_t kind)
{
    return kind >= VCH_BINDER_SNP && kind < VCH_BINDER_KIND_END;
}

static size_t kind_count(const struct vch_exchange_request *request)
{
    size_t count = 0;

    for (int kind = VCH_BINDER_SNP; kind < VCH_BINDER_KIND_END; kind++)
        count += request->accepts[kind];
    return count;
}

// What is wrong with it; NULL: nothing.
static const char *wrong_request(const struct vch_exchange_request *request)
{
    if (vch_is_zero(request->nonce, sizeof request->nonce)) return "it has no nonce";
    if (kind_count(request) == 0) return "it accepts no kind of evidence";
    if (vch_is_zero(request->policy.bytes, VCH_DIGEST_SIZE)) return "it names no policy";
    if (request->role != VCH_BINDER_SERVER && request->role != VCH_BINDER_CLIENT)
        return "its role is unknown";
    return NULL;
}

static const char *wrong_response(const struct vch_exchange_response *response)
{
    struct vch_facts facts;

    if (!is_kind(response->kind)) return "its kind of evidence is unknown";
    if ((response->kind == VCH_BINDER_NONE) != (response->evidence.count == 0))
        return response->evidence.count == 0 ? "it has no evidence of its kind"
                                             : "it has evidence of no kind";
    if (response->kind == VCH_BINDER_NONE && response->endorsements.count != 0)
        return "it has endorsements of nothing";
    if (vch_is_zero(response->sealing_key, sizeof response->sealing_key))
        return "it has no sealing key";
    if (!vch_is_ok(vch_facts_decode(&facts, response->statement, response->statement_size, NULL)))
        return "its statement is none";
    return NULL;
}

vch_status vch_exchange_encode_request(uint8_t out[static VCH_EXCHANGE_REQUEST_SIZE_MAX],
                                       size_t *size, const struct vch_exchange_request *request)
{
    struct vch_cbor_writer writer = {out, VCH_EXCHANGE_REQUEST_SIZE_MAX, 0};

    if (wrong_request(request) != NULL) return VCH_FAIL(USAGE);
    vch_cbor_write_map(&writer, 5);
    vch_cbor_write_uint(&writer, KEY_VERSION);
    vch_cbor_write_uint(&writer, VERSION);
    vch_cbor_write_uint(&writer, REQUEST_NONCE);
    vch_cbor_write_bytes(&writer, request->nonce, sizeof request->nonce);
    vch_cbor_write_uint(&writer, REQUEST_KINDS);
    vch_cbor_write_array(&writer, kind_count(request));
    for (uint64_t kind = VCH_BINDER_SNP; kind < VCH_BINDER_KIND_END; kind++)
        if (request->accepts[kind]) vch_cbor_write_uint(&writer, kind);
    vch_cbor_write_uint(&writer, REQUEST_POLICY);
    vch_cbor_write_bytes(&writer, request->policy.bytes, VCH_DIGEST_SIZE);
    vch_cbor_write_uint(&writer, REQUEST_ROLE);
    vch_cbor_write_uint(&writer, request->role);
    return vch_cbor_write_end(&writer, size);
}

static vch_status write_collection(struct vch_cbor_writer *writer, uint64_t key,
                                   const struct vch_cmw *collection)
{
    if (collection->count == 0) return VCH_OK;
    vch_cbor_write_uint(writer, key);
    return vch_cmw_write(writer, collection);
}

vch_status vch_exchange_encode_response(uint8_t *out, size_t room, size_t *size,
                                        const struct vch_exchange_response *response)
{
    struct vch_cbor_writer writer = {
        out, room < VCH_EXCHANGE_SIZE_MAX ? room : VCH_EXCHANGE_SIZE_MAX, 0};

    if (wrong_response(response) != NULL) return VCH_FAIL(USAGE);
    vch_cbor_write_map(&writer, 4 + (size_t)(response->evidence.count != 0) +
                                    (size_t)(response->endorsements.count != 0));
    vch_cbor_write_uint(&writer, KEY_VERSION);
    vch_cbor_write_uint(&writer, VERSION);
    vch_cbor_write_uint(&writer, RESPONSE_STATEMENT);
    vch_cbor_write_bytes(&writer, response->statement, response->statement_size);
    VCH_TRY(write_collection(&writer, RESPONSE_EVIDENCE, &response->evidence));
    VCH_TRY(write_collection(&writer, RESPONSE_ENDORSEMENTS, &response->endorsements));
    vch_cbor_write_uint(&writer, RESPONSE_SEALING_KEY);
    vch_cbor_write_bytes(&writer, response->sealing_key, sizeof response->sealing_key);
    vch_cbor_write_uint(&writer, RESPONSE_KIND);
    vch_cbor_write_uint(&writer, response->kind);
    return vch_cbor_write_end(&writer, size);
}

static vch_status read_key(struct vch_cbor_reader *reader, uint64_t key)
{
    uint64_t found = 0;

    VCH_TRY(vch_cbor_read_uint(reader, &found));
    return found == key ? VCH_OK : VCH_FAIL(MALFORMED);
}

// A map, and the version in it. How many pairs are left is checked by walking them to the end.
static vch_status read_start(struct vch_cbor_reader *reader, size_t *count)
{
    uint64_t version = 0;

    VCH_TRY(vch_cbor_read_map(reader, count));
    VCH_TRY(read_key(reader, KEY_VERSION));
    VCH_TRY(vch_cbor_read_uint(reader, &version));
    return version == VERSION ? VCH_OK : VCH_FAIL(UNSUPPORTED);
}

static vch_status read_kinds(struct vch_exchange_request *out, struct vch_cbor_reader *reader)
{
    uint64_t kind = 0, last = 0;
    size_t count = 0;

    VCH_TRY(vch_cbor_read_array(reader, &count));
    for (size_t i = 0; i < count; i++, last = kind) {
        VCH_TRY(vch_cbor_read_uint(reader, &kind));
        if (!is_kind(kind) || kind <= last) return VCH_FAIL(MALFORMED);
        out->accepts[kind] = true;
    }
    return VCH_OK;
}

static vch_status read_request(struct vch_exchange_request *out, struct vch_cbor_reader *reader)
{
    uint64_t role = 0;
    size_t count = 0;

    VCH_TRY(read_start(reader, &count));
    if (count != 5) return VCH_FAIL(MALFORMED);
    VCH_TRY(read_key(reader, REQUEST_NONCE));
    VCH_TRY(vch_cbor_read_exactly(reader, out->nonce, sizeof out->nonce));
    VCH_TRY(read_key(reader, REQUEST_KINDS));
    VCH_TRY(read_kinds(out, reader));
    VCH_TRY(read_key(reader, REQUEST_POLICY));
    VCH_TRY(vch_cbor_read_exactly(reader, out->policy.bytes, VCH_DIGEST_SIZE));
    VCH_TRY(read_key(reader, REQUEST_ROLE));
    VCH_TRY(vch_cbor_read_uint(reader, &role));
    if (role != VCH_BINDER_SERVER && role != VCH_BINDER_CLIENT) return VCH_FAIL(MALFORMED);
    out->role = (enum vch_binder_role)role;
    return VCH_OK;
}

vch_status vch_exchange_decode_request(struct vch_exchange_request *out, const void *bytes,
                                       size_t size, struct vch_complaint *complaint)
{
    struct vch_cbor_reader reader = {bytes, size, 0};

    memset(out, 0, sizeof *out);
    if (size > VCH_EXCHANGE_REQUEST_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a request for evidence has at most %d bytes, found %zu",
                            VCH_EXCHANGE_REQUEST_SIZE_MAX, size);
    VCH_TRY(vch_cbor_check(bytes, size, complaint));
    vch_status status = read_request(out, &reader);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "not a request for evidence of version %d: expected version, nonce, "
                            "kinds, policy and role",
                            VERSION);
    const char *why = wrong_request(out);
    if (why != NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "not a request for evidence: %s", why);
    return VCH_OK;
}

// A collection where the next key is that one; none where it is not.
static vch_status read_collection(struct vch_cmw *out, struct vch_cbor_reader *reader, uint64_t key,
                                  size_t *count, struct vch_complaint *complaint)
{
    struct vch_cbor_reader ahead = *reader;

    if (!vch_is_ok(read_key(&ahead, key))) return VCH_OK;
    *reader = ahead;
    --*count;
    return vch_cmw_read(out, reader, complaint);
}

static vch_status read_response(struct vch_exchange_response *out, struct vch_cbor_reader *reader,
                                struct vch_complaint *complaint)
{
    uint64_t kind = 0;
    size_t count = 0;

    VCH_TRY(read_start(reader, &count));
    VCH_TRY(read_key(reader, RESPONSE_STATEMENT));
    VCH_TRY(vch_cbor_read_bytes(reader, &out->statement, &out->statement_size));
    VCH_TRY(read_collection(&out->evidence, reader, RESPONSE_EVIDENCE, &count, complaint));
    VCH_TRY(read_collection(&out->endorsements, reader, RESPONSE_ENDORSEMENTS, &count, complaint));
    if (count != 4) return VCH_FAIL(MALFORMED);
    VCH_TRY(read_key(reader, RESPONSE_SEALING_KEY));
    VCH_TRY(vch_cbor_read_exactly(reader, out->sealing_key, sizeof out->sealing_key));
    VCH_TRY(read_key(reader, RESPONSE_KIND));
    VCH_TRY(vch_cbor_read_uint(reader, &kind));
    if (!is_kind(kind)) return VCH_FAIL(MALFORMED);
    out->kind = (enum vch_binder_kind)kind;
    return VCH_OK;
}

vch_status vch_exchange_decode_response(struct vch_exchange_response *out, const void *bytes,
                                        size_t size, struct vch_complaint *complaint)
{
    struct vch_cbor_reader reader = {bytes, size, 0};

    memset(out, 0, sizeof *out);
    if (size > VCH_EXCHANGE_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a response with evidence has at most %u bytes, found %zu",
                            VCH_EXCHANGE_SIZE_MAX, size);
    VCH_TRY(vch_cbor_check(bytes, size, complaint));
    vch_status status = read_response(out, &reader, complaint);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "not a response with evidence of version %d: expected version, "
                            "statement, evidence, endorsements, sealing key and kind",
                            VERSION);
    const char *why = wrong_response(out);
    if (why != NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "not a response with evidence: %s", why);
    return VCH_OK;
}

bool vch_exchange_bind(uint8_t out[static VCH_BINDER_SIZE], struct vch_appraisal *appraisal,
                       const struct vch_exchange_request *request,
                       const struct vch_exchange_response *response,
                       const struct vch_exchange_channel *channel)
{
    struct vch_binder binder = {
        .mode = VCH_BINDER_CHANNEL,
        .role = request->role,
        .kind = response->kind,
        .own = channel->own,
        .peer = channel->peer,
        .facts = vch_hash_bytes(response->statement, response->statement_size),
        .policy = request->policy,
    };

    memcpy(binder.nonce, request->nonce, sizeof binder.nonce);
    memcpy(binder.exporter, channel->exporter, sizeof binder.exporter);
    memcpy(binder.sealing_key, response->sealing_key, sizeof binder.sealing_key);
    memcpy(binder.node, channel->node, sizeof binder.node);
    if (!vch_appraisal_check(appraisal, "exchange.kind",
                             is_kind(response->kind) && request->accepts[response->kind],
                             "evidence of kind %d was not asked for", (int)response->kind))
        return false;
    if (vch_is_ok(vch_binder_encode(out, &binder))) return true;
    return vch_appraisal_check(appraisal, "exchange.block", false,
                               "the connection has no exporter, key or identity to bind to");
}
