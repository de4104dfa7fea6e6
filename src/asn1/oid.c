/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object identifiers: X.690 8.19. The content octets hold the arcs in base 128, most significant group first, each octet but an
 * arc's last one with its top bit set; the first two arcs are one number, 40 * first + second.
 */
#include "asn1/oid.h"

#include "model/limits.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

enum { OCTETS_MAX = LIMIT_OID_GREATEST, KNOWN_MAX = 20 };

struct known {
    uint8_t n, octets[KNOWN_MAX];
};

static const char *const dotted_oids[OID_COUNT] = {
#define X(id, dotted) [OID_##id] = dotted,
    OIDS(X)
#undef X
};

/* Digests and the signature algorithms that name one: RFC 3279, 4055, 5754, 5758, 8017; NIST CSOR; the OIW's 1.3.14.3.2. */
static const struct {
    const char *dotted;
    enum hash hash;
} hash_oids[] = {
    {"1.2.840.113549.2.2", HASH_MD2},
    {"1.2.840.113549.2.4", HASH_MD4},
    {"1.2.840.113549.2.5", HASH_MD5},
    {"1.3.14.3.2.26", HASH_SHA1},
    {"2.16.840.1.101.3.4.2.1", HASH_SHA256},
    {"2.16.840.1.101.3.4.2.2", HASH_SHA384},
    {"2.16.840.1.101.3.4.2.3", HASH_SHA512},
    {"2.16.840.1.101.3.4.2.4", HASH_SHA224},
    {"2.16.840.1.101.3.4.2.8", HASH_SHA3_256},
    {"2.16.840.1.101.3.4.2.9", HASH_SHA3_384},
    {"2.16.840.1.101.3.4.2.10", HASH_SHA3_512},
    /* with RSA */
    {"1.2.840.113549.1.1.2", HASH_MD2},
    {"1.2.840.113549.1.1.3", HASH_MD4},
    {"1.2.840.113549.1.1.4", HASH_MD5},
    {"1.2.840.113549.1.1.5", HASH_SHA1},
    {"1.2.840.113549.1.1.11", HASH_SHA256},
    {"1.2.840.113549.1.1.12", HASH_SHA384},
    {"1.2.840.113549.1.1.13", HASH_SHA512},
    {"1.2.840.113549.1.1.14", HASH_SHA224},
    {"1.3.14.3.2.2", HASH_MD4},
    {"1.3.14.3.2.3", HASH_MD5},
    {"1.3.14.3.2.4", HASH_MD4},
    {"1.3.14.3.2.29", HASH_SHA1},
    {"2.16.840.1.101.3.4.3.14", HASH_SHA3_256},
    {"2.16.840.1.101.3.4.3.15", HASH_SHA3_384},
    {"2.16.840.1.101.3.4.3.16", HASH_SHA3_512},
    /* with DSA */
    {"1.2.840.10040.4.3", HASH_SHA1},
    {"1.3.14.3.2.27", HASH_SHA1},
    {"2.16.840.1.101.3.4.3.1", HASH_SHA224},
    {"2.16.840.1.101.3.4.3.2", HASH_SHA256},
    {"2.16.840.1.101.3.4.3.3", HASH_SHA384},
    {"2.16.840.1.101.3.4.3.4", HASH_SHA512},
    /* with ECDSA */
    {"1.2.840.10045.4.1", HASH_SHA1},
    {"1.2.840.10045.4.3.1", HASH_SHA224},
    {"1.2.840.10045.4.3.2", HASH_SHA256},
    {"1.2.840.10045.4.3.3", HASH_SHA384},
    {"1.2.840.10045.4.3.4", HASH_SHA512},
    {"2.16.840.1.101.3.4.3.10", HASH_SHA3_256},
    {"2.16.840.1.101.3.4.3.11", HASH_SHA3_384},
    {"2.16.840.1.101.3.4.3.12", HASH_SHA3_512},
};
enum { HASH_OIDS = sizeof hash_oids / sizeof *hash_oids };

static struct known known_oids[OID_COUNT], known_hashes[HASH_OIDS];
static pthread_once_t encoded = PTHREAD_ONCE_INIT;

static void encode_one(const char *dotted, struct known *known) {
    size_t n = 0;
    if (oid_encode(dotted, known->octets, sizeof known->octets, &n)) {
        known->n = (uint8_t)n;
    }
}

