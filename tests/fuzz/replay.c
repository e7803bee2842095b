/*
 * replay: runs a fuzz target over files without a fuzzer.
 *
 *   fuzz_NAME              the seeds in $top_srcdir/tests/fuzz/corpus/NAME
 *   fuzz_NAME PATH...      these files and folders (one level)
 *
 * Each input is given whole and cut short at up to CUTS_MAX places, as an allocation of exactly its size, so
 * that a sanitizer sees a read past the end. The empty input comes first. Exit status: 0, 1 when there was
 * nothing to replay.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { CUTS_MAX = 512, FILE_BYTES_MAX = 16 << 20 };

static unsigned files;

static void run_one(const uint8_t *p, size_t n)
{
    uint8_t *copy = calloc(1, n ? n : 1);
    assert(copy);
    if (n)
        memcpy(copy, p, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    uint8_t *p = malloc(FILE_BYTES_MAX);
    assert(p);
    size_t n = fread(p, 1, FILE_BYTES_MAX, f);
    fclose(f);
    size_t step = n / CUTS_MAX + 1;
    for (size_t framer = step; framer < n; framer += step)
        run_one(p, framer);
    run_one(p, n);
    free(p);
    files++;
}

static void run_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    if (!S_ISDIR(st.st_mode)) {
        run_file(path);
        return;
    }
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *full = NULL;
        if (names[i]->d_name[0] != '.' && asprintf(&full, "%s/%s", path, names[i]->d_name) >= 0)
            run_file(full);
        free(full);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

int main(int argc, char **argv)
{
    run_one((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    if (argc < 2) {
        const char *top = getenv("top_srcdir"), *name = strstr(argv[0], "fuzz_");
        for (const char *next = name; next; next = strstr(next + 1, "fuzz_"))
            name = next;
        char *path = NULL;
        if (asprintf(&path, "%s/tests/fuzz/corpus/%s", top ? top : ".", name ? name + strlen("fuzz_") : "") < 0)
            return EXIT_FAILURE;
        run_path(path);
        free(path);
    }
    printf("replay: %u files\n", files);
    return files ? EXIT_SUCCESS : EXIT_FAILURE;
}
