/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed OPC packages (ECMA-376 part 2, 10): Visual Studio extensions (VSIX), XPS, Office documents. A ZIP archive whose relations lead
 * from the package to an origin part and from there to parts that are XML signatures; the Manifest in one lists parts and their
 * digests. Certificates stand in it, or in parts of their own. Names are conventions only: what looks like a signature counts, too.
 *
 * Refused: archives whose directory strict readers do not take; parts that are packed by other methods than deflate are not covered.
 */
#include <ctype.h>
#include <strings.h>

#include "asn1/x509.h"
#include "format/format.h"
#include "format/opc_relations.h"
#include "format/zip_signed.h"
#include "source/zip.h"
#include "source/zip_part.h"

enum { SIGNATURES_READ = LIMIT_XML_SIGNATURES_GREATEST };

struct opc {
    struct xmldsig_outside outside;
    struct source *source;
    struct arena *arena;
    struct contents *contents;
    struct zip_index index;
    bool *covered; /* by the signature in hand: a part each */
    size_t n_covered;
    uint64_t hashed;    /* octets that its claims unpack */
    struct cert *certs; /* LIMIT_CERTIFICATES of them */
    struct zip_part *signatures[SIGNATURES_READ];
    size_t n_signatures;
    bool lost; /* relations that may lead to more */
};

static bool has(struct bytes b, const char *word) {
    return bytes_find(b, bytes_text(word), 0) < b.n;
}

static bool probe(const struct probe *probe) {
    static const char *const words[] = {"[Content_Types].xml", "_rels/.rels", "digital-signature", "_xmlsignatures/", ".vsixmanifest"};
    size_t n = probe->name != NULL ? strlen(probe->name) : 0;
    if (!probe_zip(probe)) {
        return false;
    }
    bool named = n > 5 && strcasecmp(probe->name + n - 5, ".vsix") == 0;
    for (size_t i = 0; i < sizeof words / sizeof *words && !named; i++) {
        named = has(probe->head, words[i]) || has(probe->tail, words[i]);
    }
    return named || probe->thorough;
}

static uint8_t folded(uint8_t c) {
    return (uint8_t)tolower(c);
}

/* Names of parts are compared without regard to case (6.2.2.3); references escape octets as URIs do. */
static bool same_name(struct bytes name, struct bytes uri) {
    size_t at = 0;
    for (size_t i = 0; i < uri.n; i++, at++) {
        uint8_t c = uri.p[i];
        if (c == '%' && i + 2 < uri.n && isxdigit(uri.p[i + 1]) && isxdigit(uri.p[i + 2]) && (at >= name.n || name.p[at] != '%')) {
            uint8_t hi = folded(uri.p[i + 1]), lo = folded(uri.p[i + 2]);
            c = (uint8_t)((hi > '9' ? hi - 'a' + 10 : hi - '0') << 4 | (lo > '9' ? lo - 'a' + 10 : lo - '0'));
            i += 2;
        }
        if (at >= name.n || folded(name.p[at]) != folded(c)) {
            return false;
        }
    }
    return at == name.n;
}

/* The part that a target or reference is of, relative to the package; the last of several. NULL: none. */
static struct zip_part *part_of(struct opc *o, struct bytes uri) {
    uri.n = bytes_find(uri, bytes_text("?"), 0);
    if (uri.n != 0 && uri.p[0] == '/') {
        uri = bytes_cut(uri, 1, uri.n);
    }
    for (size_t i = o->index.n_parts; uri.n != 0 && i-- > 0;) {
        if (same_name(o->index.parts[i].name, uri)) {
            return &o->index.parts[i];
        }
    }
    return NULL;
}

/* ---- what signatures cover ---- */

static bool relations_span(struct opc *o, const struct zip_part *part, const struct xmldsig_reference *reference, struct span *span,
                           struct error *err) {
    struct bytes xml, text;
    if (!zip_part_read(o->source, part, LIMIT_PART_SIZE, o->arena, &xml, err) || !opc_relations(xml, reference, o->arena, &text, err)) {
        return error_within(err, "relations");
    }
    *span = (struct span){.literal = text};
    return true;
}

