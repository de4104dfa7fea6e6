/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that certificates and revocation lists give. They are as hostile as all else in a file: whoever follows one says which
 * schemes and which hosts it may lead to. */
#ifndef CERTBAN_ASN1_URLS_H
#define CERTBAN_ASN1_URLS_H

#include "base/bytes.h"
#include "model/cert.h"

/* The longest address that is given; it holds visible ASCII characters only. */
enum { URL_LENGTH_MAX = 1000 };

/* Each writes up to room addresses to out, as they stand in the certificate, and returns how many; what is no address is passed over. */
size_t urls_of_crls(const struct cert *cert, struct bytes *out, size_t room); /* cRLDistributionPoints (RFC 5280 4.2.1.13) */
size_t urls_of_ocsp(const struct cert *cert, struct bytes *out, size_t room); /* authorityInfoAccess, id-ad-ocsp (4.2.2.1) */
size_t urls_of_names(struct bytes names, struct bytes *out, size_t room);     /* GeneralName elements, one behind another (4.2.1.6) */

#endif
