// A configfs-tsm of the tests' own (harness/tsm.h) as a file system, by FUSE.
//
//   tsm_mount MOUNT CERTIFICATES [VENDOR]
//
// Writes the vendor's certificates (ark.der, ask.der, vcek.der) into that folder, with revocation
// lists (ark.crl, ask.crl; revoked.crl, which has the processor's key), and the keys of ark and ask
// beside them (.pem): another machine is of that VENDOR, the folder of the first one. Says
// "mounted" when it is, and stays until it is unmounted. Unlike configfs it has a file .fault in
// its root, which takes the name of a fault and how often it is to occur.
#define FUSE_USE_VERSION 31
#include <fuse3/fuse.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>

#include "harness/tsm.h"

enum { HELD_MAX = 512 };

// What was written to a binary file, until it is closed.
struct held {
    uint8_t bytes[HELD_MAX];
    size_t size;
};

static struct amd amd;
static struct tsm tsm;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const FILES[] = {"inblob",     "outblob",   "auxblob",        "provider",
                                    "generation", "privlevel", "privlevel_floor"};

// "/entry/file" in two; an empty file is the entry itself.
static bool split(const char *path, char entry[static 64], const char **file)
{
    const char *slash = strchr(path + 1, '/');
    size_t size = slash != NULL ? (size_t)(slash - path - 1) : strlen(path + 1);

    if (size >= 64) return false;
    memcpy(entry, path + 1, size);
    entry[size] = '\0';
    *file = slash != NULL ? slash + 1 : "";
    return true;
}

static bool is_file(const char *name)
{
    FOR_EACH(file, FILES)
    if (strcmp(*file, name) == 0) return true;
    return false;
}

static int tell(const char *path, struct stat *out, struct fuse_file_info *info)
{
    char entry[64];
    const char *file = NULL;

    (void)info;
    memset(out, 0, sizeof *out);
    out->st_nlink = 1;
    out->st_mode = S_IFDIR | 0755;
    if (strcmp(path, "/") == 0) return 0;
    out->st_mode = strcmp(path, "/.fault") == 0 ? S_IFREG | 0666 : out->st_mode;
    if (strcmp(path, "/.fault") == 0) return 0;
    if (!split(path, entry, &file)) return -ENAMETOOLONG;
    (void)pthread_mutex_lock(&lock);
    bool is_there = tsm_find(&tsm, entry) != NULL;
    (void)pthread_mutex_unlock(&lock);
    if (!is_there || (file[0] != '\0' && !is_file(file))) return -ENOENT;
    if (file[0] != '\0') out->st_mode = S_IFREG | 0644;
    return 0;
}

static int list(const char *path, void *out, fuse_fill_dir_t fill, off_t offset,
                struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
    (void)offset, (void)info, (void)flags;
    if (strcmp(path, "/") != 0) {
        FOR_EACH(file, FILES)
        (void)fill(out, *file, NULL, 0, 0);
        return 0;
    }
    (void)pthread_mutex_lock(&lock);
    FOR_EACH(entry, tsm.entries)
    if (entry->name[0] != '\0') (void)fill(out, entry->name, NULL, 0, 0);
    (void)pthread_mutex_unlock(&lock);
    return 0;
}

static int make(const char *path, mode_t mode)
{
    (void)mode;
    (void)pthread_mutex_lock(&lock);
    int error = tsm_make(&tsm, path + 1);
    (void)pthread_mutex_unlock(&lock);
    return -error;
}

static int drop(const char *path)
{
    (void)pthread_mutex_lock(&lock);
    int error = tsm_drop(&tsm, path + 1);
    (void)pthread_mutex_unlock(&lock);
    return -error;
}

static int open_file(const char *path, struct fuse_file_info *info)
{
    (void)path;
    info->direct_io = 1; // nothing has a size before it is read
    info->fh = (uint64_t)(uintptr_t)calloc(1, sizeof(struct held));
    return info->fh != 0 ? 0 : -ENOMEM;
}

static struct held *held_by(const struct fuse_file_info *info)
{
    return (struct held *)(uintptr_t)info->fh;
}

static void hang(void)
{
    const struct timespec moment = {.tv_nsec = 5000000};

    while (!fuse_interrupted())
        (void)nanosleep(&moment, NULL);
}

static int read_file(const char *path, char *out, size_t room, off_t offset,
                     struct fuse_file_info *info)
{
    static uint8_t whole[2 * TSM_REPORT_MAX];
    const char *file = NULL;
    char entry[64];
    size_t size = 0;

    (void)info;
    if (!split(path, entry, &file)) return -ENAMETOOLONG;
    (void)pthread_mutex_lock(&lock);
    bool is_hanging = strcmp(file, "outblob") == 0 && tsm_is(&tsm, TSM_HANG);
    (void)pthread_mutex_unlock(&lock);
    if (is_hanging) {
        hang();
        return -EINTR;
    }
    (void)pthread_mutex_lock(&lock);
    int error = tsm_read(&tsm, entry, file, whole, sizeof whole, &size);
    size = error != 0 || (size_t)offset >= size ? 0 : size - (size_t)offset;
    size = size < room ? size : room;
    memcpy(out, whole + offset, size);
    (void)pthread_mutex_unlock(&lock);
    return error != 0 ? -error : (int)size;
}

