/* SPDX-License-Identifier: Apache-2.0 */
/* Members that are packed each by itself, in archives whose unpackers go by the packed data, whatever size a table says. */
#ifndef CERTBAN_SOURCE_PACKED_H
#define CERTBAN_SOURCE_PACKED_H

#include "source/unpack.h"

struct packed {
    const char *path;
    struct source *source; /* the packed bytes */
    enum unpack_method method;
    uint64_t size; /* that it unpacks to, as somebody says */
};

/* packed_visit shows what a member unpacks to: as it is told, and where it is of another size (*differs) once more, whole. Memory is of the
 * scratch arena. False (err) when nothing more is to be shown, or the budget is spent. */
CERTBAN_MUST_USE bool packed_visit(const struct packed *packed, struct budget *budget, struct arena *scratch, struct visitor *visitor,
                                   bool *differs, struct error *err);

#endif
