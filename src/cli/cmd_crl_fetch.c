/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certban crl fetch: the revocation lists that the certificates in files point to. The addresses come out of files that nobody trusts:
 * only http and https, no private networks, limits, and what comes back is a list or is not kept.
 */
#include <stdlib.h>
#include <time.h>

#include "cli/cmd_crl.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/ui.h"
#include "list/crl_cache.h"

enum { ADDRESSES_MAX = 4096, LIST_SIZE_MAX = 32 << 20, LIST_SECONDS = 120 };

/* The addresses of a run, each once, as they were met. */
struct gathered {
    struct scan_events events; /* first: events come by it */
    char **urls;
    size_t n;
    bool failed; /* a file could not be read, or an address not kept */
    struct progress progress;
};

static void add(struct gathered *g, const char *url) {
    for (size_t i = 0; i < g->n; i++) {
        if (strcmp(g->urls[i], url) == 0) {
            return;
        }
    }
    char **urls = g->n < ADDRESSES_MAX ? reallocarray(g->urls, g->n + 1, sizeof *urls) : NULL;
    if (urls != NULL) {
        g->urls = urls;
        urls[g->n] = strdup(url);
    }
    bool kept = urls != NULL && urls[g->n] != NULL;
    g->n += kept;
    if (!kept && !g->failed) {
        ui_say("more than %d addresses, or no memory for them: the rest is left out", ADDRESSES_MAX);
    }
    g->failed = g->failed || !kept;
}

static void on_file(struct scan_events *events, const struct scan_file *file) {
    struct gathered *g = (struct gathered *)(void *)events;
    for (size_t i = 0; i < file->verdict->n_crl_urls; i++) {
        add(g, file->verdict->crl_urls[i]);
    }
}

static void on_error(struct scan_events *events, struct bytes path, const struct error *error) {
    struct gathered *g = (struct gathered *)(void *)events;
    struct text name = {0};
    g->failed = true;
    progress_clear(&g->progress);
    text_add_bytes(&name, path);
    ui_error(text_c(&name), error);
    text_free(&name);
}

static void on_progress(struct scan_events *events, const struct scan_progress *now) {
    progress_show(&((struct gathered *)(void *)events)->progress, now);
}

/* Arguments are addresses, or files and folders whose certificates give some. */
static bool gather(struct gathered *g, const struct options *o, struct error *err) {
    const char **paths = calloc(o->n_args + 1, sizeof *paths);
    struct blocklist *list = blocklist_new();
    struct scan_summary summary;
    size_t n = 0;
    for (size_t i = 0; i < o->n_args && paths != NULL; i++) {
        if (fetch_is_url(o->args[i])) {
            add(g, o->args[i]);
        } else {
            paths[n++] = o->args[i];
        }
    }
    struct scan_options options = {
        .examiner = {.list = list, .describe = true, .addresses = true, .search = true, .members = !o->given[OPTION_NO_MEMBERS]},
        .paths = paths,
        .n_paths = n,
        .walk = true,
        .jobs = (unsigned)o->number[OPTION_JOBS],
        .sandbox = !o->given[OPTION_NO_SANDBOX],
        .action = ACTION_REPORT,
    };
    bool ok = (paths != NULL && list != NULL) || error_set(err, ERR_LIMIT, "no memory");
    ok = ok && blocklist_seal(list, err) && (n == 0 || scan_run(&options, &g->events, &summary, err));
    progress_clear(&g->progress);
    blocklist_free(list);
    free(paths);
    return ok;
}

static bool tell_json(const char *url, const struct crl_cached *cached, FILE *out) {
    json_t *o = json_object();
    json_put_text(o, "type", "crl");
    json_put_path(o, bytes_text(text_c(&cached->path)));
    json_put(o, "issuer", json_lossy(bytes_text(text_c(&cached->who))));
    json_put_time(o, "next_update", cached->next_update == INT64_MAX ? INT64_MIN : cached->next_update);
    json_put_number(o, "entries", cached->entries);
    json_put(o, "url", json_lossy(bytes_text(url)));
    json_put_text(o, "state", cached->state == CACHED_FETCHED ? "fetched" : "current");
    return json_print(o, out);
}

