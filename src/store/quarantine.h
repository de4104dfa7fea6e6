/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quarantine: at every instant a file is either where it was or whole in the store, with all that is needed to put it back.
 * No type here belongs to one operating system.
 */
#ifndef CERTBAN_STORE_QUARANTINE_H
#define CERTBAN_STORE_QUARANTINE_H

#include "base/fs.h"
#include "base/text.h"

struct quarantine; /* an opened store */

enum { QUARANTINE_ID_SIZE = 24 };

/* quarantine_open opens (create: and makes) STATE/quarantine, checks its owner and mode, takes its lock (waiting a while, then
 * saying who holds it) and finishes what an earlier run left undone. */
CERTBAN_MUST_USE bool quarantine_open(const char *state, bool create, struct quarantine **out, struct error *err);
void quarantine_close(struct quarantine *store);

/* What a store may hold. Past it nothing is taken, and nothing is deleted to make room. */
struct quarantine_limits {
    uint64_t bytes;        /* of all contents */
    uint64_t items;        /* how many */
    unsigned free_percent; /* of its file system, that a copy into it leaves free; a file that is only renamed needs no room */
};
#define QUARANTINE_LIMITS ((struct quarantine_limits){.bytes = UINT64_C(10) << 30, .items = 10000, .free_percent = 5})
/* quarantine_limit sets the limits; without it they are the ones above. */
void quarantine_limit(struct quarantine *store, const struct quarantine_limits *limits);

/* What is taken, and why. All is copied. */
struct take {
    struct handle folder;                         /* the folder that the walk opened */
    struct bytes name;                            /* the one name in it */
    struct handle file;                           /* the descriptor that was judged */
    struct bytes path;                            /* the link-free path of the walk, for the record */
    uint64_t size;                                /* as proven */
    uint8_t sha256[32];                           /* as proven */
    const char *finding, *rule, *policy, *reason; /* rule: "id"; policy: "id/version" */
    const char *group;                            /* ties the files of one bundle or installer; NULL when none */
    const char *joins;                            /* the item that holds the same file by another of its names; NULL: none */
    const char *users;                            /* who has it open or runs it, as a JSON array; NULL: nobody is known */
    bool lossy;                                   /* a copy may lack attributes that the store's file system refuses */
    bool no_plain_copy;                           /* what its file system encrypts is not copied */
    bool lift;                                    /* what makes the file immutable or append-only; restore sets it again */
};

/* quarantine_take moves one file into the store (protocol 2.1, or 2.2 across file systems). id gets the item's ID. ERR_CHANGED
 * when the name no longer is the judged file (with ENOENT: there is none of that name); other errors say why the file is still where it
 * was. out is to be empty, and freed by the caller. */
struct take_result {
    char id[QUARANTINE_ID_SIZE];
    uint32_t elsewhere; /* further names of the file that are still somewhere */
    struct text notes;  /* what else there is to know, as one line; "" when nothing */
};
CERTBAN_MUST_USE bool quarantine_take(struct quarantine *store, const struct take *take, struct take_result *out, struct error *err);

/* One item, for list and show. Strings belong to the listing. */
struct quarantine_item {
    const char *id, *state; /* "held", "stray", … */
    struct bytes path;      /* where it was */
    uint64_t size;
    uint8_t sha256[32];
    const char *finding, *rule, *policy, *reason, *group; /* "" when absent */
    int64_t taken_at;
    const char *record; /* the whole record.json as text */
};
struct quarantine_listing {
    struct quarantine_item *items;
    size_t n;
};
CERTBAN_MUST_USE bool quarantine_list(struct quarantine *store, struct quarantine_listing *out, struct error *err);
/* quarantine_has looks whether there is an item of that ID. False: ERR_USAGE, with what became of it. */
CERTBAN_MUST_USE bool quarantine_has(const struct quarantine *store, const char *id, struct error *err);

/* quarantine_past is the one item of that ID that was restored or purged, from the history. ERR_USAGE when there is none. */
CERTBAN_MUST_USE bool quarantine_past(struct quarantine *store, const char *id, struct quarantine_listing *out, struct error *err);
void quarantine_listing_free(struct quarantine_listing *listing);

struct restore_options {
    const char *to;       /* another folder; NULL: where it was */
    const char *as;       /* another name; NULL: its own */
    bool parents;         /* make missing folders */
    bool changed;         /* restore although the content is not what was recorded */
    bool no_allow;        /* write no allow rule */
    bool keep_privileges; /* with to: setuid, setgid, capabilities too */
    const char *reason;   /* for the allow rule; NULL when not given */
};
/* What became of it. */
struct restored {
    struct text path;  /* where the file is now */
    struct text notes; /* what could not be as it was: further names; "" when all is */
    bool allowed;      /* a rule for its bytes was written */
    bool changed;      /* the content is not what was recorded: no rule */
};
/* quarantine_restore puts an item back. Never overwrites. out is to be empty, and freed by the caller. */
CERTBAN_MUST_USE bool quarantine_restore(struct quarantine *store, const char *id, const struct restore_options *options,
                                         struct restored *out, struct error *err);
void restored_free(struct restored *restored);

/* quarantine_export writes one item as a tar file (content, record.json, events, SHA256SUMS), never over an existing one. */
CERTBAN_MUST_USE bool quarantine_export(struct quarantine *store, const char *id, const char *file, struct error *err);

/* quarantine_purge deletes one item's content for good; its record moves to history. */
CERTBAN_MUST_USE bool quarantine_purge(struct quarantine *store, const char *id, struct error *err);

/* quarantine_verify checks every item, the event chain and leftovers; each problem is one line of problems. True when it could
 * look at all of it, whatever it found. */
CERTBAN_MUST_USE bool quarantine_verify(struct quarantine *store, struct text *problems, size_t *n_items, struct error *err);

/* A take across file systems that is interrupted leaves a folder beside the file that only we may enter. quarantine_knows says whether
 * that name in a folder is one, of an item of the store in that state folder: walks leave it out. quarantine_finish ends it, wherever it
 * was moved meanwhile; what is not known in it stays, which is an error. */
bool quarantine_knows(const char *state, struct handle folder, const char *name);
CERTBAN_MUST_USE bool quarantine_finish(struct quarantine *store, struct handle folder, const char *name, struct error *err);

/* quarantine_is says whether a folder is the store in that state folder: walks leave theirs out. What only looks like a store is
 * none: else anybody could hide files in one. */
bool quarantine_is(const char *state, struct handle folder);

#endif
