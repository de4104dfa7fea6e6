/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The promise of the quarantine: at every instant a file is either where it was or whole in the store. A child takes, restores or
 * purges under ptrace and is killed at the n-th system call, for every n; then the store is opened again, which recovers, and it is
 * counted where the file is. Also races, damage, and that what comes back is what went.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "store/inside.h"

enum { STEPS_MAX = 5000 };
static const char words[] = "MZ: the file that is taken, restored, and looked for.";

struct place {
    char folder[256], state[256], path[300];
};

static void shell(const char *format, ...) {
    char command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    fclose(f);
}

static bool holds(const char *path, const char *text) {
    char got[256] = "";
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return false;
    }
    size_t n = fread(got, 1, sizeof got - 1, f);
    fclose(f);
    got[n] = '\0';
    return strcmp(got, text) == 0;
}

/* A folder with the file in it, and a state folder, perhaps on another file system. */
static struct place place_new(bool across) {
    struct place p;
    char one[] = "/tmp/certban-store-XXXXXX", other[] = "/dev/shm/certban-store-XXXXXX";
    assert_non_null(mkdtemp(one));
    snprintf(p.folder, sizeof p.folder, "%s/in", one);
    if (across) {
        assert_non_null(mkdtemp(other));
    }
    snprintf(p.state, sizeof p.state, "%s/state", across ? other : one);
    assert_int_equal(mkdir(p.folder, 0755), 0);
    assert_int_equal(mkdir(p.state, 0755), 0);
    snprintf(p.path, sizeof p.path, "%s/file.exe", p.folder);
    write_file(p.path, words);
    return p;
}

static void place_free(const struct place *p) {
    shell("rm -rf '%.*s' '%.*s'", (int)(strrchr(p->folder, '/') - p->folder), p->folder, (int)(strrchr(p->state, '/') - p->state),
          p->state);
}

static bool other_file_system(void) {
    struct stat a, b;
    return stat("/tmp", &a) == 0 && stat("/dev/shm", &b) == 0 && a.st_dev != b.st_dev && access("/dev/shm", W_OK) == 0;
}

/* Takes the place's file. */
static bool take(const struct place *p, char id[QUARANTINE_ID_SIZE], struct error *err) {
    struct quarantine *store;
    struct fs_identity identity;
    struct take t = {.file = FS_NONE, .finding = "banned", .rule = "stand-in", .policy = "example/1", .reason = "a test"};
    t.path = bytes_text(p->path);
    t.name = bytes_text("file.exe");
    if (!fs_open(p->folder, &t.folder, &identity, err) || !fs_open(p->path, &t.file, &identity, err)) {
        return false;
    }
    t.size = identity.size;
    bool ok = file_sha256((int)t.file.os, t.sha256, err) && quarantine_open(p->state, true, &store, err);
    if (ok) {
        struct take_result result = {0};
        ok = quarantine_take(store, &t, &result, err);
        memcpy(id, result.id, sizeof result.id);
        text_free(&result.notes);
        quarantine_close(store);
    }
    fs_close(&t.file);
    fs_close(&t.folder);
    return ok;
}

static bool restore_in(struct quarantine *store, const char *id, const struct restore_options *options, struct error *err) {
    struct restored restored = {0};
    bool ok = quarantine_restore(store, id, options, &restored, err);
    restored_free(&restored);
    return ok;
}

static bool restore(const struct place *p, const char *id, const struct restore_options *options, struct error *err) {
    struct quarantine *store;
    bool ok = quarantine_open(p->state, false, &store, err);
    if (ok) {
        ok = restore_in(store, id, options, err);
        quarantine_close(store);
    }
    return ok;
}

static bool purge(const struct place *p, const char *id, struct error *err) {
    struct quarantine *store;
    bool ok = quarantine_open(p->state, false, &store, err);
    if (ok) {
        ok = quarantine_purge(store, id, err);
        quarantine_close(store);
    }
    return ok;
}

/* How many items are held whole; nothing may be unfinished, and nothing of ours left beside the file. */
static size_t held_whole(const struct place *p) {
    struct quarantine *store;
    struct quarantine_listing listing;
    struct text problems = {0};
    struct error err = {0};
    size_t n;
    if (!quarantine_open(p->state, true, &store, &err)) {
        fail_msg("%s", err.text);
    }
    assert_true(quarantine_list(store, &listing, &err));
    for (size_t i = 0; i < listing.n; i++) {
        assert_string_equal(listing.items[i].state, "held");
    }
    assert_true(quarantine_verify(store, &problems, &n, &err));
    if (problems.n != 0) {
        fail_msg("%s", problems.p);
    }
    assert_int_equal(n, listing.n);
    quarantine_listing_free(&listing);
    quarantine_close(store);
    text_free(&problems);
    DIR *dir = opendir(p->folder);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        assert_int_not_equal(strncmp(e->d_name, ".certban", 8), 0);
    }
    closedir(dir);
    return n;
}

