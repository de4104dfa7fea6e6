/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates themselves, each a ban by all its identities: PEM (RFC 7468) with any number of them, or DER, one behind the other. The
 * policy keeps the certificate, so that it can prove signatures that leave it out. Refused are CAs' certificates, since banning one
 * would ban all whom it vouches for, and PEM blocks of anything else.
 */
#include <stdio.h>

#include "asn1/name.h"
#include "asn1/x509.h"
#include "crypto/identity.h"
#include "list/importer.h"
#include "list/pem.h"
#include "list/policy_value.h"
#include "list/policy_write.h"

enum { LABEL_SHOWN = 40, DER_SEQUENCE_TAG = 0x30 };

/* The hashes by which a certificate is named, the best first. False when one can't be computed. */
static bool add_hashes(struct import_row *row, const struct cert *cert, struct error *err) {
    static const struct {
        enum key_kind kind;
        enum hash hash;
    } hashes[] = {{KEY_CERT_SHA256, HASH_SHA256}, {KEY_TBS, HASH_SHA256}, {KEY_CERT_SHA1, HASH_SHA1}, {KEY_SPKI, HASH_SHA256}};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        struct key key = {.kind = hashes[i].kind,
                          .role = ROLE_SIGNER,
                          .issuer = bytes_none(),
                          .issuer_common_name = bytes_none(),
                          .organization = bytes_none(),
                          .issuer_organization = bytes_none()};
        uint8_t hash[HASH_SIZE_MAX];
        if (!identity_hash(cert, hashes[i].kind, hashes[i].hash, hash, err) ||
            !arena_copy(import_arena(row->import), bytes_make(hash, hash_size(hashes[i].hash)), &key.value, err)) {
            return false;
        }
        import_add_key(row, key);
    }
    return true;
}

/* The serial with its issuer, where the issuer is a name that a policy can hold. */
static void add_serial(struct import_row *row, const struct cert *cert) {
    enum { SERIAL_MAX = 64 };
    if (cert->serial.n == 0 || cert->serial.n > SERIAL_MAX || policy_issuer_text(cert->issuer, import_arena(row->import)) == NULL) {
        return;
    }
    import_add_key(row, (struct key){.kind = KEY_SERIAL,
                                     .role = ROLE_SIGNER,
                                     .value = cert->serial,
                                     .issuer = cert->issuer,
                                     .issuer_common_name = bytes_none(),
                                     .organization = bytes_none(),
                                     .issuer_organization = bytes_none()});
}

static void add_reason(struct import_row *row, const struct cert *cert) {
    struct arena *arena = import_arena(row->import);
    const char *subject = name_text(cert->subject, arena);
    const char *words = subject != NULL ? arena_printf(arena, "certificate of %s", subject) : NULL;
    row->reason = words != NULL ? import_words(row->import, bytes_text(words)) : NULL;
}

/* One certificate; *size gets its octets, 0 when it is none. */
static void read_one(struct bytes der, struct import_row *row, size_t *size) {
    struct arena *arena = import_arena(row->import);
    struct cert *cert = arena_alloc(arena, sizeof *cert);
    struct error err = {0};
    struct bytes copy;
    *size = 0;
    if (cert == NULL || !cert_parse(der, 0, arena, cert, &err)) {
        import_row_refuse(row, "is no certificate: %.120s", err.text);
        return;
    }
    *size = cert->der.n;
    /* Again, from a copy that outlives the list: only now is it known how much of it is the certificate. */
    if (!arena_copy(arena, cert->der, &copy, &err) || !cert_parse(copy, 0, arena, cert, &err)) {
        import_row_refuse(row, "%.120s", err.text);
        return;
    }
    if (cert->is_ca) {
        import_row_refuse(row, "is a CA's certificate: banning it would ban all whom it vouches for");
        return;
    }
    if (!add_hashes(row, cert, &err)) {
        import_row_refuse(row, "%.120s", err.text);
        return;
    }
    add_serial(row, cert);
    add_reason(row, cert);
    row->cert = cert;
    import_row_end(row);
}

static void read_block(const struct pem_block *block, struct import *import) {
    struct bytes label = block->label;
    struct import_row row;
    struct bytes der;
    size_t size;
    import_row_begin(import, &row, block->line);
    if (!bytes_is(label, "CERTIFICATE") && !bytes_is(label, "X509 CERTIFICATE")) {
        import_row_refuse(&row, "is a PEM block of \"%.*s\", no certificate", label.n > LABEL_SHOWN ? LABEL_SHOWN : (int)label.n,
                          (const char *)label.p);
    } else if (!value_base64(block->base64, import_arena(import), &der)) {
        import_row_refuse(&row, "is no base64");
    } else {
        read_one(der, &row, &size);
    }
}

static bool read_pem(struct bytes content, struct import *import) {
    struct pem pem = pem_make(content);
    struct pem_block block;
    bool any = false;
    while (!import_failed(import) && pem_next(&pem, &block)) {
        read_block(&block, import);
        any = true;
    }
    return any;
}

static bool is_der(struct bytes content) {
    return content.n > 4 && content.p[0] == DER_SEQUENCE_TAG && content.p[1] >= 0x80 && content.p[1] <= 0x84;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    if (!is_der(content)) {
        return read_pem(content, import) || error_set(err, ERR_MALFORMED, "holds no certificate in PEM or DER");
    }
    for (size_t size = 1, number = 1; content.n != 0 && size != 0 && !import_failed(import); number++) {
        struct import_row row;
        import_row_begin(import, &row, number); /* DER has no lines: it is the how many-th certificate that is told */
        read_one(content, &row, &size);
        content = bytes_cut(content, size, content.n);
    }
    return true;
}

static bool probe(struct bytes content) {
    static const size_t head = 64 << 10;
    struct bytes begin = bytes_cut(content, 0, head);
    return is_der(content) || bytes_find(begin, bytes_text("-----BEGIN CERTIFICATE-----"), 0) < begin.n;
}

const struct importer importer_certs = {"certificates", "certificates in PEM or DER", probe, read};
