/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs a file or has it open, as /proc tells: for the record and the report, and for --kill. */
#ifndef CERTBAN_SCAN_USERS_H
#define CERTBAN_SCAN_USERS_H

#include <sys/types.h>

#include "base/text.h"

enum { USERS_MAX = 64 }; /* told of one file; further ones are counted */

enum use { USE_OPEN, USE_MAPS, USE_RUNS };

struct user {
    pid_t process;
    uid_t owner;
    enum use use; /* the strongest */
    char command[20];
};

/* One question: a file, and who uses it. */
struct users {
    uint64_t volume, number; /* st_dev, st_ino */
    struct user *all;
    size_t n, more;
    bool blind; /* nobody could be asked: /proc is not mounted */
};

/* users_find answers all questions in one pass over /proc; this process and what it started are left out. What of /proc may not be read
 * (other users' processes, for who is not root) is not known. */
void users_find(struct users *asks, size_t n);
void users_free(struct users *users);

/* users_json is the answer as a JSON array; nothing where there is nobody. users_words is "in use by 123 (name, user 1000)". */
void users_json(const struct users *users, struct text *out);
void users_words(const struct users *users, struct text *out);

/* users_kill ends every process that runs the file: each is held by a descriptor first and then asked once more what it runs, so that no
 * other process can have come by its number. words tells of each. */
void users_kill(const struct users *users, struct text *words);

#endif
