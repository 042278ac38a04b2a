// What commands print alike.
#pragma once

// Words of `text`, wrapped; the first line begins where the cursor is, after a claim and a verdict.
void vch_print_wrapped(const char *text);
