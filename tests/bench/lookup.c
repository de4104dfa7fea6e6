/* SPDX-License-Identifier: Apache-2.0 */
/* lookup RULES: what it costs to ask a list of so many bans for the identities of a certificate that it does not name (SHA-256, SHA-1,
 * TBS, key, serial, subject), the best of several runs. Prints nanoseconds a certificate. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "list/blocklist.h"

enum { CERTIFICATES = 20000, RUNS = 9, HASH_OCTETS = 32 };
static const enum key_kind kinds[] = {KEY_CERT_SHA256, KEY_CERT_SHA1, KEY_TBS, KEY_SPKI, KEY_SERIAL};
enum { KINDS = sizeof kinds / sizeof *kinds };

static uint64_t next(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = (*state ^ *state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t size_of(enum key_kind kind) {
    return kind == KEY_CERT_SHA1 ? 20 : kind == KEY_SERIAL ? 16 : HASH_OCTETS;
}

static void fill(uint8_t *p, uint64_t *state) {
    for (size_t i = 0; i < HASH_OCTETS; i += 8) {
        uint64_t v = next(state);
        memcpy(p + i, &v, 8);
    }
}

/* A policy whose rules name a certificate by one key each, of every kind in turn, and one in six by its subject. */
static bool make_policy(struct policy *policy, size_t n) {
    struct rule *rules = calloc(n, sizeof *rules);
    struct key *keys = calloc(n, sizeof *keys);
    uint8_t *values = calloc(n, HASH_OCTETS);
    char *names = calloc(n, HASH_OCTETS);
    uint64_t state = 1;
    if (rules == NULL || keys == NULL || values == NULL || names == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t *value = values + i * HASH_OCTETS;
        size_t kind = i % (KINDS + 1);
        fill(value, &state);
        keys[i] = (struct key){.kind = kind < KINDS ? kinds[kind] : KEY_SUBJECT,
                               .value = bytes_make(value, size_of(kind < KINDS ? kinds[kind] : KEY_SUBJECT)),
                               .issuer = bytes_none(),
                               .issuer_common_name = bytes_none(),
                               .organization = bytes_none(),
                               .issuer_organization = bytes_none()};
        if (kind == KINDS) {
            snprintf(names + i * HASH_OCTETS, HASH_OCTETS, "Publisher %zu", i);
            keys[i].value = bytes_text(names + i * HASH_OCTETS);
        }
        keys[i].rule = &rules[i];
        rules[i] = (struct rule){.id = "r", .expires = INT64_MAX, .keys = &keys[i], .n_keys = 1};
    }
    *policy = (struct policy){.id = "bench", .title = "bench", .version_text = "1", .origin = "bench", .rules = rules, .n_rules = n};
    return true;
}

static double once(const struct blocklist *list, size_t *found) {
    struct timespec begin, end;
    uint64_t state = UINT64_C(0x123456789);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (size_t c = 0; c < CERTIFICATES; c++) {
        uint8_t value[HASH_OCTETS];
        char name[32];
        size_t n;
        fill(value, &state);
        for (size_t k = 0; k < KINDS; k++) {
            *found += blocklist_find(list, kinds[k], bytes_make(value, size_of(kinds[k])), &n) != NULL;
        }
        snprintf(name, sizeof name, "Somebody %zu", c);
        *found += blocklist_find_subject(list, name, "Some organization", &n) != NULL;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / CERTIFICATES;
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, found = 0;
    struct policy policy;
    struct blocklist *list = blocklist_new();
    struct error err = {0};
    if (n == 0 || list == NULL || !make_policy(&policy, n) || !blocklist_add(list, &policy, 0, &err) || !blocklist_seal(list, &err)) {
        fprintf(stderr, "lookup: %s\n", err.text[0] != '\0' ? err.text : "lookup RULES");
        return 1;
    }
    double best = 1e12;
    for (int i = 0; i < RUNS; i++) {
        double ns = once(list, &found);
        best = ns < best ? ns : best;
    }
    printf("%.0f\n", best);
    blocklist_free(list);
    return found == 0 ? 0 : 1;
}
