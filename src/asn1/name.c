/* SPDX-License-Identifier: Apache-2.0 */
/* Names compared and searched; RFC 5280 7.1 with the string preparation that names in certificates need: folding and white space. */
#include "asn1/name.h"

#include "asn1/chars.h"
#include "asn1/name_walk.h"
#include "base/text.h"

/* An RDN of more attributes is compared octet by octet only. */
enum { RDN_MAX = 16 };
/* The most RDNs of a name that is compared from its other end. */
enum { RDNS_MAX = 32 };

/* A walk over the folded characters of a value: white space at the ends is dropped, runs of it are one space. */
struct folded {
    struct chars chars;
    bool begun, pending; /* something was given; a space is due before held */
    bool has_held;
    uint32_t held;
};

static bool folded_next(struct folded *f, uint32_t *c) {
    if (f->has_held) {
        f->has_held = false;
        *c = f->held;
        return true;
    }
    uint32_t v;
    while (chars_next(&f->chars, &v)) {
        if (chars_space(v)) {
            f->pending = f->begun;
            continue;
        }
        v = chars_fold(v);
        f->begun = true;
        if (f->pending) {
            f->pending = false;
            f->has_held = true;
            f->held = v;
            v = ' ';
        }
        *c = v;
        return true;
    }
    return false;
}

static bool value_equal(const struct der *a, const struct der *b) {
    if (!chars_is_string(a->tag) || !chars_is_string(b->tag)) {
        return bytes_equal(a->whole, b->whole);
    }
    struct folded fa = {.chars = chars_make(a->tag, a->content)}, fb = {.chars = chars_make(b->tag, b->content)};
    for (;;) {
        uint32_t ca = 0, cb = 0;
        bool more = folded_next(&fa, &ca);
        if (more != folded_next(&fb, &cb) || ca != cb) {
            return false;
        }
        if (!more) {
            return true;
        }
    }
}

/* One RDN and the first attribute of the next. */
struct rdn {
    struct name_walk walk;
    struct name_attribute all[RDN_MAX], ahead;
    size_t n;
    bool has_ahead, too_many;
};

static struct rdn rdn_begin(struct bytes name) {
    struct rdn rdn = {.walk = name_walk_begin(name)};
    rdn.has_ahead = name_walk_next(&rdn.walk, &rdn.ahead);
    return rdn;
}

/* Takes the next RDN; false at the end. */
static bool rdn_next(struct rdn *rdn) {
    if (!rdn->has_ahead) {
        return false;
    }
    rdn->n = 0;
    do {
        rdn->too_many = rdn->too_many || rdn->n == RDN_MAX;
        if (rdn->n < RDN_MAX) {
            rdn->all[rdn->n++] = rdn->ahead;
        }
        rdn->has_ahead = name_walk_next(&rdn->walk, &rdn->ahead);
    } while (rdn->has_ahead && rdn->ahead.joins_previous);
    return true;
}

/* The attributes of an RDN are a set. */
static bool rdn_equal(const struct rdn *a, const struct rdn *b) {
    bool used[RDN_MAX] = {false};
    if (a->n != b->n || a->too_many || b->too_many) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        size_t k = 0;
        while (k < b->n && (used[k] || !bytes_equal(a->all[i].oid, b->all[k].oid) || !value_equal(&a->all[i].value, &b->all[k].value))) {
            k++;
        }
        if (k == b->n) {
            return false;
        }
        used[k] = true;
    }
    return true;
}

bool name_equal(struct bytes a, struct bytes b) {
    if (bytes_equal(a, b)) {
        return a.n != 0;
    }
    struct rdn ra = rdn_begin(a), rb = rdn_begin(b);
    for (;;) {
        bool more = rdn_next(&ra);
        if (more != rdn_next(&rb)) {
            return false;
        }
        if (!more) {
            return ra.walk.good && rb.walk.good;
        }
        if (!rdn_equal(&ra, &rb)) {
            return false;
        }
    }
}

/* The RDN of a name with that number. */
static bool rdn_at(struct bytes name, size_t number, struct rdn *rdn) {
    *rdn = rdn_begin(name);
    for (size_t i = 0; i <= number; i++) {
        if (!rdn_next(rdn)) {
            return false;
        }
    }
    return true;
}

