/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exporters are written with. An exporter says by its means what its format can tell, and takes rule after rule, of each thing
 * after thing; what the means rule out is told to the listener and never seen by the exporter. What it can't write of the rest
 * it passes to export_unsaid. A rule nothing of which was written (export_said was never called) counts as left out.
 */
#ifndef CERTBAN_LIST_EXPORT_INSIDE_H
#define CERTBAN_LIST_EXPORT_INSIDE_H

#include "base/arena.h"
#include "base/hash.h"
#include "list/exporter.h"

/* Conditions of a rule, as bits. */
enum {
    TELLS_AFTER = 1,
    TELLS_BEFORE = 2,
    TELLS_PLATFORM = 4,
    TELLS_PRODUCT = 8,
    TELLS_ORIGINAL_NAME = 16,
    TELLS_COMPANY = 32,
    TELLS_MIN = 64,
    TELLS_MAX = 128,
    TELLS_PATH = 256,
    TELLS_INTERNAL_NAME = 512,
    TELLS_DESCRIPTION = 1024,
    TELLS_ISSUED_UNDER = 2048,
    TELLS_EKU = 4096,
    TELLS_EXCEPT = 8192,
    TELLS_ALL = 16383
};
#define ROLE_BIT(role) (1U << (role))
#define ROLE_BITS_ALL ((1U << ROLE_COUNT) - 1)

/* What a format can tell. */
struct export_means {
    unsigned conditions; /* TELLS_… */
    unsigned roles;      /* ROLE_BIT(…): roles of certificates that are matched there as here */
    unsigned near_roles; /* roles that are matched a little differently: written, and near_words told */
    const char *near_words;
    const char *platform; /* the only one that it is for; NULL: any */
    bool allows;          /* allow rules too */
    bool expires;         /* the day on which a rule expires; else it is told as a remark */
    bool blocks;          /* its reader blocks what it hits: rules and keys that flag at most would do more */
};

/* A thing that a rule names: the keys of one element, which are alternatives for one certificate or file. */
struct export_thing {
    const struct key *keys;
    size_t n;
    enum role role;          /* ROLE_ANY for what is no certificate */
    bool is_cert;            /* its keys are identities of a certificate */
    bool is_file;            /* its keys are hashes of a file */
    const struct cert *cert; /* the certificate, where it is known; else NULL */
};

/* Something about the current rule, once for all its keys. */
struct export_note {
    const char *before; /* "left out: " when it is a loss of the whole, else "wider: " … */
    const char *what;   /* kind of key; "" when it is about the rule */
    const char *why;    /* lives as long as the program */
    size_t n;
};
enum { EXPORT_NOTES_MAX = 24 };

struct export {
    const struct export_job *job;
    struct text *out;
    struct export_means means;
    const struct policy *policy; /* of the current rule */
    const struct rule *rule;     /* the current one */
    struct arena arena;          /* emptied when the next rule begins */
    struct error err;            /* kind ERR_NONE while all is well; export_run raises it */

    size_t next_policy, next_rule, next_key;
    size_t said; /* things of the rule that were written */
    struct export_note notes[EXPORT_NOTES_MAX];
    size_t n_notes;
    struct text places; /* of the next mark */
    struct export_counts counts;
};

/* export_rule goes to the next rule that the means allow; false at the end, and when memory ran out. Call it until it is false. */
CERTBAN_MUST_USE bool export_rule(struct export *e);

/* export_thing is the next thing of the current rule that the means allow; false when there is none. */
CERTBAN_MUST_USE bool export_thing(struct export *e, struct export_thing *out);

/* export_values gives the values of one kind that name the thing (of size octets, unless it is 0): its keys', and where the certificate
 * is known the certificate's own hash. *n may be 0. */
const struct bytes *export_values(struct export *e, const struct export_thing *thing, enum key_kind kind, size_t size, size_t *n);

/* export_said counts the thing as written. */
void export_said(struct export *e);

/* export_said_by counts the thing as written by identities of some kinds (bits 1 << kind; of KEY_TBS those of tbs octets, 0: any), and
 * tells which of its keys stand behind another one of the same thing. why says by what it is named there. */
void export_said_by(struct export *e, const struct export_thing *thing, unsigned kinds, size_t tbs, const char *why);

/* Marks, by which certban reads its own rules back: list/import_mark.h says what they are. export_place adds a place to the next mark: that
 * of a thing which was written, or of its key issued, whose issuer the format can't hold whole (else NULL). export_mark is the mark, in the
 * rule's arena: what the format holds of reason and reference (NULL: nothing) is left out where it is the same; more is further fields
 * ("&name=value", encoded by query_add) or NULL. export_marked is the rule's reason, plain,
 * and the mark behind it. */
void export_place(struct export *e, const struct export_thing *thing, const struct key *issued);
const char *export_mark(struct export *e, const char *reason, const char *reference, const char *more);
const char *export_marked(struct export *e);

/* export_unsaid tells for each key of the thing that it can't be written, and why (a literal). export_key_unsaid does it for one key. */
void export_unsaid(struct export *e, const struct export_thing *thing, const char *why);
void export_key_unsaid(struct export *e, const struct key *key, const char *why);

/* export_wider says whether something may be written although it hits more than the rule; it tells so, or that it is left out for it. */
CERTBAN_MUST_USE bool export_wider(struct export *e, const char *why);

/* export_remark tells something that is good to know of the rule that is written. */
void export_remark(struct export *e, const char *why);

/* export_no_room remembers that memory ran out: export_rule and export_thing are false from then on. */
void export_no_room(struct export *e);

/* export_printf is a formatted string that lives as long as the current rule; "" without memory, which is remembered. */
const char *export_printf(struct export *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* export_plain is text for a program that shows it: what is invisible, steers or turns the direction of text becomes U+FFFD. */
const char *export_plain(struct export *e, const char *words);

/* export_hex is hex of the value in the rule's arena, lower-case or upper-case. */
const char *export_hex(struct export *e, struct bytes value, bool upper);

/* export_time is "2023-03-13T06:33:26Z" in the rule's arena. */
const char *export_time(struct export *e, int64_t seconds);

/* export_common_name is the common name in a Name ("" when absent). */
const char *export_common_name(struct export *e, struct bytes name);

/* export_digest is SHA-1 or SHA-256 of b in 20 or 32 octets of out. */
void export_digest(struct export *e, enum hash hash, struct bytes b, uint8_t *out);

/* export_uuid is a UUID in lower case that is always the same for the same words (RFC 4122 version 5 in a namespace of certban's). */
const char *export_uuid(struct export *e, const char *words);

/* text_add_xml appends text for an XML attribute or element: <, >, &, ", ' as entities, what XML can't hold as U+FFFD. All else stays as it
 * is, since programs compare it: words for people are made plain before. */
void text_add_xml(struct text *out, struct bytes text);

#endif
