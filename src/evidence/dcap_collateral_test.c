#include "evidence/dcap_collateral.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "harness/vectors.h"

#define COMPONENTS(first) \
    "[{\"svn\":" first \
    "},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0}," \
    "{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0}," \
    "{\"svn\":0},{\"svn\":255}]"
#define HEX_16 "0123456789abcdef"
#define HEX_64 HEX_16 HEX_16 HEX_16 HEX_16
#define SIGNATURE "\"signature\":\"" HEX_64 HEX_64 "\""
#define DATES "\"issueDate\":\"2025-06-19T00:00:00Z\",\"nextUpdate\":\"2025-07-19T00:00:00Z\","
#define MODULE \
    "\"mrsigner\":\"" HEX_64 HEX_16 HEX_16 "\",\"attributes\":\"" HEX_16 "\"," \
    "\"attributesMask\":\"FFFFFFFFFFFFFFFF\""
#define LEVEL_END \
    "\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"," \
    "\"advisoryIDs\":[\"INTEL-SA-00615\"]}"

static const char tcb_info[] =
    "{\"tcbInfo\":{\"id\":\"TDX\",\"version\":3," DATES "\"fmspc\":\"00A067110000\","
    "\"pceId\":\"0001\",\"tcbType\":0,\"tcbEvaluationDataNumber\":17,\"tdxModule\":{" MODULE "},"
    "\"tdxModuleIdentities\":[{\"id\":\"TDX_03\"," MODULE
    ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":3}," LEVEL_END
    "]}],\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":" COMPONENTS(
        "11") ",\"pcesvn\":65535,\"tdxtcbcomponents\":" COMPONENTS("5") "}," LEVEL_END
                                                                        "]}," SIGNATURE "}";
static const char identity[] =
    "{\"enclaveIdentity\":{\"id\":\"TD_QE\",\"version\":2," DATES "\"tcbEvaluationDataNumber\":17,"
    "\"miscselect\":\"00000001\",\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"" HEX_16 HEX_16
    "\",\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"" HEX_64
    "\",\"isvprodid\":2,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":4}," LEVEL_END "]}," SIGNATURE "}";

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_dcap_collateral_tcb_info info;
static struct vch_dcap_collateral_identity enclave;

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 4 << 20);
    complaint = (struct vch_complaint){0};
}

