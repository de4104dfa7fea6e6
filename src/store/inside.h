/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the quarantine. One folder an item, which is its own ledger: record.json says what was taken and how far that
 * went, content is the file. Whatever is interrupted is finished or taken back by what the record and the folder say.
 */
#ifndef CERTBAN_STORE_INSIDE_H
#define CERTBAN_STORE_INSIDE_H

#include <linux/fs.h>

#include "store/quarantine.h"

#define ITEM_CONTENT "content"
#define ITEM_RECORD "record.json"
#define ITEM_PLACEHOLDER "ph"
#define PRIVATE_FILE "x"
#define PRIVATE_PREFIX ".certban-"

/* How far an item is. Those after STATE_COPIED are final, but for the last two. */
enum item_state {
    STATE_INTENT,    /* a placeholder waits in the item, or the file came already */
    STATE_COPIED,    /* the content is a copy; the original may still be in place */
    STATE_HELD,      /* the file is in the store, and nowhere else */
    STATE_STRAY,     /* something foreign that could not be put back is in the store */
    STATE_RESTORING, /* on the way back */
    STATE_PURGING,   /* about to be deleted */
    STATE_RESTORED,  /* in history/ only */
    STATE_PURGED,
    STATE_COUNT
};

/* Who a file or folder is, across runs: never by device number, which changes between mounts. number 0: nobody. */
struct inode_id {
    uint64_t number;
    int64_t birth_ns;
};

struct xattr {
    char *name;
    struct bytes value; /* ours */
};

/* What restore gives back. */
struct metadata {
    uint32_t mode, owner, group;
    int64_t atime_ns, mtime_ns;
    uint32_t flags;   /* FS_IOC_GETFLAGS: immutable and its like */
    uint32_t project; /* of its quota; told, not given back */
    char verity[129]; /* digest that fs-verity keeps of it, in hex; told, not given back */
    struct xattr *xattrs;
    size_t n_xattrs;
};

/* A further name of an item's file, where restore puts it again. */
struct name {
    struct text path;
    struct inode_id folder;
    uint32_t folder_owner;
};

struct record {
    char id[QUARANTINE_ID_SIZE];
    enum item_state state;
    struct text path; /* as walked, without links; bytes */
    struct inode_id folder, file, placeholder;
    uint32_t folder_owner;
    uint32_t links;     /* names that it had when it was judged */
    uint32_t elsewhere; /* of these, that are still somewhere: its owner and mode were left alone */
    struct name *names; /* further ones that were taken into this item */
    size_t n_names;
    struct text private; /* name of the folder beside the original, for a copy */
    uint64_t size;
    uint8_t sha256[32];
    struct text finding, rule, policy, reason, group;
    struct text joins; /* ID of the item that holds the same file under another name; "" in any that is held */
    struct text users; /* who had it open or ran it: a JSON array, or "" */
    struct text lost;  /* attributes that the copy in the store lacks, one a line: they are in metadata all the same */
    struct text to;    /* where a restore puts it: the path; "" when none goes on */
    int64_t taken_at;
    uint32_t by;     /* user id */
    bool writers;    /* somebody had it open for writing */
    bool copied;     /* the content is a copy: its time of birth is lost */
    bool plain_copy; /* of a file that its file system encrypts */
    bool put_back;   /* not kept: what came was not the judged file, and went back */
    bool lifted;     /* it was immutable or append-only, and that was lifted to take it */
    struct metadata metadata;
};

/* A private folder that could not be removed yet. */
struct lingering {
    int folder; /* around it */
    char name[64];
};
enum { LINGERING_MAX = 64 };

struct quarantine {
    int folder, lock;
    struct quarantine_limits limits;
    uint64_t held_bytes; /* once they were counted */
    bool counted;
    struct text state; /* path of the state folder */
    uint8_t last_event[32];
    bool has_last_event;
    uint64_t events_end;                       /* once there is a last event: octets of whole lines */
    struct lingering lingering[LINGERING_MAX]; /* when the store is closed, they are tried again */
    size_t n_lingering;
};

void record_free(struct record *record);

/* record_write puts the record into an item's folder: new file, fsync, rename, fsync of the folder and of the store. */
CERTBAN_MUST_USE bool record_write(const struct quarantine *store, int item, const struct record *record, struct error *err);

/* record_read reads an item's back, record_read_as one under another name; record_parse does so from text. A damaged one is ERR_MALFORMED.
 */
