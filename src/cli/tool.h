// What every subcommand works with: its options, an arena, threads, kernels and a complaint.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "cli/options.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"
#include "host/file.h"
#include "host/threads.h"
#include "import/npy.h"
#include "kernels/kernels.h"
#include "model/package.h"

#define VCH_TOOL_MAPS_MAX 64u

struct vch_tool {
    const struct vch_options *options;
    struct vch_arena arena; // at most three quarters of the machine's memory
    struct vch_threads *threads;
    struct vch_workers *workers;
    struct vch_kernels kernels;
    struct vch_complaint complaint;
    uint32_t map_count; // files mapped for as long as the tool lives
    struct vch_file_map maps[VCH_TOOL_MAPS_MAX];
};

// Reads --threads and the processor level.
vch_status vch_tool_init(struct vch_tool *tool, const struct vch_options *options);
void vch_tool_release(struct vch_tool *tool);

// A fence goes up around one thread and those that it starts, and a fork takes one thread along:
// the others end, and so many come back.
void vch_tool_end_threads(unsigned *count, struct vch_tool *tool);
vch_status vch_tool_start_threads(struct vch_tool *tool, unsigned count);

// Exit code of a status: 0 yes, 1 no, 2 usage, 3 malformed input, 4 unavailable.
int vch_tool_exit_code(vch_status status);

// Maps and verifies a package.
vch_status vch_tool_package(struct vch_package *out, struct vch_tool *tool, const char *path);

// Opens a key file with --passphrase-file, or an empty passphrase, or the one asked for on the
// terminal. Wipe it when done.
vch_status vch_tool_secret_key(struct vch_secret_key *out, struct vch_tool *tool, const char *path);
vch_status vch_tool_vrf_secret(struct vch_vrf_secret *out, struct vch_tool *tool, const char *path);

// Likewise; `out` has 32 bytes.
vch_status vch_tool_data_key(uint8_t *out, struct vch_tool *tool, const char *path);

// The same for whoever keeps such keys elsewhere: `open` gets the file's bytes and a passphrase to
// try, and answers as vch_keyfile_decode does. File and passphrase are wiped afterwards.
typedef vch_status vch_tool_opener(void *context, const uint8_t *bytes, size_t size,
                                   const char *passphrase, struct vch_complaint *complaint);
vch_status vch_tool_open_key(struct vch_tool *tool, const char *path, vch_tool_opener *open,
                             void *context);

// A public key: 64 hexadecimal digits, or a key file.
vch_status vch_tool_public_key(struct vch_public_key *out, struct vch_tool *tool, const char *text);

// Passphrase of --passphrase-file (first line), or NULL when the option is absent.
vch_status vch_tool_passphrase(const char **out, struct vch_tool *tool);

// Asks on the terminal, without echo; UNAVAILABLE when there is none.
vch_status vch_tool_ask_passphrase(const char **out, struct vch_tool *tool, const char *prompt);

// Reads FILE.npy or FILE.npz[:ARRAY].
vch_status vch_tool_array(struct vch_npy *out, struct vch_tool *tool, const char *path);

// A whole file of at most `size_max` bytes.
vch_status vch_tool_file(uint8_t **out, size_t *size, struct vch_tool *tool, const char *path,
                         size_t size_max);

// Prints `value` on standard output and drops the caller's reference.
vch_status vch_tool_print_json(json_t *value);

// A JSON string of the hexadecimal digits of `size` bytes, at most 64.
json_t *vch_tool_json_hex(const void *bytes, size_t size);
