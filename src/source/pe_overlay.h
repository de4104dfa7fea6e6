/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a Windows program that it does not load itself: where self-extracting archives and installers keep what they hold. */
#ifndef CERTBAN_SOURCE_PE_OVERLAY_H
#define CERTBAN_SOURCE_PE_OVERLAY_H

#include "layout/pe.h"

/* Offsets in the file; at <= end <= after <= size. */
struct pe_overlay {
    uint64_t at;    /* behind the last byte that headers and sections take */
    uint64_t end;   /* where the certificate table begins; without one, the file's end */
    uint64_t after; /* behind the certificate table; without one, the file's end */
};

/* pe_overlay_find reads the headers, too. Where they can't be followed the overlay is the whole file, and there are no sections.
 * False only when the source can't be read, or without memory. */
CERTBAN_MUST_USE bool pe_overlay_find(struct source *source, struct arena *arena, struct pe *pe, struct pe_overlay *out, struct error *err);

#endif
