#include "net/peers.h"

#include <string.h>

#include "base/bytes.h"

enum { KEY_DIGITS = 2 * VCH_SIGN_PUBLIC_SIZE };

struct line {
    const char *text;
    size_t size;
    uint32_t number;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void trim(struct line *line)
{
    while (line->size > 0 && is_space(line->text[0]))
        line->text++, line->size--;
    while (line->size > 0 && is_space(line->text[line->size - 1]))
        line->size--;
}

static vch_status parse_port(uint16_t *out, const char *text, size_t size)
{
    uint32_t value = 0;

    if (size == 0 || size > 5) return VCH_FAIL(MALFORMED);
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') return VCH_FAIL(MALFORMED);
        value = 10 * value + (uint32_t)(text[i] - '0');
    }
    if (value == 0 || value > UINT16_MAX) return VCH_FAIL(MALFORMED);
    *out = (uint16_t)value;
    return VCH_OK;
}

static vch_status parse_host(struct vch_peer *peer, const char *text, size_t size)
{
    bool is_bracketed = size > 2 && text[0] == '[' && text[size - 1] == ']';

    if (is_bracketed) text++, size -= 2;
    if (size == 0 || size > VCH_PEERS_HOST_MAX) return VCH_FAIL(MALFORMED);
    for (size_t i = 0; i < size; i++) {
        bool is_fine = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'z') ||
                       (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '.' || text[i] == '-' ||
                       (is_bracketed && text[i] == ':');
        if (!is_fine) return VCH_FAIL(MALFORMED);
    }
    memcpy(peer->host, text, size);
    peer->host[size] = '\0';
    return VCH_OK;
}

static vch_status parse_peer(struct vch_peer *peer, const struct line *line)
{
    char digits[KEY_DIGITS + 1] = {0};
    struct line address = {line->text + KEY_DIGITS, 0, line->number};
    const char *colon = NULL;

    if (line->size < KEY_DIGITS + 2 || !is_space(line->text[KEY_DIGITS]))
        return VCH_FAIL(MALFORMED);
    memcpy(digits, line->text, KEY_DIGITS);
    VCH_TRY(vch_hex_decode(peer->key.bytes, sizeof peer->key.bytes, digits));
    address.size = line->size - KEY_DIGITS;
    trim(&address);
    colon = memrchr(address.text, ':', address.size);
    if (colon == NULL) return VCH_FAIL(MALFORMED);
    size_t host_size = (size_t)(colon - address.text);
    VCH_TRY(parse_port(&peer->port, colon + 1, address.size - host_size - 1));
    return parse_host(peer, address.text, host_size);
}

static vch_status add_peer(struct vch_peer *peers, uint32_t *count, const struct line *line,
                           struct vch_complaint *complaint)
{
    struct vch_peer peer = {0};

    if (line->size == 0 || line->text[0] == '#') return VCH_OK;
    if (!vch_is_ok(parse_peer(&peer, line)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "line %u of the peers: expected the 64 hexadecimal digits of a node's "
                            "key, a space, and host:port",
                            line->number);
    if (*count == VCH_PEERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "more than %u peers", VCH_PEERS_MAX);
    for (uint32_t i = 0; i < *count; i++)
        if (vch_is_equal(&peers[i].key, &peer.key, sizeof peer.key))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "line %u of the peers: that key stands on an earlier line already",
                                line->number);
    peers[(*count)++] = peer;
    return VCH_OK;
}

vch_status vch_peers_parse(struct vch_peer **out, uint32_t *count, const char *text, size_t size,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_peer *peers = VCH_ARENA_NEW(arena, struct vch_peer, VCH_PEERS_MAX);
    struct line line = {text, 0, 0};
    const char *end = text + size;

    *count = 0;
    if (peers == NULL) return VCH_FAIL(NO_MEMORY);
    if (size > VCH_PEERS_FILE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the peers take %zu bytes; the limit is %u",
                            size, VCH_PEERS_FILE_MAX);
    for (const char *at = text; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        line = (struct line){at, (size_t)(stop - at), line.number + 1};
        trim(&line);
        VCH_TRY(add_peer(peers, count, &line, complaint));
        at = stop + 1;
    }
    *out = peers;
    return VCH_OK;
}
