/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate revocation lists (RFC 5280 5; asn1/crl.h), DER or PEM, any number of them: each revoked certificate, named by issuer and
 * serial, is banned for what was signed since it was revoked, or since it is known to be invalid, whichever is earlier; signatures that a
 * time stamp proves older stand. Reasons say how grave it is: a certificate that was only replaced flags, one on hold is reported.
 * A list whose signature is not its issuer's is refused, where the issuer's certificate is at hand: in the same file, among the built-in
 * roots, or in a list that was read before. Where it is not, the rules have less confidence, and their reason says so. Entries of other
 * issuers are taken from lists that say that they have some (indirect ones), with less confidence: whether such an issuer wants that, its
 * certificates would say (cRLIssuer), and they are not at hand.
 * Entries have no lines: it is the how many-th entry that is told.
 */
#include "asn1/crl.h"
#include "asn1/name.h"
#include "asn1/x509.h"
#include "base/hex.h"
#include "crypto/crl_verify.h"
#include "list/crl_reason.h"
#include "list/importer.h"
#include "list/pem.h"
#include "list/policy_value.h"
#include "list/policy_write.h"

enum { PROBE_SIZE = 64 << 10, SERIAL_MAX = 64, ISSUERS_MAX = 256 };
static const char crl_label[] = "-----BEGIN X509 CRL-----";

struct reading {
    struct import *import;
    struct anchors *anchors; /* NULL until they are asked for */
    struct cert *certs;      /* of the file */
    size_t n_certs;
    bool checked;             /* the signature of the list at hand */
    struct bytes seen;        /* the issuer of the entry before, as it stands in the list */
    struct bytes issuer;      /* and as keys have it: empty when a policy can't hold it */
    struct bytes common_name; /* then this */
    const char *who;          /* for people */
    size_t before;            /* entries of the lists before */
};

static void refuse(struct import *import, size_t line, const char *why) {
    struct import_row row;
    import_row_begin(import, &row, line);
    import_row_refuse(&row, "%.150s", why);
}

/* The built-in roots; without memory there are none. */
static enum check check_with_roots(struct reading *r, const struct crl *crl) {
    if (r->anchors == NULL) {
        r->anchors = anchors_new();
        if (r->anchors == NULL || !anchors_add_builtin(r->anchors, NULL)) {
            return CHECK_NONE;
        }
    }
    return crl_signed_by_anchor(crl, r->anchors);
}

/* CHECK_BAD when somebody of the issuer's name is at hand, and none of them signed it. */
static enum check check_signature(struct reading *r, const struct crl *crl) {
    enum check state = check_with_roots(r, crl);
    for (size_t i = 0; i < r->n_certs && state != CHECK_GOOD; i++) {
        enum check one = crl_signed_by(crl, &r->certs[i]);
        state = one != CHECK_NONE ? one : state;
    }
    return state;
}

/* Makes the entry's issuer ready for its keys: most entries have the same one. */
static bool set_issuer(struct reading *r, struct bytes name) {
    struct arena *arena = import_arena(r->import);
    if (name.p == r->seen.p && name.n == r->seen.n && r->who != NULL) {
        return true;
    }
    r->seen = name;
    r->issuer = r->common_name = bytes_none();
    const char *common_name = name.n != 0 ? name_attribute(name, OID_AT_COMMON_NAME, arena) : "";
    const char *text = name.n != 0 ? name_text(name, arena) : "";
    r->who = common_name != NULL && common_name[0] != '\0' ? common_name : text;
    if (common_name == NULL || text == NULL) {
        return false;
    }
    if (name.n != 0 && policy_issuer_text(name, arena) != NULL) {
        return arena_copy(arena, name, &r->issuer, NULL);
    }
    r->common_name = bytes_text(common_name);
    return true;
}

/* When what was signed stops to count. False when that is no time that a rule can have. */
static bool set_date(struct import_row *row, const struct crl_entry *entry) {
    static const int64_t year_1990 = 631152000, year_2101 = 4133980800;
    int64_t since = crl_since(entry);
    row->only.has_after = since >= year_1990; /* before, nobody signed code */
    row->only.signed_after = since;
    return since < year_2101;
}

static void read_entry(struct reading *r, const struct crl_entry *entry, bool own) {
    struct import_row row;
    char hex[2 * SERIAL_MAX + 1] = "";
    const struct crl_reason_row *reason = crl_reason_row(entry->reason);
    import_row_begin(r->import, &row, r->before + entry->number);
    if (entry->reason == CRL_REMOVE) {
        import_row_refuse(&row, "is revoked no longer");
        return;
    }
    if (entry->serial.n == 0 || entry->serial.n > SERIAL_MAX || !set_date(&row, entry)) {
        import_row_refuse(&row, "is no entry of a revocation list");
        return;
    }
    row.issuer = r->issuer;
    row.issuer_common_name = r->common_name;
    row.severity = reason->severity;
    row.action = reason->action;
    row.confidence = r->checked && own ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM;
    struct text words = {0};
    text_addf(&words, "revoked by %.200s%s%s%s", r->who, reason->words[0] != '\0' ? ": " : "", reason->words,
              r->checked ? "" : "; the list's signature is unchecked");
    row.reason = import_words(r->import, bytes_make(words.p, words.n));
    text_free(&words);
    hex_encode(entry->serial, hex);
    import_add_serial(&row, bytes_text(hex));
    row.role = ROLE_CHAIN; /* it may be a CA's */
    import_add_serial(&row, bytes_text(hex));
    import_row_end(&row);
}

