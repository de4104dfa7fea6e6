/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a program for Linux or macOS goes by its own headers: what stands behind is no part of it, whoever put it there. Sources: the
 * System V ABI (ELF header, section and program headers), Apple's mach-o/loader.h and mach-o/fat.h.
 */
#ifndef CERTBAN_LAYOUT_PROGRAM_END_H
#define CERTBAN_LAYOUT_PROGRAM_END_H

#include "base/source.h"

/* program_end is the offset behind the last byte that the headers in a file's first bytes name; 0 when these are no such headers, or not
 * all of them. Section headers of an ELF program that stand farther back are taken for its last part: program_end_exact reads them. */
uint64_t program_end(struct bytes head);

/* program_end_exact is program_end, from the source. False only when the source can't be read, or without memory. */
CERTBAN_MUST_USE bool program_end_exact(struct source *source, struct arena *arena, uint64_t *end, struct error *err);

#endif
