/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads policies (policies/policy.rng) from libxml2's SAX events. The table below is the schema again, so that what is refused can
 * be said in one sentence with what was expected instead; tests hold the two against each other. Refused besides what the
 * schema refuses: a DOCTYPE (and with it every entity), more than 64 MiB, and the values that policy_build.c names.
 */
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "list/policy_reader.h"

enum { POLICY_DEPTH_MAX = 8, ORIGIN_SHOWN = 100 };
static const size_t policy_memory_max = (size_t)1 << 30;

#define IN(inside) (1U << IN_##inside)
#define IN_RULE (IN(BAN) | IN(ALLOW))
#define IN_NAMES (IN(ONLY) | IN(EXCEPT))

const struct policy_row policy_rows[] = {
    {"policy", IN(DOCUMENT), IN_POLICY, .attributes = " id version issued expires ", .begin = build_policy},
    {"title", IN(POLICY), .text = true, .end = build_title},
    {"reference", IN(POLICY), .text = true, .end = build_reference},
    {"ban", IN(POLICY), IN_BAN, .attributes = " id action severity confidence weak archives never-ban expires ", .begin = build_rule,
     .end = build_rule_end},
    {"allow", IN(POLICY), IN_ALLOW, .attributes = " id expires ", .begin = build_rule, .end = build_rule_end},

    {"certificate", IN_RULE, IN_CERTIFICATE, .attributes = " role ", .begin = build_certificate, .end = build_certificate_end},
    {"file", IN_RULE, IN_FILE, .attributes = " size ", .begin = build_file, .end = build_file_end},
    {"authenticode", IN_RULE, .text = true, .end = build_any_hash, .kind = KEY_AUTHENTICODE},
    {"first-page", IN_RULE, .text = true, .end = build_page, .kind = KEY_FIRST_PAGE},
    {"program", IN_RULE, .text = true, .end = build_name, .kind = KEY_PROGRAM},
    {"original-name", IN_RULE, .text = true, .end = build_name, .kind = KEY_ORIGINAL_NAME},
    {"cdhash", IN_RULE, .text = true, .end = build_hash, .kind = KEY_CDHASH, .size = 20},
    {"team-id", IN_RULE, .text = true, .end = build_team_id},
    {"subject", IN_RULE, .attributes = " role common-name organization issuer issuer-common-name ", .begin = build_subject},
    {"subscriber", IN_RULE, .attributes = " role eku issuer-organization ", .begin = build_subscriber},
    {"only", IN_RULE, IN_ONLY, .once = true, .end = build_only_end},
    {"reason", IN_RULE, .text = true, .once = true, .end = build_reason},
    {"reference", IN_RULE, .text = true, .once = true, .end = build_reason},

    {"sha256", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_CERT_SHA256, .size = 32},
    {"sha1", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_CERT_SHA1, .size = 20},
    {"md5", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_CERT_MD5, .size = 16},
    {"tbs-md5", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_TBS, .size = 16},
    {"tbs-sha1", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_TBS, .size = 20},
    {"tbs-sha256", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_TBS, .size = 32},
    {"tbs-sha384", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_TBS, .size = 48},
    {"tbs-sha512", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_TBS, .size = 64},
    {"spki-sha256", IN(CERTIFICATE), .text = true, .end = build_hash, .kind = KEY_SPKI, .size = 32},
    {"serial", IN(CERTIFICATE), .text = true, .attributes = " issuer issuer-common-name ", .begin = build_serial, .end = build_serial_end},
    {"der", IN(CERTIFICATE), .text = true, .end = build_der},

    {"sha256", IN(FILE), .text = true, .end = build_hash, .kind = KEY_FILE_SHA256, .size = 32},
    {"sha1", IN(FILE), .text = true, .end = build_hash, .kind = KEY_FILE_SHA1, .size = 20},
    {"md5", IN(FILE), .text = true, .end = build_hash, .kind = KEY_FILE_MD5, .size = 16},

    {"signed-after", IN(ONLY), .text = true, .once = true, .end = build_time},
    {"signed-before", IN(ONLY), .text = true, .once = true, .end = build_time},
    {"platform", IN(ONLY), .text = true, .once = true, .end = build_platform},
    {"product", IN_NAMES, .text = true, .once = true, .end = build_words},
    {"original-name", IN_NAMES, .text = true, .once = true, .end = build_words},
    {"internal-name", IN_NAMES, .text = true, .once = true, .end = build_words},
    {"description", IN_NAMES, .text = true, .once = true, .end = build_words},
    {"issued-under", IN(ONLY), .text = true, .once = true, .end = build_issued_under},
    {"eku", IN(ONLY), .text = true, .once = true, .end = build_eku},
    {"no-eku", IN(ONLY), .text = true, .once = true, .end = build_eku},
    {"company", IN_NAMES, .text = true, .once = true, .end = build_words},
    {"version", IN_NAMES, .once = true, .attributes = " min max ", .begin = build_version},
    {"path", IN(ONLY), .text = true, .once = true, .end = build_words},
    {"except", IN(ONLY), IN_EXCEPT, .begin = build_except, .end = build_except_end},
    {"authenticode", IN(EXCEPT), .text = true, .once = true, .end = build_except_digest},
};
const size_t policy_n_rows = sizeof policy_rows / sizeof *policy_rows;
_Static_assert(sizeof policy_rows / sizeof *policy_rows <= 64, "struct sax counts the rows that were met in bits");

