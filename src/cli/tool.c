#include "cli/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/keyfile.h"
#include "host/process.h"

#define PASSPHRASE_SIZE_MAX 1024u

vch_status vch_tool_init(struct vch_tool *tool, const struct vch_options *options)
{
    enum vch_cpu_level level = VCH_CPU_PORTABLE;
    uint64_t threads = 0;

    *tool = (struct vch_tool){.options = options};
    vch_arena_init(&tool->arena, vch_process_memory_size() / 4 * 3);
    VCH_TRY(vch_options_u64(&threads, options, "threads", 1, 1024, &tool->complaint));
    VCH_TRY(vch_process_cpu_level(&level, &tool->complaint));
    tool->kernels = vch_kernels_select(level);
    VCH_TRY(vch_threads_new(&tool->threads, (unsigned)threads));
    tool->workers = vch_threads_workers(tool->threads);
    return VCH_OK;
}

void vch_tool_release(struct vch_tool *tool)
{
    if (tool->threads != NULL) vch_threads_free(tool->threads);
    vch_arena_release(&tool->arena); // before the maps: nothing in it outlives them
    for (uint32_t i = 0; i < tool->map_count; i++)
        vch_file_unmap(&tool->maps[i]);
}

void vch_tool_end_threads(unsigned *count, struct vch_tool *tool)
{
    *count = (unsigned)tool->workers->thread_count;
    vch_threads_free(tool->threads);
    tool->threads = NULL;
    tool->workers = NULL;
}

vch_status vch_tool_start_threads(struct vch_tool *tool, unsigned count)
{
    VCH_TRY(vch_threads_new(&tool->threads, count));
    tool->workers = vch_threads_workers(tool->threads);
    return VCH_OK;
}

int vch_tool_exit_code(vch_status status)
{
    switch (status.code) {
    case VCH_CODE_NONE: return 0;
    case VCH_CODE_UNSUPPORTED:
    case VCH_CODE_BAD_PROOF:
    case VCH_CODE_REFUSED: return 1;
    case VCH_CODE_USAGE: return 2;
    case VCH_CODE_TRUNCATED:
    case VCH_CODE_MALFORMED:
    case VCH_CODE_LIMIT: return 3;
    case VCH_CODE_NO_MEMORY:
    case VCH_CODE_IO:
    case VCH_CODE_UNAVAILABLE:
    case VCH_CODE_BUSY:
    case VCH_CODE_TIMEOUT: return 4;
    }
    return 4;
}

vch_status vch_tool_package(struct vch_package *out, struct vch_tool *tool, const char *path)
{
    if (tool->map_count == VCH_TOOL_MAPS_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "at most %u packages at once",
                            VCH_TOOL_MAPS_MAX);
    struct vch_file_map *map = &tool->maps[tool->map_count];
    VCH_TRY(vch_file_map(map, path, &tool->complaint));
    tool->map_count++;
    vch_status status = vch_package_decode(out, map->bytes, map->size, &tool->arena, tool->workers,
                                           &tool->complaint);
    if (vch_is_ok(status)) return status;
    struct vch_complaint inner = tool->complaint;
    tool->complaint.text[0] = '\0';
    return vch_complain(&tool->complaint, status.code, "%.100s: %.380s", path,
                        inner.text[0] ? inner.text : vch_code_text(status.code));
}

vch_status vch_tool_file(uint8_t **out, size_t *size, struct vch_tool *tool, const char *path,
                         size_t size_max)
{
    return vch_file_read(out, size, path, size_max, &tool->arena, &tool->complaint);
}

vch_status vch_tool_passphrase(const char **out, struct vch_tool *tool)
{
    const char *path = vch_options_text(tool->options, "passphrase-file");
    uint8_t *bytes = NULL;
    size_t size = 0;

    *out = NULL;
    if (path == NULL) return VCH_OK;
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, PASSPHRASE_SIZE_MAX));
    char *text = vch_arena_string(&tool->arena, bytes, size);
    vch_wipe(bytes, size);
    if (text == NULL) return VCH_FAIL(NO_MEMORY);
    text[strcspn(text, "\r\n")] = '\0';
    *out = text;
    return VCH_OK;
}

vch_status vch_tool_ask_passphrase(const char **out, struct vch_tool *tool, const char *prompt)
{
    struct termios before, quiet;
    char line[PASSPHRASE_SIZE_MAX] = {0};

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
        return vch_complain(&tool->complaint, VCH_CODE_UNAVAILABLE,
                            "a passphrase is needed and there is no terminal to ask on; pass "
                            "--passphrase-file FILE");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    (void)fprintf(stderr, "%s: ", prompt);
    (void)setvbuf(stdin, NULL, _IONBF, 0); // no copy is left there
    const char *got = fgets(line, sizeof line, stdin);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputc('\n', stderr);

    line[strcspn(line, "\r\n")] = '\0';
    *out = got != NULL ? vch_arena_string(&tool->arena, line, strlen(line)) : NULL;
    vch_wipe(line, sizeof line);
    if (*out == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_UNAVAILABLE, "no passphrase was typed");
    return VCH_OK;
}

