/* SPDX-License-Identifier: Apache-2.0 */
/* certban policy import: a blocklist as somebody else publishes it becomes a policy. What could not be taken is said, with its line. */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cmd_policy.h"
#include "cli/json.h"
#include "cli/ui.h"
#include "list/files.h"
#include "list/importer.h"
#include "list/wide.h"
#include "scan/members.h"

/* Reasons that are told apart; what comes after them is told line by line as it comes. */
enum { REASONS_MAX = 200, DAY = 86400, SIZE_OF_ID = 200 };

/* The lines to which one thing happened. */
struct reason {
    char why[IMPORT_WHY_SIZE];
    struct text lines;
    size_t n, last; /* how many, and the last one: several entries may stand on one line */
    bool refused;   /* else only a value is left out */
};

struct session {
    struct import_listener listener; /* first: the import hears by it */
    const struct options *options;
    const char *path; /* of the list being read */
    struct import *import;
    struct reason *reasons;
    size_t n_reasons;
    bool json;
    int status;
};

static void put_json(struct session *s, json_t *object) {
    if (!json_print(object, stderr)) {
        ui_say("no memory for a line of JSON");
        s->status = STATUS_NOT_EXAMINED;
    }
}

static struct reason *find_reason(struct session *s, const char *why, bool refused) {
    for (size_t i = 0; i < s->n_reasons; i++) {
        if (s->reasons[i].refused == refused && strcmp(s->reasons[i].why, why) == 0) {
            return &s->reasons[i];
        }
    }
    if (s->n_reasons == REASONS_MAX) {
        return NULL;
    }
    struct reason *reason = &s->reasons[s->n_reasons++];
    *reason = (struct reason){.refused = refused};
    snprintf(reason->why, sizeof reason->why, "%s", why);
    return reason;
}

static void heard(struct session *s, size_t line, const char *why, bool refused) {
    if (s->json) {
        json_t *object = json_object();
        json_put_text(object, "type", refused ? "refused" : "left-out");
        json_put_path(object, bytes_text(s->path));
        json_put_number(object, "line", line);
        json_put_text(object, "message", why);
        put_json(s, object);
        return;
    }
    struct reason *reason = find_reason(s, why, refused);
    if (reason == NULL) {
        ui_say("%s:%zu: %s: %s", s->path, line, refused ? "refused" : "a value is left out", why);
        return;
    }
    if (reason->n == 0 || reason->last != line) {
        text_addf(&reason->lines, "%s%zu", reason->n == 0 ? "" : ", ", line);
        reason->n++;
    }
    reason->last = line;
}

static void heard_refused(struct import_listener *listener, size_t line, const char *why) {
    heard((struct session *)(void *)listener, line, why, true);
}

static void heard_noted(struct import_listener *listener, size_t line, const char *why) {
    heard((struct session *)(void *)listener, line, why, false);
}

/* One line a reason; it may be long, since every line of the list is named. */
static void tell_reasons(struct session *s) {
    for (size_t i = 0; i < s->n_reasons; i++) {
        struct reason *reason = &s->reasons[i];
        struct text line = {0};
        text_add(&line, "certban: ");
        text_add_safe(&line, bytes_text(s->path), IMPORT_WHY_SIZE);
        text_add(&line, reason->refused ? ": refused: " : ": a value left out: ");
        text_add_safe(&line, bytes_text(reason->why), IMPORT_WHY_SIZE);
        text_addf(&line, " (%s %s)\n", reason->n == 1 ? "line" : "lines", text_c(&reason->lines));
        fputs(text_c(&line), stderr);
        text_free(&line);
        text_free(&reason->lines);
    }
    s->n_reasons = 0;
}

static void tell_summary(struct session *s, const struct importer *importer, const struct import_counts *before) {
    struct import_counts now = import_counts(s->import);
    size_t rows = now.rows - before->rows, rules = now.rules - before->rules, duplicates = now.duplicates - before->duplicates,
           refused = now.refused - before->refused, weak = now.weak > before->weak ? now.weak - before->weak : 0;
    if (s->json) {
        json_t *object = json_object();
        json_put_text(object, "type", "import");
        json_put_path(object, bytes_text(s->path));
        json_put_text(object, "format", importer->name);
        json_put_number(object, "rows", rows);
        json_put_number(object, "rules", rules);
        json_put_number(object, "duplicates", duplicates);
        json_put_number(object, "refused", refused);
        json_put_number(object, "weak", weak);
        put_json(s, object);
        return;
    }
    struct text words = {0};
    text_addf(&words, "%zu %s read, %zu %s made", rows, rows == 1 ? "row" : "rows", rules, rules == 1 ? "rule" : "rules");
    if (weak != 0) {
        const char *does = s->options->given[OPTION_ACCEPT_WEAK] ? "accepted all the same"
                           : weak == 1                           ? "it flags at most"
                                                                 : "they flag at most";
        text_addf(&words, " (%zu weak: %s)", weak, does);
    }
    ui_say("%s: %s: %s, %zu %s merged, %zu %s refused", s->path, importer->long_name, text_c(&words), duplicates,
           duplicates == 1 ? "duplicate" : "duplicates", refused, refused == 1 ? "row" : "rows");
    text_free(&words);
}

