/* SPDX-License-Identifier: Apache-2.0 */
/* Files that certificates are handed around in. */
#ifndef CERTBAN_SCAN_LOOSE_H
#define CERTBAN_SCAN_LOOSE_H

#include "base/arena.h"
#include "base/source.h"

/* loose_certificates says whether a file is nothing but a certificate (.cer, .der), or certificates without a signer (.p7b: RFC 5652, 5.1):
 * it signs nothing, and who keeps a banned certificate to look at has no banned program. False, too, when that can't be said. */
bool loose_certificates(struct source *source, struct arena *arena);

/* loose_key_store says whether a file is a store of keys and certificates: PKCS#12 (.pfx, .p12: RFC 7292, 4) or one of Java's (JKS, JCEKS).
 * It signs nothing either; but who has a banned certificate's key may have it there. False, too, when that can't be said. */
bool loose_key_store(struct source *source, struct arena *arena);

#endif
