/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate revocation lists of a run (RFC 5280 5), read once and asked in place: an index of sixteen bytes an entry over the
 * lists' own bytes, by serial and issuer. An entry becomes a rule when it is found, and not before: dates, reason, the list as reference.
 * The lists are nobody's word but their issuers': whoever uses a rule asks revocation_list_signed_by first.
 */
#ifndef CERTBAN_LIST_REVOCATIONS_H
#define CERTBAN_LIST_REVOCATIONS_H

#include "asn1/crl.h"
#include "base/text.h"
#include "model/rule.h"
#include "model/verdict.h"

/* The most lists of a run, entries in all of them, and certificates beside them. */
enum { REVOCATION_LISTS_MAX = 4096, REVOCATIONS_MAX = 1 << 28, REVOCATION_CERTS_MAX = 1024 };

/* Where the entries of an indirect list begin to be about another issuer's certificates (RFC 5280 5.3.3). */
struct revocation_issuer {
    size_t at;         /* offset in crl.entries */
    struct bytes name; /* the Name element; empty: it can't be read */
    uint64_t hash;     /* name_hash of it */
};

struct revocation_list {
    const char *name;                  /* its file, with "#2" for the second one in it; bytes of the user's system */
    const char *who;                   /* its issuer's common name, or the whole name; a file's bytes as UTF-8 */
    struct crl crl;                    /* its bytes stand as long as the set */
    uint64_t issuer;                   /* name_hash of its issuer */
    struct revocation_issuer *issuers; /* n_issuers of them, by offset */
    size_t n_issuers, room_issuers;
    size_t entries;                    /* that count */
    bool stale;                        /* its next update is overdue */
    struct revocation_list *successor; /* a newer one of the same key and scope, unless they are deltas: who was on hold and is not
                                                in it is free again; NULL: none */
    bool asked;                        /* the last answer of revocation_list_signed_by: */
    uint8_t asked_key[32];
    enum check answer;
};

/* revocation_list_signed_by says whether a certificate's key signed the list (crl_signed_by); asking again about the same key costs
 * nothing. */
enum check revocation_list_signed_by(struct revocation_list *list, const struct cert *issuer);

struct revocations;

/* Hears what is wrong with a list that is left out, and what is odd about one that is used; the words name it. */
struct revocations_listener {
    void (*odd)(struct revocations_listener *listener, const char *words);
    size_t seen; /* lists and certificates, also those that are left out */
};

/* revocations_new is an empty set, for a run at that time (seconds since 1970); NULL without memory. revocations_free takes NULL. */
struct revocations *revocations_new(int64_t now);
void revocations_free(struct revocations *set);

/*
 * revocations_add reads a file, or each .crl, .der and .pem of a folder: lists in DER or PEM, any number of them, and certificates in PEM,
 * which may be those of indirect lists' issuers. A list that can't be read is left out and told, and so is one with a critical extension
 * that nobody here knows, and entries about certificates of other issuers where the list does not say that it has such (is indirect).
 * False when path itself can't be opened, without memory, or past the limits.
 */
CERTBAN_MUST_USE bool revocations_add(struct revocations *set, const char *path, struct revocations_listener *listener, struct error *err);

/* revocations_seal sorts the index. The rules get numbers from first on; nothing may be added afterwards. */
CERTBAN_MUST_USE bool revocations_seal(struct revocations *set, uint32_t first, struct error *err);

/* The lists in the order in which they were read; NULL past the last. */
struct revocation_list *revocations_list(const struct revocations *set, size_t i);

/* The certificates that stood beside the lists. They are nobody's word: whoever uses one asks who issued it. */
const struct cert *revocations_certs(const struct revocations *set, size_t *n);

/* revocations_speaking is the number of the first list at or behind from that speaks of certificates like this one and is not out of date:
 * its issuer's, or an indirect one of whom it names as the issuer of its lists; SIZE_MAX when there is none. Where such a list is believed,
 * and the certificate is in none that is, it is good. */
size_t revocations_speaking(const struct revocations *set, const struct cert *cert, size_t from);

/* revocations_count is the number of entries in all lists; revocations_policy stands for them in reports: it has so many rules, but
 * not as an array. */
size_t revocations_count(const struct revocations *set);
const struct policy *revocations_policy(const struct revocations *set);

/* revocations_find is the place of the first entry at or behind from about the certificate with that issuer (a Name element) and serial
 * (as in struct cert); revocations_count when there is none. Begin with 0. */
size_t revocations_find(const struct revocations *set, struct bytes issuer, struct bytes serial, size_t from);

/* revocations_rule is the entry at that place as a rule with one key; it is made once. Not for several threads. NULL without memory. */
const struct rule *revocations_rule(struct revocations *set, size_t place);

#endif
