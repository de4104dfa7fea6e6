/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Microsoft's list of disallowed certificates (disallowedcert.stl, a certificate trust list: asn1/ctl.h): each subject is the TBS hash of a
 * certificate, by whichever hash its own signature has, or its SHA-1, and is banned as signer and in the chain. A subject that is
 * disallowed from a time on is banned for what was signed since. Refused are lists of anything else, such as what is trusted
 * (authroot.stl), and lists with a broken signature. Whose signature it is, is not asked.
 */
#include "asn1/chars.h"
#include "asn1/cms.h"
#include "asn1/ctl.h"
#include "base/hex.h"
#include "base/reader.h"
#include "crypto/cms_verify.h"
#include "list/importer.h"

enum { PROBE_SIZE = 256 };
static const char disallowed_usage[] = "1.3.6.1.4.1.311.10.3.30", signature_hash_oid[] = "1.3.6.1.4.1.311.10.11.15",
                  sha1_oid[] = "1.3.14.3.2.26";

static bool is_oid(struct bytes content, const char *dotted) {
    uint8_t oid[32];
    size_t n;
    return oid_encode(dotted, oid, sizeof oid, &n) && bytes_equal(content, bytes_make(oid, n));
}

/* FILETIME: 100 ns since 1601, as seconds since 1970. */
static bool filetime(struct bytes value, int64_t *out) {
    static const int64_t from_1601 = 11644473600, year_1990 = 631152000, year_2101 = 4133980800;
    struct reader r = reader_make(value, 0);
    *out = (int64_t)(reader_u64le(&r) / 10000000) - from_1601;
    return reader_ok(&r) && *out >= year_1990 && *out < year_2101;
}

/* UTF-16LE as BMPString, which is big-endian. */
static const char *friendly_name(struct import *import, struct bytes utf16) {
    enum { NAME_SIZE = 512 };
    uint8_t swapped[NAME_SIZE];
    size_t n = utf16.n < NAME_SIZE ? utf16.n & ~(size_t)1 : NAME_SIZE;
    for (size_t i = 0; i < n; i += 2) {
        swapped[i] = utf16.p[i + 1];
        swapped[i + 1] = utf16.p[i];
    }
    const char *text = n != 0 ? chars_text(DER_BMP, bytes_make(swapped, n), import_arena(import)) : NULL;
    return text != NULL ? import_words(import, bytes_text(text)) : NULL;
}

static void read_subject(const struct ctl_subject *subject, enum key_kind kind, struct import *import) {
    struct import_row row;
    char hex[2 * HASH_SIZE_MAX + 1];
    import_row_begin(import, &row, subject->number); /* there are no lines: it is the how many-th subject that is told */
    if (subject->identifier.n == 0 || subject->identifier.n > HASH_SIZE_MAX) {
        import_row_refuse(&row, "is no subject of such a list");
        return;
    }
    if (subject->disallowed.n != 0) {
        row.only.has_after = filetime(subject->disallowed, &row.only.signed_after);
        if (!row.only.has_after) {
            import_row_refuse(&row, "is disallowed from no time that can be read");
            return;
        }
    }
    const char *name = friendly_name(import, subject->name);
    row.reason = name != NULL ? name : "disallowed by Microsoft's list";
    hex_encode(subject->identifier, hex);
    import_add_hash(&row, kind, bytes_text(hex));
    row.role = ROLE_CHAIN;
    import_add_hash(&row, kind, bytes_text(hex));
    import_row_end(&row);
}

/* A list that somebody changed after it was signed is refused. One that nobody signed is what it is. */
static bool check_signature(struct bytes der, struct arena *arena, struct error *err) {
    struct contents contents = {0};
    struct signer_proof proof;
    size_t added = 0;
    if (!authenticode_add(&contents, arena, "list", der, 0, &added, err)) {
        return false;
    }
    for (size_t i = 0; i < contents.n_signatures; i++) {
        if (contents.signatures[i].signer == NULL) {
            continue;
        }
        if (!signer_verify(&contents.signatures[i], NULL, 0, arena, &proof, err)) {
            return false;
        }
        if (proof.state == CHECK_BAD) {
            return error_set(err, ERR_MALFORMED, "its signature is broken: %.120s", proof.detail);
        }
    }
    return true;
}

static bool read_subjects(const struct ctl *ctl, struct import *import, struct error *err) {
    struct der_cursor cursor = der_cursor_make(ctl->subjects, 0);
    struct ctl_subject subject;
    size_t number = 0;
    enum key_kind kind = is_oid(ctl->subject_algorithm, sha1_oid) ? KEY_CERT_SHA1 : KEY_TBS;
    if (!ctl_has_usage(ctl, disallowed_usage)) {
        return error_set(err, ERR_UNSUPPORTED, "is no list of disallowed certificates");
    }
    if (kind == KEY_TBS && !is_oid(ctl->subject_algorithm, signature_hash_oid)) {
        return error_set(err, ERR_UNSUPPORTED, "names certificates by another property than their signature's hash or SHA-1");
    }
    while (!import_failed(import) && ctl_next(&cursor, &number, &subject, err)) {
        read_subject(&subject, kind, import);
    }
    return !cursor.failed;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    static const size_t memory_max = (size_t)256 << 20;
    struct arena arena = arena_make(memory_max);
    struct signed_data *sd;
    struct ctl ctl;
    bool ok = cms_parse(content, 0, &arena, NULL, &sd, err) &&
              (oid_is(sd->content_type, OID_CTL) || error_set(err, ERR_MALFORMED, "signs no certificate trust list")) &&
              ctl_parse(sd->content, &ctl, err) && check_signature(content, &arena, err) && read_subjects(&ctl, import, err);
    arena_free(&arena);
    return ok;
}

/* A SignedData (the OID comes within its first octets) of a list. */
static bool probe(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE), oid = oid_of(OID_CTL);
    size_t at = bytes_find(head, oid_of(OID_SIGNED_DATA), 0);
    return head.n > 0 && head.p[0] == DER_SEQUENCE && at < head.n && at < 32 && bytes_find(head, oid, at) < head.n;
}

const struct importer importer_ctl = {"disallowed", "Microsoft's list of disallowed certificates", probe, read};
