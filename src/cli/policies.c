/* SPDX-License-Identifier: Apache-2.0 */
/* The policies of a run: list/search.h with the words of the command line. */
#include <stdlib.h>
#include <time.h>

#include "cli/ui.h"
#include "list/files.h"
#include "list/revocations.h"

/* Keeps the first thing that is wrong; what is merely odd is said at once. */
struct strict_listener {
    struct search_listener listener; /* first: the search hears by it */
    struct error first;
};

static void heard_unreadable(struct search_listener *listener, const struct error *err) {
    struct strict_listener *strict = (struct strict_listener *)(void *)listener;
    if (strict->first.kind == ERR_NONE) {
        strict->first = *err;
    }
}

static void heard_odd(struct search_listener *listener, const char *words) {
    (void)listener;
    ui_say("%s", words);
}

void policies_say_spared(const struct blocklist *list) {
    const struct rule *first;
    size_t n = blocklist_spared(list, &first);
    if (n != 0) {
        ui_say("rule %s/%s%s a certificate on the never-ban list, which no rule may hit: that is left out (certban policy check)",
               first->policy->id, first->id, n == 1 ? " names" : " and others each name");
    }
}

/* Loads and seals; the first policy that can't be read ends it. */
static bool load(const struct search *search, struct policies *out, struct error *err) {
    struct strict_listener strict = {.listener = {heard_unreadable, heard_odd}};
    struct policies policies = {.list = blocklist_new()};
    size_t unreadable = 0;
    bool ok = policies.list != NULL || error_set(err, ERR_LIMIT, "no memory for the policies");
    ok = ok && search_load(search, policies.list, &strict.listener, &unreadable, err);
    if (ok && unreadable != 0) {
        *err = strict.first;
        ok = false;
    }
    ok = ok && blocklist_seal(policies.list, err);
    if (ok) {
        policies_say_spared(policies.list);
        *out = policies;
    } else {
        policies_free(&policies);
    }
    return ok;
}

bool policies_builtin(struct policies *out, struct error *err) {
    struct search search = {.builtin = true, .now = (int64_t)time(NULL)};
    return load(&search, out, err);
}

void places_free(struct places *places) {
    text_free(&places->state);
    text_free(&places->policies);
    text_free(&places->certs);
}

bool policies_search(const struct options *options, struct places *places, struct search *out, struct error *err) {
    struct error none;
    *places = (struct places){0};
    bool has_state = ui_state(options, &places->state, &none);
    const char *share = getenv("CERTBAN_SHARE");
    ui_etc("policies.d", &places->policies);
    ui_etc("certs.d", &places->certs);
    *out = (struct search){
        .builtin = !options->given[OPTION_NO_BUILTIN],
        .share = share != NULL && share[0] != '\0' ? share : SEARCH_SHARE,
        .etc = text_c(&places->policies),
        .certs = text_c(&places->certs),
        .files = options->words[OPTION_POLICY],
        .n_files = options->n_words[OPTION_POLICY],
        .shared = SEARCH_STATE,
        .state = has_state ? text_c(&places->state) : NULL,
        .now = (int64_t)time(NULL),
    };
    return (text_ok(&places->policies) && text_ok(&places->certs)) || error_set(err, ERR_LIMIT, "no memory for paths");
}

static void heard_list(struct revocations_listener *listener, const char *words) {
    (void)listener;
    ui_say("%s", words);
}

/* The revocation lists under these paths go behind the rules. A path without any is a mistake that would pass for "nothing is revoked". */
static bool load_crls(const char *const *paths, size_t n, struct blocklist *list, struct error *err) {
    struct revocations_listener listener = {.odd = heard_list};
    struct revocations *set = revocations_new((int64_t)time(NULL));
    bool ok = set != NULL || error_set(err, ERR_LIMIT, "no memory for revocation lists");
    for (size_t i = 0; ok && i < n; i++) {
        size_t before = listener.seen;
        ok = revocations_add(set, paths[i], &listener, err) &&
             (listener.seen != before ||
              error_set(err, ERR_USAGE, "%s: there is no revocation list (certban crl fetch FILE… gets them)", paths[i]));
    }
    ok = ok && blocklist_revoke(list, set, err);
    if (!ok) {
        revocations_free(set);
    }
    return ok;
}

bool policies_revocations(const struct options *options, const char *otherwise, struct policies *out, struct error *err) {
    size_t n = options->n_words[OPTION_CRL];
    struct policies policies = {.list = blocklist_new()};
    bool ok = (policies.list != NULL || error_set(err, ERR_LIMIT, "no memory")) && blocklist_seal(policies.list, err);
    if (ok && n != 0) {
        ok = load_crls(options->words[OPTION_CRL], n, policies.list, err);
    } else if (ok) {
        ok = load_crls(&otherwise, file_exists(otherwise), policies.list, err);
    }
    if (ok) {
        *out = policies;
    } else {
        policies_free(&policies);
    }
    return ok;
}

bool policies_load(const struct options *options, struct policies *out, struct error *err) {
    struct places places;
    struct search search;
    bool ok = policies_search(options, &places, &search, err) && load(&search, out, err);
    places_free(&places);
    size_t n = options->n_words[OPTION_CRL];
    if (ok && n != 0 && !load_crls(options->words[OPTION_CRL], n, out->list, err)) {
        policies_free(out);
        ok = false;
    }
    return ok;
}

void policies_free(struct policies *policies) {
    blocklist_free(policies->list);
    *policies = (struct policies){0};
}
