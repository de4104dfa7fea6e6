/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every format must keep to when memory runs out or a file is cut, on the seeds of its fuzz target: whatever is missing from
 * the whole file's signatures is told, by a failure, as unreadable, or as an anomaly. Never "clean" by accident.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "crypto/crypto.h"
#include "format/format.h"
#include "source/container.h"

enum { SEED_MAX = 256 << 10, STEPS = 600 };

struct sample {
    const struct format *format;
    const char *name;
    size_t signatures; /* of the whole file with memory enough */
    size_t most;       /* memory that it took */
    size_t tries, short_of_memory;
};

static bool is_told(const struct contents *contents, bool ok) {
    return !ok || contents->other || contents->unreadable.kind != ERR_NONE || contents->anomalies.n + contents->anomalies.more != 0;
}

static bool read_whole(const struct format *format, struct bytes b, struct arena *arena, struct contents *contents, struct error *err) {
    struct memory_source memory;
    memory_source_init(&memory, "sample", b);
    return format->read == NULL || format->read(&memory.source, arena, contents, err);
}

static bool probe(const struct format *format, struct bytes b) {
    struct probe p = {
        .head = bytes_cut(b, 0, PROBE_HEAD), .tail = bytes_cut(b, b.n > PROBE_TAIL ? b.n - PROBE_TAIL : 0, PROBE_TAIL), .size = b.n};
    return format->probe(&p);
}

static void without_memory(struct bytes b, struct arena *arena, void *context) {
    struct sample *sample = context;
    struct contents contents = {0};
    struct error err = {0};
    bool ok = read_whole(sample->format, b, arena, &contents, &err);
    sample->tries++;
    sample->short_of_memory += !ok || contents.unreadable.kind != ERR_NONE;
    if (!ok && err.kind == ERR_NONE) {
        fail_msg("%s: a failure without a reason", sample->name);
    }
    /* What is left to another format as well (an archive's container) is told there. */
    if (contents.n_signatures < sample->signatures && ok && !contents.other && contents.unreadable.kind == ERR_NONE) {
        fail_msg("%s: %zu of %zu signatures, and nothing is said of it", sample->name, contents.n_signatures, sample->signatures);
    }
}

static void cut(struct bytes b, struct arena *arena, void *context) {
    struct sample *sample = context;
    struct contents contents = {0};
    struct error err = {0};
    if (!probe(sample->format, b)) {
        return;
    }
    bool ok = read_whole(sample->format, b, arena, &contents, &err);
    sample->tries++;
    if (contents.n_signatures < sample->signatures && !is_told(&contents, ok)) {
        fail_msg("%s cut to %zu bytes: %zu of %zu signatures, and nothing is said of it", sample->name, b.n, contents.n_signatures,
                 sample->signatures);
    }
}

/* Calls with each seed of the format's fuzz target that the format takes for its own; returns how many had signatures. */
static size_t each_seed(const struct format *format, void (*with)(struct bytes seed, struct sample *sample)) {
    char folder[512], path[800];
    static uint8_t seed[SEED_MAX];
    size_t n_signed = 0;
    snprintf(folder, sizeof folder, "%s/tests/fuzz/seeds/%s", TEST_SOURCE_ROOT, format->name);
    DIR *seeds = opendir(folder);
    for (struct dirent *e; seeds != NULL && (e = readdir(seeds)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = e->d_name[0] != '.' ? fopen(path, "re") : NULL;
        if (f == NULL) {
            continue;
        }
        struct bytes b = bytes_make(seed, fread(seed, 1, sizeof seed, f));
        fclose(f);
        struct arena arena = arena_make(ARENA_FILE_CAP);
        struct contents contents = {0};
        struct error err = {0};
        if (probe(format, b) && read_whole(format, b, &arena, &contents, &err)) {
            struct sample sample = {.format = format, .name = e->d_name, .signatures = contents.n_signatures};
            for (struct arena small; sample.most < ARENA_FILE_CAP; sample.most = sample.most * 2 + 4096) {
                struct contents again = {0};
                small = arena_make(sample.most);
                bool enough = read_whole(format, b, &small, &again, &err) && again.unreadable.kind == contents.unreadable.kind &&
                              again.n_signatures == contents.n_signatures;
                arena_free(&small);
                if (enough) {
                    break;
                }
            }
            n_signed += contents.n_signatures != 0;
            with(b, &sample);
        }
        arena_free(&arena);
    }
    if (seeds != NULL) {
        closedir(seeds);
    }
    return n_signed;
}

static void under_every_cap(struct bytes seed, struct sample *sample) {
    hostile_caps(seed, sample->most, sample->most / STEPS + 1, without_memory, sample);
    assert_true(sample->signatures == 0 || sample->short_of_memory != 0); /* the caps do bite */
}

static void under_every_cut(struct bytes seed, struct sample *sample) {
    /* A text that ends before its signature is a text without one; so is what has no place for one, or is known by its end. */
    static const char *const anywhere[] = {"clickonce", "te", "xap"};
    bool ends_anywhere = false;
    for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++) {
        ends_anywhere = ends_anywhere || strcmp(sample->format->name, anywhere[i]) == 0;
    }
    if (sample->signatures != 0 && !ends_anywhere) {
        hostile_cuts(seed, seed.n / STEPS + 1, cut, sample);
        assert_true(sample->tries != 0);
    }
}

