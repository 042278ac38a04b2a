// Who waits to judge, and what becomes of it meanwhile.
#include "channel/chamber.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/test.h"

// Refuses whatever it is asked.
static void refuse(struct vch_asker_verdict *out, const struct vch_judge *judge,
                   const struct vch_asker_answer *answer)
{
    (void)judge;
    *out = (struct vch_asker_verdict){0};
    (void)snprintf(out->why, sizeof out->why, "%zu bytes of nothing", answer->size);
}

static const struct vch_judge *const JUDGES[] = {NULL};
static const struct vch_chamber_court COURT = {JUDGES, 1, refuse};

static struct {
    struct vch_chamber chamber;
    struct vch_docket docket;
    struct vch_asker asker;
    int never[2]; // a pipe that nobody writes to
} scene;

static void set_up(void)
{
    static uint8_t bytes[] = "evidence";
    struct vch_complaint complaint = {0};

    CHECK_EQ(pipe(scene.never), 0);
    vch_docket_init(&scene.docket);
    scene.asker = (struct vch_asker){.state = VCH_ASKER_JUDGING};
    scene.asker.answer.bytes = bytes;
    scene.asker.answer.size = sizeof bytes;
    CHECK_OK(vch_chamber_new(&scene.chamber, &COURT, NULL));
    vch_status status = vch_chamber_prepare(&scene.chamber, &complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text); // which fence, and why
    CHECK_OK(status);
}

static void tear_down(void)
{
    vch_chamber_free(&scene.chamber);
    vch_docket_release(&scene.docket);
    CHECK_EQ(close(scene.never[0]) | close(scene.never[1]), 0);
}

static void check_judges(void)
{
    struct vch_complaint complaint = {0};

    CHECK_OK(vch_docket_enter(&scene.docket, &scene.asker, 0));
    struct vch_matter *matter = vch_docket_take(&scene.docket);
    CHECK(matter != NULL);
    CHECK_OK(vch_chamber_judge(&scene.chamber, matter, 60000, scene.never[0], &complaint));
    CHECK(strcmp(matter->verdict.why, "9 bytes of nothing") == 0);
    vch_docket_decide(&scene.docket, matter);
}

// The judge of this chamber, for who looks from outside.
static pid_t find_judge(void)
{
    char path[64], line[32] = "";

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", scene.chamber.starter.pid,
                   scene.chamber.starter.pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) test_skip("this kernel does not list a process's children");
    bool is_read = fgets(line, sizeof line, file) != NULL;
    CHECK_EQ(fclose(file), 0);
    return is_read ? (pid_t)strtol(line, NULL, 10) : 0;
}

TEST(chamber_does_not_hold_it_against_evidence_that_a_judge_was_killed_before)
{
    uint8_t byte = 0;

    set_up();
    CHECK_OK(vch_chamber_prepare(&scene.chamber, NULL)); // it waits already
    pid_t judge = find_judge();
    CHECK(judge > 0);
    CHECK_EQ(kill(judge, SIGKILL), 0);
    CHECK_FAILS(vch_child_read(scene.chamber.judge.channel, &byte, 1), TRUNCATED); // it is gone
    check_judges();
    tear_down();
}

TEST(chamber_asks_nobody_twice)
{
    set_up();
    for (int i = 0; i < 3; i++)
        check_judges(); // and is not told to clear
    vch_chamber_clear(&scene.chamber);
    vch_chamber_clear(&scene.chamber);
    check_judges();
    tear_down();
}

TEST(chamber_that_was_not_made_is_freed)
{
    struct vch_chamber chamber = {0};

    vch_chamber_free(&chamber);
    CHECK_EQ(fcntl(0, F_GETFD) >= 0, true); // it has no channel, and none is closed
}
