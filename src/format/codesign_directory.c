/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a CodeDirectory: xnu osfmk/kern/cs_blobs.h (CS_CodeDirectory), versions 0x20001 to 0x20600. Big-endian.
 * Not checked: scatter vectors (no tool has written them for a decade); such a directory makes no claim.
 */
#include "format/codesign_directory.h"

#include "base/reader.h"

/* CS_CodeDirectory
 *   0   4  magic
 *   4   4  length
 *   8   4  version
 *  12   4  flags
 *  16   4  hashOffset, of code slot 0; special slot n stands n hashes before it
 *  20   4  identOffset
 *  24   4  nSpecialSlots
 *  28   4  nCodeSlots
 *  32   4  codeLimit
 *  36   1  hashSize
 *  37   1  hashType: 1 SHA-1, 2 SHA-256, 3 SHA-256 cut to 20 octets, 4 SHA-384, 5 SHA-512
 *  38   1  platform
 *  39   1  pageSize, log2; 0: one hash for all
 *  40   4  spare2
 *  44   4  scatterOffset, from version 0x20100
 *  48   4  teamOffset, from 0x20200; 0: none
 *  52   4  spare3, from 0x20300
 *  56   8  codeLimit64, from 0x20300; used when not 0
 */
struct fields {
    uint32_t version, flags, hash_offset, ident_offset, n_special, n_code, limit, scatter_offset, team_offset;
    uint8_t hash_size, hash_type, page_size;
    uint64_t limit64;
};

enum { VERSION_SCATTER = 0x20100, VERSION_TEAM = 0x20200, VERSION_LIMIT64 = 0x20300, VERSION_TOO_NEW = 0x2f000, PAGE_SIZE_MAX = 30 };

static bool fields_read(struct bytes blob, uint64_t at, struct fields *f) {
    struct reader r = reader_make(blob, at);
    reader_skip(&r, 8);
    f->version = reader_u32be(&r);
    f->flags = reader_u32be(&r);
    f->hash_offset = reader_u32be(&r);
    f->ident_offset = reader_u32be(&r);
    f->n_special = reader_u32be(&r);
    f->n_code = reader_u32be(&r);
    f->limit = reader_u32be(&r);
    f->hash_size = reader_u8(&r);
    f->hash_type = reader_u8(&r);
    reader_skip(&r, 1);
    f->page_size = reader_u8(&r);
    reader_skip(&r, 4);
    if (f->version >= VERSION_SCATTER) {
        f->scatter_offset = reader_u32be(&r);
    }
    if (f->version >= VERSION_TEAM) {
        f->team_offset = reader_u32be(&r);
    }
    if (f->version >= VERSION_LIMIT64) {
        reader_skip(&r, 4);
        f->limit64 = reader_u64be(&r);
    }
    return reader_ok(&r);
}

/* xnu cs_blobs.h: CS_HASHTYPE_… */
static const struct {
    enum hash hash;
    uint8_t size;
} hash_types[] = {
    [1] = {HASH_SHA1, 20}, [2] = {HASH_SHA256, 32}, [3] = {HASH_SHA256, 20}, [4] = {HASH_SHA384, 48}, [5] = {HASH_SHA512, 64}};

/* A C string inside the blob. *out stays NULL when it is not there; false only without memory. */
static bool text_read(struct bytes blob, uint32_t offset, struct arena *arena, const char **out, struct error *err) {
    struct reader r = reader_make(blob, 0);
    reader_skip(&r, offset);
    struct bytes text = reader_text(&r, CODESIGN_IDENTIFIER_MAX);
    struct bytes copy;
    if (!reader_ok(&r)) {
        return true;
    }
    if (!arena_copy(arena, text, &copy, err)) {
        return false;
    }
    *out = (const char *)copy.p;
    return true;
}

/* The slots on either side of hashOffset, as far as they are in the blob. */
static const char *slots_read(struct bytes blob, const struct fields *f, struct directory *d) {
    uint64_t special = (uint64_t)f->n_special * f->hash_size;
    uint64_t code = (uint64_t)f->n_code * f->hash_size;
    if (special > f->hash_offset || f->hash_offset > blob.n || code > blob.n - f->hash_offset) {
        return "the CodeDirectory's hash slots are not inside of it";
    }
    d->special_slots = bytes_cut(blob, (size_t)(f->hash_offset - special), (size_t)special);
    d->code_slots = bytes_cut(blob, f->hash_offset, (size_t)code);
    return NULL;
}

/* What must hold for the code slots to be a claim; NULL when it does. */
static const char *claimable(const struct fields *f, const struct directory *d) {
    if (f->page_size > PAGE_SIZE_MAX) {
        return "the CodeDirectory's page size makes no sense";
    }
    if (d->limit == 0) {
        return "the CodeDirectory covers no code";
    }
    uint64_t pages = d->page == 0 ? 1 : (d->limit - 1) / d->page + 1;
    return pages != f->n_code ? "the CodeDirectory has another number of slots than pages" : NULL;
}

