#include "ledger/web.h"

#include <string.h>

#include "base/arena.h"
#include "host/file.h"

enum { FILE_MAX = 8 << 20 };

// Whatever a member's name or an entry says, the page runs its own files alone and speaks to nobody
// but this ledger.
static const char POLICY[] =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const char *type_of(const char *name)
{
    static const struct {
        const char *suffix, *type;
    } TYPES[] = {
        {".html", "text/html; charset=utf-8"},      {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"}, {".wasm", "application/wasm"},
        {".css", "text/css; charset=utf-8"},        {".svg", "image/svg+xml"}};
    const char *suffix = strrchr(name, '.');

    for (size_t i = 0; suffix != NULL && i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (strcmp(suffix, TYPES[i].suffix) == 0) return TYPES[i].type;
    return "application/octet-stream";
}

static vch_status read_file(struct evbuffer *out, const char *folder, const char *name)
{
    struct vch_arena arena;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, FILE_MAX);
    vch_status status = vch_file_read_beneath(&bytes, &size, folder, name, FILE_MAX, &arena, NULL);
    if (vch_is_ok(status) && evbuffer_add(out, bytes, size) != 0) status = VCH_FAIL(NO_MEMORY);
    vch_arena_release(&arena);
    return status;
}

static vch_status find_file(struct evbuffer *out, const char *name)
{
    for (const struct vch_web_file *file = vch_web_files; file->name != NULL; file++)
        if (strcmp(file->name, name) == 0)
            return evbuffer_add_reference(out, file->bytes, file->size, NULL, NULL) == 0
                       ? VCH_OK
                       : VCH_FAIL(NO_MEMORY);
    return VCH_FAIL(REFUSED);
}

void vch_web_serve(struct vch_http_exchange *exchange, const char *folder)
{
    const char *path = vch_http_path(exchange);
    const char *name = strcmp(path, "/") == 0 ? "index.html" : path + strlen("/page/");
    struct evbuffer *body = evbuffer_new();

    if (body == NULL) {
        vch_http_reply_text(exchange, 503, "no memory now");
        return;
    }
    vch_status status = folder != NULL ? read_file(body, folder, name) : VCH_FAIL(REFUSED);
    if (!vch_is_ok(status)) status = find_file(body, name); // what a folder lacks, too
    if (vch_is_ok(status)) {
        vch_http_header(exchange, "Content-Security-Policy", POLICY);
        vch_http_header(exchange, "Referrer-Policy", "no-referrer");
        vch_http_header(exchange, "X-Content-Type-Options", "nosniff");
        vch_http_header(exchange, "Cache-Control", "no-cache");
        vch_http_reply(exchange, 200, type_of(name), body);
    } else {
        vch_http_reply_text(exchange, 404, "the page has no such file");
    }
    evbuffer_free(body);
}
