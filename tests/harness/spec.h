// Test vectors out of a specification's own text, so that what strangers read is what we check.
//
// In specs/*.md a vector is a line "name = hex digits" inside a code block; more digits may follow
// on indented lines.
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

// From this header to specs/.
static inline FILE *test_spec_open(const char *name)
{
    static const char here[] = "tests/harness/spec.h", file[] = __FILE__;
    char path[4096];

    int root = (int)(sizeof file - sizeof here);
    (void)snprintf(path, sizeof path, "%.*sspecs/%s", root, file, name);
    return fopen(path, "r");
}

static inline size_t test_spec_digits(char *hex, size_t size, const char *text)
{
    size_t count = strspn(text, "0123456789abcdef");

    memcpy(hex + size, text, count);
    return size + count;
}

// The bytes of vector `name` in specs/`spec`; returns how many, at most `room`.
static inline size_t test_spec_vector(uint8_t *out, size_t room, const char *spec, const char *name)
{
    char line[256], hex[8192] = {0};
    size_t size = 0, name_size = strlen(name);
    bool is_inside = false;
    FILE *file = test_spec_open(spec);

    if (file == NULL) test_fail(__FILE__, __LINE__, "cannot open specs/%s", spec);
    while (fgets(line, sizeof line, file) != NULL && size + sizeof line < sizeof hex) {
        bool is_ours =
            strncmp(line, name, name_size) == 0 && strncmp(line + name_size, " = ", 3) == 0;
        if (is_ours)
            size = test_spec_digits(hex, size, line + name_size + 3);
        else if (is_inside && line[0] == ' ')
            size = test_spec_digits(hex, size, line + strspn(line, " "));
        else if (is_inside)
            break;
        is_inside = is_inside || is_ours;
    }
    (void)fclose(file);
    if (!is_inside || size / 2 > room)
        test_fail(__FILE__, __LINE__, "specs/%s has no usable vector %s", spec, name);
    CHECK_OK(vch_hex_decode(out, size / 2, hex));
    return size / 2;
}

// Are these bytes that vector?
static inline void test_spec_check(const void *bytes, size_t size, const char *spec,
                                   const char *name)
{
    uint8_t expected[4096];
    size_t expected_size = test_spec_vector(expected, sizeof expected, spec, name);

    if (size == expected_size && memcmp(bytes, expected, size) == 0) return;
    printf("# found %s = ", name); // what the page should say, if the page is what is wrong
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const uint8_t *)bytes)[i]);
    putchar('\n');
    test_fail(__FILE__, __LINE__, "not vector %s of specs/%s", name, spec);
}
