/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of trust anchors: certificates in PEM (RFC 7468), and the limits of the compiled-in ones from certs/roots.csv, whose
 * rows stand in the order of certs/roots.pem.
 */
#include "crypto/anchors.h"

#include "asn1/name.h"
#include "base/embedded.h"

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
    if (anchors->n != 0) {
        qsort(anchors->all, anchors->n, sizeof *anchors->all, by_hash);
    }
    return true;
}

/* The columns of certs/roots.csv, in order. */
enum column {
    COLUMN_SHA256,
    COLUMN_SHA1,
    COLUMN_SUBJECT,
    COLUMN_NOT_BEFORE,
    COLUMN_NOT_AFTER,
    COLUMN_CODE_SIGNING,
    COLUMN_TIME_STAMPING,
    COLUMN_DISABLED_FROM,
    COLUMN_DISABLED_EKU,
    COLUMN_NOT_BEFORE_LIMIT,
    COLUMN_NOT_BEFORE_EKU,
    COLUMN_SOURCE,
    COLUMN_COUNT
};

/* One line of CSV (RFC 4180; no line breaks and no doubled quotes inside of fields), cut into its columns. */
static bool csv_line(struct bytes csv, size_t *at, struct bytes columns[COLUMN_COUNT]) {
    size_t end = bytes_find(csv, bytes_text("\n"), *at), n = 0, from = *at;
    bool quoted = false;
    for (size_t i = *at; i <= end && n < COLUMN_COUNT; i++) {
        if (i < end && csv.p[i] == '"') {
            quoted = !quoted;
        } else if (i == end || (csv.p[i] == ',' && !quoted)) {
            columns[n++] = bytes_cut(csv, from, i - from);
            from = i + 1;
        }
    }
    *at = end + 1;
    return n == COLUMN_COUNT;
}

/* "2021-08-01T00:00:00Z"; INT64_MAX for an empty column. */
static bool csv_time(struct bytes text, int64_t *out) {
    char digits[24] = "";
    if (text.n == 0) {
        *out = INT64_MAX;
        return true;
    }
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < sizeof digits - 1; i++) {
        if (text.p[i] >= '0' && text.p[i] <= '9') {
            digits[n++] = (char)text.p[i];
        }
    }
    digits[n++] = 'Z';
    struct der time = {.tag = DER_GENERALIZED_TIME, .whole = bytes_none(), .content = bytes_make(digits, n)};
    return der_time(&time, out, NULL);
}

static bool csv_limits(const struct bytes columns[COLUMN_COUNT], struct anchor *anchor) {
    static const char *const ekus[PURPOSE_COUNT] = {"1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8"};
    int64_t limit;
    if (!csv_time(columns[COLUMN_DISABLED_FROM], &anchor->disabled_from) || !csv_time(columns[COLUMN_NOT_BEFORE_LIMIT], &limit)) {
        return false;
    }
    struct bytes limited = columns[COLUMN_NOT_BEFORE_EKU];
    for (int i = 0; i < PURPOSE_COUNT; i++) {
        struct bytes eku = bytes_text(ekus[i]);
        anchor->trusted[i] = bytes_is(columns[i == PURPOSE_CODE ? COLUMN_CODE_SIGNING : COLUMN_TIME_STAMPING], "yes") &&
                             bytes_find(columns[COLUMN_DISABLED_EKU], eku, 0) == columns[COLUMN_DISABLED_EKU].n;
        if (limited.n == 0 || bytes_find(limited, eku, 0) != limited.n) {
            anchor->not_before_limit[i] = limit;
        }
    }
    return true;
}

bool anchors_add_builtin(struct anchors *anchors, struct error *err) {
    struct bytes pem = embedded_roots[0].content, csv = embedded_roots[1].content, der, columns[COLUMN_COUNT];
    size_t at = 0, row = 0;
    struct error why = {.kind = ERR_NONE};
    if (!csv_line(csv, &row, columns) || !bytes_is(columns[COLUMN_NOT_BEFORE_EKU], "not_before_eku")) {
        return error_set(err, ERR_MALFORMED, "the table of trust anchors has other columns");
    }
    while (pem_next(pem, &at, &anchors->arena, &der, &why)) {
        struct anchor *anchor = append(anchors, der, &why);
        if (anchor == NULL) {
            break;
        }
        if (!csv_line(csv, &row, columns) || !csv_limits(columns, anchor)) {
            error_set(&why, ERR_MALFORMED, "the table of trust anchors does not fit the certificates");
            break;
        }
    }
    if (why.kind != ERR_NONE) {
        return error_set(err, why.kind, "built-in trust anchors: %s", why.text);
    }
    if (anchors->n != 0) {
        qsort(anchors->all, anchors->n, sizeof *anchors->all, by_hash);
    }
    return true;
}
