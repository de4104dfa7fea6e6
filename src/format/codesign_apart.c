/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple code signatures that stand apart from what they sign: the files of a bundle's _CodeSignature whose main executable is no Mach-O
 * (CodeSignature, CodeDirectory, CodeRequirements), SuperBlobs by "codesign --detached", and the extended attributes com.apple.cs.* that a
 * plain file has. Archives keep attributes in a second file, "._NAME" (AppleDouble: RFC 1740; copyfile.c of Apple's copyfile).
 *
 * What a signature in a file of its own covers is another file: its key can be looked at, its digest has nothing to fit. One in the
 * attributes of a file on the disk is of that file.
 */
#include <stdlib.h>

#include "asn1/carve.h"
#include "base/reader.h"
#include "format/codesign.h"
#include "format/format.h"

enum {
    DOUBLE_MAGIC = 0x00051607,
    DOUBLE_FILLER = 20, /* version, sixteen octets */
    FINDER_INFO = 9,
    ATTR_AT = 34,   /* the header of attributes in that entry: behind 32 octets of the Finder's and two that fill up */
    ATTR_SKIP = 28, /* debug_tag, total_size, data_start, data_length, reserved */
};

/* The names of loose blobs, and the slots that they would have in a SuperBlob (libsecurity_codesigning, signerutils and filediskrep). */
static const struct {
    const char *name;
    uint32_t slot;
} names[] = {
    {CODESIGN_ATTRIBUTES "CodeDirectory", CODESIGN_SLOT_DIRECTORY},
    {CODESIGN_ATTRIBUTES "CodeSignature", CODESIGN_SLOT_CMS},
    {CODESIGN_ATTRIBUTES "CodeRequirements", CODESIGN_SLOT_REQUIREMENTS},
    {CODESIGN_ATTRIBUTES "CodeRequirements-1", CODESIGN_SLOT_ALTERNATE},
    {CODESIGN_ATTRIBUTES "CodeEntitlements", CODESIGN_SLOT_ENTITLEMENTS},
};

static uint32_t magic_of(struct bytes head) {
    struct reader r = reader_make(head, 0);
    uint32_t magic = reader_u32be(&r);
    return reader_ok(&r) ? magic : 0;
}

static bool is_double(struct bytes head) {
    struct reader r = reader_make(head, 0);
    return reader_u32be(&r) == DOUBLE_MAGIC && (reader_u32be(&r) >> 16) <= 2 && reader_ok(&r);
}

/* A blob's length is that of the file. */
static bool probe(const struct probe *probe) {
    struct reader r = reader_make(probe->head, 0);
    uint32_t magic = reader_u32be(&r), length = reader_u32be(&r);
    bool blob = magic == CODESIGN_MAGIC_WRAPPER || magic == CODESIGN_MAGIC_DIRECTORY || magic == CODESIGN_MAGIC_SUPERBLOB ||
                magic == CODESIGN_MAGIC_DETACHED;
    return (reader_ok(&r) && blob && length >= 8) || is_double(probe->head);
}

/* ---- the blobs ---- */

static void take(struct codesign *code, uint32_t slot, struct bytes b, uint64_t at, struct arena *arena, struct anomalies *anomalies) {
    struct error why;
    if (code->n == limit_most(arena->limits, LIMIT_BLOBS)) {
        code->cut = true;
        return;
    }
    if (codesign_blob(slot, b, at, &code->blobs[code->n], &why)) {
        code->n++;
    } else {
        anomaly_note(anomalies, arena, ANOMALY_BAD_BLOB, at, b.n, arena_printf(arena, "%s", why.text));
    }
}

/* attr_header: u32 "ATTR", ATTR_SKIP octets, u32 reserved, u16 flags, u16 count; then u32 offset in the file, u32 length, u16 flags, u8
 * size of the name, which ends with a NUL; each entry begins at a multiple of four octets. */
static void read_attributes(struct bytes file, uint64_t at, uint64_t *left, struct codesign *code, struct arena *arena,
                            struct contents *contents) {
    struct reader r = reader_make(bytes_cut(file, (size_t)at, file.n), at);
    uint32_t magic = reader_u32be(&r);
    reader_skip(&r, ATTR_SKIP);
    reader_skip(&r, 2);
    uint16_t count = reader_u16be(&r);
    for (unsigned i = 0; magic == 0x41545452 && i < count && reader_ok(&r); i++) {
        if (*left == 0) {
            contents_limited(contents, arena, LIMIT_DOUBLE);
            return;
        }
        --*left;
        uint32_t offset = reader_u32be(&r), length = reader_u32be(&r);
        reader_skip(&r, 2);
        uint8_t size = reader_u8(&r);
        struct bytes name = reader_bytes(&r, size);
        reader_skip(&r, (4 - (11 + (size_t)size) % 4) % 4);
        name = bytes_cut(name, 0, name.n != 0 ? name.n - 1 : 0);
        for (size_t k = 0; reader_ok(&r) && k < sizeof names / sizeof *names; k++) {
            if (bytes_is(name, names[k].name)) {
                take(code, names[k].slot, bytes_cut(file, offset, length), offset, arena, &contents->anomalies);
            }
        }
    }
}

/* Header: u32 magic, u32 version, 16 octets, u16 count; then u32 id, u32 offset, u32 length. */
static void read_double(struct bytes file, struct codesign *code, struct arena *arena, struct contents *contents) {
    struct reader r = reader_make(file, 0);
    uint64_t left = limit_most(arena->limits, LIMIT_DOUBLE);
    reader_skip(&r, 4);
    reader_skip(&r, DOUBLE_FILLER);
    uint16_t count = reader_u16be(&r);
    for (unsigned i = 0; i < count && left != 0 && reader_ok(&r); i++) {
        uint32_t id = reader_u32be(&r), offset = reader_u32be(&r);
        reader_skip(&r, 4);
        if (reader_ok(&r) && id == FINDER_INFO && offset < file.n) {
            read_attributes(file, (uint64_t)offset + ATTR_AT, &left, code, arena, contents);
        }
    }
}

bool codesign_attributes(struct source *source, struct contents *contents, struct arena *arena, struct error *err) {
    struct codesign_blob blobs[sizeof names / sizeof *names]; /* take() gets no more, and LIMIT_BLOBS may be less */
    struct codesign code = {.area = bytes_none(), .blobs = blobs};
    const struct codesign_target target = {.part = "attributes", .size = source->size};
    struct bytes b;
    for (size_t i = 0; source->attribute != NULL && i < sizeof names / sizeof *names; i++) {
        if (source->attribute(source, names[i].name, arena, &b)) {
            take(&code, names[i].slot, b, 0, arena, &contents->anomalies);
        }
    }
    return code.n == 0 || codesign_add(&code, &target, contents, arena, NULL, err);
}

/* "codesign --detached" keeps one SuperBlob for each architecture in another. */
static bool read_super(struct bytes file, uint64_t at, const struct codesign_target *target, unsigned depth, struct contents *contents,
                       struct arena *arena, struct error *err) {
    struct codesign code;
    struct error why = {0};
    if (!codesign_read(file, at, arena, &contents->anomalies, &code, &why)) {
        contents_unreadable(contents, &why);
        return true;
    }
    bool inner = false;
    for (size_t i = 0; i < code.n; i++) {
        if (code.blobs[i].magic == CODESIGN_MAGIC_SUPERBLOB && depth == 0) {
            inner = true;
            if (!read_super(code.blobs[i].bytes, code.blobs[i].at, target, depth + 1, contents, arena, err)) {
                return false;
            }
        }
    }
    return inner || codesign_add(&code, target, contents, arena, NULL, err);
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    static const struct codesign_target target = {.part = "signature", .apart = true};
    struct bytes file;
    uint64_t most = limit_most(arena->limits, LIMIT_SIGNATURE_SIZE);
    if (!source_read_some(source, arena, 0, most, &file, err)) {
        return false;
    }
    if (source->size > most) {
        contents_limited(contents, arena, LIMIT_SIGNATURE_SIZE);
    }
    uint32_t magic = magic_of(file);
    if (magic == CODESIGN_MAGIC_SUPERBLOB || magic == CODESIGN_MAGIC_DETACHED) {
        return read_super(file, 0, &target, 0, contents, arena, err);
    }
    struct codesign code = {.area = bytes_none(),
                            .blobs = arena_array(arena, (size_t)limit_most(arena->limits, LIMIT_BLOBS), sizeof *code.blobs)};
    if (code.blobs == NULL) {
        return arena_full(arena, err);
    }
    size_t anomalies = contents->anomalies.n;
    if (is_double(file)) {
        read_double(file, &code, arena, contents);
        contents->other = code.n == 0 && contents->anomalies.n == anomalies && contents->unreadable.kind == ERR_NONE;
    } else {
        take(&code, magic == CODESIGN_MAGIC_WRAPPER ? CODESIGN_SLOT_CMS : CODESIGN_SLOT_DIRECTORY, file, 0, arena, &contents->anomalies);
    }
    bool odd = contents->anomalies.n != anomalies; /* what its length hides is found all the same */
    if (code.n != 0 && !codesign_add(&code, &target, contents, arena, NULL, err)) {
        return false;
    }
    if (odd || contents->unreadable.kind != ERR_NONE) {
        carve_bytes(contents, arena, file, 0);
    }
    return true;
}

const struct format format_codesign = {
    .name = "codesign",
    .long_name = "macOS code signature, apart from what it signs",
    .first = FIRST_OCTETS("\xfa\0"),
    .probe = probe,
    .read = read,
};
