/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/json.h"
#include "cli/online.h"
#include "cli/progress.h"
#include "cli/require.h"
#include "cli/second.h"
#include "cli/ui.h"

/* The paths of a run: the arguments, then those of --files-from. */
struct paths {
    const char **all;
    size_t n;
    char *text; /* what was read; the later paths point into it */
};

static bool read_list(const char *name, char end, struct paths *paths, struct error *err) {
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    if (file == NULL) {
        return error_sys(err, errno, "can't open the list of paths %s", name);
    }
    struct text text = {0};
    char block[65536];
    for (size_t n; (n = fread(block, 1, sizeof block, file)) != 0;) {
        text_add_bytes(&text, bytes_make(block, n));
    }
    bool ok = !ferror(file) || error_sys(err, errno, "can't read the list of paths %s", name);
    ok = ok && (text_ok(&text) || error_set(err, ERR_LIMIT, "the list of paths %s does not fit into memory", name));
    if (file != stdin) {
        fclose(file);
    }
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++) {
        lines += text.p[i] == end;
    }
    const char **all = ok ? realloc(paths->all, (paths->n + lines + 1) * sizeof *all) : NULL;
    if (all == NULL) {
        text_free(&text);
        return ok ? error_set(err, ERR_LIMIT, "no memory for the list of paths") : false;
    }
    paths->all = all;
    paths->text = text.p;
    for (size_t i = 0, start = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != end) {
            continue;
        }
        if (i < text.n) {
            text.p[i] = '\0';
        }
        if (i > start) { /* - in a list is a file of that name */
            paths->all[paths->n++] = strcmp(text.p + start, "-") != 0 ? text.p + start : "./-";
        }
        start = i + 1;
    }
    return true;
}

static bool take_paths(const struct options *options, struct paths *paths, struct error *err) {
    paths->all = calloc(options->n_args + 1, sizeof *paths->all);
    if (paths->all == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the paths");
    }
    memcpy(paths->all, options->args, options->n_args * sizeof *paths->all);
    paths->n = options->n_args;
    const char *list = options->word[OPTION_FILES_FROM];
    return list == NULL || read_list(list, options->given[OPTION_NULL_SEPARATED] ? '\0' : '\n', paths, err);
}

/* A report never takes the place of what it is about. */
static bool output_is_apart(const struct options *options, const struct paths *paths, struct error *err) {
    const char *name = options->word[OPTION_OUTPUT];
    struct stat report, st;
    if (name == NULL || stat(name, &report) != 0 || !S_ISREG(report.st_mode)) {
        return true;
    }
    for (size_t i = 0; i < paths->n; i++) {
        if (stat(paths->all[i], &st) == 0 && st.st_dev == report.st_dev && st.st_ino == report.st_ino) {
            return error_set(err, ERR_USAGE, "--output %s is a file to examine: the report would take its place", name);
        }
    }
    return true;
}

/* The run's events go to the report; the progress line makes way for them. */
struct sink {
    struct scan_events events;
    struct report report;
    struct progress progress;
    struct second *second; /* NULL: no second opinion is wanted */
    struct online *online; /* NULL: nobody is asked */
    struct require require;
};

/* What the gate demands of this file, which is what the user named and no member of it. */
static void require_of(struct sink *sink, const struct scan_file *file, struct text *why) {
    sink->report.refusal = NULL;
    if (file->verdict->inside[0] == '\0' && !require_met(&sink->require, file->verdict, why)) {
        sink->report.refusal = text_c(why);
        sink->report.refused++;
    }
}

static void on_file(struct scan_events *events, const struct scan_file *file) {
    struct sink *sink = (struct sink *)events;
    struct text why = {0};
    progress_clear(&sink->progress);
    require_of(sink, file, &why);
    if (sink->online != NULL) {
        online_ask(sink->online, file);
    }
    sink->report.writer->file(&sink->report, file);
    sink->report.refusal = NULL;
    text_free(&why);
    if (sink->second != NULL) {
        second_note(sink->second, file);
    }
}

static void on_error(struct scan_events *events, struct bytes path, const struct error *error) {
    struct sink *sink = (struct sink *)events;
    progress_clear(&sink->progress);
    sink->report.writer->error(&sink->report, path, error);
}

static void on_brake(struct scan_events *events, const struct scan_brake *brake) {
    struct sink *sink = (struct sink *)events;
    progress_clear(&sink->progress);
    if (sink->report.writer->brake != NULL) {
        sink->report.writer->brake(&sink->report, brake);
    }
}

static void on_progress(struct scan_events *events, const struct scan_progress *now) {
    struct sink *sink = (struct sink *)events;
    progress_show(&sink->progress, now);
}

