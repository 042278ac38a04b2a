// A configfs-tsm of the tests' own, which behaves as the kernel's does (drivers/virt/coco/guest/
// report.c, fs/configfs/file.c), on demand also badly. For tests by calls, and behind a real mount
// (tests/attest/tsm_mount.c). Reports are signed by a vendor made here (harness/amd.h).
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/cert_table.h"
#include "collect/tsm.h"
#include "harness/amd.h"

#define TSM_FAULTS(X) \
    X(NONE, "none") \
    X(BUSY, "busy")               /* outblob: EBUSY */ \
    X(GONE, "gone")               /* outblob: ENXIO, the provider was unloaded */ \
    X(NO_PROVIDER, "no-provider") /* mkdir: ENXIO */ \
    X(UNKNOWN_PROVIDER, "unknown-provider") \
    X(EMPTY, "empty")               /* outblob has no bytes, and no error */ \
    X(OTHER_WRITER, "other-writer") /* somebody writes right after our inblob */ \
    X(LATE_WRITER, "late-writer")   /* somebody writes while we read */ \
    X(LOST, "lost")                 /* what was written is not taken, which close cannot say */ \
    X(STALE, "stale")               /* the report of what was asked before */ \
    X(WRONG, "wrong")               /* a bit of the report's data is another */ \
    X(GARBAGE, "garbage")           /* what is read is no report */ \
    X(SMALL, "small")               /* inblob takes 32 bytes: EFBIG */ \
    X(HUGE_REPORT, "huge")          /* outblob never ends */ \
    X(BAD_TABLE, "bad-table")       /* a certificate lies outside of the host's table */ \
    X(TAKEN, "taken")               /* mkdir: EEXIST */ \
    X(STUCK, "stuck")               /* rmdir: EBUSY */ \
    X(NO_LEVEL, "no-level")         /* privlevel: EINVAL, whatever is written */ \
    X(HANG, "hang")                 /* reading outblob does not come back; of mounts alone */

#define X(id, name) TSM_##id,
enum tsm_fault { TSM_FAULTS(X) TSM_FAULT_COUNT };
#undef X

enum { TSM_ENTRIES = 8, TSM_INBLOB = 64, TSM_REPORT_MAX = 40 << 10 };

struct tsm_entry {
    char name[64];
    uint8_t inblob[TSM_INBLOB], before[TSM_INBLOB]; // asked now, and the time before
    size_t inblob_size;
    uint64_t generation, reported; // reported: of the report that stands
    unsigned level;
    uint8_t report[VCH_SNP_REPORT_SIZE];
};

struct tsm {
    struct amd *amd;
    enum tsm_fault fault;
    unsigned times; // for how often
    unsigned floor; // of privilege levels; 0: the file is there and says 0
    struct tsm_entry entries[TSM_ENTRIES];
    uint8_t table[3 * 24 + 2 * AMD_DER_MAX];
    size_t table_size;
    const uint8_t *quote; // not NULL: this is a trust domain of Intel's, which says this
    size_t quote_size;
    unsigned made, dropped, pauses;
};

static inline bool tsm_is(struct tsm *tsm, enum tsm_fault fault)
{
    if (tsm->fault != fault || tsm->times == 0) return false;
    if (tsm->times != (unsigned)-1) tsm->times--;
    return true;
}

static inline enum tsm_fault tsm_fault_of(const char *name)
{
#define X(id, text) text,
    static const char *const names[] = {TSM_FAULTS(X)};
#undef X
    unsigned fault = 0;

    while (fault < TSM_FAULT_COUNT && strcmp(names[fault], name) != 0)
        fault++;
    return (enum tsm_fault)fault;
}

