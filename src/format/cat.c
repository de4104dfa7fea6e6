/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are nothing but a SignedData (PKCS#7 1.5, RFC 2315; CMS, RFC 5652):
 *   cat  security catalogs and other certificate trust lists (content type 1.3.6.1.4.1.311.10.1): the list that is signed is
 *        the file's whole worth, so that what messageDigest covers is the file
 *   p7x  the four octets "PKCX" and an Authenticode signature, as it lies in app packages: what it signs is the package
 *   vba  the signature of an Office document's macros, vbaProjectSignature.bin and its siblings: a DigSigBlob ([MS-OSHARED] 2.3.2.2),
 *        which signs the macros in the part beside it, in a normal form that nothing here computes
 *   p7   any other: .p7s, .p7m and so on. Without signers it is a bag of certificates, which signs nothing; without content it
 *        signs another file, and NuGet's .signature.p7s signs a package
 *
 * Refused: what breaks before its certificates, or is larger than LIMIT_CATALOG_SIZE; both are searched for signatures.
 */
#include "asn1/carve.h"
#include "asn1/cms.h"
#include "asn1/der.h"
#include "base/reader.h"
#include "format/appended.h"
#include "format/format.h"

enum { MAGIC_SIZE = 4 };

static const char p7x_magic[] = "PKCX";

/* One header of an element: its tag, and its length unless that is indefinite (then 0). False when tag is not the one there. */
static bool header(struct reader *r, uint8_t tag, uint64_t *length) {
    bool fits = reader_u8(r) == tag;
    uint8_t first = reader_u8(r);
    *length = first < 0x80 ? first : 0;
    for (unsigned octets = first > 0x80 ? first & 0x7fu : 0; octets > 0; octets--) {
        *length = *length << 8 | reader_u8(r);
    }
    return fits && first <= 0x84 && reader_ok(r);
}

static bool oid_comes(struct reader *r, enum oid oid) {
    uint64_t n;
    return header(r, DER_OID, &n) && n < r->left.n && oid_is(reader_bytes(r, (size_t)n), oid);
}

/* SEQUENCE { signedData, [0] { SEQUENCE { version, digestAlgorithms SET, SEQUENCE { contentType … */
static bool signed_data_comes(struct reader *r) {
    uint64_t n;
    return header(r, DER_SEQUENCE, &n) && oid_comes(r, OID_SIGNED_DATA);
}

static bool list_comes(struct reader *r) {
    uint64_t n;
    if (!header(r, DER_CONTEXT_0_CONS, &n) || !header(r, DER_SEQUENCE, &n) || !header(r, DER_INTEGER, &n)) {
        return false;
    }
    reader_skip(r, n);
    if (!header(r, DER_SET, &n)) {
        return false;
    }
    reader_skip(r, n);
    return header(r, DER_SEQUENCE, &n) && oid_comes(r, OID_CTL);
}

static bool probe_cat(const struct probe *probe) {
    struct reader r = reader_make(probe->head, 0);
    return signed_data_comes(&r) && list_comes(&r);
}

static bool probe_p7(const struct probe *probe) {
    struct reader r = reader_make(probe->head, 0);
    return signed_data_comes(&r) && !list_comes(&r);
}

static bool probe_p7x(const struct probe *probe) {
    struct reader r = reader_make(probe->head, 0);
    return bytes_is(reader_bytes(&r, MAGIC_SIZE), p7x_magic) && signed_data_comes(&r);
}

/* 0 u32 size of what follows, 4 u32 8, then the DigSigInfoSerialized ([MS-OSHARED] 2.3.2.1): 8 u32 size of the signature, 12 u32 where it
 * stands, from the blob's beginning; *at gets that. Whoever counts from 8 on is understood as well. */
static bool macros_come(struct bytes head, uint64_t *at) {
    enum { INFO_AT = 8, INFO = 36 };
    struct reader fields = reader_make(head, 0);
    reader_skip(&fields, 4);
    bool fits = reader_u32le(&fields) == INFO_AT;
    uint32_t size = reader_u32le(&fields), offset = reader_u32le(&fields);
    for (unsigned shift = 0; fits && size != 0 && offset >= INFO && shift <= INFO_AT; shift += INFO_AT) {
        *at = (uint64_t)offset + shift;
        struct reader r = reader_make(bytes_cut(head, *at < head.n ? (size_t)*at : head.n, head.n), *at);
        if (signed_data_comes(&r)) {
            return true;
        }
    }
    return false;
}

static bool probe_vba(const struct probe *probe) {
    uint64_t at;
    return macros_come(probe->head, &at);
}

/* The text that a NuGet signature signs: it names the digest of the package. */
static bool is_nuget(const struct signature *s) {
    return oid_is(s->sd->content_type, OID_DATA) && bytes_starts(s->content, bytes_text("Version:")) &&
           bytes_find(s->content, bytes_text("-Hash:"), 0) < s->content.n;
}

/* The list is the file, and messageDigest its digest. An indirect data content speaks of another file, and no content of none. */
static bool claim(struct arena *arena, struct signature *s, struct error *err) {
    const struct signer_info *signer = s->signer;
    if (signer == NULL || s->outer != NULL) {
        return true;
    }
    if (s->content.n == 0) {
        s->detached = true;
        return true;
    }
    if (oid_is(s->sd->content_type, OID_SPC_INDIRECT_DATA) || is_nuget(s) || signer->message_digest.n == 0) {
        return true;
    }
    struct claim *made = arena_alloc(arena, sizeof *made);
    struct span *span = arena_alloc(arena, sizeof *span);
    if (made == NULL || span == NULL) {
        return arena_full(arena, err);
    }
    *span = (struct span){.literal = s->content};
    *made = (struct claim){.hash = signer->hash,
                           .digest_size = hash_size(signer->hash),
                           .expected = signer->message_digest,
                           .spans = span,
                           .n_spans = 1,
                           .what = "the signed content"};
    s->claims = made;
    s->n_claims = 1;
    return true;
}

/* A catalog that nobody has signed yet, or a bag of certificates (.p7b): there is nothing in it that says that it is signed. */
static bool signs_nothing(struct bytes b, bool is_list, const struct arena *arena) {
    struct arena scratch = arena_like(arena, ARENA_FILE_CAP);
    struct signed_data *sd;
    bool nothing = cms_parse(b, 0, &scratch, NULL, &sd, NULL) && sd->n_signers == 0 && (!is_list || sd->n_certs == 0);
    arena_free(&scratch);
    return nothing;
}

static bool read_all(struct bytes b, uint64_t at, bool is_list, struct arena *arena, struct contents *contents, struct error *err) {
    struct error why = {0};
    size_t first = contents->n_signatures, added = 0;
    if (signs_nothing(b, is_list, arena)) {
        return true;
    }
    if (!authenticode_add(contents, arena, "signature", b, at, &added, &why)) {
        contents_unreadable(contents, &why);
        carve_bytes(contents, arena, b, at);
        return true;
    }
    for (size_t i = first; i < contents->n_signatures; i++) {
        if (!claim(arena, &contents->signatures[i], err)) {
            return false;
        }
    }
    appended_behind(contents, arena, first, b, at);
    return true;
}

static bool read_from(struct source *source, uint64_t at, bool is_list, struct arena *arena, struct contents *contents, struct error *err) {
    struct bytes b;
    uint64_t n = source->size > at ? source->size - at : 0;
    if (n > limit_most(arena->limits, LIMIT_CATALOG_SIZE)) {
        size_t added;
        contents_limited(contents, arena, LIMIT_CATALOG_SIZE);
        return carve_source(contents, arena, source, at, n, &added, err);
    }
    return source_read_some(source, arena, at, n, &b, err) && read_all(b, at, is_list, arena, contents, err);
}

static bool read_list(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    return read_from(source, 0, true, arena, contents, err);
}

static bool read_p7(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    return read_from(source, 0, false, arena, contents, err);
}

static bool read_p7x(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    return read_from(source, MAGIC_SIZE, false, arena, contents, err);
}

/* Behind the signature stands a store of certificates, perhaps, and it is no matter how long the blob says that it is. */
static bool read_vba(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct bytes head, b;
    struct der whole;
    uint64_t at = 0;
    if (!source_read_some(source, arena, 0, PROBE_HEAD, &head, err)) {
        return false;
    }
    if (!macros_come(head, &at) || source->size - at > limit_most(arena->limits, LIMIT_CATALOG_SIZE)) {
        return read_from(source, at, false, arena, contents, err);
    }
    if (!source_read_some(source, arena, at, source->size - at, &b, err)) {
        return false;
    }
    bool whole_there = der_read(b, &whole, NULL);
    return read_all(whole_there ? whole.whole : b, at, false, arena, contents, err);
}

const struct format format_cat = {
    .name = "cat",
    .long_name = "security catalog",
    .first = FIRST_OCTETS("\x30"),
    .probe = probe_cat,
    .read = read_list,
};

const struct format format_p7x = {
    .name = "p7x",
    .long_name = "signature of an app package (p7x)",
    .first = FIRST_OCTETS("P"),
    .probe = probe_p7x,
    .read = read_p7x,
};

const struct format format_vba = {
    .name = "vba",
    .long_name = "signature of macros (VBA)",
    .probe = probe_vba,
    .read = read_vba,
};

const struct format format_p7 = {
    .name = "p7",
    .long_name = "signature by itself (PKCS#7)",
    .first = FIRST_OCTETS("\x30"),
    .probe = probe_p7,
    .read = read_p7,
};
