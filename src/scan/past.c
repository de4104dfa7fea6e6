/* SPDX-License-Identifier: Apache-2.0 */
/* Reports line by line: they may be larger than memory. */
#include "scan/past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A longer line is none of certban's. */
enum { LINE_MAX_SIZE = 4 << 20, RECORD_MEMORY = 64 << 20 };

struct lines {
    int fd;
    uint8_t *p; /* LINE_MAX_SIZE bytes */
    size_t from, to;
    bool ended;
    int sys; /* errno when reading failed; 0 */
};

/* Reads on behind what is kept. */
static void fill(struct lines *lines) {
    memmove(lines->p, lines->p + lines->from, lines->to - lines->from);
    lines->to -= lines->from;
    lines->from = 0;
    ssize_t n;
    do {
        n = read(lines->fd, lines->p + lines->to, LINE_MAX_SIZE - lines->to);
    } while (n < 0 && errno == EINTR);
    lines->sys = n < 0 ? errno : 0;
    lines->ended = n <= 0;
    lines->to += n > 0 ? (size_t)n : 0;
}

/* The next line without its end; whole is false for what has none, or is too long: then it comes in pieces. False at the end. */
static bool next_line(struct lines *lines, struct bytes *line, bool *whole) {
    for (size_t looked = 0;;) {
        struct bytes left = bytes_make(lines->p + lines->from, lines->to - lines->from);
        const uint8_t *end = left.n > looked ? memchr(left.p + looked, '\n', left.n - looked) : NULL;
        if (end != NULL || lines->ended || left.n == LINE_MAX_SIZE) {
            size_t n = end != NULL ? (size_t)(end - left.p) : left.n;
            *line = bytes_cut(left, 0, n);
            *whole = end != NULL;
            lines->from += n + (end != NULL);
            return end != NULL || n != 0;
        }
        looked = left.n;
        fill(lines);
    }
}

static int open_regular(const char *path, struct error *err) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        error_set(err, ERR_IO, "%s: can't be read, or is no regular file", path);
        return -1;
    }
    return fd;
}

bool past_is_report(const char *path) {
    static const char *const begins[] = {"{\"type\":\"file\",\"path\":", "{\"type\":\"error\",\"",
                                         "{\"type\":\"summary\",\"files\":", "{\"type\":\"second-opinion\",\"path\":"};
    uint8_t head[64];
    int fd = open_regular(path, NULL);
    ssize_t n = fd >= 0 ? pread(fd, head, sizeof head, 0) : 0;
    bool is = false;
    for (size_t i = 0; n > 0 && i < sizeof begins / sizeof *begins; i++) {
        is = is || bytes_starts(bytes_make(head, (size_t)n), bytes_text(begins[i]));
    }
    if (fd >= 0) {
        close(fd);
    }
    return is;
}

/* A report while it is read. */
struct reading {
    const struct blocklist *list;
    struct scan_events *events;
    struct scan_summary *summary;
    struct past_gaps *gaps;
    uint64_t shown; /* clean files since the last summary */
    bool open;      /* records since the last summary */
    bool inside;    /* members of the file whose own record comes next */
};

static enum finding finding_of(const struct verdict *v) {
    enum finding finding = v->finding == FINDING_UNREADABLE ? FINDING_UNREADABLE : v->is_signed ? FINDING_CLEAN : FINDING_UNSIGNED;
    for (size_t i = 0; i < v->n_matches; i++) {
        const struct match_info *match = &v->matches[i];
        enum finding one = match->exempt ? FINDING_EXEMPT : match->proof == PROOF_PROVEN ? FINDING_BANNED : FINDING_LISTED;
        finding = one > finding ? one : finding;
    }
    return finding;
}

static void count(struct reading *r, const struct past_record *record) {
    const struct verdict *v = &record->verdict;
    bool unproven = false;
    for (size_t i = 0; i < v->n_signatures; i++) {
        const struct signature_info *s = &v->signatures[i];
        unproven = unproven || (s->has_signer && (s->signature == CHECK_NONE || (s->digest == CHECK_NONE && s->claimed.n != 0)));
    }
    r->gaps->bare += v->finding == FINDING_CLEAN && v->n_signatures == 0 && !r->inside; /* an archive is what its members are */
    r->inside = record->member;
    r->gaps->unproven += unproven;
    r->gaps->unhashed += !v->has_sha256;
    r->summary->finding[finding_of(v)]++;
    if (!record->member) {
        r->summary->files++;
        r->summary->is_signed += v->is_signed;
        r->shown += v->finding == FINDING_CLEAN;
    }
}

static bool take(struct reading *r, struct past_record *record, struct arena *arena, struct error *err) {
    r->open = record->kind != PAST_SUMMARY;
    if (record->kind == PAST_SUMMARY) {
        r->gaps->hidden += record->clean > r->shown ? record->clean - r->shown : 0;
        r->summary->complete = r->summary->complete && record->complete;
        r->shown = 0;
    }
    r->summary->errors += record->kind == PAST_ERROR;
    if (record->kind != PAST_FILE) {
        return true;
    }
    if (!past_match(r->list, record, arena, err)) {
        return false;
    }
    struct scan_file file = {.path = record->path, .verdict = &record->verdict, .action_id = "", .action_detail = ""};
    count(r, record);
    r->events->file(r->events, &file);
    return true;
}

static bool read_lines(struct lines *lines, struct reading *r, struct error *err) {
    struct arena arena = arena_make(RECORD_MEMORY);
    struct bytes line;
    bool whole, ok = true;
    while (ok && next_line(lines, &line, &whole)) {
        struct past_record record;
        struct error why = {0};
        if (whole && past_record_parse(line, &arena, &record, &why)) {
            ok = take(r, &record, &arena, err);
        } else {
            r->gaps->broken++;
            r->open = true;
        }
        arena_reset(&arena);
    }
    arena_free(&arena);
    return ok && (lines->sys == 0 || error_sys(err, lines->sys, "can't read it"));
}

bool past_run(const char *path, const struct blocklist *list, struct scan_events *events, struct scan_summary *summary,
              struct past_gaps *gaps, struct error *err) {
    struct reading r = {.list = list, .events = events, .summary = summary, .gaps = gaps, .open = true};
    struct lines lines = {.fd = open_regular(path, err), .p = malloc(LINE_MAX_SIZE)};
    bool ok = lines.fd >= 0 && (lines.p != NULL || error_set(err, ERR_LIMIT, "no memory to read a report"));
    ok = ok && (read_lines(&lines, &r, err) || error_within(err, "%s", path));
    gaps->cut += ok && r.open;
    summary->complete = summary->complete && !r.open;
    if (lines.fd >= 0) {
        close(lines.fd);
    }
    free(lines.p);
    return ok;
}
