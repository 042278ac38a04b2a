// Files written piece by piece: whole or not there.
#include "host/draft.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "harness/folder.h"
#include "harness/test.h"

static char folder[200], path[256];

static void set_up(void)
{
    folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/file", folder);
}

static int count_files(void)
{
    DIR *all = opendir(folder);
    int count = 0;

    CHECK(all != NULL);
    for (const struct dirent *one = readdir(all); one != NULL; one = readdir(all))
        count += one->d_name[0] != '.' || strlen(one->d_name) > 2;
    CHECK_EQ(closedir(all), 0);
    return count;
}

static void check_content(const char *expected)
{
    char found[64] = "";
    FILE *file = fopen(path, "rb");

    CHECK(file != NULL);
    (void)fread(found, 1, sizeof found - 1, file);
    CHECK_EQ(fclose(file), 0);
    CHECK(strcmp(found, expected) == 0);
}

static void write_draft(struct vch_draft *draft)
{
    CHECK_OK(vch_draft_begin(draft, path, true, NULL));
    CHECK_OK(vch_draft_append(draft, "????", 4, NULL));
    CHECK_OK(vch_draft_append(draft, " and the rest", 13, NULL));
    CHECK_OK(vch_draft_write_at(draft, 0, "head", 4, NULL));
}

TEST(draft_is_there_when_it_is_whole)
{
    struct vch_draft draft;
    struct stat facts;

    set_up();
    write_draft(&draft);
    CHECK_EQ(stat(path, &facts), -1);
    CHECK_OK(vch_draft_keep(&draft, false, NULL));
    vch_draft_drop(&draft); // nothing more
    check_content("head and the rest");
    CHECK_EQ(stat(path, &facts), 0);
    CHECK_EQ(facts.st_mode & 0777, 0600);
    CHECK_EQ(count_files(), 1);
    folder_remove(folder);
}

TEST(draft_that_is_dropped_or_not_kept_leaves_what_was_there)
{
    struct vch_draft draft;

    set_up();
    write_draft(&draft);
    CHECK_OK(vch_draft_keep(&draft, false, NULL));
    CHECK_OK(vch_draft_begin(&draft, path, true, NULL));
    CHECK_OK(vch_draft_append(&draft, "other", 5, NULL));
    CHECK_EQ(count_files(), 2);
    CHECK_FAILS(vch_draft_keep(&draft, false, NULL), REFUSED);
    vch_draft_drop(&draft);
    check_content("head and the rest");
    CHECK_EQ(count_files(), 1);
    CHECK_OK(vch_draft_begin(&draft, path, true, NULL));
    CHECK_OK(vch_draft_append(&draft, "other", 5, NULL));
    CHECK_OK(vch_draft_keep(&draft, true, NULL));
    check_content("other");
    folder_remove(folder);
}

TEST(draft_begins_where_a_file_may_be)
{
    struct vch_draft draft;
    struct vch_complaint complaint = {""};

    set_up();
    CHECK_FAILS(vch_draft_begin(&draft, "/nowhere-at-all/file", true, &complaint), IO);
    CHECK(complaint.text[0] != '\0');
    CHECK_FAILS(vch_draft_begin(&draft, folder, true, NULL), USAGE);
    vch_draft_drop(&draft);
    CHECK_EQ(count_files(), 0);
    folder_remove(folder);
}
