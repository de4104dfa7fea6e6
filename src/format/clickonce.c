/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClickOnce manifests (.application, .exe.manifest): XML assemblies (urn:schemas-microsoft-com:asm.v1) with an XML signature over
 * themselves, the strong name, in which a license stands that the publisher signed (xmldsig.c). Any other XML document that is
 * signed so is read as well, where the search is thorough or its name says that it is a manifest, or the signature of an OPC package
 * whose archive is damaged.
 *
 * Refused: documents of more than LIMIT_XML_SIZE bytes, and what is no XML; certificates that stand in these are carved.
 */
#include <strings.h>

#include "format/format.h"
#include "format/xmldsig.h"

static const char assembly[] = "urn:schemas-microsoft-com:asm.";

/* Whether b begins like XML: '<' behind a byte order mark and blanks, in octets or in UTF-16 or UTF-32 of either order. */
static bool is_xml(struct bytes b) {
    static const struct bytes marks[] = {{(const uint8_t *)"\0\0\xfe\xff", 4},
                                         {(const uint8_t *)"\xef\xbb\xbf", 3},
                                         {(const uint8_t *)"\xff\xfe", 2},
                                         {(const uint8_t *)"\xfe\xff", 2}};
    size_t at = 0;
    for (size_t i = 0; at == 0 && i < sizeof marks / sizeof *marks; i++) {
        at = bytes_starts(b, marks[i]) ? marks[i].n : 0;
    }
    while (at < b.n && (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\r' || b.p[at] == '\n' || b.p[at] == '\0')) {
        at++;
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

/* A word of at most room / 4 letters, in octets of that width: it stands in big-endian text, too, where the zeros behind a letter are those
 * before the next. */
static struct bytes widen(const char *word, size_t width, char *wide, size_t room) {
    size_t n = strlen(word) < room / 4 ? strlen(word) : room / 4;
    memset(wide, 0, room);
    for (size_t i = 0; i < n; i++) {
        wide[width * i] = word[i];
    }
    return bytes_make(wide, n != 0 ? width * (n - 1) + 1 : 0);
}

enum { WORD_MAX = 32 };

/* In an encoding of one octet, two or four. */
static bool mentions(struct bytes xml, const char *word) {
    char wide[4 * WORD_MAX];
    bool found = false;
    for (size_t width = 1; width <= 4 && !found; width *= 2) {
        found = bytes_find(xml, widen(word, width, wide, sizeof wide), 0) < xml.n;
    }
    return found;
}

static bool probe(const struct probe *probe) {
    return is_xml(probe->head) && (probe->thorough || is_named_so(probe->name) || mentions(probe->head, assembly));
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
    char wide[4 * WORD_MAX];
    for (size_t width = 1; width <= 4; width *= 2) {
        struct bytes word = widen(name, width, wide, sizeof wide);
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

/* Whether the words stand in what of a document is more than is read. */
static bool mentions_behind(struct source *source, uint64_t from, struct arena *arena, bool *manifest, bool *holds, struct error *err) {
    enum { WINDOW = 1 << 20, OVERLAP = 4 * WORD_MAX };
    struct arena scratch = arena_like(arena, 2 * WINDOW);
    bool ok = true;
    for (uint64_t at = from; ok && at < source->size && !(*manifest && *holds); at += WINDOW) {
        struct bytes b;
        arena_reset(&scratch);
        ok = source_read_some(source, &scratch, at > OVERLAP ? at - OVERLAP : 0, WINDOW + OVERLAP, &b, err);
        *manifest = *manifest || (ok && mentions(b, assembly));
        *holds = *holds || (ok && mentions(b, "X509Certificate"));
    }
    arena_free(&scratch);
    return ok;
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct bytes xml;
    struct error why = {0};
    struct xmldsig_outside nothing = {.kind = KIND_XMLDSIG};
    bool found = false;
    uint64_t most = limit_most(arena->limits, LIMIT_XML_SIZE);
    if (!source_read_some(source, arena, 0, most, &xml, err)) {
        return false;
    }
    bool manifest = mentions(xml, assembly), holds = mentions(xml, "X509Certificate");
    if (!mentions_behind(source, xml.n, arena, &manifest, &holds, err)) {
        return false;
    }
    contents->other = !manifest && !holds;
    if (contents->other || (source->size <= most && !holds)) {
        return true;
    }
    bool read = source->size > most ? limit_reached(arena->limits, LIMIT_XML_SIZE, &why)
                                    : xmldsig_add(xml, "signature", &nothing, arena, contents, &found, &why);
    if (read && found && contents->n_signatures == 0) {
        read = error_set(&why, ERR_MALFORMED, "a Signature element that holds no signature that can be read");
    }
    if (read) {
        contents->other = !manifest && contents->n_signatures == 0;
        return true;
    }
    /* Text that speaks of such documents is none. */
    contents->other = !manifest && source->size <= most && !has_element(xml, "X509Certificate");
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
