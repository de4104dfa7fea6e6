/* SPDX-License-Identifier: Apache-2.0 */
#include "list/yara_condition.h"

#include "list/policy_value.h"

enum { DEPTH_MAX = 32 };

/* A condition while it is read. */
struct condition {
    struct yara yara;
    struct bytes variable; /* of the loop around */
    unsigned depth;
    const char *why; /* why it can't be taken; NULL while it can */
};

static bool give_up(struct condition *c, const char *why) {
    c->why = c->why != NULL ? c->why : why;
    return false;
}

static bool read_or(struct condition *c, struct yara_ways *ways);

static bool add_way(struct condition *c, struct yara_ways *ways, const struct yara_way *way) {
    if (ways->n == YARA_WAYS_MAX) {
        return give_up(c, "its condition has too many alternatives");
    }
    ways->all[ways->n++] = *way;
    return true;
}

/* Both must hold. Takes the first; false when the second says something else. */
static bool both(struct bytes a, struct bytes b, struct bytes *out) {
    *out = a.n != 0 ? a : b;
    return a.n == 0 || b.n == 0 || bytes_equal(a, b);
}

/* A way that asks for nothing yet. */
static struct yara_way way_make(void) {
    struct bytes none = bytes_none();
    return (struct yara_way){.serial = none,
                             .thumbprint = none,
                             .subject = none,
                             .issuer = none,
                             .subject_too = none,
                             .md5 = none,
                             .sha1 = none,
                             .sha256 = none,
                             .product = none,
                             .original_name = none,
                             .company = none};
}

/* One more part of a subject. */
static void add_subject(struct yara_way *way, struct bytes part) {
    if (part.n == 0 || bytes_equal(part, way->subject) || bytes_equal(part, way->subject_too)) {
        return;
    }
    way->more = way->more || (way->subject.n != 0 && way->subject_too.n != 0);
    *(way->subject.n == 0 ? &way->subject : &way->subject_too) = part;
}

/* What holds where both hold. False when no text can be both. */
static bool join(const struct yara_way *a, const struct yara_way *b, struct yara_way *way) {
    *way = way_make();
    way->more = a->more || b->more;
    way->more = !both(a->issuer, b->issuer, &way->issuer) || way->more;
    add_subject(way, a->subject);
    add_subject(way, a->subject_too);
    add_subject(way, b->subject);
    add_subject(way, b->subject_too);
    way->file_size = a->file_size != 0 ? a->file_size : b->file_size;
    return both(a->serial, b->serial, &way->serial) && both(a->thumbprint, b->thumbprint, &way->thumbprint) &&
           both(a->md5, b->md5, &way->md5) && both(a->sha1, b->sha1, &way->sha1) && both(a->sha256, b->sha256, &way->sha256) &&
           both(a->product, b->product, &way->product) && both(a->original_name, b->original_name, &way->original_name) &&
           both(a->company, b->company, &way->company) && (b->file_size == 0 || way->file_size == b->file_size);
}

static bool and_ways(struct condition *c, struct yara_ways *ways, const struct yara_ways *with) {
    struct yara_ways product = {.n = 0};
    for (size_t i = 0; i < ways->n; i++) {
        for (size_t k = 0; k < with->n; k++) {
            struct yara_way way;
            if (!join(&ways->all[i], &with->all[k], &way)) {
                return give_up(c, "its condition asks for two texts in one place");
            }
            if (!add_way(c, &product, &way)) {
                return false;
            }
        }
    }
    *ways = product;
    return true;
}

/* The field of a signature: pe.signatures[i].subject, or sig.subject where sig runs through pe.signatures. */
static bool take_field(struct condition *c, struct bytes *field) {
    struct yara *y = &c->yara;
    struct bytes name = y->token.text;
    if (yara_take(y, "pe.signatures")) {
        if (!yara_take(y, "[")) {
            return false;
        }
        yara_next(y);
        if (!yara_take(y, "]") || y->token.kind != YARA_NAME || y->token.text.p[0] != '.') {
            return false;
        }
        *field = bytes_cut(y->token.text, 1, y->token.text.n);
        yara_next(y);
        return true;
    }
    struct bytes after = bytes_cut(name, c->variable.n, name.n);
    if (y->token.kind != YARA_NAME || c->variable.n == 0 || !bytes_starts(name, c->variable) || after.n < 2 || after.p[0] != '.') {
        return false;
    }
    *field = bytes_cut(after, 1, after.n);
    yara_next(y);
    return true;
}

static bool take_any(struct yara *yara, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (yara_take(yara, words[i])) {
            return true;
        }
    }
    return false;
}

static bool take_comparison(struct yara *yara) {
    static const char *const signs[] = {"<=", ">=", "<", ">", "==", "!="};
    return take_any(yara, signs, sizeof signs / sizeof *signs);
}

static bool is_number(struct condition *c) {
    return c->yara.token.kind == YARA_NUMBER;
}

