/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What importers put a policy together with: entries of a list come in, rules without duplicates come out. Two entries are one rule
 * when they share a key and have the same conditions; entries of certban's own rules are when they are of one rule. Values are normalised
 * as lists need it: hex with any fillers, serials without leading zeros, thumbprints told apart by their length, "???" and the like as
 * nothing.
 */
#ifndef CERTBAN_LIST_IMPORT_H
#define CERTBAN_LIST_IMPORT_H

#include "base/arena.h"
#include "base/text.h"
#include "list/policy.h"

struct import;

/* Hears what could not be taken as it stood. line counts from 1; why is valid during the call. */
struct import_listener {
    void (*refused)(struct import_listener *listener, size_t line, const char *why); /* the whole entry is left out */
    void (*noted)(struct import_listener *listener, size_t line, const char *why);   /* a value of an entry is left out */
};

struct import_counts {
    size_t rows;       /* entries read */
    size_t rules;      /* made */
    size_t duplicates; /* entries that went into a rule made before */
    size_t refused;    /* entries left out */
    size_t weak;       /* rules that have weak keys only: they flag at most, unless those are accepted */
};

/* import_new starts a policy. action is the most that its strong rules may do; weak ones never do more than flag (but see
 * import_accept_weak). The listener must outlive the import. NULL without memory. import_free takes NULL. */
struct import *import_new(enum action action, struct import_listener *listener);
void import_free(struct import *import);

/* import_accept_weak makes the rules that come from then on do with weak keys what they may do with strong ones (weak="accept"): for who
 * insists. It does not touch what no rule may ban. */
void import_accept_weak(struct import *import);
bool import_accepts_weak(const struct import *import);

/* import_counts is what was counted so far. import_failed says whether memory has run out: what is given from then on is ignored, and
 * import_finish raises the error. Readers of long lists ask it to stop early. */
struct import_counts import_counts(const struct import *import);
bool import_failed(const struct import *import);

/* What the policy is to be called. */
struct import_head {
    const char *id;    /* made fit for an id */
    const char *title; /* made fit for text; must not be blank */
    uint32_t version;  /* 1 to 999999999 */
    int64_t issued;    /* seconds since 1970 */
};

/* Takes the policy's XML piece by piece, as it is made: the whole of it never stands in memory. */
struct import_writer {
    bool (*write)(struct import_writer *writer, struct bytes xml, struct error *err);
};

/* import_write gives the policy's XML to the writer. It has been read back: what is written is what policy_parse takes. ERR_MALFORMED when
 * no entry made a rule, ERR_LIMIT when there are more than a policy may hold. import_finish appends all of it to out. */
CERTBAN_MUST_USE bool import_write(struct import *import, const struct import_head *head, struct import_writer *writer, struct error *err);
CERTBAN_MUST_USE bool import_finish(struct import *import, const struct import_head *head, struct text *out, struct error *err);

/* One entry while it is put together. Keys get the role that stands here when they are added, serials and subjects the issuer. */
enum { IMPORT_KEYS_MAX = 24, IMPORT_WHY_SIZE = 200 };
struct import_row {
    struct import *import;
    size_t line;
    enum role role;
    struct bytes issuer;             /* an encoded Name; empty when not known */
    struct bytes issuer_common_name; /* when only that is known */
    uint64_t file_size;              /* of the hashes of a file; 0 when not known */
    int64_t expires;                 /* INT64_MAX when never */
    struct bytes id;                 /* what the list calls the entry; empty: the rule is called by its strongest key */
    const char *reason, *reference;  /* NULL when there is none */
    struct conditions only;
    const struct cert *cert;                     /* the certificate itself */
    enum action action;                          /* the most that the rule may do, beside the import's own; ACTION_QUARANTINE */
    enum severity severity;                      /* SEVERITY_HIGH */
    enum confidence confidence, weak_confidence; /* of a rule with a strong key, of one without: CONFIDENCE_HIGH, CONFIDENCE_LOW */
    struct bytes group; /* the policy whose rule it is, by its id: such rows make one rule, and no others do; empty: none of certban's */
    uint32_t thing;     /* keys of a rule with different numbers name different things */
    struct key keys[IMPORT_KEYS_MAX];
    size_t n_keys;
    char why[IMPORT_WHY_SIZE]; /* why the first value that was left out was; "" when none was */
};

