/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: ContentInfo with SignedData, PKCS#7 1.5 (RFC 2315 section 9) and CMS (RFC 5652 section 5), in BER.
 * Refuses: what has no OID signedData, or breaks before its certificates. Everything behind is taken one by one: an element that
 * is none, or not the expected one, is noted, searched for certificates, and passed over.
 */
#include "asn1/cms.h"

#include "asn1/cert_search.h"
#include "asn1/cms_read.h"
#include "asn1/crl.h"
#include "asn1/x509.h"

static const char *const detail_of[CMS_TALLIES] = {
    [CMS_STUFFED] = "not a certificate",
    [CMS_NO_CRL] = "no revocation list among the revocation lists",
    [CMS_LARGE_EXTENSION] = "a certificate with an extension of more than 8 KiB",
    [CMS_CERT_IN_CRLS] = "a certificate among the revocation lists",
    [CMS_DUPLICATE] = NULL,
    [CMS_TRAILING] = NULL,
    [CMS_ODD_SERIAL] = NULL,
};

static const enum anomaly_name name_of[CMS_TALLIES] = {
    [CMS_STUFFED] = ANOMALY_STUFFED_CERTIFICATE,
    [CMS_NO_CRL] = ANOMALY_STUFFED_CERTIFICATE,
    [CMS_LARGE_EXTENSION] = ANOMALY_STUFFED_CERTIFICATE,
    [CMS_CERT_IN_CRLS] = ANOMALY_STUFFED_CERTIFICATE,
    [CMS_DUPLICATE] = ANOMALY_DUPLICATE_CERTIFICATE,
    [CMS_TRAILING] = ANOMALY_TRAILING_BYTES,
    [CMS_ODD_SERIAL] = ANOMALY_ODD_SERIAL,
};

void cms_tally(struct cms_reading *r, enum cms_tally what, uint64_t at, uint64_t size) {
    struct cms_count *count = &r->counts[what];
    if (count->n++ == 0) {
        count->at = at;
    }
    count->size += size;
}

uint64_t cms_most(const struct cms_reading *r, enum limit which) {
    return limit_most(r->arena->limits, which);
}

void cms_cut(struct cms_reading *r, enum limit which) {
    if (r->sd != NULL && r->sd->cut == 0) {
        r->sd->cut = (unsigned)which + 1;
    }
}

/* Notes each kind of oddity once: thousands of one kind must not push out the others. */
static void note_all(struct cms_reading *r) {
    if (r->anomalies == NULL) {
        return;
    }
    for (int i = 0; i < CMS_TALLIES; i++) {
        const struct cms_count *count = &r->counts[i];
        const char *detail = detail_of[i];
        if (count->n > 1) {
            detail = arena_printf(r->arena, "%zu times%s%s", count->n, detail != NULL ? ": " : "", detail != NULL ? detail : "");
        }
        if (count->n != 0) {
            struct anomaly *anomaly = anomaly_note(r->anomalies, r->arena, name_of[i], count->at, count->size, detail);
            anomaly->weighty = anomaly->weighty || (name_of[i] == ANOMALY_STUFFED_CERTIFICATE && count->size > X509_LARGE);
        }
    }
}

/* The bag is full: what is left of the SignedData is kept, so that every certificate in it is known by its identities at least. */
static void leave(struct cms_reading *r, const struct cert *cert) {
    uintptr_t from = (uintptr_t)r->sd->whole.p, here = (uintptr_t)cert->der.p; /* it may stand in a string that was joined */
    cms_cut(r, LIMIT_CERTIFICATES);
    if (r->sd->rest.n == 0 && here >= from && here - from < r->sd->whole.n) {
        r->sd->rest = bytes_cut(r->sd->whole, here - from, r->sd->whole.n);
        r->sd->rest_at = cert->at;
    }
}

