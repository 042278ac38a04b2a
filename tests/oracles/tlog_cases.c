// vouch's log formats, asked line by line, for tlog_test.py: each line of standard input is a
// question, each answered by one line.
//
//     tree SEED SIZE                          the root
//     inclusion SEED INDEX SIZE               the path
//     consistency SEED OLD SIZE               the path
//     included ROOT SIZE LEAF INDEX PATH      yes or no
//     consistent OLD ROOT SIZE ROOT PATH      yes or no
//     tile SEED LEVEL INDEX SIZE              the tile's path and its hashes
//     cosign SEED NAME TIME TEXT              the signature line; texts are hexadecimal
//     sign SEED NAME TEXT                     the signature line
//     signed VKEY NOTE                        yes or no, as a log's or a witness's
//
// Leaf i of a tree is the leaf hash of "SEED/i". Digests are hexadecimal, paths joined by commas.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tlog/consistency.h"
#include "tlog/cosignature.h"
#include "tlog/inclusion.h"
#include "tlog/note.h"
#include "tlog/tile.h"

enum { SIZE_LIMIT = 70000, WORDS = 8, LINE_SIZE = 1 << 18 };

static struct vch_digest leaves[SIZE_LIMIT], scratch[SIZE_LIMIT];
static char filled_with[64];

static int filled;

static void fill(const char *seed, uint64_t count)
{
    char text[96];

    if (count > SIZE_LIMIT) abort();
    if (strcmp(filled_with, seed) != 0) filled = 0;
    (void)snprintf(filled_with, sizeof filled_with, "%s", seed);
    for (; (uint64_t)filled < count; filled++) {
        int size = snprintf(text, sizeof text, "%s/%d", seed, filled);
        leaves[filled] = vch_merkle_leaf(text, (size_t)size);
    }
}

static vch_status read_node(void *context, unsigned level, uint64_t index, struct vch_digest *out)
{
    uint64_t count = (uint64_t)1 << level;

    (void)context;
    if ((index + 1) << level > SIZE_LIMIT) return VCH_FAIL(USAGE);
    memcpy(scratch, leaves + (index << level), count * sizeof *scratch);
    *out = vch_merkle_root_in_place(scratch, count);
    return VCH_OK;
}

static const struct vch_tree_nodes nodes = {read_node, NULL};

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

static struct vch_digest digest(const char *hex)
{
    struct vch_digest out = {0};
    vch_status status = vch_hex_decode(out.bytes, VCH_DIGEST_SIZE, hex);

    if (!vch_is_ok(status)) abort();
    return out;
}

static size_t text_of(char *out, const char *hex)
{
    size_t size = strlen(hex) / 2;
    vch_status status = vch_hex_decode(out, size, hex);

    if (!vch_is_ok(status)) abort();
    return size;
}

static void print_digest(const struct vch_digest *value)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, value->bytes, VCH_DIGEST_SIZE);
    (void)fputs(hex, stdout);
}

static void print_path(vch_status status, const struct vch_tree_path *path)
{
    if (!vch_is_ok(status)) printf("refused");
    for (uint32_t i = 0; vch_is_ok(status) && i < path->count; i++) {
        if (i > 0) (void)putchar(',');
        print_digest(&path->nodes[i]);
    }
}

static void read_path(struct vch_tree_path *out, char *text)
{
    out->count = 0;
    if (text == NULL) return;
    for (char *at = strtok(text, ","); at != NULL; at = strtok(NULL, ",")) {
        if (out->count == VCH_TREE_PATH_MAX) abort();
        out->nodes[out->count++] = digest(at);
    }
}

static void print_verdict(vch_status status)
{
    (void)fputs(vch_is_ok(status) ? "yes" : "no", stdout);
}

static void tree(char **words)
{
    struct vch_tree grown = {0};

    fill(words[1], number(words[2]));
    for (uint64_t i = 0; i < number(words[2]); i++)
        (void)vch_tree_append(&grown, &leaves[i], NULL);
    struct vch_digest root = vch_tree_root(&grown);
    print_digest(&root);
}

