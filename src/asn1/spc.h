/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the layer: the public part is asn1/cms.h. */
#ifndef CERTBAN_ASN1_SPC_H
#define CERTBAN_ASN1_SPC_H

#include "asn1/cms.h"

/* spc_read is spc_parse with an arena for a digest that comes in pieces. arena NULL: such a one is ERR_UNSUPPORTED. */
CERTBAN_MUST_USE bool spc_read(const struct signed_data *sd, struct arena *arena, struct spc_indirect *out, struct error *err);

#endif