static struct quarantine_limits store_limits(const struct options *o) {
    struct quarantine_limits limits = QUARANTINE_LIMITS;
    limits.bytes = o->given[OPTION_MAX_STORE] ? o->number[OPTION_MAX_STORE] : limits.bytes;
    limits.items = o->given[OPTION_MAX_ITEMS] ? o->number[OPTION_MAX_ITEMS] : limits.items;
    limits.free_percent = o->given[OPTION_MIN_FREE] ? (unsigned)o->number[OPTION_MIN_FREE] : limits.free_percent;
    return limits;
}

static struct scan_options scan_options(const struct run *run, const struct options *o, const struct policies *policies,
                                        const struct paths *paths, const char *state) {
    return (struct scan_options){
        .examiner = {.list = policies->list,
                     .verify = run->verify || o->given[OPTION_VERIFY],
                     .describe = run->describe || o->given[OPTION_ALL],
                     .thorough = o->given[OPTION_THOROUGH],
                     .search = run->search,
                     .members = !o->given[OPTION_NO_MEMBERS],
                     .certificates = o->given[OPTION_ONLINE],
                     .anchor_files = o->words[OPTION_ANCHORS],
                     .n_anchor_files = o->n_words[OPTION_ANCHORS]},
        .paths = paths->all,
        .n_paths = paths->n,
        .walk = run->walk,
        .cross_filesystems = o->given[OPTION_CROSS_FILESYSTEMS],
        .include = o->words[OPTION_INCLUDE],
        .n_include = o->n_words[OPTION_INCLUDE],
        .exclude = o->words[OPTION_EXCLUDE],
        .n_exclude = o->n_words[OPTION_EXCLUDE],
        .catalogs = o->words[OPTION_CATALOGS],
        .n_catalogs = o->n_words[OPTION_CATALOGS],
        .jobs = (unsigned)o->number[OPTION_JOBS],
        .sandbox = !o->given[OPTION_NO_SANDBOX],
        .action = (enum action)options_choice(o, OPTION_ACTION, ACTION_REPORT),
        .dry_run = o->given[OPTION_DRY_RUN],
        .state = state,
        .clear_immutable = o->given[OPTION_CLEAR_IMMUTABLE],
        .find_links = o->given[OPTION_FIND_LINKS],
        .kill = o->given[OPTION_KILL],
        .with_application = o->given[OPTION_WITH_APPLICATION],
        .own = &o->word[OPTION_CONFIG],
        .n_own = o->word[OPTION_CONFIG] != NULL,
        .lossy = o->given[OPTION_LOSSY],
        .no_plain_copy = o->given[OPTION_NO_PLAIN_COPY],
        .store = store_limits(o),
        .packages = o->given[OPTION_PACKAGES],
        .confirm = o->words[OPTION_CONFIRM_MASS],
        .n_confirm = o->n_words[OPTION_CONFIRM_MASS],
    };
}

const struct helper_programs *run_helpers(struct helper_programs *out, const struct options *options) {
    const char *folder = options->word[OPTION_HELPERS];
    helper_find(out, folder);
    return folder != NULL && strcmp(folder, "none") == 0 ? NULL : out;
}

/* Whether the options say more than how the report is to look. */
static bool narrowed(const struct options *options) {
    static const enum option_id looks[] = {OPTION_JSON,  OPTION_FORMAT,   OPTION_OUTPUT,    OPTION_ACTION, OPTION_ALL,  OPTION_QUIET,
                                           OPTION_COLOR, OPTION_PROGRESS, OPTION_EXIT_ZERO, OPTION_STRICT, OPTION_JOBS, OPTION_VERIFY};
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        bool look = !options->given[i];
        for (size_t j = 0; j < sizeof looks / sizeof *looks; j++) {
            look = look || i == looks[j];
        }
        if (!look) {
            return true;
        }
    }
    return false;
}

/* --confirm-mass RULE=N: a word without its number would silently confirm nothing. */
static bool confirms_are_whole(const struct options *options, struct error *err) {
    for (size_t i = 0; i < options->n_words[OPTION_CONFIRM_MASS]; i++) {
        const char *word = options->words[OPTION_CONFIRM_MASS][i], *equals = strrchr(word, '=');
        if (equals == NULL || equals == word || equals[1] == '\0' || equals[1 + strspn(equals + 1, "0123456789")] != '\0') {
            return error_set(err, ERR_USAGE, "--confirm-mass takes RULE=N, not \"%s\"", word);
        }
    }
    return true;
}

static const struct report_writer *writer_of(const struct run *run, const struct options *options) {
    const struct report_writer *writer = report_writer_find(options->given[OPTION_FORMAT] ? options->word[OPTION_FORMAT] : "text");
    if (ui_json(options)) {
        return &report_json;
    }
    return writer == &report_text && run->people != NULL ? run->people : writer;
}

