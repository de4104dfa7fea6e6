/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation fails once: ours, by the linker's --wrap, and OpenSSL's and libxml2's, by their hooks. A file's finding may then be
 * "unreadable", or listed where its proof could not be made; it is never a better one than with memory enough. What reads lists, policies
 * and records says so, or comes to the same result.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/xmlmemory.h>
#include <openssl/crypto.h>

#include "crypto/crypto.h"
#include "failing.h"
#include "list/importer.h"
#include "list/policy.h"
#include "scan/examine.h"
#include "store/inside.h"

enum { SEED_MAX = 32 << 10, TRIES_MAX = 400, LIST_MAX = 8 << 10 };

/* ---- what fails ---- */

static char *xml_strdup(const char *s) {
    return __wrap_strdup(s);
}

static void *openssl_malloc(size_t n, const char *file, int line) {
    (void)file;
    (void)line;
    return __wrap_malloc(n);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line) {
    (void)file;
    (void)line;
    return __wrap_realloc(p, n);
}

static void openssl_free(void *p, const char *file, int line) {
    (void)file;
    (void)line;
    free(p);
}

/* ---- files ---- */

static struct bytes seed_read(const char *folder, const char *name) {
    static uint8_t seed[SEED_MAX + 1];
    char path[800];
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/%s/%s", TEST_SOURCE_ROOT, folder, name);
    FILE *f = name[0] != '.' ? fopen(path, "re") : NULL;
    if (f == NULL) {
        return bytes_none();
    }
    struct bytes b = bytes_make(seed, fread(seed, 1, sizeof seed, f));
    fclose(f);
    return b.n <= SEED_MAX ? b : bytes_none();
}

struct judged {
    struct verdict_sink sink;
    struct examiner *examiner;
    struct bytes file;
    unsigned own;
    enum finding finding, expected;
    bool has_signer;
    uint8_t sha256[32];
};

static void on_verdict(struct verdict_sink *sink, const struct verdict *verdict) {
    struct judged *j = (struct judged *)sink;
    for (size_t i = 0; i < verdict->n_signatures && !j->has_signer && left < 0; i++) {
        j->has_signer = verdict->signatures[i].has_signer;
        memcpy(j->sha256, verdict->signatures[i].signer.sha256, sizeof j->sha256);
    }
    if (verdict->inside[0] == '\0') {
        j->own++;
        j->finding = verdict->finding;
    }
}

static void judge(void *context, bool is_short) {
    struct judged *j = context;
    struct memory_source memory;
    struct arena arena = arena_make((size_t)16 << 20);
    j->own = 0;
    memory_source_init(&memory, "input", j->file);
    examine(j->examiner, &memory.source, "/input", &arena, &j->sink);
    arena_free(&arena);
    if (!is_short) {
        assert_int_equal(j->own, 1);
        j->expected = j->finding;
    } else if (j->own == 1 && j->finding != j->expected && j->finding != FINDING_UNREADABLE &&
               !(j->expected == FINDING_BANNED && j->finding == FINDING_LISTED) && j->finding < j->expected) {
        fail_msg("%s instead of %s", finding_name(j->finding), finding_name(j->expected));
    }
}

/* A list of one rule, or of none. */
static struct blocklist *list_of(const uint8_t *sha256, struct policy **policy) {
    struct blocklist *list = blocklist_new();
    *policy = NULL;
    struct text xml = {0};
    assert_non_null(list);
    if (sha256 != NULL) {
        text_add(&xml,
                 "<policy xmlns=\"urn:certban:policy:1\" id=\"p\" version=\"1\" issued=\"2024-01-01\"><title>T</title>"
                 "<ban id=\"b\" action=\"quarantine\" severity=\"critical\" confidence=\"certain\"><certificate role=\"signer\"><sha256>");
        text_add_hex(&xml, bytes_make(sha256, 32));
        text_add(&xml, "</sha256></certificate><reason>R</reason></ban></policy>");
        assert_true(policy_parse(bytes_make(text_c(&xml), xml.n), "test", policy, NULL));
        assert_true(blocklist_add(list, *policy, 0, NULL));
    }
    assert_true(blocklist_seal(list, NULL));
    text_free(&xml);
    return list;
}

static unsigned judge_folder(const char *folder) {
    char path[600];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/%s", TEST_SOURCE_ROOT, folder);
    DIR *seeds = opendir(path);
    assert_non_null(seeds);
    for (struct dirent *e; (e = readdir(seeds)) != NULL;) {
        struct bytes b = seed_read(folder, e->d_name);
        struct policy *policy;
        struct blocklist *none = list_of(NULL, &policy), *ban = NULL;
        struct examiner examiner = {.list = none, .verify = true, .describe = true, .members = true};
        struct judged j = {.sink = {on_verdict}, .examiner = &examiner, .file = b};
        if (b.n != 0) {
            judge(&j, false);
            assert_int_equal(j.own, 1);
        }
        if (j.has_signer) {
            examiner.list = ban = list_of(j.sha256, &policy);
            each_allocation(judge, &j, TRIES_MAX);
            assert_true(j.expected >= FINDING_LISTED);
            n++;
        }
        anchors_free(examiner.anchors);
        blocklist_free(ban);
        blocklist_free(none);
        policy_free(policy);
    }
    closedir(seeds);
    return n;
}

