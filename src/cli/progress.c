/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum { WIDTH_USUAL = 80 };

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct progress progress_make(const struct options *options) {
    enum { AUTO, ALWAYS, NEVER };
    size_t choice = options_choice(options, OPTION_PROGRESS, AUTO);
    bool terminal = isatty(STDERR_FILENO) == 1;
    bool wanted = choice == ALWAYS || (choice == AUTO && terminal && !options->given[OPTION_QUIET]);
    return (struct progress){.wanted = wanted, .terminal = terminal, .start_ns = now_ns()};
}

static size_t width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : WIDTH_USUAL;
}

static void add_walk(struct text *line, const struct progress *progress, const struct scan_progress *now) {
    double seconds = (double)(now_ns() - progress->start_ns) / 1e9;
    double rate = seconds > 0.01 ? (double)now->files / seconds : 0;
    text_addf(line, "%llu files, %.0f a second, ", (unsigned long long)now->files, rate);
    if (now->members != 0) {
        text_addf(line, "%llu members inside, ", (unsigned long long)now->members);
    }
    text_addf(line, "%llu found", (unsigned long long)now->hits);
    if (now->lost != 0) { /* no more than one a second is replaced: a run of which many die takes long */
        text_addf(line, ", %u readers died", now->lost);
    }
    text_add(line, "  ");
}

static void add_act(struct text *line, const struct scan_progress *now) {
    text_addf(line, "acting on file %llu of %llu", (unsigned long long)now->acted + 1, (unsigned long long)now->to_act);
    if (now->acting_size >> 20 != 0) {
        text_addf(line, " (%llu MiB)", (unsigned long long)now->acting_size >> 20);
    }
    text_add(line, "  ");
}

void progress_show(struct progress *progress, const struct scan_progress *now) {
    if (!progress->wanted) {
        return;
    }
    bool acts = now->to_act != 0;
    struct text line = {0};
    if (acts) {
        add_act(&line, now);
    } else {
        add_walk(&line, progress, now);
    }
    size_t room = width() - 1;
    if (line.n < room) { /* escaped bytes are as wide as they are long: the line never wraps */
        text_add_safe(&line, acts ? now->acting : now->folder, room - line.n > 12 ? room - line.n - 12 : 0);
    }
    if (progress->terminal) {
        fprintf(stderr, "\r\x1b[K%s", text_c(&line));
        fflush(stderr);
        progress->shown = true;
    } else {
        fprintf(stderr, "%s\n", text_c(&line));
    }
    text_free(&line);
}

void progress_clear(struct progress *progress) {
    if (progress->shown) {
        fputs("\r\x1b[K", stderr);
        fflush(stderr);
        progress->shown = false;
    }
}
