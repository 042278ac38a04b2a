// Requests and responses: their bytes, and ends that say what they should not.
#include "attest/exchange.h"

#include <string.h>

#include "harness/spec.h"
#include "harness/test.h"

static const char page[] = "attest.md";
static uint8_t bytes[8192], statement[VCH_FACTS_SIZE_MAX];
static struct vch_complaint complaint;

static void fill(void *out, uint8_t first)
{
    for (size_t i = 0; i < 32; i++)
        ((uint8_t *)out)[i] = (uint8_t)(first + i);
}

static struct vch_exchange_request example_request(void)
{
    struct vch_exchange_request request = {.role = VCH_BINDER_SERVER};

    fill(request.nonce, 0);
    fill(request.policy.bytes, 0xe0);
    request.accepts[VCH_BINDER_SNP] = request.accepts[VCH_BINDER_TDX] = true;
    request.accepts[VCH_BINDER_AZURE] = true;
    return request;
}

static struct vch_cmw_item item(const char *label, const char *type, const char *value,
                                uint32_t purposes)
{
    return (struct vch_cmw_item){label, strlen(label),          type,          strlen(type),
                                 0,     (const uint8_t *)value, strlen(value), purposes};
}

static struct vch_exchange_response example_response(void)
{
    struct vch_exchange_response response = {.kind = VCH_BINDER_SNP, .statement = statement};
    struct vch_facts facts = {.has_gpu = true, .confinement = 0x2ff};

    fill(facts.build.bytes, 0);
    fill(facts.policy.bytes, 0x20);
    fill(facts.model.bytes, 0x40);
    fill(facts.gpu.bytes, 0x60);
    CHECK_OK(vch_facts_encode(statement, &response.statement_size, &facts));
    response.evidence.count = response.endorsements.count = 1;
    response.evidence.items[0] =
        item("snp", "application/vnd.vouch.snp", "report", VCH_CMW_EVIDENCE);
    response.endorsements.items[0] =
        item("vek", "application/pkix-cert", "certificate", VCH_CMW_ENDORSEMENTS);
    fill(response.sealing_key, 0x80);
    return response;
}

static vch_status encode(size_t *size, const struct vch_exchange_response *response)
{
    return vch_exchange_encode_response(bytes, sizeof bytes, size, response);
}

TEST(exchange_is_the_bytes_of_the_page)
{
    struct vch_exchange_request request = example_request(), asked;
    struct vch_exchange_response response = example_response(), answered;
    size_t size = 0;

    CHECK_OK(vch_exchange_encode_request(bytes, &size, &request));
    test_spec_check(bytes, size, page, "request");
    CHECK_OK(vch_exchange_decode_request(&asked, bytes, size, &complaint));
    CHECK(memcmp(asked.nonce, request.nonce, 32) == 0 && asked.role == request.role);
    CHECK(memcmp(asked.accepts, request.accepts, sizeof asked.accepts) == 0);
    CHECK_OK(encode(&size, &response));
    test_spec_check(bytes, size, page, "response");
    CHECK_OK(vch_exchange_decode_response(&answered, bytes, size, &complaint));
    CHECK(answered.kind == VCH_BINDER_SNP && answered.statement_size == response.statement_size);
    const struct vch_cmw_item *report = vch_cmw_find(&answered.evidence, "snp");
    CHECK(report != NULL && report->size == 6 && memcmp(report->bytes, "report", 6) == 0);
    CHECK(vch_cmw_find(&answered.endorsements, "vek") != NULL);
}

