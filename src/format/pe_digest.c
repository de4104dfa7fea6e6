/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an Authenticode signature of a PE file covers. Microsoft's "Windows Authenticode Portable Executable Signature Format":
 * the whole file but CheckSum, the directory entry of the certificate table, and that table.
 *
 * Page hashes stand in SpcPeImageData.file as a moniker's serialized data: SET { SEQUENCE { OID, SET { OCTET STRING } } }, the
 * octets being records of u32 file offset and digest: the headers, then each page of each section, then an end mark of zeros.
 */
#include "asn1/cms.h"
#include "base/reader.h"
#include "format/pe.h"

enum { PAGE = 4096, PAGE_BIG = 8192, MACHINE_IA64 = 0x200, MACHINE_ALPHA = 0x184, MACHINE_ALPHA64 = 0x284, RECORDS_MAX = 1 << 20 };
/* Headers, and the spans that they are hashed in. */
enum { HEADERS_MAX = 64 << 10, HEADER_SPANS = 5 };

/* Adds [from, to) of the file, if it is not empty. */
static void add_span(struct span *spans, size_t *n, uint64_t from, uint64_t to) {
    if (to > from) {
        spans[(*n)++] = (struct span){.at = from, .n = to - from};
    }
}

static void add_zeros(struct span *spans, size_t *n, uint64_t zeros) {
    spans[(*n)++] = (struct span){.n = zeros, .zeros = true};
}

/* The part of [0, end) that is hashed: up to four spans. */
static size_t covered(const struct pe *pe, uint64_t end, struct span *spans) {
    size_t n = 0;
    uint64_t at = 0;
    if (pe->has_checksum && pe->checksum_at + 4 <= end) {
        add_span(spans, &n, at, pe->checksum_at);
        at = pe->checksum_at + 4;
    }
    if (pe->has_entry && pe->entry_at + 8 <= end) {
        add_span(spans, &n, at, pe->entry_at);
        at = pe->entry_at + 8;
    }
    add_span(spans, &n, at, end);
    return n;
}

/* All of the file that is hashed: up to four spans. */
static size_t covered_whole(const struct pe *pe, struct span *spans) {
    bool has_table = pe->table_size != 0 && pe->table_at < pe->size;
    size_t n = covered(pe, has_table ? pe->table_at : pe->size, spans);
    uint64_t behind = pe->table_at + pe->table_size;
    if (has_table && behind < pe->size) {
        add_span(spans, &n, behind, pe->size);
    }
    return n;
}

static bool file_claim(struct arena *arena, const struct pe *pe, struct signature *signature, struct error *err) {
    struct claim *claim = arena_alloc(arena, sizeof *claim);
    struct span *spans = arena_array(arena, 4, sizeof *spans);
    if (claim == NULL || spans == NULL) {
        return arena_full(arena, err);
    }
    size_t n = covered_whole(pe, spans);
    *claim = (struct claim){.hash = signature->hash,
                            .digest_size = signature->claimed.n,
                            .expected = signature->claimed,
                            .spans = spans,
                            .n_spans = n,
                            .what = "file digest"};
    signature->claims = claim;
    signature->n_claims = 1;
    return true;
}

/* ---- page hashes ---- */

struct records {
    struct bytes blob;
    enum hash hash;
    size_t digest, n; /* octets of a digest; records, the end mark among them */
};

/* SpcPeImageData ::= SEQUENCE { flags BIT STRING, file [0] { SpcLink } }, SpcLink's moniker [1] { classId, serializedData }. */
static bool find_records(const struct signature *signature, struct arena *arena, struct records *out) {
    struct spc_indirect spc;
    struct der element, oid, octets;
    struct der_cursor data, link, moniker, set, sequence, values;
    struct bytes serialized;
    if (signature->sd == NULL || !spc_parse(signature->sd, &spc, NULL) || !oid_is(spc.data_type, OID_SPC_PE_IMAGE_DATA)) {
        return false;
    }
    struct der_cursor c = der_cursor_make(spc.data_value, 0);
    if (!der_enter(&c, DER_SEQUENCE, &data, NULL)) {
        return false;
    }
    (void)der_optional(&data, DER_BIT_STRING, &element);
    if (!der_enter(&data, DER_CONTEXT_0_CONS, &link, NULL) || !der_enter(&link, DER_CONTEXT_1_CONS, &moniker, NULL) ||
        !der_expect(&moniker, DER_OCTET_STRING, &element, NULL) || !der_expect(&moniker, DER_OCTET_STRING, &element, NULL) ||
        !der_octets(&element, arena, &serialized, NULL)) {
        return false;
    }
    c = der_cursor_make(serialized, 0);
    if (!der_enter(&c, DER_SET, &set, NULL) || !der_enter(&set, DER_SEQUENCE, &sequence, NULL) ||
        !der_expect(&sequence, DER_OID, &oid, NULL) || !der_enter(&sequence, DER_SET, &values, NULL) ||
        !der_expect(&values, DER_OCTET_STRING, &octets, NULL) || !der_octets(&octets, arena, &out->blob, NULL)) {
        return false;
    }
    out->hash = oid_is(oid.content, OID_SPC_PAGE_HASHES_V1)   ? HASH_SHA1
                : oid_is(oid.content, OID_SPC_PAGE_HASHES_V2) ? HASH_SHA256
                                                              : HASH_NONE;
    out->digest = hash_size(out->hash);
    out->n = out->hash != HASH_NONE ? out->blob.n / (4 + out->digest) : 0;
    return out->n != 0 && out->n <= RECORDS_MAX;
}

