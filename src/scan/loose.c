/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/loose.h"

#include "asn1/cms.h"
#include "asn1/der.h"
#include "asn1/oid.h"
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

/* PFX ::= SEQUENCE { version INTEGER (3), authSafe ContentInfo (data, or signed data), macData OPTIONAL } */
static bool is_pfx(struct bytes b) {
    struct der_cursor outer = der_cursor_make(b, 0), inner, safe;
    struct der version, type;
    if (!der_enter(&outer, DER_SEQUENCE, &inner, NULL) || !der_expect(&inner, DER_INTEGER, &version, NULL) ||
        !bytes_equal(version.content, bytes_make("\3", 1)) || !der_enter(&inner, DER_SEQUENCE, &safe, NULL) ||
        !der_expect(&safe, DER_OID, &type, NULL)) {
        return false;
    }
    return oid_is(type.content, OID_DATA) || oid_is(type.content, OID_SIGNED_DATA);
}

/* 0 u32 FEEDFEED or CECECECE, 4 u32 version 1 or 2 (sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore) */
static bool is_java_store(struct bytes b) {
    struct bytes version = bytes_cut(b, 4, 4);
    return (bytes_starts(b, bytes_make("\xfe\xed\xfe\xed", 4)) || bytes_starts(b, bytes_make("\xce\xce\xce\xce", 4))) &&
           (bytes_equal(version, bytes_make("\0\0\0\1", 4)) || bytes_equal(version, bytes_make("\0\0\0\2", 4)));
}

bool loose_key_store(struct source *source, struct arena *arena) {
    struct bytes b;
    return source->size <= LARGEST && source_read(source, arena, 0, source->size, &b, NULL) && (is_pfx(b) || is_java_store(b));
}
