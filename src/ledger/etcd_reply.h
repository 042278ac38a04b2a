// What etcd's JSON gateway answers to a transaction, decoded. An answer is not believed to be one.
//
//     {"succeeded": true, "responses": [{"response_put": {}},
//      {"response_range": {"kvs": [{"key": BASE64, "value": BASE64}], "more": true}}]}
//     {"error": TEXT, "code": NUMBER}            with another HTTP status than 200
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

#define VCH_ETCD_REPLY_SIZE_MAX (4u << 20)
#define VCH_ETCD_REPLY_ANSWERS_MAX 8u // to the operations of one transaction
#define VCH_ETCD_REPLY_PAIRS_MAX 64u  // in one answer
#define VCH_ETCD_REPLY_ERROR_MAX 200u

struct vch_etcd_pair {
    const char *key; // NUL-terminated; has none inside
    const uint8_t *value;
    size_t size;
};

struct vch_etcd_answer {
    struct vch_etcd_pair *pairs;
    uint32_t count;
};

struct vch_etcd_reply {
    bool succeeded; // the transaction's comparison
    struct vch_etcd_answer answers[VCH_ETCD_REPLY_ANSWERS_MAX];
    uint32_t count;
};

// MALFORMED or LIMIT, saying why. Keys and values lie in the arena.
vch_status vch_etcd_reply_decode(struct vch_etcd_reply *out, const char *bytes, size_t size,
                                 struct vch_arena *arena, struct vch_complaint *complaint);

// The text and gRPC code of an error; 2 ("unknown") and an empty text where there are none.
void vch_etcd_reply_decode_error(char text[VCH_ETCD_REPLY_ERROR_MAX], int *code, const char *bytes,
                                 size_t size);
