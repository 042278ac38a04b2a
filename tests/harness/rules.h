// Rules as text, to be changed a piece at a time, and signed.
#pragma once

#include <stdio.h>
#include <string.h>

#include "attest/rules.h"
#include "harness/spec.h"
#include "harness/test.h"

enum { RULES_ROOM = 64 << 10 };

static inline struct vch_secret_key rules_key(uint8_t first)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];
    struct vch_secret_key key;

    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(first + i);
    vch_sign_key(&key, seed);
    return key;
}

// The example of specs/rules.md, as it stands there.
static inline void rules_example(char out[static RULES_ROOM])
{
    char line[1024];
    size_t size = 0;
    bool is_inside = false;
    FILE *file = test_spec_open("rules.md");

    if (file == NULL) test_fail(__FILE__, __LINE__, "cannot open specs/rules.md");
    while (fgets(line, sizeof line, file) != NULL && size + sizeof line < RULES_ROOM) {
        if (is_inside && strcmp(line, "```\n") == 0) break;
        if (is_inside) size += (size_t)snprintf(out + size, RULES_ROOM - size, "%s", line);
        is_inside = is_inside || strcmp(line, "```json\n") == 0;
    }
    (void)fclose(file);
    if (size == 0) test_fail(__FILE__, __LINE__, "specs/rules.md has no example");
    out[size - 1] = '\0'; // no line's end belongs to it
}

// The one place that says `from` says `to`.
static inline void rules_edit(char text[static RULES_ROOM], const char *from, const char *to)
{
    static char copy[RULES_ROOM];
    char *at = strstr(text, from);

    if (at == NULL || strstr(at + 1, from) != NULL)
        test_fail(__FILE__, __LINE__, "not exactly once in the text: %s", from);
    (void)snprintf(copy, sizeof copy, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    (void)snprintf(text, RULES_ROOM, "%s", copy);
}

// A file of the text, signed whatever it says. Returns its size.
static inline size_t rules_file(char *out, size_t room, const char *text,
                                const struct vch_secret_key *key)
{
    struct vch_digest digest = vch_rules_digest(text, strlen(text));
    struct vch_signature signature;
    char key_text[65], sig_text[129];

    vch_sign_digest(&signature, key, &digest);
    vch_hex_encode(key_text, key->public_key.bytes, 32);
    vch_hex_encode(sig_text, signature.bytes, 64);
    return (size_t)snprintf(out, room,
                            "{\"policy\":%s,\"signature\":{\"key\":\"%s\",\"sig\":\"%s\"}}", text,
                            key_text, sig_text);
}
