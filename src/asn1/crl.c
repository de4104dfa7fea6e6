/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/crl.h"

#include "asn1/oid.h"

enum { GENERAL_NAME_DIRECTORY = 0xa4 };

/* Extension ::= SEQUENCE { extnID OID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } (RFC 5280 4.1) */
static bool next_extension(struct der_cursor *all, struct bytes *oid, struct bytes *value) {
    struct der_cursor one;
    struct der e;
    if (!der_enter(all, DER_SEQUENCE, &one, NULL) || !der_expect(&one, DER_OID, &e, NULL)) {
        return false;
    }
    *oid = e.content;
    der_optional(&one, DER_BOOLEAN, &e);
    bool ok = der_expect(&one, DER_OCTET_STRING, &e, NULL);
    *value = ok ? e.content : bytes_none();
    return ok;
}

static bool is_time(struct der_cursor *c, struct der *time) {
    return der_optional(c, DER_UTC_TIME, time) || der_optional(c, DER_GENERALIZED_TIME, time);
}

/* TBSCertList ::= SEQUENCE { version INTEGER?, signature SEQUENCE, issuer Name, thisUpdate Time, nextUpdate Time?,
 *   revokedCertificates SEQUENCE OF …?, crlExtensions [0] EXPLICIT? } */
static bool read_tbs(struct der_cursor *c, struct crl *crl, struct error *err) {
    struct der e;
    struct der_cursor outer, all;
    struct bytes oid, value;
    der_optional(c, DER_INTEGER, &e);
    if (!der_expect(c, DER_SEQUENCE, &e, err)) { /* the algorithm */
        return false;
    }
    if (!der_expect(c, DER_SEQUENCE, &e, err)) {
        return false;
    }
    crl->issuer = e.whole;
    if (!is_time(c, &e)) {
        return error_set(err, ERR_MALFORMED, "no thisUpdate");
    }
    if (!der_time(&e, &crl->this_update, err)) {
        return false;
    }
    if (is_time(c, &e) && !der_time(&e, &crl->next_update, err)) {
        return false;
    }
    if (der_optional(c, DER_SEQUENCE, &e)) {
        crl->entries = e.content;
    }
    if (der_optional(c, DER_CONTEXT_0_CONS, &e) && der_inside(c, &e, &outer, NULL) && der_enter(&outer, DER_SEQUENCE, &all, NULL)) {
        while (next_extension(&all, &oid, &value)) {
            crl->delta = crl->delta || oid_is(oid, OID_EXT_DELTA_CRL);
        }
    }
    return true;
}

bool crl_parse(struct bytes der, struct crl *crl, struct error *err) {
    struct der_cursor c = der_cursor_make(der, 0), in, tbs;
    struct der outer, e;
    struct crl read = {.issuer = bytes_none(), .entries = bytes_none(), .next_update = INT64_MAX};
    if (!der_expect(&c, DER_SEQUENCE, &outer, err) || !der_inside(&c, &outer, &in, err) || !der_expect(&in, DER_SEQUENCE, &e, err) ||
        !der_inside(&in, &e, &tbs, err)) {
        return false;
    }
    read.der = outer.whole;
    read.tbs = e.whole;
    if (!read_tbs(&tbs, &read, err) || !der_expect(&in, DER_SEQUENCE, &e, err)) {
        return false;
    }
    read.algorithm = e.whole;
    if (!der_expect(&in, DER_BIT_STRING, &e, err)) {
        return false;
    }
    read.signature = bytes_cut(e.content, 1, e.content.n);
    *crl = read;
    return true;
}

struct crl_walk crl_walk_begin(const struct crl *crl) {
    return (struct crl_walk){.cursor = der_cursor_make(crl->entries, 0), .issuer = crl->issuer};
}

/* GeneralNames ::= SEQUENCE OF GeneralName: the directoryName [4] EXPLICIT Name among them (RFC 5280 5.3.3). */
static struct bytes directory_name(struct bytes names) {
    struct der_cursor c = der_cursor_make(names, 0), all, inside;
    struct der e, name;
    if (der_enter(&c, DER_SEQUENCE, &all, NULL)) {
        while (der_next(&all, &e, NULL)) {
            if (e.tag == GENERAL_NAME_DIRECTORY && der_inside(&all, &e, &inside, NULL) && der_expect(&inside, DER_SEQUENCE, &name, NULL)) {
                return name.whole;
            }
        }
    }
    return bytes_none();
}

/* The extensions of an entry (RFC 5280 5.3). False when a date or the issuer is wrong: the entry would say something else. */
static bool read_entry_extensions(struct crl_walk *walk, struct der_cursor *c, struct crl_entry *entry) {
    struct der_cursor all;
    struct der e;
    struct bytes oid, value;
    if (c->left.n == 0) {
        return true;
    }
    if (!der_enter(c, DER_SEQUENCE, &all, NULL)) {
        return false;
    }
    while (all.left.n != 0) {
        if (!next_extension(&all, &oid, &value)) {
            return false;
        }
        struct der_cursor inner = der_cursor_make(value, 0);
        if (oid_is(oid, OID_EXT_CRL_REASON) && der_expect(&inner, DER_ENUMERATED, &e, NULL) && e.content.n == 1) {
            entry->reason = e.content.p[0];
        } else if (oid_is(oid, OID_EXT_INVALIDITY_DATE) && (!der_next(&inner, &e, NULL) || !der_time(&e, &entry->invalid_since, NULL))) {
            return false;
        } else if (oid_is(oid, OID_EXT_CERTIFICATE_ISSUER)) {
            walk->issuer = directory_name(value);
        }
    }
    return true;
}

/* SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions? } */
bool crl_next(struct crl_walk *walk, struct crl_entry *entry, struct error *err) {
    struct der e, serial, time;
    struct der_cursor in;
    if (!der_next(&walk->cursor, &e, err)) {
        return false;
    }
    walk->number++;
    *entry = (struct crl_entry){
        .serial = bytes_none(), .issuer = walk->issuer, .invalid_since = INT64_MAX, .reason = CRL_UNSPECIFIED, .number = walk->number};
    bool ok = e.tag == DER_SEQUENCE && der_inside(&walk->cursor, &e, &in, NULL) && der_expect(&in, DER_INTEGER, &serial, NULL) &&
              is_time(&in, &time) && der_time(&time, &entry->revoked_at, NULL) && read_entry_extensions(walk, &in, entry);
    entry->issuer = walk->issuer;
    entry->serial = ok ? der_serial(serial.content) : bytes_none();
    return true;
}
