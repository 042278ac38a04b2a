// Runs a fuzz target over the files, or folders of files, named on the command line, so that saved
// inputs replay as ordinary tests with any compiler.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed;

static int replay_file(const char *path)
{
    static uint8_t bytes[1 << 22];
    FILE *file = fopen(path, "rb");

    if (file == NULL) return EXIT_FAILURE;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    // An exact-size copy, so that the address sanitizer sees a read past the end.
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) return EXIT_FAILURE;
    for (size_t i = 0; i < size; i++)
        copy[i] = bytes[i];
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    replayed++;
    return EXIT_SUCCESS;
}

static int replay_folder(const char *path, DIR *folder)
{
    char file[4096];
    struct dirent *entry = NULL;

    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (replay_file(file) != EXIT_SUCCESS) return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        int result = folder ? replay_folder(argv[i], folder) : replay_file(argv[i]);
        if (folder != NULL) (void)closedir(folder);
        if (result != EXIT_SUCCESS) return result;
    }
    printf("replayed %d inputs\n", replayed);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE; // an empty corpus tests nothing
}
