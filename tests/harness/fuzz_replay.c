// Runs a fuzz target over the files, or folders of files, named on the command line, so that saved
// inputs replay as ordinary tests with any compiler. A target that brings its own mutator is also
// run on a few mutants of each file, the same ones every time.
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE_MAX_READ = 1 << 22, MUTANT_ROOM = 1 << 16, MUTANTS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max,
                                                     unsigned seed);
__attribute__((weak)) size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size,
                                                       const uint8_t *other, size_t other_size,
                                                       uint8_t *out, size_t out_size_max,
                                                       unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

static int replayed, mutated;

// What a custom mutator falls back on: some byte changes.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max)
{
    if (size == 0 && size_max > 0) data[size++] = 0;
    if (size > 0) data[(size_t)mutated % size] ^= (uint8_t)(1 + mutated % 255);
    return size;
}

// On an exact-size copy, so that the address sanitizer sees a read past the end.
static int run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) return EXIT_FAILURE;
    if (size > 0) memcpy(copy, bytes, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return EXIT_SUCCESS;
}

// Mutants of mutants, crossed now and then with the file that came before.
static int run_mutants(const uint8_t *bytes, size_t size)
{
    static uint8_t mutant[MUTANT_ROOM], crossed[MUTANT_ROOM], before[MUTANT_ROOM];
    static size_t before_size;

    if (LLVMFuzzerCustomMutator == NULL || size > MUTANT_ROOM) return EXIT_SUCCESS;
    size_t mutant_size = size;
    memcpy(mutant, bytes, size);
    for (unsigned i = 0; i < MUTANTS; i++, mutated++) {
        mutant_size = LLVMFuzzerCustomMutator(mutant, mutant_size, sizeof mutant, i);
        if (run(mutant, mutant_size) != EXIT_SUCCESS) return EXIT_FAILURE;
        if (LLVMFuzzerCustomCrossOver == NULL || i % 4 > 0) continue;
        size_t crossed_size =
            LLVMFuzzerCustomCrossOver(bytes, size, before, before_size, crossed, sizeof crossed, i);
        if (run(crossed, crossed_size) != EXIT_SUCCESS) return EXIT_FAILURE;
    }
    memcpy(before, bytes, size);
    before_size = size;
    return EXIT_SUCCESS;
}

static int replay_file(const char *path)
{
    static uint8_t bytes[SIZE_MAX_READ];
    FILE *file = fopen(path, "rb");

    if (file == NULL) return EXIT_FAILURE;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    if (run(bytes, size) != EXIT_SUCCESS) return EXIT_FAILURE;
    replayed++;
    return run_mutants(bytes, size);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, alphasort), result = EXIT_SUCCESS;

    for (int i = 0; i < count; i++) {
        char file[4096];
        (void)snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (result == EXIT_SUCCESS) result = replay_file(file);
        free(entries[i]);
    }
    free((void *)entries);
    return count < 0 ? EXIT_FAILURE : result;
}

int main(int argc, char **argv)
{
    struct stat facts;

    for (int i = 1; i < argc; i++) {
        bool is_folder = stat(argv[i], &facts) == 0 && S_ISDIR(facts.st_mode);
        int result = is_folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (result != EXIT_SUCCESS) return result;
    }
    printf("replayed %d inputs and %d mutants\n", replayed, mutated);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE; // an empty corpus tests nothing
}
