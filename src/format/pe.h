/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the PE driver, shared by pe.c (headers), pe_table.c (certificate table), pe_digest.c (what is signed) and
 * pe_version.c (VERSIONINFO). */
#ifndef CERTBAN_FORMAT_PE_H
#define CERTBAN_FORMAT_PE_H

#include "base/source.h"
#include "model/signature.h"

/* The most sections that are looked at: Windows loads no more than 96. */
enum { PE_SECTIONS_MAX = 96 };

struct pe_section {
    uint32_t virtual_size, virtual_address, raw_size, raw_at;
};

/* What the headers say. */
struct pe {
    uint64_t size;   /* of the file */
    uint64_t header; /* e_lfanew: where "PE\0\0" stands */
    uint64_t after;  /* where the section table begins */
    uint16_t machine, subsystem, magic;
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
 * can be loaded. */
CERTBAN_MUST_USE bool pe_headers(struct source *source, struct arena *arena, struct pe *pe, struct error *err);

/* pe_raw_end is the offset behind the last byte that a section takes from the file; never past the file's end. */
uint64_t pe_raw_end(const struct pe *pe);

/* pe_table reads the certificate table, clipped to the file, into contents. What no structure reaches is searched for. */
CERTBAN_MUST_USE bool pe_table(struct source *source, struct arena *arena, const struct pe *pe, struct contents *contents,
                               struct error *err);

/* pe_claims gives a signature its claim over the file's bytes, and its page hashes where it carries any. */
CERTBAN_MUST_USE bool pe_claims(struct arena *arena, const struct pe *pe, struct contents *contents, struct signature *signature,
                                struct error *err);

/* pe_version reads VERSIONINFO. A file without one is no error. */
CERTBAN_MUST_USE bool pe_version(struct source *source, struct arena *arena, struct version_info *version, struct error *err);

#endif
