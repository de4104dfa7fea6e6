/* SPDX-License-Identifier: Apache-2.0 */
/* certban policy test: what policies would hit on this machine, or would have hit by the reports of earlier scans, before they are live.
 * Nothing is changed, whatever they ask for. */
#include <stdlib.h>
#include <time.h>

#include "cli/cmd_policy.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "cli/ui.h"
#include "list/files.h"
#include "scan/past.h"

enum { EXAMPLES_MAX = 3, PATH_SHOWN = 4096 };

/* What one rule hit. */
struct hits {
    uint64_t proven, listed, exempt;
    uint32_t last; /* the file that was counted last, so that several signatures of it count once */
    struct text examples[EXAMPLES_MAX];
    size_t n_examples;
};

struct tally {
    struct scan_events events; /* first: events come by it */
    struct blocklist *list;
    struct hits *hits; /* by rule number */
    uint32_t file;     /* counts files and members */
    struct progress progress;
};

static void add_example(struct hits *hits, const struct scan_file *file) {
    if (hits->n_examples < EXAMPLES_MAX) {
        struct text *path = &hits->examples[hits->n_examples++];
        text_add_bytes(path, file->path);
        text_add(path, file->verdict->inside[0] == '\0' ? "" : file->in_folder ? "/" : "!/");
        text_add(path, file->verdict->inside);
    }
}

/* A file counts for a rule by its strongest match; matches are few, so each is held against those behind it. */
static void on_file(struct scan_events *events, const struct scan_file *file) {
    struct tally *tally = (struct tally *)(void *)events;
    const struct verdict *verdict = file->verdict;
    tally->file++;
    for (size_t i = 0; i < verdict->n_matches; i++) {
        uint32_t rule = verdict->matches[i].rule;
        if (rule >= blocklist_count(tally->list) || tally->hits[rule].last == tally->file) {
            continue;
        }
        bool proven = false, listed = false;
        for (size_t k = i; k < verdict->n_matches; k++) {
            const struct match_info *match = &verdict->matches[k];
            bool counts = match->rule == rule && !match->exempt;
            proven = proven || (counts && match->proof == PROOF_PROVEN);
            listed = listed || counts;
        }
        struct hits *hits = &tally->hits[rule];
        hits->last = tally->file;
        hits->proven += proven;
        hits->listed += listed && !proven;
        hits->exempt += !listed;
        add_example(hits, file);
    }
}

static void on_error(struct scan_events *events, struct bytes path, const struct error *error) {
    struct tally *tally = (struct tally *)(void *)events;
    struct text name = {0};
    progress_clear(&tally->progress);
    text_add_bytes(&name, path);
    ui_error(text_c(&name), error);
    text_free(&name);
}

static void on_progress(struct scan_events *events, const struct scan_progress *now) {
    struct tally *tally = (struct tally *)(void *)events;
    progress_show(&tally->progress, now);
}

static bool load(struct tally *tally, const struct options *options, struct error *err) {
    int64_t now = (int64_t)time(NULL);
    bool ok = true;
    for (size_t i = 0; i < options->n_args && ok; i++) {
        struct policy *policy;
        ok = policy_load(options->args[i], &policy, err);
        if (ok && !blocklist_keep(tally->list, policy, now, err)) {
            policy_free(policy);
            ok = false;
        }
    }
    ok = ok && blocklist_seal(tally->list, err);
    if (ok) {
        policies_say_spared(tally->list);
    }
    tally->hits = ok ? calloc(blocklist_count(tally->list) + 1, sizeof *tally->hits) : NULL;
    return ok && (tally->hits != NULL || error_set(err, ERR_LIMIT, "no memory to count hits"));
}