static void no_file_gets_better(void **state) {
    (void)state;
    static const char *const folders[] = {"examine", "pe", "macho", "cat", "cab", "msi", "script", "dmg", "pkg", "nupkg"};
    unsigned n = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        n += judge_folder(folders[i]);
    }
    assert_true(n >= 10);
}

/* ---- policies ---- */

static void load_policy(void *context, bool is_short) {
    struct policy *policy = NULL;
    struct error err = {0};
    const struct bytes *xml = context;
    if (policy_parse(*xml, "test", &policy, &err)) {
        policy_free(policy);
    } else {
        assert_true(is_short);
        assert_int_not_equal(err.kind, ERR_NONE);
    }
}

static void policies_are_whole_or_refused(void **state) {
    (void)state;
    const char *name;
    struct bytes xml;
    for (size_t i = 0; policy_builtin(i, &name, &xml); i++) {
        each_allocation(load_policy, &xml, TRIES_MAX);
    }
}

/* ---- records ---- */

static void read_record(void *context, bool is_short) {
    struct record record = {0};
    struct error err = {0};
    struct text text = {0};
    const struct bytes *json = context;
    if (record_parse(*json, &record, &err)) {
        assert_true(record_text(&record, &text, &err) || is_short);
        assert_true(is_short || text.n > 100);
        record_free(&record);
    } else {
        assert_true(is_short);
    }
    text_free(&text);
}

static void records_are_whole_or_refused(void **state) {
    (void)state;
    char path[600];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/record", TEST_SOURCE_ROOT);
    DIR *seeds = opendir(path);
    assert_non_null(seeds);
    for (struct dirent *e; (e = readdir(seeds)) != NULL;) {
        struct bytes b = seed_read("record", e->d_name);
        struct record record;
        if (b.n != 0 && record_parse(b, &record, NULL)) {
            record_free(&record);
            each_allocation(read_record, &b, TRIES_MAX);
            n++;
        }
    }
    closedir(seeds);
    assert_true(n > 0);
}

/* ---- lists ---- */

struct list_read {
    struct import_listener listener;
    const struct importer *importer;
    struct bytes content;
    size_t rules, refused, told;
};

static void on_refused(struct import_listener *listener, size_t line, const char *why) {
    ((struct list_read *)(void *)listener)->told++;
    assert_true(line != 0 && why[0] != '\0');
}

static void on_noted(struct import_listener *listener, size_t line, const char *why) {
    (void)listener;
    (void)line;
    (void)why;
}

static void read_list(void *context, bool is_short) {
    struct list_read *r = context;
    struct import_head head = {"test", "Test", 1, 1700000000};
    struct text xml = {0};
    struct error err = {0};
    r->told = 0;
    struct import *import = import_new(ACTION_FLAG, &r->listener);
    if (import == NULL) {
        assert_true(is_short);
        return;
    }
    bool whole = r->importer->read(r->content, import, &err) && import_finish(import, &head, &xml, &err);
    struct import_counts counts = import_counts(import);
    if (!is_short) {
        r->rules = whole ? counts.rules : 0;
        r->refused = r->told;
    } else if (whole && counts.rules < r->rules && r->told <= r->refused) {
        fail_msg("%s: %zu rules instead of %zu, and nothing is said of it", r->importer->name, counts.rules, r->rules);
    }
    assert_true(whole || err.text[0] != '\0');
    text_free(&xml);
    import_free(import);
}

static void lists_are_whole_or_told(void **state) {
    (void)state;
    char path[600];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds", TEST_SOURCE_ROOT);
    DIR *folders = opendir(path);
    assert_non_null(folders);
    for (struct dirent *f; (f = readdir(folders)) != NULL;) {
        snprintf(path, sizeof path, "%s/tests/fuzz/seeds/%s", TEST_SOURCE_ROOT, f->d_name);
        DIR *seeds = strncmp(f->d_name, "import_", 7) == 0 ? opendir(path) : NULL;
        for (struct dirent *e; seeds != NULL && (e = readdir(seeds)) != NULL;) {
            struct bytes b = seed_read(f->d_name, e->d_name);
            struct list_read r = {.listener = {on_refused, on_noted}, .importer = b.n != 0 ? importer_guess(b) : NULL, .content = b};
            if (r.importer != NULL && b.n < LIST_MAX) {
                each_allocation(read_list, &r, TRIES_MAX);
                n += r.rules != 0;
            }
        }
        if (seeds != NULL) {
            closedir(seeds);
        }
    }
    closedir(folders);
    assert_true(n >= 10);
}

/* What libxml2 does not give back when it runs short is its own. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:xmlBufCreate";
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_gets_better),
        cmocka_unit_test(policies_are_whole_or_refused),
        cmocka_unit_test(lists_are_whole_or_told),
        cmocka_unit_test(records_are_whole_or_refused),
    };
    struct error err;
    if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1 ||
        xmlMemSetup(free, __wrap_malloc, __wrap_realloc, xml_strdup) != 0) {
        return 1;
    }
    return crypto_init(&err) ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
