/* SPDX-License-Identifier: Apache-2.0 */
/* A plain main for a fuzz target: gives it every seed of the folders named, whole, cut at many places, and with single bits
 * changed. A folder without seeds is a failure: a target that nothing feeds tests nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 64, FLIPS = 256 };

/* A copy on the heap of exactly that size, so that the sanitizer sees a read past its end. */
static void feed(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size != 0 ? size : 1);
    if (copy != NULL) {
        memcpy(copy, data, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
    }
}

static int replay(const char *path) {
    FILE *file = fopen(path, "rbe");
    struct stat st;
    if (file == NULL || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode)) {
        fprintf(stderr, "%s: can't be read\n", path);
        if (file != NULL) {
            fclose(file);
        }
        return 1;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size + 1);
    int bad = data == NULL || fread(data, 1, size, file) != size;
    fclose(file);
    if (!bad) {
        feed(data, size);
        for (size_t i = 0; i < CUTS; i++) {
            feed(data, size / CUTS * i + size % CUTS * i / CUTS);
        }
        /* One bit here and there; the step is odd, so that all eight of a byte have their turn. */
        size_t step = (size * 8 / FLIPS) | 1;
        for (size_t bit = 0; bit < size * 8; bit += step) {
            data[bit / 8] = (uint8_t)(data[bit / 8] ^ 1u << bit % 8);
            feed(data, size);
            data[bit / 8] = (uint8_t)(data[bit / 8] ^ 1u << bit % 8);
        }
    }
    free(data);
    return bad;
}

int main(int argc, char **argv) {
    unsigned seeds = 0;
    int bad = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            seeds++;
            bad |= replay(argv[i]);
            continue;
        }
        for (struct dirent *e; (e = readdir(folder)) != NULL;) {
            char path[4096];
            if (e->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name) < (int)sizeof path) {
                seeds++;
                bad |= replay(path);
            }
        }
        closedir(folder);
    }
    printf("%u seeds\n", seeds);
    return bad != 0 || seeds == 0;
}
