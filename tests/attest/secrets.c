// Looks for a node's secrets in the memory of processes, as root could: `secrets FILE... -- PID...`
// opens key files that have no passphrase, grows from them all that a process could hold, and says
// of each process which of it lies there; `text:WORD` looks for a word, `bytes:FILE` for what a
// file begins with. What no process reads of another is counted as closed.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "host/process.h"

enum { NEEDLES_MAX = 16, NEEDLE_MAX = 64, WINDOW = 1 << 20, CANNOT_LOOK = 3 };

static struct needle {
    char name[48];
    uint8_t bytes[NEEDLE_MAX];
    size_t size;
} needles[NEEDLES_MAX];
static size_t needle_count;

static void add(const char *name, const void *bytes, size_t size)
{
    struct needle *needle = &needles[needle_count++];

    if (needle_count > NEEDLES_MAX || size > NEEDLE_MAX) abort();
    (void)snprintf(needle->name, sizeof needle->name, "%s", name);
    memcpy(needle->bytes, bytes, size);
    needle->size = size;
}

// The scalar that signs and the prefix that makes its nonces (RFC 8032).
static void add_identity(const struct vch_secret_key *key)
{
    uint8_t wide[64];

    (void)crypto_hash_sha512(wide, key->seed, sizeof key->seed);
    wide[0] &= 248;
    wide[31] = (uint8_t)((wide[31] & 127) | 64);
    add("identity.seed", key->seed, sizeof key->seed);
    add("identity.scalar", wide, 32);
    add("identity.prefix", wide + 32, 32);
    add("public", key->public_key.bytes, sizeof key->public_key.bytes); // a decoy: it must be found
}

static void add_vrf(const struct vch_vrf_secret *key)
{
    add("vrf.seed", key->seed, sizeof key->seed);
    add("vrf.scalar", key->scalar, sizeof key->scalar);
}

// What a file begins with, as far as there is room.
static int add_bytes(const char *path)
{
    uint8_t bytes[NEEDLE_MAX];
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;

    if (file != NULL) (void)fclose(file);
    if (size == 0) return 1;
    add("bytes", bytes, size);
    return 0;
}

static int open_file(const char *path)
{
    static const char word[] = "text:", start[] = "bytes:";
    if (strncmp(path, start, sizeof start - 1) == 0) return add_bytes(path + sizeof start - 1);
    if (strncmp(path, word, sizeof word - 1) == 0) {
        add("text", path + sizeof word - 1, strlen(path) - sizeof word + 1);
        return 0;
    }
    uint8_t bytes[VCH_KEYFILE_SIZE];
    struct vch_secret_key key;
    struct vch_vrf_secret vrf;
    uint8_t data[VCH_KEYFILE_DATA_SIZE];
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;

    if (file != NULL) (void)fclose(file);
    if (vch_is_ok(vch_keyfile_decode(&key, bytes, size, "", NULL)))
        add_identity(&key);
    else if (vch_is_ok(vch_keyfile_decode_vrf(&vrf, bytes, size, "", NULL)))
        add_vrf(&vrf);
    else if (vch_is_ok(vch_keyfile_decode_data(data, bytes, size, "", NULL))) {
        add("data.key", data, sizeof data);
        return 0;
    } else
        return 1;
    add(vch_keyfile_is_vrf(bytes, size) ? "vrf.file" : "identity.file", bytes + 96,
        48); // as sealed
    return 0;
}

struct found {
    bool is_there[NEEDLES_MAX];
    uint64_t read, closed; // bytes
};

static void look(struct found *found, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < needle_count; i++)
        if (memmem(bytes, size, needles[i].bytes, needles[i].size) != NULL)
            found->is_there[i] = true;
}

// Windows overlap by a needle.
static void look_at_region(struct found *found, int memory, uint64_t first, uint64_t end)
{
    static uint8_t window[WINDOW + NEEDLE_MAX];

    for (uint64_t at = first; at < end; at += WINDOW) {
        uint64_t left = end - at;
        size_t want = left < sizeof window ? (size_t)left : sizeof window;
        ssize_t got = pread(memory, window, want, (off_t)at);
        if (got <= 0) {
            found->closed += want < WINDOW ? want : WINDOW;
            continue;
        }
        found->read += (size_t)got < WINDOW ? (size_t)got : WINDOW;
        look(found, window, (size_t)got);
    }
}

// "FIRST-END rw-p ..." of /proc/PID/maps; not the kernel's own pages.
static void look_at_line(struct found *found, int memory, const char *line)
{
    char *rest = NULL;
    uint64_t first = strtoull(line, &rest, 16), end = 0;

    if (*rest != '-') return;
    end = strtoull(rest + 1, &rest, 16);
    if (rest[0] == ' ' && rest[1] == 'r' && strstr(line, "[v") == NULL)
        look_at_region(found, memory, first, end);
}

static int look_at_process(const char *pid)
{
    char path[64], line[512];
    struct found found = {.read = 0};

    (void)snprintf(path, sizeof path, "/proc/%s/mem", pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "r");
    if (memory < 0 || maps == NULL) {
        printf("%s cannot-look %s\n", pid, strerror(errno));
        return CANNOT_LOOK;
    }
    while (fgets(line, sizeof line, maps) != NULL)
        look_at_line(&found, memory, line);
    (void)fclose(maps);
    (void)close(memory);
    printf("%s read=%" PRIu64 " closed=%" PRIu64, pid, found.read, found.closed);
    for (size_t i = 0; i < needle_count; i++)
        if (found.is_there[i]) printf(" %s", needles[i].name);
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    int i = 1, code = 0;

    vch_process_harden();
    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (open_file(argv[i]) != 0) return 2;
    for (i++; i < argc && code == 0; i++)
        code = look_at_process(argv[i]);
    return code;
}
