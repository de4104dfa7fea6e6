/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple disk images (UDIF): the trailer "koly" and the code signature that it leads to (Apple's libsecurity_codesigning,
 * diskimagerep.cpp, is the source of what is signed). The one code slot covers all bytes before the signature, special slot 6 the
 * trailer, with the signature's length in it as zero.
 * What macOS mounts by is the trailer in the last 512 octets; others, and bytes behind, are noted and read too.
 */
#include "asn1/carve.h"
#include "base/reader.h"
#include "format/codesign.h"
#include "format/format.h"
#include "source/udif.h"

enum {
    REMAINS = 1 << 20, /* octets before the trailer that are searched for what is left of a signature */
    LENGTH_AT = 304,   /* of CodeSignLength in the trailer */
    LENGTH_SIZE = 8,
};

struct dmg {
    struct source *source;
    struct arena *arena;
    struct contents *contents;
};

static bool probe(const struct probe *probe) {
    return probe->thorough || udif_encrypted(probe->head) || probe_udif(probe);
}

static void note(struct dmg *d, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(&d->contents->anomalies, d->arena, name, at, size, detail);
}

static bool special_make(struct dmg *d, uint64_t at, struct codesign_special *out, struct error *err) {
    struct span *spans = arena_array(d->arena, 3, sizeof *spans);
    if (spans == NULL) {
        return arena_full(d->arena, err);
    }
    uint64_t rest = LENGTH_AT + LENGTH_SIZE;
    spans[0] = (struct span){.at = at, .n = LENGTH_AT, .literal = bytes_none()};
    spans[1] = (struct span){.n = LENGTH_SIZE, .zeros = true, .literal = bytes_none()};
    spans[2] = (struct span){.at = at + rest, .n = UDIF_TRAILER - rest, .literal = bytes_none()};
    *out = (struct codesign_special){.slot = CODESIGN_SLOT_REP_SPECIFIC, .spans = spans, .n_spans = 3};
    return true;
}

/* A SuperBlob at that place, signing with the trailer at koly_at. */
static bool superblob_add(struct dmg *d, struct bytes area, uint64_t at, uint64_t koly_at, bool carved, struct error *err) {
    struct codesign code;
    struct codesign_special special;
    struct error why = {0};
    if (!special_make(d, koly_at, &special, err)) {
        return false;
    }
    if (!codesign_read(area, at, d->arena, &d->contents->anomalies, &code, &why)) {
        if (why.kind != ERR_MALFORMED) {
            return error_again(err, &why);
        }
        note(d, ANOMALY_BAD_BLOB, at, area.n, "no code signature where the trailer points to");
        contents_unreadable(d->contents, &why);
        carve_bytes(d->contents, d->arena, area, at);
        return true;
    }
    struct codesign_target target = {.part = "signature", .size = at, .specials = &special, .n_specials = 1, .carved = carved};
    return codesign_add(&code, &target, d->contents, d->arena, NULL, err);
}

/* Where a signature without a pointer may stand: behind data and property list, as far as the trailer tells the truth about them. */
static uint64_t data_end(const struct udif_trailer *t) {
    uint64_t data = t->data_at < t->at && t->data_size < t->at - t->data_at ? t->data_at + t->data_size : 0;
    uint64_t xml = t->xml_at < t->at && t->xml_size < t->at - t->xml_at ? t->xml_at + t->xml_size : 0;
    return xml > data ? xml : data;
}

/* Signatures that nothing leads to: SuperBlobs in the last octets before the trailer, behind the data or right before it. known: where the
 * one stands that the trailer leads to. */
static bool remains_read(struct dmg *d, const struct udif_trailer *t, uint64_t known, struct error *err) {
    static const struct bytes magic = {(const uint8_t *)"\xfa\xde\x0c\xc0", 4};
    uint64_t n = t->at < REMAINS ? t->at : REMAINS, data = data_end(t);
    size_t before = d->contents->n_signatures;
    struct bytes end;
    if (!source_read_some(d->source, d->arena, t->at - n, n, &end, err)) {
        return false;
    }
    for (size_t at = bytes_find(end, magic, 0); at < end.n; at = bytes_find(end, magic, at + 4)) {
        uint64_t place = t->at - n + at;
        struct reader r = reader_make(bytes_cut(end, at, 8), place);
        reader_skip(&r, 4);
        uint32_t length = reader_u32be(&r);
        bool fits = reader_ok(&r) && length >= 12 && length <= end.n - at;
        if (!fits || place == known || (place < data && length != end.n - at)) {
            continue; /* files in the image have signatures of their own */
        }
        if (!superblob_add(d, bytes_cut(end, at, length), place, t->at, true, err)) {
            return false;
        }
        if (d->contents->n_signatures != before) {
            note(d, ANOMALY_STRIPPED_SIGNATURE, place, length, "a code signature that the trailer does not lead to");
            return true;
        }
    }
    return true;
}

