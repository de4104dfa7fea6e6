/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setups made by Inno Setup, which innoextract takes apart: TSetupLdrOffsetTable in its Struct.pas. Those of versions that innoextract does
 * not know, and those that keep their files in others beside themselves, are said to be so.
 */
#include "source/helper.h"

#include "base/reader.h"
#include "layout/pe.h"

enum { VERSION_ROOM = 32 };

struct inno {
    bool is;
    bool apart;                 /* its files are in setup-1.bin and so on */
    char version[VERSION_ROOM]; /* that it was made by; "" where that is not told */
};

/* "Inno Setup Setup Data (6.3.0) (u)": 64 octets in front of the header. */
static bool version_read(struct inno *inno, struct source *source, uint32_t at, struct error *err) {
    enum { HEADER = 64 };
    static const char before[] = "Inno Setup Setup Data (";
    uint8_t octets[HEADER];
    if (at > source->size || source->size - at < HEADER) {
        return true;
    }
    if (!source_into(source, octets, sizeof octets, at, err)) {
        return false;
    }
    struct bytes b = bytes_make(octets, sizeof octets), text = bytes_cut(b, sizeof before - 1, VERSION_ROOM - 1);
    if (bytes_starts(b, bytes_text(before))) {
        size_t n = 0;
        for (; n < text.n && (text.p[n] == '.' || (text.p[n] >= '0' && text.p[n] <= '9')); n++) {
            inno->version[n] = (char)text.p[n];
        }
        inno->version[n] = '\0';
    }
    return true;
}

/* The loader's table, since 5.1.5: 0 "rDlPtS" and six octets of its version, 12 u32 revision 1, 16 u32 size of the setup, 20 u32 three
 * more, 32 u32 where the header is, 36 u32 where the files are, 0: in others. */
static bool table_read(struct inno *inno, struct source *source, uint64_t at, uint64_t n, struct error *err) {
    enum { TABLE = 44, ID = 12, MIDDLE = 16 };
    uint8_t octets[TABLE] = {0};
    if (!source_into(source, octets, n < TABLE ? (size_t)n : TABLE, at, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(octets, sizeof octets), 0);
    inno->is = bytes_starts(reader_bytes(&r, ID), bytes_text("rDlPtS"));
    uint32_t revision = reader_u32le(&r);
    reader_skip(&r, MIDDLE);
    uint32_t header = reader_u32le(&r), files = reader_u32le(&r);
    if (!inno->is || revision != 1 || header == 0) {
        return true;
    }
    inno->apart = files == 0;
    return version_read(inno, source, header, err);
}

/* Since 5.1.5 the loader's table is the resource RCDATA 11111; before, "Inno" at 0x30 leads to it. */
static bool inno_read(struct source *source, struct arena *arena, struct inno *inno, struct error *err) {
    enum { OLD_AT = 0x30, OLD_SIZE = 12, LOADER_TABLE = 11111 };
    struct bytes b;
    struct pe pe;
    struct pe_resources walk;
    struct pe_resource resource;
    struct error why = {0};
    bool end = false;
    *inno = (struct inno){0};
    if (!source_read_some(source, arena, OLD_AT, OLD_SIZE, &b, err)) {
        return false;
    }
    if (bytes_starts(b, bytes_text("Inno"))) {
        inno->is = true;
        return true;
    }
    if (!pe_headers(source, arena, &pe, &why)) {
        return why.kind == ERR_MALFORMED || error_again(err, &why);
    }
    pe_resources_begin(&walk, source, &pe, PE_RT_RCDATA, arena->limits);
    while (!end && !inno->is) {
        if (!pe_resources_next(&walk, &resource, &end, err) ||
            (!end && resource.name == LOADER_TABLE && !table_read(inno, source, resource.at, resource.n, err))) {
            return false;
        }
    }
    return true;
}

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("MZ"));
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct inno inno;
    struct error why = {0};
    (void)anomalies;
    if (!inno_read(source, arena, &inno, err)) {
        return false;
    }
    if (!inno.is) {
        return true;
    }
    if (inno.apart) {
        error_set(&why, ERR_UNSUPPORTED, "its files are in others beside it (setup-1.bin and so on), which are not read with it");
        const struct member member = {.path = "Inno Setup files", .problem = &why};
        return visitor->visit(visitor, &member, err);
    }
    if (helper_walk(HELPER_INNO, source, budget, visitor, &why)) {
        return true;
    }
    return inno.version[0] != '\0' ? error_set(err, why.kind, "made by Inno Setup %s: %s", inno.version, why.text) : error_again(err, &why);
}

const struct container container_inno = {.name = "inno", .probe = probe, .walk = walk};