bool name_equal_either_end(struct bytes a, struct bytes b) {
    if (name_equal(a, b)) {
        return true;
    }
    struct rdn ra = rdn_begin(a), rb = rdn_begin(b);
    size_t n = 0;
    while (n <= RDNS_MAX && rdn_next(&rb)) {
        n++;
    }
    if (n == 0 || n > RDNS_MAX || !rb.walk.good) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!rdn_next(&ra) || !rdn_at(b, n - 1 - i, &rb) || !rdn_equal(&ra, &rb)) {
            return false;
        }
    }
    return !rdn_next(&ra) && ra.walk.good;
}

/* Mixes 64 bits so that sums of them stay apart (the finalizer of SplitMix64, Steele and others 2014). */
static uint64_t mix(uint64_t h) {
    h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
    return h ^ h >> 31;
}

static uint64_t add_octets(uint64_t h, struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        h = mix(h + b.p[i] + 1);
    }
    return h;
}

uint64_t name_hash(struct bytes name) {
    uint64_t sum = 0;
    struct name_walk walk = name_walk_begin(name);
    struct name_attribute attribute;
    while (name_walk_next(&walk, &attribute)) {
        uint64_t h = add_octets(0, attribute.oid);
        if (chars_is_string(attribute.value.tag)) {
            struct folded f = {.chars = chars_make(attribute.value.tag, attribute.value.content)};
            uint32_t c;
            while (folded_next(&f, &c)) {
                h = mix(h + c + 1);
            }
        } else {
            h = add_octets(h, attribute.value.whole);
        }
        sum += h;
    }
    return mix(sum);
}

const char *name_attribute(struct bytes name, enum oid type, struct arena *arena) {
    struct name_walk walk = name_walk_begin(name);
    struct name_attribute attribute;
    struct der last = {.content = bytes_none()};
    while (name_walk_next(&walk, &attribute)) {
        if (oid_is(attribute.oid, type)) {
            last = attribute.value;
        }
    }
    return last.content.n == 0 ? "" : chars_text(last.tag, last.content, arena);
}

size_t name_attributes(struct bytes name, enum oid type, struct arena *arena, const char **out, size_t room) {
    struct name_walk walk = name_walk_begin(name);
    struct name_attribute attribute;
    size_t n = 0;
    while (name_walk_next(&walk, &attribute)) {
        const char *text = oid_is(attribute.oid, type) ? chars_text(attribute.value.tag, attribute.value.content, arena) : NULL;
        if (text != NULL && n == room) {
            memmove(out, out + 1, (room - 1) * sizeof *out);
            n--;
        }
        if (text != NULL) {
            out[n++] = text;
        }
    }
    if (n == 0) {
        out[n++] = "";
    }
    return n;
}

/* Scripts whose letters look alike. */
enum { SCRIPT_LATIN = 1, SCRIPT_GREEK = 2, SCRIPT_CYRILLIC = 4, SCRIPT_ARMENIAN = 8, SCRIPT_CHEROKEE = 16, SCRIPT_MATHEMATICAL = 32 };

static unsigned script_of(uint32_t c) {
    static const struct {
        uint32_t first, last;
        unsigned script;
    } ranges[] = {
        {'A', 'Z', SCRIPT_LATIN},          {'a', 'z', SCRIPT_LATIN},
        {0xc0, 0x24f, SCRIPT_LATIN},       {0x1e00, 0x1eff, SCRIPT_LATIN},
        {0x370, 0x3ff, SCRIPT_GREEK},      {0x1f00, 0x1fff, SCRIPT_GREEK},
        {0x400, 0x52f, SCRIPT_CYRILLIC},   {0x531, 0x58f, SCRIPT_ARMENIAN},
        {0x13a0, 0x13ff, SCRIPT_CHEROKEE}, {0x1d400, 0x1d7ff, SCRIPT_MATHEMATICAL},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return ranges[i].script;
        }
    }
    return 0;
}

/* A word of two scripts is odd, a value of two is not: many companies have a name in each. */
static bool value_odd(const struct der *value) {
    struct chars chars = chars_make(value->tag, value->content);
    unsigned scripts = 0;
    uint32_t c;
    while (chars_next(&chars, &c)) {
        unsigned script = script_of(c);
        scripts = script == 0 ? 0 : scripts | script;
        if (c == 0 || c == CHARS_BAD || text_unsafe(c) || (scripts & (scripts - 1)) != 0 || scripts == SCRIPT_MATHEMATICAL) {
            return true;
        }
    }
    return false;
}

bool name_odd(struct bytes name) {
    struct name_walk walk = name_walk_begin(name);
    struct name_attribute attribute;
    while (name_walk_next(&walk, &attribute)) {
        if (chars_is_string(attribute.value.tag) && value_odd(&attribute.value)) {
            return true;
        }
    }
    return !walk.good;
}