/* Puts a certificate into the bag, unless it is there or the bag is full. False without memory. */
static bool keep(struct cms_reading *r, const struct cert *cert) {
    struct signed_data *sd = r->sd;
    for (size_t i = 0; i < sd->n_certs; i++) {
        if (bytes_equal(sd->certs[i].der, cert->der)) {
            cms_tally(r, CMS_DUPLICATE, cert->at, cert->der.n);
            return true;
        }
    }
    if (sd->n_certs >= cms_most(r, LIMIT_CERTIFICATES)) {
        leave(r, cert);
        return true;
    }
    struct cert *to = cms_grow(r->arena, sd->certs, sd->n_certs, &r->room_certs, sizeof *sd->certs);
    if (to == NULL) {
        return false;
    }
    sd->certs = to;
    to[sd->n_certs++] = *cert;
    if (cert->odd_serial) {
        cms_tally(r, CMS_ODD_SERIAL, cert->at, cert->serial.n);
    }
    if (cert->large_extension != 0) {
        cms_tally(r, CMS_LARGE_EXTENSION, cert->at, cert->large_extension);
    }
    return true;
}

bool cms_salvage(struct cms_reading *r, struct bytes b, uint64_t at) {
    struct cert_search search = {.b = b, .at = at, .tries = r->tries, .most = (unsigned)limit_most(r->arena->limits, LIMIT_CARVE_PLACES)};
    struct cert cert;
    while (r->sd != NULL && cert_search_next(&search, r->arena, &cert)) {
        if (!keep(r, &cert)) {
            return false;
        }
    }
    if (r->sd != NULL && search.long_serial) {
        cms_cut(r, LIMIT_SERIAL);
    }
    if (r->sd != NULL && search.cut) {
        cms_cut(r, LIMIT_CARVE_PLACES);
    }
    r->tries = search.tries;
    return true;
}

/* Octets behind the signature of a certificate, inside its SEQUENCE: outside of what is signed. */
static void find_trailing(struct cms_reading *r, const struct cert *cert) {
    struct der_cursor c = der_cursor_make(cert->der, cert->at), in;
    struct der e;
    if (der_enter(&c, DER_SEQUENCE, &in, NULL) && der_next(&in, &e, NULL) && der_next(&in, &e, NULL) && der_next(&in, &e, NULL) &&
        in.left.n > 0) {
        cms_tally(r, CMS_TRAILING, in.at, in.left.n);
    }
}

/* certificates [0] IMPLICIT SET OF CertificateChoices: Certificate (30), or [0] to [3] for older and other kinds (RFC 5652 10.2.2) */
static bool read_certificates(struct cms_reading *r, struct der_cursor *c) {
    for (;;) {
        struct bytes rest = c->left;
        uint64_t at = c->at;
        struct der e;
        struct cert cert;
        if (!der_next(c, &e, NULL)) {
            if (c->failed) {
                cms_tally(r, CMS_STUFFED, at, rest.n);
                return cms_salvage(r, rest, at);
            }
            return true;
        }
        if (e.tag == DER_SEQUENCE && cert_parse(e.whole, at, r->arena, &cert, NULL)) {
            if (cert.not_minimal) {
                find_trailing(r, &cert);
            }
            if (!keep(r, &cert)) {
                return false;
            }
            continue;
        }
        cms_tally(r, CMS_STUFFED, at, e.whole.n);
        if ((e.tag == DER_SEQUENCE && !keep(r, &cert)) || !cms_salvage(r, e.whole, at)) {
            return false;
        }
    }
}

/* CertificateList, or OtherRevocationInfoFormat ::= SEQUENCE { OID, ANY } with an OID of PKIX (RFC 5940). */
static bool is_revocation(const struct der_cursor *c, const struct der *e) {
    static const uint8_t id_ri[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x10};
    struct der_cursor in;
    struct der oid;
    struct crl crl;
    if (e->tag == DER_SEQUENCE) {
        return crl_parse(e->whole, &crl, NULL);
    }
    return e->tag == DER_CONTEXT_1_CONS && der_inside(c, e, &in, NULL) && der_expect(&in, DER_OID, &oid, NULL) &&
           bytes_starts(oid.content, bytes_make(id_ri, sizeof id_ri));
}

