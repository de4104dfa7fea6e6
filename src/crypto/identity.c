/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/identity.h"

#include "asn1/name.h"
#include "asn1/x509.h"
#include "base/hex.h"
#include "crypto/digest.h"

bool identity_hash(const struct cert *cert, enum key_kind kind, enum hash hash, uint8_t *out, struct error *err) {
    switch (kind) {
    case KEY_CERT_MD5:
        return digest_bytes(HASH_MD5, cert->der, out, err);
    case KEY_CERT_SHA1:
        return digest_bytes(HASH_SHA1, cert->der, out, err);
    case KEY_CERT_SHA256:
        return digest_bytes(HASH_SHA256, cert->der, out, err);
    case KEY_TBS:
        return digest_bytes(hash, cert->tbs, out, err);
    case KEY_SPKI:
        return digest_bytes(HASH_SHA256, cert->spki, out, err);
    default:
        return error_set(err, ERR_UNSUPPORTED, "%s is no hash of a certificate", key_name(kind));
    }
}

bool cert_info_fill(struct cert_info *info, const struct cert *cert, struct arena *arena, struct error *err) {
    struct cert_info made = {.subject = "",
                             .common_name = "",
                             .organization = "",
                             .issuer = "",
                             .issuer_common_name = "",
                             .serial = "",
                             .subscriber = "",
                             .not_before = TIME_NONE,
                             .not_after = TIME_NONE,
                             .der = bytes_none()};
    if (!digest_bytes(HASH_SHA1, cert->der, made.sha1, err) || !digest_bytes(HASH_SHA256, cert->der, made.sha256, err)) {
        return false;
    }
    if (!cert->broken) {
        if (!digest_bytes(HASH_SHA256, cert->tbs, made.tbs_sha256, err) || !digest_bytes(HASH_SHA256, cert->spki, made.spki_sha256, err)) {
            return false;
        }
        made.subject = name_text(cert->subject, arena);
        made.common_name = name_attribute(cert->subject, OID_AT_COMMON_NAME, arena);
        made.organization = name_attribute(cert->subject, OID_AT_ORGANIZATION, arena);
        made.issuer = name_text(cert->issuer, arena);
        made.issuer_common_name = name_attribute(cert->issuer, OID_AT_COMMON_NAME, arena);
        char *serial = arena_alloc(arena, cert->serial.n * 2 + 1);
        struct bytes subscriber = cert_subscriber(cert);
        if (subscriber.n != 0) {
            made.subscriber = oid_dotted(subscriber, arena);
        }
        if (made.subject == NULL || made.common_name == NULL || made.organization == NULL || made.issuer == NULL ||
            made.issuer_common_name == NULL || serial == NULL || made.subscriber == NULL) {
            return arena_full(arena, err);
        }
        hex_encode(cert->serial, serial);
        made.serial = serial;
        made.not_before = cert->not_before;
        made.not_after = cert->not_after;
    }
    *info = made;
    return true;
}
