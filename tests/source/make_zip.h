/* SPDX-License-Identifier: Apache-2.0 */
/* Small ZIP archives for tests, put together field by field so that each can be wrong. */
#ifndef CERTBAN_TESTS_MAKE_ZIP_H
#define CERTBAN_TESTS_MAKE_ZIP_H

#include <string.h>
#include <zlib.h>

#include "base/bytes.h"

enum { MADE_MAX = 1 << 16, MADE_MEMBERS = 64 };

/* What one member is to look like; sizes of 0 are the true ones, LOCAL_NONE leaves them to a descriptor behind the data. */
struct made_member {
    const char *name, *local_name; /* local_name NULL: the same */
    struct bytes data;
    unsigned method, flags;
    unsigned local_method_more;        /* added in the local header only */
    uint32_t central_size, both_sizes; /* told instead of the true size; 0: the true one */
    bool unlisted;                     /* not in the central directory */
    bool streamed;                     /* sizes follow the data */
    uint32_t at, packed;               /* where it came to stand; filled */
};

struct made {
    uint8_t p[MADE_MAX];
    size_t n;
    struct made_member members[MADE_MEMBERS];
    size_t n_members;
};

static inline void made_number(struct made *m, uint64_t value, unsigned octets) {
    for (unsigned i = 0; i < octets && m->n < MADE_MAX; i++) {
        m->p[m->n++] = (uint8_t)(i < 8 ? value >> 8 * i : 0);
    }
}

static inline void made_bytes(struct made *m, const void *p, size_t n) {
    n = n < MADE_MAX - m->n ? n : MADE_MAX - m->n;
    memcpy(m->p + m->n, p, n);
    m->n += n;
}

static inline size_t made_deflate(struct bytes data, uint8_t *to, size_t room) {
    z_stream z = {0};
    deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    memcpy(&z.next_in, &data.p, sizeof data.p);
    z.avail_in = (uInt)data.n;
    z.next_out = to;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return z.total_out;
}

/* Local header, name, data; already packed data has another method than 8. */
static inline void made_add(struct made *m, struct made_member member) {
    static uint8_t packed[MADE_MAX];
    size_t n = member.data.n;
    const uint8_t *p = member.data.p;
    if (member.method == 8) {
        n = made_deflate(member.data, packed, sizeof packed);
        p = packed;
    }
    uint32_t size = member.both_sizes != 0 ? member.both_sizes : (uint32_t)member.data.n;
    const char *name = member.local_name != NULL ? member.local_name : member.name;
    member.at = (uint32_t)m->n;
    member.packed = (uint32_t)n;
    made_number(m, 0x04034b50, 4);
    made_number(m, 20, 2);
    made_number(m, member.flags | (member.streamed ? 8 : 0), 2);
    made_number(m, member.method + member.local_method_more, 2);
    made_number(m, 0, 8);
    made_number(m, member.streamed ? 0 : n, 4);
    made_number(m, member.streamed ? 0 : size, 4);
    made_number(m, strlen(name), 2);
    made_number(m, 0, 2);
    made_bytes(m, name, strlen(name));
    made_bytes(m, p, n);
    if (member.streamed) {
        made_number(m, 0x08074b50, 4);
        made_number(m, 0, 4);
        made_number(m, n, 4);
        made_number(m, size, 4);
    }
    m->members[m->n_members++] = member;
}

static inline void made_central(struct made *m, const struct made_member *member) {
    uint32_t size = member->both_sizes != 0 ? member->both_sizes : (uint32_t)member->data.n;
    made_number(m, 0x02014b50, 4);
    made_number(m, 20, 2);
    made_number(m, 20, 2);
    made_number(m, member->flags | (member->streamed ? 8 : 0), 2);
    made_number(m, member->method, 2);
    made_number(m, 0, 8);
    made_number(m, member->packed, 4);
    made_number(m, member->central_size != 0 ? member->central_size : size, 4);
    made_number(m, strlen(member->name), 2);
    made_number(m, 0, 12);
    made_number(m, member->at, 4);
    made_bytes(m, member->name, strlen(member->name));
}

/* Central directory and end record; forgets the members, so that a second archive can follow. shift is taken off every offset. */
static inline void made_end(struct made *m, const char *comment, uint32_t shift) {
    uint32_t at = (uint32_t)m->n, n = 0;
    for (size_t i = 0; i < m->n_members; i++) {
        m->members[i].at -= shift;
        if (!m->members[i].unlisted) {
            made_central(m, &m->members[i]);
            n++;
        }
    }
    uint32_t size = (uint32_t)m->n - at;
    made_number(m, 0x06054b50, 4);
    made_number(m, 0, 4);
    made_number(m, n, 2);
    made_number(m, n, 2);
    made_number(m, size, 4);
    made_number(m, at - shift, 4);
    made_number(m, strlen(comment), 2);
    made_bytes(m, comment, strlen(comment));
    m->n_members = 0;
}

#endif