/* crls [1] IMPLICIT SET OF RevocationInfoChoice: CertificateList (30), other [1] (RFC 5652 10.2.1). A certificate is neither. */
static bool read_crls(struct cms_reading *r, struct der_cursor *c) {
    for (;;) {
        struct bytes rest = c->left;
        uint64_t at = c->at;
        struct der e;
        if (!der_next(c, &e, NULL)) {
            if (c->failed) {
                cms_tally(r, CMS_STUFFED, at, rest.n);
                return cms_salvage(r, rest, at);
            }
            return true;
        }
        size_t before = r->sd->n_certs + r->counts[CMS_DUPLICATE].n;
        if (!cms_salvage(r, e.whole, at)) {
            return false;
        }
        if (r->sd->n_certs + r->counts[CMS_DUPLICATE].n != before) {
            cms_tally(r, CMS_CERT_IN_CRLS, at, e.whole.n);
        } else if (!is_revocation(c, &e)) {
            cms_tally(r, CMS_NO_CRL, at, e.whole.n);
        }
    }
}

/* signerInfos SET OF SignerInfo */
static bool read_signers(struct cms_reading *r, struct der_cursor *c) {
    struct signed_data *sd = r->sd;
    size_t room = 0;
    for (;;) {
        struct bytes rest = c->left;
        uint64_t at = c->at;
        struct der e;
        struct signer_info signer;
        struct error why = {0};
        if (!der_next(c, &e, NULL)) {
            if (c->failed) {
                cms_tally(r, CMS_TRAILING, at, rest.n);
                return cms_salvage(r, rest, at);
            }
            return true;
        }
        if (sd->n_signers >= cms_most(r, LIMIT_SIGNERS)) {
            cms_cut(r, LIMIT_SIGNERS);
            return cms_salvage(r, rest, at);
        }
        if (e.tag == DER_SEQUENCE && cms_read_signer(r, c, &e, &signer, &why)) {
            struct signer_info *to = cms_grow(r->arena, sd->signers, sd->n_signers, &room, sizeof *sd->signers);
            if (to == NULL) {
                return false;
            }
            sd->signers = to;
            to[sd->n_signers++] = signer;
            continue;
        }
        cms_tally(r, CMS_TRAILING, at, e.whole.n);
        if (why.limit == LIMIT_LEVELS + 1) {
            cms_cut(r, LIMIT_LEVELS);
        }
        if (why.kind == ERR_LIMIT || !cms_salvage(r, e.whole, at)) {
            return false;
        }
    }
}

/* encapContentInfo SEQUENCE { eContentType OID, eContent [0] EXPLICIT OCTET STRING? }; PKCS#7 has any element in place of the
 * OCTET STRING. */
static bool read_content(struct cms_reading *r, struct der_cursor *c, struct error *err) {
    struct signed_data *sd = r->sd;
    struct der_cursor in;
    struct der outer, e;
    if (!der_expect(c, DER_OID, &e, err)) {
        return false;
    }
    sd->content_type = e.content;
    if (!der_optional(c, DER_CONTEXT_0_CONS, &outer)) {
        return true;
    }
    if (!der_inside(c, &outer, &in, err)) {
        return false;
    }
    if (der_next(&in, &e, NULL)) {
        sd->content_is_octets = (e.tag & ~0x20) == DER_OCTET_STRING;
        sd->content = e.whole;
        if (sd->content_is_octets && !der_octets(&e, r->arena, &sd->content, err)) {
            return false;
        }
    }
    if (in.left.n > 0) {
        cms_tally(r, CMS_TRAILING, in.at, in.left.n);
        return cms_salvage(r, in.left, in.at) || arena_full(r->arena, err);
    }
    return true;
}

/* digestAlgorithms SET OF AlgorithmIdentifier */
static void read_hashes(struct cms_reading *r, struct der_cursor *c) {
    struct der_cursor in;
    struct der e, oid;
    while (der_next(c, &e, NULL)) {
        enum hash hash = HASH_NONE;
        if (e.tag == DER_SEQUENCE && der_inside(c, &e, &in, NULL) && der_expect(&in, DER_OID, &oid, NULL)) {
            hash = oid_hash(oid.content);
        }
        if (r->sd->n_hashes++ == 0) {
            r->sd->hash = hash;
        }
    }
}

