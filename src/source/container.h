/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold files: a table of drivers, one file each. Members are sources again; nothing is unpacked to disk. */
#ifndef CERTBAN_SOURCE_CONTAINER_H
#define CERTBAN_SOURCE_CONTAINER_H

#include "base/source.h"
#include "model/anomaly.h"
#include "model/limits.h"
#include "source/probe.h"

/* One member, while the visitor looks at it. Its source is valid until the visitor returns. */
struct member {
    const char *path;      /* inside the container, as it names it: bytes of unknown origin, never used on a disk */
    struct source *source; /* NULL when it can't be read: problem says why */
    const struct error *problem;
    struct beside *beside; /* what is in the same folder; NULL: that can't be had */
    uint64_t where;        /* of its first byte, in a volume of which neighbours are unpacked together; 0: it is in none */
};

struct helper;

/* The files in the same folder as the one that a container is: other parts of its set. */
struct beside {
    /* open finds one by its name, which is of unknown origin; a path is none. The source is valid as long as the container is walked, or
     * until close. False (err) when there is none. */
    bool (*open)(struct beside *beside, const char *name, struct source **out, struct error *err);
    /* close gives back all that was opened; NULL: nothing is held. */
    void (*close)(struct beside *beside);
};

/* What the walk shares over all levels of one file: what is left of its limits. */
struct budget {
    unsigned depth_left;
    uint64_t members_left;
    uint64_t bytes_left;         /* unpacked bytes that may still be produced */
    uint64_t places;             /* that looked like the beginning of a file in another one, tried so far */
    uint64_t *run_left;          /* that all files of the run may still unpack; NULL: nobody counts */
    int64_t deadline;            /* CLOCK_MONOTONIC nanoseconds; 0 none */
    int64_t cpu_deadline;        /* CLOCK_PROCESS_CPUTIME_ID nanoseconds, without those of *hashing */
    int64_t cpu_from;            /* CLOCK_MONOTONIC: before, it can't have come */
    const int64_t *hashing;      /* what of the process's time went into hashing; NULL: nothing */
    const struct limits *limits; /* NULL: the usual ones */
    struct beside *beside;       /* of the file in hand; NULL: nothing */
    bool search;                 /* the file in hand is searched to its end, for what no mark of it points to */
    struct helper *helper;       /* takes apart what this program can't (helper.h); NULL: there is none */
};

/* visit looks at a member; false (err) ends the walk for good (the budget is used up). */
struct visitor {
    bool (*visit)(struct visitor *visitor, const struct member *member, struct error *err);
};

/* visit_window shows n bytes of source from at on as a member. path NULL says that arena, of which it was asked for, is full; the bytes may
 * be kept there meanwhile. */
CERTBAN_MUST_USE bool visit_window(struct visitor *visitor, struct source *source, uint64_t at, uint64_t n, const char *path,
                                   struct arena *arena, struct error *err);

/* member_is_beside says whether the path other is that of a file called name in the folder in which path is: in whatever case, as such
 * names are Windows'. */
bool member_is_beside(const char *path, const char *other, const char *name);

/* member_leads_out says whether a component ".." of a path leads out of the folder. Absolute names are usual in backups, and lead nowhere
 * by themselves. */
bool member_leads_out(const char *path);

struct container {
    const char *name;   /* "zip" */
    struct bytes first; /* the head of every such file begins with one of these octets (FIRST_OCTETS); none: with any */
    /* probe says whether the file may be one. Cheap, no memory, no errors: broken ones say true. */
    bool (*probe)(const struct probe *probe);
    /* walk calls visit for each member. Problems of single members are members with source NULL; false (err) when the container
     * itself can't be walked to its end: it is then unreadable. Oddities go to anomalies. */
    bool (*walk)(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err);
};

extern const struct container *const containers[];

#endif
