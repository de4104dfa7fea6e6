/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages of Silverlight (layout/xap.h). The digest is of the archive.
 *
 * Refused: a trailer that leads to no signature. What one that leads before the beginning hides a search finds (scan/carved.h).
 */
#include "layout/xap.h"
#include "asn1/cms.h"
#include "format/appended.h"
#include "format/format.h"

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("PK")) && xap_has_trailer(probe->size > probe->head.n ? probe->tail : probe->head);
}

static bool add_claims(struct contents *contents, struct arena *arena, uint64_t n, struct error *err) {
    struct span *span = arena_alloc(arena, sizeof *span);
    if (span == NULL) {
        return arena_full(arena, err);
    }
    *span = (struct span){.at = 0, .n = n};
    for (size_t i = 0; i < contents->n_signatures; i++) {
        struct signature *s = &contents->signatures[i];
        if (s->claimed.n == 0) {
            continue;
        }
        struct claim *claim = arena_alloc(arena, sizeof *claim);
        if (claim == NULL) {
            return arena_full(arena, err);
        }
        *claim = (struct claim){
            .hash = s->hash, .digest_size = s->claimed.n, .expected = s->claimed, .spans = span, .n_spans = 1, .what = "file digest"};
        s->claims = claim;
        s->n_claims = 1;
    }
    return true;
}

static bool bad(struct contents *contents, struct arena *arena, uint64_t at, const char *detail) {
    anomaly_note(&contents->anomalies, arena, ANOMALY_BAD_DIRECTORY, at, 0, detail);
    return true;
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct bytes b;
    struct error why = {0};
    uint64_t archive, told;
    size_t added;
    if (!xap_archive_end(source, &archive, &told, err)) {
        return false;
    }
    if (archive == 0) {
        return bad(contents, arena, source->size - XAP_TRAILER, "the trailer leads to no signature");
    }
    uint64_t at = archive + XAP_HEADER, n = source->size - XAP_TRAILER - at;
    if (n > limit_most(arena->limits, LIMIT_SIGNATURE_SIZE)) {
        contents_limited(contents, arena, LIMIT_SIGNATURE_SIZE);
        return true;
    }
    if (told != n) {
        bad(contents, arena, archive, "the signature is not as long as the trailer says");
    }
    if (!source_read(source, arena, at, n, &b, err)) {
        return false;
    }
    if (!authenticode_add(contents, arena, "signature", b, at, &added, &why)) {
        error_within(&why, "signature");
        contents_unreadable(contents, &why);
        return true;
    }
    appended_behind(contents, arena, 0, b, at);
    return add_claims(contents, arena, archive, err);
}

const struct format format_xap = {
    .name = "xap",
    .long_name = "Silverlight package",
    .first = FIRST_OCTETS("P"),
    .members_only = true,
    .acts_on_members = true,
    .probe = probe,
    .read = read,
};
