// What programs share that put a verifier of evidence before a second implementation, line by line.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "certificate/certificate.h"
#include "evidence/appraisal.h"

enum { CASES_FILES = 6, CASES_FILE_MAX = 1 << 16 };

// The file's first CASES_FILE_MAX bytes, in place `which` until the next file is read there.
static inline struct vch_certificate_bytes cases_read(const char *name, int which)
{
    static uint8_t bytes[CASES_FILES][CASES_FILE_MAX];
    FILE *file = fopen(name, "rb");

    if (file == NULL) abort();
    size_t size = fread(bytes[which], 1, CASES_FILE_MAX, file);
    (void)fclose(file);
    return (struct vch_certificate_bytes){bytes[which], size};
}

// The beginning of an answer: the status, and the checks that failed.
static inline void cases_answer(const struct vch_appraisal *appraisal, vch_status status)
{
    printf("%d", (int)status.code);
    for (uint32_t i = 0; i < appraisal->count; i++)
        if (appraisal->checks[i].result == VCH_APPRAISAL_FAILED)
            printf(" %s", appraisal->checks[i].name);
}
