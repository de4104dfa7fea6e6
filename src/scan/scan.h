/* SPDX-License-Identifier: Apache-2.0 */
/* One run: walk or take the files named, examine them in sandboxed readers, prove, act, and tell the caller's sink. */
#ifndef CERTBAN_SCAN_SCAN_H
#define CERTBAN_SCAN_SCAN_H

#include "scan/examine.h"
#include "store/quarantine.h"

struct scan_options {
    struct examiner examiner; /* what to look for, how thoroughly */
    const char *const *paths; /* "-": standard input */
    size_t n_paths;
    bool walk; /* folders are walked (scan); else a folder is an error (check, show) */
    bool cross_filesystems;
    const char *const *include, *const *exclude; /* globs over the whole path or the last name */
    size_t n_include, n_exclude;
    const char *const *catalogs; /* folders and files: security catalogs that sign other files */
    size_t n_catalogs;
    unsigned jobs;      /* 0: one reader a core */
    bool sandbox;       /* false only where the platform has none and the user said so */
    enum action action; /* the most that may be done */
    bool dry_run;
    const char *state;         /* folder of the quarantine */
    bool clear_immutable;      /* take files that are immutable or append-only, too */
    bool find_links;           /* look for the other names of a file that is taken, on all of its file system */
    bool kill;                 /* end the processes that run a file that was taken */
    bool with_application;     /* what else of the application a rule names follows */
    bool lossy, no_plain_copy; /* as in struct take (store/quarantine.h) */
    struct quarantine_limits store;
    bool packages;          /* act on files that a package manager owns */
    const char *const *own; /* files that certban itself was told to read: never moved, as its program and policies aren't */
    size_t n_own;
    const char *const *confirm; /* "RULE=N": the brake lets so many files by that rule be moved */
    size_t n_confirm;
};

enum action_state { TAKEN_NOTHING, TAKEN_FLAGGED, TAKEN_QUARANTINED, TAKEN_WOULD_FLAG, TAKEN_WOULD_QUARANTINE, TAKEN_GONE, TAKEN_FAILED };

/* One file or member, ready for the report. Valid during the call. */
struct scan_file {
    struct bytes path; /* of the outermost file, as walked */
    const struct verdict *verdict;
    bool in_folder;                  /* path is a bundle's, and the verdict's inside a file in that folder: / is between, not !/ */
    const struct bytes *other_names; /* further hard links met in the walk */
    size_t n_other_names;
    uint64_t more_names; /* of them, past LIMIT_NAMES */
    enum action_state action;
    const char *action_id;     /* quarantine item; "" when none */
    const char *action_detail; /* why it failed, or what else to know; "" when nothing */
    const uint8_t *beside;     /* SHA-256 of an unsigned program beside a banned one; NULL: it is none, or was not asked for */
};

struct scan_progress {
    uint64_t files, members, hits, bytes; /* members: looked at inside files */
    unsigned lost;                        /* readers that died */
    struct bytes folder;                  /* where the walk is */
    uint64_t acted, to_act;               /* at the end: how many files are dealt with, of how many (0: the walk goes on); */
    struct bytes acting;                  /* the one in hand, */
    uint64_t acting_size;                 /* and its bytes */
};

/* A rule that the brake holds: what it hits is not moved, or not all of it. */
enum { BRAKE_PATHS = 10 };
struct scan_brake {
    const struct rule *rule;
    bool forbidden;         /* it hit what nobody may ban; else it hits too much: */
    uint64_t files, weight; /* hit; weighed */
    unsigned most;          /* that weight, without a word by the user */
    uint64_t confirmed;     /* by the user: so many files are moved all the same */
    const char *const *paths;
    size_t n_paths; /* BRAKE_PATHS at most */
};

struct scan_events {
    void (*file)(struct scan_events *events, const struct scan_file *file);
    void (*error)(struct scan_events *events, struct bytes path, const struct error *error);
    void (*brake)(struct scan_events *events, const struct scan_brake *brake);          /* NULL: not wanted */
    void (*progress)(struct scan_events *events, const struct scan_progress *progress); /* a few times a second; NULL: not wanted */
};

struct scan_summary {
    uint64_t files, examined, is_signed; /* regular files seen; candidates; with at least one signature */
    uint64_t finding[FINDING_COUNT];
    uint64_t members, bytes_read, errors, actions_failed;
    double seconds;
    bool complete; /* every file was looked at: no crash left something out, the walk reached every folder */
};

/* scan_run does it all; events are called from the calling thread. False only when the run could not start or go on. */
CERTBAN_MUST_USE bool scan_run(const struct scan_options *options, struct scan_events *events, struct scan_summary *summary,
                               struct error *err);

#endif
