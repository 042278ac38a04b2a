// How many entries a second a ledger takes: drafts signed beforehand, appended over TLS as fast as
// they are acknowledged. Prints one line of JSON.
//
//     load CHARTER FOUNDER.key PORT COUNT BATCH
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/keyfile.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/process.h"
#include "member/charter_file.h"
#include "member/ledger_link.h"

enum { IN_FLIGHT = 16 };

static struct load {
    struct vch_arena arena;
    struct vch_charter charter;
    struct vch_secret_key founder;
    struct event_base *base;
    struct vch_ledger_link *link;
    uint32_t live_streams, batch, in_flight;
    struct vch_follower_bytes *drafts;
    uint64_t count, sent, acked, refused, bytes;
    uint64_t latency_us, latency_max_us, answers;
} load;

static void must(vch_status status, const char *what)
{
    if (vch_is_ok(status)) return;
    (void)fprintf(stderr, "%s: %s\n", what, vch_code_text(status.code));
    exit(1);
}

static void send_some(void);

static void on_appended(void *context, vch_status status,
                        const struct vch_ledger_link_taken *results, uint32_t count)
{
    uint64_t *begun_us = context, took_us = vch_clock_monotonic_us() - *begun_us;

    must(status, "append");
    for (uint32_t i = 0; i < count; i++) {
        load.acked += vch_is_ok(results[i].status);
        load.refused += !vch_is_ok(results[i].status);
        if (!vch_is_ok(results[i].status) && load.refused == 1)
            (void)fprintf(stderr, "%s\n", results[i].text);
    }
    load.answers++;
    load.latency_us += took_us;
    if (took_us > load.latency_max_us) load.latency_max_us = took_us;
    load.in_flight--;
    send_some();
    free(begun_us);
}

static void send_some(void)
{
    while (load.in_flight < IN_FLIGHT && load.sent < load.count) {
        uint64_t left = load.count - load.sent;
        uint32_t count = left < load.batch ? (uint32_t)left : load.batch;
        uint64_t *begun_us = calloc(1, sizeof *begun_us);
        if (begun_us == NULL) exit(1);
        *begun_us = vch_clock_monotonic_us();
        must(vch_ledger_link_append(load.link, load.drafts + load.sent, count, on_appended,
                                    begun_us),
             "append");
        load.in_flight++;
        load.sent += count;
    }
}

static void sign_all(void)
{
    struct vch_arena work;
    uint64_t number = vch_clock_unix_ms() * 1000;

    vch_arena_init(&work, 1 << 22);
    load.drafts = VCH_ARENA_NEW(&load.arena, struct vch_follower_bytes, load.count);
    if (load.drafts == NULL) exit(1);
    for (uint64_t i = 0; i < load.count; i++) {
        struct vch_entry entry = {.kind = VCH_ENTRY_DEPOSIT,
                                  .number = number + i,
                                  .deposit = {load.founder.public_key, 1}};
        uint8_t *bytes = NULL;
        size_t size = 0;
        must(vch_entry_sign(&entry, &load.charter.id, &load.founder, &work, NULL), "sign");
        must(vch_entry_encode(&bytes, &size, &entry, &work, NULL), "encode");
        load.drafts[i].bytes = (const uint8_t *)vch_arena_string(&load.arena, bytes, size);
        load.drafts[i].size = size;
        load.bytes += size;
        vch_arena_rewind(&work, (struct vch_arena_mark){0});
    }
    vch_arena_release(&work);
}

static void connect_load(uint16_t port)
{
    const struct vch_signer founder = vch_signer_local(&load.founder);
    struct vch_ledger_link_setup setup = {.base = load.base,
                                          .signer = &founder,
                                          .live_count = &load.live_streams,
                                          .host = "127.0.0.1",
                                          .port = port,
                                          .charter = load.charter};

    must(vch_ledger_link_new(&load.link, &setup, NULL), "link");
    must(vch_ledger_link_wait_ready(load.link, 5000, NULL), "connect");
}

int main(int argc, char **argv)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (argc != 6) return 2;
    vch_process_harden();
    vch_arena_init(&load.arena, (size_t)1 << 31);
    must(vch_file_read(&bytes, &size, argv[2], 4096, &load.arena, NULL), argv[2]);
    must(vch_keyfile_decode(&load.founder, bytes, size, "", NULL), argv[2]);
    must(vch_file_read(&bytes, &size, argv[1], VCH_CHARTER_FILE_MAX, &load.arena, NULL), argv[1]);
    must(vch_charter_file_decode(&load.charter, bytes, size, &load.founder.public_key, NULL),
         argv[1]);
    load.count = strtoull(argv[4], NULL, 10);
    load.batch = (uint32_t)strtoull(argv[5], NULL, 10);
    if (load.count == 0 || load.batch == 0) return 2;
    load.base = event_base_new();
    sign_all();
    connect_load((uint16_t)strtoull(argv[3], NULL, 10));
    uint64_t begun_us = vch_clock_monotonic_us();
    send_some(); // over one stream: the founder's numbers must come in order
    while (load.acked + load.refused < load.count)
        if (event_base_loop(load.base, EVLOOP_ONCE) < 0) return 1;
    uint64_t took_us = vch_clock_monotonic_us() - begun_us;
    printf("{\"entries\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"ms\": %" PRIu64
           ", \"per_second\": %" PRIu64 ", \"draft_bytes\": %" PRIu64 ", \"mean_us\": %" PRIu64
           ", \"max_us\": %" PRIu64 "}\n",
           load.acked, load.refused, took_us / 1000,
           load.acked * 1000000 / (took_us > 0 ? took_us : 1), load.bytes / load.count,
           load.latency_us / (load.answers > 0 ? load.answers : 1), load.latency_max_us);
    vch_ledger_link_free(load.link);
    while (load.live_streams > 0 && event_base_loop(load.base, EVLOOP_ONCE) == 0)
        continue;
    event_base_free(load.base);
    vch_arena_release(&load.arena);
    return load.refused == 0 ? 0 : 1;
}