static void set_fault(const char *text, size_t size)
{
    char name[80] = "", *space = NULL;

    memcpy(name, text, size < sizeof name ? size : sizeof name - 1);
    space = strchr(name, ' ');
    if (space == NULL) return;
    *space = '\0';
    tsm.fault = tsm_fault_of(name);
    tsm.times = (unsigned)strtoul(space + 1, NULL, 10);
}

static int write_file(const char *path, const char *bytes, size_t size, off_t offset,
                      struct fuse_file_info *info)
{
    struct held *held = held_by(info);
    const char *file = NULL;
    char entry[64];
    int error = 0;

    if (!split(path, entry, &file)) return -ENAMETOOLONG;
    (void)pthread_mutex_lock(&lock);
    if (strcmp(entry, ".fault") == 0)
        set_fault(bytes, size);
    else if (strcmp(file, "inblob") != 0)
        error = tsm_write(&tsm, entry, file, bytes, size);
    else if ((size_t)offset + size > (tsm_is(&tsm, TSM_SMALL) ? 32 : TSM_INBLOB))
        error = EFBIG;
    else {
        memcpy(held->bytes + offset, bytes, size);
        held->size = (size_t)offset + size;
    }
    (void)pthread_mutex_unlock(&lock);
    return error != 0 ? -error : (int)size;
}

// Here binary files are taken, and what is wrong with them nobody hears.
static int close_file(const char *path, struct fuse_file_info *info)
{
    struct held *held = held_by(info);
    const char *file = NULL;
    char entry[64];

    (void)pthread_mutex_lock(&lock);
    if (held->size > 0 && split(path, entry, &file))
        (void)tsm_write(&tsm, entry, file, held->bytes, held->size);
    (void)pthread_mutex_unlock(&lock);
    free(held);
    return 0;
}

static int cut_file(const char *path, off_t size, struct fuse_file_info *info)
{
    (void)path, (void)size, (void)info;
    return 0; // who opens it anew overwrites it
}

static void wake(int number)
{
    (void)number; // a call that waits returns
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *how)
{
    (void)connection;
    how->intr = 1; // who waits for an answer may be killed
    how->attr_timeout = how->entry_timeout = how->negative_timeout = 0;
    (void)printf("mounted\n");
    (void)fflush(stdout);
    return NULL;
}

static void write_certificate(const char *folder, const char *name,
                              const struct vch_certificate_bytes *bytes)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes->bytes, 1, bytes->size, file) != bytes->size ||
        fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

static void write_list(const char *folder, const char *name, const struct authority *issuer,
                       long serial)
{
    struct vch_certificate_bytes list = {amd.crl_der[0], 0};

    list.size = authority_revoke(issuer, &serial, 1, AMD_START, amd_end_s, amd.crl_der[0],
                                 sizeof amd.crl_der[0]);
    write_certificate(folder, name, &list);
}

static void write_authority(const char *folder, const char *name, const struct authority *authority)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s.pem", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || PEM_write_X509(file, authority->certificate) != 1 ||
        PEM_write_PrivateKey(file, authority->key, NULL, NULL, 0, NULL, NULL) != 1 ||
        fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

static void read_authority(struct authority *out, const char *folder, const char *name)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s.pem", folder, name);
    FILE *file = fopen(path, "rb");
    if (file != NULL) out->certificate = PEM_read_X509(file, NULL, NULL, NULL);
    if (file != NULL) out->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    if (file == NULL || out->certificate == NULL || out->key == NULL || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

// Another processor of the vendor whose first one's folder that is.
static void be_another(const char *folder)
{
    read_authority(&amd.ark, folder, "ark");
    read_authority(&amd.ask, folder, "ask");
    amd.has_authorities = true;
    amd_chip_byte = 0x5d;
}

// In place of the test framework's, which has a main of its own.
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct fuse_operations OPERATIONS = {
        .getattr = tell,
        .readdir = list,
        .mkdir = make,
        .rmdir = drop,
        .open = open_file,
        .read = read_file,
        .write = write_file,
        .release = close_file,
        .truncate = cut_file,
        .init = begin,
    };

    if (argc != 3 && argc != 4) return 2;
    amd_end_s = 4102444800; // 2100: nodes and clients go by the real time
    if (argc == 4) be_another(argv[3]);
    amd_begin(&amd, &AMD_TURIN);
    tsm_init(&tsm, &amd);
    (void)signal(SIGUSR1, wake); // by which the library interrupts
    write_certificate(argv[2], "ark.der", &amd.anchors.roots[AMD_TURIN.product]);
    write_certificate(argv[2], "ask.der", &amd.evidence.issuers);
    write_certificate(argv[2], "vcek.der", &amd.evidence.key);
    write_authority(argv[2], "ark", &amd.ark);
    write_authority(argv[2], "ask", &amd.ask);
    write_list(argv[2], "ark.crl", &amd.ark, 99);
    write_list(argv[2], "ask.crl", &amd.ask, 99);
    write_list(argv[2], "revoked.crl", &amd.ask, AMD_KEY_SERIAL);
    char *arguments[] = {argv[0], (char[]){"-f"}, argv[1], NULL};
    return fuse_main(3, arguments, &OPERATIONS, NULL);
}