// VCEK, ASK, the end.
static inline void tsm_fill_table(struct tsm *tsm)
{
    static const uint8_t ids[2][16] = {{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5,
                                        0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd},
                                       {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f,
                                        0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82}};
    const struct vch_certificate_bytes parts[2] = {tsm->amd->evidence.key,
                                                   tsm->amd->evidence.issuers};
    size_t at = sizeof ids / sizeof *ids * 24 + 24;

    memset(tsm->table, 0, sizeof tsm->table);
    for (size_t i = 0; i < 2; i++) {
        memcpy(tsm->table + 24 * i, ids[i], 16);
        vch_put_u32le(tsm->table + 24 * i + 16, (uint32_t)at);
        vch_put_u32le(tsm->table + 24 * i + 20, (uint32_t)parts[i].size);
        memcpy(tsm->table + at, parts[i].bytes, parts[i].size);
        at += parts[i].size;
    }
    tsm->table_size = at;
}

static inline void tsm_init(struct tsm *tsm, struct amd *amd)
{
    memset(tsm, 0, sizeof *tsm);
    tsm->amd = amd;
    tsm->times = (unsigned)-1;
    tsm_fill_table(tsm);
}

static inline struct tsm_entry *tsm_find(struct tsm *tsm, const char *name)
{
    for (size_t i = 0; i < TSM_ENTRIES; i++)
        if (strcmp(tsm->entries[i].name, name) == 0) return &tsm->entries[i];
    return NULL;
}

static inline unsigned tsm_count(const struct tsm *tsm)
{
    unsigned count = 0;

    for (size_t i = 0; i < TSM_ENTRIES; i++)
        count += tsm->entries[i].name[0] != '\0';
    return count;
}

static inline int tsm_make(void *context, const char *name)
{
    struct tsm *tsm = context;

    if (tsm_is(tsm, TSM_NO_PROVIDER)) return ENXIO;
    if (tsm_find(tsm, name) != NULL || tsm_is(tsm, TSM_TAKEN)) return EEXIST;
    struct tsm_entry *entry = tsm_find(tsm, "");
    if (entry == NULL || strlen(name) >= sizeof entry->name) return ENOMEM;
    memset(entry, 0, sizeof *entry);
    memcpy(entry->name, name, strlen(name) + 1);
    tsm->made++;
    return 0;
}

static inline int tsm_drop(void *context, const char *name)
{
    struct tsm *tsm = context;
    struct tsm_entry *entry = tsm_find(tsm, name);

    if (entry == NULL) return ENOENT;
    if (tsm_is(tsm, TSM_STUCK)) return EBUSY;
    entry->name[0] = '\0';
    tsm->dropped++;
    return 0;
}

static inline void tsm_report(struct tsm *tsm, struct tsm_entry *entry)
{
    memcpy(tsm->amd->report_data, tsm_is(tsm, TSM_STALE) ? entry->before : entry->inblob, 64);
    if (tsm_is(tsm, TSM_WRONG)) tsm->amd->report_data[63] ^= 1;
    amd_write_report(tsm->amd);
    vch_put_u32le(tsm->amd->report + 0x30, entry->level);
    amd_sign(tsm->amd);
    memcpy(entry->report, tsm->amd->report, sizeof entry->report);
    if (tsm_is(tsm, TSM_GARBAGE)) memset(entry->report, 0xff, 64);
    entry->reported = entry->generation;
}

// Bytes of outblob or auxblob: made when they are first read, and again when what is asked changed.
static inline int tsm_answer(struct tsm *tsm, struct tsm_entry *entry, bool is_table,
                             const uint8_t **bytes, size_t *size)
{
    static uint8_t endless[TSM_REPORT_MAX];

    if (entry->inblob_size == 0) return EINVAL;
    if (!is_table && tsm_is(tsm, TSM_BUSY)) return EBUSY;
    if (!is_table && tsm_is(tsm, TSM_GONE)) return ENXIO;
    if (entry->reported != entry->generation) tsm_report(tsm, entry);
    if (is_table) tsm_fill_table(tsm);
    *bytes = is_table ? tsm->table : tsm->quote != NULL ? tsm->quote : entry->report;
    *size = is_table             ? tsm->table_size
            : tsm->quote != NULL ? tsm->quote_size
                                 : sizeof entry->report;
    if (is_table && tsm_is(tsm, TSM_BAD_TABLE)) vch_put_u32le(tsm->table + 16, 0xfffffff0);
    if (!is_table && tsm_is(tsm, TSM_EMPTY)) *size = 0;
    if (!is_table && tsm_is(tsm, TSM_HUGE_REPORT)) *bytes = endless, *size = sizeof endless;
    if (!is_table && tsm_is(tsm, TSM_LATE_WRITER)) entry->generation++;
    return 0;
}