static bool print_json(FILE *out, const struct rule *rule, const struct hits *hits) {
    struct bytes examples[EXAMPLES_MAX];
    json_t *object = json_object();
    json_put_text(object, "type", "hits");
    json_put_text(object, "policy", rule->policy->id);
    json_put_text(object, "rule", rule->id);
    json_put_number(object, "banned", hits->proven);
    json_put_number(object, "listed", hits->listed);
    json_put_number(object, "exempt", hits->exempt);
    for (size_t i = 0; i < hits->n_examples; i++) {
        examples[i] = bytes_make(hits->examples[i].p, hits->examples[i].n);
    }
    json_put_names(object, "examples", examples, hits->n_examples);
    return json_print(object, out);
}

static void print_text(FILE *out, const struct rule *rule, const struct hits *hits) {
    struct text line = {0};
    text_addf(&line, "%s/%s: %llu banned, %llu listed, %llu exempt\n", rule->policy->id, rule->id, (unsigned long long)hits->proven,
              (unsigned long long)hits->listed, (unsigned long long)hits->exempt);
    for (size_t i = 0; i < hits->n_examples; i++) {
        text_add(&line, "        ");
        text_add_safe(&line, bytes_make(hits->examples[i].p, hits->examples[i].n), PATH_SHOWN);
        text_add_char(&line, '\n');
    }
    fwrite(text_c(&line), 1, line.n, out);
    text_free(&line);
}

/* Rules that hit something, in their order; and how many did not. */
static bool print(struct tally *tally, const struct options *options, const struct scan_summary *summary, FILE *out) {
    size_t n = blocklist_count(tally->list), hit = 0;
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        const struct hits *hits = &tally->hits[i];
        if (hits->proven + hits->listed + hits->exempt == 0) {
            continue;
        }
        hit++;
        const struct rule *rule = blocklist_rule(tally->list, (uint32_t)i);
        if (ui_json(options)) {
            ok = print_json(out, rule, hits) && ok;
        } else {
            print_text(out, rule, hits);
        }
    }
    if (!ui_json(options)) {
        fprintf(out, "%llu file%s, %llu signed: %zu of %zu %s something\n", (unsigned long long)summary->files,
                summary->files == 1 ? "" : "s", (unsigned long long)summary->is_signed, hit, n, n == 1 ? "rule hits" : "rules hit");
    }
    return ok;
}

static void tally_free(struct tally *tally) {
    for (size_t i = 0; tally->hits != NULL && i < blocklist_count(tally->list); i++) {
        for (size_t k = 0; k < tally->hits[i].n_examples; k++) {
            text_free(&tally->hits[i].examples[k]);
        }
    }
    free(tally->hits);
    blocklist_free(tally->list);
}

/* What --against names: reports, and all else, which is looked at as it is. */
struct against {
    const char **paths, **reports;
    size_t n_paths, n_reports;
    struct text folder; /* the inventory */
    struct names kept;  /* in it */
    char **kept_paths;
};

/* The word "inventory" is no path: it stands for the reports of earlier scans that the administrator keeps in a folder of that name below
 * the state folder. */
static bool is_inventory(const char *word) {
    return strcmp(word, "inventory") == 0;
}

static bool find_inventory(const struct options *options, struct against *against, struct error *err) {
    static const char *const endings[] = {".json", ".ndjson", NULL};
    if (!ui_state(options, &against->folder, err)) {
        return false;
    }
    text_add(&against->folder, "/inventory");
    if (!text_ok(&against->folder) || !folder_names(text_c(&against->folder), FILE_ANYBODYS, endings, &against->kept, err)) {
        return text_ok(&against->folder) ? false : error_set(err, ERR_LIMIT, "no memory");
    }
    if (against->kept.n == 0) {
        return error_set(err, ERR_USAGE,
                         "no report is kept in %s: certban scan --json --all --verify -o %s/srv.json /srv keeps one (a folder that is "
                         "called inventory is ./inventory)",
                         text_c(&against->folder), text_c(&against->folder));
    }
    against->kept_paths = calloc(against->kept.n, sizeof *against->kept_paths);
    for (size_t i = 0; against->kept_paths != NULL && i < against->kept.n; i++) {
        if (asprintf(&against->kept_paths[i], "%s/%s", text_c(&against->folder), against->kept.all[i]) < 0) {
            against->kept_paths[i] = NULL;
            return error_set(err, ERR_LIMIT, "no memory");
        }
        if (!past_is_report(against->kept_paths[i])) {
            return error_set(err, ERR_MALFORMED, "%s: not a report of a scan (certban scan --json)", against->kept_paths[i]);
        }
    }
    return against->kept_paths != NULL || error_set(err, ERR_LIMIT, "no memory");
}