TEST(exchange_messages_that_are_cut_lengthened_or_changed)
{
    static uint8_t kept[8192];
    struct vch_exchange_request request = example_request();
    struct vch_exchange_response response = example_response(), found;
    uint8_t asked[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    size_t size = 0, again = 0;

    CHECK_OK(vch_exchange_encode_request(asked, &size, &request));
    for (size_t i = 0; i < size; i++)
        CHECK(!vch_is_ok(vch_exchange_decode_request(&request, asked, i, NULL)));
    CHECK_OK(encode(&size, &response));
    memcpy(kept, bytes, size + 1);
    for (size_t i = 0; i < size; i++)
        CHECK(!vch_is_ok(vch_exchange_decode_response(&found, kept, i, NULL)));
    CHECK_FAILS(vch_exchange_decode_response(&found, kept, size + 1, NULL), MALFORMED);
    for (size_t bit = 0; bit < 8 * size; bit++) { // there is one encoding of whatever is read
        test_flip(kept, bit);
        if (vch_is_ok(vch_exchange_decode_response(&found, kept, size, NULL))) {
            CHECK_OK(encode(&again, &found));
            CHECK(again == size && memcmp(bytes, kept, size) == 0);
        }
        test_flip(kept, bit);
    }
}

TEST(exchange_requests_that_ask_for_nothing_are_refused)
{
    struct vch_exchange_request request, found;
    uint8_t asked[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    size_t size = 0;

#define REFUSES(change) \
    do { \
        request = example_request(); \
        change; \
        CHECK_FAILS(vch_exchange_encode_request(asked, &size, &request), USAGE); \
    } while (0)
    REFUSES(memset(request.nonce, 0, 32));
    REFUSES(memset(request.policy.bytes, 0, 32));
    REFUSES(memset(request.accepts, 0, sizeof request.accepts));
    REFUSES(request.role = 0);
    REFUSES(request.role = 3);
#undef REFUSES
    request = example_request();
    CHECK_OK(vch_exchange_encode_request(asked, &size, &request));
    asked[2] = 2;
    CHECK_FAILS(vch_exchange_decode_request(&found, asked, size, NULL), UNSUPPORTED);
    asked[2] = 1;
    for (uint8_t kind = 0; kind < 24; kind++) { // the second of 1, 2, 5: ascending and known
        asked[41] = kind;
        CHECK_EQ(vch_is_ok(vch_exchange_decode_request(&found, asked, size, NULL)),
                 kind > 1 && kind < 5);
    }
    asked[41] = 2;
    memset(asked + 6, 0, 32);
    CHECK_FAILS(vch_exchange_decode_request(&found, asked, size, &complaint), MALFORMED);
    CHECK(strstr(complaint.text, "no nonce") != NULL);
}

TEST(exchange_responses_have_evidence_of_their_kind)
{
    struct vch_exchange_response response, found;
    size_t size = 0;

#define REFUSES(change) \
    do { \
        response = example_response(); \
        change; \
        CHECK_FAILS(encode(&size, &response), USAGE); \
    } while (0)
    REFUSES(response.kind = 0);
    REFUSES(response.kind = VCH_BINDER_KIND_END);
    REFUSES(response.kind = VCH_BINDER_NONE); // and evidence
    REFUSES(response.evidence.count = 0);
    REFUSES(memset(response.sealing_key, 0, 32));
    REFUSES(response.statement_size--);
    REFUSES(response.statement = bytes; response.statement_size = 0);
    REFUSES(response.kind = VCH_BINDER_NONE; response.evidence.count = 0);
    REFUSES(response.evidence.items[0].size = 0);
#undef REFUSES
    response = example_response();
    CHECK_OK(encode(&size, &response));
    bytes[size - 1] = VCH_BINDER_NONE;
    CHECK_FAILS(vch_exchange_decode_response(&found, bytes, size, NULL), MALFORMED);
    response.kind = VCH_BINDER_NONE;
    response.evidence.count = response.endorsements.count = 0;
    CHECK_OK(encode(&size, &response));
    CHECK_OK(vch_exchange_decode_response(&found, bytes, size, NULL));
    CHECK_FAILS(vch_exchange_encode_response(bytes, size - 1, &size, &response), LIMIT);
}

TEST(exchange_of_too_many_bytes_is_not_looked_at)
{
    static uint8_t large[VCH_EXCHANGE_SIZE_MAX + 1];
    struct vch_exchange_response response;
    struct vch_exchange_request request;

    CHECK_FAILS(vch_exchange_decode_response(&response, large, sizeof large, NULL), LIMIT);
    CHECK_FAILS(
        vch_exchange_decode_request(&request, large, VCH_EXCHANGE_REQUEST_SIZE_MAX + 1, NULL),
        LIMIT);
}

struct scene {
    struct vch_exchange_request request;
    struct vch_exchange_response response;
    struct vch_exchange_channel channel;
    struct vch_appraisal appraisal;
};

static void set(struct scene *scene)
{
    scene->request = example_request();
    scene->response = example_response();
    fill(scene->channel.exporter, 1);
    fill(scene->channel.own.bytes, 2);
    fill(scene->channel.peer.bytes, 3);
    fill(scene->channel.node, 4);
    vch_appraisal_init(&scene->appraisal);
}

// Whether evidence that was made for `attester` passes with `verifier`.
static bool passes(struct scene *verifier, struct scene *attester)
{
    uint8_t made[VCH_BINDER_SIZE], expected[VCH_BINDER_SIZE], report[VCH_BINDER_REPORT_SIZE];

    CHECK(vch_exchange_bind(made, &attester->appraisal, &attester->request, &attester->response,
                            &attester->channel));
    vch_binder_report(report, made);
    return vch_exchange_bind(expected, &verifier->appraisal, &verifier->request,
                             &verifier->response, &verifier->channel) &&
           vch_binder_check(&verifier->appraisal, expected, report, sizeof report) &&
           vch_is_ok(vch_appraisal_status(&verifier->appraisal));
}

TEST(exchange_binds_evidence_to_this_connection_and_what_was_said_on_it)
{
    static struct scene verifier, attester;

    set(&verifier);
    set(&attester);
    CHECK(passes(&verifier, &attester));
#define CATCHES(change) \
    do { \
        set(&verifier); \
        set(&attester); \
        change; \
        CHECK(!passes(&verifier, &attester)); \
    } while (0)
    CATCHES(attester.channel.exporter[0] ^= 1);                // relayed from another connection
    CATCHES(attester.channel.own.bytes[0] ^= 1);               // another key ends the connection
    CATCHES(attester.channel.peer.bytes[0] ^= 1);              // made for another verifier
    CATCHES(attester.channel.node[0] ^= 1);                    // another node answers for it
    CATCHES(attester.request.role = VCH_BINDER_CLIENT);        // the verifier's own, come back
    CATCHES(attester.request.nonce[0] ^= 1);                   // of an earlier request
    CATCHES(attester.request.policy.bytes[0] ^= 1);            // under other rules
    CATCHES(verifier.response.sealing_key[0] ^= 1);            // another key to seal to
    CATCHES(attester.response.kind = VCH_BINDER_TDX);          // another kind
    CATCHES(verifier.request.accepts[VCH_BINDER_SNP] = false); // which nobody asked for
    CATCHES(verifier.response.kind = VCH_BINDER_NONE; verifier.response.evidence.count = 0;
            verifier.request.accepts[VCH_BINDER_NONE] = true);
    CATCHES(memset(verifier.channel.exporter, 0, 32)); // no channel at all
#undef CATCHES
}

TEST(exchange_statement_changed_after_it_was_bound_is_caught)
{
    static struct scene verifier, attester;
    static uint8_t other[VCH_FACTS_SIZE_MAX];

    set(&verifier);
    set(&attester);
    memcpy(other, statement, sizeof other);
    other[verifier.response.statement_size - 1] ^= 1; // confinement
    verifier.response.statement = other;
    CHECK(!passes(&verifier, &attester));
    const struct vch_appraisal_check *check =
        vch_appraisal_find(&verifier.appraisal, "binding.evidence");
    CHECK(check != NULL && check->result == VCH_APPRAISAL_FAILED);
}
