// The messages of an enrolment as bytes: a head, then a map from 1 to the version, from 2 on to
// byte strings.
#include <string.h>

#include "attest/enrol.h"
#include "base/bytes.h"
#include "evidence/cbor.h"

enum { HEAD_SIZE = 16, VERSION = 1, PARTS_MAX = 3, TIME_SIZE = 8 };

struct form {
    const char *head, *what;
    size_t part_count;
    struct {
        size_t least, most;
    } parts[PARTS_MAX];
};

static const struct form REQUEST = {"vouch enrol-ask\n",
                                    "a request to enrol a key",
                                    2,
                                    {{1, VCH_TPM_PUBLIC_SIZE_MAX}, {1, VCH_ENROL_EK_MAX}}};
static const struct form CHALLENGE = {"vouch enrol-chl\n",
                                      "a challenge to a TPM",
                                      3,
                                      {{VCH_TPM_PUBLIC_NAME_SIZE, VCH_TPM_PUBLIC_NAME_SIZE},
                                       {1, VCH_TPM_CREDENTIAL_BLOB_MAX},
                                       {1, VCH_TPM_CREDENTIAL_SEED_MAX}}};
static const struct form ANSWER = {
    "vouch enrol-ans\n",
    "a TPM's answer",
    2,
    {{VCH_TPM_PUBLIC_NAME_SIZE, VCH_TPM_PUBLIC_NAME_SIZE}, {VCH_DIGEST_SIZE, VCH_DIGEST_SIZE}}};
static const struct form PENDING = {
    "vouch enrol-own\n",
    "what was kept of a challenge",
    3,
    {{VCH_TPM_PUBLIC_NAME_SIZE + VCH_DIGEST_SIZE, VCH_TPM_PUBLIC_NAME_SIZE + VCH_DIGEST_SIZE},
     {VCH_DIGEST_SIZE, VCH_DIGEST_SIZE},
     {TIME_SIZE, TIME_SIZE}}};

struct part {
    const uint8_t *bytes;
    size_t size;
};

static vch_status encode(uint8_t *out, size_t room, size_t *size, const struct form *form,
                         const struct part *parts)
{
    if (room < HEAD_SIZE) return VCH_FAIL(LIMIT);
    struct vch_cbor_writer writer = {.bytes = out + HEAD_SIZE, .room = room - HEAD_SIZE};
    memcpy(out, form->head, HEAD_SIZE);
    vch_cbor_write_map(&writer, 1 + form->part_count);
    vch_cbor_write_uint(&writer, 1);
    vch_cbor_write_uint(&writer, VERSION);
    for (size_t i = 0; i < form->part_count; i++) {
        if (parts[i].size < form->parts[i].least || parts[i].size > form->parts[i].most)
            return VCH_FAIL(USAGE);
        vch_cbor_write_uint(&writer, 2 + i);
        vch_cbor_write_bytes(&writer, parts[i].bytes, parts[i].size);
    }
    VCH_TRY(vch_cbor_write_end(&writer, size));
    *size += HEAD_SIZE;
    return VCH_OK;
}

static vch_status read(struct part *parts, struct vch_cbor_reader *reader, const struct form *form)
{
    uint64_t key = 0, version = 0;
    size_t pairs = 0;

    VCH_TRY(vch_cbor_read_map(reader, &pairs));
    VCH_TRY(vch_cbor_read_uint(reader, &key));
    VCH_TRY(vch_cbor_read_uint(reader, &version));
    if (key != 1) return VCH_FAIL(MALFORMED);
    if (version != VERSION) return VCH_FAIL(UNSUPPORTED);
    if (pairs != 1 + form->part_count) return VCH_FAIL(MALFORMED);
    for (size_t i = 0; i < form->part_count; i++) {
        VCH_TRY(vch_cbor_read_uint(reader, &key));
        VCH_TRY(vch_cbor_read_bytes(reader, &parts[i].bytes, &parts[i].size));
        if (key != 2 + i || parts[i].size < form->parts[i].least) return VCH_FAIL(MALFORMED);
        if (parts[i].size > form->parts[i].most) return VCH_FAIL(LIMIT);
    }
    return vch_cbor_read_end(reader);
}

static vch_status decode(struct part *parts, const struct form *form, const uint8_t *bytes,
                         size_t size, struct vch_complaint *complaint)
{
    if (size > VCH_ENROL_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "expected %s of at most %d bytes, found %zu",
                            form->what, VCH_ENROL_SIZE_MAX, size);
    if (size < HEAD_SIZE || memcmp(bytes, form->head, HEAD_SIZE) != 0)
        return vch_complain(complaint, size < HEAD_SIZE ? VCH_CODE_TRUNCATED : VCH_CODE_MALFORMED,
                            "expected %s, which starts with \"%.15s\", found another file",
                            form->what, form->head);
    struct vch_cbor_reader reader = {.bytes = bytes + HEAD_SIZE, .size = size - HEAD_SIZE};
    VCH_TRY(vch_cbor_check(reader.bytes, reader.size, complaint));
    vch_status status = read(parts, &reader, form);
    if (vch_is_ok(status)) return VCH_OK;
    return vch_complain(complaint, status.code,
                        "expected %s, version %d, found something else at byte %zu of %zu",
                        form->what, VERSION, HEAD_SIZE + reader.offset, size);
}

