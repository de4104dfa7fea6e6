/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed NuGet packages: a ZIP archive with a member .signature.p7s, stored, which is a CMS over a text:
 *   Version:1, an empty line, OID "-Hash:" base64, an empty line
 * The hash is of the archive without that member: its local record and its entry left out, the end record as it would be then.
 * (NuGet's "Package Signatures Technical Details".)
 *
 * Refused: 64-bit archives, and a signature that stands before other members, prove nothing: NuGet writes neither.
 */
#include "base/base64.h"
#include "format/zip_signed.h"

static const char signature_name[] = ".signature.p7s";

static const struct {
    const char *label;
    enum hash hash;
} labels[] = {
    {"2.16.840.1.101.3.4.2.1-Hash:", HASH_SHA256},
    {"2.16.840.1.101.3.4.2.2-Hash:", HASH_SHA384},
    {"2.16.840.1.101.3.4.2.3-Hash:", HASH_SHA512},
};

static bool wanted(struct bytes name) {
    return bytes_is(name, signature_name);
}

static bool probe(const struct probe *probe) {
    return zip_signed_probe(probe, signature_name);
}

/* The digest that the text names; left empty when there is none. */
static bool read_text(struct signature *s, struct arena *arena, struct error *err) {
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        size_t at = bytes_find(s->content, bytes_text(labels[i].label), 0);
        struct bytes rest = bytes_cut(s->content, at + strlen(labels[i].label), s->content.n), copy;
        if (at == s->content.n) {
            continue;
        }
        rest.n = bytes_find(rest, bytes_text("\n"), 0);
        if (!arena_copy(arena, rest, &copy, err)) {
            return false;
        }
        uint8_t *digest = arena_alloc(arena, copy.n);
        if (digest == NULL) {
            return arena_full(arena, err);
        }
        if (copy.n != 0) {
            memcpy(digest, copy.p, copy.n);
        }
        size_t n = base64_decode(digest, copy.n);
        if (n == hash_size(labels[i].hash)) {
            s->hash = labels[i].hash;
            s->claimed = bytes_make(digest, n);
            return true;
        }
    }
    return true;
}

static bool claim(const struct zip_index *index, const struct zip_part *part, struct signature *s, struct arena *arena, struct error *err) {
    if (!read_text(s, arena, err)) {
        return false;
    }
    if (s->claimed.n == 0 || index->end64.n != 0 || part->at != index->last_at || part->at > index->at) {
        return true;
    }
    struct claim *claim = arena_alloc(arena, sizeof *claim);
    struct span *spans = arena_array(arena, 4, sizeof *spans);
    if (claim == NULL || spans == NULL) {
        return arena_full(arena, err);
    }
    spans[0] = (struct span){.at = 0, .n = part->at};
    *claim = (struct claim){
        .hash = s->hash, .digest_size = s->claimed.n, .expected = s->claimed, .spans = spans, .n_spans = 4, .what = "the package"};
    s->claims = claim;
    s->n_claims = 1;
    return zip_signed_directory(index, part, arena, spans + 1, err);
}

static bool read_all(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct zip_index index;
    size_t first = contents->n_signatures;
    if (!zip_index_read(source, arena, wanted, &index, err)) {
        return false;
    }
    const struct zip_part *part = zip_signed_part(&index, signature_name);
    if (part == NULL) {
        return true;
    }
    if (!zip_signed_add(source, part, "", arena, contents, err)) {
        return false;
    }
    for (size_t i = first; i < contents->n_signatures; i++) {
        struct signature *s = &contents->signatures[i];
        if (s->carved) {
            continue;
        }
        s->kind = KIND_NUGET;
        if (s->counters && s->outer->outer == NULL) { /* the repository's: it vouches for the author's */
            s->hash = s->outer->hash;
            s->claimed = s->outer->claimed;
            s->claims = s->outer->claims;
            s->n_claims = s->outer->n_claims;
        } else if (s->outer == NULL && s->sd->content_is_octets && !claim(&index, part, s, arena, err)) {
            return false;
        }
    }
    return true;
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct error why = {0};
    if (read_all(source, arena, contents, &why)) {
        return true;
    }
    contents_unreadable(contents, &why);
    if (err != NULL) {
        *err = why;
    }
    return why.kind == ERR_MALFORMED || why.kind == ERR_LIMIT || why.kind == ERR_UNSUPPORTED;
}

const struct format format_nupkg = {
    .name = "nupkg",
    .long_name = "NuGet package",
    .members_only = true,
    .acts_on_members = true,
    .probe = probe,
    .read = read,
};