static bool part_span(struct opc *o, const struct zip_part *part, struct span *span, struct error *err) {
    o->hashed += part->size;
    uint64_t most = limit_most(o->arena->limits, LIMIT_PART_BYTES);
    if (part->size > most || o->hashed > most) {
        return limit_reached(o->arena->limits, LIMIT_PART_BYTES, err);
    }
    if (part->method == 0) {
        *span = (struct span){.at = part->data_at, .n = part->packed};
        return true;
    }
    *span = (struct span){.n = part->size, .from = zip_part_source(o->source, part, o->arena, err)};
    return span->from != NULL;
}

/* The claim over one part. Another one over the same part would only cost time. */
static bool covers(struct xmldsig_outside *outside, const struct xmldsig_reference *reference, struct claim *claim, struct error *err) {
    struct opc *o = (struct opc *)outside;
    const struct zip_part *part = part_of(o, reference->uri);
    struct span *span = arena_array(o->arena, 1, sizeof *span);
    const char *what =
        arena_printf(o->arena, "%.*s", (int)(reference->uri.n < 200 ? reference->uri.n : 200), (const char *)reference->uri.p);
    if (span == NULL || what == NULL) {
        return arena_full(o->arena, err);
    }
    claim->what = what;
    claim->spans = span;
    claim->n_spans = 1;
    if (part == NULL) {
        *span = (struct span){.at = o->source->size, .n = 1}; /* gone: passes the end, which no digest is of */
        return true;
    }
    bool *covered = &o->covered[part - o->index.parts];
    if (*covered) {
        claim->n_spans = 0;
        return true;
    }
    *covered = true;
    o->n_covered++;
    return reference->relations ? relations_span(o, part, reference, span, err) : part_span(o, part, span, err);
}

/* What no signature of a package covers: itself, what leads to it, the types of the parts, folders. */
static bool is_exempt(const struct opc *o, const struct zip_part *part) {
    for (size_t i = 0; i < o->n_signatures; i++) {
        if (o->signatures[i] == part) {
            return true;
        }
    }
    return bytes_is(part->name, "[Content_Types].xml") || has(part->name, "_rels/") || has(part->name, "digital-signature/") ||
           has(part->name, "_xmlsignatures/") || (part->name.n != 0 && part->name.p[part->name.n - 1] == '/');
}

static void judge_cover(struct opc *o, size_t first) {
    const struct zip_part *left_out = NULL;
    for (size_t i = 0; i < o->index.n_parts && left_out == NULL; i++) {
        left_out = o->covered[i] || is_exempt(o, &o->index.parts[i]) ? NULL : &o->index.parts[i];
    }
    for (size_t i = first; i < o->contents->n_signatures; i++) {
        struct signature *s = &o->contents->signatures[i];
        s->covers_part = s->covers_part || left_out != NULL;
        if (o->n_covered == 0) {
            s->n_claims = 0; /* a signature of anything, but of no part of this package */
        }
    }
    if (left_out != NULL && first != o->contents->n_signatures) {
        anomaly_note(&o->contents->anomalies, o->arena, ANOMALY_COVERS_PART, left_out->at, 0, "a part that its manifest does not list");
    }
}

/* ---- finding them ---- */

static void add_signature_part(struct opc *o, struct zip_part *part) {
    for (size_t i = 0; i < o->n_signatures; i++) {
        if (o->signatures[i] == part) {
            return;
        }
    }
    if (part != NULL && o->n_signatures < limit_most(o->arena->limits, LIMIT_XML_SIGNATURES)) {
        o->signatures[o->n_signatures++] = part;
    } else if (part != NULL) {
        contents_limited(o->contents, o->arena, LIMIT_XML_SIGNATURES);
    }
}

/* The name of the part with the relations of a part: a folder _rels beside it. */
static struct bytes relations_name(struct opc *o, struct bytes name) {
    size_t folder = name.n;
    while (folder > 0 && name.p[folder - 1] != '/') {
        folder--;
    }
    const char *base = (const char *)name.p + folder;
    char *all = arena_printf(o->arena, "%.*s_rels/%.*s.rels", (int)folder, (const char *)name.p, (int)(name.n - folder), base);
    return all != NULL ? bytes_text(all) : bytes_none();
}