CERTBAN_MUST_USE bool record_read(int item, struct record *record, struct error *err);
CERTBAN_MUST_USE bool record_read_as(int folder, const char *name, struct record *record, struct error *err);
CERTBAN_MUST_USE bool record_parse(struct bytes text, struct record *record, struct error *err);

/* record_text is the record as JSON. */
CERTBAN_MUST_USE bool record_text(const struct record *record, struct text *out, struct error *err);

const char *item_state_name(enum item_state state);

/* metadata_read reads from a descriptor; metadata_apply gives a file what the record says (privileges: setuid, setgid and
 * capabilities too) and fails when something did not take. */
CERTBAN_MUST_USE bool metadata_read(int fd, struct metadata *out, struct error *err);
CERTBAN_MUST_USE bool metadata_apply(int fd, const struct metadata *metadata, bool privileges, struct error *err);
void metadata_free(struct metadata *metadata);

/* metadata_copy gives a copy in the store the attributes and times, as far as its file system takes them: *lost gets the names of the
 * others, a line each; *hard is set if one is not only refused because we are not root. What would make it executable or readable to
 * others stays in the record. */
void metadata_copy(int fd, const struct metadata *metadata, struct text *lost, bool *hard);

/* metadata_lift takes away what keeps a file from being moved (METADATA_FIXED); metadata_fix gives that back. */
#define METADATA_FIXED (FS_IMMUTABLE_FL | FS_APPEND_FL)
CERTBAN_MUST_USE bool metadata_lift(int fd, const struct metadata *metadata, struct error *err);
CERTBAN_MUST_USE bool metadata_fix(int fd, const struct metadata *metadata, struct error *err);

/* event_add appends a line to events.jsonl, chained to the one before by its SHA-256, and tells the system's log. Events are "taken",
 * "put-back", "failed", "restored", "purged". */
CERTBAN_MUST_USE bool event_add(struct quarantine *store, const char *event, const struct record *record, const char *detail,
                                struct error *err);

/* event_add_restored is the same for a restore to record->to: with the user's reason, and whether an allow rule was written. */
CERTBAN_MUST_USE bool event_add_restored(struct quarantine *store, const struct record *record, const char *reason, bool allowed,
                                         struct error *err);

/* events_check follows the chain; each break is a line of problems. */
CERTBAN_MUST_USE bool events_check(struct quarantine *store, struct text *problems, struct error *err);

/* ---- places: folders and names in them ---- */

/* inode_of is who an open file is; inode_at who has a name now (number 0: nobody, for certain). Whoever can't be asked is an error:
 * what is done next deletes what is not there. */
CERTBAN_MUST_USE bool inode_of(int fd, struct inode_id *out, struct error *err);
CERTBAN_MUST_USE bool inode_at(int folder, const char *name, struct inode_id *out, struct error *err);
/* inode_is_at says in *is whether a name is that one's; false, with *err, only where that can't be told. */
CERTBAN_MUST_USE bool inode_is_at(int folder, const char *name, struct inode_id id, bool *is, struct error *err);
bool inode_same(struct inode_id a, struct inode_id b);

/* folder_open_recorded opens the folder of a record as fs_open_folder does, and wants it to be the one of the record: ERR_CHANGED when it
 * is another one. */
CERTBAN_MUST_USE bool folder_open_recorded(const struct record *record, int *fd, struct error *err);

/* record_name is the last name of the record's path. */
const char *record_name(const struct record *record);

/* file_sha256 hashes an open file; file_copy copies one, holes kept, and flushes it. */
CERTBAN_MUST_USE bool file_sha256(int fd, uint8_t sha256[32], struct error *err);
CERTBAN_MUST_USE bool file_copy(int from, int to, struct error *err);

/* remove_if_there removes a name of ours. */
CERTBAN_MUST_USE bool remove_if_there(int folder, const char *name, struct error *err);

CERTBAN_MUST_USE bool flush(int fd, const char *what, struct error *err);

/* placeholder_make makes an empty file of mode 0 under that name. */
CERTBAN_MUST_USE bool placeholder_make(int folder, const char *name, struct inode_id *out, struct error *err);

/* placeholder_remove takes the placeholder away from where the file was, if it still stands there. Anything else stays. */
CERTBAN_MUST_USE bool placeholder_remove(int folder, const char *name, int item, struct inode_id placeholder, struct error *err);

