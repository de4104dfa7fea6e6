/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/crl.h"

#include "asn1/name.h"

enum {
    GENERAL_NAME_DIRECTORY = 0xa4,
    SCOPE_POINT = 0xa0,
    SCOPE_USERS = 0x81,
    SCOPE_AUTHORITIES = 0x82,
    SCOPE_INDIRECT = 0x84,
    POINT_ISSUER = 0xa2
};

/* Extension ::= SEQUENCE { extnID OID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } (RFC 5280 4.1) */
static bool next_extension(struct der_cursor *all, struct bytes *oid, bool *critical, struct bytes *value) {
    struct der_cursor one;
    struct der e;
    if (!der_enter(all, DER_SEQUENCE, &one, NULL) || !der_expect(&one, DER_OID, &e, NULL)) {
        return false;
    }
    *oid = e.content;
    *critical = der_optional(&one, DER_BOOLEAN, &e) && e.content.n == 1 && e.content.p[0] != 0;
    bool ok = der_expect(&one, DER_OCTET_STRING, &e, NULL);
    *value = ok ? e.content : bytes_none();
    return ok;
}

static bool is_time(struct der_cursor *c, struct der *time) {
    return der_optional(c, DER_UTC_TIME, time) || der_optional(c, DER_GENERALIZED_TIME, time);
}

/*
 * IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0]?, onlyContainsUserCerts [1] BOOLEAN, onlyContainsCACerts [2] BOOLEAN,
 *   onlySomeReasons [3] BIT STRING?, indirectCRL [4] BOOLEAN, onlyContainsAttributeCerts [5] BOOLEAN } (RFC 5280 5.2.5)
 */
static void read_scope(struct bytes value, struct crl *crl) {
    struct der_cursor c = der_cursor_make(value, 0), in, point;
    struct der e, names;
    crl->scope = value;
    crl->partial = !der_enter(&c, DER_SEQUENCE, &in, NULL);
    while (!crl->partial && der_next(&in, &e, NULL)) {
        bool set = !bytes_zero(e.content); /* FALSE is the default of them all */
        if (e.tag == SCOPE_POINT && der_inside(&in, &e, &point, NULL) && der_expect(&point, DER_CONTEXT_0_CONS, &names, NULL)) {
            crl->points = names.content;
        } else if (e.tag == SCOPE_USERS) {
            crl->users_only = set;
        } else if (e.tag == SCOPE_AUTHORITIES) {
            crl->authorities_only = set;
        } else if (e.tag == SCOPE_INDIRECT) {
            crl->indirect = set;
        } else {
            crl->partial = set;
        }
    }
    crl->partial = crl->partial || in.failed;
}

/* The extensions of the list (RFC 5280 5.2). */
static void read_extensions(struct der_cursor *all, struct crl *crl) {
    struct bytes oid, value;
    bool critical;
    while (next_extension(all, &oid, &critical, &value)) {
        struct der_cursor inner = der_cursor_make(value, 0), in;
        struct der e;
        if (oid_is(oid, OID_EXT_DELTA_CRL)) {
            crl->delta = true;
        } else if (oid_is(oid, OID_EXT_CRL_NUMBER)) {
            crl->number = der_expect(&inner, DER_INTEGER, &e, NULL) ? der_serial(e.content) : bytes_none();
        } else if (oid_is(oid, OID_EXT_AKI)) {
            bool has = der_enter(&inner, DER_SEQUENCE, &in, NULL) && der_optional(&in, DER_CONTEXT_0, &e);
            crl->key_id = has ? e.content : bytes_none();
        } else if (oid_is(oid, OID_EXT_DISTRIBUTION_POINT)) {
            read_scope(value, crl);
        } else {
            crl->unknown_critical = crl->unknown_critical || critical;
        }
    }
    crl->unknown_critical = crl->unknown_critical || all->left.n != 0; /* what can't be read might be one */
}

/* TBSCertList ::= SEQUENCE { version INTEGER?, signature SEQUENCE, issuer Name, thisUpdate Time, nextUpdate Time?,
 *   revokedCertificates SEQUENCE OF …?, crlExtensions [0] EXPLICIT? } */
