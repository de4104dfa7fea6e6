/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What AppLocker policies deny (Microsoft Learn, "AppLocker policies"; XML without a namespace, root AppLockerPolicy):
 * - a hash rule becomes the Authenticode digests of files (SHA256, SHA1), or hashes of whole files (SHA256Flat);
 * - a publisher rule becomes a ban of the organization in the publisher's name: weak, since names are not unique. Its product, file name
 *   and versions are conditions of the ban.
 * Refused is what allows, what is for some users only, and what asks for more than a rule of certban can: paths, exceptions. Collections
 * that only audit are taken as the others are.
 */
#include "list/import_mark.h"
#include "list/importer.h"
#include "list/policy_value.h"
#include "list/sax.h"

enum { PROBE_SIZE = 4096 };

/* What was read so far. */
struct reading {
    struct sax sax; /* first: it is what the functions are given */
    struct import *import;
    struct import_row row;
    size_t rule_depth; /* of the rule that is open; 0 outside */
    bool in_exceptions, has_condition, packaged;
    const char *why; /* why the rule must be refused; NULL while it need not */
};

static void refuse_rule(struct reading *r, const char *why) {
    r->why = r->why != NULL ? r->why : why;
}

/* A condition: "*" is any. Words that say nothing must not become none: the ban would hit more. */
static const char *condition(struct reading *r, const char *attribute) {
    struct bytes value = sax_attribute(&r->sax, attribute);
    if (value.n == 0 || bytes_is(value, "*")) {
        return NULL;
    }
    const char *words = import_exact(r->import, value);
    if (words == NULL) {
        refuse_rule(r, "a condition of it says nothing");
    }
    return words;
}

static bool is_type(struct bytes text, size_t at) {
    size_t n = 0;
    while (at + n < text.n && n < 3 && ((text.p[at + n] | 0x20) >= 'a' && (text.p[at + n] | 0x20) <= 'z')) {
        n++;
    }
    return n != 0 && at + n < text.n && text.p[at + n] == '=';
}

/* How many octets the value at the beginning has: up to the next ", X=", or to the quote that ends it. */
static size_t value_size(struct bytes text) {
    bool quoted = text.n != 0 && text.p[0] == '"';
    size_t n = quoted ? 1 : 0;
    for (; n < text.n; n++) {
        if (quoted ? text.p[n] == '"' : text.p[n] == ',' && n + 2 < text.n && text.p[n + 1] == ' ' && is_type(text, n + 2)) {
            break;
        }
    }
    return quoted && n < text.n ? n + 1 : n;
}

/* "O=BANNED LTD, L=LONDON, S=ENGLAND, C=GB": the value of O; *more says that there are others. */
static struct bytes organization(struct bytes publisher, bool *more) {
    struct bytes found = bytes_none();
    *more = false;
    while (publisher.n != 0) {
        while (publisher.n != 0 && (publisher.p[0] == ' ' || publisher.p[0] == ',')) {
            publisher = bytes_cut(publisher, 1, publisher.n);
        }
        size_t equals = bytes_find(publisher, bytes_text("="), 0);
        struct bytes type = bytes_cut(publisher, 0, equals), value = bytes_cut(publisher, equals + 1, publisher.n);
        size_t n = value_size(value);
        bool quoted = n > 1 && value.p[0] == '"' && value.p[n - 1] == '"';
        if (bytes_is(type, "O") || bytes_is(type, "o")) {
            found = quoted ? bytes_cut(value, 1, n - 2) : bytes_cut(value, 0, n);
        } else {
            *more = *more || type.n != 0;
        }
        publisher = bytes_cut(value, n, value.n);
    }
    return found;
}

static void begin_rule(struct reading *r) {
    struct sax *sax = &r->sax;
    struct bytes name = sax_attribute(sax, "Name"), words = sax_attribute(sax, "Description"), user = sax_attribute(sax, "UserOrGroupSid");
    struct import_mark mark;
    import_row_begin(r->import, &r->row, sax_line(sax));
    r->rule_depth = sax->depth;
    r->why = NULL;
    r->has_condition = false;
    r->row.id = import_value(sax_attribute(sax, "Id"));
    if (import_mark_find(words, &mark)) {
        r->why = import_mark_take(&mark, &r->row);
        import_mark_place(&mark, &r->row);
    } else {
        r->row.reason = import_words(r->import, words.n != 0 ? words : name);
    }
    if (!bytes_is(sax_attribute(sax, "Action"), "Deny")) {
        refuse_rule(r, "denies nothing");
    } else if (user.n != 0 && !bytes_is(user, "S-1-1-0")) {
        refuse_rule(r, "is for some users only");
    }
}

static void begin_condition(struct reading *r) {
    if (r->has_condition) {
        refuse_rule(r, "has several conditions");
    }
    r->has_condition = true;
}