/* A target, which may be relative to the folder of the part that it is a target of. */
static struct zip_part *target_of(struct opc *o, struct bytes from, struct bytes target) {
    size_t folder = from.n;
    while (folder > 0 && from.p[folder - 1] != '/') {
        folder--;
    }
    if (target.n != 0 && target.p[0] != '/' && folder != 0) {
        char *whole = arena_printf(o->arena, "%.*s%s", (int)folder, (const char *)from.p, (const char *)target.p);
        struct zip_part *part = whole != NULL ? part_of(o, bytes_text(whole)) : NULL;
        if (part != NULL) {
            return part;
        }
    }
    return part_of(o, target);
}

/* From the package (name "") to its origins, and on to their signatures. What is broken leads nowhere, for others, too; what is only not
 * read here is told. */
static void follow(struct opc *o, struct bytes name, const char *type, bool is_origin) {
    struct bytes xml, targets[SIGNATURES_READ];
    size_t n = 0;
    struct error why = {0};
    const struct zip_part *relations = part_of(o, relations_name(o, name));
    if (relations == NULL) {
        return;
    }
    if (!zip_part_read(o->source, relations, LIMIT_PART_SIZE, o->arena, &xml, &why) ||
        !opc_targets(xml, type, o->arena, targets, SIGNATURES_READ, &n, &why)) {
        o->lost = o->lost || why.kind != ERR_MALFORMED;
        if (why.kind != ERR_MALFORMED) {
            contents_unreadable(o->contents, &why);
        }
        return;
    }
    if (n > SIGNATURES_READ) {
        n = SIGNATURES_READ;
        o->lost = true;
        contents_limited(o->contents, o->arena, LIMIT_XML_SIGNATURES);
    }
    for (size_t i = 0; i < n; i++) {
        struct zip_part *part = target_of(o, name, targets[i]);
        if (part != NULL && is_origin) {
            add_signature_part(o, part);
        } else if (part != NULL) {
            follow(o, part->name, "/digital-signature/signature", true);
        }
    }
}

static bool ends_with(struct bytes name, const char *end) {
    size_t n = strlen(end);
    return name.n >= n && strncasecmp((const char *)name.p + name.n - n, end, n) == 0;
}

static bool is_signature_name(struct bytes name) {
    return ends_with(name, ".psdsxs") || (has(name, "_xmlsignatures/") && ends_with(name, ".xml"));
}

/* What says that an archive may be a signed package: a signature by its name, or the relations that lead from the package to one. */
static bool leads_to_signature(struct bytes name) {
    return is_signature_name(name) || (ends_with(name, "_rels/.rels") && name.n == strlen("_rels/.rels"));
}

/* May there be a signature, as far as these few parts tell? Most archives have none, and their other members need no look. */
static bool may_be_signed(struct opc *o) {
    for (size_t i = 0; i < o->index.n_parts; i++) {
        struct bytes xml, target;
        size_t n = 0;
        const struct zip_part *part = &o->index.parts[i];
        if (is_signature_name(part->name) || !zip_part_read(o->source, part, LIMIT_PART_SIZE, o->arena, &xml, NULL) ||
            !opc_targets(xml, "/digital-signature/origin", o->arena, &target, 1, &n, NULL) || n != 0) {
            return true;
        }
    }
    return false;
}

static void find_parts(struct opc *o) {
    follow(o, bytes_none(), "/digital-signature/origin", false);
    for (size_t i = 0; i < o->index.n_parts; i++) {
        struct zip_part *part = &o->index.parts[i];
        struct bytes der;
        if (is_signature_name(part->name)) {
            add_signature_part(o, part);
        }
        if (!ends_with(part->name, ".cer") && !ends_with(part->name, ".psdcer")) {
            continue;
        }
        if (o->outside.n_certs == limit_most(o->arena->limits, LIMIT_CERTIFICATES)) {
            contents_limited(o->contents, o->arena, LIMIT_CERTIFICATES);
            break;
        }
        if (zip_part_read(o->source, part, LIMIT_PART_SIZE, o->arena, &der, NULL) &&
            cert_parse(der, 0, o->arena, &o->certs[o->outside.n_certs], NULL)) {
            o->outside.n_certs++;
        }
    }
    o->outside.certs = o->certs;
}