/* The format that --from names, or that the content shows. */
static const struct importer *choose(struct session *s, struct bytes content, struct error *err) {
    const struct importer *importer;
    if (s->options->given[OPTION_FROM]) {
        importer = importer_find(s->options->word[OPTION_FROM]);
    } else {
        importer = importer_guess(content);
        if (importer == NULL) {
            error_set(err, ERR_UNSUPPORTED, "its format is none that certban knows: name it with --from");
        }
    }
    return importer;
}

/* One list in UTF-8, or of octets. */
static bool read_narrow(struct session *s, const char *path, struct bytes content, struct error *err) {
    struct import_counts before = import_counts(s->import);
    s->path = path;
    const struct importer *importer = choose(s, content, err);
    bool ok = importer != NULL && importer->read(content, s->import, err);
    tell_reasons(s);
    if (!ok) {
        return error_within(err, "%s", path);
    }
    tell_summary(s, importer, &before);
    return true;
}

/* One list, under the name by which it is told of. */
static bool read_content(struct session *s, const char *path, struct bytes content, struct error *err) {
    struct text narrow = {0};
    bool wide = wide_is(content), ok = !wide || wide_narrow(content, &narrow, err) || error_within(err, "%s", path);
    ok = ok && read_narrow(s, path, wide ? bytes_make(text_c(&narrow), narrow.n) : content, err);
    text_free(&narrow);
    return ok;
}

/* A list in an archive. */
struct packed {
    struct member_reader reader; /* first: it is what the function is given */
    struct session *s;
    const char *archive;
    size_t n;
};

static bool read_member(struct member_reader *reader, const char *path, struct bytes content, struct error *err) {
    struct packed *packed = (struct packed *)(void *)reader;
    struct text name = {0};
    if (content.n == 0) { /* a folder, or nothing */
        return true;
    }
    text_addf(&name, "%s!/%s", packed->archive, path);
    packed->n++;
    bool ok = text_ok(&name) ? read_content(packed->s, name.p, content, err) : error_set(err, ERR_LIMIT, "no memory");
    packed->s->path = packed->archive;
    text_free(&name);
    return ok;
}

/* A file: a list, or an archive of lists. */
static bool read_list(struct session *s, const char *path, struct error *err) {
    struct packed packed = {.reader = {read_member}, .s = s, .archive = path};
    struct bytes content;
    bool ok;
    if (!file_read(path, FILE_ANYBODYS, &content, err)) {
        return error_within(err, "%s", path);
    }
    if (members_packed(content)) {
        ok = members_read(content, path, &packed.reader, err);
        ok = ok && (packed.n != 0 || error_set(err, ERR_MALFORMED, "%s: holds no list", path));
    } else {
        ok = read_content(s, path, content, err);
    }
    file_forget(content);
    return ok;
}

/* A folder of certificates, each a file. */
static bool read_folder(struct session *s, const char *folder, struct error *err) {
    static const char *const endings[] = {".pem", ".der", ".cer", ".crt", NULL};
    struct names names;
    if (!folder_names(folder, FILE_ANYBODYS, endings, &names, err)) {
        return error_within(err, "%s", folder);
    }
    bool ok = names.n != 0 || error_set(err, ERR_MALFORMED, "%s: holds no certificates (.pem .der .cer .crt)", folder);
    for (size_t i = 0; i < names.n && ok; i++) {
        struct text path = {0};
        text_addf(&path, "%s/%s", folder, names.all[i]);
        ok = text_ok(&path) ? read_list(s, path.p, err) : error_set(err, ERR_LIMIT, "no memory");
        text_free(&path);
    }
    names_free(&names);
    return ok;
}

static bool read_path(struct session *s, const char *path, struct error *err) {
    struct stat st;
    bool folder = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    return folder ? read_folder(s, path, err) : read_list(s, path, err);
}

static const char *last_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

struct stream_writer {
    struct import_writer writer; /* first: it is what the function is given */
    FILE *stream;
};

