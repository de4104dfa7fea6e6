/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YARA rules that name certificates (pe.signatures of the pe module), as ReversingLabs and ditekSHen publish them: a loop over the
 * signatures, in it a serial, often one with and one without its leading zeros, a part of the subject's text, perhaps of the issuer's, and
 * a bound for not_after, which tells when the abuse began and is left aside. A thumbprint in the rule's meta is strong; a serial
 * without its issuer is weak. Where the serial is too short to stand alone, the subject's words must be the whole common name or
 * organization. Hashes of whole files, perhaps with their sizes, name files; names of the version resource are conditions. Refused are
 * rules that ask for anything else: they would ban more than their author meant.
 */
#include "base/hex.h"
#include "list/import_mark.h"
#include "list/importer.h"
#include "list/yara_condition.h"

enum { PROBE_SIZE = 256 << 10 };

/* The text of a name as it was meant: without YARA's escapes, and without those by which OpenSSL prints what is no ASCII. */
static struct text plain_name(struct bytes string) {
    struct text once = {0}, twice = {0};
    yara_add_string(&once, string);
    struct bytes left = bytes_make(once.p, once.n);
    while (left.n != 0) {
        uint8_t octet;
        size_t n;
        bool escape = left.n >= 4 && left.p[0] == '\\' && left.p[1] == 'x' && hex_decode(bytes_cut(left, 2, 2), &octet, 1, &n);
        text_add_char(&twice, escape ? (char)octet : (char)left.p[0]);
        left = bytes_cut(left, escape ? 4 : 1, left.n);
    }
    text_free(&once);
    return twice;
}

/* Parts of the subject's text, where nothing better names the certificate: the whole common name or organization, one hopes, or both. */
static void add_subject(struct import_row *row, const struct yara_way *way, bool marked) {
    struct text one = plain_name(way->subject), two = plain_name(way->subject_too);
    struct bytes first = bytes_make(one.p, one.n), second = bytes_make(two.p, two.n);
    bool common = bytes_starts(first, bytes_text("/CN=")), organization = bytes_starts(first, bytes_text("/O="));
    struct bytes words = bytes_cut(first, common ? 4 : organization ? 3 : 0, first.n);
    enum role role = row->role;
    row->role = marked ? role : ROLE_ANY; /* older versions of YARA had every certificate of the file among its signatures */
    if (second.n != 0) {
        second = bytes_cut(second, common ? 3 : 4, second.n);
        import_add_subject(row, common ? words : second, common ? second : words);
    } else {
        if (!organization) {
            import_add_subject(row, words, bytes_none());
        }
        if (!common) {
            import_add_subject(row, bytes_none(), words);
        }
    }
    row->role = role;
    text_free(&one);
    text_free(&two);
}

/* An issuer's common name, where the rule asks for all of it and not for some words in the issuer's text. */
static void set_issuer(struct import_row *row, struct bytes string) {
    struct text name = plain_name(string);
    struct bytes words = bytes_make(name.p, name.n), begin = bytes_text("/CN=");
    const char *common_name = bytes_starts(words, begin) ? import_words(row->import, bytes_cut(words, begin.n, words.n)) : NULL;
    row->issuer = bytes_none();
    row->issuer_common_name = common_name != NULL ? bytes_text(common_name) : bytes_none();
    text_free(&name);
}

static bool has_serial(const struct import_row *row) {
    bool has = false;
    for (size_t i = 0; i < row->n_keys; i++) {
        has = has || row->keys[i].kind == KEY_SERIAL;
    }
    return has;
}

/* Whether two spellings are of one serial: with and without its leading zero octet. */
static bool same_serial(struct bytes a, struct bytes b) {
    struct bytes zero = bytes_text("00:");
    a = bytes_cut(a, bytes_starts(a, zero) ? 3 : 0, a.n);
    b = bytes_cut(b, bytes_starts(b, zero) ? 3 : 0, b.n);
    return a.n != 0 && bytes_equal(a, b);
}