static bool sort_out(const struct options *options, struct against *against, struct error *err) {
    size_t n = options->n_words[OPTION_AGAINST];
    bool inventory = false;
    for (size_t i = 0; i < n; i++) {
        inventory = inventory || is_inventory(options->words[OPTION_AGAINST][i]);
    }
    if (inventory && !find_inventory(options, against, err)) {
        return false;
    }
    against->paths = calloc(n + 1, sizeof *against->paths);
    against->reports = calloc(n + against->kept.n + 1, sizeof *against->reports);
    if (against->paths == NULL || against->reports == NULL) {
        return error_set(err, ERR_LIMIT, "no memory");
    }
    for (size_t i = 0; i < n; i++) {
        const char *path = options->words[OPTION_AGAINST][i];
        if (is_inventory(path)) {
            continue;
        }
        if (past_is_report(path)) {
            against->reports[against->n_reports++] = path;
        } else {
            against->paths[against->n_paths++] = path;
        }
    }
    for (size_t i = 0; i < against->kept.n; i++) {
        against->reports[against->n_reports++] = against->kept_paths[i];
    }
    return true;
}

static void against_free(struct against *against) {
    for (size_t i = 0; against->kept_paths != NULL && i < against->kept.n; i++) {
        free(against->kept_paths[i]);
    }
    free(against->kept_paths);
    names_free(&against->kept);
    text_free(&against->folder);
    free(against->paths);
    free(against->reports);
}

static void say_gap(uint64_t n, const char *one, const char *many, const char *words) {
    if (n != 0) {
        ui_say("%llu %s %s", (unsigned long long)n, n == 1 ? one : many, words);
    }
}

/* What reports do not tell, so that nobody takes it for a miss. */
static void say_gaps(const struct tally *tally, const struct past_gaps *gaps) {
    uint64_t untried = 0;
    bool any_file = blocklist_wants(tally->list, KEY_FILE_SHA256, 0);
    for (uint32_t i = 0; i < blocklist_count(tally->list); i++) {
        const struct rule *rule = blocklist_rule(tally->list, i);
        untried += !rule->allow && !past_can_try(rule);
    }
    say_gap(gaps->hidden, "clean file has", "clean files have", "no record in the reports: scan with --json --all --verify");
    say_gap(gaps->bare, "record holds", "records hold", "no certificates: scan with --json --all --verify");
    say_gap(gaps->unproven, "file has", "files have", "a signature that was not proven, so that it counts as listed: scan with --verify");
    say_gap(any_file ? gaps->unhashed : 0, "record has", "records have", "no SHA-256: what rules name files was not asked of them");
    say_gap(gaps->broken, "line is", "lines are", "no record of certban's");
    say_gap(gaps->cut, "report ends", "reports end", "too early: the scan did not finish, or not all of it was kept");
    say_gap(untried, "rule names", "rules name", "only what no report holds (other hashes than of reports, page hashes): not tried");
}

static bool read_reports(struct tally *tally, const struct against *against, struct scan_summary *summary, struct error *err) {
    struct past_gaps gaps = {0};
    bool ok = true;
    for (size_t i = 0; i < against->n_reports && ok; i++) {
        ok = past_run(against->reports[i], tally->list, &tally->events, summary, &gaps, err);
    }
    if (against->n_reports != 0 && ok) {
        say_gaps(tally, &gaps);
        summary->errors += gaps.hidden + gaps.bare + gaps.broken + gaps.cut; /* of those nothing is known */
    }
    return ok;
}