/* One list; *size gets its octets, 0 when it is none. */
static void read_list(struct reading *r, struct bytes der, size_t *size) {
    struct crl crl;
    struct crl_entry entry;
    struct error err = {0};
    *size = 0;
    if (!crl_parse(der, &crl, &err)) {
        refuse(r->import, r->before + 1, err.text);
        r->before++;
        return;
    }
    *size = crl.der.n;
    enum check state = check_signature(r, &crl);
    if (state == CHECK_BAD) {
        refuse(r->import, r->before + 1, "is a list whose signature is not its issuer's");
        r->before++;
        return;
    }
    r->checked = state == CHECK_GOOD;
    struct crl_walk walk = crl_walk_begin(&crl);
    while (!import_failed(r->import) && crl_next(&walk, &entry, &err)) {
        bool own = entry.issuer.p == crl.issuer.p || name_equal(entry.issuer, crl.issuer);
        if (!own && !crl.indirect) {
            refuse(r->import, r->before + entry.number, "is about another issuer's certificate, in a list that is not indirect");
        } else if (set_issuer(r, entry.issuer)) {
            read_entry(r, &entry, own);
        } else {
            refuse(r->import, r->before + entry.number, "has an issuer that can't be read");
        }
    }
    r->before += walk.number;
    if (walk.cursor.failed) {
        refuse(r->import, r->before + 1, err.text);
        r->before++;
    }
}

/* The certificates of the file: who may have signed its lists. */
static bool collect_certs(struct reading *r, struct bytes content, struct error *err) {
    struct arena *arena = import_arena(r->import);
    struct pem pem = pem_make(content);
    struct pem_block block;
    struct bytes der;
    r->certs = arena_array(arena, ISSUERS_MAX, sizeof *r->certs);
    while (r->certs != NULL && r->n_certs < ISSUERS_MAX && pem_next(&pem, &block)) {
        if (bytes_is(block.label, "CERTIFICATE") && value_base64(block.base64, arena, &der)) {
            r->n_certs += cert_parse(der, 0, arena, &r->certs[r->n_certs], NULL);
        }
    }
    return r->certs != NULL || arena_full(arena, err);
}

/* Lists don't stay in memory: only what is taken from them does. */
static bool read_pem(struct reading *r, struct bytes content, struct error *err) {
    static const size_t memory_max = (size_t)512 << 20;
    struct pem pem = pem_make(content);
    struct pem_block block;
    bool any = false;
    if (!collect_certs(r, content, err)) {
        return false;
    }
    while (!import_failed(r->import) && pem_next(&pem, &block)) {
        struct arena arena = arena_make(memory_max);
        struct bytes der;
        size_t size;
        if (!bytes_is(block.label, "X509 CRL")) {
            continue;
        }
        any = true;
        if (value_base64(block.base64, &arena, &der)) {
            read_list(r, der, &size);
        } else {
            refuse(r->import, ++r->before, "is no base64");
        }
        r->seen = bytes_none(); /* it goes with the list */
        r->who = NULL;
        arena_free(&arena);
    }
    return any || error_set(err, ERR_MALFORMED, "holds no revocation list in PEM or DER");
}

static bool is_der(struct bytes content) {
    return content.n > 4 && content.p[0] == DER_SEQUENCE && content.p[1] >= 0x80 && content.p[1] <= 0x84;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    struct reading r = {.import = import, .seen = bytes_none()};
    bool ok = true;
    if (!is_der(content)) {
        ok = read_pem(&r, content, err);
    }
    for (size_t size = 1; is_der(content) && size != 0 && !import_failed(import);) {
        read_list(&r, content, &size);
        content = bytes_cut(content, size, content.n);
    }
    anchors_free(r.anchors);
    return ok;
}

/* A list's beginning differs from a certificate's: behind the issuer stands a time. */
static bool probe(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    struct der_cursor c = der_cursor_make(content, 0), list, tbs;
    struct der e;
    if (!is_der(content)) {
        return bytes_find(head, bytes_text(crl_label), 0) < head.n;
    }
    if (!der_enter(&c, DER_SEQUENCE, &list, NULL) || !der_enter(&list, DER_SEQUENCE, &tbs, NULL)) {
        return false;
    }
    der_optional(&tbs, DER_INTEGER, &e);
    bool algorithm = der_expect(&tbs, DER_SEQUENCE, &e, NULL), issuer = algorithm && der_expect(&tbs, DER_SEQUENCE, &e, NULL);
    return issuer && (der_optional(&tbs, DER_UTC_TIME, &e) || der_optional(&tbs, DER_GENERALIZED_TIME, &e));
}

const struct importer importer_crl = {"crl", "certificate revocation list", probe, read};
