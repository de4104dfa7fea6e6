/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cabinets: Microsoft's "Cabinet File Format" ([MS-CAB]). A signed one has a reserve of 20 bytes in its header, which points to a
 * SignedData behind the cabinet; no document says what is hashed, osslsigncode (cab.c) and jsign (MSCabinetFile) agree on it.
 *
 * Refused: nothing. Where the header can't be followed, the file is searched for signatures.
 */
#include "layout/cab.h"
#include "asn1/carve.h"
#include "asn1/cms.h"
#include "base/reader.h"
#include "format/appended.h"
#include "format/format.h"

enum {
    CHECKSUM_AT = 4,
    CHECKSUM_END = 8,
    TAIL_MAX = 4 << 20,
};

struct cab {
    struct source *source;
    struct arena *arena;
    struct contents *contents;
    struct cab_header header;
};

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("MSCF"));
}

static void note(struct cab *cab, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(&cab->contents->anomalies, cab->arena, name, at, size, detail);
}

/*
 * What is hashed: the header without its checksum, the length of the reserve's first structure, that structure, and everything
 * behind the reserve up to the signature.
 */
static bool add_claims(struct cab *cab, struct error *err) {
    struct span *spans = arena_array(cab->arena, 5, sizeof *spans);
    if (spans == NULL) {
        return arena_full(cab->arena, err);
    }
    spans[0] = (struct span){.at = 0, .n = 4};
    spans[1] = (struct span){.at = 8, .n = CAB_HEADER_SIZE - 8};
    spans[2] = (struct span){.at = CAB_RESERVE_AT, .n = 2};
    spans[3] = (struct span){.at = CAB_RESERVE_AT + CAB_LENGTHS, .n = cab->header.first_n};
    spans[4] = (struct span){.at = cab->header.behind, .n = cab->header.signature_at - cab->header.behind};
    for (size_t i = 0; i < cab->contents->n_signatures; i++) {
        struct signature *s = &cab->contents->signatures[i];
        if (s->claimed.n == 0 || s->n_claims != 0) {
            continue;
        }
        struct claim *claim = arena_alloc(cab->arena, sizeof *claim);
        if (claim == NULL) {
            return arena_full(cab->arena, err);
        }
        *claim = (struct claim){
            .hash = s->hash, .digest_size = s->claimed.n, .expected = s->claimed, .spans = spans, .n_spans = 5, .what = "file digest"};
        s->claims = claim;
        s->n_claims = 1;
    }
    return true;
}

/* Searches [at, at + n) for what no structure reaches; tells why only when nothing is there. */
static bool search(struct cab *cab, uint64_t at, uint64_t n, const struct error *why, struct error *err) {
    size_t added, first = cab->contents->n_signatures;
    if (!carve_source(cab->contents, cab->arena, cab->source, at, n, &added, err)) {
        return false;
    }
    for (size_t i = first; i < cab->contents->n_signatures; i++) {
        if (cab->contents->signatures[i].signer != NULL) {
            return true;
        }
    }
    contents_unreadable(cab->contents, why);
    return true;
}

/* The signature that the reserve points to. */
static bool read_signature(struct cab *cab, struct error *err) {
    struct bytes blob;
    struct error why = {0};
    size_t first = cab->contents->n_signatures, added;
    uint64_t left = cab->source->size - cab->header.signature_at, n = cab->header.signature_size < left ? cab->header.signature_size : left;
    if (cab->header.signature_size > left) {
        note(cab, ANOMALY_BAD_DIRECTORY, CAB_RESERVE_AT, cab->header.signature_size, "the signature passes the end of the file");
    }
    if (cab->header.signature_at != cab->header.size) {
        note(cab, ANOMALY_BAD_DIRECTORY, CAB_RESERVE_AT, 0, "the signature does not stand where the cabinet ends");
    }
    uint64_t most = limit_most(cab->arena->limits, LIMIT_SIGNATURE_SIZE);
    if (n > most) {
        contents_limited(cab->contents, cab->arena, LIMIT_SIGNATURE_SIZE);
    }
    if (!source_read_some(cab->source, cab->arena, cab->header.signature_at, n < most ? n : most, &blob, err)) {
        return false;
    }
    if (!authenticode_add(cab->contents, cab->arena, "signature", blob, cab->header.signature_at, &added, &why)) {
        note(cab, ANOMALY_BAD_BLOB, cab->header.signature_at, n, "no readable signature where the header points");
        error_within(&why, "signature");
        return search(cab, cab->header.signature_at, left, &why, err);
    }
    appended_behind(cab->contents, cab->arena, first, blob, cab->header.signature_at);
    return true;
}

