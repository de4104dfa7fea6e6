/* SPDX-License-Identifier: Apache-2.0 */
/* allow.xml in the state folder: a policy of its own with a rule for each file that was restored, or the next scan would take it again. It
 * is replaced as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "store/inside.h"

enum { ALLOW_MAX = 16 << 20 };

static void add_escaped(struct text *out, const char *s) {
    struct text safe = {0};
    text_add_safe(&safe, bytes_text(s), 400);
    for (const char *p = text_c(&safe); *p != '\0'; p++) {
        switch (*p) {
        case '&':
            text_add(out, "&amp;");
            break;
        case '<':
            text_add(out, "&lt;");
            break;
        case '>':
            text_add(out, "&gt;");
            break;
        default:
            text_add_char(out, *p);
        }
    }
    text_free(&safe);
}

/* The file's name as a glob: what a glob or XML takes for its own, or is no UTF-8, becomes "any byte". */
static void add_glob(struct text *out, const char *name) {
    const struct bytes all = bytes_text(name);
    for (struct bytes left = all; left.n != 0;) {
        size_t n;
        uint32_t c = utf8_next(left, &n);
        bool trimmed = c == ' ' && (left.n == all.n || left.n == 1); /* a space at an end of a policy's text is no part of it */
        if (trimmed || c < 0x20 || c == UINT32_MAX || c >= 0xfffe || text_unsafe(c) || strchr("*?<>&", (int)(c < 0x80 ? c : 'a')) != NULL) {
            for (size_t i = 0; i < n; i++) {
                text_add_char(out, '?');
            }
        } else {
            text_add_bytes(out, bytes_cut(left, 0, n));
        }
        left = bytes_cut(left, n, left.n);
    }
}

/* The rule names the bytes and the file's name, no folder: it holds where the file is moved to, and a changed file, or the same one
 * under another name, is judged anew. */
static void add_rule(struct text *out, const struct record *record, const char *name, const char *reason) {
    char when[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    const struct passwd *user = getpwuid(getuid());
    if (gmtime_r(&now, &utc) != NULL) {
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    text_addf(out, "  <allow id=\"restored-%s\"><file><sha256>", record->id);
    text_add_hex(out, bytes_make(record->sha256, sizeof record->sha256));
    text_add(out, "</sha256></file>");
    if (name != NULL) {
        text_add(out, "<only><path>");
        add_glob(out, name);
        text_add(out, "</path></only>");
    }
    text_add(out, "<reason>restored by ");
    add_escaped(out, user != NULL ? user->pw_name : "somebody");
    text_addf(out, " at %s%s", when, reason != NULL ? ": " : "");
    add_escaped(out, reason != NULL ? reason : "");
    text_add(out, "</reason></allow>\n");
}

static bool read_allow(int state, struct text *out, struct error *err) {
    int fd = openat(state, "allow.xml", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || error_sys(err, errno, "can't read allow.xml");
    }
    char block[4096];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0 && out->n <= ALLOW_MAX) {
        text_add_bytes(out, bytes_make(block, (size_t)n));
    }
    int sys = errno;
    close(fd);
    return n == 0 ? text_ok(out) || error_set(err, ERR_LIMIT, "no memory for allow.xml") : error_sys(err, sys, "can't read allow.xml");
}

bool allow_set(const struct quarantine *store, const struct record *record, bool allow, const char *name, const char *reason,
               struct error *err) {
    static const char head[] = "<policy xmlns=\"urn:certban:policy:1\" id=\"restored\" version=\"1\" issued=\"2023-03-29\">\n"
                               "  <title>Files that were restored from the quarantine</title>\n",
                      tail[] = "</policy>\n";
    struct text old = {0}, new = {0};
    char mark[64];
    int state = open(text_c(&store->state), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = state >= 0 || error_sys(err, errno, "can't open the state folder");
    ok = ok && read_allow(state, &old, err);
    struct bytes text = bytes_make(text_c(&old), old.n);
    size_t end = bytes_find(text, bytes_text("</policy>"), 0);
    snprintf(mark, sizeof mark, "  <allow id=\"restored-%s\"", record->id);
    size_t rule = bytes_find(text, bytes_text(mark), 0), rule_end = rule;
    if (rule < end) {
        rule_end = bytes_find(text, bytes_text("</allow>\n"), rule);
        rule_end = rule_end < end ? rule_end + strlen("</allow>\n") : end;
    }
    if (ok && old.n != 0 && end == text.n) {
        ok = error_set(err, ERR_MALFORMED, "allow.xml in the state folder is no policy; mend or remove it");
    }
    if (ok && (allow || rule < end)) {
        text_add_bytes(&new, old.n != 0 ? bytes_cut(text, 0, rule < end ? rule : end) : bytes_text(head));
        text_add_bytes(&new, rule < end ? bytes_cut(text, rule_end, end - rule_end) : bytes_none());
        if (allow) {
            add_rule(&new, record, name, reason);
        }
        text_add(&new, tail);
        int fd = openat(state, "allow.xml.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        ok = text_ok(&new) && fd >= 0 && write(fd, new.p, new.n) == (ssize_t) new.n &&fsync(fd) == 0 &&
             renameat(state, "allow.xml.new", state, "allow.xml") == 0 && fsync(state) == 0;
        ok = ok || error_sys(err, errno, "can't write allow.xml");
        if (fd >= 0) {
            close(fd);
        }
    }
    if (state >= 0) {
        close(state);
    }
    text_free(&old);
    text_free(&new);
    return ok;
}
