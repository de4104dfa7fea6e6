/* SPDX-License-Identifier: Apache-2.0 */
/* certban crl check: what revocation lists say of each certificate in files. */
#include <stdlib.h>

#include "cli/cmd_crl.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/ui.h"
#include "list/revocations.h"

enum { PATH_SHOWN = 4096, WORDS_SHOWN = 500 };

/* The run: certificates are told as their files come. */
struct checking {
    struct scan_events events; /* first: events come by it */
    const struct options *options;
    struct blocklist *list;
    FILE *stream;
    uint64_t n[REVOCATION_COUNT];
    bool failed; /* a file could not be read, or memory ran out */
};

/* A certificate and where it stands. */
struct place {
    const char *path, *part, *role;
    const struct cert_info *cert;
};

/* What the state follows from: the list, and the rule that one of its entries is; NULL where there is none. */
static const struct revocation_list *source_of(const struct checking *check, const struct cert_info *cert, const struct rule **rule) {
    *rule = cert->revocation == REVOCATION_REVOKED ? blocklist_rule(check->list, cert->revocation_source) : NULL;
    if (cert->revocation == REVOCATION_GOOD) {
        return revocations_list(blocklist_revoked(check->list), cert->revocation_source);
    }
    return *rule != NULL ? (*rule)->revoked_by : NULL;
}

static bool tell_json(const struct checking *check, const struct place *place) {
    const struct rule *rule;
    const struct revocation_list *list = source_of(check, place->cert, &rule);
    json_t *o = json_object();
    json_put_text(o, "type", "certificate");
    json_put_path(o, bytes_text(place->path));
    json_put_text(o, "signature", place->part);
    json_put_text(o, "role", place->role);
    json_put_text(o, "common_name", place->cert->common_name);
    json_put_text(o, "issuer", place->cert->issuer);
    json_put_text(o, "serial", place->cert->serial);
    json_put_hex(o, "sha256", bytes_make(place->cert->sha256, sizeof place->cert->sha256));
    json_put_text(o, "revocation", revocation_name(place->cert->revocation));
    if (list != NULL) {
        json_put(o, "crl", json_lossy(bytes_text(list->name)));
    }
    if (rule != NULL) {
        json_put_time(o, "since", rule->only.signed_after);
        json_put_text(o, "reason", rule->reason);
    }
    return json_print(o, check->stream);
}

/* "revoked  late.exe: signer Stand-in Ltd (serial 1a2b3c4d): revoked by … (crls/a.crl)" */
static bool tell_text(const struct checking *check, const struct place *place) {
    const struct rule *rule;
    const struct revocation_list *list = source_of(check, place->cert, &rule);
    struct text line = {0};
    text_addf(&line, "%-7s  ", revocation_name(place->cert->revocation));
    text_add_safe(&line, bytes_text(place->path), PATH_SHOWN);
    text_addf(&line, ": %s ", place->role);
    text_add_safe(&line, bytes_text(place->cert->common_name[0] != '\0' ? place->cert->common_name : place->cert->subject), WORDS_SHOWN);
    text_addf(&line, " (serial %s)", place->cert->serial);
    if (rule != NULL) {
        text_add(&line, ": ");
        text_add_safe(&line, bytes_text(rule->reason), WORDS_SHOWN);
    }
    if (list != NULL) {
        text_add(&line, " (");
        text_add_safe(&line, bytes_text(list->name), PATH_SHOWN);
        text_add(&line, ")");
    }
    text_add_char(&line, '\n');
    fwrite(text_c(&line), 1, line.n, check->stream);
    bool ok = text_ok(&line);
    text_free(&line);
    return ok;
}

static void tell(struct checking *check, const char *path, const char *part, const char *role, const struct cert_info *cert) {
    const struct place place = {path, part, role, cert};
    if (cert->revocation == REVOCATION_UNASKED) {
        return;
    }
    check->n[cert->revocation]++;
    bool ok = ui_json(check->options) ? tell_json(check, &place) : tell_text(check, &place);
    check->failed = check->failed || !ok;
}