/* Whether it could be written, the end of the output says. */
static bool write_stream(struct import_writer *writer, struct bytes xml, struct error *err) {
    struct stream_writer *to = (struct stream_writer *)(void *)writer;
    (void)err;
    fwrite(xml.p, 1, xml.n, to->stream);
    return true;
}

/* The name of the first list without its ending, and today's date as the version: a list fetched later replaces an older one. */
static bool write_to(struct session *s, FILE *stream, struct error *err) {
    struct stream_writer writer = {{write_stream}, stream};
    const char *name = last_name(s->options->args[0]);
    bool input = strcmp(name, "-") == 0;
    char id[SIZE_OF_ID];
    time_t now = time(NULL);
    struct tm tm;
    struct text title = {0};
    if (gmtime_r(&now, &tm) == NULL) {
        return error_set(err, ERR_LIMIT, "the clock is out of range");
    }
    snprintf(id, sizeof id, "%.*s", (int)strcspn(name, "."), input ? "imported" : name);
    text_addf(&title, "Imported from %s", input ? "standard input" : name);
    text_add(&title, s->options->n_args > 1 ? " and other lists" : "");
    struct import_head head = {.id = id,
                               .title = text_c(&title),
                               .version = (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday),
                               .issued = (int64_t)now / DAY * DAY};
    bool ok = text_ok(&title) ? import_write(s->import, &head, &writer.writer, err) : error_set(err, ERR_LIMIT, "no memory");
    text_free(&title);
    return ok;
}

static bool write_policy(struct session *s, struct error *err) {
    struct output output = {0};
    struct error finish = {0};
    if (!output_open(s->options, &output, err)) {
        return false;
    }
    bool ok = write_to(s, output.stream, err);
    bool kept = output_finish(&output, ok, ok ? err : &finish);
    return ok && kept;
}

static void say_formats(const struct command *command, const char *wrong) {
    struct text names = {0};
    for (const struct importer *const *i = importers; *i != NULL; i++) {
        text_addf(&names, "%s%s", i == importers ? "" : ", ", (*i)->name);
    }
    command_usage(command, "--from takes one of %s, not \"%s\"", text_c(&names), wrong);
    text_free(&names);
}

static int run(const struct command *command, const struct options *options) {
    struct session s = {.listener = {heard_refused, heard_noted}, .options = options, .json = ui_json(options)};
    struct error err = {0};
    if (options->given[OPTION_FROM] && importer_find(options->word[OPTION_FROM]) == NULL) {
        say_formats(command, options->word[OPTION_FROM]);
        return STATUS_USAGE;
    }
    s.import = import_new((enum action)options_choice(options, OPTION_RULE_ACTION, ACTION_FLAG), &s.listener);
    s.reasons = calloc(REASONS_MAX, sizeof *s.reasons);
    bool ok = (s.import != NULL && s.reasons != NULL) || error_set(&err, ERR_LIMIT, "no memory");
    if (ok && options->given[OPTION_ACCEPT_WEAK]) {
        import_accept_weak(s.import);
    }
    for (size_t i = 0; i < options->n_args && ok; i++) {
        ok = read_path(&s, options->args[i], &err);
    }
    ok = ok && write_policy(&s, &err);
    if (!ok) {
        ui_error("", &err);
        s.status = STATUS_NOT_EXAMINED;
    }
    import_free(s.import);
    free(s.reasons);
    return ui_finish(s.status);
}

const struct command policy_import = {
    .name = "import",
    .args = "FILE…",
    .help = "make a policy of a blocklist in another format; what could not be taken is said, with its line",
    .more = "The policy goes to standard output, or to --output FILE; words about it go to standard error. Rows that name the same thing\n"
            "become one rule. Rules that name by weak evidence only (a serial number without its issuer, a name) flag at most;\n"
            "with --accept-weak they do what --action says. Try such a policy first: certban policy test POLICY --against PATH.\n"
            "Formats: applocker, cert-graveyard, certificates, crb, crl, cscb, csv, disallowed, json, lolcerts, loldrivers, "
            "loldrivers-signers, misp,\n"
            "santa, stix, wdac, yara. Without --from the format is guessed from the content.\n"
            "A FILE may be a cabinet or ZIP archive of lists, or a folder of certificates.",
    .takes = TAKE(FROM) | TAKE(RULE_ACTION) | TAKE(ACCEPT_WEAK) | TAKE(OUTPUT) | TAKE(JSON) | TAKE(FORMAT),
    .examples = "  certban policy import --output /etc/certban/policies.d/graveyard.xml cert_graveyard_database.csv\n"
                "  certban policy import --action quarantine --accept-weak --output serials.xml serials.csv",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
    .parent = &command_policy,
};