static void begin_publisher(struct reading *r) {
    struct conditions *only = &r->row.only;
    struct bytes publisher = sax_attribute(&r->sax, "PublisherName");
    bool more;
    struct bytes name = organization(publisher, &more);
    begin_condition(r);
    if (r->packaged) {
        refuse_rule(r, "is for packaged apps, whose publisher is another name");
    } else if (name.n == 0) {
        refuse_rule(r, "names no publisher's organization");
    }
    import_add_subject(&r->row, bytes_none(), name);
    only->product = condition(r, "ProductName");
    only->original_name = condition(r, "BinaryName");
    if (more) {
        import_note(&r->row, "the publisher's organization is asked for, its place (L, S, C) is not");
    }
}

static void begin_versions(struct reading *r) {
    struct conditions *only = &r->row.only;
    struct bytes low = sax_attribute(&r->sax, "LowSection"), high = sax_attribute(&r->sax, "HighSection");
    only->has_min = low.n != 0 && !bytes_is(low, "*");
    only->has_max = high.n != 0 && !bytes_is(high, "*");
    if ((only->has_min && !value_version(low, 0, &only->min)) || (only->has_max && !value_version(high, UINT16_MAX, &only->max))) {
        refuse_rule(r, "has a version that is none");
    } else if (only->has_min && only->has_max && version_above(&only->min, &only->max)) {
        refuse_rule(r, "has versions from above to below");
    }
}

static void begin_hash(struct reading *r) {
    struct bytes type = sax_attribute(&r->sax, "Type"), data = sax_attribute(&r->sax, "Data");
    uint64_t size;
    bool flat = bytes_is(type, "SHA256Flat");
    bool prefixed = bytes_starts(data, bytes_text("0x")) || bytes_starts(data, bytes_text("0X"));
    data = bytes_cut(data, prefixed ? 2 : 0, data.n);
    r->row.file_size = flat && value_number(sax_attribute(&r->sax, "SourceFileLength"), INT64_MAX, &size) ? size : 0;
    if (flat) {
        import_add_hash(&r->row, KEY_FILE_SHA256, data);
    } else if (bytes_is(type, "SHA256") || bytes_is(type, "SHA1")) {
        import_add_hash(&r->row, KEY_AUTHENTICODE, data);
    } else {
        import_note(&r->row, "has a hash of an unknown type");
    }
}

static bool is_rule(const char *name) {
    return strcmp(name, "FilePublisherRule") == 0 || strcmp(name, "FileHashRule") == 0 || strcmp(name, "FilePathRule") == 0;
}

/* An element inside of a rule. */
static void begin_part(struct reading *r, const char *name) {
    if (r->in_exceptions) {
        refuse_rule(r, "denies with exceptions"); /* an empty element says that there are none */
    } else if (strcmp(name, "Exceptions") == 0) {
        r->in_exceptions = true;
    } else if (strcmp(name, "FilePublisherCondition") == 0) {
        begin_publisher(r);
    } else if (strcmp(name, "BinaryVersionRange") == 0) {
        begin_versions(r);
    } else if (strcmp(name, "FileHashCondition") == 0) {
        begin_condition(r);
    } else if (strcmp(name, "FileHash") == 0) {
        begin_hash(r);
    } else if (strcmp(name, "FilePathCondition") == 0) {
        refuse_rule(r, "names files by their path");
    }
}

static void begin(struct sax *sax, const char *name, const char *space) {
    struct reading *r = (struct reading *)(void *)sax;
    if (sax->depth == 1 && (strcmp(name, "AppLockerPolicy") != 0 || space[0] != '\0')) {
        sax_refuse(sax, ERR_MALFORMED, "is no AppLockerPolicy");
    } else if (strcmp(name, "RuleCollection") == 0) {
        r->packaged = bytes_is(sax_attribute(sax, "Type"), "Appx");
    } else if (r->rule_depth != 0) {
        begin_part(r, name);
    } else if (is_rule(name)) {
        begin_rule(r);
    }
    if (import_failed(r->import)) {
        sax_full(sax);
    }
}

static void end(struct sax *sax, const char *name) {
    struct reading *r = (struct reading *)(void *)sax;
    r->in_exceptions = r->in_exceptions && strcmp(name, "Exceptions") != 0;
    if (r->rule_depth == 0 || sax->depth != r->rule_depth) {
        return;
    }
    if (r->why != NULL) {
        import_row_refuse(&r->row, "%s", r->why);
    } else {
        import_row_end(&r->row);
    }
    r->rule_depth = 0;
    arena_reset(sax->arena);
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    static const size_t memory_max = (size_t)64 << 20; /* for the values of one rule */
    struct arena arena = arena_make(memory_max);
    struct reading r = {.sax = {.begin = begin, .end = end, .arena = &arena}, .import = import};
    bool ok = sax_parse(&r.sax, content, err);
    arena_free(&arena);
    return ok;
}

static bool probe(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    return bytes_find(head, bytes_text("<AppLockerPolicy"), 0) < head.n;
}

const struct importer importer_applocker = {"applocker", "AppLocker policy", probe, read};