/* Bytes behind the cabinet and its signature. */
static bool read_tail(struct cab *cab, uint64_t at, struct error *err) {
    uint64_t n = cab->source->size - at;
    struct bytes tail;
    size_t first = cab->contents->n_signatures;
    if (!source_read_some(cab->source, cab->arena, at, n < TAIL_MAX ? n : TAIL_MAX, &tail, err)) {
        return false;
    }
    if (first != 0 && (n > tail.n || !appended_is_zero(tail))) {
        appended_note(cab->contents, cab->arena, ANOMALY_DATA_AFTER_CONTAINER, tail, at, n);
    }
    carve_bytes(cab->contents, cab->arena, tail, at);
    if (first == 0 && cab->contents->n_signatures != 0) {
        note(cab, ANOMALY_BAD_DIRECTORY, 0, 0, "the header says that there is no signature");
    }
    return true;
}

/* What is in the reserve beside the pointer: no digest covers it. */
static void read_rest_of_reserve(struct cab *cab) {
    size_t from = cab->header.has_pointer ? cab->header.pointer_end : 0;
    struct bytes rest = bytes_cut(cab->header.reserve, from, cab->header.reserve.n);
    if (cab->header.has_pointer && !appended_is_zero(rest)) {
        appended_note(cab->contents, cab->arena, ANOMALY_APPENDED_DATA, rest, CAB_RESERVE_AT + from, rest.n);
    }
    carve_bytes(cab->contents, cab->arena, rest, CAB_RESERVE_AT + from);
}

static bool read_signed(struct cab *cab, struct error *err) {
    struct error why;
    uint64_t size = cab->source->size, behind = cab->header.signature_at + cab->header.signature_size;
    if (cab->header.signature_at < cab->header.behind || cab->header.signature_at >= size) {
        note(cab, ANOMALY_BAD_DIRECTORY, CAB_RESERVE_AT, 0, "the signature would lie outside of the file, or in the header");
        error_set(&why, ERR_MALFORMED, "the header promises a signature at 0x%llx that is not there",
                  (unsigned long long)cab->header.signature_at);
        return search(cab, 0, size, &why, err);
    }
    if (!read_signature(cab, err) || (behind < size && !read_tail(cab, behind, err)) || !add_claims(cab, err)) {
        return false;
    }
    if (cab->header.reserve.n != CAB_LENGTHS + CAB_POINTER_SIZE || cab->header.first_n != 0) {
        note(cab, ANOMALY_ODD_LAYOUT, CAB_RESERVE_AT, cab->header.reserve.n, "a reserve of another size than that of a signed cabinet");
    }
    return true;
}

static bool read_all(struct cab *cab, struct error *err) {
    struct error why = {0};
    if (!cab_header_read(&cab->header, cab->source, cab->arena, &why)) {
        if (why.kind != ERR_MALFORMED) {
            *err = why;
            return false;
        }
        contents_unreadable(cab->contents, &why);
        return search(cab, 0, cab->source->size, &why, err);
    }
    read_rest_of_reserve(cab);
    if (cab->header.size > cab->source->size) {
        error_set(&why, ERR_MALFORMED, "the cabinet has %llu bytes, the file %llu", (unsigned long long)cab->header.size,
                  (unsigned long long)cab->source->size);
        contents_unreadable(cab->contents, &why);
    }
    if (cab->header.has_pointer) {
        return read_signed(cab, err);
    }
    return cab->header.size >= cab->source->size || read_tail(cab, cab->header.size, err);
}

/* What was found until memory ran out stays. */
static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct cab cab = {.source = source, .arena = arena, .contents = contents};
    struct error why = {0};
    if (read_all(&cab, &why)) {
        return true;
    }
    contents_unreadable(contents, &why);
    if (err != NULL) {
        *err = why;
    }
    return why.kind == ERR_LIMIT && contents->n_signatures != 0;
}

/* A cabinet in a catalog: all but the checksum of its header. */
static bool image(struct source *source, struct arena *arena, struct image *image, struct error *err) {
    struct span *spans = arena_array(arena, 2, sizeof *spans);
    if (spans == NULL) {
        return arena_full(arena, err);
    }
    if (source->size < CHECKSUM_END) {
        return error_set(err, ERR_MALFORMED, "too short for a cabinet");
    }
    spans[0] = (struct span){.n = CHECKSUM_AT};
    spans[1] = (struct span){.at = CHECKSUM_END, .n = source->size - CHECKSUM_END};
    *image = (struct image){.spans = spans, .n = 2};
    return true;
}

const struct format format_cab = {
    .name = "cab",
    .long_name = "cabinet (CAB)",
    .first = FIRST_OCTETS("M"),
    .acts_on_members = true,
    .probe = probe,
    .read = read,
    .image = image,
};
