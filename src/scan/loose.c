/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/loose.h"

#include "asn1/cms.h"
#include "asn1/x509.h"

enum { LARGEST = 1 << 20 };

bool loose_certificates(struct source *source, struct arena *arena) {
    struct bytes b;
    struct cert cert;
    struct signed_data *sd;
    if (source->size > LARGEST || !source_read(source, arena, 0, source->size, &b, NULL)) {
        return false;
    }
    if (cert_parse(b, 0, arena, &cert, NULL) && cert.der.n == b.n) {
        return true;
    }
    return cms_parse(b, 0, arena, NULL, &sd, NULL) && sd->whole.n == b.n && sd->n_signers == 0 && sd->n_certs != 0;
}
