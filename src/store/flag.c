/* SPDX-License-Identifier: Apache-2.0 */
#include "store/flag.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define MARK "user.certban"
enum { MARK_MAX = 1024, WORD_MAX = 72 /* of a rule and a policy, so that the mark stays below 256 bytes */ };

static bool unsupported(int sys) {
    return sys == ENOTSUP || sys == EROFS || sys == ENOSPC || sys == EPERM || sys == ENOSYS;
}

/* The mark that is there; n 0 when there is none. */
static size_t read_mark(int fd, char mark[MARK_MAX]) {
    ssize_t n = fgetxattr(fd, MARK, mark, MARK_MAX - 1);
    mark[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static char *mark_text(const char *finding, const char *rule, const char *policy, int64_t at, const uint8_t *sha256) {
    struct text hash = {0};
    char when[32] = "";
    time_t t = (time_t)at;
    struct tm utc;
    if (gmtime_r(&t, &utc) != NULL) {
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    if (sha256 != NULL) {
        text_add_hex(&hash, bytes_make(sha256, 8));
    }
    char rule_cut[WORD_MAX + 1], policy_cut[WORD_MAX + 1];
    snprintf(rule_cut, sizeof rule_cut, "%s", rule); /* ids are of letters, digits, dots and dashes */
    snprintf(policy_cut, sizeof policy_cut, "%s", policy);
    json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s}", "v", 1, "finding", finding, "rule", rule_cut, "policy", policy_cut, "at", when,
                          "sha256", text_c(&hash));
    char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    text_free(&hash);
    return text;
}

/* Whether two marks say the same but for their time. */
static bool same_mark(const char *a, const char *b) {
    json_t *x = json_loads(a, 0, NULL), *y = json_loads(b, 0, NULL);
    bool same = json_is_object(x) && json_is_object(y);
    if (same) {
        json_object_del(x, "at");
        json_object_del(y, "at");
        same = json_equal(x, y) != 0;
    }
    json_decref(x);
    json_decref(y);
    return same;
}

/* Only what looks in all as flag_set writes it. */
static bool is_ours(const char *mark) {
    static const char *const words[] = {"finding", "rule", "policy", "at", "sha256"};
    json_t *o = json_loads(mark, 0, NULL);
    bool ours = json_object_size(o) == 1 + sizeof words / sizeof *words && json_integer_value(json_object_get(o, "v")) == 1;
    for (size_t i = 0; ours && i < sizeof words / sizeof *words; i++) {
        ours = json_is_string(json_object_get(o, words[i]));
    }
    json_decref(o);
    return ours;
}

bool flag_set(struct handle file, const char *finding, const char *rule, const char *policy, int64_t at, const uint8_t *sha256,
              struct error *err) {
    char before[MARK_MAX];
    char *mark = mark_text(finding, rule, policy, at, sha256);
    if (mark == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for a mark");
    }
    bool ok =
        (read_mark((int)file.os, before) != 0 && same_mark(before, mark)) || fsetxattr((int)file.os, MARK, mark, strlen(mark), 0) == 0;
    int sys = errno;
    free(mark);
    if (ok) {
        return true;
    }
    return unsupported(sys) ? error_set(err, ERR_UNSUPPORTED, "flag: unsupported here: %s", strerror(sys))
                            : error_sys(err, sys, "can't flag the file");
}

bool flag_clear(struct handle file, struct error *err) {
    char mark[MARK_MAX];
    if (read_mark((int)file.os, mark) == 0) {
        return true;
    }
    return !is_ours(mark) || fremovexattr((int)file.os, MARK) == 0 || errno == ENODATA || error_sys(err, errno, "can't take the flag off");
}

bool flag_keep(const char *state, struct bytes path, const char *finding, const char *rule, const char *policy, int64_t at,
               const uint8_t *sha256, struct error *err) {
    char *mark = mark_text(finding, rule, policy, at, sha256);
    json_t *o = mark != NULL ? json_loads(mark, 0, NULL) : NULL;
    struct text safe = {0};
    text_add_safe(&safe, path, 4096);
    char *line = o != NULL && json_object_set_new(o, "path", json_string(text_c(&safe))) == 0 ? json_dumps(o, JSON_COMPACT) : NULL;
    int folder = state != NULL && (mkdir(state, 0755) == 0 || errno == EEXIST) ? open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int fd = folder >= 0 ? openat(folder, "flags.jsonl", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    int sys = errno;
    bool ok = line != NULL || error_set(err, ERR_LIMIT, "no memory for a mark");
    if (ok) {
        size_t n = strlen(line);
        line[n] = '\n'; /* in place of the NUL: written with its length */
        ok = (fd >= 0 && write(fd, line, n + 1) == (ssize_t)n + 1) || error_sys(err, sys, "can't keep a mark in the state folder");
    }
    const int opened[] = {folder, fd};
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
        if (opened[i] >= 0) {
            close(opened[i]);
        }
    }
    text_free(&safe);
    json_decref(o);
    free(line);
    free(mark);
    return ok;
}
