/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App packages and bundles (APPX, MSIX): a ZIP archive whose last member, AppxSignature.p7x, is "PKCX" and an Authenticode signature.
 * The digest in it is a table: "APPX", then four letters and a digest each, of the hash that is named there:
 *   AXPC  the archive up to that member            AXCD  the central directory as it would be without it
 *   AXCT  [Content_Types].xml, unpacked            AXBM  AppxBlockMap.xml, unpacked
 *   AXCI  AppxMetadata/CodeIntegrity.cat, unpacked
 * (Facts as osslsigncode and jsign have them.) Encrypted packages (EXPH, EXBH) are no ZIP and are not known here.
 *
 * Refused: a digest that is no such table proves nothing.
 */
#include "base/reader.h"
#include "format/zip_signed.h"

enum { TAG_SIZE = 4, CLAIMS_MAX = 16 /* a table of more proves nothing */ };

static const char signature_name[] = "AppxSignature.p7x";

/* What a tag is the digest of: a part, or with NULL one of the two stretches of the archive. */
static const struct {
    const char *tag, *part, *what;
} tags[] = {
    {"AXPC", NULL, "members of the package"},
    {"AXCD", NULL, "central directory of the package"},
    {"AXCT", "[Content_Types].xml", "[Content_Types].xml"},
    {"AXBM", "AppxBlockMap.xml", "AppxBlockMap.xml"},
    {"AXCI", "AppxMetadata/CodeIntegrity.cat", "CodeIntegrity.cat"},
};
enum { TAGS = sizeof tags / sizeof *tags, PACKAGE = 0, DIRECTORY = 1 };

struct appx {
    struct source *source;
    struct arena *arena;
    struct zip_index index;
    const struct zip_part *signature;
    struct bytes parts[TAGS]; /* unpacked once for all signatures */
};

static bool wanted(struct bytes name) {
    for (size_t i = 0; i < TAGS; i++) {
        if (tags[i].part != NULL && bytes_is(name, tags[i].part)) {
            return true;
        }
    }
    return bytes_is(name, signature_name);
}

static bool probe(const struct probe *probe) {
    return zip_signed_probe(probe, signature_name);
}

/* The spans of one tag. A part that is not there is empty: its digest then differs. */
static bool spans_of(struct appx *a, size_t tag, struct claim *claim, struct error *err) {
    claim->spans = arena_array(a->arena, 3, sizeof *claim->spans);
    if (claim->spans == NULL) {
        return arena_full(a->arena, err);
    }
    if (tag == DIRECTORY) {
        claim->n_spans = 3;
        return zip_signed_directory(&a->index, a->signature, a->arena, claim->spans, err);
    }
    claim->n_spans = 1;
    claim->spans[0] = (struct span){.at = 0, .n = tag == PACKAGE ? a->signature->at : 0};
    const struct zip_part *part = tag == PACKAGE ? NULL : zip_signed_part(&a->index, tags[tag].part);
    if (part != NULL) {
        if (a->parts[tag].n == 0 && !zip_part_read(a->source, part, LIMIT_PART_SIZE, a->arena, &a->parts[tag], err)) {
            return error_within(err, "%s", tags[tag].part);
        }
        claim->spans[0].literal = a->parts[tag];
    }
    return true;
}

/* Gives a signature its claims. They count only when they cover the archive: both of its stretches. */
static bool claim(struct appx *a, struct signature *s, struct error *err) {
    struct reader r = reader_make(s->claimed, 0);
    struct claim *claims = arena_array(a->arena, CLAIMS_MAX, sizeof *claims);
    size_t n = 0, size = hash_size(s->hash);
    bool has[TAGS] = {false};
    if (claims == NULL) {
        return arena_full(a->arena, err);
    }
    if (!bytes_is(reader_bytes(&r, TAG_SIZE), "APPX") || size == 0) {
        return true;
    }
    while (r.left.n >= TAG_SIZE + size && n < CLAIMS_MAX) {
        struct bytes tag = reader_bytes(&r, TAG_SIZE), digest = reader_bytes(&r, size);
        for (size_t i = 0; i < TAGS; i++) {
            if (!bytes_is(tag, tags[i].tag)) {
                continue;
            }
            claims[n] = (struct claim){.hash = s->hash, .digest_size = size, .expected = digest, .what = tags[i].what};
            if (!spans_of(a, i, &claims[n++], err)) {
                return false;
            }
            has[i] = true;
        }
    }
    if (has[PACKAGE] && has[DIRECTORY] && r.left.n == 0) {
        s->claims = claims;
        s->n_claims = n;
    }
    return true;
}

static bool is_damage(const struct error *err) {
    return err->kind == ERR_MALFORMED || err->kind == ERR_LIMIT || err->kind == ERR_UNSUPPORTED;
}

static bool read_all(struct appx *a, struct contents *contents, struct error *err) {
    size_t first = contents->n_signatures;
    if (!zip_index_read(a->source, a->arena, wanted, &a->index, err)) {
        return false;
    }
    a->signature = zip_signed_part(&a->index, signature_name);
    if (a->signature == NULL) {
        return true; /* some other archive with that word in it */
    }
    if (!zip_signed_add(a->source, a->signature, "PKCX", a->arena, contents, err)) {
        return false;
    }
    bool last = a->signature->at == a->index.last_at && a->signature->entry_at + a->signature->entry_n == a->index.at + a->index.n;
    if (!last) {
        anomaly_note(&contents->anomalies, a->arena, ANOMALY_ODD_LAYOUT, a->signature->at, 0,
                     "members behind the signature of the package");
    }
    for (size_t i = first; i < contents->n_signatures; i++) {
        struct signature *s = &contents->signatures[i];
        s->covers_part = s->covers_part || !last;
        if (!s->carved && !claim(a, s, err)) {
            return false;
        }
    }
    return true;
}

/* What can't be read here is looked at as a member of the archive, too. */
static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct appx a = {.source = source, .arena = arena};
    struct error why = {0};
    if (read_all(&a, contents, &why)) {
        return true;
    }
    contents_unreadable(contents, &why);
    if (err != NULL) {
        *err = why;
    }
    return is_damage(&why);
}

const struct format format_appx = {
    .name = "appx",
    .long_name = "app package or bundle (APPX, MSIX)",
    .members_only = true,
    .acts_on_members = true,
    .probe = probe,
    .read = read,
};