vch_status vch_enrol_encode_request(uint8_t *out, size_t room, size_t *size,
                                    const struct vch_enrol_request *request)
{
    const struct part parts[] = {{request->ak, request->ak_size}, {request->ek, request->ek_size}};

    return encode(out, room, size, &REQUEST, parts);
}

vch_status vch_enrol_decode_request(struct vch_enrol_request *out, const void *bytes, size_t size,
                                    struct vch_complaint *complaint)
{
    struct part parts[PARTS_MAX] = {{0}};

    VCH_TRY(decode(parts, &REQUEST, bytes, size, complaint));
    *out = (struct vch_enrol_request){parts[0].bytes, parts[1].bytes, parts[0].size, parts[1].size};
    return VCH_OK;
}

vch_status vch_enrol_encode_challenge(uint8_t *out, size_t room, size_t *size,
                                      const struct vch_enrol_challenge *challenge)
{
    const struct vch_tpm_credential *credential = &challenge->credential;
    const struct part parts[] = {{challenge->name, sizeof challenge->name},
                                 {credential->blob, credential->blob_size},
                                 {credential->seed, credential->seed_size}};

    return encode(out, room, size, &CHALLENGE, parts);
}

vch_status vch_enrol_decode_challenge(struct vch_enrol_challenge *out, const void *bytes,
                                      size_t size, struct vch_complaint *complaint)
{
    struct part parts[PARTS_MAX] = {{0}};

    VCH_TRY(decode(parts, &CHALLENGE, bytes, size, complaint));
    *out = (struct vch_enrol_challenge){
        .credential = {.blob_size = (uint16_t)parts[1].size, .seed_size = (uint16_t)parts[2].size}};
    memcpy(out->name, parts[0].bytes, sizeof out->name);
    memcpy(out->credential.blob, parts[1].bytes, parts[1].size);
    memcpy(out->credential.seed, parts[2].bytes, parts[2].size);
    return VCH_OK;
}

vch_status vch_enrol_encode_answer(uint8_t *out, size_t room, size_t *size,
                                   const struct vch_enrol_answer *answer)
{
    const struct part parts[] = {{answer->name, sizeof answer->name},
                                 {answer->proof.bytes, VCH_DIGEST_SIZE}};

    return encode(out, room, size, &ANSWER, parts);
}

vch_status vch_enrol_decode_answer(struct vch_enrol_answer *out, const void *bytes, size_t size,
                                   struct vch_complaint *complaint)
{
    struct part parts[PARTS_MAX] = {{0}};

    VCH_TRY(decode(parts, &ANSWER, bytes, size, complaint));
    memcpy(out->name, parts[0].bytes, sizeof out->name);
    memcpy(out->proof.bytes, parts[1].bytes, VCH_DIGEST_SIZE);
    return VCH_OK;
}

vch_status vch_enrol_encode_pending(uint8_t *out, size_t room, size_t *size,
                                    const struct vch_enrol_pending *pending)
{
    uint8_t expected[VCH_TPM_PUBLIC_NAME_SIZE + VCH_DIGEST_SIZE], until[TIME_SIZE];
    const struct part parts[] = {
        {expected, sizeof expected}, {pending->ek.bytes, VCH_DIGEST_SIZE}, {until, sizeof until}};

    if (pending->until_s < 0) return VCH_FAIL(USAGE);
    memcpy(expected, pending->expected.name, VCH_TPM_PUBLIC_NAME_SIZE);
    memcpy(expected + VCH_TPM_PUBLIC_NAME_SIZE, pending->expected.proof.bytes, VCH_DIGEST_SIZE);
    vch_put_u64be(until, (uint64_t)pending->until_s);
    vch_status status = encode(out, room, size, &PENDING, parts);
    vch_wipe(expected, sizeof expected);
    return status;
}

vch_status vch_enrol_decode_pending(struct vch_enrol_pending *out, const void *bytes, size_t size,
                                    struct vch_complaint *complaint)
{
    struct part parts[PARTS_MAX] = {{0}};

    VCH_TRY(decode(parts, &PENDING, bytes, size, complaint));
    uint64_t until_s = vch_get_u64be(parts[2].bytes);
    if (until_s > INT64_MAX)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "expected a time, found %llu seconds",
                            (unsigned long long)until_s);
    memcpy(out->expected.name, parts[0].bytes, VCH_TPM_PUBLIC_NAME_SIZE);
    memcpy(out->expected.proof.bytes, parts[0].bytes + VCH_TPM_PUBLIC_NAME_SIZE, VCH_DIGEST_SIZE);
    memcpy(out->ek.bytes, parts[1].bytes, VCH_DIGEST_SIZE);
    out->until_s = (int64_t)until_s;
    return VCH_OK;
}
