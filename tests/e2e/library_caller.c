// A stranger's program: libvouch-verify and the C library, nothing else of ours. Prints the code
// and the verdicts; the signature is taken to be what the last argument says.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vouch/verify.h>

static struct vouch_bytes read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct vouch_bytes out = {NULL, 0};

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) exit(9);
    out.size = (size_t)ftell(file);
    unsigned char *bytes = calloc(out.size + 1, 1);
    rewind(file);
    if (bytes == NULL || fread(bytes, 1, out.size, file) != out.size) exit(9);
    (void)fclose(file);
    out.bytes = bytes;
    return out;
}

// MANIFEST ANNEX PROOF OPENING SIGNATURE
int main(int argc, char **argv)
{
    static struct vouch_result result;
    struct vouch_question question = {0};
    struct vouch_signed word;

    if (argc != 6) return 9;
    question.manifest = read_file(argv[1]);
    question.annex = read_file(argv[2]);
    question.proof = read_file(argv[3]);
    question.opening = read_file(argv[4]);
    question.signature = atoi(argv[5]);
    size_t room = vouch_verify_memory(&question);
    void *memory = calloc(room, 1);
    if (memory == NULL) return 9;
    if (vouch_verify_signed(&word, question.annex.bytes, question.annex.size, memory, room) == 0)
        question.owner = word.owner;
    int code = vouch_verify_proof(&result, &question, memory, room);
    printf("%d", code);
    for (int i = 0; i < VOUCH_CLAIM_COUNT; i++)
        printf(" %d", (int)result.findings[i].verdict);
    printf("\n");
    return 0;
}
