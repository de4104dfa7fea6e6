/* SPDX-License-Identifier: Apache-2.0 */
/* What the ZIP container shows of archives that are made here, good ones and every kind of liar, and that no bytes bring it down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "base/text.h"
#include "make_zip.h"
#include "source/container.h"

extern const struct container container_zip;

/* Writes down "name=content" (or "name!kind of error") of each member, sorted as they come. */
struct recorder {
    struct visitor visitor;
    struct text text;
    unsigned n;
};

static bool record(struct visitor *visitor, const struct member *member, struct error *err) {
    struct recorder *r = (struct recorder *)visitor;
    struct arena arena = arena_make((size_t)1 << 20);
    struct error why = {0};
    struct bytes all = bytes_none();
    (void)err;
    text_add(&r->text, r->n++ != 0 ? " " : "");
    text_add(&r->text, member->path);
    if (member->source == NULL) {
        text_addf(&r->text, "!%s", error_kind_name(member->problem->kind));
        assert_true(member->problem->text[0] != '\0');
    } else if (!source_read(member->source, &arena, 0, member->source->size, &all, &why)) {
        text_addf(&r->text, "!%s", error_kind_name(why.kind));
    } else if (all.n > 64) {
        text_addf(&r->text, "=%zu", all.n);
    } else {
        text_add(&r->text, "=");
        text_add_bytes(&r->text, all);
    }
    arena_free(&arena);
    return true;
}

static struct budget plenty(void) {
    return (struct budget){.depth_left = 8, .members_left = 1000, .bytes_left = 64 << 20};
}

/* The recorder's text, then each anomaly's name behind a '#', then '?' and the kind of error when the walk failed. */
static void walk_into(struct bytes archive, struct arena *arena, struct budget *budget, struct text *out) {
    struct recorder r = {.visitor = {record}};
    struct anomalies anomalies = {0};
    struct memory_source memory;
    struct error err = {0};
    memory_source_init(&memory, "a.zip", archive);
    bool ok = container_zip.walk(&memory.source, arena, budget, &r.visitor, &anomalies, &err);
    text_add(out, text_c(&r.text));
    for (size_t i = 0; i < anomalies.n; i++) {
        text_addf(out, " #%s", anomaly_text(anomalies.all[i].name));
    }
    if (!ok) {
        assert_true(err.kind != ERR_NONE && err.text[0] != '\0');
        text_addf(out, " ?%s", error_kind_name(err.kind));
    }
    text_free(&r.text);
}

static bool is_zip(struct bytes b, size_t tail) {
    struct probe probe = {.head = bytes_cut(b, 0, PROBE_HEAD), .tail = bytes_cut(b, b.n > tail ? b.n - tail : 0, tail), .size = b.n};
    return container_zip.probe(&probe);
}

static void expect(const struct made *m, const char *want) {
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct budget budget = plenty();
    struct text out = {0};
    struct bytes b = bytes_make(m->p, m->n);
    assert_true(is_zip(b, PROBE_TAIL));
    walk_into(b, &arena, &budget, &out);
    assert_string_equal(text_c(&out), want);
    text_free(&out);
    arena_free(&arena);
}

static struct made *fresh(void) {
    static struct made m;
    m = (struct made){.n = 0};
    return &m;
}

static struct made_member plain(const char *name, const char *text) {
    return (struct made_member){.name = name, .data = bytes_text(text)};
}

static struct made_member packed(const char *name, const char *text) {
    return (struct made_member){.name = name, .data = bytes_text(text), .method = 8};
}

static const char long_text[] = "alpha alpha alpha alpha alpha alpha alpha alpha alpha alpha alpha alpha alpha alpha alpha alpha";

static void shows_what_is_there(void **state) {
    (void)state;
    struct made *m = fresh();
    made_add(m, plain("a", "alpha"));
    made_add(m, plain("folder/", ""));
    made_add(m, packed("folder/b", "beta beta beta"));
    made_end(m, "a comment", 0);
    expect(m, "a=alpha folder/b=beta beta beta");
    m = fresh();
    made_end(m, "", 0);
    expect(m, "");
}

static void streamed_members_are_whole(void **state) {
    (void)state;
    struct made *m = fresh();
    struct made_member a = packed("a", long_text), b = plain("b", "beta");
    a.streamed = b.streamed = true;
    made_add(m, a);
    made_add(m, b);
    struct made cut = *m;
    made_end(m, "", 0);
    expect(m, "a=95 b=beta");
    expect(&cut, "a=95 b=beta ?malformed");
}

