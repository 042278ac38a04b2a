// What a cryptographic library looks up once, at the first use of each of its parts.
#pragma once

// Uses each kind of key and signature that evidence has, in vain. A process that forks others which
// judge one piece of evidence each calls it once, so that they need not: it takes them
// milliseconds, each, and the verdict much less.
void vch_warm_up(void);
