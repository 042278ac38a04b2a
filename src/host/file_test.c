// Reads that are bounded, writes that are whole or absent.
#include "host/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/test.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[512];

    if (folder[0] == '\0') {
        memcpy(folder, "/tmp/vouch-file-test-XXXXXX", sizeof "/tmp/vouch-file-test-XXXXXX");
        CHECK(mkdtemp(folder) != NULL);
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int count_entries(void)
{
    int count = 0;
    DIR *open_folder = opendir(folder);

    CHECK(open_folder != NULL);
    for (struct dirent *entry = NULL; (entry = readdir(open_folder)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(open_folder);
    return count;
}

static void empty_folder(void)
{
    struct dirent *entry = NULL;

    (void)in_folder("");
    DIR *open_folder = opendir(folder);
    CHECK(open_folder != NULL);
    while ((entry = readdir(open_folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(open_folder), entry->d_name, 0);
    (void)closedir(open_folder);
}

// Does the file hold exactly this text?
static void check_holds(const char *path, const char *text)
{
    struct vch_arena arena;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, 1 << 20);
    CHECK_OK(vch_file_read(&bytes, &size, path, 1 << 16, &arena, NULL));
    CHECK_EQ(size, strlen(text));
    CHECK(memcmp(bytes, text, size) == 0);
    vch_arena_release(&arena);
}

TEST(file_reads_and_maps_what_was_written)
{
    struct vch_file_map map = {0};
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
    static uint8_t bytes[100000];

    empty_folder();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_below(256);
    FOR_EACH(size, sizes)
    {
        struct vch_arena arena;
        uint8_t *read = NULL;
        size_t read_size = 0;
        vch_arena_init(&arena, 1 << 20);
        CHECK_OK(vch_file_write(in_folder("a"), bytes, *size, 0, NULL));
        CHECK_OK(vch_file_read(&read, &read_size, in_folder("a"), *size, &arena, NULL));
        CHECK_EQ(read_size, *size);
        CHECK(memcmp(read, bytes, *size) == 0);
        vch_arena_release(&arena);
        CHECK_OK(vch_file_map(&map, in_folder("a"), NULL));
        CHECK_EQ(map.size, *size);
        CHECK(memcmp(map.bytes, bytes, *size) == 0);
        vch_file_unmap(&map);
        CHECK(map.bytes == NULL);
    }
    CHECK_EQ(count_entries(), 1);
}

TEST(file_read_refuses_what_is_too_large_missing_or_no_file)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_file_map map = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    empty_folder();
    vch_arena_init(&arena, 1 << 20);
    CHECK_OK(vch_file_write(in_folder("a"), "12345", 5, 0, NULL));
    CHECK_FAILS(vch_file_read(&bytes, &size, in_folder("a"), 4, &arena, &complaint), LIMIT);
    CHECK(strstr(complaint.text, "5 bytes") != NULL);
    CHECK_FAILS(vch_file_read(&bytes, &size, in_folder("b"), 4, &arena, NULL), IO);
    CHECK_FAILS(vch_file_read(&bytes, &size, folder, 4, &arena, NULL), IO);
    CHECK_FAILS(vch_file_map(&map, folder, NULL), IO);
    CHECK_EQ(mkfifo(in_folder("pipe"), 0600), 0); // opening it must not wait for a writer
    CHECK_FAILS(vch_file_read(&bytes, &size, in_folder("pipe"), 4, &arena, NULL), IO);
    CHECK_FAILS(vch_file_map(&map, in_folder("pipe"), NULL), IO);
    CHECK_FAILS(vch_file_read(&bytes, &size, "/dev/zero", 4, &arena, NULL), IO);
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1);
    CHECK_FAILS(vch_file_read(&bytes, &size, in_folder("a"), 5, &arena, NULL), NO_MEMORY);
    CHECK(bytes == NULL);
}

static void check_refused(const char *path, enum vch_code code, const char *why)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, 1 << 20);
    vch_status status =
        vch_file_read_beneath(&bytes, &size, folder, path, 1 << 16, &arena, &complaint);
    if (status.code != code || bytes != NULL || strstr(complaint.text, why) == NULL)
        test_fail(__FILE__, __LINE__, "%s: %s: %s", path, vch_code_text(status.code),
                  complaint.text);
    vch_arena_release(&arena);
}

