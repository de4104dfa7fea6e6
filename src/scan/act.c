/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scan/links.h"
#include "scan/packages.h"
#include "store/flag.h"
#include "store/quarantine.h"

/* What is known of one job before anything is done. */
struct plan {
    struct job *job;
    struct text real; /* its path without links */
    char package[64];
};

/* How often one rule hits. */
struct tally {
    uint32_t rule;
    uint64_t weight, files;
    bool tripped;
};

struct actor {
    const struct scan_options *options;
    struct folders *folders;
    struct plan *plans;
    size_t n_plans;
    struct tally *tallies;
    size_t n_tallies;
    struct quarantine *store;
    bool store_tried;
    struct error store_error;
    struct text detail;
    char id[QUARANTINE_ID_SIZE];
};

/* ---- before anything is done ---- */

static bool is_system(const struct plan *plan) {
    static const char *const folders[] = {"/boot/", "/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/opt/certban/"};
    if (plan->package[0] != '\0') {
        return true;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (bytes_starts(bytes_make(plan->real.p, plan->real.n), bytes_text(folders[i]))) {
            return true;
        }
    }
    return false;
}

static bool ask_packages(struct actor *actor) {
    struct package_ask *asks = calloc(actor->n_plans + 1, sizeof *asks);
    if (asks == NULL) {
        return false;
    }
    for (size_t i = 0; i < actor->n_plans; i++) {
        asks[i].path = text_c(&actor->plans[i].real);
    }
    packages_find(NULL, asks, actor->n_plans);
    for (size_t i = 0; i < actor->n_plans; i++) {
        memcpy(actor->plans[i].package, asks[i].package, sizeof asks[i].package);
    }
    free(asks);
    return true;
}

static struct tally *tally_of(struct actor *actor, uint32_t rule) {
    for (size_t i = 0; i < actor->n_tallies; i++) {
        if (actor->tallies[i].rule == rule) {
            return &actor->tallies[i];
        }
    }
    struct tally *tally = &actor->tallies[actor->n_tallies++];
    *tally = (struct tally){.rule = rule};
    return tally;
}

/* How many files of a rule the user said may be moved: --confirm-mass RULE=N. */
static uint64_t confirmed(const struct actor *actor, uint32_t number) {
    const struct rule *rule = blocklist_rule(actor->options->examiner.list, number);
    for (size_t i = 0; rule != NULL && i < actor->options->n_confirm; i++) {
        const char *word = actor->options->confirm[i], *equals = strrchr(word, '=');
        size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
        if (equals != NULL && n == strlen(rule->id) && memcmp(word, rule->id, n) == 0) {
            return strtoull(equals + 1, NULL, 10);
        }
    }
    return 0;
}

static unsigned brake_of(const struct actor *actor, uint32_t number) {
    const struct rule *rule = blocklist_rule(actor->options->examiner.list, number);
    return rule != NULL && rule->fresh ? BRAKE_FRESH : BRAKE_FILES;
}

static void count_hits(struct actor *actor) {
    for (size_t i = 0; i < actor->n_plans; i++) {
        const struct plan *plan = &actor->plans[i];
        if (plan->job->wanted != ACTION_QUARANTINE) {
            continue;
        }
        struct tally *tally = tally_of(actor, plan->job->rule);
        tally->files++;
        tally->weight += plan->job->named ? 0 : is_system(plan) ? BRAKE_SYSTEM : 1;
    }
    for (size_t i = 0; i < actor->n_tallies; i++) {
        struct tally *tally = &actor->tallies[i];
        tally->tripped = tally->weight > brake_of(actor, tally->rule) && tally->files > confirmed(actor, tally->rule);
    }
}

struct actor *actor_new(const struct scan_options *options, struct folders *folders, struct job *const *jobs, size_t n) {
    struct actor *actor = calloc(1, sizeof *actor);
    struct plan *plans = calloc(n + 1, sizeof *plans);
    struct tally *tallies = calloc(n + 1, sizeof *tallies);
    if (actor == NULL || plans == NULL || tallies == NULL) {
        free(actor);
        free(plans);
        free(tallies);
        return NULL;
    }
    *actor = (struct actor){.options = options, .folders = folders, .plans = plans, .n_plans = n, .tallies = tallies};
    for (size_t i = 0; i < n; i++) {
        plans[i].job = jobs[i];
        job_real(jobs[i], &plans[i].real);
    }
    if (!ask_packages(actor)) {
        actor_free(actor);
        return NULL;
    }
    count_hits(actor);
    return actor;
}

