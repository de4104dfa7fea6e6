/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of trust anchors: certificates in PEM (RFC 7468), and the compiled-in ones with their limits. */
#include "crypto/anchors.h"

#include "asn1/name.h"
#include "base/embedded.h"
#include "base/reader.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { ANCHORS_MAX = 65536, PEM_CERT_MAX = 1 << 20 };

struct anchors {
    struct arena arena; /* of the certificates */
    struct anchor *all; /* by hash */
    size_t n, room;
};

struct anchors *anchors_new(void) {
    struct anchors *anchors = calloc(1, sizeof *anchors);
    if (anchors != NULL) {
        anchors->arena = arena_make(SIZE_MAX);
    }
    return anchors;
}

void anchors_free(struct anchors *anchors) {
    if (anchors != NULL) {
        arena_free(&anchors->arena);
        free(anchors->all);
        free(anchors);
    }
}

size_t anchors_count(const struct anchors *anchors) {
    return anchors->n;
}

const struct cert *anchors_cert(const struct anchors *anchors, size_t i) {
    return &anchors->all[i].cert;
}

static int by_hash(const void *a, const void *b) {
    const struct anchor *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static void put_in_order(struct anchors *anchors) {
    if (anchors->n != 0) {
        qsort(anchors->all, anchors->n, sizeof *anchors->all, by_hash);
    }
}

const struct anchor *anchors_named(const struct anchors *anchors, uint64_t hash, size_t *n) {
    size_t low = 0, high = anchors != NULL ? anchors->n : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (anchors->all[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t end = low;
    while (anchors != NULL && end < anchors->n && anchors->all[end].hash == hash) {
        end++;
    }
    *n = end - low;
    return end != low ? &anchors->all[low] : NULL;
}

/* Appends a certificate that is trusted for everything; the caller narrows it. The array is not in order afterwards. */
static struct anchor *append(struct anchors *anchors, struct bytes der, struct error *err) {
    struct cert cert;
    if (anchors->n >= ANCHORS_MAX) {
        error_set(err, ERR_LIMIT, "more than %d trust anchors", ANCHORS_MAX);
        return NULL;
    }
    if (!cert_parse(der, 0, &anchors->arena, &cert, err)) {
        return NULL;
    }
    if (anchors->n == anchors->room) {
        size_t room = anchors->room != 0 ? anchors->room * 2 : 512;
        struct anchor *all = realloc(anchors->all, room * sizeof *all);
        if (all == NULL) {
            error_set(err, ERR_LIMIT, "out of memory for trust anchors");
            return NULL;
        }
        anchors->all = all;
        anchors->room = room;
    }
    struct anchor *anchor = &anchors->all[anchors->n++];
    *anchor = (struct anchor){.cert = cert,
                              .hash = name_hash(cert.subject),
                              .trusted = {true, true},
                              .disabled_from = INT64_MAX,
                              .not_before_limit = {INT64_MAX, INT64_MAX}};
    return anchor;
}

/* The next certificate of a PEM text from *at, decoded into the anchors' memory. False at the end (err untouched) or with err. */
static bool pem_next(struct bytes pem, size_t *at, struct arena *arena, struct bytes *der, struct error *err) {
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    size_t from = bytes_find(pem, bytes_text(begin), *at);
    if (from == pem.n) {
        return false;
    }
    from += sizeof begin - 1;
    size_t to = bytes_find(pem, bytes_text(end), from);
    if (to == pem.n || to - from > PEM_CERT_MAX) {
        return error_set(err, ERR_MALFORMED, "a certificate in PEM without its end");
    }
    *at = to + sizeof end - 1;
    uint8_t *out = arena_alloc(arena, to - from + 1);
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    int n = 0, rest = 0;
    bool ok = out != NULL && ctx != NULL;
    if (ok) {
        EVP_DecodeInit(ctx);
        ok = EVP_DecodeUpdate(ctx, out, &n, pem.p + from, (int)(to - from)) >= 0 && EVP_DecodeFinal(ctx, out + n, &rest) == 1;
    }
    EVP_ENCODE_CTX_free(ctx);
    if (!ok) {
        return error_set(err, ERR_MALFORMED, "a certificate in PEM that is no base64");
    }
    *der = bytes_make(out, (size_t)n + (size_t)rest);
    return true;
}

bool anchors_add_pem(struct anchors *anchors, struct bytes pem, struct error *err) {
    size_t at = 0, before = anchors->n;
    struct bytes der;
    struct error why = {.kind = ERR_NONE};
    while (pem_next(pem, &at, &anchors->arena, &der, &why) && append(anchors, der, &why) != NULL) {
    }
    if (why.kind == ERR_NONE && anchors->n == before) {
        error_set(&why, ERR_MALFORMED, "no certificate in PEM is in it");
    }
    if (why.kind != ERR_NONE) {
        anchors->n = before;
        return error_set(err, why.kind, "%s", why.text);
    }
    put_in_order(anchors);
    return true;
}

/* A row of the table that tools/roots-table makes of certs/roots.pem and certs/roots.csv. */
static bool add_row(struct anchors *anchors, struct reader *r, struct error *err) {
    struct anchor row;
    for (int i = 0; i < PURPOSE_COUNT; i++) {
        row.trusted[i] = reader_u8(r) != 0;
    }
    row.disabled_from = (int64_t)reader_u64le(r);
    for (int i = 0; i < PURPOSE_COUNT; i++) {
        row.not_before_limit[i] = (int64_t)reader_u64le(r);
    }
    struct bytes der = reader_bytes(r, reader_u32le(r));
    if (!reader_ok(r)) {
        return error_set(err, ERR_MALFORMED, "the table is cut short");
    }
    struct anchor *anchor = append(anchors, der, err);
    if (anchor == NULL) {
        return false;
    }
    row.cert = anchor->cert;
    row.hash = anchor->hash;
    *anchor = row;
    return true;
}

bool anchors_add_builtin(struct anchors *anchors, struct error *err) {
    struct reader r = reader_make(embedded_roots[0].content, 0);
    struct error why;
    while (r.left.n != 0) {
        if (!add_row(anchors, &r, &why)) {
            return error_set(err, why.kind, "built-in trust anchors: %s", why.text);
        }
    }
    put_in_order(anchors);
    return true;
}