static bool is_damage(const struct error *err) {
    return err->kind == ERR_MALFORMED || err->kind == ERR_LIMIT || err->kind == ERR_UNSUPPORTED;
}

static bool read_one(struct opc *o, size_t i, struct error *err) {
    struct bytes xml;
    struct error why = {0};
    size_t first = o->contents->n_signatures;
    bool found;
    const char *part = i == 0 ? "signature" : arena_printf(o->arena, "signature%zu", i);
    if (part == NULL) {
        return arena_full(o->arena, err);
    }
    memset(o->covered, 0, o->index.n_parts * sizeof *o->covered);
    o->n_covered = 0;
    o->hashed = 0;
    if (!zip_part_read(o->source, o->signatures[i], LIMIT_XML_SIZE, o->arena, &xml, &why)) {
        contents_unreadable(o->contents, &why);
        return is_damage(&why) || error_again(err, &why);
    }
    if (i == 0) {
        o->contents->inner = xml;
        o->contents->inner_path = arena_printf(o->arena, "%.*s", (int)o->signatures[i]->name.n, (const char *)o->signatures[i]->name.p);
    }
    if (!xmldsig_add(xml, part, &o->outside, o->arena, o->contents, &found, &why)) {
        contents_unreadable(o->contents, &why);
        xmldsig_salvage(xml, o->arena, o->contents);
        return is_damage(&why) || error_again(err, &why);
    }
    if (o->contents->n_signatures == first) { /* it is called a signature, and none could be read from it */
        (void)!error_set(&why, ERR_MALFORMED, "the signature's part holds no signature that can be read");
        contents_unreadable(o->contents, &why);
    }
    judge_cover(o, first);
    return true;
}

static bool read_all(struct opc *o, struct error *err) {
    struct error why;
    if (zip_index_read(o->source, o->arena, leads_to_signature, &o->index, &why) && !may_be_signed(o)) {
        o->contents->other = true;
        return true;
    }
    if (!zip_index_read(o->source, o->arena, NULL, &o->index, err)) {
        return false;
    }
    o->covered = arena_array(o->arena, o->index.n_parts, sizeof *o->covered);
    o->certs = arena_array(o->arena, (size_t)limit_most(o->arena->limits, LIMIT_CERTIFICATES), sizeof *o->certs);
    if (o->covered == NULL || o->certs == NULL) {
        return arena_full(o->arena, err);
    }
    find_parts(o);
    o->contents->other = o->n_signatures == 0 && !o->lost;
    for (size_t i = 0; i < o->n_signatures; i++) {
        if (!read_one(o, i, err)) {
            return false;
        }
    }
    return true;
}

/* What can't be read as a package is an archive all the same, whose container says what is wrong with it. */
static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct error why = {0};
    struct opc *o = arena_alloc(arena, sizeof *o);
    if (o == NULL) {
        return arena_full(arena, err);
    }
    o->outside = (struct xmldsig_outside){.covers = covers, .kind = KIND_OPC};
    o->source = source;
    o->arena = arena;
    o->contents = contents;
    if (read_all(o, &why)) {
        return true;
    }
    contents->other = o->n_signatures == 0 && why.kind == ERR_MALFORMED; /* a damaged archive: format/zip.c and its container tell it */
    if (!contents->other) {
        contents_unreadable(contents, &why);
    }
    if (err != NULL) {
        *err = why;
    }
    return is_damage(&why);
}

const struct format format_opc = {
    .name = "opc",
    .long_name = "OPC package (VSIX)",
    .members_only = true,
    .acts_on_members = true,
    .probe = probe,
    .read = read,
};
