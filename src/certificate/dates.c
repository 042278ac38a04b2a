#include "certificate/dates.h"

#include <openssl/asn1.h>
#include <openssl/err.h>

vch_status vch_dates_seconds(const struct asn1_string_st *date, int64_t *out)
{
    int days = 0, seconds = 0;

    if (date == NULL) return VCH_FAIL(MALFORMED);
    ERR_set_mark();
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int is_good = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, date) == 1;
    ASN1_TIME_free(epoch);
    ERR_pop_to_mark();
    if (!is_good) return VCH_FAIL(MALFORMED);
    *out = (int64_t)days * 86400 + seconds;
    return VCH_OK;
}