/* SignedData ::= SEQUENCE {
 *   version INTEGER, digestAlgorithms SET, encapContentInfo SEQUENCE, certificates [0]?, crls [1]?, signerInfos SET }
 * From the certificates on, any order and number is taken.
 */
static bool read_signed_data(struct cms_reading *r, struct der_cursor *c, struct error *err) {
    struct der_cursor in;
    struct der e;
    if (!der_expect(c, DER_INTEGER, &e, err) || !der_enter(c, DER_SET, &in, err)) {
        return false;
    }
    read_hashes(r, &in);
    if (!der_enter(c, DER_SEQUENCE, &in, err) || !read_content(r, &in, err)) {
        return false;
    }
    for (;;) {
        struct bytes rest = c->left;
        uint64_t at = c->at;
        bool good = true, seen = false;
        if (!der_next(c, &e, NULL)) {
            if (c->failed) {
                cms_tally(r, CMS_TRAILING, at, rest.n);
                good = cms_salvage(r, rest, at);
            }
            return good || arena_full(r->arena, err);
        }
        if (!der_inside(c, &e, &in, err)) {
            return false;
        }
        if (e.tag == DER_CONTEXT_0_CONS) {
            good = read_certificates(r, &in);
        } else if (e.tag == DER_CONTEXT_1_CONS) {
            good = read_crls(r, &in);
        } else if (e.tag == DER_SET && !r->signers_read) {
            r->signers_read = true;
            good = read_signers(r, &in);
        } else {
            seen = true;
        }
        if (seen) {
            cms_tally(r, CMS_TRAILING, at, e.whole.n);
            good = cms_salvage(r, e.whole, at);
        }
        if (!good) {
            return arena_full(r->arena, err);
        }
    }
}

/* ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT SignedData } */
static bool read_content_info(struct cms_reading *r, struct bytes b, uint64_t at, struct error *err) {
    struct der_cursor c = der_cursor_of(r->arena, b, at), in, explicit, signed_data;
    struct der outer, e;
    if (!der_expect(&c, DER_SEQUENCE, &outer, err) || !der_inside(&c, &outer, &in, err) || !der_expect(&in, DER_OID, &e, err)) {
        return false;
    }
    if (!oid_is(e.content, OID_SIGNED_DATA)) {
        return error_set(err, ERR_MALFORMED, "a ContentInfo that is no SignedData");
    }
    if (!der_enter(&in, DER_CONTEXT_0_CONS, &explicit, err) || !der_enter(&explicit, DER_SEQUENCE, &signed_data, err)) {
        return false;
    }
    r->sd->whole = outer.whole;
    if (in.left.n + explicit.left.n > 0) {
        cms_tally(r, CMS_TRAILING, explicit.left.n > 0 ? explicit.at : in.at, in.left.n + explicit.left.n);
    }
    return read_signed_data(r, &signed_data, err) &&
           ((cms_salvage(r, explicit.left, explicit.at) && cms_salvage(r, in.left, in.at)) || arena_full(r->arena, err));
}

bool cms_parse(struct bytes b, uint64_t at, struct arena *arena, struct anomalies *anomalies, struct signed_data **sd, struct error *err) {
    struct cms_reading r = {.arena = arena, .anomalies = anomalies, .sd = arena_alloc(arena, sizeof *r.sd)};
    if (r.sd == NULL) {
        return arena_full(arena, err);
    }
    *r.sd = (struct signed_data){.content_type = bytes_none(), .content = bytes_none(), .rest = bytes_none(), .at = at};
    if (!read_content_info(&r, b, at, err)) {
        return error_within(err, "SignedData");
    }
    note_all(&r);
    *sd = r.sd;
    return true;
}

const struct attribute *cms_attribute(const struct attribute *attrs, size_t n, enum oid type) {
    for (size_t i = 0; i < n; i++) {
        if (oid_is(attrs[i].oid, type)) {
            return &attrs[i];
        }
    }
    return NULL;
}

bool cms_vouches(const struct signer_info *counter) {
    return cms_attribute(counter->attrs, counter->n_attrs, OID_COMMITMENT_TYPE) != NULL;
}
