// Dates of certificates and revocation lists as seconds since 1970.
#pragma once

#include <stdint.h>

#include "base/status.h"

struct asn1_string_st; // OpenSSL's ASN1_TIME

vch_status vch_dates_seconds(const struct asn1_string_st *date, int64_t *out);
