/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exporters: policies in the words of other programs. To add one: write export_NAME.c, define its struct exporter there, put it
 * into the table in exporter.c, and give it a case in tests/cli/exports.txt.
 */
#ifndef CERTBAN_LIST_EXPORTER_H
#define CERTBAN_LIST_EXPORTER_H

#include "base/error.h"
#include "base/text.h"
#include "list/policy.h"

struct export;

struct exporter {
    const char *name;      /* for --to: "wdac" */
    const char *long_name; /* for people: "App Control (WDAC) deny policy, XML" */

    /* Appends the whole document. What goes wrong (no memory, no hash) is kept in the export. */
    void (*write)(struct export *export);
};

/* The table, NULL-terminated. exporter_find is the one of that name; NULL when there is none. */
extern const struct exporter *const exporters[];
const struct exporter *exporter_find(const char *name);

/* Hears what the format can't say: words are a sentence about the rule ("left out: …"), valid during the call. */
struct export_listener {
    void (*told)(struct export_listener *listener, const struct rule *rule, const char *words);
};

struct export_job {
    const struct policy *const *policies; /* what is written */
    size_t n_policies;
    const struct policy *const *known; /* more policies whose certificates may be used where a rule has only their hashes */
    size_t n_known;
    int64_t now; /* seconds since 1970: expired rules are left out */
    /*
     * What would hit more there than here (a condition, a role can't be said), or do more (a rule that only flags, to a program that
     * blocks), is left out; wider writes it and tells so.
     */
    bool wider;
    struct export_listener *listener;
};

struct export_counts {
    size_t rules;    /* of all policies */
    size_t whole;    /* written with all that they say */
    size_t part;     /* written, but something of it was told to the listener as missing or wider */
    size_t left_out; /* nothing of it was written */
};

/* export_run appends the document to out. When nothing could be written, the document is well-formed and empty: counts tell. */
CERTBAN_MUST_USE bool export_run(const struct exporter *exporter, const struct export_job *job, struct text *out,
                                 struct export_counts *counts, struct error *err);

#endif
