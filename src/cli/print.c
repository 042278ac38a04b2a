#include "cli/print.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 96, INDENT = 25 }; // where reasons begin

void vch_print_wrapped(const char *text)
{
    size_t column = INDENT;

    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (column > INDENT && column + size >= COLUMNS) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
        }
        printf("%s%.*s", column > INDENT ? " " : "", (int)size, text);
        column += size + 1;
        text += size + (text[size] == ' ');
    }
    putchar('\n');
}
