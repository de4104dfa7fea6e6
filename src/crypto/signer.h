/* SPDX-License-Identifier: Apache-2.0 */
/* One SignerInfo against its content: what signatures and time stamps have in common. */
#ifndef CERTBAN_CRYPTO_SIGNER_H
#define CERTBAN_CRYPTO_SIGNER_H

#include "crypto/cms_verify.h"

/* signer_check is signer_verify for any content and bag. limits are those of the keys. *differs: the signer's message digest is of other
 * content. */
void signer_check(const struct signer_info *signer, struct bytes content, const struct cert *bag, size_t n_bag, const struct cert *known,
                  size_t n_known, const struct limits *limits, struct signer_proof *out, bool *differs);

#endif