static vch_status read_info(const void *text, size_t size)
{
    start();
    vch_status status = vch_dcap_collateral_decode_tcb_info(&info, &arena, text, size, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

static vch_status read_identity(const void *text, size_t size)
{
    start();
    vch_status status =
        vch_dcap_collateral_decode_identity(&enclave, &arena, text, size, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

TEST(dcap_collateral_is_read_and_its_signed_bytes_are_its_own)
{
    CHECK_OK(read_info(tcb_info, strlen(tcb_info)));
    CHECK(memcmp(info.document.signed_bytes, "{\"id\":\"TDX\"", 11) == 0);
    CHECK(info.document.signed_bytes[info.document.signed_size] == ',');
    CHECK_HEX(info.fmspc, 6, "00a067110000");
    CHECK_HEX(info.pce_id, 2, "0001");
    CHECK(info.document.next_s - info.document.issued_s == 30 * 86400);
    CHECK_EQ(info.document.evaluation, 17);
    CHECK(info.module_count == 1 && strcmp(info.modules[0].id, "TDX_03") == 0);
    CHECK_EQ(info.modules[0].levels.items[0].svn, 3);
    CHECK(info.levels.count == 1 && info.levels.items[0].svn == 65535);
    CHECK(info.levels.items[0].sgx[0] == 11 && info.levels.items[0].tdx[15] == 255);
    CHECK_EQ(info.levels.items[0].status, VCH_DCAP_COLLATERAL_OUT_OF_DATE);
    CHECK_EQ(info.levels.items[0].advisories->count, 1);

    CHECK_OK(read_identity(identity, strlen(identity)));
    CHECK(enclave.product == 2 && enclave.levels.items[0].svn == 4);
    CHECK_HEX(enclave.misc_select, 4, "00000001");
}

TEST(dcap_collateral_of_one_kind_is_not_of_the_other)
{
    CHECK_FAILS(read_info(identity, strlen(identity)), MALFORMED);
    CHECK_FAILS(read_identity(tcb_info, strlen(tcb_info)), MALFORMED);
}

TEST(dcap_collateral_is_refused_at_every_truncation)
{
    for (size_t i = 0; i < strlen(tcb_info); i++)
        CHECK_FAILS(read_info(tcb_info, i), MALFORMED);
    for (size_t i = 0; i < strlen(identity); i++)
        CHECK_FAILS(read_identity(identity, i), MALFORMED);
}

// The text with one part of it put in place of another.
static size_t change(char *out, size_t room, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    CHECK(at != NULL);
    return (size_t)snprintf(out, room, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

TEST(dcap_collateral_is_refused_with_any_member_wrong)
{
    static const struct {
        const char *from, *to;
    } lies[] = {
        {"\"version\":3", "\"version\":4"},
        {"\"version\":3", "\"version\":2"},
        {"\"version\":3", "\"version\":\"3\""},
        {"\"id\":\"TDX\"", "\"id\":\"tdx\""},
        {"\"id\":\"TDX\"", "\"id\":\"TDXXXXXXX\""},
        {"\"id\":\"TDX\",", ""},
        {"2025-06-19T", "2025-06-31T"},
        {"\"nextUpdate\"", "\"nextupdate\""},
        {"00A067110000", "00A0671100"},
        {"00A067110000", "00A06711000g"},
        {"\"pceId\":\"0001\",", ""},
        {"\"tcbType\":0,", ""},
        {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":4294967296"},
        {"\"tdxModule\":", "\"tdxModul\":"},
        {"\"id\":\"TDX_03\",", ""},
        {"{\"isvsvn\":3}", "{\"isvsvn\":65536}"},
        {"{\"svn\":11},", ""},
        {"{\"svn\":11},", "{\"svn\":256},"},
        {"{\"svn\":11},", "{\"svn\":-1},"},
        {"{\"svn\":11},", "{},"},
        {"{\"svn\":11},", "11,"},
        {"65535", "65536"},
        {"\"tdxtcbcomponents\"", "\"sgxTcbComponents\""},
        {"\"OutOfDate\"", "\"outOfDate\""},
        {"\"OutOfDate\"", "\"Fine\""},
        {"[\"INTEL-SA-00615\"]", "[615]"},
        {"[\"INTEL-SA-00615\"]", "\"INTEL-SA-00615\""},
        {"2024-03-13", "2024-3-13"},
        {"\"signature\":\"01", "\"signature\":\"0"},
        {"\"signature\":\"01", "\"signature\":\"zz"},
        {"\"signature\"", "\"Signature\""},
        {"{\"tcbInfo\"", "{\"more\":1,\"tcbInfo\""},
        {"\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0"},
    };
    static char text[8192];

    FOR_EACH(lie, lies)
    {
        size_t size = change(text, sizeof text, tcb_info, lie->from, lie->to);
        printf("# %s to %s\n", lie->from, lie->to);
        vch_status status = read_info(text, size);
        CHECK(status.code == VCH_CODE_MALFORMED || status.code == VCH_CODE_UNSUPPORTED);
    }
}

TEST(dcap_collateral_from_open_enclaves_bad_samples_is_refused)
{
    static const char *const bad[] = {"CompSvn",
                                      "Float",
                                      "IntegerOverflow",
                                      "IntegerWithSign",
                                      "InvalidIssueDate",
                                      "MissingNextUpdate",
                                      "PropertyMissingLevel1",
                                      "PropertyWrongTypeLevel2",
                                      "Signature"};
    static const char *const good[] = {"sgx/oe-tcbInfo.json", "sgx/oe-tcbInfoAdvisoryIds.json"};
    char name[128];
    size_t size = 0;

    FOR_EACH(it, bad)
    {
        (void)snprintf(name, sizeof name, "sgx/neg-oe-tcbInfoNegative%s.json", *it);
        const uint8_t *bytes = vectors_read(name, &size);
        CHECK_FAILS(read_info(bytes, size), MALFORMED);
        printf("# %s: %s\n", *it, complaint.text);
    }
    FOR_EACH(it, good)
    {
        const uint8_t *bytes = vectors_read(*it, &size);
        printf("# %s\n", *it);
        CHECK_OK(read_info(bytes, size));
        CHECK_EQ(info.document.version, 2);
    }
}

TEST(dcap_collateral_statuses_together_are_the_worst)
{
    enum { UP, SOFT, CONF, BOTH, OUT, OUTCONF, REVOKED, COUNT };

    for (int a = 0; a < COUNT; a++)
        for (int b = 0; b < COUNT; b++) {
            int worst = (int)vch_dcap_collateral_worst((enum vch_dcap_collateral_status)a,
                                                       (enum vch_dcap_collateral_status)b);
            int worse = a > b ? a : b, better = a > b ? b : a;
            CHECK(worst >= worse);
            if (worse == CONF && better == SOFT)
                CHECK_EQ(worst, BOTH);
            else if (worse == OUT && (better == CONF || better == BOTH))
                CHECK_EQ(worst, OUTCONF);
            else
                CHECK_EQ(worst, worse);
        }
    CHECK(strcmp(vch_dcap_collateral_status_text(VCH_DCAP_COLLATERAL_REVOKED), "Revoked") == 0);
}
