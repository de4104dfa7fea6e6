/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/brake.h"

#include <stdlib.h>

/* How often one rule hits. */
struct tally {
    uint32_t rule;
    uint64_t weight, files, confirmed, let; /* let: moved, or about to be */
    bool tripped, forbidden;
    const char *first[BRAKE_PATHS];
    size_t n_first;
};

struct brake {
    const struct scan_options *options;
    struct tally *tallies;
    size_t n, room;
};

struct brake *brake_new(const struct scan_options *options, size_t n) {
    struct brake *brake = calloc(1, sizeof *brake);
    struct tally *tallies = calloc(n + 1, sizeof *tallies);
    if (brake == NULL || tallies == NULL) {
        free(brake);
        free(tallies);
        return NULL;
    }
    *brake = (struct brake){.options = options, .tallies = tallies, .room = n};
    return brake;
}

void brake_free(struct brake *brake) {
    if (brake != NULL) {
        free(brake->tallies);
        free(brake);
    }
}

static struct tally *find(const struct brake *brake, uint32_t rule) {
    for (size_t i = 0; i < brake->n; i++) {
        if (brake->tallies[i].rule == rule) {
            return &brake->tallies[i];
        }
    }
    return NULL;
}

/* A rule's tally, made where there is none; NULL when there is no room, which there is for as many as brake_new was told of. */
static struct tally *tally_of(struct brake *brake, uint32_t rule) {
    struct tally *tally = find(brake, rule);
    if (tally == NULL && brake->n < brake->room) {
        tally = &brake->tallies[brake->n++];
        *tally = (struct tally){.rule = rule};
    }
    return tally;
}

void brake_count(struct brake *brake, uint32_t rule, unsigned weight, const char *path) {
    struct tally *tally = tally_of(brake, rule);
    if (tally != NULL) {
        tally->files++;
        tally->weight += weight;
        if (tally->n_first < BRAKE_PATHS) {
            tally->first[tally->n_first++] = path;
        }
    }
}

void brake_forbid(struct brake *brake, uint32_t rule) {
    struct tally *tally = tally_of(brake, rule);
    if (tally != NULL) {
        tally->forbidden = true;
    }
}

/* How many files of a rule the user said may be moved: --confirm-mass RULE=N. */
static uint64_t confirmed(const struct brake *brake, const struct rule *rule) {
    for (size_t i = 0; rule != NULL && i < brake->options->n_confirm; i++) {
        const char *word = brake->options->confirm[i], *equals = strrchr(word, '=');
        size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
        if (equals != NULL && n == strlen(rule->id) && memcmp(word, rule->id, n) == 0) {
            return strtoull(equals + 1, NULL, 10);
        }
    }
    return 0;
}

static const struct rule *rule_of(const struct brake *brake, const struct tally *tally) {
    return blocklist_rule(brake->options->examiner.list, tally->rule);
}

static unsigned most_of(const struct rule *rule) {
    return rule != NULL && rule->fresh ? BRAKE_FRESH : BRAKE_FILES;
}

void brake_settle(struct brake *brake, struct scan_events *events) {
    for (size_t i = 0; i < brake->n; i++) {
        struct tally *tally = &brake->tallies[i];
        const struct rule *rule = rule_of(brake, tally);
        tally->confirmed = confirmed(brake, rule);
        tally->tripped = tally->weight > most_of(rule);
        if ((tally->forbidden || (tally->tripped && tally->files > tally->confirmed)) && events->brake != NULL) {
            events->brake(events, &(struct scan_brake){.rule = rule,
                                                       .forbidden = tally->forbidden,
                                                       .files = tally->files,
                                                       .weight = tally->weight,
                                                       .most = most_of(rule),
                                                       .confirmed = tally->confirmed,
                                                       .paths = tally->first,
                                                       .n_paths = tally->n_first});
        }
    }
}

bool brake_holds(struct brake *brake, uint32_t number, bool named, bool *forbidden, struct text *why) {
    struct tally *tally = find(brake, number);
    *forbidden = tally != NULL && tally->forbidden;
    if (tally == NULL || (!tally->forbidden && (named || !tally->tripped || tally->let < tally->confirmed))) {
        if (tally != NULL && !named) {
            tally->let++;
        }
        return false;
    }
    const struct rule *rule = rule_of(brake, tally);
    const char *id = rule != NULL ? rule->id : "RULE";
    if (tally->forbidden) {
        text_addf(why, "the brake: rule %s hits a certificate that nobody may ban (never-ban list), so it moves nothing", id);
        return true;
    }
    text_addf(why, "the brake: this rule%s hits %llu files, and more than %u are not moved at once; --confirm-mass %s=%llu moves them",
              rule != NULL && rule->fresh ? ", which an update brought less than a day ago," : "", (unsigned long long)tally->files,
              most_of(rule), id, (unsigned long long)tally->files);
    return true;
}