static void on_file(struct scan_events *events, const struct scan_file *file) {
    struct checking *check = (struct checking *)(void *)events;
    struct text path = {0};
    report_full_path(&path, file);
    for (size_t i = 0; i < file->verdict->n_signatures; i++) {
        const struct signature_info *s = &file->verdict->signatures[i];
        if (s->has_signer) {
            tell(check, text_c(&path), s->part, "signer", &s->signer);
        }
        for (size_t k = 0; k < s->n_chain; k++) {
            tell(check, text_c(&path), s->part, "issuer", &s->chain[k]);
        }
        for (size_t k = 0; k < s->n_timestamps; k++) {
            if (s->timestamps[k].has_signer) {
                tell(check, text_c(&path), s->part, "time stamp", &s->timestamps[k].signer);
            }
        }
    }
    if (file->verdict->unreadable.kind != ERR_NONE) {
        check->failed = true;
        ui_error(text_c(&path), &file->verdict->unreadable);
    }
    text_free(&path);
}

static void on_error(struct scan_events *events, struct bytes path, const struct error *error) {
    struct checking *check = (struct checking *)(void *)events;
    struct text name = {0};
    check->failed = true;
    text_add_bytes(&name, path);
    ui_error(text_c(&name), error);
    text_free(&name);
}

static bool scan(struct checking *check, struct error *err) {
    const struct options *o = check->options;
    struct scan_summary summary;
    struct scan_options options = {
        .examiner = {.list = check->list,
                     .verify = true,
                     .describe = true,
                     .search = true,
                     .members = !o->given[OPTION_NO_MEMBERS],
                     .anchor_files = o->words[OPTION_ANCHORS],
                     .n_anchor_files = o->n_words[OPTION_ANCHORS]},
        .paths = o->args,
        .n_paths = o->n_args,
        .jobs = (unsigned)o->number[OPTION_JOBS],
        .sandbox = !o->given[OPTION_NO_SANDBOX],
        .action = ACTION_REPORT,
    };
    return scan_run(&options, &check->events, &summary, err);
}

static int status_of(const struct checking *check) {
    if (check->n[REVOCATION_REVOKED] != 0) {
        return STATUS_FOUND;
    }
    return check->failed || check->n[REVOCATION_UNKNOWN] != 0 ? STATUS_NOT_EXAMINED : STATUS_FINE;
}

static int run(const struct command *command, const struct options *options) {
    struct checking check = {.events = {.file = on_file, .error = on_error}, .options = options};
    struct policies lists = {0};
    struct text folder = {0};
    struct error err = {0};
    struct output output;
    (void)command;
    bool ok = (options->n_words[OPTION_CRL] != 0 || crl_folder(options, &folder, &err)) &&
              policies_revocations(options, text_c(&folder), &lists, &err) && output_open(options, &output, &err);
    if (ok) {
        struct error written = {0};
        check.list = lists.list;
        check.stream = output.stream;
        ok = scan(&check, &err);
        bool wrote = output_finish(&output, ok, &written);
        err = ok && !wrote ? written : err;
        ok = ok && wrote;
    }
    policies_free(&lists);
    text_free(&folder);
    if (!ok) {
        ui_error("", &err);
    }
    return ui_finish(ok ? status_of(&check) : STATUS_NOT_EXAMINED);
}

const struct command crl_check = {
    .name = "check",
    .args = "FILE…",
    .help = "each certificate in files: good, revoked or unknown, and by which list",
    .more =
        "The lists are those of --crl, else of the folder that fetch fills, STATE/crl. A certificate is good when a list of its issuer,\n"
        "signed by it, made for such certificates and not out of date, does not name it. The exit status is 1 when one is revoked,\n"
        "whenever its files were signed, and 2 when nothing is known of one.",
    .takes = TAKE(CRL) | TAKE(STATE) | TAKE(ANCHORS) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(NO_MEMBERS) | TAKE(JOBS) |
             TAKE(NO_SANDBOX),
    .examples = "  certban crl fetch setup.exe && certban crl check setup.exe\n"
                "  certban crl check --crl /var/lib/crls --json *.msi",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
    .parent = &command_crl,
};
