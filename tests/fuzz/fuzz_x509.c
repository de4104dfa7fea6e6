/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate of any bytes; its minimal form, where it has one, is a certificate with the same TBSCertificate. */
#include "asn1/cert_search.h"
#include "asn1/name.h"
#include "asn1/oid.h"
#include "asn1/urls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same certificate with its issuer's signature written otherwise. */
static void twins(const struct cert *cert, struct arena *arena) {
    struct bytes twin;
    struct cert again;
    bool done = false;
    for (size_t way = 0; cert_ecdsa_twin(cert, way, arena, &done, &twin, NULL) && !done; way++) {
        if (twin.n != 0 && (!cert_parse(twin, 0, arena, &again, NULL) || !bytes_equal(cert->tbs, again.tbs))) {
            __builtin_trap();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)4 << 20);
    struct cert cert, again;
    struct bytes minimal;
    if (cert_parse(bytes_make(data, size), 0, &arena, &cert, NULL)) {
        cert_has_eku(&cert, oid_of(OID_EKU_CODE_SIGNING));
        cert_subscriber(&cert);
        cert_search_sensible(&cert);
        cert_named_by(&cert, cert.issuer, cert.serial, bytes_none());
        name_odd(cert.subject);
        twins(&cert, &arena);
        struct bytes urls[4];
        size_t n = urls_of_crls(&cert, urls, 4);
        n = n != 0 ? n : urls_of_ocsp(&cert, urls, 4);
        for (size_t i = 0; i < n; i++) {
            if (urls[i].n == 0 || urls[i].n > URL_LENGTH_MAX || bytes_find(urls[i], bytes_text(" "), 0) < urls[i].n) {
                __builtin_trap();
            }
        }
        if (cert_minimal(&cert, &arena, &minimal, NULL) &&
            (!cert_parse(minimal, 0, &arena, &again, NULL) || !bytes_equal(cert.tbs, again.tbs) ||
             (again.not_minimal && !der_is_ber(again.algorithm)))) { /* what is inside of the algorithm stays as it is */
            __builtin_trap();
        }
    } else if (!cert.broken) {
        __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
