/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scan/application.h"
#include "scan/brake.h"
#include "scan/links.h"
#include "scan/own.h"
#include "scan/plan.h"
#include "store/flag.h"
#include "store/quarantine.h"

struct actor {
    const struct scan_options *options;
    struct folders *folders;
    struct plan *plans;
    size_t n_plans;
    struct brake *brake;
    struct own own;
    struct quarantine *store;
    bool store_tried;
    struct error store_error;
    struct text detail, group;
    char id[QUARANTINE_ID_SIZE];
};

/* ---- before anything is done ---- */

static void count_hits(struct actor *actor, struct scan_events *events, const uint32_t *forbidden, size_t n_forbidden) {
    for (size_t i = 0; i < actor->n_plans; i++) {
        const struct plan *plan = &actor->plans[i];
        if (plan->job->wanted == ACTION_QUARANTINE) {
            brake_count(actor->brake, plan->job->rule, plan->job->named ? 0 : plan_is_system(plan) ? BRAKE_SYSTEM : 1, text_c(&plan->real));
        }
    }
    for (size_t i = 0; i < n_forbidden; i++) {
        brake_forbid(actor->brake, forbidden[i]);
    }
    brake_settle(actor->brake, events);
}

struct actor *actor_new(const struct acts *acts) {
    struct actor *actor = calloc(1, sizeof *actor);
    struct plan *plans = calloc(acts->n + 1, sizeof *plans);
    struct brake *brake = brake_new(acts->options, acts->n + acts->n_forbidden);
    if (actor == NULL || plans == NULL || brake == NULL) {
        free(actor);
        free(plans);
        brake_free(brake);
        return NULL;
    }
    *actor = (struct actor){.options = acts->options, .folders = acts->folders, .plans = plans, .n_plans = acts->n, .brake = brake};
    for (size_t i = 0; i < acts->n; i++) {
        plans[i].job = acts->jobs[i];
        job_real(acts->jobs[i], &plans[i].real);
    }
    if (!plans_ask(plans, acts->n, acts->options) || (acts->n != 0 && !own_find(&actor->own, acts->options))) {
        actor_free(actor);
        return NULL;
    }
    count_hits(actor, acts->events, acts->forbidden, acts->n_forbidden);
    return actor;
}

void actor_free(struct actor *actor) {
    if (actor == NULL) {
        return;
    }
    for (size_t i = 0; i < actor->n_plans; i++) {
        plan_free(&actor->plans[i]);
    }
    if (actor->store != NULL) {
        quarantine_close(actor->store);
    }
    text_free(&actor->detail);
    text_free(&actor->group);
    own_free(&actor->own);
    brake_free(actor->brake);
    free(actor->plans);
    free(actor);
}

/* ---- one file ---- */

static struct taken taken(struct actor *actor, enum action_state state, const char *id) {
    return (struct taken){.state = state, .id = id, .detail = text_c(&actor->detail)};
}

/* A file that is gone, or moved, is nowhere to be acted on: that is no failure. */
static struct taken failed(struct actor *actor, const struct error *err) {
    if (actor->detail.n != 0) {
        text_add(&actor->detail, "; ");
    }
    text_add(&actor->detail, err->text);
    return taken(actor, err->kind == ERR_CHANGED && err->sys == ENOENT ? TAKEN_GONE : TAKEN_FAILED, "");
}

static const struct plan *plan_of(const struct actor *actor, const struct job *job) {
    for (size_t i = 0; i < actor->n_plans; i++) {
        if (actor->plans[i].job == job) {
            return &actor->plans[i];
        }
    }
    return NULL;
}

static void add_detail(struct actor *actor, const char *words) {
    if (words[0] != '\0') {
        text_add(&actor->detail, actor->detail.n != 0 ? "; " : "");
        text_add(&actor->detail, words);
    }
}

/* Whether something keeps a file from being moved although its rule asks for it; it is flagged instead, and the detail says why.
 * *refused: the rule may not move anything, which counts as a failure. */
