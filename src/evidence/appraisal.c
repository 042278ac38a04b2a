#include "evidence/appraisal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void vch_appraisal_init(struct vch_appraisal *appraisal)
{
    appraisal->count = 0;
    appraisal->is_cut = false;
}

static struct vch_appraisal_check *next(struct vch_appraisal *appraisal)
{
    if (appraisal->count < VCH_APPRAISAL_CHECKS_MAX) return &appraisal->checks[appraisal->count++];
    appraisal->is_cut = true;
    return NULL;
}

__attribute__((format(printf, 4, 0))) static void add(struct vch_appraisal *appraisal,
                                                      const char *name,
                                                      enum vch_appraisal_result result,
                                                      const char *format, va_list arguments)
{
    struct vch_appraisal_check *check = next(appraisal);

    if (check == NULL) return;
    check->name = name;
    check->result = result;
    (void)vsnprintf(check->text, sizeof check->text, format, arguments);
    for (char *c = check->text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~') *c = '?';
}

void vch_appraisal_add(struct vch_appraisal *appraisal, const char *name,
                       enum vch_appraisal_result result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(appraisal, name, result, format, arguments);
    va_end(arguments);
}

bool vch_appraisal_check(struct vch_appraisal *appraisal, const char *name, bool holds,
                         const char *format, ...)
{
    va_list arguments;

    if (holds) {
        vch_appraisal_add(appraisal, name, VCH_APPRAISAL_PASSED, "%s", "");
        return true;
    }
    va_start(arguments, format);
    add(appraisal, name, VCH_APPRAISAL_FAILED, format, arguments);
    va_end(arguments);
    return false;
}

const struct vch_appraisal_check *vch_appraisal_find(const struct vch_appraisal *appraisal,
                                                     const char *name)
{
    for (uint32_t i = 0; i < appraisal->count; i++)
        if (strcmp(appraisal->checks[i].name, name) == 0) return &appraisal->checks[i];
    return NULL;
}

vch_status vch_appraisal_status(const struct vch_appraisal *appraisal)
{
    if (appraisal->count == 0 || appraisal->is_cut) return VCH_FAIL(REFUSED);
    for (uint32_t i = 0; i < appraisal->count; i++)
        if (appraisal->checks[i].result == VCH_APPRAISAL_FAILED) return VCH_FAIL(REFUSED);
    return VCH_OK;
}
