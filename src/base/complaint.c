#include "base/complaint.h"

#include <stdarg.h>
#include <stdio.h>

#undef vch_complain // the analyzer's view of it

vch_status vch_complain(struct vch_complaint *complaint, enum vch_code code, const char *format,
                        ...)
{
    vch_status status = {code};
    va_list args;

    if (complaint == NULL || complaint->text[0] != '\0') return status;

    va_start(args, format);
    (void)vsnprintf(complaint->text, sizeof complaint->text, format, args);
    va_end(args);
    for (char *c = complaint->text; *c != '\0'; c++)
        if (*c < 0x20 || *c > 0x7e) *c = '?';
    return status;
}
