/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/urls.h"

#include "asn1/der.h"
#include "asn1/oid.h"

enum { NAME_URI = 0x86 }; /* uniformResourceIdentifier [6] IA5String */

static bool is_address(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] > '~') {
            return false;
        }
    }
    return text.n != 0 && text.n <= URL_LENGTH_MAX;
}

size_t urls_of_names(struct bytes names, struct bytes *out, size_t room) {
    struct der_cursor c = der_cursor_make(names, 0);
    struct der e;
    size_t n = 0;
    while (n < room && der_next(&c, &e, NULL)) {
        if (e.tag == NAME_URI && is_address(e.content)) {
            out[n++] = e.content;
        }
    }
    return n;
}

/* SEQUENCE OF DistributionPoint ::= SEQUENCE { [0] { fullName [0] GeneralNames | nameRelativeToCRLIssuer [1] }?, reasons [1]?,
 *   cRLIssuer [2]? } */
size_t urls_of_crls(const struct cert *cert, struct bytes *out, size_t room) {
    struct der_cursor c = der_cursor_make(cert->crl_points, 0), all, one, point;
    struct der e, names;
    size_t n = 0;
    if (!der_enter(&c, DER_SEQUENCE, &all, NULL)) {
        return 0;
    }
    while (n < room && der_next(&all, &e, NULL)) {
        if (e.tag == DER_SEQUENCE && der_inside(&all, &e, &one, NULL) && der_enter(&one, DER_CONTEXT_0_CONS, &point, NULL) &&
            der_expect(&point, DER_CONTEXT_0_CONS, &names, NULL)) {
            n += urls_of_names(names.content, out + n, room - n);
        }
    }
    return n;
}

/* SEQUENCE OF AccessDescription ::= SEQUENCE { accessMethod OID, accessLocation GeneralName } */
size_t urls_of_ocsp(const struct cert *cert, struct bytes *out, size_t room) {
    struct der_cursor c = der_cursor_make(cert->authority_info, 0), all, one;
    struct der e, method;
    size_t n = 0;
    if (!der_enter(&c, DER_SEQUENCE, &all, NULL)) {
        return 0;
    }
    while (n < room && der_next(&all, &e, NULL)) {
        if (e.tag == DER_SEQUENCE && der_inside(&all, &e, &one, NULL) && der_expect(&one, DER_OID, &method, NULL) &&
            oid_is(method.content, OID_ACCESS_OCSP)) {
            n += urls_of_names(one.left, out + n, room - n);
        }
    }
    return n;
}