/* The tables are written as people read them and encoded once a process. */
static void encode_all(void) {
    for (size_t i = 0; i < OID_COUNT; i++) {
        encode_one(dotted_oids[i], &known_oids[i]);
    }
    for (size_t i = 0; i < HASH_OIDS; i++) {
        encode_one(hash_oids[i].dotted, &known_hashes[i]);
    }
}

struct bytes oid_of(enum oid oid) {
    pthread_once(&encoded, encode_all);
    return (unsigned)oid < OID_COUNT ? bytes_make(known_oids[oid].octets, known_oids[oid].n) : bytes_none();
}

bool oid_is(struct bytes content, enum oid oid) {
    return content.n != 0 && bytes_equal(content, oid_of(oid));
}

enum hash oid_hash(struct bytes content) {
    pthread_once(&encoded, encode_all);
    for (size_t i = 0; i < HASH_OIDS; i++) {
        if (bytes_equal(content, bytes_make(known_hashes[i].octets, known_hashes[i].n))) {
            return hash_oids[i].hash;
        }
    }
    return HASH_NONE;
}

/* Decodes the next arc of b from *i on; false when it is cut off or does not fit into 64 bits. */
static bool next_arc(struct bytes b, size_t *i, uint64_t *arc) {
    uint64_t v = 0;
    while (*i < b.n) {
        uint8_t octet = b.p[(*i)++];
        if (v >> 57 != 0) {
            return false;
        }
        v = v << 7 | (octet & 0x7f);
        if ((octet & 0x80) == 0) {
            *arc = v;
            return true;
        }
    }
    return false;
}

const char *oid_dotted(struct bytes content, struct arena *arena) {
    /* An octet gives at most four characters: ".127"; longer arcs give fewer a octet. */
    char text[OCTETS_MAX * 4 + 8];
    size_t n = 0;
    uint64_t arc;
    if (content.n == 0 || content.n > limit_most(arena->limits, LIMIT_OID)) {
        return "?";
    }
    for (size_t i = 0; i < content.n;) {
        bool first = i == 0;
        if (!next_arc(content, &i, &arc)) {
            return "?";
        }
        int added;
        if (first) {
            uint64_t top = arc >= 80 ? 2 : arc / 40;
            added = snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, top, arc - top * 40);
        } else {
            added = snprintf(text + n, sizeof text - n, ".%" PRIu64, arc);
        }
        if (added < 0 || (size_t)added >= sizeof text - n) {
            return "?";
        }
        n += (size_t)added;
    }
    return arena_printf(arena, "%s", text);
}

/* A number at *s, which moves behind it; false when there is none or it does not fit. */
static bool number(const char **s, uint64_t *out) {
    const char *p = *s;
    uint64_t v = 0;
    if (*p < '0' || *p > '9') {
        return false;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        if (v > (UINT64_MAX - 9) / 10) {
            return false;
        }
        v = v * 10 + (uint64_t)(*p - '0');
    }
    *s = p;
    *out = v;
    return true;
}

static bool put_arc(uint64_t arc, uint8_t *out, size_t room, size_t *n) {
    unsigned groups = 1;
    while (groups < 10 && arc >> (7 * groups) != 0) {
        groups++;
    }
    if (room - *n < groups) {
        return false;
    }
    for (unsigned g = groups; g > 0; g--) {
        out[(*n)++] = (uint8_t)((arc >> (7 * (g - 1)) & 0x7f) | (g > 1 ? 0x80 : 0));
    }
    return true;
}

bool oid_encode(const char *dotted, uint8_t *out, size_t room, size_t *n) {
    uint64_t first, arc;
    size_t count = 0;
    const char *s = dotted;
    if (!number(&s, &first) || *s++ != '.' || !number(&s, &arc) || first > 2 || (first < 2 && arc > 39) || arc > UINT64_MAX - 80 ||
        !put_arc(first * 40 + arc, out, room, &count)) {
        return false;
    }
    while (*s == '.') {
        s++;
        if (!number(&s, &arc) || !put_arc(arc, out, room, &count)) {
            return false;
        }
    }
    if (*s != '\0') {
        return false;
    }
    *n = count;
    return true;
}