/* ---- the stepper ---- */

enum work { TAKE, RESTORE, PURGE, RECOVER };

static void do_work(const struct place *p, enum work work, const char *id) {
    struct error err = {0};
    char taken[QUARANTINE_ID_SIZE];
    struct quarantine *store;
    bool ok = false;
    switch (work) {
    case TAKE:
        ok = take(p, taken, &err);
        break;
    case RESTORE:
        ok = restore(p, id, &(struct restore_options){.reason = "a test"}, &err);
        break;
    case PURGE:
        ok = purge(p, id, &err);
        break;
    case RECOVER:
        ok = quarantine_open(p->state, true, &store, &err);
        break;
    }
    _exit(ok ? 0 : 1);
}

/* Runs it and kills it at the end of its n-th system call. True when it ended before. */
static bool killed_at(const struct place *p, enum work work, const char *id, int n) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        do_work(p, work, id);
    }
    int status;
    waitpid(child, &status, 0);
    for (int stop = 0; stop < 2 * n; stop++) { /* one stop when a call begins, one when it ends */
        ptrace(PTRACE_SYSCALL, child, NULL, NULL);
        waitpid(child, &status, 0);
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
            return true;
        }
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return false;
}

/* Whether this system lets us trace: containers may not. */
static bool can_trace(void) {
    pid_t child = fork();
    int status;
    if (child == 0) {
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void step_take(bool across) {
    int in_place = 0, held = 0;
    for (int n = 1; n < STEPS_MAX; n++) {
        struct place p = place_new(across);
        bool ended = killed_at(&p, TAKE, NULL, n);
        size_t items = held_whole(&p);
        bool there = holds(p.path, words);
        assert_int_equal(items + there, 1);      /* in one place, and only one */
        assert_int_equal(held_whole(&p), items); /* a second recovery does nothing */
        in_place += there;
        held += !there;
        place_free(&p);
        if (ended) {
            assert_false(there);
            print_message("%d points: %d in place, %d held\n", n, in_place, held);
            assert_true(in_place > 10 && held > 1);
            return;
        }
    }
    fail_msg("it never ended");
}

static void nothing_is_lost_on_one_file_system(void **state) {
    (void)state;
    can_trace() ? step_take(false) : skip();
}

static void nothing_is_lost_across_file_systems(void **state) {
    (void)state;
    can_trace() && other_file_system() ? step_take(true) : skip();
}

/* Killed while it takes, then killed again while it recovers. */
static void a_recovery_can_be_killed_too(void **state) {
    (void)state;
    if (!can_trace()) {
        skip();
    }
    for (int across = 0; across <= other_file_system(); across++) {
        bool ended = false;
        for (int n = 5; n < STEPS_MAX && !ended; n += 9) {
            bool recovered = false;
            for (int k = 3; k < STEPS_MAX && !recovered; k += 11) {
                struct place p = place_new(across != 0);
                ended = killed_at(&p, TAKE, NULL, n);
                recovered = killed_at(&p, RECOVER, NULL, k);
                size_t items = held_whole(&p);
                assert_int_equal(items + holds(p.path, words), 1);
                place_free(&p);
            }
        }
    }
}

static void step_way_out(enum work work, bool across) {
    for (int n = 1; n < STEPS_MAX; n++) {
        struct place p = place_new(across);
        struct error err = {0};
        char id[QUARANTINE_ID_SIZE];
        assert_true(take(&p, id, &err));
        bool ended = killed_at(&p, work, id, n);
        size_t items = held_whole(&p);
        bool there = holds(p.path, words);
        if (work == PURGE) {
            assert_false(there);
        } else {
            assert_int_equal(items + there, 1);
        }
        place_free(&p);
        if (ended) {
            assert_int_equal(items, 0);
            return;
        }
    }
    fail_msg("it never ended");
}

static void nothing_is_lost_on_the_way_back(void **state) {
    (void)state;
    if (!can_trace()) {
        skip();
    }
    step_way_out(RESTORE, false);
    if (other_file_system()) {
        step_way_out(RESTORE, true);
    }
}

static void a_purge_is_finished(void **state) {
    (void)state;
    can_trace() ? step_way_out(PURGE, false) : skip();
}

/* ---- what comes back ---- */

static void comes_back_as_it_went(bool across) {
    struct place p = place_new(across);
    struct error err = {0};
    char id[QUARANTINE_ID_SIZE], value[16];
    struct stat before, after;
    const struct timespec times[2] = {{1000000000, 1}, {1234567890, 987654321}};
    bool attributes = setxattr(p.path, "user.note", "hello", 5, 0) == 0;
    assert_int_equal(chmod(p.path, 04751), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(p.path, 12345, 54321), 0);
        assert_int_equal(chmod(p.path, 04751), 0);
    }
    assert_int_equal(utimensat(AT_FDCWD, p.path, times, 0), 0);
    assert_int_equal(stat(p.path, &before), 0);
    if (!take(&p, id, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(access(p.path, F_OK), -1);
    assert_int_equal(held_whole(&p), 1);
    /* never over something else */
    write_file(p.path, "mine");
    assert_false(restore(&p, id, &(struct restore_options){.parents = false}, &err));
    assert_true(holds(p.path, "mine"));
    assert_int_equal(held_whole(&p), 1);
    assert_int_equal(unlink(p.path), 0);
    if (!restore(&p, id, &(struct restore_options){.parents = false}, &err)) {
        fail_msg("%s", err.text);
    }
    assert_true(holds(p.path, words));
    assert_int_equal(stat(p.path, &after), 0);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_int_equal(after.st_uid, before.st_uid);
    assert_int_equal(after.st_gid, before.st_gid);
    assert_int_equal(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
    assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    if (attributes) {
        assert_int_equal(getxattr(p.path, "user.note", value, sizeof value), 5);
    }
    assert_int_equal(held_whole(&p), 0);
    shell("grep -q 'restored-%s' '%s/allow.xml'", id, p.state);
    place_free(&p);
}

static void a_file_comes_back_as_it_went(void **state) {
    (void)state;
    comes_back_as_it_went(false);
    if (other_file_system()) {
        comes_back_as_it_went(true);
    }
}

static void it_comes_back_elsewhere_without_privileges(void **state) {
    (void)state;
    struct place p = place_new(false);
    struct error err = {0};
    char id[QUARANTINE_ID_SIZE], path[400];
    struct stat st;
    assert_int_equal(chmod(p.path, 04755), 0);
    assert_true(take(&p, id, &err));
    assert_true(restore(&p, id, &(struct restore_options){.to = p.state, .as = "other", .no_allow = true}, &err));
    snprintf(path, sizeof path, "%s/other", p.state);
    assert_true(holds(path, words));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    snprintf(path, sizeof path, "%s/allow.xml", p.state);
    assert_int_equal(access(path, F_OK), -1);
    place_free(&p);
}

static void a_folder_that_was_replaced_is_refused(void **state) {
    (void)state;
    struct place p = place_new(false);
    struct error err = {0};
    char id[QUARANTINE_ID_SIZE];
    assert_true(take(&p, id, &err));
    shell("mv '%s' '%s.old' && mkdir '%s'", p.folder, p.folder, p.folder);
    assert_false(restore(&p, id, &(struct restore_options){.parents = true}, &err));
    assert_int_equal(err.kind, ERR_CHANGED);
    shell("rmdir '%s' && ln -s '%s.old' '%s'", p.folder, p.folder, p.folder);
    assert_false(restore(&p, id, &(struct restore_options){.parents = true}, &err));
    assert_int_equal(held_whole(&p), 1);
    shell("rm '%s'", p.folder);
    assert_false(restore(&p, id, &(struct restore_options){.parents = false}, &err));
    if (!restore(&p, id, &(struct restore_options){.parents = true}, &err)) {
        fail_msg("%s", err.text);
    }
    assert_true(holds(p.path, words));
    place_free(&p);
}

/* ---- what changes under its hands ---- */

/* The judged descriptor is of a file that no longer has the name. */
static void another_file_at_the_name_stays(void **state) {
    (void)state;
    static const char *const swaps[] = {"echo -n other >'%s'", "ln -s /etc/passwd '%s'", "mkdir '%s'", "mkfifo '%s'", "true '%s'"};
    for (size_t i = 0; i < sizeof swaps / sizeof swaps[0]; i++) {
        struct place p = place_new(false);
        struct fs_identity identity;
        struct error err = {0};
        struct quarantine *store;
        struct take_result result = {0};
        struct take t = {
            .file = FS_NONE, .finding = "banned", .rule = "r", .policy = "p/1", .path = bytes_text(p.path), .name = bytes_text("file.exe")};
        struct inode_id before;
        assert_true(fs_open(p.folder, &t.folder, &identity, &err) && fs_open(p.path, &t.file, &identity, &err));
        t.size = identity.size;
        assert_true(file_sha256((int)t.file.os, t.sha256, &err));
        shell("mv '%s' '%s.moved'", p.path, p.path);
        shell(swaps[i], p.path);
        assert_true(inode_at((int)t.folder.os, "file.exe", &before, NULL));
        assert_true(quarantine_open(p.state, true, &store, &err));
        assert_false(quarantine_take(store, &t, &result, &err));
        assert_int_equal(err.kind, ERR_CHANGED);
        quarantine_close(store);
        struct inode_id after;
        assert_true(inode_at((int)t.folder.os, "file.exe", &after, NULL));
        assert_true(before.number == after.number);
        assert_int_equal(held_whole(&p), 0);
        text_free(&result.notes);
        fs_close(&t.file);
        fs_close(&t.folder);
        place_free(&p);
    }
}

static void content_that_changed_after_it_was_judged_stays(void **state) {
    (void)state;
    for (int across = 0; across <= other_file_system(); across++) {
        struct place p = place_new(across != 0);
        struct fs_identity identity;
        struct error err = {0};
        struct quarantine *store;
        struct take_result result = {0};
        struct take t = {
            .file = FS_NONE, .finding = "banned", .rule = "r", .policy = "p/1", .path = bytes_text(p.path), .name = bytes_text("file.exe")};
        assert_true(fs_open(p.folder, &t.folder, &identity, &err) && fs_open(p.path, &t.file, &identity, &err));
        t.size = identity.size;
        memset(t.sha256, 0x5a, sizeof t.sha256); /* the prover saw other bytes */
        assert_true(quarantine_open(p.state, true, &store, &err));
        assert_false(quarantine_take(store, &t, &result, &err));
        assert_int_equal(err.kind, ERR_CHANGED);
        quarantine_close(store);
        assert_true(holds(p.path, words));
        assert_int_equal(held_whole(&p), 0);
        text_free(&result.notes);
        fs_close(&t.file);
        fs_close(&t.folder);
        place_free(&p);
    }
}

/* Somebody swaps the name without pause while it is taken again and again: no file is lost, none appears twice. */
static void a_swapper_gains_nothing(void **state) {
    (void)state;
    struct place p = place_new(false);
    char other[320];
    snprintf(other, sizeof other, "%s/other", p.folder);
    write_file(other, "not yours");
    pid_t swapper = fork();
    if (swapper == 0) {
        for (;;) {
            renameat2(AT_FDCWD, p.path, AT_FDCWD, other, RENAME_EXCHANGE);
        }
    }
    for (int i = 0; i < 150; i++) {
        struct error err = {0};
        char id[QUARANTINE_ID_SIZE], name[32], back[320];
        if (take(&p, id, &err)) {
            struct quarantine *store;
            snprintf(name, sizeof name, "back-%d", i); /* its own name: the loop must not overwrite anything itself */
            snprintf(back, sizeof back, "%s/%s", p.folder, name);
            assert_true(quarantine_open(p.state, false, &store, &err));
            if (!restore_in(store, id, &(struct restore_options){.as = name, .no_allow = true}, &err)) {
                fail_msg("%s", err.text);
            }
            quarantine_close(store);
            if (renameat2(AT_FDCWD, back, AT_FDCWD, p.path, RENAME_NOREPLACE) != 0) {
                (void)renameat2(AT_FDCWD, back, AT_FDCWD, other, RENAME_NOREPLACE);
            }
        }
    }
    kill(swapper, SIGKILL);
    waitpid(swapper, NULL, 0);
    (void)held_whole(&p);
    shell("test $(cat '%s'/* '%s'/quarantine/2*/content 2>/dev/null | grep -o 'MZ: the file' | wc -l) = 1", p.folder, p.state);
    shell("test $(cat '%s'/* '%s'/quarantine/2*/content 2>/dev/null | grep -o 'not yours' | wc -l) = 1", p.folder, p.state);
    place_free(&p);
}

/* ---- states that only a kill in a race leaves, made by hand ---- */

/* An item as it is after S5: the placeholder at the name, something in the item. *content gets who that is to be for the record. */
static struct record begin_by_hand(const struct place *p, struct quarantine *store, int *item) {
    struct record r = {.state = STATE_INTENT, .size = strlen(words), .links = 1};
    struct error err = {0};
    struct fs_identity identity;
    struct handle folder, file;
    assert_true(item_new(store, r.id, item, &err));
    assert_true(fs_open(p->folder, &folder, &identity, &err));
    r.folder = (struct inode_id){identity.number, identity.birth_ns};
    r.folder_owner = identity.owner;
    assert_true(fs_open(p->path, &file, &identity, &err));
    r.file = (struct inode_id){identity.number, identity.birth_ns};
    assert_true(file_sha256((int)file.os, r.sha256, &err) && metadata_read((int)file.os, &r.metadata, &err));
    text_add(&r.path, p->path);
    text_add(&r.rule, "r");
    assert_true(placeholder_make(*item, ITEM_CONTENT, &r.placeholder, &err));
    assert_true(record_write(store, *item, &r, &err));
    fs_close(&folder);
    fs_close(&file);
    return r;
}

static void what_came_in_place_of_the_placeholder_goes_back(void **state) {
    (void)state;
    for (int taken = 0; taken < 2; taken++) { /* the name is free, or somebody has it by now */
        struct place p = place_new(false);
        struct quarantine *store;
        struct error err = {0};
        int item;
        assert_true(quarantine_open(p.state, true, &store, &err));
        struct record r = begin_by_hand(&p, store, &item);
        shell("mv '%s' '%s/quarantine/%s/content'; echo -n foreign >'%s/quarantine/%s/ph'", p.path, p.state, r.id, p.state, r.id);
        if (taken) {
            write_file(p.path, "newer");
        }
        record_free(&r);
        close(item);
        quarantine_close(store);
        assert_int_equal(held_whole(&p), 1);
        assert_true(holds(p.path, taken ? "newer" : "foreign"));
        shell("test $(cat '%s'/* | grep -o foreign | wc -l) = 1", p.folder);
        place_free(&p);
    }
}

/* A socket can't be opened, and is put back all the same. */
static void a_socket_that_came_goes_back(void **state) {
    (void)state;
    struct place p = place_new(false);
    struct quarantine *store;
    struct error err = {0};
    int item;
    assert_true(quarantine_open(p.state, true, &store, &err));
    struct record r = begin_by_hand(&p, store, &item);
    shell("cd '%s'; mv file.exe moved; mv '%s/quarantine/%s/content' file.exe; "
          "/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'; mv s '%s/quarantine/%s/content'",
          p.folder, p.state, r.id, p.state, r.id);
    record_free(&r);
    close(item);
    quarantine_close(store);
    assert_int_equal(held_whole(&p), 0);
    shell("test -S '%s'; grep -q put-back '%s/quarantine/events.jsonl'", p.path, p.state);
    place_free(&p);
}

static void a_store_that_a_list_opens_to_others_is_refused(void **state) {
    (void)state;
    struct place p = place_new(false);
    struct quarantine *store;
    struct error err = {0};
    char path[400];
    /* version 2; user::rwx, user:61001:---, group::---, mask::---, other::--- */
    static const uint8_t list[] = {2, 0, 0,   0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,   0,  0, 0x49, 0xee, 0,   0,   4,   0,
                                   0, 0, 255, 255, 255, 255, 16, 0, 0,   0,   255, 255, 255, 255, 32, 0, 0,    0,    255, 255, 255, 255};
    assert_true(quarantine_open(p.state, true, &store, &err));
    quarantine_close(store);
    snprintf(path, sizeof path, "%s/quarantine", p.state);
    if (setxattr(path, "system.posix_acl_access", list, sizeof list, 0) == 0) {
        assert_false(quarantine_open(p.state, true, &store, &err));
        assert_int_equal(err.kind, ERR_DENIED);
    } else {
        print_message("this file system has no access control lists\n");
    }
    place_free(&p);
}

/* ---- damage ---- */

static void damage_is_told(void **state) {
    (void)state;
    static const struct {
        const char *damage, *told;
    } cases[] = {
        {"chmod 600 %s/content; printf X | dd of=%s/content bs=1 conv=notrunc 2>/dev/null; chmod 400 %s/content", "not what was taken"},
        {"chmod 644 %s/content", "mode"},
        {"rm -f %s/content", "missing"},
        {"touch %s/odd", "odd"},
        {"touch %s/../left", "left"},
        {"sed -i 's/\"state\"/\"estate\"/' %s/record.json", "damaged"},
        {"sed -i '1s/taken/given/; 1s/banned/bonned/' %s/../events.jsonl; echo '{\"previous\":\"\"}' >>%s/../events.jsonl", "events.jsonl"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place p = place_new(false);
        struct error err = {0};
        char id[QUARANTINE_ID_SIZE], item[400], command[2000] = "";
        struct quarantine *store;
        struct text problems = {0};
        size_t n;
        assert_true(take(&p, id, &err));
        snprintf(item, sizeof item, "%s/quarantine/%s", p.state, id);
        snprintf(command, sizeof command, cases[i].damage, item, item, item);
        shell("%s", command);
        assert_true(quarantine_open(p.state, false, &store, &err));
        assert_true(quarantine_verify(store, &problems, &n, &err));
        if (problems.n == 0 || strstr(problems.p, cases[i].told) == NULL) {
            fail_msg("%s: %s", cases[i].told, text_c(&problems));
        }
        if (i == 0) { /* and what was changed does not come back by itself */
            assert_false(restore_in(store, id, &(struct restore_options){.no_allow = true}, &err));
            assert_true(restore_in(store, id, &(struct restore_options){.changed = true}, &err));
        }
        quarantine_close(store);
        text_free(&problems);
        place_free(&p);
    }
}

static void an_export_holds_all(void **state) {
    (void)state;
    struct place p = place_new(false);
    struct error err = {0};
    char id[QUARANTINE_ID_SIZE], file[300];
    struct quarantine *store;
    assert_true(take(&p, id, &err));
    snprintf(file, sizeof file, "%s/item.tar", p.state);
    assert_true(quarantine_open(p.state, false, &store, &err));
    assert_true(quarantine_export(store, id, file, &err));
    assert_false(quarantine_export(store, id, file, &err)); /* never over an existing file */
    quarantine_close(store);
    shell("cd '%s' && mkdir x && tar -xf item.tar -C x && cd x && sha256sum -c --quiet SHA256SUMS && grep -q '%s' record.json && grep -q "
          "taken events.jsonl",
          p.state, p.path);
    place_free(&p);
}

static void two_at_once_wait_for_each_other(void **state) {
    (void)state;
    struct place p = place_new(false);
    struct error err = {0};
    struct quarantine *store;
    assert_true(quarantine_open(p.state, true, &store, &err));
    pid_t child = fork();
    if (child == 0) {
        struct quarantine *second;
        struct error why = {0};
        quarantine_close(store); /* the fork has the lock too */
        _exit(quarantine_open(p.state, true, &second, &why) ? 0 : 1);
    }
    usleep(300000);
    quarantine_close(store);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    place_free(&p);
}

/* A number may be given again, a birth time may be anybody's; and what is not there is like nothing. */
static void an_inode_is_its_number_and_its_birth(void **state) {
    (void)state;
    assert_true(inode_same((struct inode_id){7, 100}, (struct inode_id){7, 100}));
    assert_false(inode_same((struct inode_id){7, 100}, (struct inode_id){8, 100}));
    assert_false(inode_same((struct inode_id){7, 100}, (struct inode_id){7, 101}));
    assert_false(inode_same((struct inode_id){0}, (struct inode_id){0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inode_is_its_number_and_its_birth),
        cmocka_unit_test(a_file_comes_back_as_it_went),
        cmocka_unit_test(it_comes_back_elsewhere_without_privileges),
        cmocka_unit_test(a_folder_that_was_replaced_is_refused),
        cmocka_unit_test(another_file_at_the_name_stays),
        cmocka_unit_test(content_that_changed_after_it_was_judged_stays),
        cmocka_unit_test(a_swapper_gains_nothing),
        cmocka_unit_test(what_came_in_place_of_the_placeholder_goes_back),
        cmocka_unit_test(a_socket_that_came_goes_back),
        cmocka_unit_test(a_store_that_a_list_opens_to_others_is_refused),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(an_export_holds_all),
        cmocka_unit_test(two_at_once_wait_for_each_other),
        cmocka_unit_test(nothing_is_lost_on_one_file_system),
        cmocka_unit_test(nothing_is_lost_across_file_systems),
        cmocka_unit_test(nothing_is_lost_on_the_way_back),
        cmocka_unit_test(a_purge_is_finished),
        cmocka_unit_test(a_recovery_can_be_killed_too),
    };
    struct error err;
    return crypto_init(&err) ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
