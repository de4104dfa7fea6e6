/* SPDX-License-Identifier: Apache-2.0 */
#include "list/crl_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "list/files.h"
#include "list/replace.h"
#include "list/revocations_inside.h"

enum {
    DUE_SECONDS = 7 * 86400, /* nobody signed for its next update before it is used, so that it is not believed for ever */
    SKEW_SECONDS = 86400,    /* clocks differ */
    HOST_SHOWN = 100,
    HASH_SHOWN = 8,
};

/* What a file says: of the first list in it, and how many entries all have. */
struct facts {
    int64_t this_update, next_update;
    size_t entries;
};

void crl_cached_free(struct crl_cached *cached) {
    text_free(&cached->path);
    text_free(&cached->who);
}

/* "crl.example.com-0123456789abcdef.crl": whose it is, and the address as a number. */
static bool name_of(const char *url, struct text *out) {
    uint8_t hash[HASH_SIZE_MAX];
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    for (size_t i = 0; i < HOST_SHOWN && host[i] != '\0' && strchr("/:?#@", host[i]) == NULL; i++) {
        bool plain =
            (host[i] >= 'a' && host[i] <= 'z') || (host[i] >= '0' && host[i] <= '9') || (host[i] == '.' && i != 0) || host[i] == '-';
        text_add_char(out, plain ? host[i] : '_');
    }
    bool hashed = digest_bytes(HASH_SHA256, bytes_text(url), hash, NULL);
    text_add_char(out, '-');
    text_add_hex(out, bytes_make(hash, hashed ? HASH_SHOWN : 0));
    text_add(out, ".crl");
    return hashed && text_ok(out);
}

/* Keeps the last words that were said. */
struct words {
    struct revocations_listener listener; /* first: the set is heard by it */
    struct text last;
};

static void heard(struct revocations_listener *listener, const char *said) {
    struct words *words = (struct words *)(void *)listener;
    text_clear(&words->last);
    text_add(&words->last, said);
}

/* Reads content, which is taken over, as a file of lists. */
static bool read_facts(struct bytes content, const char *name, int64_t now, struct facts *out, struct text *who, struct error *err) {
    struct words words = {.listener = {.odd = heard}};
    struct revocations *set = revocations_new(now);
    if (set == NULL) {
        file_forget(content);
        return error_set(err, ERR_LIMIT, "no memory for a revocation list");
    }
    bool ok = revocations_read(set, name, content, &words.listener, err);
    const struct revocation_list *list = ok ? revocations_list(set, 0) : NULL;
    if (list != NULL) {
        *out = (struct facts){list->crl.this_update, list->crl.next_update, revocations_count(set)};
        text_add(who, list->who);
    } else if (ok) {
        ok = error_set(err, ERR_MALFORMED, "%s", words.last.n != 0 ? text_c(&words.last) : "holds no revocation list");
    }
    text_free(&words.last);
    revocations_free(set);
    return ok;
}

/* The file that is there, and since when; false when there is none or it is no list. */
static bool read_cached(const struct crl_cache *cache, const char *path, struct facts *out, int64_t *since, struct text *who) {
    struct bytes content;
    struct stat st;
    if (stat(path, &st) != 0 || !file_read(path, FILE_ANYBODYS, &content, NULL)) {
        return false;
    }
    *since = (int64_t)st.st_mtime;
    return read_facts(content, path, cache->now, out, who, NULL);
}

static bool is_due(const struct crl_cache *cache, const struct facts *facts, int64_t since) {
    return facts->next_update == INT64_MAX || facts->next_update <= cache->now || since > cache->now + SKEW_SECONDS ||
           cache->now - since >= DUE_SECONDS;
}

static bool put(const struct crl_cache *cache, const char *name, struct bytes content, struct error *err) {
    struct text fresh = {0};
    text_addf(&fresh, ".%s.%ld", name, (long)getpid());
    int folder = folders_make(cache->folder, err) ? open(cache->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -2;
    bool ok = folder >= 0 || (folder == -1 && error_sys(err, errno, "can't open the folder %s", cache->folder));
    const struct replaced file = {.folder = folder, .path = cache->folder, .name = name, .fresh = text_c(&fresh)};
    ok = ok && (text_ok(&fresh) ? file_replace(&file, content, err) : error_set(err, ERR_LIMIT, "no memory"));
    if (folder >= 0) {
        close(folder);
    }
    text_free(&fresh);
    return ok;
}

static bool copy_of(struct bytes content, struct bytes *out) {
    uint8_t *copy = malloc(content.n + 1);
    if (copy != NULL) {
        memcpy(copy, content.p, content.n);
        *out = bytes_make(copy, content.n);
    }
    return copy != NULL;
}

/* Gets it, and puts it in place if it is a list and no older than the one that is there. */
static bool renew(const struct crl_cache *cache, const char *url, const char *name, const struct facts *old, struct crl_cached *out,
                  struct error *err) {
    struct bytes content, copy;
    struct facts facts;
    struct text who = {0};
    if (!fetch_get(url, &cache->rules, &content, err)) {
        return false;
    }
    bool ok = copy_of(content, &copy) || error_set(err, ERR_LIMIT, "no memory for a revocation list");
    ok = ok && read_facts(copy, url, cache->now, &facts, &who, err);
    ok = ok && (facts.this_update <= cache->now + SKEW_SECONDS || error_set(err, ERR_MALFORMED, "%s: is a list of the future", url));
    bool newer = ok && (old == NULL || facts.this_update >= old->this_update);
    if (newer && (ok = put(cache, name, content, err))) {
        out->state = CACHED_FETCHED;
        out->next_update = facts.next_update;
        out->entries = facts.entries;
        text_clear(&out->who);
        text_add(&out->who, text_c(&who));
    }
    text_free(&who);
    file_forget(content);
    return ok;
}

bool crl_cache_get(const struct crl_cache *cache, const char *url, struct crl_cached *out, struct error *err) {
    struct text name = {0};
    struct facts old = {0};
    int64_t since = 0;
    *out = (struct crl_cached){.state = CACHED_CURRENT};
    bool ok = name_of(url, &name) || error_set(err, ERR_LIMIT, "no memory for a name");
    text_addf(&out->path, "%s/%s", cache->folder, text_c(&name));
    bool have = ok && read_cached(cache, text_c(&out->path), &old, &since, &out->who);
    out->next_update = old.next_update;
    out->entries = old.entries;
    if (ok && (!have || is_due(cache, &old, since))) {
        ok = renew(cache, url, text_c(&name), have ? &old : NULL, out, err);
    }
    text_free(&name);
    if (!ok) {
        crl_cached_free(out);
    }
    return ok;
}
