#include "cli/owner_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"

vch_status vch_owner_log_path(const char **out, struct vch_tool *tool)
{
    static const char suffix[] = ".releases";
    const char *key = NULL;

    *out = vch_options_text(tool->options, "log");
    if (*out != NULL) return VCH_OK;
    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    size_t size = strlen(key);
    char *path = vch_arena_alloc(&tool->arena, size + sizeof suffix, 1);
    if (path == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(path, key, size);
    memcpy(path + size, suffix, sizeof suffix);
    *out = path;
    return VCH_OK;
}

static vch_status refuse(const char *what, const char *path, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

// One whole record: `got` is its size; less at the end of the file.
static vch_status read_record(int file, uint8_t bytes[static VCH_RELEASE_SIZE], size_t *got,
                              uint64_t index, const char *path, struct vch_complaint *complaint)
{
    const off_t start = (off_t)(index * VCH_RELEASE_SIZE);

    for (*got = 0; *got < VCH_RELEASE_SIZE;) {
        ssize_t part = pread(file, bytes + *got, VCH_RELEASE_SIZE - *got, start + (off_t)*got);
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) return refuse("read", path, complaint);
        if (part == 0) return VCH_OK;
        *got += (size_t)part;
    }
    return VCH_OK;
}

// Looks at each record in turn. `rest`: how many bytes of an unfinished one follow the last.
static vch_status read_records(int file, const char *path, struct vch_release_log *log,
                               const struct vch_public_key *writer, size_t *rest,
                               vch_status (*each)(void *context, const struct vch_release *release,
                                                  const struct vch_release_log *log,
                                                  struct vch_complaint *complaint),
                               void *context, struct vch_complaint *complaint)
{
    uint8_t bytes[VCH_RELEASE_SIZE];
    struct vch_release release;

    *log = (struct vch_release_log){0};
    for (;;) {
        VCH_TRY(read_record(file, bytes, rest, log->count, path, complaint));
        if (*rest < sizeof bytes) return vch_release_check_start(bytes, *rest, complaint);
        VCH_TRY(vch_release_follow(log, &release, bytes, writer, complaint));
        VCH_TRY(each(context, &release, log, complaint));
    }
}

static vch_status remember(void *context, const struct vch_release *release,
                           const struct vch_release_log *log, struct vch_complaint *complaint)
{
    const struct vch_counters_one seen = {.model = release->model, .counter = release->counter};

    (void)log;
    return vch_counters_raise(context, &seen, complaint);
}

static vch_status open_file(struct vch_owner_log *out, struct vch_complaint *complaint)
{
    struct stat facts;

    out->file = open(out->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out->file < 0) return refuse("open the log of releases", out->path, complaint);
    while (flock(out->file, LOCK_EX) != 0)
        if (errno != EINTR) return refuse("lock", out->path, complaint);
    if (fstat(out->file, &facts) != 0 || !S_ISREG(facts.st_mode))
        return vch_complain(complaint, VCH_CODE_IO, "%s is not a regular file", out->path);
    return facts.st_size == 0 ? vch_file_sync_name(out->path, complaint) : VCH_OK;
}

// What was not finished did not leave.
static vch_status cut(struct vch_owner_log *log, struct vch_complaint *complaint)
{
    const off_t size = (off_t)(log->log.count * VCH_RELEASE_SIZE);

    if (ftruncate(log->file, size) == 0 && fsync(log->file) == 0) return VCH_OK;
    return refuse("cut an unfinished record off", log->path, complaint);
}

vch_status vch_owner_log_open(struct vch_owner_log *out, const char *path,
                              struct vch_complaint *complaint)
{
    size_t rest = 0;

    out->path = path;
    out->file = -1;
    out->counters.count = 0;
    vch_status status = open_file(out, complaint);
    if (vch_is_ok(status))
        status = read_records(out->file, path, &out->log, NULL, &rest, remember, &out->counters,
                              complaint);
    if (vch_is_ok(status) && rest > 0) status = cut(out, complaint);
    if (!vch_is_ok(status)) vch_owner_log_close(out);
    return status;
}

void vch_owner_log_close(struct vch_owner_log *log)
{
    if (log->file >= 0) (void)close(log->file);
    log->file = -1;
}

static vch_status write_record(const struct vch_owner_log *log,
                               const uint8_t bytes[static VCH_RELEASE_SIZE], uint64_t index,
                               struct vch_complaint *complaint)
{
    const off_t start = (off_t)(index * VCH_RELEASE_SIZE);

    for (size_t done = 0; done < VCH_RELEASE_SIZE;) {
        ssize_t put = pwrite(log->file, bytes + done, VCH_RELEASE_SIZE - done, start + (off_t)done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return refuse("write", log->path, complaint);
        done += (size_t)put;
    }
    if (fsync(log->file) != 0) return refuse("write", log->path, complaint);
    return VCH_OK;
}

vch_status vch_owner_log_append(struct vch_owner_log *log, const struct vch_release *release,
                                const struct vch_secret_key *writer,
                                struct vch_complaint *complaint)
{
    const struct vch_release_log before = log->log;
    uint8_t bytes[VCH_RELEASE_SIZE];

    VCH_TRY(remember(&log->counters, release, NULL, complaint));
    VCH_TRY(vch_release_append(&log->log, bytes, release, writer));
    vch_status status = write_record(log, bytes, before.count, complaint);
    if (vch_is_ok(status)) return status;
    log->log = before;
    vch_status undone = cut(log, NULL);
    (void)undone; // what could not be written may not be cut off either: it was not finished
    return status;
}

uint64_t vch_owner_log_counter(const struct vch_owner_log *log, const struct vch_digest *model)
{
    const struct vch_public_key nobody = {0};

    return vch_counters_find(&log->counters, &nobody, model);
}

// --- vouch owner log

struct listing {
    bool is_json, has_head, saw_head;
    struct vch_digest head; // that the log has to have had
    json_t *records;
};

static void format_time(char out[static 32], uint64_t time_s)
{
    time_t seconds = (time_t)time_s;
    struct tm fields;

    out[0] = '\0';
    if (gmtime_r(&seconds, &fields) != NULL) (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &fields);
}

static void print_record(const struct vch_release *release)
{
    char model[17], key[17], node[2 * 32 + 1], verdict[17], when[32], until[32];

    vch_hex_encode(model, release->model.bytes, 8);
    vch_hex_encode(key, release->key_check.bytes, 8);
    format_time(when, release->time_s);
    printf("%" PRIu64 " %s %s %s release %" PRIu64 " key %s", release->index, when,
           vch_release_what_text(release->what), model, release->counter, key);
    if (release->what == VCH_RELEASE_GRANTED) {
        vch_hex_encode(node, release->node.bytes, 32);
        vch_hex_encode(verdict, release->verdict.bytes, 8);
        format_time(until, release->expiry_s);
        printf(" to %s on verdict %s until %s", node, verdict, until);
    }
    printf("\n");
}

static json_t *json_record(const struct vch_release *release)
{
    json_t *record = json_pack(
        "{s:I, s:s, s:I, s:o, s:I, s:o, s:o, s:o}", "index", (json_int_t)release->index, "what",
        vch_release_what_text(release->what), "time", (json_int_t)release->time_s, "model",
        vch_tool_json_hex(release->model.bytes, 32), "counter", (json_int_t)release->counter,
        "manifest", vch_tool_json_hex(release->manifest.bytes, 32), "data_key",
        vch_tool_json_hex(release->key_check.bytes, 32), "writer",
        vch_tool_json_hex(release->writer.bytes, 32));

    if (release->what != VCH_RELEASE_GRANTED) return record;
    json_object_set_new(record, "node", vch_tool_json_hex(release->node.bytes, 32));
    json_object_set_new(record, "sealing_key", vch_tool_json_hex(release->sealing_key, 32));
    json_object_set_new(record, "block", vch_tool_json_hex(release->block.bytes, 32));
    json_object_set_new(record, "policy", vch_tool_json_hex(release->policy.bytes, 32));
    json_object_set_new(record, "verdict", vch_tool_json_hex(release->verdict.bytes, 32));
    json_object_set_new(record, "expiry", json_integer((json_int_t)release->expiry_s));
    return record;
}

static vch_status list(void *context, const struct vch_release *release,
                       const struct vch_release_log *log, struct vch_complaint *complaint)
{
    struct listing *listing = context;

    (void)complaint;
    listing->saw_head |= listing->has_head && vch_hash_is_equal(&log->head, &listing->head);
    if (listing->is_json)
        json_array_append_new(listing->records, json_record(release));
    else
        print_record(release);
    return VCH_OK;
}

static vch_status conclude(const struct listing *listing, const struct vch_release_log *log,
                           size_t rest, struct vch_tool *tool)
{
    char head[2 * 32 + 1];

    vch_hex_encode(head, log->head.bytes, 32);
    if (listing->is_json)
        VCH_TRY(vch_tool_print_json(json_pack("{s:I, s:s, s:I, s:O}", "count",
                                              (json_int_t)log->count, "head", head, "unfinished",
                                              (json_int_t)rest, "records", listing->records)));
    else
        printf("%" PRIu64 " records, head %s\n", log->count, head);
    if (rest > 0 && !listing->is_json)
        printf("%zu bytes of a record follow that was not finished: what it was to say did not "
               "happen\n",
               rest);
    if (!listing->has_head || listing->saw_head) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_BAD_PROOF,
                        "the log never had the head that you kept: records were taken off its end, "
                        "or it was written anew");
}

vch_status vch_owner_log_run(struct vch_tool *tool)
{
    const char *path = tool->options->operands[1];
    const char *key = vch_options_text(tool->options, "key");
    const char *head = vch_options_text(tool->options, "head");
    struct listing listing = {.is_json = vch_options_has(tool->options, "json"),
                              .has_head = head != NULL};
    struct vch_public_key writer;
    struct vch_release_log log;
    size_t rest = 0;

    if (key != NULL) VCH_TRY(vch_tool_public_key(&writer, tool, key));
    if (head != NULL && !vch_is_ok(vch_hex_decode(listing.head.bytes, VCH_DIGEST_SIZE, head)))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--head takes 64 hexadecimal digits, not \"%.70s\"", head);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return refuse("open", path, &tool->complaint);
    listing.records = json_array();
    vch_status status = read_records(file, path, &log, key != NULL ? &writer : NULL, &rest, list,
                                     &listing, &tool->complaint);
    (void)close(file);
    if (vch_is_ok(status)) status = conclude(&listing, &log, rest, tool);
    json_decref(listing.records);
    return status;
}
