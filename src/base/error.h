/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, in one sentence about the input. The kind decides verdicts and exit statuses; the text is for people. */
#ifndef CERTBAN_BASE_ERROR_H
#define CERTBAN_BASE_ERROR_H

#include <stdbool.h>

enum error_kind {
    ERR_NONE,
    ERR_MALFORMED,   /* the bytes break the format's rules */
    ERR_LIMIT,       /* a named limit was reached (memory, depth, count, time) */
    ERR_IO,          /* the system could not read or write */
    ERR_CHANGED,     /* the file is no longer what was opened */
    ERR_UNSUPPORTED, /* known, but not readable by this build or without a helper */
    ERR_CRASHED,     /* the process that examined it died */
    ERR_DENIED,      /* permission */
    ERR_USAGE,       /* the caller's words are wrong (command line, policy) */
    ERR_KINDS
};

struct error {
    enum error_kind kind;
    int sys;        /* errno, 0 when none */
    unsigned limit; /* which limit was reached, by its number in the table of limits (model/limits.h) and 1; 0: none that has a name */
    char text[256];
};

#define CERTBAN_MUST_USE __attribute__((warn_unused_result))

/* error_set fills err (NULL is allowed) and returns false, so that "return error_set(err, …)" raises. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* error_sys is error_set for a failed system call: the kind follows from sys (an errno value), its words are appended. */
bool error_sys(struct error *err, int sys, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* error_memory is error_set for memory that the system did not give: "no memory for packed bytes". ERR_LIMIT, and sys is ENOMEM. */
bool error_memory(struct error *err, const char *what);

/* error_again raises the same error once more, with the limit that it names. */
bool error_again(struct error *err, const struct error *from);

/* error_within puts a place in front of the text on the way up ("certificate table: entry at …") and returns false. */
bool error_within(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Compilers and analyzers look at one file at a time: this tells them what all of them return. */
static inline bool error_false(bool raised) {
    (void)raised;
    return false;
}
#define error_set(...) error_false((error_set)(__VA_ARGS__))
#define error_sys(...) error_false((error_sys)(__VA_ARGS__))
#define error_memory(...) error_false((error_memory)(__VA_ARGS__))
#define error_again(...) error_false((error_again)(__VA_ARGS__))
#define error_within(...) error_false((error_within)(__VA_ARGS__))

/* error_clear makes err say that nothing is wrong. */
void error_clear(struct error *err);

/* error_kind_name is the word of reports: "malformed", "limit", "io", "changed", "unsupported", "crashed", "denied", "usage". */
const char *error_kind_name(enum error_kind kind);

#endif
