/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the PE driver, shared by pe.c, pe_table.c (certificate table), pe_digest.c (what is signed) and pe_version.c
 * (VERSIONINFO). */
#ifndef CERTBAN_FORMAT_PE_H
#define CERTBAN_FORMAT_PE_H

#include "format/format.h"
#include "layout/pe.h"
#include "model/signature.h"

/* pe_table reads the certificate table, clipped to the file, into contents. What no structure reaches is searched for. */
CERTBAN_MUST_USE bool pe_table(struct source *source, struct arena *arena, const struct pe *pe, struct contents *contents,
                               struct error *err);

/* pe_claims gives a signature its claim over the file's bytes, and its page hashes where it carries any. */
CERTBAN_MUST_USE bool pe_claims(struct arena *arena, const struct pe *pe, struct contents *contents, struct signature *signature,
                                struct error *err);

/* pe_first_page gives contents the spans of the headers' page; none where the headers are longer than any are. */
CERTBAN_MUST_USE bool pe_first_page(struct arena *arena, const struct pe *pe, struct contents *contents, struct error *err);

/* pe_image is what a catalog's digest is of: the same as a signature's; a program without one is filled up to eight bytes by signing. */
CERTBAN_MUST_USE bool pe_image(struct source *source, struct arena *arena, struct image *image, struct error *err);

/* pe_version reads VERSIONINFO. A file without one is no error. */
CERTBAN_MUST_USE bool pe_version(struct source *source, struct arena *arena, struct version_info *version, struct error *err);

#endif