static bool scan(struct tally *tally, const struct options *options, const struct against *against, struct scan_summary *summary,
                 struct error *err) {
    struct scan_options scan = {
        .examiner = {.list = tally->list,
                     .thorough = options->given[OPTION_THOROUGH],
                     .members = !options->given[OPTION_NO_MEMBERS],
                     .anchor_files = options->words[OPTION_ANCHORS],
                     .n_anchor_files = options->n_words[OPTION_ANCHORS]},
        .paths = against->paths,
        .n_paths = against->n_paths,
        .walk = true,
        .cross_filesystems = options->given[OPTION_CROSS_FILESYSTEMS],
        .include = options->words[OPTION_INCLUDE],
        .n_include = options->n_words[OPTION_INCLUDE],
        .exclude = options->words[OPTION_EXCLUDE],
        .n_exclude = options->n_words[OPTION_EXCLUDE],
        .jobs = (unsigned)options->number[OPTION_JOBS],
        .sandbox = !options->given[OPTION_NO_SANDBOX],
        .action = ACTION_REPORT,
    };
    struct helper_programs helpers;
    *summary = (struct scan_summary){.complete = true};
    scan.examiner.helpers = run_helpers(&helpers, options);
    bool ok = against->n_paths == 0 || scan_run(&scan, &tally->events, summary, err);
    progress_clear(&tally->progress);
    return ok;
}

static int run(const struct command *command, const struct options *options) {
    struct tally tally = {.events = {.file = on_file, .error = on_error}, .list = blocklist_new(), .progress = progress_make(options)};
    struct against against = {0};
    struct error err = {0};
    struct output output = {0};
    struct scan_summary summary = {0};
    if (options->n_words[OPTION_AGAINST] == 0) {
        blocklist_free(tally.list);
        return command_usage(command, "test needs --against PATH");
    }
    tally.events.progress = tally.progress.wanted ? on_progress : NULL;
    bool ok = (tally.list != NULL || error_set(&err, ERR_LIMIT, "no memory")) && load(&tally, options, &err) &&
              sort_out(options, &against, &err) && scan(&tally, options, &against, &summary, &err) &&
              read_reports(&tally, &against, &summary, &err);
    ok = ok && output_open(options, &output, &err);
    bool printed = ok && print(&tally, options, &summary, output.stream);
    ok = ok && output_finish(&output, printed, &err) && (printed || error_set(&err, ERR_LIMIT, "no memory for the report"));
    tally_free(&tally);
    against_free(&against);
    if (!ok) {
        ui_error("", &err);
    }
    return ui_finish(ok ? report_status(&(struct report){0}, &summary, false, false) : STATUS_NOT_EXAMINED);
}

const struct command policy_test = {
    .name = "test",
    .args = "FILE…",
    .help = "what policies would hit, rule by rule, before they are live; nothing is changed",
    .more = "Only the policies named are used. A file counts once for each rule, its members for themselves. PATH may be a report that\n"
            "certban scan --json --all --verify (or check, or show) wrote: what the policies would have hit then is told without reading\n"
            "the files again, and so is what the report does not tell. The word inventory stands for all reports that are kept in the\n"
            "folder inventory of the state folder.",
    .takes = TAKE(AGAINST) | TAKE(STATE) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(ANCHORS) | TAKE(INCLUDE) | TAKE(EXCLUDE) |
             TAKE(CROSS_FILESYSTEMS) | TAKE(JOBS) | TAKE(NO_SANDBOX) | TAKE(THOROUGH) | TAKE(NO_MEMBERS) | TAKE(HELPERS) | TAKE(QUIET) |
             TAKE(PROGRESS),
    .examples = "  certban policy test new.xml --against /srv/software\n"
                "  certban scan --json --all --verify -o monday.json /srv; certban policy test new.xml --against monday.json",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
    .parent = &command_policy,
};