static int count_open_files(void)
{
    int count = 0;

    for (int i = 0; i < 256; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

TEST(file_read_beneath_never_leaves_its_folder)
{
    static const char *const escapes[] = {"/etc/hostname", "../a", "in/../in/a", "in//a",
                                          "in/..",         "/",    ".."};
    struct vch_arena arena;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int open_before = count_open_files();

    empty_folder();
    vch_arena_init(&arena, 1 << 20);
    CHECK_EQ(mkdir(in_folder("in"), 0700), 0);
    CHECK_OK(vch_file_write(in_folder("in/a"), "12345", 5, 0, NULL));
    CHECK_EQ(symlink("/etc/hostname", in_folder("out")), 0);
    CHECK_EQ(symlink("/etc", in_folder("etc")), 0);
    CHECK_EQ(symlink("in/a", in_folder("same")), 0); // stays inside, but could be moved
    CHECK_EQ(mkfifo(in_folder("pipe"), 0600), 0);
    CHECK_OK(vch_file_read_beneath(&bytes, &size, folder, "in/a", 5, &arena, NULL));
    CHECK_EQ(size, 5);
    CHECK(memcmp(bytes, "12345", 5) == 0);
    CHECK_OK(vch_file_read_beneath(&bytes, &size, folder, "./in/./a", 5, &arena, NULL));
    vch_arena_release(&arena);

    FOR_EACH(path, escapes)
    check_refused(*path, VCH_CODE_REFUSED, "not a path inside its folder");
    check_refused("out", VCH_CODE_REFUSED, "\"out\" is a symbolic link");
    check_refused("etc/hostname", VCH_CODE_REFUSED, "\"etc\" is a symbolic link");
    check_refused("same", VCH_CODE_REFUSED, "\"same\" is a symbolic link");
    check_refused("pipe", VCH_CODE_IO, "not a regular file");
    check_refused("in", VCH_CODE_IO, "not a regular file");
    check_refused("in/", VCH_CODE_IO, "not a regular file");
    check_refused("", VCH_CODE_IO, "not a regular file");
    check_refused("none", VCH_CODE_IO, "cannot open none");
    check_refused("in/a/b", VCH_CODE_IO, "cannot open in/a/b");
    CHECK_EQ(count_open_files(), open_before);
    CHECK_EQ(unlink(in_folder("in/a")), 0);
    CHECK_EQ(rmdir(in_folder("in")), 0);
}

// Files of the kernel's, whose size is not what fstat says, stand for those that change meanwhile.
TEST(file_read_refuses_files_that_shrink_or_grow_meanwhile)
{
    static const struct {
        const char *path, *why;
    } cases[] = {
        {"/proc/self/stat", "grew beyond its 0 bytes"},
        {"/sys/devices/system/cpu/online", "was cut off"},
    };

    FOR_EACH(c, cases)
    {
        struct vch_arena arena;
        struct vch_complaint complaint = {0};
        uint8_t *bytes = NULL;
        size_t size = 0;
        if (access(c->path, R_OK) != 0) continue;
        vch_arena_init(&arena, 1 << 20);
        CHECK_FAILS(vch_file_read(&bytes, &size, c->path, 1 << 16, &arena, &complaint), IO);
        CHECK(strstr(complaint.text, c->why) != NULL);
        CHECK(bytes == NULL);
        vch_arena_release(&arena);
    }
}

TEST(file_write_replaces_and_write_new_does_not)
{
    struct vch_complaint complaint = {0};

    empty_folder();
    CHECK_OK(vch_file_write_new(in_folder("a"), "old", 3, 0, NULL));
    CHECK_FAILS(vch_file_write_new(in_folder("a"), "new", 3, 0, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "exists") != NULL);
    check_holds(in_folder("a"), "old");
    CHECK_OK(vch_file_write(in_folder("a"), "newer", 5, 0, NULL));
    check_holds(in_folder("a"), "newer");
    CHECK_EQ(count_entries(), 1);
}

TEST(file_write_new_refuses_a_dangling_link)
{
    empty_folder();
    CHECK_EQ(symlink("nowhere", in_folder("link")), 0);
    CHECK_FAILS(vch_file_write_new(in_folder("link"), "key", 3, 1, NULL), REFUSED);
    CHECK_EQ(count_entries(), 1);
}

TEST(file_write_gives_private_files_to_their_owner_only)
{
    struct stat facts;
    mode_t before = umask(0);

    empty_folder();
    CHECK_OK(vch_file_write(in_folder("private"), "x", 1, 1, NULL));
    CHECK_OK(vch_file_write(in_folder("public"), "x", 1, 0, NULL));
    CHECK_EQ(stat(in_folder("private"), &facts), 0);
    CHECK_EQ(facts.st_mode & 0777, 0600);
    CHECK_EQ(stat(in_folder("public"), &facts), 0);
    CHECK_EQ(facts.st_mode & 0777, 0644);
    // Replacing a public file by a private one leaves no public bytes.
    CHECK_OK(vch_file_write(in_folder("public"), "x", 1, 1, NULL));
    CHECK_EQ(stat(in_folder("public"), &facts), 0);
    CHECK_EQ(facts.st_mode & 0777, 0600);
    (void)umask(before);
}

TEST(file_write_refuses_places_that_hold_no_file)
{
    struct vch_complaint complaint = {0};

    empty_folder();
    CHECK_FAILS(vch_file_write("", "x", 1, 0, NULL), USAGE);
    CHECK_FAILS(vch_file_write(in_folder(""), "x", 1, 0, NULL), USAGE);
    CHECK_FAILS(vch_file_write(in_folder("no/such"), "x", 1, 0, &complaint), IO);
    CHECK(strstr(complaint.text, "folder") != NULL);
    CHECK_FAILS(vch_file_write("/dev/null", "x", 1, 0, NULL), USAGE);
    CHECK_FAILS(vch_file_write("/tmp", "x", 1, 0, NULL), USAGE);
    struct stat facts;
    CHECK_EQ(stat("/dev/null", &facts), 0);
    CHECK(S_ISCHR(facts.st_mode));
}

TEST(file_write_into_an_unwritable_folder_changes_nothing)
{
    empty_folder();
    CHECK_OK(vch_file_write(in_folder("a"), "old", 3, 0, NULL));
    CHECK_EQ(chmod(folder, 0555), 0);
    bool was_root = geteuid() == 0; // whom no folder stops
    if (was_root) CHECK_EQ(seteuid(65534), 0);
    enum vch_code code = vch_file_write(in_folder("a"), "new", 3, 0, NULL).code;
    enum vch_code code_new = vch_file_write_new(in_folder("b"), "new", 3, 0, NULL).code;
    if (was_root) CHECK_EQ(seteuid(0), 0);
    CHECK_EQ(chmod(folder, 0700), 0);
    CHECK_EQ(code, VCH_CODE_IO);
    CHECK_EQ(code_new, VCH_CODE_IO);
    check_holds(in_folder("a"), "old");
    CHECK_EQ(count_entries(), 1);
}

// A limit on file sizes stands for a disk that fills up half-way.
TEST(file_write_that_fails_half_way_keeps_the_old_file)
{
    static uint8_t large[1 << 16];
    struct rlimit before, small;
    struct vch_complaint complaint = {0};

    empty_folder();
    CHECK_OK(vch_file_write(in_folder("a"), "old", 3, 0, NULL));
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5000;
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum vch_code code = vch_file_write(in_folder("a"), large, sizeof large, 0, &complaint).code;
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK_EQ(code, VCH_CODE_IO);
    CHECK(complaint.text[0] != '\0');
    check_holds(in_folder("a"), "old");
    CHECK_EQ(count_entries(), 1);
}

enum { VERSION_SIZE = 30000 };

_Noreturn static void rewrite_forever(const char *path)
{
    static uint8_t bytes[VERSION_SIZE];

    for (uint8_t version = 0;; version++) {
        memset(bytes, version, sizeof bytes);
        if (!vch_is_ok(vch_file_write(path, bytes, sizeof bytes, 0, NULL))) _exit(1);
    }
}

// A writer is killed at any moment; whoever reads meanwhile and afterwards sees a whole version.
TEST(file_write_is_never_seen_half_done)
{
    empty_folder();
    CHECK_OK(vch_file_write(in_folder("a"), (uint8_t[VERSION_SIZE]){0}, VERSION_SIZE, 0, NULL));
    for (int round = 0; round < 10; round++) {
        pid_t writer = fork();
        CHECK(writer >= 0);
        if (writer == 0) rewrite_forever(in_folder("a"));
        uint32_t looks = 5 + test_below(40);
        for (uint32_t look = 0; look <= looks; look++) {
            struct vch_file_map map;
            if (look == looks) { // the last look is after the end
                CHECK_EQ(kill(writer, SIGKILL), 0);
                CHECK_EQ(waitpid(writer, NULL, 0), writer);
            }
            CHECK_OK(vch_file_map(&map, in_folder("a"), NULL));
            CHECK_EQ(map.size, VERSION_SIZE);
            for (size_t i = 1; i < map.size; i++)
                if (map.bytes[i] != map.bytes[0]) CHECK_EQ(map.bytes[i], map.bytes[0]);
            vch_file_unmap(&map);
        }
    }
}

TEST(file_writes_several_together_or_leaves_nothing_beside_them)
{
    static const struct vch_file_one both[] = {{"a", "first", 5}, {"b", "second", 6}};
    static const struct vch_file_one spoilt[] = {{"c", "third", 5}, {"d", "fourth", 6}};

    empty_folder();
    CHECK_OK(vch_file_write(in_folder("b"), "older", 5, 1, NULL));
    CHECK_OK(vch_file_write_all(folder, NULL, 0, 1, NULL));
    CHECK_OK(vch_file_write_all(folder, both, 2, 1, NULL));
    check_holds(in_folder("a"), "first");
    check_holds(in_folder("b"), "second");
    CHECK_EQ(count_entries(), 2);
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0); // nothing is written in the place of a folder
    CHECK_FAILS(vch_file_write_all(folder, spoilt, 2, 1, NULL), USAGE);
    CHECK_EQ(count_entries(), 3);
    CHECK_EQ(rmdir(in_folder("d")), 0);
    CHECK_FAILS(vch_file_write_all(in_folder("a"), both, 2, 1, NULL), IO); // that is no folder
}

TEST(file_test_cleans_up)
{
    empty_folder();
    CHECK_EQ(rmdir(folder), 0);
}
