// Any bytes at all, as a program of entries: tests/harness/programs.h says what has to hold.
#include "harness/programs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= 4096) program_run(data, size);
    return 0;
}
