/* SPDX-License-Identifier: Apache-2.0 */
/* Real certificates, read by certban and by OpenSSL. Needs signed files beside the source tree; skips without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>
#include <unistd.h>

#include "asn1/carve.h"
#include "asn1/name.h"
#include "asn1/x509.h"

#define FILES TEST_SOURCE_ROOT "/../shared/corpus/files"

enum { CERTS_MAX = 4000, LARGEST = 24 << 20 };

static struct arena arena;
static uint64_t seen[CERTS_MAX];
static size_t n_seen, n_files, n_refused;

static bool is_new(struct bytes der) {
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < der.n; i++) {
        h = (h ^ der.p[i]) * 1099511628211u;
    }
    for (size_t i = 0; i < n_seen; i++) {
        if (seen[i] == h) {
            return false;
        }
    }
    assert_true(n_seen < CERTS_MAX);
    seen[n_seen++] = h;
    return true;
}

static void same_name(struct bytes ours, const X509_NAME *theirs) {
    const unsigned char *der;
    size_t n;
    assert_int_equal(X509_NAME_get0_der(theirs, &der, &n), 1);
    assert_true(bytes_equal(ours, bytes_make(der, n)));
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, theirs, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    char *text;
    long length = BIO_get_mem_data(bio, &text);
    const char *printed = name_text(ours, &arena);
    assert_non_null(printed);
    if (!bytes_equal(bytes_text(printed), bytes_make(text, (size_t)length))) {
        print_error("%s\n%.*s\n", printed, (int)length, text);
        fail();
    }
    assert_true(name_matches_text(ours, printed));
    BIO_free(bio);
}

static int64_t seconds(const ASN1_TIME *t) {
    struct tm tm;
    assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
    return timegm(&tm);
}

static void same_certificate(const struct cert *cert) {
    const unsigned char *p = cert->der.p;
    X509 *x = d2i_X509(NULL, &p, (long)cert->der.n);
    if (x == NULL) {
        n_refused++;
        return;
    }
    assert_ptr_equal(p, cert->der.p + cert->der.n);
    same_name(cert->subject, X509_get_subject_name(x));
    same_name(cert->issuer, X509_get_issuer_name(x));
    assert_int_equal(cert->not_before, seconds(X509_get0_notBefore(x)));
    assert_int_equal(cert->not_after, seconds(X509_get0_notAfter(x)));
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
    if (!BN_is_negative(serial)) {
        BIGNUM *ours = BN_bin2bn(cert->serial.p, (int)cert->serial.n, NULL);
        assert_int_equal(BN_cmp(serial, ours), 0);
        BN_free(ours);
    }
    BN_free(serial);
    unsigned char *spki = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    assert_true(bytes_equal(cert->spki, bytes_make(spki, (size_t)n)));
    OPENSSL_free(spki);
    const ASN1_BIT_STRING *signature, *key = X509_get0_pubkey_bitstr(x);
    const X509_ALGOR *algorithm;
    X509_get0_signature(&signature, &algorithm, x);
    assert_true(bytes_equal(cert->key, bytes_make(key->data, (size_t)key->length)));
    assert_true(bytes_equal(cert->signature, bytes_make(signature->data, (size_t)signature->length)));
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(x), *aki = X509_get0_authority_key_id(x);
    assert_true(bytes_equal(cert->ski, ski != NULL ? bytes_make(ski->data, (size_t)ski->length) : bytes_none()));
    assert_true(bytes_equal(cert->aki, aki != NULL ? bytes_make(aki->data, (size_t)aki->length) : bytes_none()));
    assert_int_equal(cert->is_ca, (X509_get_extension_flags(x) & EXFLAG_CA) != 0 && (X509_get_extension_flags(x) & EXFLAG_BCONS) != 0);
    assert_int_equal(cert->has_eku, (X509_get_extension_flags(x) & EXFLAG_XKUSAGE) != 0);
    X509_free(x);
}

static int one_file(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)at;
    if (type != FTW_F || st->st_size == 0 || st->st_size > LARGEST) {
        return 0;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct fd_source source;
    struct contents contents = {0};
    struct error err = {0};
    struct bytes whole;
    fd_source_init(&source, path, fd, (uint64_t)st->st_size);
    assert_true(source_read(&source.source, &arena, 0, (uint64_t)st->st_size, &whole, &err));
    carve_certificates(&contents, &arena, whole, 0);
    for (size_t i = 0; i < contents.n_signatures; i++) {
        for (size_t k = 0; k < contents.signatures[i].sd->n_certs; k++) {
            const struct cert *cert = &contents.signatures[i].sd->certs[k];
            if (!cert->broken && is_new(cert->der)) {
                same_certificate(cert);
            }
        }
    }
    n_files++;
    close(fd);
    arena_reset(&arena);
    return 0;
}

static void certificates_as_openssl_reads_them(void **state) {
    (void)state;
    arena = arena_make(ARENA_FILE_CAP);
    if (access(FILES, R_OK) != 0) {
        print_message("no files beside the source tree: skipped\n");
        skip();
    }
    nftw(FILES, one_file, 16, FTW_PHYS);
    print_message("%zu files, %zu certificates, of which OpenSSL refuses %zu\n", n_files, n_seen, n_refused);
    assert_true(n_seen > 100);
    assert_true(n_refused * 20 < n_seen);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(certificates_as_openssl_reads_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