static void what_cant_be_read_is_said(void **state) {
    (void)state;
    struct made *m = fresh();
    struct made_member secret = packed("secret", long_text), zstd = plain("zstd", "x"), far = plain("far", "far");
    secret.flags = 1;
    zstd.method = 93;
    made_add(m, secret);
    made_add(m, zstd);
    made_add(m, far);
    m->members[2].at += 0x1000;
    made_add(m, plain("good", "good"));
    made_end(m, "", 0);
    expect(m, "secret!unsupported good=good far!malformed far=far zstd!unsupported #hidden-member #encrypted-member");
}

static void both_readings_are_looked_at(void **state) {
    (void)state;
    struct made *m = fresh();
    struct made_member a = packed("a", long_text);
    a.local_method_more = 1; /* deflate64 in the local header */
    made_add(m, a);
    struct made_member b = packed("b", long_text);
    b.central_size = 5;
    made_add(m, b);
    struct made_member c = packed("c", long_text);
    c.both_sizes = 5; /* both lie: the data knows better */
    made_add(m, c);
    struct made_member d = packed("d", long_text);
    d.both_sizes = 500;
    made_add(m, d);
    struct made_member e = plain("e", "epsilon");
    e.local_name = "f";
    made_add(m, e);
    made_end(m, "", 0);
    expect(m, "a=95 b=alpha b=95 b=95 c=alpha c=95 d!malformed d=95 e=epsilon a!unsupported #member-mismatch #name-mismatch");
}

static void what_no_directory_names_is_found(void **state) {
    (void)state;
    struct made *m = fresh();
    struct made_member hidden = packed("hidden", long_text);
    hidden.unlisted = true;
    made_add(m, plain("a", "alpha"));
    made_add(m, hidden);
    made_add(m, plain("b", "beta"));
    made_end(m, "", 0);
    expect(m, "a=alpha b=beta hidden=95 #hidden-member");
}

static void an_archive_without_end_is_still_read(void **state) {
    (void)state;
    struct made *m = fresh();
    made_add(m, plain("a", "alpha"));
    made_add(m, packed("b", long_text));
    expect(m, "a=alpha b=95 ?malformed");
}

static void every_directory_is_read(void **state) {
    (void)state;
    struct made *m = fresh();
    made_add(m, plain("a", "alpha"));
    made_end(m, "", 0);
    uint32_t first = (uint32_t)m->n;
    made_add(m, plain("b", "beta"));
    made_end(m, "", first); /* appended without knowing what is before it */
    expect(m, "a=alpha b=beta #two-directories");

    static struct made inner;
    inner = (struct made){.n = 0};
    made_add(&inner, plain("b", "beta"));
    made_end(&inner, "", 0);
    m = fresh();
    made_add(m, plain("a", "alpha"));
    made_end(m, "", 0);
    m->p[m->n - 2] = (uint8_t)inner.n; /* an archive in the comment of another one */
    made_bytes(m, inner.p, inner.n);
    expect(m, "a=alpha b=beta #two-directories");

    m = fresh(); /* but one that is a member is that member's business */
    made_add(m, (struct made_member){.name = "inner.zip", .data = bytes_make(inner.p, inner.n)});
    made_end(m, "", 0);
    expect(m, "inner.zip=104");
}

static void counts_are_not_believed(void **state) {
    (void)state;
    struct made *m = fresh();
    made_add(m, plain("a", "alpha"));
    made_end(m, "", 0);
    m->p[m->n - 12] = m->p[m->n - 14] = 0;
    expect(m, "a=alpha #odd-layout");
}

static void what_stands_around_it_is_told(void **state) {
    (void)state;
    static const struct {
        const char *front, *back, *want;
    } rows[] = {
        {"\1some bytes that are nothing", "", "a=alpha #odd-layout"},
        {"#!/bin/sh\n", "", "a=alpha"},
        {"GIF89a", "", "a=alpha #polyglot"},
        {"", "tail", "a=alpha #data-after-container"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned knows = 0; knows < 2; knows++) {
            struct made *m = fresh();
            made_bytes(m, rows[i].front, strlen(rows[i].front));
            made_add(m, plain("a", "alpha"));
            made_end(m, "", knows != 0 ? 0 : (uint32_t)strlen(rows[i].front));
            made_bytes(m, rows[i].back, strlen(rows[i].back));
            expect(m, rows[i].want);
        }
    }
}

