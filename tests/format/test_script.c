/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../asn1/build.h"
#include "../fuzz/hostile.h"
#include "base/base64.h"
#include "format/format.h"

#include "../with_arena.h" /* the last: its arena has the name of many parameters */

extern const struct format format_script;

static bool taken_as(struct bytes b, const char *name, bool thorough) {
    size_t tail = b.n > PROBE_HEAD ? b.n - PROBE_TAIL : b.n;
    struct probe probe = {.head = bytes_cut(b, 0, PROBE_HEAD), .tail = bytes_cut(b, tail, b.n), .size = b.n};
    probe.name = name;
    probe.thorough = thorough;
    return format_script.probe(&probe);
}

static bool taken(struct bytes b) {
    return taken_as(b, NULL, false);
}

static struct contents read_script(struct bytes b, struct arena *memory) {
    struct contents contents = {0};
    struct memory_source source;
    struct error err = {0};
    memory_source_init(&source, "test", b);
    assert_true(format_script.read(&source.source, memory, &contents, &err) || err.kind == ERR_LIMIT);
    return contents;
}

static struct bytes encoded(struct bytes b) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(arena, b.n * 2 + 8);
    size_t n = 0;
    for (size_t i = 0; i < b.n; i += 3) {
        uint32_t v = (uint32_t)b.p[i] << 16 | (i + 1 < b.n ? (uint32_t)b.p[i + 1] << 8 : 0) | (i + 2 < b.n ? b.p[i + 2] : 0);
        for (int k = 0; k < 4; k++) {
            out[n++] = i + (size_t)k <= b.n ? alphabet[v >> (18 - 6 * k) & 63] : '=';
        }
    }
    return bytes_make(out, n);
}

static struct bytes signature(void) {
    struct bytes leaf = build_cert(arena, "issuer", "leaf", B("\x12\x34"), "key");
    return build_signed_data(arena, leaf, bytes_none(), build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), bytes_none()));
}

/* A block in lines of 64, in the manner of "# " or another. */
static struct bytes block_of(struct bytes der, const char *begin, const char *before, const char *after, const char *end) {
    struct bytes text = encoded(der), out = join(arena, B("\r\n"), bytes_text(begin), B("\r\n"), END);
    for (size_t i = 0; i < text.n; i += 64) {
        out = join(arena, out, bytes_text(before), bytes_cut(text, i, 64), bytes_text(after), B("\r\n"), END);
    }
    return join(arena, out, bytes_text(end), B("\r\n"), END);
}

static struct bytes powershell(struct bytes der) {
    return block_of(der, "# SIG # Begin signature block", "# ", "", "# SIG # End signature block");
}

static struct bytes vbscript(void) {
    return block_of(signature(), "'' SIG '' Begin signature block", "'' SIG '' ", "", "'' SIG '' End signature block");
}

static struct bytes wsf(void) {
    return block_of(signature(), "<signature>", "** SIG ** ", "", "</signature>");
}

static struct bytes widened(struct bytes b) {
    uint8_t *out = arena_alloc(arena, b.n * 2);
    for (size_t i = 0; i < b.n; i++) {
        out[2 * i] = b.p[i];
    }
    return bytes_make(out, b.n * 2);
}

/* What a claim hashes, put together. */
static struct bytes hashed(const struct claim *claim, struct bytes file) {
    struct bytes all = bytes_none();
    for (size_t i = 0; i < claim->n_spans; i++) {
        const struct span *s = &claim->spans[i];
        all = join(arena, all, s->literal.n != 0 ? s->literal : bytes_cut(file, (size_t)s->at, (size_t)s->n), END);
    }
    return all;
}

static void what_is_hashed(void **state) {
    (void)state;
    struct bytes ps = powershell(signature()), vb = vbscript();
    const struct {
        struct bytes file, hashed;
    } rows[] = {
        {join(arena, B("ab"), ps, END), B("a\0b\0")},
        {join(arena, B("\xc3\xa9\xf0\x9f\x98\x80"), ps, END), B("\xe9\0\x3d\xd8\x00\xde")},
        {join(arena, B("\xe9\x80\x81\xff"), ps, END), B("\xe9\0\xac\x20\x81\0\xff\0")}, /* no UTF-8: Windows-1252 */
        {join(arena, B("\xef\xbb\xbf\xe9"), ps, END), B("\xff\xfe\xfd\xff")},           /* told to be UTF-8 */
        {join(arena, B("\xff\xfe"), widened(join(arena, B("ab"), ps, END)), END), B("\xff\xfe\x61\0b\0")},
        {join(arena, B("\xc3\xa9"), vb, END), B("\xc3\0\xa9\0\2\0\0\0")},
        {join(arena, B("\xef\xbb\xbf\xc3\xa9"), vb, END), B("\xe9\0\1\0\0\0")},
        {join(arena, B("\xff\xfe"), widened(join(arena, B("abc"), vb, END)), END), B("a\0b\0c\0\3\0\0\0")},
        {join(arena, B("<job>\r\n"), wsf(), B("</job>"), END), B("<\0j\0o\0b\0>\0\r\0\n\0<\0/\0j\0o\0b\0>\0\7\0\0\0")},
        {bytes_cut(ps, 2, ps.n), bytes_none()},
        {join(arena, B("\n"), bytes_cut(ps, 2, ps.n), END), bytes_none()},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(taken(rows[i].file));
        struct contents c = read_script(rows[i].file, arena);
        assert_int_equal(c.n_signatures, 1);
        assert_string_equal(c.signatures[0].part, "signature");
        assert_int_equal(c.signatures[0].n_claims, 1);
        assert_true(bytes_equal(hashed(&c.signatures[0].claims[0], rows[i].file), rows[i].hashed));
        assert_int_equal(c.anomalies.n, 0);
        assert_int_equal(c.unreadable.kind, ERR_NONE);
    }
}