static uint32_t record_at(const struct records *records, size_t i) {
    struct reader r = reader_make(bytes_cut(records->blob, i * (4 + records->digest), 4), 0);
    return reader_u32le(&r);
}

static struct bytes record_digest(const struct records *records, size_t i) {
    return bytes_cut(records->blob, i * (4 + records->digest) + 4, records->digest);
}

/* How many pages of that size the sections take. */
static uint64_t count_pages(const struct pe *pe, uint64_t page) {
    uint64_t n = 0;
    for (size_t i = 0; i < pe->n_sections; i++) {
        n += (pe->sections[i].raw_size + page - 1) / page;
    }
    return n;
}

/* What a page is on the machine that the program is for. */
static uint64_t machine_page(const struct pe *pe) {
    bool big = pe->machine == MACHINE_IA64 || pe->machine == MACHINE_ALPHA || pe->machine == MACHINE_ALPHA64;
    return big ? PAGE_BIG : PAGE;
}

/* The page size that fits the number of records: what the machine has, else the alignment of the sections. 0: none does. */
static uint64_t page_size(const struct pe *pe, const struct records *records) {
    const uint64_t sizes[] = {machine_page(pe), pe->section_alignment};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] >= 512 && count_pages(pe, sizes[i]) + 2 == records->n) {
            return sizes[i];
        }
    }
    return 0;
}

/* The headers' page: without the holes, then zeros up to a page as if there were none. At most five spans. */
static size_t header_spans(const struct pe *pe, uint64_t page, struct span *spans) {
    uint64_t end = pe->headers_size < pe->size ? pe->headers_size : pe->size;
    size_t n = covered(pe, end, spans);
    if (end < page) {
        add_zeros(spans, &n, page - end);
    }
    return n;
}

bool pe_first_page(struct arena *arena, const struct pe *pe, struct contents *contents, struct error *err) {
    if (pe->headers_size > HEADERS_MAX) {
        return true;
    }
    contents->first_page = arena_array(arena, HEADER_SPANS, sizeof *contents->first_page);
    if (contents->first_page == NULL) {
        return arena_full(arena, err);
    }
    contents->n_first_page = header_spans(pe, machine_page(pe), contents->first_page);
    return true;
}

static bool header_claim(struct arena *arena, const struct pe *pe, const struct records *records, uint64_t page, struct claim *claim) {
    struct span *spans = arena_array(arena, HEADER_SPANS, sizeof *spans);
    if (spans == NULL) {
        return false;
    }
    size_t n = header_spans(pe, page, spans);
    *claim = (struct claim){.hash = records->hash,
                            .digest_size = records->digest,
                            .expected = record_digest(records, 0),
                            .spans = spans,
                            .n_spans = n,
                            .what = "page hash of the headers"};
    return true;
}

/* All pages of all sections, one run. False when the records are not for these pages, or there is no memory. */
static bool section_claim(struct arena *arena, const struct pe *pe, const struct records *records, uint64_t page, struct claim *claim) {
    struct span *spans = arena_array(arena, 2 * pe->n_sections, sizeof *spans);
    uint8_t *digests = arena_array(arena, records->n, records->digest);
    size_t n = 0, record = 1;
    if (spans == NULL || digests == NULL) {
        return false;
    }
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct pe_section *s = &pe->sections[i];
        uint64_t over = s->raw_size % page;
        for (uint64_t at = 0; at < s->raw_size; at += page, record++) {
            if (record_at(records, record) != s->raw_at + at) {
                return false;
            }
            memcpy(digests + (record - 1) * records->digest, record_digest(records, record).p, records->digest);
        }
        add_span(spans, &n, s->raw_at, (uint64_t)s->raw_at + s->raw_size);
        if (over != 0) {
            add_zeros(spans, &n, page - over);
        }
    }
    *claim = (struct claim){.hash = records->hash,
                            .digest_size = records->digest,
                            .expected = bytes_make(digests, (record - 1) * records->digest),
                            .spans = spans,
                            .n_spans = n,
                            .page = page,
                            .what = "page hashes"};
    return true;
}

static bool page_claims(struct arena *arena, const struct pe *pe, struct contents *contents, struct signature *signature,
                        struct error *err) {
    struct records records = {0};
    if (!find_records(signature, arena, &records)) {
        return true;
    }
    struct claim *claims = arena_array(arena, 2, sizeof *claims);
    if (claims == NULL) {
        return arena_full(arena, err);
    }
    uint64_t page = page_size(pe, &records);
    if (page == 0 || !header_claim(arena, pe, &records, page, &claims[0]) ||
        (records.n > 2 && !section_claim(arena, pe, &records, page, &claims[1]))) {
        anomaly_note(&contents->anomalies, arena, ANOMALY_PAGE_HASH_MISMATCH, signature->sd->at, records.blob.n,
                     "the page hashes are not of this file's sections");
        return true;
    }
    signature->pages = claims;
    signature->n_pages = records.n > 2 ? 2 : 1;
    return true;
}

bool pe_claims(struct arena *arena, const struct pe *pe, struct contents *contents, struct signature *signature, struct error *err) {
    return file_claim(arena, pe, signature, err) && page_claims(arena, pe, contents, signature, err);
}

bool pe_image(struct source *source, struct arena *arena, struct image *image, struct error *err) {
    struct pe pe;
    if (!pe_headers(source, arena, &pe, err)) {
        return false;
    }
    struct span *spans = arena_array(arena, 4, sizeof *spans);
    if (spans == NULL) {
        return arena_full(arena, err);
    }
    *image = (struct image){.spans = spans, .n = covered_whole(&pe, spans), .zeros = (8 - pe.size % 8) % 8};
    return true;
}