/* import_row_begin starts an entry, which is counted: with role signer, and what stands above as values. */
void import_row_begin(struct import *import, struct import_row *row, size_t line);

/* import_row_end makes a rule of it, or refuses it: when it has no key, or names a certificate that no rule may ban. */
void import_row_end(struct import_row *row);

/* import_drop_protected takes out, and notes, the keys so far that name a certificate which no rule may ban: for values that stand beside
 * what an entry is about, where a mistake in them says nothing of the rest. */
void import_drop_protected(struct import_row *row);

/* import_row_refuse ends the entry instead. */
void import_row_refuse(struct import_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The adders take text as lists write it. What is empty or a word for it adds nothing; what is wrong is left out and noted. */

/* import_add_hash adds a hash of that kind, which says how long it must be (KEY_TBS, KEY_AUTHENTICODE: any hash; KEY_FIRST_PAGE: SHA-1 or
 * SHA-256). */
void import_add_hash(struct import_row *row, enum key_kind kind, struct bytes hex);

/* import_add_thumbprint adds a hash of the certificate, told apart by its length: MD5, SHA-1 or SHA-256. */
void import_add_thumbprint(struct import_row *row, struct bytes hex);

/* import_add_serial adds a serial with the row's issuer. Alone it is weak, and must have 8 octets or more: short ones are common. */
void import_add_serial(struct import_row *row, struct bytes hex);

/* import_add_subject adds a common name and an organization (either may be empty), with the row's issuer: weak. */
void import_add_subject(struct import_row *row, struct bytes common_name, struct bytes organization);

/* import_add_name adds the name of a program (KEY_PROGRAM) or of a file (KEY_ORIGINAL_NAME): weak. */
void import_add_name(struct import_row *row, enum key_kind kind, struct bytes text);

/* import_hash_of reads a hash of any kind for a condition, in the import's memory. False when it is none. */
CERTBAN_MUST_USE bool import_hash_of(struct import_row *row, struct bytes hex, struct bytes *out);

/* import_add_team_id adds an Apple team identifier: weak. */
void import_add_team_id(struct import_row *row, struct bytes text);

/* import_add_subscriber adds a subscriber's lasting identity, a dotted OID, and its issuer's organization. */
void import_add_subscriber(struct import_row *row, struct bytes oid, struct bytes issuer_organization);

/* import_add_key adds a key that is ready; its bytes must live as long as the import (import_arena). */
void import_add_key(struct import_row *row, struct key key);

/* import_set_issuer sets the row's issuer from text: a whole name where it has an attribute type in it (CN=…), else a common name. */
void import_set_issuer(struct import_row *row, struct bytes text);

/* import_note leaves a value out: the first one's words are the refusal when the entry comes to nothing. */
void import_note(struct import_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* import_words is text for people: well-formed UTF-8, white space collapsed, at most 1000 bytes; NULL when it is empty or says nothing.
 * It lives as long as the import. */
const char *import_words(struct import *import, struct bytes text);

/* import_exact is text as a rule of certban's had it: as import_words, but nothing stands for nothing, and up to 4096 bytes. */
const char *import_exact(struct import *import, struct bytes text);

/* import_value trims white space; words for nothing ("???", "N/A", "None", "Not Specified", "-") become empty. */
struct bytes import_value(struct bytes text);

/* import_time reads a date, a date and time (UTC unless it has a zone), or seconds since 1970, of the years 1990 to 2100. */
bool import_time(struct bytes text, int64_t *out);

/* import_arena lives as long as the import. */
struct arena *import_arena(struct import *import);

#endif