static vch_status open_signing(void *out, const uint8_t *bytes, size_t size, const char *passphrase,
                               struct vch_complaint *complaint)
{
    return vch_keyfile_decode(out, bytes, size, passphrase, complaint);
}

static vch_status open_vrf(void *out, const uint8_t *bytes, size_t size, const char *passphrase,
                           struct vch_complaint *complaint)
{
    return vch_keyfile_decode_vrf(out, bytes, size, passphrase, complaint);
}

static vch_status open_data(void *out, const uint8_t *bytes, size_t size, const char *passphrase,
                            struct vch_complaint *complaint)
{
    return vch_keyfile_decode_data(out, bytes, size, passphrase, complaint);
}

// With the passphrase of --passphrase-file, none, or the one asked for.
static vch_status try_key(struct vch_tool *tool, const char *path, vch_tool_opener *open,
                          void *context, const uint8_t *bytes, size_t size)
{
    const char *passphrase = NULL;

    VCH_TRY(vch_tool_passphrase(&passphrase, tool));
    if (passphrase == NULL) {
        vch_status status = open(context, bytes, size, "", NULL);
        if (status.code != VCH_CODE_REFUSED)
            return vch_is_ok(status) ? status : open(context, bytes, size, "", &tool->complaint);
        VCH_TRY(vch_tool_ask_passphrase(&passphrase, tool, path));
    }
    vch_status status = open(context, bytes, size, passphrase, &tool->complaint);
    vch_wipe((void *)(uintptr_t)passphrase, strlen(passphrase)); // the arena's
    return status;
}

vch_status vch_tool_open_key(struct vch_tool *tool, const char *path, vch_tool_opener *open,
                             void *context)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_KEYFILE_SIZE));
    vch_status status = try_key(tool, path, open, context, bytes, size);
    vch_wipe(bytes, size);
    return status;
}

vch_status vch_tool_secret_key(struct vch_secret_key *out, struct vch_tool *tool, const char *path)
{
    return vch_tool_open_key(tool, path, open_signing, out);
}

vch_status vch_tool_vrf_secret(struct vch_vrf_secret *out, struct vch_tool *tool, const char *path)
{
    return vch_tool_open_key(tool, path, open_vrf, out);
}

vch_status vch_tool_data_key(uint8_t *out, struct vch_tool *tool, const char *path)
{
    return vch_tool_open_key(tool, path, open_data, out);
}

vch_status vch_tool_public_key(struct vch_public_key *out, struct vch_tool *tool, const char *text)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (vch_is_ok(vch_hex_decode(out->bytes, sizeof out->bytes, text))) return VCH_OK;
    if (access(text, R_OK) != 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "expected a public key (64 hexadecimal digits) or a key file, found "
                            "\"%.80s\"",
                            text);
    VCH_TRY(vch_tool_file(&bytes, &size, tool, text, VCH_KEYFILE_SIZE));
    return vch_keyfile_public(out, bytes, size, &tool->complaint);
}

#define ARRAY_SIZE_MAX ((size_t)8 << 30)

vch_status vch_tool_array(struct vch_npy *out, struct vch_tool *tool, const char *path)
{
    const char *archive = strstr(path, ".npz");
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (archive == NULL || (archive[4] != '\0' && archive[4] != ':')) {
        VCH_TRY(vch_tool_file(&bytes, &size, tool, path, ARRAY_SIZE_MAX));
        return vch_npy_decode(out, bytes, size, &tool->arena, &tool->complaint);
    }
    const char *name = archive[4] == ':' ? archive + 5 : NULL;
    char *file = vch_arena_string(&tool->arena, path, (size_t)(archive + 4 - path));
    if (file == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_tool_file(&bytes, &size, tool, file, ARRAY_SIZE_MAX));
    return vch_npy_decode_archive(out, name, bytes, size, &tool->arena, &tool->complaint);
}

vch_status vch_tool_print_json(json_t *value)
{
    int result = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

    json_decref(value);
    if (result != 0 || putchar('\n') == EOF || fflush(stdout) != 0) return VCH_FAIL(IO);
    return VCH_OK;
}

json_t *vch_tool_json_hex(const void *bytes, size_t size)
{
    char text[129];

    if (size > 64) return NULL;
    vch_hex_encode(text, bytes, size);
    return json_string(text);
}