static void names_are_only_text(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool odd;
    } rows[] = {{"../a", true},     {"a/../../b", true}, {"..\\a", true},   {"/etc/passwd", true}, {"C:a", true},
                {"\\\\x\\y", true}, {"a/..b", false},    {"a..b/c", false}, {"a\\b.exe", false},   {"...", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[64];
        struct made *m = fresh();
        made_add(m, plain(rows[i].name, "alpha"));
        made_end(m, "", 0);
        snprintf(want, sizeof want, "%s=alpha%s", rows[i].name, rows[i].odd ? " #unsafe-name" : "");
        expect(m, want);
    }
    struct made *m = fresh();
    made_add(m, plain("twice", "alpha"));
    made_add(m, plain("twice", "beta"));
    made_end(m, "", 0);
    expect(m, "twice=alpha twice=beta #duplicate-member");
}

/* Many entries over the same bytes: some are looked at, the rest is refused. */
static void overlaps_end(void **state) {
    (void)state;
    struct made *m = fresh();
    made_add(m, plain("a", "alpha"));
    for (; m->n_members < 40; m->n_members++) {
        m->members[m->n_members] = m->members[0];
    }
    made_end(m, "", 0);
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct budget budget = plenty();
    struct text out = {0};
    walk_into(bytes_make(m->p, m->n), &arena, &budget, &out);
    unsigned shown = 0, refused = 0;
    for (const char *p = text_c(&out); *p != '\0'; p++) {
        shown += strncmp(p, "a=alpha", 7) == 0;
        refused += strncmp(p, "a!limit", 7) == 0;
    }
    assert_int_equal(shown, 17);
    assert_int_equal(refused, 23);
    assert_non_null(strstr(text_c(&out), "#overlapping-member"));
    text_free(&out);
    arena_free(&arena);
}

static void limits_end_it(void **state) {
    (void)state;
    static uint8_t zeros[MADE_MAX / 2];
    struct made *m = fresh();
    for (unsigned i = 0; i < 30; i++) {
        made_add(m, (struct made_member){.name = "z", .data = bytes_make(zeros, sizeof zeros), .method = 8});
    }
    made_end(m, "", 0);
    static const struct { uint64_t members, bytes; } rows[] = {{3, 64 << 20}, {1000, 100000}, {0, 1000}, {1000, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = arena_make(ARENA_FILE_CAP);
        struct budget budget = {.depth_left = 8, .members_left = rows[i].members, .bytes_left = rows[i].bytes};
        struct text out = {0};
        walk_into(bytes_make(m->p, m->n), &arena, &budget, &out);
        assert_non_null(strstr(text_c(&out), "?limit"));
        text_free(&out);
        arena_free(&arena);
    }
}

static void try_variant(struct bytes variant, struct arena *arena, void *context) {
    struct text out = {0};
    struct budget budget = {.depth_left = 8, .members_left = 100, .bytes_left = 1 << 20};
    (void)context;
    (void)is_zip(variant, variant.n);
    walk_into(variant, arena, &budget, &out);
    text_free(&out);
}

static void no_bytes_bring_it_down(void **state) {
    (void)state;
    struct made *m = fresh();
    struct made_member a = packed("a", long_text), hidden = plain("h", "hidden");
    a.streamed = true;
    hidden.unlisted = true;
    made_bytes(m, "#!", 2);
    made_add(m, a);
    made_add(m, hidden);
    made_add(m, plain("b/../c", "beta"));
    made_end(m, "comment", 2);
    hostile_cuts(bytes_make(m->p, m->n), 1, try_variant, NULL);
    hostile_flips(bytes_make(m->p, m->n), 1, try_variant, NULL);
    hostile_caps(bytes_make(m->p, m->n), 16384, 61, try_variant, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_is_there),
        cmocka_unit_test(streamed_members_are_whole),
        cmocka_unit_test(what_cant_be_read_is_said),
        cmocka_unit_test(both_readings_are_looked_at),
        cmocka_unit_test(what_no_directory_names_is_found),
        cmocka_unit_test(an_archive_without_end_is_still_read),
        cmocka_unit_test(every_directory_is_read),
        cmocka_unit_test(counts_are_not_believed),
        cmocka_unit_test(what_stands_around_it_is_told),
        cmocka_unit_test(names_are_only_text),
        cmocka_unit_test(overlaps_end),
        cmocka_unit_test(limits_end_it),
        cmocka_unit_test(no_bytes_bring_it_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
