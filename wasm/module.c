// libvouch-verify as JavaScript calls it: flat arguments, and memory that grows from the end of
// ours.
#include "vouch/verify.h"

#define EXPORT(name) __attribute__((export_name(name)))

extern unsigned char __heap_base; // where the linker's own data ends

enum { PAGE_SIZE = 65536 };

static size_t reserved; // bytes from __heap_base

// Room for `size` bytes, aligned to 64; NULL when the machine gives no more.
EXPORT("reserve") void *vouch_reserve(size_t size);
void *vouch_reserve(size_t size)
{
    size_t begin = ((size_t)&__heap_base + reserved + 63) / 64 * 64;
    size_t have = __builtin_wasm_memory_size(0) * PAGE_SIZE;

    if (size > SIZE_MAX - begin) return NULL;
    if (begin + size > have) {
        size_t pages = (begin + size - have + PAGE_SIZE - 1) / PAGE_SIZE;
        if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return NULL;
    }
    reserved = begin + size - (size_t)&__heap_base;
    return (void *)begin;
}

// Gives back everything reserved.
EXPORT("forget") void vouch_forget(void);
void vouch_forget(void)
{
    reserved = 0;
}

// Owner, message and signature into `out`, 128 bytes.
EXPORT("signed") int vouch_signed_word(struct vouch_signed *out, const void *annex, size_t size);
int vouch_signed_word(struct vouch_signed *out, const void *annex, size_t size)
{
    size_t room = 2 * size + PAGE_SIZE;
    void *memory = vouch_reserve(room);

    if (memory == NULL) return VOUCH_NO_MEMORY;
    return vouch_verify_signed(out, annex, size, memory, room);
}

// `files` are manifest, annex, proof and opening: an address and a size each, 0 and 0 for none.
EXPORT("verify")
int vouch_verify(struct vouch_result *result, const uint32_t files[8], const uint8_t *owner,
                 const uint8_t *job, int signature);
int vouch_verify(struct vouch_result *result, const uint32_t files[8], const uint8_t *owner,
                 const uint8_t *job, int signature)
{
    const struct vouch_question question = {
        .manifest = {(const void *)(size_t)files[0], files[1]},
        .annex = {(const void *)(size_t)files[2], files[3]},
        .proof = {(const void *)(size_t)files[4], files[5]},
        .opening = {(const void *)(size_t)files[6], files[7]},
        .owner = owner,
        .job = job,
        .signature = signature,
    };
    size_t room = vouch_verify_memory(&question);
    void *memory = vouch_reserve(room);

    if (memory == NULL) room = 0;
    return vouch_verify_proof(result, &question, memory, room);
}

// The C library's printing into memory drags in its printing into files, which nothing here does:
// so that the module imports nothing, these are our own and say that there is no such file.
enum { NO_SUCH_FILE = 8 }; // WASI's EBADF

int __imported_wasi_snapshot_preview1_fd_close(int file);
int __imported_wasi_snapshot_preview1_fd_close(int file)
{
    (void)file;
    return NO_SUCH_FILE;
}

int __imported_wasi_snapshot_preview1_fd_seek(int file, int64_t offset, int whence, int out);
int __imported_wasi_snapshot_preview1_fd_seek(int file, int64_t offset, int whence, int out)
{
    (void)file;
    (void)offset;
    (void)whence;
    (void)out;
    return NO_SUCH_FILE;
}

int __imported_wasi_snapshot_preview1_fd_write(int file, int vectors, int count, int out);
int __imported_wasi_snapshot_preview1_fd_write(int file, int vectors, int count, int out)
{
    (void)file;
    (void)vectors;
    (void)count;
    (void)out;
    return NO_SUCH_FILE;
}