static bool is_validity(struct bytes field) {
    return bytes_is(field, "not_after") || bytes_is(field, "not_before");
}

/* "sig.subject contains "…"" and its like; what compares the validity holds no name and is left aside. */
static bool read_field(struct condition *c, struct yara_way *way) {
    static const char *const equals[] = {"==", "iequals"}, *const holds[] = {"==",         "iequals",     "contains", "icontains",
                                                                             "startswith", "istartswith", "endswith", "iendswith"};
    struct bytes field, *out;
    struct yara *y = &c->yara;
    if (!take_field(c, &field)) {
        return give_up(c, "its condition asks for more than certificates");
    }
    if (is_validity(field)) {
        bool ok = take_comparison(y) && is_number(c);
        yara_next(y);
        return ok || give_up(c, "its condition compares the validity with no number");
    }
    bool exact = bytes_is(field, "serial") || bytes_is(field, "thumbprint");
    out = bytes_is(field, "serial")       ? &way->serial
          : bytes_is(field, "thumbprint") ? &way->thumbprint
          : bytes_is(field, "subject")    ? &way->subject
          : bytes_is(field, "issuer")     ? &way->issuer
                                          : NULL;
    if (out == NULL || !take_any(y, exact ? equals : holds, exact ? 2 : sizeof holds / sizeof *holds) || y->token.kind != YARA_STRING ||
        y->token.text.n == 0) {
        return give_up(c, "its condition asks something of a signature that no rule can");
    }
    *out = y->token.text;
    yara_next(y);
    return true;
}

/* What is true of every signed program: uint16(0) == 0x5a4d, pe.is_pe, pe.number_of_signatures > 0. *is says whether it was that. */
static bool read_idle(struct condition *c, bool *is) {
    static const char *const functions[] = {"uint16", "uint32", "uint16be", "uint32be"}, *const words[] = {"true", "pe.is_pe",
                                                                                                           "pe.is_signed"};
    struct yara *y = &c->yara;
    *is = true;
    if (take_any(y, words, 3)) {
        return true;
    }
    if (take_any(y, functions, 4)) {
        bool ok = yara_take(y, "(") && is_number(c);
        yara_next(y);
        ok = ok && yara_take(y, ")") && yara_take(y, "==") && is_number(c);
        yara_next(y);
        return ok || give_up(c, "its condition asks for more than certificates");
    }
    if (yara_take(y, "pe.number_of_signatures")) {
        bool ok = (yara_take(y, ">") || yara_take(y, ">=")) && is_number(c);
        yara_next(y);
        return ok || give_up(c, "its condition asks for more than certificates");
    }
    *is = false;
    return true;
}

/* "for any i in (0..pe.number_of_signatures) : ( … )", "for any sig in pe.signatures : ( … )" */
static bool read_loop(struct condition *c, struct yara_ways *ways) {
    struct yara *y = &c->yara;
    struct bytes outer = c->variable;
    if (!yara_take(y, "any") || y->token.kind != YARA_NAME) {
        return give_up(c, "its condition has a loop of another kind than for any");
    }
    c->variable = y->token.text;
    yara_next(y);
    bool ok = yara_take(y, "in");
    if (ok && yara_take(y, "(")) {
        ok = is_number(c);
        yara_next(y);
        ok = ok && yara_take(y, "..") && yara_take(y, "pe.number_of_signatures");
        if (ok && yara_take(y, "-")) {
            yara_next(y);
        }
        ok = ok && yara_take(y, ")");
    } else {
        ok = ok && yara_take(y, "pe.signatures");
    }
    if (!ok || !yara_take(y, ":") || !yara_is(y, "(")) {
        return give_up(c, "its condition loops over something else than signatures");
    }
    yara_next(y);
    ok = read_or(c, ways) && (yara_take(y, ")") || give_up(c, "its condition is not closed"));
    c->variable = outer;
    return ok;
}

/* "hash.sha256(0, filesize) == "…"": of the file from end to end; "filesize == N". *is says whether it was that. */
static bool read_file(struct condition *c, struct yara_way *way, bool *is) {
    struct yara *y = &c->yara;
    struct bytes *out = yara_is(y, "hash.md5") ? &way->md5 : yara_is(y, "hash.sha1") ? &way->sha1 : &way->sha256;
    *is = true;
    if (yara_take(y, "filesize")) {
        bool ok = yara_take(y, "==") && is_number(c) && value_number(y->token.text, INT64_MAX, &way->file_size) && way->file_size != 0;
        yara_next(y);
        return ok || give_up(c, "its condition asks for more than the size of a file");
    }
    *is = yara_is(y, "hash.md5") || yara_is(y, "hash.sha1") || yara_is(y, "hash.sha256");
    if (!*is) {
        return true;
    }
    yara_next(y);
    bool ok = yara_take(y, "(") && is_number(c) && bytes_is(y->token.text, "0");
    yara_next(y);
    ok = ok && yara_take(y, ",") && yara_take(y, "filesize") && yara_take(y, ")") && yara_take(y, "==") && y->token.kind == YARA_STRING &&
         y->token.text.n != 0;
    *out = ok ? y->token.text : *out;
    yara_next(y);
    return ok || give_up(c, "its condition asks for the hash of a part of a file");
}