/* private_name gives the record the name of a private folder to come. private_make makes that folder beside a file, which only we may
 * enter, and opens it; whoever owns the folder around may have swapped it meanwhile: ERR_CHANGED when it is not ours alone and empty. */
CERTBAN_MUST_USE bool private_name(struct record *record, struct error *err);
CERTBAN_MUST_USE bool private_make(int folder, const char *name, int *fd, struct error *err);
bool private_is_ours(int fd);

/* exchange swaps two names; fallback by a move where the file system can't exchange. */
CERTBAN_MUST_USE bool exchange(int folder, const char *name, int hold, const char *held, struct error *err);

/* rename_free moves a name to one that is free, never over another; by a link where the file system knows no such move. errno says why
 * not. */
CERTBAN_MUST_USE bool rename_free(int from, const char *name, int to, const char *as);

/* put_back gives a wrongly taken file its name back; where that is taken by now, beside gets the one it has instead ("": its own).
 * *stray is set when it could not get one anywhere in the folder. */
enum { BESIDE_SIZE = 256 };
CERTBAN_MUST_USE bool put_back(int folder, const char *name, int hold, const char *held, struct inode_id placeholder, bool *stray,
                               char beside[BESIDE_SIZE], struct error *err);

/* allow_set writes the state's allow.xml anew: without the item's rule, if an earlier try left one, and with a new one if allow, for the
 * file's bytes under that name (NULL: any, since it has several). */
CERTBAN_MUST_USE bool allow_set(const struct quarantine *store, const struct record *record, bool allow, const char *name,
                                const char *reason, struct error *err);

/* ---- items ---- */

/* item_open opens an item's folder. ERR_USAGE when there is none of that ID: restored or purged before, or never there. */
CERTBAN_MUST_USE bool item_open(const struct quarantine *store, const char *id, int *fd, struct error *err);

/* item_open_held opens one that still has its file, with its record (record_free). ERR_USAGE when it has none any more. */
CERTBAN_MUST_USE bool item_open_held(const struct quarantine *store, const char *id, int *fd, struct record *record, struct error *err);

/* item_new makes the next free item of today and opens it. ERR_LIMIT when the store has too many. */
CERTBAN_MUST_USE bool item_new(const struct quarantine *store, char id[QUARANTINE_ID_SIZE], int *item, struct error *err);

/* item_room says ERR_LIMIT when the store may not hold so many bytes more. */
CERTBAN_MUST_USE bool item_room(struct quarantine *store, uint64_t bytes, struct error *err);

/* item_drop removes an item whose file is in place; item_to_history leaves only its record, in history/. */
CERTBAN_MUST_USE bool item_drop(const struct quarantine *store, int item, const char *id, struct error *err);
CERTBAN_MUST_USE bool item_to_history(const struct quarantine *store, int item, const struct record *record, struct error *err);

/* content_is_whole says whether the item's content is the file of the record. */
bool content_is_whole(int item, const struct record *record);

/* item_join gives another item, which holds the same file, the name under which this one was taken; this one goes. *joined is false when
 * that other one is not there or holds something else: then this one stays by itself. */
CERTBAN_MUST_USE bool item_join(struct quarantine *store, int item, struct record *record, bool *joined, struct error *err);

/* names_restore links a restored file to its further names again; what can't be is told in words. */
void names_restore(const struct record *record, int file, struct text *words);

/* fix_again makes the judged file in its folder immutable again, if that was lifted and it stands there. */
void fix_again(int folder, const struct record *record);

/* take_finish goes on from S6 on the way by rename: the judged file is in the item. take_finish_copy goes on from C7. */
CERTBAN_MUST_USE bool take_finish(struct quarantine *store, int item, int folder, struct record *record, struct error *err);
CERTBAN_MUST_USE bool take_finish_copy(struct quarantine *store, int item, int folder, int private, struct record *record,
                                       struct error *err);

/* recover finishes or takes back what was interrupted, item by item; problems go to words, a line each. */
CERTBAN_MUST_USE bool recover(struct quarantine *store, struct text *words, struct error *err);

/* recover_private goes on with a copy whose private folder is there: folder is the one around it, the record's. */
CERTBAN_MUST_USE bool recover_private(struct quarantine *store, int item, int folder, int private, struct record *record,
                                      struct error *err);

/* items lists the IDs in the store, sorted; the caller frees all and each. */
CERTBAN_MUST_USE bool items(const struct quarantine *store, char ***all, size_t *n, struct error *err);
void items_free(char **all, size_t n);

#endif
