#include "collect/tcti.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/clock.h"

enum { HEAD_SIZE = 10, SIZE_AT = 2 };             // of an answer: tag, size, code
enum { ANSWER_MAX = 4096 };                       // of a TPM; TSS2's buffers are as large
static const uint64_t MAGIC = 0x5643485443544900; // "VCHTCTI": any number but zero

static const char DEVICE[] = "device:", SOCKET[] = "swtpm:path=";

static const char *after(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(text, prefix, size) == 0 && text[size] != '\0' ? text + size : NULL;
}

vch_status vch_tcti_check(const char *text, struct vch_complaint *complaint)
{
    const char *socket_path = after(text, SOCKET);
    const struct sockaddr_un address;

    if (socket_path != NULL && strlen(socket_path) >= sizeof address.sun_path)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "a socket's path has at most %zu characters, not \"%s\"",
                            sizeof address.sun_path - 1, socket_path);
    if (socket_path != NULL || after(text, DEVICE) != NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "a TPM is \"device:PATH\", such as device:/dev/tpmrm0, or "
                        "\"swtpm:path=SOCKET\", not \"%.60s\"",
                        text);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (file < 0) return -1;
    memcpy(address.sun_path, path, strlen(path) + 1); // checked above
    if (connect(file, (const struct sockaddr *)&address, sizeof address) == 0) return file;
    int error = errno;
    (void)close(file);
    errno = error;
    return -1;
}

vch_status vch_tcti_open(int *file, const char *text, struct vch_complaint *complaint)
{
    *file = -1;
    VCH_TRY(vch_tcti_check(text, complaint));
    const char *device = after(text, DEVICE);
    *file = device != NULL ? open(device, O_RDWR | O_CLOEXEC | O_NOCTTY)
                           : connect_to(after(text, SOCKET));
    if (*file >= 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "expected a TPM at %s: %s%s", text,
                        strerror(errno),
                        errno == EACCES ? "; on most systems the group tss may use it" : "");
}

// Waits until the descriptor is ready or the deadline has passed.
static bool wait_for(struct vch_tcti *tcti, short events)
{
    for (;;) {
        uint64_t now_us = vch_clock_monotonic_us();
        if (now_us >= tcti->deadline_us) break;
        struct pollfd ready = {.fd = tcti->file, .events = events};
        int count = poll(&ready, 1, (int)((tcti->deadline_us - now_us) / 1000 + 1));
        if (count > 0) return true;
        if (count < 0 && errno != EINTR) return false;
    }
    tcti->is_late = true;
    return false;
}

static TSS2_RC lose(struct vch_tcti *tcti)
{
    tcti->is_lost = !tcti->is_late;
    return TSS2_TCTI_RC_IO_ERROR;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
    struct vch_tcti *tcti = (struct vch_tcti *)context;
    size_t done = 0;

    while (done < size) {
        if (!wait_for(tcti, POLLOUT)) return lose(tcti);
        ssize_t put = write(tcti->file, command + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return lose(tcti);
        done += (size_t)put;
    }
    return TSS2_RC_SUCCESS;
}

// A device gives a whole answer at once and nothing to who asks for less; a socket gives parts.
static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *answer, int32_t timeout)
{
    struct vch_tcti *tcti = (struct vch_tcti *)context;
    uint8_t bytes[ANSWER_MAX];
    size_t done = 0, wanted = HEAD_SIZE;

    (void)timeout; // the deadline is ours
    if (answer == NULL) {
        *size = ANSWER_MAX;
        return TSS2_RC_SUCCESS;
    }
    while (done < wanted) {
        if (!wait_for(tcti, POLLIN)) return lose(tcti);
        ssize_t got = read(tcti->file, bytes + done, sizeof bytes - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return lose(tcti);
        done += (size_t)got;
        if (done >= HEAD_SIZE) wanted = vch_get_u32be(bytes + SIZE_AT);
        if (wanted < HEAD_SIZE || wanted > sizeof bytes || done > wanted) return lose(tcti);
    }
    if (*size < done) return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(answer, bytes, done);
    *size = done;
    return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *context)
{
    (void)context;
}

void vch_tcti_init(struct vch_tcti *out, int file, uint64_t deadline_us)
{
    *out = (struct vch_tcti){
        .head = {.magic = MAGIC,
                 .version = 1,
                 .transmit = transmit,
                 .receive = receive,
                 .finalize = finalize},
        .file = file,
        .deadline_us = deadline_us,
    };
}