static inline int tsm_read(void *context, const char *name, const char *file, uint8_t *out,
                           size_t room, size_t *size)
{
    struct tsm *tsm = context;
    struct tsm_entry *entry = tsm_find(tsm, name);
    char text[32] = "";
    const uint8_t *bytes = (const uint8_t *)text;
    int error = 0;

    *size = 0;
    if (entry == NULL) return ENOENT;
    if (strcmp(file, "provider") == 0)
        (void)snprintf(text, sizeof text, "%s\n",
                       tsm_is(tsm, TSM_UNKNOWN_PROVIDER) ? "arm_cca_guest"
                       : tsm->quote != NULL              ? "tdx_guest"
                                                         : "sev_guest");
    else if (tsm->quote != NULL &&
             (strcmp(file, "privlevel_floor") == 0 || strcmp(file, "auxblob") == 0))
        return ENOENT; // of AMD's alone
    else if (strcmp(file, "generation") == 0)
        (void)snprintf(text, sizeof text, "%llu\n", (unsigned long long)entry->generation);
    else if (strcmp(file, "privlevel_floor") == 0)
        (void)snprintf(text, sizeof text, "%u\n", tsm->floor);
    else if (strcmp(file, "outblob") != 0 && strcmp(file, "auxblob") != 0)
        return ENOENT;
    *size = strlen(text);
    if (text[0] == '\0') error = tsm_answer(tsm, entry, strcmp(file, "auxblob") == 0, &bytes, size);
    if (error != 0) return error;
    if (*size > room) return EFBIG;
    memcpy(out, bytes, *size);
    return 0;
}

// Binary files are taken at close; who writes too much hears of it at once.
static inline int tsm_write(void *context, const char *name, const char *file, const void *bytes,
                            size_t size)
{
    struct tsm *tsm = context;
    struct tsm_entry *entry = tsm_find(tsm, name);
    char text[16] = "";

    if (entry == NULL) return ENOENT;
    if (strcmp(file, "privlevel") == 0) {
        memcpy(text, bytes, size < sizeof text ? size : sizeof text - 1);
        unsigned long level = strtoul(text, NULL, 10);
        if (tsm_is(tsm, TSM_NO_LEVEL) || level < tsm->floor || level > 3) return EINVAL;
        entry->level = (unsigned)level;
        entry->generation++;
        return 0;
    }
    if (strcmp(file, "inblob") != 0) return EACCES;
    if (size > (tsm_is(tsm, TSM_SMALL) ? 32 : TSM_INBLOB)) return EFBIG;
    if (tsm_is(tsm, TSM_LOST)) return 0;
    memcpy(entry->before, entry->inblob, sizeof entry->before);
    memset(entry->inblob, 0, sizeof entry->inblob);
    memcpy(entry->inblob, bytes, size);
    entry->inblob_size = size;
    entry->generation += tsm_is(tsm, TSM_OTHER_WRITER) ? 2 : 1;
    return 0;
}

static inline void tsm_pause(void *context)
{
    ((struct tsm *)context)->pauses++;
}

static inline struct vch_tsm_calls tsm_calls(struct tsm *tsm)
{
    return (struct vch_tsm_calls){tsm_make, tsm_drop, tsm_read, tsm_write, tsm_pause, tsm};
}