bool directory_read(const struct codesign_blob *blob, struct arena *arena, struct directory *out, struct error *err) {
    struct fields f = {0};
    *out = (struct directory){.code = {.slot = blob->slot, .blob = blob->bytes}, .code_slots = bytes_none(), .special_slots = bytes_none()};
    if (!fields_read(blob->bytes, blob->at, &f)) {
        out->problem = "the CodeDirectory is cut short";
        return true;
    }
    out->code.flags = f.flags;
    out->hash_type = f.hash_type;
    out->digest_size = f.hash_size;
    out->limit = f.limit64 != 0 ? f.limit64 : f.limit;
    out->page = f.page_size == 0 || f.page_size > PAGE_SIZE_MAX ? 0 : UINT64_C(1) << f.page_size;
    if (!text_read(blob->bytes, f.ident_offset, arena, &out->code.identifier, err) ||
        (f.team_offset != 0 && !text_read(blob->bytes, f.team_offset, arena, &out->code.team_id, err))) {
        return false;
    }
    if (f.hash_type >= sizeof hash_types / sizeof *hash_types || hash_types[f.hash_type].hash == HASH_NONE) {
        out->problem = "the CodeDirectory's hash type is unknown: no cdhash";
        return true;
    }
    out->code.hash = hash_types[f.hash_type].hash;
    if (f.hash_size != hash_types[f.hash_type].size) {
        out->problem = "the CodeDirectory's hash size is not that of its hash type";
    } else if (f.version >= VERSION_TOO_NEW) {
        out->problem = "the CodeDirectory's version is unknown";
    } else if (f.scatter_offset != 0) {
        out->problem = "the CodeDirectory has a scatter vector, which is not checked";
    } else if ((out->problem = slots_read(blob->bytes, &f, out)) == NULL && (out->problem = claimable(&f, out)) == NULL) {
        out->claimable = true;
        if (out->code.identifier == NULL || (f.team_offset != 0 && out->code.team_id == NULL)) {
            out->problem = "the CodeDirectory's identifier or team is not inside of it";
        }
    }
    return true;
}

struct bytes directory_special(const struct directory *d, uint32_t n) {
    size_t count = d->digest_size != 0 ? d->special_slots.n / d->digest_size : 0;
    if (n == 0 || n > count) {
        return bytes_none();
    }
    struct bytes hash = bytes_cut(d->special_slots, (count - n) * d->digest_size, d->digest_size);
    for (size_t i = 0; i < hash.n; i++) {
        if (hash.p[i] != 0) {
            return hash;
        }
    }
    return bytes_none();
}

bool codesign_special_hash(const struct code_directory *directory, uint32_t slot, struct arena *arena, struct bytes *hash) {
    const struct codesign_blob blob = {.slot = directory->slot, .bytes = directory->blob};
    struct directory read;
    *hash = directory_read(&blob, arena, &read, NULL) ? directory_special(&read, slot) : bytes_none();
    return hash->n != 0;
}

bool codesign_whole_hash(const struct code_directory *directory, uint64_t size, struct arena *arena, struct bytes *hash) {
    const struct codesign_blob blob = {.slot = directory->slot, .bytes = directory->blob};
    struct directory read;
    *hash = bytes_none();
    if (directory_read(&blob, arena, &read, NULL) && (read.page == 0 || read.limit <= read.page) && read.limit == size &&
        read.code_slots.n == read.digest_size) {
        *hash = read.code_slots;
    }
    return hash->n != 0;
}

static const char *const special_names[] = {
    [1] = "Info.plist",          [2] = "requirements",
    [3] = "CodeResources",       [4] = "application slot",
    [5] = "entitlements",        [6] = "trailer",
    [7] = "entitlements (DER)",  [8] = "launch constraint",
    [9] = "parent constraint",   [10] = "responsible constraint",
    [11] = "library constraint",
};

/* Where the bytes of a special slot are: in a blob (with its header), or where the caller knows. */
static bool special_spans(uint32_t slot, const struct codesign *code, const struct codesign_target *target, struct arena *arena,
                          struct span **spans, size_t *n, struct error *err) {
    *n = 0;
    for (size_t i = 0; i < target->n_specials; i++) {
        if (target->specials[i].slot == slot) {
            *spans = target->specials[i].spans;
            *n = target->specials[i].n_spans;
            return true;
        }
    }
    for (size_t i = 0; i < code->n; i++) {
        if (code->blobs[i].slot == slot) {
            struct span *span = arena_array(arena, 1, sizeof *span);
            if (span == NULL) {
                return arena_full(arena, err);
            }
            *span = (struct span){.literal = code->blobs[i].bytes, .n = code->blobs[i].bytes.n};
            *spans = span;
            *n = 1;
            return true;
        }
    }
    return true;
}

bool directory_claims(const struct directory *d, const struct codesign *code, const struct codesign_target *target, struct arena *arena,
                      struct claim *claims, size_t *n, struct error *err) {
    struct span *span = arena_array(arena, 1, sizeof *span);
    if (span == NULL) {
        return arena_full(arena, err);
    }
    *span = (struct span){.at = target->at, .n = d->limit, .literal = bytes_none()};
    claims[(*n)++] = (struct claim){.hash = d->code.hash,
                                    .digest_size = d->digest_size,
                                    .expected = d->code_slots,
                                    .spans = span,
                                    .n_spans = 1,
                                    .page = d->page,
                                    .what = "code pages"};
    for (uint32_t slot = 1; slot <= DIRECTORY_SPECIALS_MAX; slot++) {
        struct claim claim = {.hash = d->code.hash, .digest_size = d->digest_size, .expected = directory_special(d, slot)};
        if (claim.expected.n == 0) {
            continue;
        }
        if (!special_spans(slot, code, target, arena, &claim.spans, &claim.n_spans, err)) {
            return false;
        }
        if (claim.n_spans != 0) {
            claim.what = slot < sizeof special_names / sizeof *special_names ? special_names[slot] : "special slot";
            claims[(*n)++] = claim;
        }
    }
    return true;
}