static void what_no_script_is_signed_by(void **state) {
    (void)state;
    const struct bytes rows[] = {
        B("# SIG # Begin signature block\n# SIG # End signature block\n"),
        B("# SIG # Begin signature block\n# text\n# SIG # End signature block\n"),
        B("echo '# SIG # Begin signature block'"),
        B("<signature>\n</signature>\n** SIG **"),
        bytes_none(),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contents c = read_script(rows[i], arena);
        assert_int_equal(c.n_signatures, 0);
        assert_int_equal(c.anomalies.n, 0);
        assert_int_equal(c.unreadable.kind, ERR_NONE);
    }
    assert_false(taken(B("")));
    assert_false(taken(B("# an ordinary script\n")));
    assert_false(taken(join(arena, B("MZ\0"), powershell(signature()), END)));
}

/* More text behind a block than is looked at for it: found by the file's name, or when all text is to be read. */
static void text_behind(void **state) {
    (void)state;
    struct bytes behind = bytes_make(arena_alloc(arena, 5000), 5000);
    memset((uint8_t *)behind.p, '#', behind.n);
    struct bytes file = join(arena, B("Get-Date\r\n"), powershell(signature()), behind, END);
    assert_false(taken(file));
    assert_false(taken_as(file, "dir/notes.txt", false));
    assert_false(taken_as(file, ".ps1", false));
    assert_true(taken_as(file, "dir/notes.txt", true));
    static const char *const names[] = {"a.ps1", "dir/A.PSM1", "a.psd1", "a.vbs", "x.js", "a.ps1xml", "a.wsf", "a.mof"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(taken_as(file, names[i], false));
    }
    struct contents c = read_script(file, arena);
    assert_int_equal(c.n_signatures, 1);
    assert_false(c.other);
    assert_true(anomaly_has(&c.anomalies, ANOMALY_TEXT_AFTER_SIGNATURE));
    assert_true(read_script(behind, arena).other);
    assert_false(taken_as(join(arena, B("MZ\0"), file, END), "a.txt", true));
}

static struct bytes big_endian(struct bytes b) {
    uint8_t *out = arena_alloc(arena, b.n * 2);
    for (size_t i = 0; i < b.n; i++) {
        out[2 * i + 1] = b.p[i];
    }
    return bytes_make(out, b.n * 2);
}

