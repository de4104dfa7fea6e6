/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/plan.h"

#include <stdlib.h>

#include "scan/packages.h"

bool plan_is_system(const struct plan *plan) {
    static const char *const folders[] = {"/boot/",  "/usr/",   "/bin/",    "/sbin/",   "/lib/",
                                          "/lib32/", "/lib64/", "/libx32/", "/libo32/", "/opt/certban/"};
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

static bool ask_packages(struct plan *plans, size_t n) {
    struct package_ask *asks = calloc(n + 1, sizeof *asks);
    if (asks == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        asks[i].path = text_c(&plans[i].real);
    }
    packages_find(NULL, asks, n);
    packages_rpm(NULL, asks, n);
    for (size_t i = 0; i < n; i++) {
        memcpy(plans[i].package, asks[i].package, sizeof asks[i].package);
    }
    free(asks);
    return true;
}

/* Whether a job's file is to be moved, as far as is known. */
static bool is_to_move(const struct plan *plan, const struct scan_options *options) {
    return plan->job->wanted == ACTION_QUARANTINE && !options->dry_run;
}

static bool ask_users(struct plan *plans, size_t n_plans, const struct scan_options *options) {
    struct users *asks = calloc(n_plans + 1, sizeof *asks);
    size_t n = 0;
    for (size_t i = 0; asks != NULL && i < n_plans; i++) {
        const struct fs_identity *file = &plans[i].job->identity;
        if (is_to_move(&plans[i], options)) {
            asks[n++] = (struct users){.volume = file->volume, .number = file->number};
        }
    }
    users_find(asks, n);
    for (size_t i = 0; i < n_plans; i++) {
        const struct fs_identity *file = &plans[i].job->identity;
        for (size_t k = 0; k < n && is_to_move(&plans[i], options); k++) {
            if (asks[k].volume == file->volume && asks[k].number == file->number) {
                plans[i].users = asks[k];
                asks[k] = (struct users){0};
                break;
            }
        }
    }
    free(asks);
    return asks != NULL;
}

static bool ask_names(struct plan *plans, size_t n_plans, const struct scan_options *options) {
    struct names_ask *asks = calloc(n_plans + 1, sizeof *asks);
    size_t n = 0;
    for (size_t i = 0; asks != NULL && i < n_plans; i++) {
        const struct plan *plan = &plans[i];
        if (is_to_move(plan, options) && plan->job->identity.names > 1) {
            asks[n++] = (struct names_ask){.volume = plan->job->identity.volume,
                                           .number = plan->job->identity.number,
                                           .path = text_c(&plan->real),
                                           .links = plan->job->identity.names,
                                           .most = limit_most(&options->examiner.limits, LIMIT_NAMES)};
        }
    }
    other_names_find(asks, n);
    for (size_t i = 0, k = 0; asks != NULL && i < n_plans; i++) {
        if (is_to_move(&plans[i], options) && plans[i].job->identity.names > 1) {
            plans[i].names = asks[k++];
        }
    }
    free(asks);
    return asks != NULL;
}

bool plans_ask(struct plan *plans, size_t n, const struct scan_options *options) {
    return ask_packages(plans, n) && ask_users(plans, n, options) && (!options->find_links || ask_names(plans, n, options));
}

void plan_free(struct plan *plan) {
    text_free(&plan->real);
    users_free(&plan->users);
    other_names_free(&plan->names);
}