/* The part between an opened output and a summary. False when the run could not be made; err says why. */
static bool run_report(struct sink *sink, const struct scan_options *scan, struct scan_summary *summary, struct error *err) {
    struct report *report = &sink->report;
    bool ok = (report->writer->start == NULL || report->writer->start(report)) || error_set(err, ERR_LIMIT, "no memory for the report");
    ok = ok && scan_run(scan, &sink->events, summary, err);
    progress_clear(&sink->progress);
    if (ok && sink->second != NULL && report->writer->opinion != NULL) {
        second_report(sink->second, report);
    }
    if (ok && report->writer->end != NULL) {
        report->writer->end(report, summary);
    }
    if (report->writer->close != NULL) {
        report->writer->close(report);
    }
    return ok && (!report->failed || error_set(err, ERR_LIMIT, "no memory for the report: something is missing in it"));
}

/* Why nothing was examined: for people on standard error, for programs in the report's own shape as well. */
static int refuse(const struct options *options, const struct error *err) {
    ui_error("", err);
    if (ui_json(options) && !options->given[OPTION_OUTPUT]) {
        json_print(json_error(bytes_none(), err), stdout);
    }
    return ui_finish(STATUS_NOT_EXAMINED);
}

static int run_with(const struct run *run, const struct options *options, const struct policies *policies, const struct paths *paths,
                    const char *state) {
    struct error err = {0};
    struct output output;
    struct require require;
    struct limits limits;
    if (!require_make(options, &require, &err) || !options_limits(options, &limits, &err)) {
        ui_error("", &err);
        return STATUS_USAGE;
    }
    if (!output_open(options, &output, &err)) {
        ui_error("", &err);
        return STATUS_NOT_EXAMINED;
    }
    struct sink sink = {
        .events = {.file = on_file, .error = on_error, .brake = on_brake},
        .report = {.writer = writer_of(run, options),
                   .stream = output.stream,
                   .list = policies->list,
                   .scope = run->scope | (options->given[OPTION_ALL] ? REPORT_ALL : REPORT_FOUND),
                   .color = output.path == NULL && ui_color(options, stdout),
                   .quiet = options->given[OPTION_QUIET],
                   .action = (enum action)options_choice(options, OPTION_ACTION, ACTION_REPORT),
                   .paths = paths->all,
                   .n_paths = paths->n,
                   .narrowed = narrowed(options),
                   .home = getenv("HOME")},
        .progress = progress_make(options),
        .require = require,
        .second = options->given[OPTION_SECOND_OPINION] ? second_new() : NULL,
        .online = options->given[OPTION_ONLINE] ? online_new(options) : NULL,
    };
    sink.events.progress = sink.progress.wanted ? on_progress : NULL;
    struct scan_options scan = scan_options(run, options, policies, paths, state);
    struct helper_programs helpers;
    scan.examiner.limits = limits;
    scan.examiner.helpers = run_helpers(&helpers, options);
    struct scan_summary summary = {0};
    bool ran = run_report(&sink, &scan, &summary, &err);
    second_free(sink.second);
    online_free(sink.online);
    struct error written = {0};
    bool wrote = output_finish(&output, ran, &written);
    if (!ran) {
        return refuse(options, &err);
    }
    int status = report_status(&sink.report, &summary, options->given[OPTION_STRICT], options->given[OPTION_EXIT_ZERO]);
    if (!wrote) { /* what was found, the status still says */
        ui_error("", &written);
        return status == STATUS_FINE ? STATUS_NOT_EXAMINED : status;
    }
    return status;
}

int run_command(const struct run *run, const struct command *command, const struct options *options) {
    struct error err = {0};
    struct policies policies = {0};
    struct paths paths = {0};
    struct text state = {0};
    int status;
    /* Who has no folder for the state can look all the same: nothing is in it. */
    bool acts = options_choice(options, OPTION_ACTION, ACTION_REPORT) == ACTION_QUARANTINE;
    bool asked = ui_state(options, &state, &err) || !acts;
    if (asked) {
        error_clear(&err);
    }
    asked = asked && confirms_are_whole(options, &err) && take_paths(options, &paths, &err) && output_is_apart(options, &paths, &err);
    if (!asked || !policies_load(options, &policies, &err)) {
        status = !asked && err.kind == ERR_USAGE ? command_usage(command, "%s", err.text) : refuse(options, &err);
    } else if (paths.n == 0) {
        status = command_usage(command, "%s needs %s: --files-from names none", command->name, command->args);
    } else {
        status = run_with(run, options, &policies, &paths, text_c(&state));
    }
    policies_free(&policies);
    text_free(&state);
    free(paths.text);
    free(paths.all);
    return status;
}