/* "pe.version_info["ProductName"] iequals "…"". *is says whether it was that. */
static bool read_version(struct condition *c, struct yara_way *way, bool *is) {
    struct yara *y = &c->yara;
    *is = yara_take(y, "pe.version_info");
    if (!*is) {
        return true;
    }
    bool opens = yara_take(y, "[");
    struct bytes name = y->token.text;
    struct bytes *out = bytes_is(name, "ProductName")        ? &way->product
                        : bytes_is(name, "OriginalFilename") ? &way->original_name
                        : bytes_is(name, "CompanyName")      ? &way->company
                                                             : NULL;
    yara_next(y);
    bool ok = opens && out != NULL && yara_take(y, "]") && yara_take(y, "iequals") && y->token.kind == YARA_STRING && y->token.text.n != 0;
    if (ok) {
        *out = y->token.text;
        yara_next(y);
    }
    return ok || give_up(c, "its condition asks for more of a version than a rule can");
}

static bool read_one(struct condition *c, struct yara_ways *ways) {
    struct yara *y = &c->yara;
    struct yara_way way = way_make();
    struct bytes field;
    bool idle;
    if (c->depth == DEPTH_MAX) {
        return give_up(c, "its condition is nested too deep");
    }
    if (yara_take(y, "(")) {
        return read_or(c, ways) && (yara_take(y, ")") || give_up(c, "its condition is not closed"));
    }
    if (yara_take(y, "for")) {
        return read_loop(c, ways);
    }
    if (is_number(c)) {
        yara_next(y);
        if (!take_comparison(y) || !take_field(c, &field) || !is_validity(field)) {
            return give_up(c, "its condition asks for more than certificates");
        }
        return add_way(c, ways, &way);
    }
    bool ok = read_idle(c, &idle) && (idle || read_file(c, &way, &idle)) && (idle || read_version(c, &way, &idle)) &&
              (idle || read_field(c, &way));
    return ok && add_way(c, ways, &way);
}

static bool read_and(struct condition *c, struct yara_ways *ways) {
    bool ok = read_one(c, ways);
    while (ok && yara_take(&c->yara, "and")) {
        struct yara_ways with = {.n = 0};
        ok = read_one(c, &with) && and_ways(c, ways, &with);
    }
    return ok;
}

static bool read_or(struct condition *c, struct yara_ways *ways) {
    c->depth++;
    bool ok = read_and(c, ways);
    while (ok && yara_take(&c->yara, "or")) {
        struct yara_ways other = {.n = 0};
        ok = read_and(c, &other);
        for (size_t i = 0; i < other.n && ok; i++) {
            ok = add_way(c, ways, &other.all[i]);
        }
    }
    c->depth--;
    return ok;
}

static bool is_attribute(struct bytes part, const char *type) {
    return bytes_starts(part, bytes_text(type)) && part.n > strlen(type);
}

/* Parts of the subject alone may be asked for when there is nothing else: one, or a whole common name and a whole organization. */
static bool names_subject(const struct yara_way *way) {
    bool two = (is_attribute(way->subject, "/CN=") && is_attribute(way->subject_too, "/O=")) ||
               (is_attribute(way->subject, "/O=") && is_attribute(way->subject_too, "/CN="));
    return way->subject.n != 0 && !way->more && (way->subject_too.n == 0 || two);
}

/* A file is named by its hashes, or by its signature: not by both at once. */
static bool names_something(const struct yara_way *way) {
    bool by_file = way->md5.n + way->sha1.n + way->sha256.n != 0;
    bool by_signature = way->serial.n != 0 || way->thumbprint.n != 0 || names_subject(way);
    return by_file ? !by_signature && way->subject.n + way->issuer.n == 0 : by_signature && way->file_size == 0;
}

/* The alternatives of a rule share its conditions. */
static bool same_version(const struct yara_way *a, const struct yara_way *b) {
    return bytes_equal(a->product, b->product) && bytes_equal(a->original_name, b->original_name) && bytes_equal(a->company, b->company);
}

const char *yara_condition(struct yara yara, struct yara_ways *ways) {
    struct condition c = {.yara = yara, .variable = bytes_none()};
    ways->n = 0;
    bool ok = read_or(&c, ways);
    if (ok && c.yara.token.kind != YARA_END) {
        ok = give_up(&c, "its condition asks for more than certificates");
    }
    for (size_t i = 0; i < ways->n && ok; i++) {
        ok = (names_something(&ways->all[i]) || give_up(&c, "its condition can hold without naming a certificate")) &&
             (same_version(&ways->all[0], &ways->all[i]) || give_up(&c, "its condition asks for one version here and another there"));
    }
    return c.why;
}
