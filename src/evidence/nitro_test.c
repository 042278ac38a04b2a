// Documents of two real enclaves, and of one made here (harness/nitro.h), with its lies.
#include "evidence/nitro.h"

#include <stddef.h>
#include <string.h>

#include "evidence/roots.h"
#include "harness/alone.h"
#include "harness/nitro.h"
#include "harness/vectors.h"

enum { FILE_HEAD = 4 }; // a length before the document; other things follow it

static struct nitro nitro;
static struct vch_nitro_question question;
static struct vch_nitro_policy policy;
static struct vch_nitro_document document;
static struct vch_appraisal appraisal;

static vch_status verify(void)
{
    return vch_nitro_verify(&appraisal, &document, nitro.document, nitro.size, &question, &policy,
                            NULL);
}

static void check_fails(const char *name)
{
    const vch_status status = verify();

    alone_fails(&appraisal, status, name);
}

static void begin(void)
{
    nitro_make(&nitro);
    question = nitro_question(&nitro);
    policy = nitro_policy(&nitro);
    CHECK_OK(verify());
}

// A real one at the time that it says, allowed as it is.
static void load(const char *name, size_t size)
{
    static uint8_t pcr_4[48];
    size_t file_size = 0;
    const uint8_t *bytes = vectors_read(name, &file_size);

    CHECK(file_size > FILE_HEAD + size && size <= sizeof nitro.document);
    memcpy(nitro.document, bytes + FILE_HEAD, nitro.size = size);
    CHECK_OK(vch_nitro_decode(&document, nitro.document, nitro.size, NULL));
    question = (struct vch_nitro_question){.root = vch_roots_get(VCH_ROOTS_AWS_NITRO)->certificate,
                                           .time_s = (int64_t)(document.timestamp_ms / 1000) + 1};
    CHECK_EQ(document.user_data.size, sizeof question.user_data);
    memcpy(question.user_data, document.user_data.bytes, sizeof question.user_data);
    memcpy(pcr_4, document.pcrs[4], sizeof pcr_4);
    nitro.rule = (struct vch_nitro_rule){4, pcr_4, 1};
    policy = (struct vch_nitro_policy){&nitro.rule, 1, 60};
}

TEST(nitro_documents_get_the_verdicts_of_their_manifest)
{
    load("nitro/nsm-2025-12.bin", 4527);
    CHECK_OK(verify());
    CHECK_EQ(appraisal.count, 6);
    question.time_s = 1790000000; // the key lived for three hours
    CHECK_FAILS(verify(), REFUSED);
    CHECK(vch_appraisal_find(&appraisal, "nitro.chain")->result == VCH_APPRAISAL_FAILED);
    CHECK(vch_appraisal_find(&appraisal, "nitro.time")->result == VCH_APPRAISAL_FAILED);
    load("nitro/nsm-debug-mode.bin", 4529);
    check_fails("nitro.debug");
}

TEST(nitro_document_that_was_changed_or_cut_is_refused)
{
    load("nitro/nsm-2025-12.bin", 4527);
    const size_t size = nitro.size;
    for (size_t i = test_below(16); i < size; i += 16) {
        size_t bit = 8 * i + test_below(8);
        test_flip(nitro.document, bit);
        CHECK(!vch_is_ok(verify()));
        test_flip(nitro.document, bit);
    }
    for (nitro.size = 0; nitro.size < size; nitro.size++)
        CHECK(!vch_is_ok(vch_nitro_decode(&document, nitro.document, nitro.size, NULL)));
    nitro.size = size + 1;
    CHECK_FAILS(verify(), MALFORMED);
}

TEST(nitro_document_that_is_genuine_and_not_what_was_asked_for_is_refused)
{
    begin();
    question.root = vch_roots_get(VCH_ROOTS_AWS_NITRO)->certificate;
    check_fails("nitro.chain");
    begin();
    question.time_s += 60;
    check_fails("nitro.time");
    question.time_s = NITRO_NOW - 1; // it is of the future
    check_fails("nitro.time");
    begin();
    question.user_data[63] ^= 1;
    check_fails("nitro.user_data");
    begin();
    memset(nitro.pcr_0, 0xc1, sizeof nitro.pcr_0);
    nitro_write(&nitro);
    check_fails("nitro.pcrs");
    begin();
    nitro.rule.pcr = VCH_NITRO_PCRS;
    check_fails("nitro.pcrs");
    begin();
    policy.rule_count = 0;
    check_fails("nitro.pcrs");
    begin();
    memset(nitro.document + nitro.size - 96, 0, 96);
    check_fails("nitro.signature");
    begin();
    policy = (struct vch_nitro_policy){0};
    CHECK_FAILS(verify(), REFUSED);
    nitro_release(&nitro);
}

TEST(nitro_document_of_another_form_is_none)
{
    static const struct {
        size_t offset;
        enum vch_code code;
    } lies[] = {
        {offsetof(struct nitro, has_tag), VCH_CODE_MALFORMED},
        {offsetof(struct nitro, is_member_twice), VCH_CODE_MALFORMED},
        {offsetof(struct nitro, is_member_unknown), VCH_CODE_MALFORMED},
        {offsetof(struct nitro, is_header_unprotected), VCH_CODE_MALFORMED},
        {offsetof(struct nitro, is_other_digest), VCH_CODE_UNSUPPORTED},
    };

    begin();
    FOR_EACH(lie, lies)
    {
        bool *told = (bool *)((uint8_t *)&nitro + lie->offset);
        *told = true;
        nitro_write(&nitro);
        CHECK_CODE(verify(), lie->code);
        CHECK_EQ(appraisal.count, 0);
        *told = false;
    }
    nitro.algorithm = 0x23; // ES512
    nitro_write(&nitro);
    CHECK_FAILS(verify(), UNSUPPORTED);
    nitro.algorithm = 0;
    nitro.has_length = true; // which AWS does not write, and CBOR has
    nitro_write(&nitro);
    CHECK_OK(verify());
    nitro.has_length = false;
    nitro.is_member_missing = true; // nothing it was made for
    nitro_write(&nitro);
    check_fails("nitro.user_data");
    nitro.is_member_missing = false;
    CHECK_FAILS(vch_nitro_decode(&document, nitro.document, VCH_NITRO_SIZE_MAX + 1, NULL), LIMIT);
    nitro_release(&nitro);
}