/* The SAX parser's state around the reader's. */
struct sax {
    struct policy_reader reader;
    xmlParserCtxtPtr xml;
    const struct policy_row *open[POLICY_DEPTH_MAX];
    size_t depth;
    uint64_t seen;         /* rows met in this rule that may stand there once */
    uint64_t seen_outside; /* those before the <except> that is open */
    bool has_title, has_rule;
};

bool(policy_refuse)(struct policy_reader *r, const char *format, ...) {
    if (r->err != NULL && r->err->kind != ERR_NONE) {
        return false; /* the first sentence stands */
    }
    char words[sizeof r->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    size_t n = strlen(r->origin), cut = n > ORIGIN_SHOWN ? n - ORIGIN_SHOWN : 0;
    const char *open = r->element != NULL ? "element <" : "", *close = r->element != NULL ? ">: " : "";
    return error_set(r->err, ERR_MALFORMED, "%s%s:%u: %s%.40s%s%s", cut != 0 ? "…" : "", r->origin + cut, r->line, open,
                     r->element != NULL ? r->element : "", close, words);
}

const struct bytes *policy_attribute(const struct policy_reader *r, const char *name) {
    for (size_t i = 0; i < r->n_attributes; i++) {
        if (strcmp(r->attributes[i].name, name) == 0) {
            return &r->attributes[i].value;
        }
    }
    return NULL;
}

bool pile_add(struct pile *pile, const void *element, size_t size) {
    if (pile->n == pile->room) {
        size_t room = pile->room == 0 ? 16 : pile->room * 2;
        void *fresh = reallocarray(pile->p, room, size);
        if (fresh == NULL) {
            return false;
        }
        pile->p = fresh;
        pile->room = room;
    }
    memcpy((uint8_t *)pile->p + pile->n++ * size, element, size);
    return true;
}

/* Ends the parse after something was refused. */
static void stop(struct sax *s) {
    xmlStopParser(s->xml);
}

static bool stopped(const struct sax *s) {
    return s->reader.err->kind != ERR_NONE;
}

static enum inside inside(const struct sax *s) {
    return s->depth == 0 ? IN_DOCUMENT : s->open[s->depth - 1]->makes;
}

static const struct policy_row *find_row(const char *name, unsigned in) {
    for (size_t i = 0; i < policy_n_rows; i++) {
        if ((policy_rows[i].in & in) != 0 && strcmp(policy_rows[i].name, name) == 0) {
            return &policy_rows[i];
        }
    }
    return NULL;
}

/* "title, reference, ban or allow": what may stand in an element. */
static const char *expected(const struct sax *s, char out[200]) {
    size_t n = 0, count = 0, all = 0;
    unsigned in = 1U << inside(s);
    bool leaf = s->depth != 0 && inside(s) == IN_DOCUMENT;
    for (size_t i = 0; i < policy_n_rows; i++) {
        all += (policy_rows[i].in & in) != 0;
    }
    if (leaf) {
        return s->open[s->depth - 1]->text ? "text only" : "nothing";
    }
    out[0] = '\0';
    for (size_t i = 0; i < policy_n_rows && n < 160; i++) {
        if ((policy_rows[i].in & in) != 0) {
            count++;
            n += (size_t)snprintf(out + n, 200 - n, "%s%s", count == 1 ? "" : count == all ? " or " : ", ", policy_rows[i].name);
        }
    }
    return out;
}

/* What the order of the schema asks for, beyond the table. */
static bool in_order(struct sax *s, const struct policy_row *row) {
    struct policy_reader *r = &s->reader;
    uint64_t bit = UINT64_C(1) << (row - policy_rows);
    if (row->once && (s->seen & bit) != 0) {
        return policy_refuse(r, "given twice; expected at most one in a rule");
    }
    s->seen |= bit;
    if (row->makes == IN_EXCEPT) {
        s->seen_outside = s->seen;
        s->seen = 0;
    }
    if (inside(s) != IN_POLICY) {
        return true;
    }
    bool title = strcmp(row->name, "title") == 0, rule = row->makes != IN_DOCUMENT;
    if (title == s->has_title) {
        return policy_refuse(r, title ? "given twice; expected one" : "expected title first");
    }
    if (s->has_rule && !rule) {
        return policy_refuse(r, "stands behind a rule; expected ban or allow");
    }
    s->has_title = true;
    s->has_rule = rule;
    s->seen = 0;
    return true;
}

/* Takes the attributes of an element: name, prefix, namespace, start and end of the value, five pointers each. */
static bool take_attributes(struct sax *s, const struct policy_row *row, int n, const xmlChar **attributes) {
    struct policy_reader *r = &s->reader;
    const char *known = row->attributes != NULL ? row->attributes : "";
    r->n_attributes = 0;
    for (int i = 0; i < n; i++, attributes += 5) {
        const char *name = (const char *)attributes[0];
        char padded[48];
        snprintf(padded, sizeof padded, " %.40s ", name);
        if (attributes[1] != NULL || strstr(known, padded) == NULL || r->n_attributes == POLICY_ATTRIBUTES_MAX) {
            return policy_refuse(r, "attribute %.40s is not known; expected%s", name, known[0] != '\0' ? known : " none");
        }
        struct bytes value = bytes_make(attributes[3], (size_t)(attributes[4] - attributes[3]));
        r->attributes[r->n_attributes++] = (struct policy_attribute){name, value};
    }
    return true;
}

static void start_element(void *data, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                          const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes) {
    struct sax *s = data;
    struct policy_reader *r = &s->reader;
    char list[200];
    (void)prefix, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
    if (stopped(s)) {
        return;
    }
    r->line = (uint32_t)xmlSAX2GetLineNumber(s->xml);
    r->element = (const char *)local;
    const struct policy_row *row = find_row(r->element, 1U << inside(s));
    bool leaf = s->depth != 0 && inside(s) == IN_DOCUMENT;
    text_clear(&r->text);
    bool ok = false;
    if (uri == NULL || strcmp((const char *)uri, "urn:certban:policy:1") != 0) {
        policy_refuse(r, "its namespace is \"%.60s\"; expected urn:certban:policy:1", uri != NULL ? (const char *)uri : "");
    } else if (row == NULL || leaf) {
        policy_refuse(r, "not known here; expected %s", expected(s, list));
    } else if (s->depth == POLICY_DEPTH_MAX) {
        policy_refuse(r, "nested too deep");
    } else {
        ok = in_order(s, row) && take_attributes(s, row, n_attributes, attributes) && (row->begin == NULL || row->begin(r, row));
    }
    if (!ok) {
        stop(s);
        return;
    }
    s->open[s->depth++] = row;
}

static void end_element(void *data, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri) {
    struct sax *s = data;
    struct policy_reader *r = &s->reader;
    (void)prefix, (void)uri;
    if (stopped(s) || s->depth == 0) {
        return;
    }
    const struct policy_row *row = s->open[s->depth - 1];
    r->line = (uint32_t)xmlSAX2GetLineNumber(s->xml);
    r->element = (const char *)local;
    if (!text_ok(&r->text)) {
        policy_refuse(r, "no memory");
    }
    if (stopped(s) || (row->end != NULL && !row->end(r, row))) {
        stop(s);
        return;
    }
    text_clear(&r->text);
    s->seen = row->makes == IN_EXCEPT ? s->seen_outside : s->seen;
    s->depth--;
}

static void characters(void *data, const xmlChar *p, int n) {
    struct sax *s = data;
    struct policy_reader *r = &s->reader;
    if (stopped(s) || s->depth == 0) {
        return;
    }
    if (s->open[s->depth - 1]->text) {
        text_add_bytes(&r->text, bytes_make(p, (size_t)n));
        return;
    }
    for (int i = 0; i < n; i++) {
        if (strchr(" \t\r\n", p[i]) == NULL) {
            char list[200];
            r->line = (uint32_t)xmlSAX2GetLineNumber(s->xml);
            r->element = s->open[s->depth - 1]->name;
            policy_refuse(r, "holds text; expected %s", expected(s, list));
            stop(s);
            return;
        }
    }
}

static void doctype(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    struct sax *s = data;
    (void)name, (void)external, (void)system;
    s->reader.line = (uint32_t)xmlSAX2GetLineNumber(s->xml);
    s->reader.element = NULL;
    policy_refuse(&s->reader, "DOCTYPE declarations are refused; expected <policy>");
    stop(s);
}

/* libxml2 found what is no XML. */
static void not_xml(void *data, xmlErrorPtr error) {
    struct sax *s = data;
    if (error->level < XML_ERR_ERROR || stopped(s)) {
        return;
    }
    int n = error->message != NULL ? (int)strcspn(error->message, "\n") : 0;
    s->reader.line = error->line > 0 ? (uint32_t)error->line : 1;
    s->reader.element = NULL;
    policy_refuse(&s->reader, "no well-formed XML: %.*s", n > 100 ? 100 : n, n != 0 ? error->message : "");
    stop(s);
}

static bool run(struct sax *s, struct bytes xml) {
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
                             .startElementNs = start_element,
                             .endElementNs = end_element,
                             .characters = characters,
                             .ignorableWhitespace = characters,
                             .cdataBlock = characters,
                             .internalSubset = doctype,
                             .serror = not_xml};
    struct policy_reader *r = &s->reader;
    s->xml = xmlCreateMemoryParserCtxt((const char *)xml.p, (int)xml.n);
    if (s->xml == NULL || s->xml->sax == NULL) {
        xmlFreeParserCtxt(s->xml);
        return error_set(r->err, ERR_LIMIT, "no memory to read a policy");
    }
    *s->xml->sax = handler;
    s->xml->userData = s;
    /* Without NOENT an &amp; in an attribute comes as "&#38;". Other entities there are none: a DOCTYPE ends the parse. */
    xmlCtxtUseOptions(s->xml, XML_PARSE_NONET | XML_PARSE_NOENT);
    int failed = xmlParseDocument(s->xml);
    r->line = (uint32_t)xmlSAX2GetLineNumber(s->xml);
    r->element = NULL;
    if (!stopped(s) && (failed != 0 || !s->xml->wellFormed || !s->has_title)) {
        policy_refuse(r, "the document ends early; expected a whole <policy> with a title");
    }
    xmlFreeParserCtxt(s->xml);
    return !stopped(s) && build_finish(r);
}

bool policy_parse(struct bytes xml, const char *origin, struct policy **out, struct error *err) {
    struct error own = {0};
    if (xml.n == 0 || xml.n > POLICY_SIZE_MAX) {
        return error_set(err, xml.n == 0 ? ERR_MALFORMED : ERR_LIMIT, "%s:1: has %zu bytes; expected a policy of 1 to %zu", origin, xml.n,
                         POLICY_SIZE_MAX);
    }
    struct policy_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return error_set(err, ERR_LIMIT, "no memory to read a policy");
    }
    file->arena = arena_make(policy_memory_max);
    struct sax s = {.reader = {.file = file, .origin = origin, .line = 1, .err = &own}};
    bool ok = run(&s, xml);
    text_free(&s.reader.text);
    free(s.reader.keys.p);
    free(s.reader.rules.p);
    free(s.reader.lines.p);
    free(s.reader.mentions.p);
    free(s.reader.exceptions.p);
    if (!ok) {
        policy_free(&file->policy);
        if (err != NULL) {
            *err = own;
        }
        return false;
    }
    *out = &file->policy;
    return true;
}
