#include "ledger/etcd_reply.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"

enum { CODE_UNKNOWN = 2 };

static vch_status malformed(const char *what, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "the answer is not one of etcd's: %s; check that the address is that of an "
                        "etcd 3.4 or later",
                        what);
}

// Base64 into the arena, with a NUL behind it.
static vch_status decode_bytes(const json_t *text, uint8_t **out, size_t *size,
                               struct vch_arena *arena)
{
    const char *base64 = json_string_value(text); // NULL for an absent one: empty
    size_t base64_size = base64 != NULL ? json_string_length(text) : 0;
    uint8_t *bytes = vch_arena_alloc(arena, base64_size / 4 * 3 + 1, 1);

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    *out = bytes;
    return vch_base64_decode(bytes, size, base64_size / 4 * 3, base64 != NULL ? base64 : "",
                             base64_size);
}

static vch_status decode_pair(const json_t *json, struct vch_etcd_pair *out,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    const json_t *key = json_object_get(json, "key"), *value = json_object_get(json, "value");
    uint8_t *key_bytes = NULL, *value_bytes = NULL;
    size_t key_size = 0;

    if (!json_is_string(key) || (value != NULL && !json_is_string(value)))
        return malformed("a pair without key or with a strange value", complaint);
    vch_status status = decode_bytes(key, &key_bytes, &key_size, arena);
    if (vch_is_ok(status)) status = decode_bytes(value, &value_bytes, &out->size, arena);
    if (status.code == VCH_CODE_MALFORMED) return malformed("a pair that is no base64", complaint);
    VCH_TRY(status);
    if (memchr(key_bytes, 0, key_size) != NULL) return malformed("a key with a NUL", complaint);
    out->key = (const char *)key_bytes;
    out->value = value_bytes;
    return VCH_OK;
}

static vch_status decode_pairs(const json_t *range, struct vch_etcd_answer *out,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    const json_t *kvs = json_object_get(range, "kvs");
    size_t count = json_array_size(kvs);

    if (kvs == NULL) return VCH_OK; // nothing found
    if (!json_is_array(kvs)) return malformed("\"kvs\" that are no list", complaint);
    if (count > VCH_ETCD_REPLY_PAIRS_MAX) return malformed("more pairs than asked for", complaint);
    out->pairs = VCH_ARENA_NEW(arena, struct vch_etcd_pair, count);
    if (out->pairs == NULL) return VCH_FAIL(NO_MEMORY);
    for (; out->count < count; out->count++)
        VCH_TRY(decode_pair(json_array_get(kvs, out->count), &out->pairs[out->count], arena,
                            complaint));
    return VCH_OK;
}

static vch_status decode_answer(const json_t *json, struct vch_etcd_answer *out,
                                struct vch_arena *arena, struct vch_complaint *complaint)
{
    const json_t *range = json_object_get(json, "response_range");

    if (json_is_object(range)) return decode_pairs(range, out, arena, complaint);
    if (json_is_object(json_object_get(json, "response_put"))) return VCH_OK;
    return malformed("a response neither to a put nor to a range", complaint);
}

static vch_status decode_all(const json_t *json, struct vch_etcd_reply *out,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    const json_t *responses = json_object_get(json, "responses");
    const json_t *succeeded = json_object_get(json, "succeeded"); // left out when false
    size_t count = json_array_size(responses);

    if (!json_is_object(json_object_get(json, "header"))) return malformed("no header", complaint);
    if (succeeded != NULL && !json_is_boolean(succeeded))
        return malformed("\"succeeded\" is neither true nor false", complaint);
    if (responses != NULL && !json_is_array(responses))
        return malformed("\"responses\" are no list", complaint);
    if (count > VCH_ETCD_REPLY_ANSWERS_MAX)
        return malformed("more responses than operations", complaint);
    out->succeeded = json_is_true(succeeded);
    for (; out->count < count; out->count++)
        VCH_TRY(decode_answer(json_array_get(responses, out->count), &out->answers[out->count],
                              arena, complaint));
    return VCH_OK;
}

vch_status vch_etcd_reply_decode(struct vch_etcd_reply *out, const char *bytes, size_t size,
                                 struct vch_arena *arena, struct vch_complaint *complaint)
{
    json_error_t error;

    *out = (struct vch_etcd_reply){0};
    if (size > VCH_ETCD_REPLY_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "etcd answered with more than %u bytes",
                            VCH_ETCD_REPLY_SIZE_MAX);
    json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) return malformed(error.text, complaint);
    vch_status status = decode_all(json, out, arena, complaint);
    json_decref(json);
    if (!vch_is_ok(status)) *out = (struct vch_etcd_reply){0};
    return status;
}

void vch_etcd_reply_decode_error(char text[VCH_ETCD_REPLY_ERROR_MAX], int *code, const char *bytes,
                                 size_t size)
{
    json_t *json = size <= VCH_ETCD_REPLY_SIZE_MAX
                       ? json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    const json_t *number = json_object_get(json, "code");
    const char *words = json_string_value(json_object_get(json, "error"));

    (void)snprintf(text, VCH_ETCD_REPLY_ERROR_MAX, "%s", words != NULL ? words : "");
    bool is_code = json_is_integer(number) && json_integer_value(number) >= 0 &&
                   json_integer_value(number) <= 16; // gRPC's
    *code = is_code ? (int)json_integer_value(number) : CODE_UNKNOWN;
    json_decref(json);
}
