/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seal of a bundle: _CodeSignature/CodeResources, a property list of what else belongs to signed code (Apple's
 * libsecurity_codesigning, resources.cpp and StaticCode.cpp). "rules2" says which files are sealed and how, "files2" by what; "rules" and
 * "files" are the same for systems before OS X 10.9, and count where there is nothing newer.
 */
#ifndef CERTBAN_FORMAT_SEAL_H
#define CERTBAN_FORMAT_SEAL_H

#include "base/arena.h"

struct pattern;

struct seal_rule {
    const struct pattern *pattern;
    double weight; /* the heaviest that fits a path counts */
    bool omit;     /* such files are not sealed */
    bool optional; /* they may be missing */
    bool nested;   /* they are code with a signature of its own */
};

/* What stands for one path, relative to the folder that is sealed (Contents). */
struct seal_entry {
    const char *path;
    struct bytes sha1, sha256; /* of the content; empty when not given */
    bool optional;
    const char *link;        /* where a symbolic link leads; NULL: it is none */
    struct bytes cdhash;     /* of nested code, 20 octets; empty: it is none */
    const char *requirement; /* that nested code must meet; NULL: none */
};

struct seal {
    bool old; /* "files" alone: nested code is not in it */
    struct seal_rule *rules;
    size_t n_rules;
    struct seal_entry *entries; /* by path */
    size_t n_entries;
};

/* seal_read reads a CodeResources. ERR_MALFORMED when it is no seal, ERR_UNSUPPORTED when a rule is not understood. */
CERTBAN_MUST_USE bool seal_read(struct bytes b, struct arena *arena, struct seal *out, struct error *err);

/* seal_rule is the rule for a path; NULL: it is not sealed. */
const struct seal_rule *seal_rule_for(const struct seal *seal, const char *path);

/* seal_find is the entry of that path; NULL when there is none. */
const struct seal_entry *seal_find(const struct seal *seal, const char *path);

#endif