/* The best that a way names; for a serial too short to stand alone, the subject, unless the serial is there in its other spelling. */
static void add_way_keys(struct import_row *row, const struct yara_way *way, const struct yara_way *before, struct import_mark *mark) {
    size_t keys_before = row->n_keys;
    bool issued = import_mark_issued(mark), again = before != NULL && same_serial(before->serial, way->serial);
    if (!again) {
        if (!issued) {
            set_issuer(row, way->issuer);
        }
        import_mark_place(mark, row);
    }
    row->file_size = way->file_size;
    import_add_hash(row, KEY_FILE_SHA256, way->sha256);
    import_add_hash(row, KEY_FILE_SHA1, way->sha1);
    import_add_hash(row, KEY_FILE_MD5, way->md5);
    if (way->thumbprint.n != 0) {
        import_add_thumbprint(row, way->thumbprint);
    } else if (way->serial.n != 0) {
        import_add_serial(row, way->serial);
    }
    bool named = row->n_keys != keys_before || way->thumbprint.n != 0 || (way->serial.n != 0 && has_serial(row));
    if (!named && way->subject.n != 0 && !way->more) {
        add_subject(row, way, import_mark_is(mark));
    }
}

static void tell(struct text *reason, const char *before, struct bytes string) {
    struct text name = plain_name(string);
    if (name.n != 0) {
        text_add(reason, reason->n != 0 ? "; " : "");
        text_add(reason, before);
        text_add_bytes(reason, bytes_make(name.p, name.n));
    }
    text_free(&name);
}

/* A string without YARA's escapes. */
static const char *plain_words(struct import_row *row, struct bytes string) {
    struct text text = {0};
    yara_add_string(&text, string);
    const char *words = import_exact(row->import, bytes_make(text.p, text.n));
    text_free(&text);
    return words;
}

/* What the author says of a rule. */
struct meta {
    struct text reason;
    const char *description; /* as it stands; NULL: none */
    struct import_mark mark;
};

/* Thumbprints come first, since they name best. */
static void read_meta(struct yara *yara, struct import_row *row, struct meta *meta) {
    while (yara->token.kind == YARA_NAME) {
        struct bytes name = yara->token.text;
        struct yara before = *yara;
        yara_next(yara);
        if (!yara_take(yara, "=")) {
            *yara = before;
            return;
        }
        yara_take(yara, "-");
        struct bytes value = yara->token.text;
        if (yara->token.kind == YARA_STRING && bytes_starts(name, bytes_text("thumbprint"))) {
            import_add_thumbprint(row, value);
        } else if (yara->token.kind == YARA_STRING && (bytes_is(name, "description") || bytes_is(name, "reason"))) {
            tell(&meta->reason, "", value);
            meta->description = plain_words(row, value);
        } else if (yara->token.kind == YARA_STRING && bytes_is(name, "reference")) {
            row->reference = plain_words(row, value);
        } else if (yara->token.kind == YARA_STRING && bytes_is(name, "certban")) {
            const char *words = plain_words(row, value);
            import_mark_find(words != NULL ? bytes_text(words) : bytes_none(), &meta->mark);
        }
        yara_next(yara);
    }
}

static const char *version_words(struct import_row *row, struct bytes string) {
    return string.n != 0 ? plain_words(row, string) : NULL;
}

/* Why the rule was made: its own words where it is one of certban's, else all that it tells. Returns why it must be refused, or NULL. */
static const char *set_reason(struct import_row *row, struct meta *meta, const struct yara_ways *ways) {
    if (import_mark_is(&meta->mark)) {
        const char *why = import_mark_take(&meta->mark, row);
        row->reason = row->reason == NULL ? meta->description : row->reason;
        return why;
    }
    if (ways->n != 0) {
        tell(&meta->reason, "certificate of ", ways->all[0].subject);
        tell(&meta->reason, "issued by ", ways->all[0].issuer);
    }
    row->reason = import_words(row->import, bytes_make(meta->reason.p, meta->reason.n));
    return NULL;
}

/* Reads the condition and makes the rule. */
static void read_condition(struct yara yara, struct import_row *row, struct meta *meta) {
    struct yara_ways ways;
    const char *why = yara_condition(yara, &ways);
    why = why == NULL ? set_reason(row, meta, &ways) : why;
    if (why != NULL) {
        import_row_refuse(row, "%s", why);
        return;
    }
    for (size_t i = 0; i < ways.n; i++) {
        add_way_keys(row, &ways.all[i], i != 0 ? &ways.all[i - 1] : NULL, &meta->mark);
    }
    if (ways.n != 0) {
        row->only.product = version_words(row, ways.all[0].product);
        row->only.original_name = version_words(row, ways.all[0].original_name);
        row->only.company = version_words(row, ways.all[0].company);
    }
    import_row_end(row);
}

