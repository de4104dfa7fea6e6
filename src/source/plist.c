/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads binary property lists: CoreFoundation CFBinaryPList.c ("bplist00"). Big-endian.
 * Refused: references and offsets that lead outside, containers that contain themselves (by depth), counts larger than the file,
 * keyed-archiver UIDs are read as numbers.
 */
#include "source/plist.h"

#include "base/reader.h"

static const struct bytes magic = {(const uint8_t *)"bplist0", 7};

/* The last 32 octets
 *   0   5  unused
 *   5   1  sortVersion
 *   6   1  offsetIntSize: octets of an entry of the offset table
 *   7   1  objectRefSize: octets of a reference to an object
 *   8   8  numObjects
 *  16   8  topObject
 *  24   8  offsetTableOffset
 */
enum { TRAILER_SIZE = 32 };

struct binary {
    struct bytes all;     /* without the trailer */
    struct bytes offsets; /* the table */
    size_t offset_size, ref_size;
    uint64_t n;
    struct arena *arena;
    unsigned left; /* of LIMIT_PLIST_VALUES; a value that is used twice counts twice */
};

static uint64_t sized(struct reader *r, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | reader_u8(r);
    }
    return v;
}

static bool trailer_read(struct bytes b, struct binary *plist, uint64_t *top, struct error *err) {
    if (b.n < 8 + TRAILER_SIZE) {
        return error_set(err, ERR_MALFORMED, "property list of %zu bytes is too short", b.n);
    }
    plist->all = bytes_cut(b, 0, b.n - TRAILER_SIZE);
    struct reader r = reader_make(bytes_cut(b, b.n - TRAILER_SIZE, TRAILER_SIZE), 0);
    reader_skip(&r, 6);
    plist->offset_size = reader_u8(&r);
    plist->ref_size = reader_u8(&r);
    plist->n = reader_u64be(&r);
    *top = reader_u64be(&r);
    uint64_t table = reader_u64be(&r);
    if (plist->offset_size - 1 > 7 || plist->ref_size - 1 > 7 || table > plist->all.n ||
        plist->n > (plist->all.n - table) / plist->offset_size) {
        return error_set(err, ERR_MALFORMED, "property list: the trailer names %llu objects and a table at 0x%llx",
                         (unsigned long long)plist->n, (unsigned long long)table);
    }
    plist->offsets = bytes_cut(plist->all, (size_t)table, (size_t)plist->n * plist->offset_size);
    return true;
}