static bool spared(struct actor *actor, const struct plan *plan, bool *refused) {
    *refused = false;
    if (own_has(&actor->own, &plan->job->identity)) {
        text_add(&actor->detail, "this is a file of the certban that runs");
        return true;
    }
    if (plan->package[0] != '\0' && !actor->options->packages) {
        text_addf(&actor->detail, "belongs to package %s: remove it with the package manager, or use --packages", plan->package);
        return true;
    }
    return brake_holds(actor->brake, plan->job->rule, plan->job->named, refused, &actor->detail);
}

/* Where the file can't be marked, the state keeps the mark. */
static struct taken flag(struct actor *actor, const struct job *job, const struct rule *rule) {
    const char *finding = finding_name(job->strongest), *id = rule != NULL ? rule->id : "";
    struct error err = {0};
    struct text policy = {0}, real = {0};
    int64_t now = (int64_t)time(NULL);
    if (rule != NULL) {
        text_addf(&policy, "%s/%u", rule->policy->id, rule->policy->version);
    }
    bool ok = flag_set(job->file, finding, id, text_c(&policy), now, job->sha256, &err);
    if (!ok && err.kind == ERR_UNSUPPORTED) {
        add_detail(actor, err.text);
        job_real(job, &real);
        ok = flag_keep(actor->options->state, bytes_make(text_c(&real), real.n), finding, id, text_c(&policy), now, job->sha256, &err);
        add_detail(actor, ok ? "the state folder keeps it (flags.jsonl)" : "");
    }
    text_free(&policy);
    text_free(&real);
    return ok ? taken(actor, TAKEN_FLAGGED, "") : failed(actor, &err);
}

/* The folder that holds a name, by a way without links. The caller closes *opened if it is not -1. */
static bool folder_of(struct actor *actor, struct folder *folder, struct bytes real, int *fd, int *opened, struct error *err) {
    *opened = -1;
    if (folder != NULL) {
        return folder_use(actor->folders, folder, fd, err);
    }
    size_t slash = 0;
    for (size_t i = 0; i < real.n; i++) {
        slash = real.p[i] == '/' ? i : slash;
    }
    if (real.n == 0 || real.p[0] != '/') {
        return error_set(err, ERR_UNSUPPORTED, "the file has no name that it could be taken from");
    }
    bool ok = fs_open_folder(bytes_cut(real, 0, slash + 1), opened, err);
    *fd = *opened;
    return ok;
}

/* Takes one of the file's names into the store. */
static bool take_name(struct actor *actor, struct take *take, struct folder *folder, struct bytes real, struct take_result *out,
                      struct error *err) {
    int fd = -1, opened = -1;
    size_t name_at = 0;
    for (size_t i = 0; i < real.n; i++) {
        name_at = real.p[i] == '/' ? i + 1 : name_at;
    }
    if (!folder_of(actor, folder, real, &fd, &opened, err)) {
        return false;
    }
    take->folder = (struct handle){fd};
    take->name = bytes_cut(real, name_at, real.n);
    take->path = real;
    text_clear(&out->notes);
    bool ok = quarantine_take(actor->store, take, out, err);
    if (opened >= 0) {
        close(opened);
    } else {
        folder_release(actor->folders, folder);
    }
    return ok;
}

/* One more name of a file that is taken already: it joins the item. */
static void take_other(struct actor *actor, struct take *take, struct folder *folder, struct bytes real, struct take_result *first) {
    struct take_result result = {0};
    struct error err = {0};
    if (take_name(actor, take, folder, real, &result, &err)) {
        first->elsewhere = result.elsewhere;
    } else {
        text_addf(&actor->detail, "%sanother name of this file stays: %s", actor->detail.n != 0 ? "; " : "", err.text);
    }
    text_free(&result.notes);
}

/* The other names that the walk met, and those that were looked for. */
static void take_other_names(struct actor *actor, struct take take, const struct plan *plan, struct take_result *first) {
    const struct job *job = plan->job;
    struct text met = {0};
    take.joins = first->id;
    for (const struct other_name *other = job->names != NULL ? job->names->first : NULL; other != NULL; other = other->next) {
        text_clear(&met);
        folder_real(other->folder, &met);
        path_join(&met, bytes_make(other->path + other->name_at, other->path_n - other->name_at));
        take_other(actor, &take, other->folder, bytes_make(met.p, met.n), first);
    }
    text_free(&met);
    for (size_t i = 0; i < plan->names.n_found && first->elsewhere != 0; i++) {
        struct bytes real = bytes_make(plan->names.found[i].p, plan->names.found[i].n);
        struct stat st;
        bool still =
            lstat(text_c(&plan->names.found[i]), &st) == 0 && st.st_ino == job->identity.number && st.st_dev == job->identity.volume;
        if (still) { /* the walk's were taken above */
            take_other(actor, &take, NULL, real, first);
        }
    }
}

