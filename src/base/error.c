/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#undef error_set
#undef error_sys
#undef error_memory
#undef error_again
#undef error_within

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[ERR_KINDS] = {
    [ERR_NONE] = "none",       [ERR_MALFORMED] = "malformed", [ERR_LIMIT] = "limit",
    [ERR_IO] = "io",           [ERR_CHANGED] = "changed",     [ERR_UNSUPPORTED] = "unsupported",
    [ERR_CRASHED] = "crashed", [ERR_DENIED] = "denied",       [ERR_USAGE] = "usage",
};

const char *error_kind_name(enum error_kind kind) {
    return (unsigned)kind < ERR_KINDS ? kind_names[kind] : "none";
}

void error_clear(struct error *err) {
    if (err != NULL) {
        err->kind = ERR_NONE;
        err->sys = 0;
        err->limit = 0;
        err->text[0] = '\0';
    }
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->kind = kind;
    err->sys = 0;
    err->limit = 0;
    return false;
}

static enum error_kind kind_of_errno(int sys) {
    switch (sys) {
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return ERR_LIMIT;
    default:
        return ERR_IO;
    }
}

bool error_sys(struct error *err, int sys, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->text) {
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s",
                 strerrordesc_np(sys) != NULL ? strerrordesc_np(sys) : "unknown error");
    }
    err->kind = kind_of_errno(sys);
    err->sys = sys;
    err->limit = 0;
    return false;
}

bool error_memory(struct error *err, const char *what) {
    error_set(err, ERR_LIMIT, "no memory %s", what);
    if (err != NULL) {
        err->sys = ENOMEM;
    }
    return false;
}

bool error_again(struct error *err, const struct error *from) {
    if (err != NULL) {
        *err = *from;
    }
    return false;
}

bool error_within(struct error *err, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    char place[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(place, sizeof place, format, args);
    va_end(args);
    size_t n = strlen(place), have = strlen(err->text);
    if (n > sizeof err->text - 3) {
        n = sizeof err->text - 3;
    }
    size_t room = sizeof err->text - 1 - n - 2; /* what is left for the old text behind "place: " */
    if (have > room) {
        have = room;
    }
    memmove(err->text + n + 2, err->text, have);
    memcpy(err->text, place, n);
    memcpy(err->text + n, ": ", 2);
    err->text[n + 2 + have] = '\0';
    return false;
}
