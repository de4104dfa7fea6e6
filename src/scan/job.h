/* SPDX-License-Identifier: Apache-2.0 */
/* One file on its way from the walk to the report, or an error that the walk met. */
#ifndef CERTBAN_SCAN_JOB_H
#define CERTBAN_SCAN_JOB_H

#include "model/verdict.h"
#include "scan/folder.h"

struct names;  /* of a file with several hard links: links.h */
struct slices; /* of a job that is handed out in slices: slices.h */

#define NO_RULE UINT32_MAX

struct job {
    struct job *next;
    struct folder *folder; /* where it was met; NULL for a file named by the user */
    struct handle file;    /* FS_NONE: there is nothing to examine, error says why */
    struct fs_identity identity;
    struct error error; /* kind ERR_NONE when there is none */
    struct names *names;
    struct disk_bundle *bundle; /* it is no file, but the list of a bundle's files; NULL: a file */
    bool leftover;              /* it is no file, but a folder that a take left behind (quarantine_knows) */
    bool named;                 /* the user named this very file */
    bool is_file;               /* an error about a regular file, which then counts as unreadable */
    struct slices *slices;      /* it is one of the slices of another job; NULL: a job of its own */
    unsigned slice, n_slices;   /* which of how many; 0 of 0: whole */
    bool unsliced;              /* slices were no use */
    bool can_be_sliced;         /* an archive out of which members can be taken one by one */
    bool is_packed;             /* what is in it has to be unpacked */
    /* the pool's: */
    uint32_t id;
    bool alone; /* it goes alone: a reader died while it waited, or files beside it may be asked for */
    /* the run's: */
    struct text held;       /* verdicts that wait: each its length (4 octets) and the message */
    struct job *after;      /* the one named next by the user */
    bool done;              /* its own verdict has come */
    bool settled;           /* nothing more will come */
    bool follows;           /* it is to be moved only because it belongs to one that is */
    bool beside;            /* an unsigned program beside one that is to be moved */
    bool proven;            /* the prover came to the same */
    enum finding strongest; /* of the members so far; once done, its own */
    struct error failure;   /* why there is no verdict */
    uint32_t rule;          /* that decided, or NO_RULE */
    enum action wanted;
    enum action inside;     /* what the rules want for the members so far: it can't be done when the file's own verdict fails to come */
    uint8_t sha256[32];     /* what the prover hashed */
    size_t path_n, name_at; /* the last name stands at path + name_at */
    char path[];            /* as walked */
};

/* job_new is a job without a file; NULL without memory. The folder gets a reference more. */
struct job *job_new(struct folder *folder, struct bytes path);

/* job_known tells a job how its file begins, and which octets begin the trailer that a disk image has (UDIF_TRAILER before the end): few
 * are enough to say how it is handed to readers. */
void job_known(struct job *job, struct bytes head, struct bytes trailer);

/* job_free closes and frees all; NULL is allowed. */
void job_free(struct folders *folders, struct job *job);

/* job_real appends the path without links, absolute, as far as the system tells it. */
void job_real(const struct job *job, struct text *out);

/* job_open_beside opens a regular file in the folder of the job's, by a name of unknown origin: a link is not followed, a path is none, and
 * upper and lower case are the same where nothing else is there. */
CERTBAN_MUST_USE bool job_open_beside(const struct job *job, struct bytes name, struct handle *file, struct fs_identity *identity,
                                      struct error *err);

/* job_rule is the number of the rule that decided about a file, its own or a member's; NO_RULE when none did. */
uint32_t job_rule(const struct verdict *verdict);

/* job_wants is what is to be done about a verdict when no more than most may be done. */
enum action job_wants(const struct verdict *verdict, enum action most);

/* job_size is how many bytes there are to read: a file's, or those of all files of a bundle. */
uint64_t job_size(const struct job *job);

/* job_extent is the same for the time that it may take: holes are no work. */
uint64_t job_extent(const struct job *job);

static inline struct bytes job_path(const struct job *job) {
    return bytes_make(job->path, job->path_n);
}

#endif