static void run(void (*with)(struct bytes seed, struct sample *sample)) {
    size_t n_formats = 0;
    for (size_t i = 0; formats[i] != NULL; i++) {
        n_formats += each_seed(formats[i], with) != 0;
    }
    assert_true(n_formats >= 2); /* programs of both systems at the least */
}

static void memory_that_runs_out_is_told(void **state) {
    (void)state;
    run(under_every_cap);
}

static void signatures_cut_off_are_told(void **state) {
    (void)state;
    run(under_every_cut);
}

/* What the walk does not ask (scan/candidate.c) would have said no: whatever a file holds behind its first octet. */
static void probes_keep_to_their_first_octets(struct bytes seed) {
    static uint8_t head[PROBE_HEAD];
    struct bytes b = bytes_make(head, seed.n < sizeof head ? seed.n : sizeof head);
    memcpy(head, seed.p, b.n);
    for (unsigned octet = 0; octet < 256 && b.n != 0; octet++) {
        head[0] = (uint8_t)octet;
        struct probe p = {.head = b, .tail = bytes_cut(b, b.n > PROBE_TAIL ? b.n - PROBE_TAIL : 0, PROBE_TAIL), .size = b.n};
        for (size_t i = 0; formats[i] != NULL; i++) {
            assert_true(formats[i]->first.n == 0 || memchr(formats[i]->first.p, head[0], formats[i]->first.n) || !formats[i]->probe(&p));
        }
        for (size_t i = 0; containers[i] != NULL; i++) {
            assert_true(containers[i]->first.n == 0 || memchr(containers[i]->first.p, head[0], containers[i]->first.n) ||
                        !containers[i]->probe(&p));
        }
    }
}

static void first_octets_hold(void **state) {
    (void)state;
    static uint8_t seed[PROBE_HEAD];
    size_t n_rows = 0, n_seeds = 0;
    for (size_t i = 0; formats[i] != NULL; i++) {
        char folder[512], path[800];
        snprintf(folder, sizeof folder, "%s/tests/fuzz/seeds/%s", TEST_SOURCE_ROOT, formats[i]->name);
        DIR *seeds = opendir(folder);
        for (struct dirent *e; seeds != NULL && (e = readdir(seeds)) != NULL;) {
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            FILE *f = e->d_name[0] != '.' ? fopen(path, "re") : NULL;
            if (f != NULL) {
                probes_keep_to_their_first_octets(bytes_make(seed, fread(seed, 1, sizeof seed, f)));
                fclose(f);
                n_seeds++;
            }
        }
        if (seeds != NULL) {
            closedir(seeds);
        }
        n_rows++;
    }
    assert_true(n_seeds > 50);
    assert_true(n_rows <= 64); /* scan/candidate.c keeps a bit for each */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_octets_hold),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(signatures_cut_off_are_told),
    };
    struct error err;
    return crypto_init(&err) ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