static void tell_text(const char *url, const struct crl_cached *cached, FILE *out) {
    char until[UI_TIME_SIZE];
    struct text line = {0};
    ui_time(cached->next_update == INT64_MAX ? INT64_MIN : cached->next_update, until);
    text_addf(&line, "%s  ", cached->state == CACHED_FETCHED ? "fetched" : "current");
    text_add_safe(&line, bytes_text(url), 2000);
    text_add(&line, ": ");
    text_add_safe(&line, bytes_text(text_c(&cached->who)), 200);
    text_addf(&line, ", %zu entr%s%s%s\n", cached->entries, cached->entries == 1 ? "y" : "ies", until[0] != '\0' ? ", next update " : "",
              until);
    fwrite(text_c(&line), 1, line.n, out);
    fflush(out); /* it may take minutes until the next one */
    text_free(&line);
}

/* Gets each list. False when one of them could not be had. */
static bool fetch_all(const struct gathered *g, const struct crl_cache *cache, const struct options *options, FILE *out) {
    bool all = true;
    for (size_t i = 0; i < g->n; i++) {
        struct crl_cached cached;
        struct error err = {0};
        if (!crl_cache_get(cache, g->urls[i], &cached, &err)) {
            all = false;
            ui_error("", &err);
            if (ui_json(options)) {
                (void)json_print(json_error(bytes_text(g->urls[i]), &err), out);
            }
            continue;
        }
        if (ui_json(options)) {
            all = tell_json(g->urls[i], &cached, out) && all;
        } else if (!options->given[OPTION_QUIET]) {
            tell_text(g->urls[i], &cached, out);
        }
        crl_cached_free(&cached);
    }
    return all;
}

static int run(const struct command *command, const struct options *options) {
    struct gathered g = {.events = {.file = on_file, .error = on_error}, .progress = progress_make(options)};
    struct text folder = {0};
    struct error err = {0};
    if (options->n_words[OPTION_CRL] > 1) {
        return command_usage(command, "fetch fills one folder: --crl may be given once");
    }
    g.events.progress = g.progress.wanted ? on_progress : NULL;
    bool given = options->n_words[OPTION_CRL] == 1;
    bool ok = (given || crl_folder(options, &folder, &err)) && gather(&g, options, &err);
    bool all = false;
    if (ok) {
        struct crl_cache cache = {.folder = given ? options->words[OPTION_CRL][0] : text_c(&folder),
                                  .now = (int64_t)time(NULL),
                                  .rules = {.ca = options->word[OPTION_CA],
                                            .size_max = LIST_SIZE_MAX,
                                            .seconds = LIST_SECONDS,
                                            .http = true,
                                            .public_only = !options->given[OPTION_ALLOW_PRIVATE],
                                            .post = bytes_none()}};
        all = fetch_all(&g, &cache, options, stdout) && !g.failed;
        if (g.n == 0 && !options->given[OPTION_QUIET]) {
            ui_say("no certificate in these files says where its revocation list is");
        }
    } else {
        ui_error("", &err);
    }
    for (size_t i = 0; i < g.n; i++) {
        free(g.urls[i]);
    }
    free(g.urls);
    text_free(&folder);
    return ui_finish(all ? STATUS_FINE : STATUS_NOT_EXAMINED);
}

const struct command crl_fetch = {
    .name = "fetch",
    .args = "FILE|DIR|URL…",
    .help = "get the revocation lists that the certificates in files point to",
    .more = "They are kept in the folder of --crl, else in STATE/crl, each until its next update is due, for a week at most, and are\n"
            "replaced whole or not at all. The addresses come from the files: only http and https are followed, to no private network\n"
            "unless --allow-private lets them, and a list may have 32 MiB and take two minutes. Whether a list is its issuer's is asked\n"
            "when it is used. Needs a build with libcurl.",
    .takes = TAKE(CRL) | TAKE(STATE) | TAKE(ALLOW_PRIVATE) | TAKE(CA) | TAKE(JSON) | TAKE(FORMAT) | TAKE(NO_MEMBERS) | TAKE(JOBS) |
             TAKE(NO_SANDBOX) | TAKE(QUIET) | TAKE(PROGRESS),
    .examples = "  certban crl fetch ~/Downloads\n"
                "  certban crl fetch --crl /var/lib/crls /opt && certban scan --crl /var/lib/crls /opt",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
    .parent = &command_crl,
};