static bool signature_read(struct dmg *d, const struct udif_trailer *t, struct error *err) {
    uint64_t at = t->sign_at, n = t->sign_size;
    if (at == 0 && n == 0) {
        return remains_read(d, t, UINT64_MAX, err);
    }
    if (at > t->at || n > t->at - at || n < 12) {
        struct error why = {0};
        note(d, ANOMALY_BAD_DIRECTORY, t->at + LENGTH_AT - 8, 16, "the trailer leads to a code signature that is not before it");
        error_set(&why, ERR_MALFORMED, "no code signature where the trailer says");
        contents_unreadable(d->contents, &why);
        return remains_read(d, t, UINT64_MAX, err);
    }
    if (at + n != t->at) {
        note(d, ANOMALY_BAD_DIRECTORY, at + n, t->at - at - n, "bytes between the code signature and the trailer");
    }
    uint64_t most = limit_most(d->arena->limits, LIMIT_SIGNATURE_SIZE);
    if (n > most) {
        contents_limited(d->contents, d->arena, LIMIT_SIGNATURE_SIZE);
        n = most;
    }
    struct bytes area;
    if (!source_read_some(d->source, d->arena, at, n, &area, err) || !superblob_add(d, area, at, t->at, false, err)) {
        return false;
    }
    return at + t->sign_size == t->at || remains_read(d, t, at, err); /* the trailer may be of another image than what it leads into */
}

static bool trailer_add(struct dmg *d, uint64_t at, bool last, struct error *err) {
    struct udif_trailer trailer;
    struct error why = {0};
    if (!udif_trailer_read(d->source, at, d->arena, &trailer, &why)) {
        if (why.kind != ERR_MALFORMED || last) {
            contents_unreadable(d->contents, &why);
        }
        return why.kind == ERR_MALFORMED || error_again(err, &why);
    }
    if (!trailer.usual) {
        note(d, ANOMALY_BAD_DIRECTORY, at, UDIF_TRAILER, "a trailer of another version or size than any that is known");
    }
    return signature_read(d, &trailer, err);
}

/* Trailers in the last octets, the last first: the file's end may have been moved. */
static bool trailers_read(struct dmg *d, struct error *err) {
    uint64_t size = d->source->size, n = size < UDIF_SEARCH ? size : UDIF_SEARCH;
    struct bytes end;
    if (!source_read_some(d->source, d->arena, size - n, n, &end, err)) {
        return false;
    }
    unsigned found = 0;
    for (size_t at = end.n; at-- > 0;) {
        if (end.p[at] != 'k' || !udif_trailer_at(end, at)) {
            continue;
        }
        uint64_t place = size - n + at;
        bool last = place + UDIF_TRAILER == size;
        struct udif_trailer trailer;
        if (!last && udif_trailer_read(d->source, place, d->arena, &trailer, NULL) && !udif_trailer_fits(d->source, d->arena, &trailer)) {
            continue; /* of an image that this file holds */
        }
        if (found == limit_most(d->arena->limits, LIMIT_TRAILERS)) {
            return limit_reached(d->arena->limits, LIMIT_TRAILERS, err);
        }
        if (found == 0 && !last) {
            uint64_t behind = place + UDIF_TRAILER < size ? size - place - UDIF_TRAILER : 0;
            note(d, ANOMALY_DATA_AFTER_CONTAINER, size - behind, behind, "behind the trailer of the disk image");
        } else if (found != 0) {
            note(d, ANOMALY_BAD_DIRECTORY, place, UDIF_TRAILER, "a second trailer");
        }
        found++;
        if (!trailer_add(d, place, last, err)) {
            return false;
        }
    }
    struct udif_trailer first;
    d->contents->other =
        found == 0 && !(udif_trailer_read(d->source, 0, d->arena, &first, NULL) && udif_trailer_fits(d->source, d->arena, &first));
    return true;
}

/* Where a limit ends the reading, what was found until then stays. */
static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct dmg d = {.source = source, .arena = arena, .contents = contents};
    struct bytes head;
    struct error why = {0};
    bool ok = source_read_some(source, arena, 0, 8, &head, &why);
    if (ok && trailers_read(&d, &why)) {
        if (udif_encrypted(head)) {
            struct error encrypted;
            error_set(&encrypted, ERR_UNSUPPORTED, "an encrypted disk image");
            contents_unreadable(contents, &encrypted);
            contents->other = false;
        }
        return true;
    }
    contents_unreadable(contents, &why);
    if (err != NULL) {
        *err = why;
    }
    return why.kind == ERR_LIMIT && contents->n_signatures != 0;
}

const struct format format_dmg = {
    .name = "dmg",
    .long_name = "Apple disk image (UDIF)",
    .acts_on_members = true,
    .members_only = true,
    .probe = probe,
    .read = read,
};
