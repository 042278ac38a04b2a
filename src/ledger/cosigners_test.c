// Witnesses at addresses that lead nowhere.
#include "ledger/cosigners.h"

#include "harness/test.h"
#include "ledger/cosigners_parts.h"

TEST(a_witness_that_nothing_leads_to_is_asked_for_its_promises_again)
{
    static const struct vch_charter charter = {.origin = "test.example/ledger"};
    static const char *const url = "http://255.255.255.255:1"; // TCP refuses at once
    struct event_base *base = event_base_new();
    const struct vch_cosigners_setup setup = {
        .base = base, .charter = &charter, .urls = &url, .url_count = 1};
    struct vch_cosigners *cosigners = NULL;

    CHECK(base != NULL);
    CHECK_OK(vch_cosigners_new(&cosigners, &setup, NULL));
    vch_cosigners_parts_list_promises(&cosigners->peers[0]);
    CHECK(!cosigners->peers[0].is_listing);
    vch_cosigners_free(cosigners);
    event_base_free(base);
}
