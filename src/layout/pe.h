/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a Windows program, and the resources that it carries: Microsoft's "PE Format". */
#ifndef CERTBAN_LAYOUT_PE_H
#define CERTBAN_LAYOUT_PE_H

#include "base/source.h"
#include "model/limits.h"

/* Magic of the optional header of a ROM image, which can't be signed. */
enum { PE_ROM = 0x107 };

struct pe_section {
    struct bytes name; /* 8 octets, padded with NULs */
    uint32_t virtual_size, virtual_address, raw_size, raw_at;
};

/* What the headers say. */
struct pe {
    uint64_t size;   /* of the file */
    uint64_t header; /* e_lfanew: where "PE\0\0" stands */
    uint64_t after;  /* where the section table begins */
    uint16_t machine, subsystem, magic;
    uint16_t optional_size; /* SizeOfOptionalHeader */
    uint32_t section_alignment, headers_size;
    uint32_t resource_rva, resource_size;
    bool has_checksum;             /* the optional header reaches to CheckSum */
    uint64_t checksum_at;          /* 4 bytes that no digest covers */
    bool has_entry;                /* and to the directory entry of the certificate table */
    uint64_t entry_at;             /* 8 bytes that no digest covers */
    uint64_t table_at, table_size; /* as the entry says; size 0: no table */
    unsigned sections_told;        /* NumberOfSections */
    struct pe_section *sections;
    size_t n_sections;
};

/* pe_headers reads the headers. ERR_MALFORMED when there is no PE header where the DOS header points, or it is of no kind that
 * can be loaded; pe->magic is set even so where an optional header was read. */
CERTBAN_MUST_USE bool pe_headers(struct source *source, struct arena *arena, struct pe *pe, struct error *err);

/* pe_raw_end is the offset behind the last byte that a section takes from the file; never past the file's end. */
uint64_t pe_raw_end(const struct pe *pe);

/* pe_file_offset is where an RVA lies in the file; UINT64_MAX when no section holds it. */
uint64_t pe_file_offset(const struct pe *pe, uint32_t rva);

/* One leaf of the tree of resources. */
struct pe_resource {
    uint32_t type, name, language; /* ids; of what has a name instead, PE_NAMED and where the name stands in the tree */
    bool one_of_many;              /* there is one in another language */
    uint64_t at, n;                /* in the file, clipped to it; n 0: no section holds its bytes */
};

/* In a type or name: the low 31 bits are the offset of a name (u16 length, UTF-16). */
#define PE_NAMED UINT32_C(0x80000000)

enum { PE_RT_RCDATA = 10, PE_RT_VERSION = 16 };

/* The walk through the tree: three levels, type, name, language. */
struct pe_resources {
    struct source *source;
    const struct pe *pe;
    uint64_t at, size; /* of the tree in the file */
    unsigned depth;    /* of the directory in hand: 0 type, 1 name, 2 language */
    struct {
        uint64_t at; /* of its next entry */
        uint32_t left, all;
        uint32_t id; /* of the entry that was taken last */
    } level[3];
    uint32_t only; /* the type that is wanted; UINT32_MAX: all */
    const struct limits *limits;
    uint64_t steps; /* entries that may still be taken: directories may share them */
};

/* pe_resources_begin starts a walk through the resources of one type (UINT32_MAX: of all). A program without any has none. The limits
 * outlive the walk; NULL: the usual. */
void pe_resources_begin(struct pe_resources *walk, struct source *source, const struct pe *pe, uint32_t only, const struct limits *limits);

/* pe_resources_next is the next leaf; *end when there is none. What of the tree can't be followed is left out, as Windows leaves it
 * out. ERR_LIMIT past LIMIT_RESOURCES entries. */
CERTBAN_MUST_USE bool pe_resources_next(struct pe_resources *walk, struct pe_resource *out, bool *end, struct error *err);

/* pe_resource_name is a type's or name's spelling in UTF-8: "DATA", "131", "RCDATA". NULL without memory. */
const char *pe_resource_name(struct pe_resources *walk, uint32_t id, bool is_type, struct arena *arena);

/* pe_text is UTF-16 as UTF-8 in the arena, up to a NUL and no more than 1024 octets. NULL without memory. */
const char *pe_text(struct bytes utf16, struct arena *arena);

#endif