static bool open_store(struct actor *actor, struct error *err) {
    if (!actor->store_tried) {
        actor->store_tried = true;
        if (!quarantine_open(actor->options->state, true, &actor->store, &actor->store_error)) {
            actor->store = NULL;
        } else {
            quarantine_limit(actor->store, &actor->options->store);
        }
    }
    if (actor->store == NULL) {
        *err = actor->store_error;
    }
    return actor->store != NULL;
}

/* What there is to know of a file that was taken. */
static void tell_taken(struct actor *actor, const struct plan *plan, const struct take_result *result) {
    struct text words = {0};
    add_detail(actor, text_c(&result->notes));
    if (result->elsewhere != 0) {
        text_addf(&words, "%u more name%s of this file exist%s%s", result->elsewhere, result->elsewhere == 1 ? "" : "s",
                  result->elsewhere == 1 ? "s" : "", actor->options->find_links ? "" : " (--find-links looks for them)");
    }
    add_detail(actor, text_c(&words));
    text_clear(&words);
    users_words(&plan->users, &words);
    if (actor->options->kill) {
        users_kill(&plan->users, &words);
    }
    add_detail(actor, text_c(&words));
    text_free(&words);
}

static struct taken quarantine(struct actor *actor, const struct plan *plan, const struct rule *rule) {
    struct error err = {0};
    struct text policy = {0}, users = {0};
    struct take_result result = {0};
    if (!open_store(actor, &err)) {
        return failed(actor, &err);
    }
    text_addf(&policy, "%s/%u", rule->policy->id, rule->policy->version);
    users_json(&plan->users, &users);
    text_clear(&actor->group);
    application_group(plan->job, actor->options->with_application, &actor->group);
    struct take take = {.file = plan->job->file,
                        .size = plan->job->identity.size,
                        .finding = finding_name(plan->job->strongest),
                        .rule = rule->id,
                        .policy = text_c(&policy),
                        .reason = rule->reason,
                        .group = text_c(&actor->group),
                        .users = text_c(&users),
                        .lossy = actor->options->lossy,
                        .no_plain_copy = actor->options->no_plain_copy,
                        .lift = actor->options->clear_immutable};
    memcpy(take.sha256, plan->job->sha256, sizeof take.sha256);
    bool ok = take_name(actor, &take, plan->job->folder, bytes_make(plan->real.p, plan->real.n), &result, &err);
    if (ok) {
        memcpy(actor->id, result.id, sizeof actor->id);
        take_other_names(actor, take, plan, &result);
        tell_taken(actor, plan, &result);
    }
    text_free(&result.notes);
    text_free(&policy);
    text_free(&users);
    return ok ? taken(actor, TAKEN_QUARANTINED, actor->id) : failed(actor, &err);
}

struct taken actor_act(struct actor *actor, struct job *job) {
    text_clear(&actor->detail);
    const struct plan *plan = plan_of(actor, job);
    const struct rule *rule = job->rule != NO_RULE ? blocklist_rule(actor->options->examiner.list, job->rule) : NULL;
    enum action action = job->wanted;
    bool refused = false;
    if (action == ACTION_QUARANTINE && (plan == NULL || rule == NULL || spared(actor, plan, &refused))) {
        action = ACTION_FLAG;
    }
    if (actor->options->dry_run) {
        return taken(actor, action == ACTION_QUARANTINE ? TAKEN_WOULD_QUARANTINE : TAKEN_WOULD_FLAG, "");
    }
    struct taken done = action == ACTION_QUARANTINE ? quarantine(actor, plan, rule) : flag(actor, job, rule);
    done.refused = refused;
    return done;
}