void actor_free(struct actor *actor) {
    if (actor == NULL) {
        return;
    }
    for (size_t i = 0; i < actor->n_plans; i++) {
        text_free(&actor->plans[i].real);
    }
    if (actor->store != NULL) {
        quarantine_close(actor->store);
    }
    text_free(&actor->detail);
    free(actor->plans);
    free(actor->tallies);
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

/* certban does not move the program that is running: nothing would be left to undo it with. */
static bool is_own_program(const struct job *job) {
    struct stat own;
    return stat("/proc/self/exe", &own) == 0 && own.st_dev == job->identity.volume && own.st_ino == job->identity.number;
}

/* Whether something keeps a file from being moved although its rule asks for it; it is flagged instead, and the detail says why. */
static bool spared(struct actor *actor, const struct plan *plan) {
    if (is_own_program(plan->job)) {
        text_add(&actor->detail, "this is the certban that runs");
        return true;
    }
    for (size_t i = 0; i < actor->n_tallies; i++) {
        const struct tally *tally = &actor->tallies[i];
        if (tally->rule == plan->job->rule && tally->tripped) {
            const struct rule *rule = blocklist_rule(actor->options->examiner.list, tally->rule);
            text_addf(&actor->detail,
                      "the brake: this rule%s hits %llu files, and more than %u are not moved at once; --confirm-mass %s=%llu moves them",
                      rule != NULL && rule->fresh ? ", which an update brought less than a day ago," : "", (unsigned long long)tally->files,
                      brake_of(actor, tally->rule), rule != NULL ? rule->id : "RULE", (unsigned long long)tally->files);
            return true;
        }
    }
    if (plan->package[0] != '\0' && !actor->options->packages) {
        text_addf(&actor->detail, "belongs to package %s: remove it with the package manager, or use --packages", plan->package);
        return true;
    }
    return false;
}

static struct taken flag(struct actor *actor, const struct job *job, const struct rule *rule) {
    struct error err = {0};
    struct text policy = {0};
    if (rule != NULL) {
        text_addf(&policy, "%s/%u", rule->policy->id, rule->policy->version);
    }
    bool ok = flag_set(job->file, finding_name(job->strongest), rule != NULL ? rule->id : "", text_c(&policy), (int64_t)time(NULL),
                       job->sha256, &err);
    text_free(&policy);
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
    bool ok = open_absolute(bytes_cut(real, 0, slash + 1), opened, err);
    *fd = *opened;
    return ok;
}

/* Takes one of the file's names into the store. */
static bool take_name(struct actor *actor, struct take *take, struct folder *folder, struct bytes real, struct bytes name,
                      struct error *err) {
    int fd = -1, opened = -1;
    if (!folder_of(actor, folder, real, &fd, &opened, err)) {
        return false;
    }
    take->folder = (struct handle){fd};
    take->name = name;
    take->path = real;
    bool ok = quarantine_take(actor->store, take, actor->id, &actor->detail, err);
    if (opened >= 0) {
        close(opened);
    } else {
        folder_release(actor->folders, folder);
    }
    return ok;
}

/* The other names that the walk met: each is an item of its own. */
static void take_other_names(struct actor *actor, struct take take, const struct job *job) {
    char id[QUARANTINE_ID_SIZE];
    memcpy(id, actor->id, sizeof id);
    for (const struct other_name *other = job->names != NULL ? job->names->first : NULL; other != NULL; other = other->next) {
        struct error err;
        struct text real = {0};
        struct bytes name = bytes_make(other->path + other->name_at, other->path_n - other->name_at);
        folder_real(other->folder, &real);
        path_join(&real, name);
        if (!take_name(actor, &take, other->folder, bytes_make(real.p, real.n), name, &err)) {
            text_addf(&actor->detail, "%sanother name of this file stays: %s", actor->detail.n != 0 ? "; " : "", err.text);
        }
        text_free(&real);
    }
    memcpy(actor->id, id, sizeof id);
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

static struct taken quarantine(struct actor *actor, const struct plan *plan, const struct rule *rule) {
    struct error err = {0};
    struct text policy = {0};
    if (!open_store(actor, &err)) {
        return failed(actor, &err);
    }
    struct bytes real = bytes_make(plan->real.p, plan->real.n);
    size_t name_at = 0;
    for (size_t i = 0; i < real.n; i++) {
        name_at = real.p[i] == '/' ? i + 1 : name_at;
    }
    text_addf(&policy, "%s/%u", rule->policy->id, rule->policy->version);
    struct take take = {.file = plan->job->file,
                        .size = plan->job->identity.size,
                        .finding = finding_name(plan->job->strongest),
                        .rule = rule->id,
                        .policy = text_c(&policy),
                        .reason = rule->reason,
                        .lossy = actor->options->lossy,
                        .no_plain_copy = actor->options->no_plain_copy,
                        .lift = actor->options->clear_immutable};
    memcpy(take.sha256, plan->job->sha256, sizeof take.sha256);
    bool ok = take_name(actor, &take, plan->job->folder, real, bytes_cut(real, name_at, real.n), &err);
    if (ok) {
        take_other_names(actor, take, plan->job);
    }
    text_free(&policy);
    return ok ? taken(actor, TAKEN_QUARANTINED, actor->id) : failed(actor, &err);
}

struct taken actor_act(struct actor *actor, struct job *job) {
    text_clear(&actor->detail);
    const struct plan *plan = plan_of(actor, job);
    const struct rule *rule = job->rule != NO_RULE ? blocklist_rule(actor->options->examiner.list, job->rule) : NULL;
    enum action action = job->wanted;
    if (action == ACTION_QUARANTINE && (plan == NULL || rule == NULL || spared(actor, plan))) {
        action = ACTION_FLAG;
    }
    if (actor->options->dry_run) {
        return taken(actor, action == ACTION_QUARANTINE ? TAKEN_WOULD_QUARANTINE : TAKEN_WOULD_FLAG, "");
    }
    return action == ACTION_QUARANTINE ? quarantine(actor, plan, rule) : flag(actor, job, rule);
}
