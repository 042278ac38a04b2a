// configfs-tsm: the kernel's one interface to reports of whichever TEE a guest runs in
// (Documentation/ABI/testing/configfs-tsm-report). A folder made below it becomes a request, with
// files to write what is asked and to read what was answered.
//
// Its errors come late and its answers may be another's: what is written is taken at close, which
// cannot fail, and whoever else writes moves the same generation. So everything is looked at again
// after the report was read.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "base/complaint.h"

#define VCH_TSM_BLOB_MAX (32u << 10) // the kernel's own bound, of each answer
#define VCH_TSM_ENTRY_MAX 64         // characters of an entry's name

// Each returns 0 or an errno. `read` takes a file from its start to its end, opened once; what does
// not fit is EFBIG. `write` is one write, then a close.
struct vch_tsm_calls {
    int (*make)(void *context, const char *entry);
    int (*drop)(void *context, const char *entry);
    int (*read)(void *context, const char *entry, const char *file, uint8_t *out, size_t room,
                size_t *size);
    int (*write)(void *context, const char *entry, const char *file, const void *bytes,
                 size_t size);
    void (*pause)(void *context); // for a moment, before another try
    void *context;
};

struct vch_tsm_report {
    enum vch_binder_kind kind;                                        // SNP or TDX
    uint8_t report[VCH_TSM_BLOB_MAX], certificates[VCH_TSM_BLOB_MAX]; // of the host: not trusted
    size_t report_size, certificates_size;
    char leftover[VCH_TSM_ENTRY_MAX]; // an entry that could not be removed; else empty
};

// Which TEE this is, into `kind`. `entry` is a name that nobody else takes, of at most
// VCH_TSM_ENTRY_MAX - 4 characters. UNAVAILABLE: this is no guest of a TEE; UNSUPPORTED: of another
// than these.
vch_status vch_tsm_probe(struct vch_tsm_report *out, const struct vch_tsm_calls *calls,
                         const char *entry, struct vch_complaint *complaint);

// A report whose field is `data`: this is compared. UNAVAILABLE: there is none, or others are in
// the way at every try.
vch_status vch_tsm_collect(struct vch_tsm_report *out, const struct vch_tsm_calls *calls,
                           const char *entry, const uint8_t data[static VCH_BINDER_REPORT_SIZE],
                           struct vch_complaint *complaint);

// Removes entries that vch_tsm_collect may have left when it was ended from outside.
void vch_tsm_sweep(const struct vch_tsm_calls *calls, const char *entry);
