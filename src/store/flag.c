/* SPDX-License-Identifier: Apache-2.0 */
#include "store/flag.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <time.h>

#include "base/text.h"

#define MARK "user.certban"
enum { MARK_MAX = 1024 };

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
    json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s}", "v", 1, "finding", finding, "rule", rule, "policy", policy, "at", when, "sha256",
                          text_c(&hash));
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
    json_t *o = json_loads(mark, 0, NULL);
    bool ours = json_is_integer(json_object_get(o, "v")) && json_is_string(json_object_get(o, "finding"));
    json_decref(o);
    return !ours || fremovexattr((int)file.os, MARK) == 0 || errno == ENODATA || error_sys(err, errno, "can't take the flag off");
}
