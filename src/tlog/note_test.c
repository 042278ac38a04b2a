// Signed notes: Go's, that of its checksum database, and what nobody accepts.
#include "tlog/note.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "harness/test.h"

#define DASH "\xe2\x80\x94 "

// Key, text and signature of Go's sumdb/note tests.
static const char peter_vkey[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char peter_text[] = "If you think cryptography is the answer to your problem,\n"
                                 "then you don't know what your problem is.\n";
static const char peter_line[] = DASH
    "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE"
    "6RyyBwJnAM=\n";

static void key_of(struct vch_vkey *out, const char *text)
{
    CHECK_OK(vch_vkey_decode(out, text, strlen(text), NULL));
}

static vch_status decode(struct vch_note *out, const char *bytes)
{
    return vch_note_decode(out, bytes, strlen(bytes), NULL);
}

// The text, an empty line, and lines: in a buffer that the next call reuses.
static const char *note_of(const char *text, const char *first, const char *second)
{
    static char note[4096];

    (void)snprintf(note, sizeof note, "%s\n%s%s", text, first, second);
    return note;
}

TEST(note_of_others_verifies)
{
    static const char golang[] =
        "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n" DASH
        "sum.golang.org "
        "Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWE"
        "PWL+o3GeoWwOoAw=\n";
    struct vch_note note;
    struct vch_vkey vkey;

    key_of(&vkey, peter_vkey);
    CHECK_OK(decode(&note, note_of(peter_text, peter_line, "")));
    CHECK_EQ(note.text_size, strlen(peter_text));
    CHECK_EQ(note.signature_count, 1);
    CHECK_OK(vch_note_verify(&note, &vkey));
    key_of(&vkey, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
    CHECK_OK(decode(&note, golang));
    CHECK_OK(vch_note_verify(&note, &vkey));
}

// Go's test has the secret key: PRIVATE+KEY+PeterNeumann+c74f20a3+AYEK...
TEST(note_signed_here_is_the_one_that_others_sign)
{
    char line[VCH_NOTE_LINE_MAX + 1];
    uint8_t blob[33];
    struct vch_secret_key key;

    CHECK_OK(vch_base64_decode_exactly(blob, sizeof blob,
                                       "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", 44));
    vch_sign_key(&key, blob + 1);
    CHECK_EQ(vch_note_sign(line, "PeterNeumann", &key, peter_text, strlen(peter_text)),
             strlen(peter_line));
    CHECK(strcmp(line, peter_line) == 0);
}

TEST(note_refuses_any_flipped_bit)
{
    char bytes[512];
    struct vch_note note;
    struct vch_vkey vkey;
    size_t size = strlen(note_of(peter_text, peter_line, ""));

    key_of(&vkey, peter_vkey);
    memcpy(bytes, note_of(peter_text, peter_line, ""), size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        test_flip(bytes, bit);
        CHECK(!vch_is_ok(vch_note_decode(&note, bytes, size, NULL)) ||
              !vch_is_ok(vch_note_verify(&note, &vkey)));
        test_flip(bytes, bit);
    }
    for (size_t cut = 0; cut < size; cut++)
        CHECK(!vch_is_ok(vch_note_decode(&note, bytes, cut, NULL)) ||
              !vch_is_ok(vch_note_verify(&note, &vkey)));
}

TEST(note_ignores_unknown_keys_and_believes_none_of_a_known_one_that_lies)
{
    static const char stranger[] =
        DASH "EnochRoot af4A4nfJUuHEeCDU4RVvvqZyRrRYlTHqoAHVUE1GkDqu5DYWRtV6d"
             "EwDlAsCPKFIdIyMuxURfUPRwxZkhpRrtGOGBAo=\n";
    static const char other_id[] = DASH "PeterNeumann AAAAAAAA\n"; // its name, another key's id
    static const char bad[] = DASH "PeterNeumann x08goxAAAAAA\n";
    struct vch_note note;
    struct vch_vkey vkey;

    key_of(&vkey, peter_vkey);
    CHECK_OK(decode(&note, note_of(peter_text, stranger, peter_line)));
    CHECK_OK(vch_note_verify(&note, &vkey));
    CHECK_OK(decode(&note, note_of(peter_text, other_id, peter_line)));
    CHECK_OK(vch_note_verify(&note, &vkey));
    CHECK_OK(decode(&note, note_of(peter_text, peter_line, peter_line)));
    CHECK_OK(vch_note_verify(&note, &vkey));
    CHECK_OK(decode(&note, note_of(peter_text, peter_line, bad)));
    CHECK_FAILS(vch_note_verify(&note, &vkey), BAD_PROOF);
    CHECK_OK(decode(&note, note_of(peter_text, stranger, "")));
    CHECK_FAILS(vch_note_verify(&note, &vkey), BAD_PROOF);
    vkey.type = VCH_VKEY_COSIGNATURE;
    CHECK_OK(decode(&note, note_of(peter_text, peter_line, "")));
    CHECK_FAILS(vch_note_verify(&note, &vkey), BAD_PROOF);
}

TEST(note_that_is_malformed_is_refused_with_a_reason)
{
    static const char *const lies[] = {
        "",
        "text\n",
        "text\n\n",
        "text\n" DASH "a AAAAAAA=\n",            // no empty line
        "text\n\n" DASH "a AAAAAAA=",            // no last newline
        "text\n\n" DASH "a AAAAAAA=\n\n",        // an empty line at the end
        "text\n\n- a AAAAAAA=\n",                // another dash
        "text\n\n" DASH "a  AAAAAAA=\n",         // an empty signature, and rest
        "text\n\n" DASH " AAAAAAA=\n",           // no name
        "text\n\n" DASH "a+b AAAAAAA=\n",        // a plus
        "text\n\n" DASH "a\n",                   // no signature
        "text\n\n" DASH "a AAAAAA==\n",          // a key id alone
        "text\n\n" DASH "a AAAAAAB=\n",          // bits that carry nothing
        "text\n\n" DASH "a AAAAAAA\n",           // no padding
        "text\n\n" DASH "a AAAAAAA= \n",         // a space
        "text\n\n" DASH "a AAAAAAA=\nmore\n",    // a line that is none
        "te\txt\n\n" DASH "a AAAAAAA=\n",        // a control character
        "text\r\n\r\n" DASH "a AAAAAAA=\r\n",    // lines of another kind
        "te\xfft\n\n" DASH "a AAAAAAA=\n",       // no UTF-8
        "text\n\n" DASH "a\xc2\xa0x AAAAAAA=\n", // a space beyond ASCII
    };
    struct vch_note note;

    FOR_EACH(lie, lies)
    {
        struct vch_complaint complaint = {0};
        CHECK_FAILS(vch_note_decode(&note, *lie, strlen(*lie), &complaint), MALFORMED);
        CHECK(complaint.text[0] != '\0');
    }
    CHECK_OK(decode(&note, "text\n\n" DASH "a AAAAAAA=\n"));
    CHECK_FAILS(vch_note_decode(&note, "te\0t\n\n" DASH "a AAAAAAA=\n", 19, NULL), MALFORMED);
}

TEST(note_text_may_hold_empty_lines)
{
    struct vch_note note;

    CHECK_OK(decode(&note, "one\n\n\ntwo\n\n" DASH "a AAAAAAA=\n"));
    CHECK_EQ(note.text_size, 10);
}

TEST(note_has_bounds)
{
    static char big[VCH_NOTE_SIZE_MAX + 2];
    size_t size = (size_t)snprintf(big, sizeof big, "text\n\n");
    struct vch_note note;

    for (uint32_t i = 0; i <= VCH_NOTE_SIGNATURES_MAX; i++) {
        if (i > 0) CHECK(vch_note_decode(&note, big, size, NULL).code == VCH_CODE_NONE);
        size += (size_t)snprintf(big + size, sizeof big - size, DASH "a AAAAAAA=\n");
    }
    CHECK_FAILS(vch_note_decode(&note, big, size, NULL), LIMIT);
    memset(big, 'x', sizeof big);
    CHECK_FAILS(vch_note_decode(&note, big, sizeof big, NULL), LIMIT);
    size = (size_t)snprintf(big, sizeof big, "text\n\n" DASH "a ");
    memset(big + size, 'A', 16384);
    big[size + 16384] = '\n';
    CHECK_FAILS(vch_note_decode(&note, big, size + 16385, NULL), LIMIT);
}
