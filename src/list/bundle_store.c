/* SPDX-License-Identifier: Apache-2.0 */
#include "list/bundle_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "list/files.h"
#include "list/policy_value.h"
#include "list/replace.h"

/* Clocks may differ by so much (seconds) before a bundle counts as issued in the future. */
enum { CLOCK_SKEW = 86400, NAME_SIZE = 160 };

/* One installation. */
struct store {
    const struct bundle_install *job;
    struct text path; /* of the folder "bundles" */
    int folder, lock;
    char name[NAME_SIZE], previous[NAME_SIZE], seen[NAME_SIZE], fresh[NAME_SIZE];
};

static void store_close(struct store *s) {
    if (s->lock >= 0) {
        close(s->lock);
    }
    if (s->folder >= 0) {
        close(s->folder);
    }
    text_free(&s->path);
}

static bool store_open(struct store *s, const struct bundle_install *job, struct error *err) {
    static const char *const none[] = {NULL};
    struct names names;
    *s = (struct store){.job = job, .folder = -1, .lock = -1};
    text_addf(&s->path, "%s/bundles", job->state);
    if (!text_ok(&s->path) || !folders_make(text_c(&s->path), err)) {
        return text_ok(&s->path) ? false : error_set(err, ERR_LIMIT, "no memory");
    }
    if (!folder_names(text_c(&s->path), FILE_TRUSTED, none, &names, err)) {
        return error_within(err, "%s", text_c(&s->path));
    }
    names_free(&names);
    s->folder = open(text_c(&s->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->lock = s->folder >= 0 ? openat(s->folder, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    if (s->lock < 0) {
        return error_sys(err, errno, "can't open %s", text_c(&s->path));
    }
    return flock(s->lock, LOCK_EX | LOCK_NB) == 0 || error_sys(err, errno, "another update is running in %s", text_c(&s->path));
}

static void set_names(struct store *s, const char *id) {
    snprintf(s->name, sizeof s->name, "%s.bundle", id);
    snprintf(s->previous, sizeof s->previous, "%s.bundle.previous", id);
    snprintf(s->seen, sizeof s->seen, "%s.seen", id);
    snprintf(s->fresh, sizeof s->fresh, "%s.new", id);
}

/* Reads a file of the folder whole; false without words when it is not there. */
static bool read_own(const struct store *s, const char *name, struct bytes *out, struct error *err) {
    struct text path = {0};
    error_clear(err);
    text_addf(&path, "%s/%s", text_c(&s->path), name);
    bool ok = text_ok(&path) && file_exists(text_c(&path)) &&
              (file_read(text_c(&path), FILE_TRUSTED, out, err) || error_within(err, "%s", text_c(&path)));
    text_free(&path);
    return ok;
}

/* The highest version that was installed; 0 when nothing was. A file that can't be read counts as none: the bundle itself tells, too. */
static uint64_t read_seen(const struct store *s) {
    struct bytes content;
    struct error err;
    uint64_t version = 0;
    if (read_own(s, s->seen, &content, &err)) {
        size_t n = content.n != 0 && content.p[content.n - 1] == '\n' ? content.n - 1 : content.n;
        if (!value_number(bytes_cut(content, 0, n), BUNDLE_VERSION_MAX, &version)) {
            version = 0;
        }
        file_forget(content);
    }
    return version;
}

static bool replace(const struct store *s, struct bytes content, const char *name, struct error *err) {
    const struct replaced file = {.folder = s->folder, .path = text_c(&s->path), .name = name, .fresh = s->fresh};
    return file_replace(&file, content, err);
}

/* A key that signed the installed bundle and is still trusted must have signed the new one, too: another feed's key can't take it over. */
static bool same_key(const struct bundle *installed, const struct bundle *fresh) {
    bool same = installed->n_signers == 0;
    for (size_t i = 0; i < installed->n_signers; i++) {
        for (size_t k = 0; k < fresh->n_signers; k++) {
            same = same || memcmp(installed->signers[i], fresh->signers[k], ED25519_ID_SIZE) == 0;
        }
    }
    return same;
}

static bool in_time(const struct bundle *fresh, int64_t now, struct error *err) {
    if (fresh->expires <= now) {
        return error_set(err, ERR_DENIED, "bundle %s version %llu has expired: an old one may be served again", fresh->id,
                         (unsigned long long)fresh->version);
    }
    return fresh->issued <= now + CLOCK_SKEW ||
           error_set(err, ERR_DENIED, "bundle %s version %llu is issued in the future: is the clock right?", fresh->id,
                     (unsigned long long)fresh->version);
}

/* Whether it may follow what was installed. */
static bool may_follow(const struct store *s, const struct bundle *installed, uint64_t seen, const struct bundle *fresh,
                       struct error *err) {
    uint64_t highest = installed != NULL && installed->version > seen ? installed->version : seen;
    if (fresh->version <= highest) {
        return error_set(err, ERR_DENIED, "version %llu of bundle %s does not rise above version %llu, which was installed before",
                         (unsigned long long)fresh->version, fresh->id, (unsigned long long)highest);
    }
    if (installed == NULL) {
        return true;
    }
    if (!same_key(installed, fresh)) {
        return error_set(err, ERR_DENIED, "bundle %s is not signed by the key of the installed one, which is still trusted", fresh->id);
    }
    for (size_t i = 0; i < fresh->n_policies; i++) {
        for (size_t k = 0; k < installed->n_policies; k++) {
            const struct policy *old = installed->policies[k], *new = fresh->policies[i];
            if (strcmp(old->id, new->id) == 0 && new->version < old->version) {
                return error_set(err, ERR_DENIED, "policy %s in it falls back from version %u to %u", new->id, old->version, new->version);
            }
        }
    }
    return s->job->may_shrink || fresh->n_rules * 2 >= installed->n_rules ||
           error_set(err, ERR_DENIED, "bundle %s has %zu rules where the installed one has %zu; --yes takes it", fresh->id, fresh->n_rules,
                     installed->n_rules);
}

/* Another bundle's policy of the same id would be replaced by a higher version: each id belongs to the bundle that brought it first. */
static bool ids_free(const struct store *s, const struct bundle *fresh, struct error *err) {
    static const char *const endings[] = {".bundle", NULL};
    struct names names;
    if (!folder_names(text_c(&s->path), FILE_TRUSTED, endings, &names, err)) {
        return error_within(err, "%s", text_c(&s->path));
    }
    bool ok = true;
    for (size_t i = 0; i < names.n && ok; i++) {
        struct bytes content;
        struct bundle other;
        struct error ignored;
        if (strcmp(names.all[i], s->name) == 0 || !read_own(s, names.all[i], &content, &ignored)) {
            continue;
        }
        if (bundle_read(content, names.all[i], NULL, &other, &ignored)) {
            for (size_t k = 0; k < other.n_policies * fresh->n_policies && ok; k++) {
                const char *id = fresh->policies[k / other.n_policies]->id;
                ok = strcmp(other.policies[k % other.n_policies]->id, id) != 0 ||
                     error_set(err, ERR_DENIED, "policy %s in it belongs to bundle %s", id, other.id);
            }
            bundle_free(&other);
        }
        file_forget(content);
    }
    names_free(&names);
    return ok;
}

/* The signers of an installed bundle, as far as their keys are still trusted; it need not have any. */
static bool read_installed(const struct store *s, struct bytes content, struct bundle *out) {
    struct error err;
    return bundle_read(content, s->name, s->job->keys, out, &err) || bundle_read(content, s->name, NULL, out, &err);
}

static bool put_in_place(const struct store *s, struct bytes content, const struct bundle *fresh, struct bytes installed,
                         struct error *err) {
    char version[32];
    snprintf(version, sizeof version, "%llu\n", (unsigned long long)fresh->version);
    return (installed.n == 0 || replace(s, installed, s->previous, err)) && replace(s, content, s->name, err) &&
           replace(s, bytes_text(version), s->seen, err);
}

static bool install(struct store *s, struct bytes content, const struct bundle *fresh, struct bundle_installed *out, struct error *err) {
    struct bytes old = bytes_none();
    struct bundle installed = {0};
    set_names(s, fresh->id);
    bool there = read_own(s, s->name, &old, err);
    if (!there && err->kind != ERR_NONE) {
        return false;
    }
    bool good = there && read_installed(s, old, &installed);
    bool current = there && bytes_equal(old, content);
    bool ok = current || (may_follow(s, good ? &installed : NULL, read_seen(s), fresh, err) && ids_free(s, fresh, err) &&
                          put_in_place(s, content, fresh, good ? old : bytes_none(), err));
    if (ok) {
        *out = (struct bundle_installed){.version = fresh->version,
                                         .before = good ? installed.version : 0,
                                         .expires = fresh->expires,
                                         .n_policies = fresh->n_policies,
                                         .n_rules = fresh->n_rules,
                                         .current = current};
        memcpy(out->id, fresh->id, sizeof out->id);
    }
    bundle_free(&installed);
    if (there) {
        file_forget(old);
    }
    return ok;
}

bool bundle_install(const struct bundle_install *job, struct bytes content, const char *origin, struct bundle_installed *out,
                    struct error *err) {
    struct bundle fresh;
    struct store s;
    if (!bundle_read(content, origin, job->keys, &fresh, err)) {
        return false;
    }
    bool ok = in_time(&fresh, job->now, err);
    if (ok) {
        ok = store_open(&s, job, err) && install(&s, content, &fresh, out, err);
        store_close(&s);
    }
    bundle_free(&fresh);
    return ok || error_within(err, "%s", origin);
}

static bool load_one(const char *path, struct bundle *out, struct error *err) {
    struct bytes content;
    if (!file_read(path, FILE_TRUSTED, &content, err)) {
        return error_within(err, "%s", path);
    }
    bool ok = bundle_read(content, path, NULL, out, err);
    file_forget(content);
    return ok;
}

static bool same_keys(const struct rule *a, const struct rule *b) {
    bool same = a->n_keys == b->n_keys && a->allow == b->allow && a->action == b->action;
    for (size_t i = 0; same && i < a->n_keys; i++) {
        const struct key *x = &a->keys[i], *y = &b->keys[i];
        same = x->kind == y->kind && x->role == y->role && bytes_equal(x->value, y->value) && bytes_equal(x->issuer, y->issuer) &&
               bytes_equal(x->issuer_common_name, y->issuer_common_name) && bytes_equal(x->organization, y->organization) &&
               bytes_equal(x->issuer_organization, y->issuer_organization);
    }
    return same;
}

/* The rules of the bundle before, by policy and id: a list of 100,000 is held against one as long. */
struct before {
    struct bundle bundle;
    const struct rule **rules;
    size_t n;
};

static int rule_order(const void *left, const void *right) {
    const struct rule *const *a = left, *const *b = right;
    int order = strcmp((*a)->policy->id, (*b)->policy->id);
    return order != 0 ? order : strcmp((*a)->id, (*b)->id);
}

/* Without it, or without memory, every rule counts as new. */
static void before_load(struct before *before, const char *path) {
    struct error ignored;
    if (load_one(path, &before->bundle, &ignored)) {
        before->rules = calloc(before->bundle.n_rules + 1, sizeof(void *));
    }
    for (size_t p = 0; before->rules != NULL && p < before->bundle.n_policies; p++) {
        const struct policy *policy = before->bundle.policies[p];
        for (size_t r = 0; r < policy->n_rules; r++) {
            before->rules[before->n++] = &policy->rules[r];
        }
    }
    if (before->rules != NULL) {
        qsort(before->rules, before->n, sizeof(void *), rule_order);
    }
}

static bool had_rule(const struct before *before, const struct rule *rule) {
    const struct rule *const *old = before->rules != NULL ? bsearch(&rule, before->rules, before->n, sizeof(void *), rule_order) : NULL;
    return old != NULL && same_keys(*old, rule);
}

static void mark_fresh(const char *path, const char *previous, int64_t now, struct bundle *bundle) {
    struct before before = {0};
    struct stat st;
    if (stat(path, &st) != 0 || st.st_mtime <= now - BUNDLE_FRESH) {
        return;
    }
    before_load(&before, previous);
    for (size_t p = 0; p < bundle->n_policies; p++) {
        struct policy *policy = bundle->policies[p];
        for (size_t r = 0; r < policy->n_rules; r++) {
            policy->rules[r].fresh = !had_rule(&before, &policy->rules[r]);
        }
    }
    free(before.rules);
    bundle_free(&before.bundle);
}

bool bundle_load(const char *path, int64_t now, struct bundle *out, struct error *fallback, struct error *err) {
    struct text previous = {0};
    struct error ignored;
    error_clear(fallback);
    text_addf(&previous, "%s.previous", path);
    if (load_one(path, out, err)) {
        mark_fresh(path, text_c(&previous), now, out);
        text_free(&previous);
        return true;
    }
    bool ok = text_ok(&previous) && load_one(text_c(&previous), out, &ignored);
    text_free(&previous);
    if (ok) {
        *fallback = *err;
        error_clear(err);
    }
    return ok;
}
