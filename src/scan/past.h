/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of earlier scans (certban scan --json, NDJSON; cli/report_json.c writes them) against a blocklist: what a list would have hit,
 * without reading the files again. A record holds what a file's signers are called by, so that most rules can be tried; what it does not
 * hold is counted, and never taken for a miss.
 */
#ifndef CERTBAN_SCAN_PAST_H
#define CERTBAN_SCAN_PAST_H

#include "base/arena.h"
#include "list/blocklist.h"
#include "scan/scan.h"

/* What a line of a report is about. PAST_OTHER: what says nothing of files (what the brake held, a second opinion). */
enum past_kind { PAST_OTHER, PAST_FILE, PAST_ERROR, PAST_SUMMARY };

struct past_record {
    enum past_kind kind;
    struct bytes path;      /* PAST_FILE: with "!/" between for members */
    bool member;            /* of an archive or bundle */
    struct verdict verdict; /* PAST_FILE: what the record tells of the file, its signatures and certificates; matches are none */
    uint64_t clean;         /* PAST_SUMMARY: signed files that were found clean, whether they were shown or not */
    bool complete;          /* PAST_SUMMARY */
};

/* past_record_parse reads one line, into the arena. ERR_MALFORMED for what is no record of certban's. */
CERTBAN_MUST_USE bool past_record_parse(struct bytes line, struct arena *arena, struct past_record *out, struct error *err);

/* past_match fills in the verdict's matches with the list's rules, as an examination would where the record tells enough; where it does
 * not (a signature that was not proven, a condition on what no record holds), a match is no proof. */
CERTBAN_MUST_USE bool past_match(const struct blocklist *list, struct past_record *record, struct arena *arena, struct error *err);

/* past_can_try says whether a rule names anything by what records hold. */
bool past_can_try(const struct rule *rule);

/* past_is_report says whether a path is a regular file that begins as such a report does. */
bool past_is_report(const char *path);

/* What reports lack. */
struct past_gaps {
    uint64_t bare;     /* signed files whose record holds no certificates */
    uint64_t hidden;   /* clean files that have no record: the report was written without --all */
    uint64_t unproven; /* files with a signature that was not checked */
    uint64_t unhashed; /* files whose SHA-256 is not told */
    uint64_t broken;   /* lines that are no records */
    uint64_t cut;      /* reports that end in the middle of a line or without their summary */
};

/* past_run reads a report: each file of it becomes an event with its matches, and is counted in summary (files, is_signed, finding, errors,
 * complete), which is added to, as gaps is. False when it can't be read. */
CERTBAN_MUST_USE bool past_run(const char *path, const struct blocklist *list, struct scan_events *events, struct scan_summary *summary,
                               struct past_gaps *gaps, struct error *err);

#endif
