/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClickOnce manifests (.application, .exe.manifest): XML assemblies (urn:schemas-microsoft-com:asm.v1) with an XML signature over
 * themselves, the strong name, in which a license stands that the publisher signed (xmldsig.c). Any other XML document that is
 * signed so is read as well, where the search is thorough or its name says that it is a manifest, or the signature of an OPC package
 * whose archive is damaged.
 *
 * Refused: documents of more than XMLDSIG_MAX bytes, and what is no XML; certificates that stand in these are carved.
 */
#include <strings.h>

#include "format/format.h"
#include "format/xmldsig.h"

static const char assembly[] = "urn:schemas-microsoft-com:asm.";

/* Whether b begins like XML: '<' behind a byte order mark and blanks, in octets or in little-endian UTF-16. */
static bool is_xml(struct bytes b) {
    size_t width = b.n >= 2 && b.p[0] == 0xff && b.p[1] == 0xfe ? 2 : 1;
    size_t at = width == 2 ? 2 : bytes_starts(b, bytes_text("\xef\xbb\xbf")) ? 3 : 0;
    while (at < b.n && (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\r' || b.p[at] == '\n')) {
        at += width;
    }
    return at < b.n && b.p[at] == '<';
}

static bool is_named_so(const char *name) {
    static const char *const endings[] = {".application", ".manifest", ".psdsxs"};
    size_t n = name != NULL ? strlen(name) : 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcasecmp(name + n - m, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool probe(const struct probe *probe) {
    return is_xml(probe->head) &&
           (probe->thorough || is_named_so(probe->name) || bytes_find(probe->head, bytes_text(assembly), 0) < probe->head.n);
}

/* A word of at most room / 2 letters, in octets of two. */
static struct bytes widen(const char *word, char *wide, size_t room) {
    size_t n = 0;
    for (; word[n] != '\0' && 2 * n + 1 < room; n++) {
        wide[2 * n] = word[n];
        wide[2 * n + 1] = 0;
    }
    return bytes_make(wide, 2 * n);
}

/* In an encoding of one octet or two. */
static bool mentions(struct bytes xml, const char *word) {
    char wide[64];
    return bytes_find(xml, bytes_text(word), 0) < xml.n || bytes_find(xml, widen(word, wide, sizeof wide), 0) < xml.n;
}

/* Whether b[at] stands in a tag, at the end of an element's name: before it are no blanks, quotes or ends of tags up to a '<'. What is
 * before from was looked at already. */
static bool is_in_tag(struct bytes b, size_t from, size_t at, size_t width) {
    static const char ends[] = " \t\r\n\"'>=&;,()";
    for (size_t i = at; i >= from + width; i -= width) {
        uint8_t c = b.p[i - width];
        if (c == '<') {
            return true;
        }
        if (c != 0 && strchr(ends, c) != NULL) {
            return false;
        }
    }
    return false;
}

/* Whether an element has such a name, with a prefix or without, however the rest of the document is broken: not a word of its text. */
static bool has_element(struct bytes xml, const char *name) {
    size_t n = strlen(name);
    char wide[64];
    for (size_t width = 1; width <= 2; width++) {
        struct bytes word = width == 1 ? bytes_text(name) : widen(name, wide, sizeof wide);
        size_t from = 0;
        for (size_t at = bytes_find(xml, word, 0); at < xml.n; at = bytes_find(xml, word, from)) {
            if (is_in_tag(xml, from, at, width)) {
                return true;
            }
            from = at + n * width;
        }
    }
    return false;
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct bytes xml;
    struct error why = {0};
    struct xmldsig_outside nothing = {.kind = KIND_XMLDSIG};
    bool found = false;
    if (!source_read_some(source, arena, 0, XMLDSIG_MAX, &xml, err)) {
        return false;
    }
    bool manifest = mentions(xml, assembly), holds = mentions(xml, "X509Certificate");
    contents->other = !manifest && !holds;
    if (contents->other || (source->size <= XMLDSIG_MAX && !holds)) {
        return true;
    }
    bool read = source->size > XMLDSIG_MAX ? error_set(&why, ERR_LIMIT, "XML of more than %d MiB", XMLDSIG_MAX >> 20)
                                           : xmldsig_add(xml, "signature", &nothing, arena, contents, &found, &why);
    if (read && found && contents->n_signatures == 0) {
        read = error_set(&why, ERR_MALFORMED, "a Signature element that holds no signature that can be read");
    }
    if (read) {
        contents->other = !manifest && contents->n_signatures == 0;
        return true;
    }
    contents->other = !manifest && !has_element(xml, "X509Certificate"); /* text that speaks of such documents */
    if (!contents->other) {
        contents_unreadable(contents, &why);
        xmldsig_salvage(xml, arena, contents);
    }
    if (err != NULL) {
        *err = why;
    }
    return why.kind == ERR_MALFORMED || why.kind == ERR_LIMIT;
}

const struct format format_clickonce = {
    .name = "clickonce",
    .long_name = "ClickOnce manifest",
    .probe = probe,
    .read = read,
};
