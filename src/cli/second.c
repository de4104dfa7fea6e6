/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/second.h"

#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/hex.h"
#include "cli/child.h"
#include "cli/report.h"
#include "cli/ui.h"

static const char tool[] = "osslsigncode";

/* The most signatures compared in one file, and the points of each. */
enum { VIEWS_MAX = SIGNATURES_MAX, POINTS_EACH = 4 };

/* A signature in the few words that both sides have. */
struct view {
    const char *part, *serial, *digest, *state, *time;
};

struct note {
    struct note *next;
    const char *path;
    struct view *views;
    size_t n;
};

struct second {
    struct arena arena;
    struct note *first, **last;
    bool failed;
};

struct second *second_new(void) {
    struct second *second = calloc(1, sizeof *second);
    if (second != NULL) {
        second->arena = arena_make((size_t)256 << 20);
        second->last = &second->first;
    }
    return second;
}

void second_free(struct second *second) {
    if (second != NULL) {
        arena_free(&second->arena);
        free(second);
    }
}

static const char *word(struct arena *arena, const char *s) {
    const char *copy = arena_printf(arena, "%s", s);
    return copy != NULL ? copy : "";
}

static const char *hex_word(struct arena *arena, struct bytes b) {
    char *hex = arena_alloc(arena, b.n * 2 + 1);
    if (hex == NULL) {
        return "";
    }
    hex_encode(b, hex);
    return hex;
}

static const char *time_word(struct arena *arena, int64_t seconds) {
    char time[UI_TIME_SIZE];
    ui_time(seconds, time);
    return word(arena, time);
}

static const char *without_zeros(const char *hex) {
    while (hex[0] == '0' && hex[1] != '\0') {
        hex++;
    }
    return hex;
}

void second_note(struct second *second, const struct scan_file *file) {
    const struct verdict *v = file->verdict;
    bool is_file = v->inside[0] == '\0' && v->format[0] != '\0' && strcmp(v->format, "app") != 0;
    struct note *note = is_file ? arena_alloc(&second->arena, sizeof *note) : NULL;
    struct bytes path;
    struct error err = {0};
    if (note == NULL || !arena_copy(&second->arena, file->path, &path, &err)) {
        return;
    }
    *note = (struct note){.path = (const char *)path.p, .views = arena_array(&second->arena, v->n_signatures, sizeof *note->views)};
    for (size_t i = 0; i < v->n_signatures && i < VIEWS_MAX && note->views != NULL; i++) {
        const struct signature_info *s = &v->signatures[i];
        note->views[note->n++] = (struct view){
            .part = word(&second->arena, s->part),
            .serial = s->has_signer ? word(&second->arena, s->signer.serial) : "",
            .digest = hex_word(&second->arena, s->claimed),
            .state = digest_state_name(s->digest),
            .time = s->n_timestamps != 0 ? time_word(&second->arena, s->timestamps[0].time) : "",
        };
    }
    *second->last = note;
    second->last = &note->next;
}

/* The value behind a label at the beginning of a line (blanks left out); NULL when the line is another one. */
static const char *after(const char *line, const char *label) {
    line += strspn(line, " \t");
    size_t n = strlen(label);
    if (strncmp(line, label, n) != 0) {
        return NULL;
    }
    line += n;
    line += strspn(line, " \t:");
    return line;
}

/* A word of hex digits, in our spelling: lower-case. */
static const char *cut_word(struct arena *arena, const char *value) {
    char *copy = arena_printf(arena, "%.*s", (int)strcspn(value, " \t\r\n"), value);
    for (char *c = copy; c != NULL && *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'F' ? *c - 'A' + 'a' : *c);
    }
    return copy != NULL ? copy : "";
}

/* "Jun  8 06:53:49 2022 GMT" */
static const char *their_time(struct arena *arena, const char *value) {
    struct tm tm = {0};
    return strptime(value, "%b %d %H:%M:%S %Y", &tm) != NULL ? time_word(arena, timegm(&tm)) : "";
}

/* What the program prints, in its order: a block for each signature, in it the two digests, the signer, then its time stamp. */
static size_t read_theirs(struct arena *arena, char *text, struct view *views, size_t room) {
    size_t n = 0;
    struct view *v = NULL;
    const char *current = "";
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *value;
        if (after(line, "Signature Index:") != NULL) {
            v = n < room ? &views[n++] : NULL;
            if (v != NULL) {
                *v = (struct view){.part = "", .serial = "", .digest = "", .state = "unchecked", .time = ""};
            }
        } else if (v == NULL) {
            continue;
        } else if ((value = after(line, "Current message digest")) != NULL || (value = after(line, "Current DigitalSignature")) != NULL) {
            current = v->digest = v->digest[0] == '\0' ? cut_word(arena, value) : v->digest;
        } else if ((value = after(line, "Calculated message digest")) != NULL ||
                   (value = after(line, "Calculated DigitalSignature")) != NULL) {
            v->state = strcasecmp(current, cut_word(arena, value)) == 0 ? "match" : "mismatch";
        } else if (v->serial[0] == '\0' && (value = after(line, "Serial :")) != NULL) {
            v->serial = cut_word(arena, value);
        } else if (v->time[0] == '\0' && (value = after(line, "Timestamp time:")) != NULL) {
            v->time = their_time(arena, value);
        }
    }
    return n;
}

static bool same_hex(const char *a, const char *b) {
    return strcasecmp(without_zeros(a), without_zeros(b)) == 0;
}

static size_t compare(const struct note *note, const struct view *theirs, size_t n_theirs, struct opinion_point *points) {
    static const struct view nothing = {"", "", "", "", ""};
    size_t n = 0;
    for (size_t i = 0; i < note->n || i < n_theirs; i++) {
        const struct view *a = i < note->n ? &note->views[i] : &nothing, *b = i < n_theirs ? &theirs[i] : &nothing;
        points[n++] = (struct opinion_point){a->part, "signer", a->serial, b->serial, same_hex(a->serial, b->serial)};
        points[n++] = (struct opinion_point){a->part, "digest", a->digest, b->digest, same_hex(a->digest, b->digest)};
        points[n++] = (struct opinion_point){a->part, "digest state", a->state, b->state, strcmp(a->state, b->state) == 0};
        points[n++] = (struct opinion_point){a->part, "time stamp", a->time, b->time, strcmp(a->time, b->time) == 0};
    }
    return n;
}

void second_report(struct second *second, struct report *report) {
    for (const struct note *note = second->first; note != NULL; note = note->next) {
        struct view theirs[VIEWS_MAX];
        struct opinion_point points[VIEWS_MAX * POINTS_EACH];
        struct opinion opinion = {.tool = tool, .problem = "", .points = points};
        struct text out = {0}, path = {0};
        struct error err = {0};
        int status;
        text_addf(&path, "%s%s", note->path[0] == '-' ? "./" : "", note->path);
        const char *const argv[] = {tool, "verify", "-in", text_c(&path), NULL};
        if (!child_run(argv, &out, &status, &err)) {
            opinion.problem = err.text;
        } else {
            size_t n = text_ok(&out) && out.p != NULL ? read_theirs(&second->arena, out.p, theirs, VIEWS_MAX) : 0;
            opinion.n = compare(note, theirs, n, points);
        }
        report->writer->opinion(report, bytes_text(note->path), &opinion);
        text_free(&out);
        text_free(&path);
    }
}
