/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports: a table of writers, one file report_NAME.c each. A writer gets typed values and is the only one who knows how its
 * kind of output is escaped: no caller ever hands it a finished line.
 */
#ifndef CERTBAN_CLI_REPORT_H
#define CERTBAN_CLI_REPORT_H

#include <stdio.h>

#include "base/text.h"
#include "cli/options.h"
#include "cli/second.h"
#include "list/blocklist.h"
#include "scan/scan.h"

/* Which files are shown, a set: what is not clean, unsigned or other always is. */
enum { REPORT_FOUND = 0, REPORT_NAMED = 1 /* each file that was named */, REPORT_ALL = 2 /* clean and unsigned ones, members too */ };

struct report_writer;

struct report {
    const struct report_writer *writer;
    FILE *stream;
    const struct blocklist *list; /* for the rules by number */
    unsigned scope;
    bool color;
    bool quiet;               /* findings only */
    enum action action;       /* what the run was allowed to do */
    const char *const *paths; /* as given, for the advice at the end */
    size_t n_paths;
    bool narrowed;       /* options say what is banned or which files are meant: advice can't leave them out */
    const char *home;    /* shown as ~; NULL when there is none */
    const char *refusal; /* why the file in hand does not meet what the gate requires; NULL when it does */
    uint64_t refused;    /* how many did not */
    void *own;           /* the writer's */
    bool failed;         /* memory ran out: something is missing */
};

struct report_writer {
    const char *name;                     /* of --format */
    bool (*start)(struct report *report); /* false without memory */
    void (*file)(struct report *report, const struct scan_file *file);
    void (*error)(struct report *report, struct bytes path, const struct error *error);
    void (*brake)(struct report *report, const struct scan_brake *brake);                     /* NULL: each file's detail says it */
    void (*opinion)(struct report *report, struct bytes path, const struct opinion *opinion); /* NULL: never asked for */
    void (*end)(struct report *report, const struct scan_summary *summary);
    void (*close)(struct report *report); /* gives own back; may be called without end */
};

/* The formats of --format, NULL-terminated; report_tree is what show prints for people. */
extern const struct report_writer *const report_writers[];
extern const struct report_writer report_text, report_json, report_sarif, report_junit, report_tree;

/* report_writer_find is the writer of that name; NULL when there is none. */
const struct report_writer *report_writer_find(const char *name);

/* report_wants says whether the scope shows this file or member. */
bool report_wants(const struct report *report, const struct scan_file *file);

/* report_path appends a path for people: ~ for the home folder, quoted for the shell where something had to be escaped. */
void report_path(const struct report *report, struct text *out, struct bytes path);

/* report_shell appends a path as a word that a shell reads back as it is. */
void report_shell(const struct report *report, struct text *out, struct bytes path);

/* report_kind appends what kind of error it is, and which limit: "malformed: ", "limit entries: ". */
void report_kind(struct text *out, const struct error *err);

/* report_words appends file bytes for people, cut at 200 bytes. */
void report_words(struct text *out, const char *words);

/* report_excuses_path says whether that rule of a policy excuses whatever it fits in certain folders. */
bool report_excuses_path(const struct policy *policy, size_t rule);

/* report_full_path is the path of a file or, with "!/" between, of a member. The text is the caller's. */
void report_full_path(struct text *out, const struct scan_file *file);

/* report_decisive is the match that decided, and its rule; NULL when there is none. */
const struct match_info *report_decisive(const struct report *report, const struct scan_file *file, const struct rule **rule);

/* report_signature is the signature with that part; NULL when there is none. */
const struct signature_info *report_signature(const struct verdict *verdict, const char *part);

/* report_taken is the word for what was done: "quarantined", "would-quarantine", "failed" …; NULL for nothing. */
const char *report_taken(enum action_state state);

/* report_proof appends in words how far a match is proven, and why not further. */
void report_proof(struct text *out, const struct verdict *verdict, const struct match_info *match);

/* report_excuse is by what of its own a rule excuses files: "dates", "exceptions", "dates or exceptions". */
const char *report_excuse(const struct rule *rule);

/* report_reason appends in one line what a file was found to be and why. */
void report_reason(const struct report *report, struct text *out, const struct scan_file *file);

/* report_status is the exit status of a finished run. */
int report_status(const struct report *report, const struct scan_summary *summary, bool strict, bool exit_zero);

#endif
