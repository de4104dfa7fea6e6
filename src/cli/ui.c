/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SAY_MAX = 2000 };

void ui_say(const char *format, ...) {
    char words[SAY_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    struct text line = {0};
    text_add(&line, "certban: ");
    text_add_safe(&line, bytes_text(words), SAY_MAX);
    text_add_char(&line, '\n');
    fflush(stdout);
    fputs(text_c(&line), stderr);
    text_free(&line);
}

void ui_error(const char *what, const struct error *err) {
    if (what[0] != '\0') {
        ui_say("%s: %s", what, err->text);
    } else {
        ui_say("%s", err->text);
    }
}

/* Whether nobody reads the other end any more, as after "| head". */
static bool reader_left(FILE *stream) {
    struct pollfd fd = {.fd = fileno(stream), .events = POLLOUT};
    return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLERR | POLLNVAL)) == POLLERR;
}

int ui_finish(int status) {
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && !reader_left(stdout)) {
        ui_say("can't write the report: %s", strerror(errno));
        return STATUS_NOT_EXAMINED;
    }
    return status;
}

bool ui_color(const struct options *options, FILE *stream) {
    static const enum { AUTO, ALWAYS, NEVER } wanted[] = {AUTO, ALWAYS, NEVER};
    switch (wanted[options_choice(options, OPTION_COLOR, AUTO)]) {
    case ALWAYS:
        return true;
    case NEVER:
        return false;
    default:
        break;
    }
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0 && isatty(fileno(stream));
}

bool ui_json(const struct options *options) {
    const char *format = options->given[OPTION_FORMAT] ? options->word[OPTION_FORMAT] : "text";
    return options->given[OPTION_JSON] || strcmp(format, "json") == 0;
}

void ui_time(int64_t seconds, char out[UI_TIME_SIZE]) {
    time_t t = (time_t)seconds;
    struct tm tm;
    out[0] = '\0';
    if (seconds != INT64_MIN && gmtime_r(&t, &tm) != NULL && tm.tm_year >= -1900 && tm.tm_year < 8100) {
        strftime(out, UI_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
}

bool ui_state(const struct options *options, struct text *out, struct error *err) {
    const char *given = options->given[OPTION_STATE] ? options->word[OPTION_STATE] : getenv("CERTBAN_STATE");
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (given != NULL && given[0] != '\0') {
        text_add(out, given);
    } else if (geteuid() == 0) {
        text_add(out, "/var/lib/certban");
    } else if (state != NULL && state[0] == '/') {
        text_addf(out, "%s/certban", state);
    } else if (home != NULL && home[0] == '/') {
        text_addf(out, "%s/.local/state/certban", home);
    } else {
        return error_set(err, ERR_USAGE, "no folder for the state: set CERTBAN_STATE or HOME, or give --state DIR");
    }
    return text_ok(out) ? true : error_set(err, ERR_LIMIT, "no memory");
}

void ui_etc(const char *name, struct text *out) {
    const char *etc = getenv("CERTBAN_ETC");
    text_addf(out, "%s/%s", etc != NULL && etc[0] != '\0' ? etc : "/etc/certban", name);
}

/* The report that is being written, and by whom: a run that is stopped must not leave it behind. */
static volatile sig_atomic_t unfinished_by;
static const char *volatile unfinished;

static void on_stop(int number) {
    if (unfinished_by == getpid()) {
        unlink(unfinished);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void remember(const char *temporary) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    unfinished = temporary;
    unfinished_by = temporary != NULL ? getpid() : 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction was;
        if (sigaction(numbers[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN) { /* as nohup wants it */
            signal(numbers[i], temporary != NULL ? on_stop : SIG_DFL);
        }
    }
}

bool output_open(const struct options *options, struct output *out, struct error *err) {
    *out = (struct output){.stream = stdout};
    const char *path = options->word[OPTION_OUTPUT];
    if (path == NULL || strcmp(path, "-") == 0) {
        return true;
    }
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && !S_ISREG(st.st_mode)) { /* /dev/null must stay what it is */
        out->stream = fopen(path, "we");
        return out->stream != NULL || error_sys(err, errno, "can't open the output %s", path);
    }
    struct text temporary = {0};
    text_addf(&temporary, "%s.XXXXXX", path);
    out->path = strdup(path);
    out->temporary = text_ok(&temporary) ? temporary.p : NULL;
    int fd = out->path != NULL && out->temporary != NULL ? mkostemp(out->temporary, O_CLOEXEC) : -1;
    mode_t mask = umask(0); /* mkostemp's file is ours alone; the report may be read by whom any new or the old file could be */
    umask(mask);
    bool ready = fd >= 0 && fchmod(fd, exists ? st.st_mode & 0777 : 0666 & ~mask) == 0;
    out->stream = ready ? fdopen(fd, "w") : NULL;
    if (out->stream == NULL) {
        error_sys(err, errno, "can't make the output file %s", path);
        if (fd >= 0) {
            unlink(out->temporary);
            close(fd);
        }
        free(out->path);
        free(out->temporary);
        *out = (struct output){0};
        return false;
    }
    remember(out->temporary);
    return true;
}

bool output_finish(struct output *out, bool keep, struct error *err) {
    bool ok = (fflush(out->stream) == 0 && ferror(out->stream) == 0) || (out->stream == stdout && reader_left(stdout));
    int sys = errno;
    if (out->path != NULL) {
        ok = ok && fsync(fileno(out->stream)) == 0;
        sys = ok ? 0 : errno;
        ok = fclose(out->stream) == 0 && ok;
        if (!keep || !ok || rename(out->temporary, out->path) != 0) {
            sys = sys != 0 ? sys : errno;
            ok = ok && !keep;
            unlink(out->temporary);
        }
        remember(NULL);
    } else if (out->stream != stdout) {
        ok = fclose(out->stream) == 0 && ok;
    }
    if (!ok && out->stream == stdout) { /* said once */
        __fpurge(stdout);
        clearerr(stdout);
    }
    if (!ok) {
        error_sys(err, sys, "can't write the report%s%s", out->path != NULL ? " to " : "", out->path != NULL ? out->path : "");
    }
    free(out->path);
    free(out->temporary);
    *out = (struct output){0};
    return ok;
}