static bool read_tbs(struct der_cursor *c, struct crl *crl, struct error *err) {
    struct der e;
    struct der_cursor outer, all;
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
        read_extensions(&all, crl);
    }
    return true;
}

bool crl_parse(struct bytes der, struct crl *crl, struct error *err) {
    struct der_cursor c = der_cursor_make(der, 0), in, tbs;
    struct der outer, e;
    struct crl read = {.issuer = bytes_none(),
                       .entries = bytes_none(),
                       .number = bytes_none(),
                       .key_id = bytes_none(),
                       .scope = bytes_none(),
                       .points = bytes_none(),
                       .next_update = INT64_MAX};
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
    return crl_walk_at(crl, 0);
}

struct crl_walk crl_walk_at(const struct crl *crl, size_t at) {
    return (struct crl_walk){.cursor = der_cursor_make(bytes_cut(crl->entries, at, crl->entries.n), 0), .issuer = crl->issuer};
}

/* The next directoryName [4] EXPLICIT Name of those GeneralName elements; empty behind the last. */
static struct bytes next_directory_name(struct der_cursor *names) {
    struct der_cursor inside;
    struct der e, name;
    while (der_next(names, &e, NULL)) {
        if (e.tag == GENERAL_NAME_DIRECTORY && der_inside(names, &e, &inside, NULL) && der_expect(&inside, DER_SEQUENCE, &name, NULL)) {
            return name.whole;
        }
    }
    return bytes_none();
}

/* GeneralNames ::= SEQUENCE OF GeneralName: the first directoryName among them (RFC 5280 5.3.3). */
static struct bytes directory_name(struct bytes names) {
    struct der_cursor c = der_cursor_make(names, 0), all;
    return der_enter(&c, DER_SEQUENCE, &all, NULL) ? next_directory_name(&all) : bytes_none();
}

/* DistributionPoint ::= SEQUENCE { distributionPoint [0]?, reasons [1]?, cRLIssuer [2] GeneralNames? } */
static bool point_names(struct der_cursor *point, struct bytes issuer) {
    struct der e;
    while (der_next(point, &e, NULL)) {
        struct der_cursor names = der_cursor_make(e.content, 0);
        for (struct bytes name; e.tag == POINT_ISSUER && (name = next_directory_name(&names)).n != 0;) {
            if (name_equal(name, issuer)) {
                return true;
            }
        }
    }
    return false;
}

bool crl_issuer_is_named(const struct cert *cert, struct bytes issuer) {
    struct der_cursor c = der_cursor_make(cert->crl_points, 0), all, point;
    struct der e;
    if (!der_enter(&c, DER_SEQUENCE, &all, NULL)) {
        return false;
    }
    while (der_next(&all, &e, NULL)) {
        if (e.tag == DER_SEQUENCE && der_inside(&all, &e, &point, NULL) && point_names(&point, issuer)) {
            return true;
        }
    }
    return false;
}

/* The extensions of an entry (RFC 5280 5.3). False when a date or the issuer is wrong: the entry would say something else. */
static bool read_entry_extensions(struct crl_walk *walk, struct der_cursor *c, struct crl_entry *entry) {
    struct der_cursor all;
    struct der e;
    struct bytes oid, value;
    bool critical;
    if (c->left.n == 0) {
        return true;
    }
    if (!der_enter(c, DER_SEQUENCE, &all, NULL)) {
        return false;
    }
    while (all.left.n != 0) {
        if (!next_extension(&all, &oid, &critical, &value)) {
            return false;
        }
        struct der_cursor inner = der_cursor_make(value, 0);
        if (oid_is(oid, OID_EXT_CRL_REASON)) {
            bool ok = der_expect(&inner, DER_ENUMERATED, &e, NULL) && e.content.n == 1;
            entry->reason = ok ? e.content.p[0] : entry->reason;
        } else if (oid_is(oid, OID_EXT_INVALIDITY_DATE)) {
            if (!der_next(&inner, &e, NULL) || !der_time(&e, &entry->invalid_since, NULL)) {
                return false;
            }
        } else if (oid_is(oid, OID_EXT_CERTIFICATE_ISSUER)) {
            walk->issuer = directory_name(value);
        } else {
            entry->unknown_critical = entry->unknown_critical || critical;
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