static void utf8_put(uint8_t *out, size_t *n, uint32_t c) {
    if (c < 0x80) {
        out[(*n)++] = (uint8_t)c;
    } else if (c < 0x800) {
        out[(*n)++] = (uint8_t)(0xc0 | c >> 6);
        out[(*n)++] = (uint8_t)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out[(*n)++] = (uint8_t)(0xe0 | c >> 12);
        out[(*n)++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[(*n)++] = (uint8_t)(0x80 | (c & 0x3f));
    } else {
        out[(*n)++] = (uint8_t)(0xf0 | c >> 18);
        out[(*n)++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        out[(*n)++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[(*n)++] = (uint8_t)(0x80 | (c & 0x3f));
    }
}

/* UTF-16BE; lone surrogates become U+FFFD. */
static bool utf16_read(struct reader *r, uint64_t units, struct arena *arena, struct bytes *out, struct error *err) {
    uint8_t *text = units > r->left.n / 2 ? NULL : arena_array(arena, (size_t)units * 3 + 1, 1);
    if (units > r->left.n / 2) {
        return error_set(err, ERR_MALFORMED, "property list: a string of %llu units passes the end", (unsigned long long)units);
    }
    if (text == NULL) {
        return arena_full(arena, err);
    }
    size_t n = 0;
    for (uint64_t i = 0; i < units; i++) {
        uint32_t c = reader_u16be(r);
        if ((c & 0xfc00) == 0xd800 && i + 1 < units) {
            struct reader ahead = *r;
            uint32_t low = reader_u16be(&ahead);
            if ((low & 0xfc00) == 0xdc00) {
                c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
                *r = ahead;
                i++;
            }
        }
        utf8_put(text, &n, (c & 0xfffff800) == 0xd800 ? 0xfffd : c);
    }
    *out = bytes_make(text, n);
    return true;
}

static bool object_read(struct binary *plist, uint64_t index, unsigned depth, struct plist *out, struct error *err);

/* A container: n references to values, for dictionaries n references to keys before them. */
static bool children_read(struct binary *plist, struct reader *r, uint64_t n, unsigned depth, struct plist *out, struct error *err) {
    size_t each = plist->ref_size * (out->type == PLIST_DICT ? 2 : 1);
    if (n > r->left.n / each) {
        return error_set(err, ERR_MALFORMED, "property list: a container of %llu values passes the end", (unsigned long long)n);
    }
    struct reader keys = reader_sub(r, out->type == PLIST_DICT ? (size_t)n * plist->ref_size : 0);
    struct plist **tail = &out->first;
    for (uint64_t i = 0; i < n; i++) {
        struct plist *value = arena_array(plist->arena, 1, sizeof *value);
        struct plist *key = out->type == PLIST_DICT ? arena_array(plist->arena, 1, sizeof *key) : NULL;
        if (value == NULL || (out->type == PLIST_DICT && key == NULL)) {
            return arena_full(plist->arena, err);
        }
        if ((key != NULL && !object_read(plist, sized(&keys, plist->ref_size), depth + 1, key, err)) ||
            !object_read(plist, sized(r, plist->ref_size), depth + 1, value, err)) {
            return false;
        }
        value->key = key;
        *tail = value;
        tail = &value->next;
    }
    return true;
}

/* Where an object stands, its marker octet and size: the marker's high half is the type and its low half the size; 0xf: an integer object
 * with it follows. */
static bool object_begin(struct binary *plist, uint64_t index, unsigned depth, struct reader *r, uint8_t *marker, uint64_t *n,
                         struct error *err) {
    if (index >= plist->n) {
        return error_set(err, ERR_MALFORMED, "property list: object %llu, %u deep, can't be read", (unsigned long long)index, depth);
    }
    if (depth >= limit_most(plist->arena->limits, LIMIT_PLIST_DEPTH)) {
        return limit_reached(plist->arena->limits, LIMIT_PLIST_DEPTH, err);
    }
    if (plist->left == 0) {
        return limit_reached(plist->arena->limits, LIMIT_PLIST_VALUES, err);
    }
    plist->left--;
    struct reader table = reader_make(plist->offsets, 0);
    reader_skip(&table, index * plist->offset_size);
    *r = reader_make(plist->all, 0);
    reader_skip(r, sized(&table, plist->offset_size));
    *marker = reader_u8(r);
    *n = *marker & 0xf;
    if (*n == 0xf && *marker >> 4 >= 4) {
        uint8_t size = reader_u8(r);
        *n = sized(r, (size >> 4) == 1 && (size & 0xf) <= 3 ? (size_t)1 << (size & 0xf) : 0);
    }
    return true;
}

static bool object_read(struct binary *plist, uint64_t index, unsigned depth, struct plist *out, struct error *err) {
    struct reader r;
    uint8_t marker;
    uint64_t n;
    if (!object_begin(plist, index, depth, &r, &marker, &n, err)) {
        return false;
    }
    *out = (struct plist){.bytes = bytes_none()};
    bool ok = reader_ok(&r);
    switch (!ok ? 0xf : marker >> 4) {
    case 0x0:
        out->type = PLIST_BOOLEAN;
        out->number = marker == 0x09;
        break;
    case 0x1:
        out->type = PLIST_NUMBER;
        out->number = (int64_t)sized(&r, n <= 3 ? (size_t)1 << n : 0);
        break;
    case 0x2:
        out->type = PLIST_NUMBER;
        break;
    case 0x3:
        out->type = PLIST_DATE;
        break;
    case 0x4:
        out->type = PLIST_DATA;
        out->bytes = n > r.left.n ? bytes_none() : reader_bytes(&r, (size_t)n);
        ok = n == out->bytes.n;
        break;
    case 0x5:
        out->type = PLIST_STRING;
        ok = n <= r.left.n;
        if (ok && !arena_copy(plist->arena, reader_bytes(&r, (size_t)n), &out->bytes, err)) {
            return false;
        }
        break;
    case 0x6:
        out->type = PLIST_STRING;
        return utf16_read(&r, n, plist->arena, &out->bytes, err);
    case 0x8:
        out->type = PLIST_NUMBER;
        out->number = (int64_t)sized(&r, n < 8 ? n + 1 : 0);
        break;
    case 0xa:
    case 0xc:
        out->type = PLIST_ARRAY;
        return children_read(plist, &r, n, depth, out, err);
    case 0xd:
        out->type = PLIST_DICT;
        return children_read(plist, &r, n, depth, out, err);
    default:
        ok = false;
    }
    return (ok && reader_ok(&r)) ||
           error_set(err, ERR_MALFORMED, "property list: object %llu with marker 0x%02x can't be read", (unsigned long long)index, marker);
}

bool plist_parse_binary(struct bytes b, struct arena *arena, const struct plist **out, struct error *err) {
    struct binary plist = {.arena = arena, .left = (unsigned)limit_most(arena->limits, LIMIT_PLIST_VALUES)};
    uint64_t top = 0;
    struct plist *root = arena_array(arena, 1, sizeof *root);
    if (root == NULL) {
        return arena_full(arena, err);
    }
    if (!trailer_read(b, &plist, &top, err) || !object_read(&plist, top, 0, root, err)) {
        return false;
    }
    *out = root;
    return true;
}

bool plist_parse(struct bytes b, struct arena *arena, const struct plist **out, struct error *err) {
    if (b.n > limit_most(arena->limits, LIMIT_PLIST_SIZE)) {
        return limit_reached(arena->limits, LIMIT_PLIST_SIZE, err);
    }
    return bytes_starts(b, magic) ? plist_parse_binary(b, arena, out, err) : plist_parse_xml(b, arena, out, err);
}

const struct plist *plist_get(const struct plist *dict, const char *key) {
    for (const struct plist *p = dict != NULL && dict->type == PLIST_DICT ? dict->first : NULL; p != NULL; p = p->next) {
        if (p->key != NULL && p->key->type == PLIST_STRING && bytes_is(p->key->bytes, key)) {
            return p;
        }
    }
    return NULL;
}

const char *plist_string(const struct plist *dict, const char *key) {
    const struct plist *p = plist_get(dict, key);
    bool whole = p != NULL && p->type == PLIST_STRING && p->bytes.n != 0 && memchr(p->bytes.p, 0, p->bytes.n) == NULL;
    return whole ? (const char *)p->bytes.p : NULL;
}

void plist_version(const struct plist *info, struct version_info *out) {
    const char *name = plist_string(info, "CFBundleDisplayName");
    const char *shown = plist_string(info, "CFBundleShortVersionString");
    out->product = name != NULL ? name : plist_string(info, "CFBundleName");
    out->file_version = shown != NULL ? shown : plist_string(info, "CFBundleVersion");
    out->original_name = plist_string(info, "CFBundleExecutable");
    out->description = plist_string(info, "CFBundleGetInfoString");
}
