/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages of Silverlight (.xap): a ZIP archive, and behind it u16, u16, u32 size of a SignedData, that SignedData, and a trailer of ten
 * octets: "XapS", u16, u32 size of what stands between the archive and it. No document of Microsoft says so.
 */
#ifndef CERTBAN_LAYOUT_XAP_H
#define CERTBAN_LAYOUT_XAP_H

#include "base/source.h"

enum { XAP_TRAILER = 10, XAP_HEADER = 8 };

/* xap_has_trailer says whether a file ends so. */
bool xap_has_trailer(struct bytes tail);

/* xap_archive_end is where the archive ends by the trailer's word, and what the header there says of the signature's size; 0 when it leads
 * nowhere. False (err) when the source can't be read. */
CERTBAN_MUST_USE bool xap_archive_end(struct source *source, uint64_t *end, uint64_t *told, struct error *err);

#endif