/* What stands between a rule's braces. */
static void read_body(struct bytes body, size_t line, struct import_row *row) {
    struct yara yara = yara_make(body, NULL);
    struct meta meta = {.description = NULL};
    import_mark_find(bytes_none(), &meta.mark);
    yara.line += line - 1;
    if (yara_is(&yara, "meta")) {
        yara_next(&yara);
        if (yara_take(&yara, ":")) {
            read_meta(&yara, row, &meta);
            import_drop_protected(row);
        }
    }
    while (yara.token.kind != YARA_END) {
        if (yara_take(&yara, "condition") && yara_take(&yara, ":")) {
            read_condition(yara, row, &meta);
            text_free(&meta.reason);
            return;
        }
        if (!yara_is(&yara, "condition")) {
            yara_next(&yara);
        }
    }
    text_free(&meta.reason);
    import_row_refuse(row, "it has no condition");
}

/* A rule from behind the word: its name, tags, and braces. */
static void read_rule(struct yara *yara, struct import *import, size_t line) {
    struct import_row row;
    import_row_begin(import, &row, line);
    row.id = yara->token.text;
    while (yara->token.kind != YARA_END && !yara_is(yara, "{")) {
        yara_next(yara);
    }
    struct bytes body = yara->left;
    size_t body_line = yara->line;
    size_t depth = 0;
    for (; yara->token.kind != YARA_END; yara_next(yara)) {
        depth += yara_is(yara, "{");
        if (yara_is(yara, "}") && --depth == 0) {
            body.n -= yara->left.n + 1;
            read_body(body, body_line, &row);
            yara_next(yara);
            return;
        }
    }
    import_row_refuse(&row, "it does not end");
}

/* Rules in comments: whoever counts the words finds them, so they are told, but their author took them back. */
struct taken_back {
    struct yara_comments comments; /* first: comments are heard by it */
    struct import *import;
};

/* Whether a line of a comment begins a rule: [private|global] rule NAME, then tags, its body, or nothing more. */
static bool begins_rule(struct bytes line) {
    struct yara yara = yara_make(line, NULL);
    while (yara_take(&yara, "private") || yara_take(&yara, "global")) {
    }
    if (!yara_take(&yara, "rule") || yara.token.kind != YARA_NAME) {
        return false;
    }
    yara_next(&yara);
    return yara.token.kind == YARA_END || yara_is(&yara, "{") || yara_is(&yara, ":");
}

static void heard(struct yara_comments *comments, struct bytes comment, size_t line) {
    struct taken_back *taken = (struct taken_back *)(void *)comments;
    for (struct bytes left = bytes_cut(comment, 2, comment.n); left.n != 0; line++) {
        size_t end = bytes_find(left, bytes_text("\n"), 0);
        struct import_row row;
        if (begins_rule(bytes_cut(left, 0, end))) {
            import_row_begin(taken->import, &row, line);
            import_row_refuse(&row, "stands in a comment: its author took it back");
        }
        left = bytes_cut(left, end + 1, left.n);
    }
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    struct taken_back taken = {{heard}, import};
    struct yara yara = yara_make(content, &taken.comments);
    bool any = false;
    while (yara.token.kind != YARA_END && !import_failed(import)) {
        size_t line = yara.token.line;
        if (yara_take(&yara, "rule")) {
            read_rule(&yara, import, line);
            any = true;
        } else {
            yara_next(&yara);
        }
    }
    return any || error_set(err, ERR_MALFORMED, "holds no YARA rule");
}

/* Whether a word is one by which a rule names what certban can name. */
static bool names_file(const struct yara *yara) {
    static const char *const words[] = {"pe.signatures", "pe.number_of_signatures", "hash.md5", "hash.sha1", "hash.sha256"};
    bool names = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        names = names || yara_is(yara, words[i]);
    }
    return names;
}

static bool probe(struct bytes content) {
    struct yara yara = yara_make(bytes_cut(content, 0, PROBE_SIZE), NULL);
    bool rule = false;
    while (yara.token.kind != YARA_END && !names_file(&yara)) {
        if (!rule && !yara_is(&yara, "rule") && !yara_is(&yara, "import") && !yara_is(&yara, "include") && !yara_is(&yara, "private") &&
            !yara_is(&yara, "global") && yara.token.kind != YARA_STRING) {
            return false;
        }
        rule = rule || yara_is(&yara, "rule");
        yara_next(&yara);
    }
    return rule && yara.token.kind != YARA_END;
}

const struct importer importer_yara = {"yara", "YARA rules that name certificates", probe, read};