/* Text that Windows signs otherwise, or not at all, but runs as a script: the certificate in it is seen, what it covers is not known. */
static void odd_texts(void **state) {
    (void)state;
    struct bytes ps = powershell(signature()), text = B("Get-Date\r\n");
    const struct {
        struct bytes file;
        size_t claims;
    } rows[] = {
        {join(arena, B("# \0\r\n"), text, ps, END), 1},
        {join(arena, B("\xfe\xff"), big_endian(join(arena, text, ps, END)), END), 0},
        {join(arena, B("\xfe\xff"), big_endian(text), ps, END), 1},
        {join(arena, B("\xff\xfe"), widened(text), ps, END), 0},
        {widened(join(arena, text, ps, END)), 0},
        {big_endian(join(arena, text, ps, END)), 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct probe probe = {.head = rows[i].file, .tail = rows[i].file, .whole = rows[i].file, .size = rows[i].file.n, .name = "a.ps1"};
        assert_true(format_script.probe(&probe));
        struct contents c = read_script(rows[i].file, arena);
        assert_int_equal(c.n_signatures, 1);
        assert_int_equal(c.signatures[0].n_claims, rows[i].claims);
        assert_int_equal(c.unreadable.kind, ERR_NONE);
        assert_false(c.other);
    }
    static const char crs[] = "Get-Date\r# SIG # Begin signature block\r# ";
    assert_int_equal(read_script(join(arena, B(crs), encoded(signature()), B("\r# SIG # End signature block\r"), END), arena).n_signatures,
                     1);
}

/* All of a script's text was read: then its name alone says nothing. The letter case of a mark is as free as in the block itself. */
static void whole_text(void **state) {
    (void)state;
    struct bytes behind = bytes_make(arena_alloc(arena, 5000), 5000);
    memset((uint8_t *)behind.p, '#', behind.n);
    static const char *const marks[] = {"# SIG # Begin signature block\n", "// sig // BEGIN SIGNATURE BLOCK\n", "** sIG ** AAAA\n"};
    for (size_t i = 0; i <= sizeof marks / sizeof *marks; i++) {
        bool marked = i < sizeof marks / sizeof *marks;
        struct bytes file = join(arena, B("x = 1 * lock\n"), bytes_text(marked ? marks[i] : "// block of a sig\n"), behind, END);
        struct probe probe = {.head = bytes_cut(file, 0, PROBE_HEAD), .tail = bytes_cut(file, file.n - PROBE_TAIL, file.n)};
        probe.size = file.n;
        probe.name = "a.js";
        assert_true(format_script.probe(&probe));
        probe.whole = file;
        assert_int_equal(format_script.probe(&probe), marked);
    }
}

static void odd_blocks(void **state) {
    (void)state;
    struct bytes ps = powershell(signature());
    struct contents two = read_script(join(arena, B("a"), ps, ps, END), arena);
    assert_int_equal(two.n_signatures, 2);
    assert_string_equal(two.signatures[1].part, "block1");
    assert_true(anomaly_has(&two.anomalies, ANOMALY_SEVERAL_BLOCKS));
    struct contents more = read_script(join(arena, B("a"), ps, B("b"), END), arena);
    assert_true(anomaly_has(&more.anomalies, ANOMALY_TEXT_AFTER_SIGNATURE));
    assert_int_equal(more.anomalies.all[0].at, 1 + ps.n);
    struct contents open = read_script(bytes_cut(ps, 0, ps.n - 31), arena);
    assert_int_equal(open.n_signatures, 1);
    assert_int_equal(open.signatures[0].n_claims, 0);
    struct bytes der = signature();
    struct contents cut = read_script(powershell(bytes_cut(der, 0, der.n - 20)), arena);
    assert_int_equal(cut.unreadable.kind, ERR_MALFORMED);
    struct contents slack = read_script(powershell(join(arena, der, B("something behind"), END)), arena);
    assert_true(anomaly_has(&slack.anomalies, ANOMALY_APPENDED_DATA));
    struct bytes many = bytes_none();
    for (int i = 0; i < 17; i++) {
        many = join(arena, many, ps, END);
    }
    struct contents all = read_script(many, arena);
    assert_int_equal(all.n_signatures, 16);
    assert_int_equal(all.unreadable.kind, ERR_LIMIT);
}

static void large_ones(void **state) {
    (void)state;
    struct bytes ps = powershell(signature());
    size_t n = (size_t)9 << 20;
    uint8_t *text = malloc(n);
    assert_non_null(text);
    for (int wide = 0; wide < 2; wide++) {
        struct bytes end = wide ? widened(ps) : ps;
        memset(text, '#', n);
        text[0] = wide ? 0xff : '#';
        text[1] = wide ? 0xfe : '#';
        memcpy(text + n - end.n, end.p, end.n);
        struct contents c = read_script(bytes_make(text, n), arena);
        assert_int_equal(c.n_signatures, 1);
        assert_int_equal(c.signatures[0].n_claims, 0);
        assert_int_equal(c.unreadable.kind, ERR_LIMIT);
        memset(text + n - end.n, '#', end.n);
        memcpy(text + 2 * 8191, end.p, end.n);
        c = read_script(bytes_make(text, n), arena); /* before what is read of so large a text */
        assert_int_equal(c.n_signatures, 0);
        assert_int_equal(c.unreadable.kind, ERR_LIMIT);
        assert_false(c.other);
    }
    free(text);
}

static void any(struct bytes variant, struct arena *memory, void *context) {
    (void)context;
    read_script(variant, memory);
}

static void hostile(void **state) {
    (void)state;
    hostile_each(join(arena, B("<job>\xc3\xa9"), wsf(), B("</job>"), END), any, NULL);
    hostile_cuts(join(arena, B("\xff\xfe"), widened(powershell(signature())), END), 1, any, NULL);
    hostile_cuts(join(arena, B("\xef\xbb\xbf"), vbscript(), END), 1, any, NULL);
}

static void base64(void **state) {
    (void)state;
    static const struct {
        const char *text, *bytes;
    } rows[] = {{"", ""},  {"Zg==", "f"},  {"Zm8=", "fo"},         {"Zm9v", "foo"}, {"Zm9vYg", "foob"},
                {"Z", ""}, {"====Zg", ""}, {" Z\r\nm 9*v", "foo"}, {"Zg==Zg", "f"}, {"/+/+", "\xff\xef\xfe"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[32];
        memcpy(out, rows[i].text, strlen(rows[i].text));
        size_t n = base64_decode(out, strlen(rows[i].text));
        assert_true(bytes_is(bytes_make(out, n), rows[i].bytes));
    }
    uint8_t on[] = "==Zg==Zm8=Zm9v";
    size_t n = base64_decode_on(on, sizeof on - 1);
    assert_true(bytes_is(bytes_make(on, n), "ffofoo"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(what_is_hashed), T(what_no_script_is_signed_by),
        T(text_behind),    T(odd_texts),
        T(whole_text),     T(odd_blocks),
        T(large_ones),     T(base64),
        T(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
