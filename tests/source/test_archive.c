/* SPDX-License-Identifier: Apache-2.0 */
/* What the container of archives shows of files made here. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "make_archive.h"
#include "source/archive.h"
#include "source/container.h"

extern const struct container container_archive;

static struct arena whole, *arena = &whole;
static struct bytes large; /* no part of it comes twice; packs a little */

static int setup(void **state) {
    (void)state;
    whole = arena_make((size_t)512 << 20);
    uint8_t *p = arena_alloc(arena, 18 << 20);
    uint32_t next = 1;
    for (size_t i = 0; i < 18 << 20; i++) {
        next = next * 1664525 + 1013904223;
        p[i] = (uint8_t)(next >> 24) & 0x3f;
    }
    large = bytes_make(p, 18 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

/* Writes down "name=content" (a long one by its size, when it is as it should be), or "name!kind of error". */
struct recorder {
    struct visitor visitor;
    struct text text;
    unsigned n, most;
};

static bool record(struct visitor *visitor, const struct member *member, struct error *err) {
    struct recorder *r = (struct recorder *)visitor;
    struct arena own = arena_make((size_t)32 << 20);
    struct error why = {0};
    struct bytes all, head, again;
    text_addf(&r->text, "%s%s", r->text.n != 0 ? " " : "", member->path);
    if (member->source == NULL) {
        text_addf(&r->text, "!%s", error_kind_name(member->problem->kind));
    } else if (!source_read_some(member->source, &own, 0, 4096, &head, &why) ||
               !source_read(member->source, &own, 0, member->source->size, &all, &why) ||
               !source_read_some(member->source, &own, 70000, 66000, &again, &why)) {
        text_addf(&r->text, "!%s", error_kind_name(why.kind));
    } else if (all.n <= 64) {
        text_add(&r->text, "=");
        text_add_bytes(&r->text, all);
    } else {
        bool same = bytes_starts(large, all) && bytes_starts(all, head) && bytes_equal(again, bytes_cut(all, 70000, 66000));
        text_addf(&r->text, "=%s%zu", same ? "" : "wrong", all.n);
    }
    arena_free(&own);
    return ++r->n < r->most || error_set(err, ERR_LIMIT, "enough");
}

static struct anomalies anomalies;

/* What the walk shows; the caller frees it. */
static char *shown(const char *name, struct bytes b, uint64_t bytes_left) {
    struct recorder r = {.visitor = {record}, .most = 100};
    struct budget budget = {.depth_left = 8, .members_left = 1000, .bytes_left = bytes_left};
    struct memory_source memory;
    struct error err = {0};
    memory_source_init(&memory, name, b);
    anomalies = (struct anomalies){0};
    if (!container_archive.walk(&memory.source, arena, &budget, &r.visitor, &anomalies, &err)) {
        text_addf(&r.text, "%s(%s)", r.text.n != 0 ? " " : "", error_kind_name(err.kind));
        assert_int_not_equal(err.kind, ERR_NONE);
    }
    return r.text.p != NULL ? r.text.p : strdup("");
}

static void expect(const char *name, struct bytes b, const char *want) {
    char *got = shown(name, b, UINT64_C(1) << 30);
    if (strcmp(got, want) != 0) {
        print_error("%s: %s\n  instead of %s\n", name, got, want);
    }
    assert_string_equal(got, want);
    free(got);
}

static const struct {
    const char *name;
    made_as *format, *filter;
    enum archive_kind kind;
} kinds[] = {
    {"v7", archive_write_set_format_v7tar, made_plain, ARCHIVE_TAR},
    {"ustar", archive_write_set_format_ustar, made_plain, ARCHIVE_TAR},
    {"gnu", archive_write_set_format_gnutar, made_plain, ARCHIVE_TAR},
    {"pax", archive_write_set_format_pax, made_plain, ARCHIVE_TAR},
    {"tgz", archive_write_set_format_pax, archive_write_add_filter_gzip, ARCHIVE_GZIP},
    {"tbz", archive_write_set_format_ustar, archive_write_add_filter_bzip2, ARCHIVE_BZIP2},
    {"txz", archive_write_set_format_ustar, archive_write_add_filter_xz, ARCHIVE_XZ},
    {"tlzma", archive_write_set_format_ustar, archive_write_add_filter_lzma, ARCHIVE_LZMA},
    {"tlz", archive_write_set_format_ustar, archive_write_add_filter_lzip, ARCHIVE_LZIP},
    {"tzst", archive_write_set_format_ustar, archive_write_add_filter_zstd, ARCHIVE_ZSTD},
    {"tlz4", archive_write_set_format_ustar, archive_write_add_filter_lz4, ARCHIVE_LZ4},
    {"tz", archive_write_set_format_ustar, archive_write_add_filter_compress, ARCHIVE_COMPRESS},
    {"cpio.gz", archive_write_set_format_cpio_newc, archive_write_add_filter_gzip, ARCHIVE_GZIP},
    {"7z", archive_write_set_format_7zip, made_plain, ARCHIVE_7Z},
    {"iso", archive_write_set_format_iso9660, made_plain, ARCHIVE_ISO},
    {"ar", archive_write_set_format_ar_bsd, made_plain, ARCHIVE_AR},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static struct bytes make(size_t kind, const struct part *parts, size_t n) {
    const char *options = kinds[kind].kind == ARCHIVE_ISO ? "!pad" : kinds[kind].kind == ARCHIVE_7Z ? "7zip:compression=lzma2" : "";
    struct bytes b = make_archive(arena, kinds[kind].format, kinds[kind].filter, options, parts, n);
    assert_int_not_equal(b.n, 0);
    return b;
}

static void members_of_every_kind(void **state) {
    (void)state;
    const struct part parts[] = {
        {"a.txt", bytes_text("first")}, {"empty", bytes_none()}, {"b.exe", bytes_cut(large, 0, 300000)}, {"c", bytes_text("third")}};
    for (size_t i = 0; i < N_KINDS; i++) {
        struct bytes b = make(i, parts, 4);
        bool iso = kinds[i].kind == ARCHIVE_ISO;
        assert_int_equal(archive_kind_of(b), iso ? ARCHIVE_KINDS : kinds[i].kind);
        assert_int_equal(archive_is_iso(bytes_cut(b, ARCHIVE_MIDDLE_AT, ARCHIVE_MIDDLE)), iso);
        expect(kinds[i].name, b, "a.txt=first b.exe=300000 c=third");
    }
    expect("rar", make_rar(arena, "d/e.exe", bytes_text("content")), "d/e.exe=content");
    expect("lha", make_lha(arena, "e.exe", "f.exe", bytes_text("content")), "e.exe=content f.exe=content");
}

/* A header is summed where its level has it so, and of a sensible size where it has not. */
static void beginnings_of_lha(void **state) {
    (void)state;
    struct bytes b = make_lha(arena, "e.exe", "f.exe", bytes_text("content"));
    uint8_t p[64] = "\x22\0-lh5-\7\0\0\0\7\0\0\0\0\0\0\0\x20\2";
    size_t second = bytes_find(b, bytes_text("-lh0-"), 7) - 2;
    assert_int_equal(archive_kind_of(bytes_make(p, sizeof p)), ARCHIVE_LHA);
    p[0] = 20;
    assert_int_equal(archive_kind_of(bytes_make(p, sizeof p)), ARCHIVE_KINDS);
    memcpy(p, b.p, 40);
    assert_int_equal(archive_kind_of(bytes_make(p, sizeof p)), ARCHIVE_LHA);
    p[7] ^= 1;
    assert_int_equal(archive_kind_of(bytes_make(p, sizeof p)), ARCHIVE_KINDS);
    for (size_t n = 0; n < b.n - 1; n++) {
        char *got = shown("cut", bytes_cut(b, 0, n), 1 << 20);
        bool told = strchr(got, '!') != NULL || strchr(got, '(') != NULL;
        bool known = archive_kind_of(bytes_cut(b, 0, n)) != ARCHIVE_KINDS;
        if (known && !told && n != second) { /* there the first file ends, and nothing says that there is another one */
            fail_msg("cut to %zu of %zu: %s", n, b.n, got);
        }
        free(got);
    }
}

static void names_of_other_scripts(void **state) {
    (void)state;
    const struct part part = {"b\xc3\xa4r.exe", bytes_text("x")};
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    for (size_t i = 0; i < N_KINDS; i++) {
        if (kinds[i].kind == ARCHIVE_7Z || kinds[i].format == archive_write_set_format_pax || kinds[i].kind == ARCHIVE_ISO) {
            expect(kinds[i].name, make(i, &part, 1), "b\xc3\xa4r.exe=x");
        }
    }
}

static void packed_files(void **state) {
    (void)state;
    const struct part small = {"x", bytes_text("MZ small")}, big = {"x", large};
    for (size_t i = 0; i < N_KINDS; i++) {
        if (archive_is_packed(kinds[i].kind) && kinds[i].kind != ARCHIVE_LZMA) {
            struct bytes b = make_archive(arena, archive_write_set_format_raw, kinds[i].filter, "", &small, 1);
            assert_true(b.n > 8);
            expect("/a/setup.exe.GZ", b, "setup.exe=MZ small");
            expect("setup", b, "data=MZ small");
        }
    }
    struct bytes b = make_archive(arena, archive_write_set_format_raw, archive_write_add_filter_gzip, "", &big, 1);
    expect("b.zst", b, "b=18874368"); /* too large to be kept: unpacked again for each look back */
    expect("b.zst", bytes_cut(b, 0, b.n / 2), "b=9371648 (malformed)");
    struct bytes two = make_archive(arena, archive_write_set_format_raw, archive_write_add_filter_bzip2, "", &small, 1);
    uint8_t *twice = arena_alloc(arena, 2 * two.n);
    memcpy(twice, two.p, two.n);
    memcpy(twice + two.n, two.p, two.n);
    expect("t.bz2", bytes_make(twice, 2 * two.n), "t=MZ smallMZ small");
}

/* Most are unpacked at once. What is odd about one makes no difference. */
static void gzip_files_of_all_sorts(void **state) {
    (void)state;
    const struct part part = {"x", bytes_text("MZ small")};
    struct bytes b = make_archive(arena, archive_write_set_format_raw, archive_write_add_filter_gzip, "", &part, 1);
    uint8_t *twice = arena_alloc(arena, 2 * b.n + 512);
    memcpy(twice, b.p, b.n);
    expect("a.gz", b, "a=MZ small");
    memcpy(twice + b.n, b.p, b.n);
    expect("a.gz", bytes_make(twice, 2 * b.n), "a=MZ smallMZ small");
    memset(twice + b.n, 0, 512); /* as on a tape */
    expect("a.gz", bytes_make(twice, b.n + 512), "a=MZ small");
    for (uint32_t size = 0; size < 20; size++) { /* a length that is not so */
        twice[b.n - 4] = (uint8_t)size;
        expect("a.gz", bytes_make(twice, b.n), "a=MZ small");
    }
    memset(twice + b.n - 4, 0xff, 4);
    expect("a.gz", bytes_make(twice, b.n), "a=MZ small");
    twice[b.n - 8] ^= 1; /* and a checksum that is not */
    expect("a.gz", bytes_make(twice, b.n), "a=MZ small");
}

/* Nothing, packed, holds nothing; what was cut short is no such thing. */
static void packed_nothing(void **state) {
    (void)state;
    const struct part nothing = {"x", bytes_none()};
    for (size_t i = 0; i < N_KINDS; i++) {
        bool plain =
            kinds[i].kind == ARCHIVE_GZIP || kinds[i].kind == ARCHIVE_BZIP2 || kinds[i].kind == ARCHIVE_XZ || kinds[i].kind == ARCHIVE_ZSTD;
        if (!plain) {
            continue;
        }
        struct bytes b = make_archive(arena, archive_write_set_format_raw, kinds[i].filter, "", &nothing, 1);
        assert_true(b.n > 8);
        expect(kinds[i].name, b, "");
        char *cut = shown(kinds[i].name, bytes_cut(b, 0, b.n - 1), 1 << 20);
        assert_string_not_equal(cut, "");
        free(cut);
    }
}

static void large_members_are_unpacked_again(void **state) {
    (void)state;
    const struct part parts[] = {{"a", bytes_text("first")}, {"b", large}, {"c", bytes_text("third")}};
    for (size_t i = 0; i < N_KINDS; i++) {
        if (kinds[i].kind == ARCHIVE_TAR || kinds[i].kind == ARCHIVE_GZIP || kinds[i].kind == ARCHIVE_ZSTD) {
            expect(kinds[i].name, make(i, parts, 3), "a=first b=18874368 c=third");
        }
    }
}

static void what_stands_behind_the_end_mark(void **state) {
    (void)state;
    const struct part a = {"a", bytes_text("first")}, b = {"b", bytes_text("second")};
    struct bytes x = make(1, &a, 1), y = make(1, &b, 1);
    uint8_t *both = arena_alloc(arena, x.n + y.n);
    memcpy(both, x.p, x.n);
    memcpy(both + x.n, y.p, y.n);
    expect("tar", bytes_make(both, x.n + y.n), "a=first b=second");
    both[x.n + 20] = 1; /* a header that its checksum does not fit: it is gone past, and told */
    expect("tar", bytes_make(both, x.n + y.n), "a=first (malformed)");
}

static void limits(void **state) {
    (void)state;
    const struct part part = {"a", bytes_cut(large, 0, 1 << 20)};
    struct bytes b = make(4, &part, 1);
    char *got = shown("tgz", b, 1000);
    assert_string_equal(got, "a!limit (limit)");
    free(got);
    uint8_t *zeros = calloc(1, 70 << 20);
    const struct part bomb = {"a", bytes_make(zeros, 70 << 20)};
    b = make_archive(arena, archive_write_set_format_raw, archive_write_add_filter_gzip, "", &bomb, 1);
    free(zeros);
    assert_int_not_equal(b.n, 0);
    expect("bomb.gz", b, "bomb!limit (limit)");
    uint8_t *image = arena_alloc(arena, 2048); /* no empty tar archive, whatever it looks like */
    memcpy(image + 1024, "content", 7);
    const struct part hidden = {"a", bytes_make(image, 2048)};
    got = shown("a.gz", make_archive(arena, archive_write_set_format_raw, archive_write_add_filter_gzip, "", &hidden, 1), 1 << 20);
    assert_string_equal(got, "a=wrong2048");
    free(got);
}

static void names_that_lead_out(void **state) {
    (void)state;
    const struct part parts[] = {
        {"../../a", bytes_text("x")}, {"/abs", bytes_text("y")}, {"a..b", bytes_text("z")}, {"d/..", bytes_text("w")}};
    expect("tar", make(1, parts, 4), "../../a=x /abs=y a..b=z d/..=w");
    assert_int_equal(anomalies.n, 1);
    assert_int_equal(anomalies.all[0].name, ANOMALY_UNSAFE_NAME);
    assert_string_equal(anomalies.all[0].detail, "../../a and 1 more");
}

/* Whatever is cut off: no member has other bytes than it should, and what is missing is told, but for the kinds without an end mark (which
 * tar does not need). */
static void cut_anywhere(void **state) {
    (void)state;
    const struct part parts[] = {{"a.txt", bytes_text("first")}, {"b.exe", bytes_cut(large, 0, 3000)}};
    for (size_t i = 0; i < N_KINDS; i++) {
        if (kinds[i].kind == ARCHIVE_COMPRESS) {
            continue; /* its beginning is one of something else */
        }
        struct bytes b = make(i, parts, 2);
        size_t step = b.n > 4096 ? b.n / 512 | 1 : 1;
        for (size_t n = 0; n < b.n; n += step) {
            char *got = shown("cut", bytes_cut(b, 0, n), 1 << 20);
            bool all = strstr(got, "a.txt=first") != NULL && strstr(got, "b.exe=3000") != NULL;
            bool told = strchr(got, '!') != NULL || strchr(got, '(') != NULL;
            bool endless = kinds[i].kind == ARCHIVE_TAR || kinds[i].kind == ARCHIVE_AR;
            bool known = archive_kind_of(bytes_cut(b, 0, n)) != ARCHIVE_KINDS;
            if (strstr(got, "wrong") != NULL || (!all && !told && known && !endless)) {
                fail_msg("%s cut to %zu of %zu: %s", kinds[i].name, n, b.n, got);
            }
            free(got);
        }
    }
}

static void what_is_no_archive(void **state) {
    (void)state;
    static const char *const heads[] = {
        "", "MZ", "7z\xbc\xaf", "BZh9abc", "\x1f\x8b\x08\xff", "Rar!", "!<arch>\n/               ", "]\0\0\1\0", "LZIP\7", "\x1f\x9d\xff"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        assert_int_equal(archive_kind_of(bytes_text(heads[i])), ARCHIVE_KINDS);
    }
    uint8_t zeros[4096] = {0};
    assert_int_equal(archive_kind_of(bytes_make(zeros, sizeof zeros)), ARCHIVE_KINDS);
    assert_false(archive_is_iso(bytes_none()));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_every_kind),
        cmocka_unit_test(beginnings_of_lha),
        cmocka_unit_test(names_of_other_scripts),
        cmocka_unit_test(packed_files),
        cmocka_unit_test(gzip_files_of_all_sorts),
        cmocka_unit_test(packed_nothing),
        cmocka_unit_test(large_members_are_unpacked_again),
        cmocka_unit_test(what_stands_behind_the_end_mark),
        cmocka_unit_test(limits),
        cmocka_unit_test(names_that_lead_out),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(what_is_no_archive),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
