/* SPDX-License-Identifier: Apache-2.0 */
/* The relations of OPC packages (ECMA-376 part 2, 6.5): parts _rels/NAME.rels that say what the part NAME, or the package, goes with. */
#ifndef CERTBAN_FORMAT_OPC_RELATIONS_H
#define CERTBAN_FORMAT_OPC_RELATIONS_H

#include "format/xmldsig.h"

/* opc_relations is such a part as its signatures cover it (ECMA-376-2 10.5.8.2, the RelationshipTransform and Canonical XML): those
 * relations that the reference names, in the order of their Ids. ERR_MALFORMED when it is none. */
CERTBAN_MUST_USE bool opc_relations(struct bytes xml, const struct xmldsig_reference *reference, struct arena *arena, struct bytes *out,
                                    struct error *err);

/* opc_targets is the targets of the relations whose type ends in a word, at most room of them; *n, which counts all. ERR_MALFORMED when it
 * is none, ERR_LIMIT past LIMIT_RELATIONS. */
CERTBAN_MUST_USE bool opc_targets(struct bytes xml, const char *type, struct arena *arena, struct bytes *out, size_t room, size_t *n,
                                  struct error *err);

#endif