static void inclusion(char **words)
{
    struct vch_tree_path path;

    fill(words[1], number(words[3]));
    vch_status status = vch_inclusion_prove(&path, number(words[2]), number(words[3]), &nodes);
    print_path(status, &path);
}

static void consistency(char **words)
{
    struct vch_tree_path path;

    fill(words[1], number(words[3]));
    vch_status status = vch_consistency_prove(&path, number(words[2]), number(words[3]), &nodes);
    print_path(status, &path);
}

static void included(char **words)
{
    struct vch_digest root = digest(words[1]), leaf = digest(words[3]);
    struct vch_tree_path path;

    read_path(&path, words[5]);
    print_verdict(vch_inclusion_verify(&root, number(words[2]), &leaf, number(words[4]), &path));
}

static void consistent(char **words)
{
    struct vch_digest old_root = digest(words[2]), root = digest(words[4]);
    struct vch_tree_path path;

    read_path(&path, words[5]);
    print_verdict(
        vch_consistency_verify(number(words[1]), &old_root, number(words[3]), &root, &path));
}

static void tile(char **words)
{
    unsigned level = (unsigned)number(words[2]);
    struct vch_tile asked = {false, level, number(words[3]), 0};
    struct vch_digest node;
    char path[VCH_TILE_PATH_MAX];

    fill(words[1], number(words[4]));
    asked.width = vch_tile_width(level, asked.index, number(words[4]));
    if (asked.width == 0) {
        printf("none");
        return;
    }
    (void)vch_tile_encode_path(path, &asked);
    printf("%s ", path);
    for (uint64_t i = 0; i < asked.width; i++) {
        vch_status status =
            read_node(NULL, VCH_TILE_HEIGHT * level, asked.index * VCH_TILE_WIDTH + i, &node);
        if (!vch_is_ok(status)) abort();
        print_digest(&node);
    }
}

static struct vch_secret_key key_of(const char *seed)
{
    uint8_t bytes[VCH_SIGN_SEED_SIZE];
    struct vch_secret_key key;

    (void)text_of((char *)bytes, seed);
    vch_sign_key(&key, bytes);
    return key;
}

static void print_line(const char *line)
{
    printf("%.*s", (int)strcspn(line, "\n"), line);
}

static void cosign(char **words)
{
    static char text[LINE_SIZE];
    char line[VCH_NOTE_LINE_MAX + 1];
    struct vch_secret_key key = key_of(words[1]);

    (void)vch_cosignature_sign(line, words[2], &key, number(words[3]), text,
                               text_of(text, words[4]));
    print_line(line);
}

static void sign(char **words)
{
    static char text[LINE_SIZE];
    char line[VCH_NOTE_LINE_MAX + 1];
    struct vch_secret_key key = key_of(words[1]);

    (void)vch_note_sign(line, words[2], &key, text, text_of(text, words[3]));
    print_line(line);
}

static void is_signed(char **words)
{
    static char text[LINE_SIZE];
    struct vch_vkey vkey;
    struct vch_note note;
    vch_status status = vch_vkey_decode(&vkey, words[1], strlen(words[1]), NULL);

    if (vch_is_ok(status)) status = vch_note_decode(&note, text, text_of(text, words[2]), NULL);
    if (vch_is_ok(status))
        status = vkey.type == VCH_VKEY_ED25519 ? vch_note_verify(&note, &vkey)
                                               : vch_cosignature_verify(NULL, &note, &vkey);
    print_verdict(status);
}

static const struct {
    const char *name;
    void (*answer)(char **words);
} questions[] = {
    {"tree", tree},
    {"inclusion", inclusion},
    {"consistency", consistency},
    {"included", included},
    {"consistent", consistent},
    {"tile", tile},
    {"cosign", cosign},
    {"sign", sign},
    {"signed", is_signed},
};

static void answer(char *line)
{
    char *words[WORDS] = {0}, *rest = NULL;

    for (int i = 0; i < WORDS; i++)
        words[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (words[0] != NULL && strcmp(words[0], questions[i].name) == 0)
            questions[i].answer(words);
    printf("\n");
    (void)fflush(stdout);
}

int main(void)
{
    static char line[LINE_SIZE];

    while (fgets(line, sizeof line, stdin) != NULL)
        answer(line);
    return 0;
}
