/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two halves of the policy reader: policy_xml.c knows XML and what may stand where, policy_build.c makes rules of it. */
#ifndef CERTBAN_LIST_POLICY_READER_H
#define CERTBAN_LIST_POLICY_READER_H

#include "base/arena.h"
#include "base/text.h"
#include "list/policy.h"

/* A policy with what only its owner needs. */
struct policy_file {
    struct policy policy; /* first: policies are handed out by its address */
    struct arena arena;
    uint32_t *lines; /* where each rule begins */
    const char **references;
    size_t n_references;
    int64_t expires;
};

/* Elements that hold others. */
enum inside { IN_DOCUMENT, IN_POLICY, IN_BAN, IN_ALLOW, IN_CERTIFICATE, IN_FILE, IN_ONLY, IN_EXCEPT };

struct policy_attribute {
    const char *name;
    struct bytes value;
};
enum { POLICY_ATTRIBUTES_MAX = 8 };

/* An issuer as it is written, and its name: policies have few, each of them often. */
struct policy_issuer {
    const char *words; /* NULL: none */
    struct bytes name;
};
enum { POLICY_ISSUERS_KEPT = 256 };

/* A growing array on the heap. */
struct pile {
    void *p;
    size_t n, room;
};

struct policy_reader {
    struct policy_file *file;
    const char *origin;
    uint32_t line;       /* of the element being read */
    const char *element; /* its name */
    struct error *err;
    struct policy_attribute attributes[POLICY_ATTRIBUTES_MAX]; /* of the element that begins */
    size_t n_attributes;
    struct text text; /* of the element that ends */
    struct rule rule; /* being built */
    uint32_t rule_line;
    struct exception exception;                        /* being built */
    struct conditions *only;                           /* those being built: the rule's, or the exception's */
    struct key key;                                    /* role and size that the keys of this <certificate> or <file> share */
    uint32_t things;                                   /* numbers given out in this rule */
    size_t keys_before;                                /* keys of the rule when the <certificate> or <file> began */
    bool has_der;                                      /* the <certificate> holds a <der> */
    struct policy_issuer issuers[POLICY_ISSUERS_KEPT]; /* those seen of late, by a hash of their text */
    struct pile keys;                                  /* struct key, of the rule being built */
    struct pile rules;                                 /* struct rule */
    struct pile lines;                                 /* uint32_t */
    struct pile mentions;                              /* const char *: references of the policy */
    struct pile exceptions;                            /* struct exception, of the rule being built */
};

struct policy_row;

/* policy_refuse raises "origin:line: element <name>: …" and returns false. */
bool policy_refuse(struct policy_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As error.h does it. */
#define policy_refuse(...) error_false((policy_refuse)(__VA_ARGS__))

/* policy_attribute is the value of an attribute of the element that begins; NULL when it is not given. */
const struct bytes *policy_attribute(const struct policy_reader *r, const char *name);

/* What elements do when they begin (attributes are there) and end (text is there). True when all is well; else refused. */
typedef bool policy_step(struct policy_reader *r, const struct policy_row *row);

/* One element of the schema. */
struct policy_row {
    const char *name;
    unsigned in;              /* bits of enum inside: where it may stand */
    enum inside makes;        /* what its children stand in; IN_DOCUMENT: it holds text or nothing */
    bool text;                /* it holds text */
    bool once;                /* at most once in a rule (or in <only>) */
    const char *attributes;   /* " a b ": the ones that may be given */
    policy_step *begin, *end; /* may be NULL */
    enum key_kind kind;       /* of hash elements: the key they make */
    size_t size;              /* and its octets */
};

extern const struct policy_row policy_rows[];
extern const size_t policy_n_rows;

/* policy_take_words is an attribute's or element's text without idle white space. policy_take_hash is the hash in the element's text, whole
 * and of something, of that many octets (0: of any hash). */
bool policy_take_words(struct policy_reader *r, struct bytes text, const char **out);
bool policy_take_hash(struct policy_reader *r, size_t size, struct bytes *out);

/* policy_text_of is the text of the element that ends. policy_take_choice is an attribute's place in a list of words: action, severity,
 * role; *out keeps its value when the attribute is not given. */
struct bytes policy_text_of(const struct policy_reader *r);
bool policy_take_choice(struct policy_reader *r, const char *attribute, const char *const *names, unsigned n, unsigned *out);

/* policy_arena_of is the memory of the policy; policy_no_room refuses for want of it. */
struct arena *policy_arena_of(struct policy_reader *r);
bool policy_no_room(struct policy_reader *r);

/* pile_add appends one element of that size; false without memory. */
bool pile_add(struct pile *pile, const void *element, size_t size);

/* The steps, in policy_build.c, policy_build_keys.c and policy_build_only.c. */
policy_step build_policy, build_title, build_reference, build_rule, build_rule_end, build_certificate, build_certificate_end, build_file,
    build_file_end, build_hash, build_any_hash, build_serial, build_serial_end, build_der, build_team_id, build_subject, build_subscriber,
    build_only_end, build_reason, build_time, build_words, build_platform, build_version, build_issued_under, build_eku, build_page,
    build_name, build_except, build_except_end, build_except_digest;

/* build_finish puts the policy together when the document has ended. */
bool build_finish(struct policy_reader *r);

#endif
