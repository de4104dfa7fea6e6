/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"
#include "crypto/identity.h"
#include "list/export_inside.h"
#include "list/never_ban.h"
#include "list/policy_report.h"

#define EXPORT_RULE_MEMORY ((size_t)64 << 20)

void export_no_room(struct export *e) {
    if (e->err.kind == ERR_NONE) {
        (void)error_set(&e->err, ERR_LIMIT, "no memory for the export");
    }
}

static void note(struct export *e, const char *before, const char *what, const char *why) {
    for (size_t i = 0; i < e->n_notes; i++) {
        if (e->notes[i].why == why && strcmp(e->notes[i].what, what) == 0) {
            e->notes[i].n++;
            return;
        }
    }
    if (e->n_notes < EXPORT_NOTES_MAX) {
        e->notes[e->n_notes++] = (struct export_note){before, what, why, 1};
    } else {
        e->notes[EXPORT_NOTES_MAX - 1] = (struct export_note){before, "", "more than can be told here can't be said", 1};
    }
}

static const char lost[] = "in part: ", widened[] = "wider: ", remark[] = "note: ", elsewise[] = "by another name: ";

/* "left out: sha1, serial (2): why": the kinds that share a why, from the i-th note on; they are marked as told. */
static void tell(struct export *e, size_t i) {
    struct text words = {0};
    const struct export_note first = e->notes[i];
    bool any = false;
    text_add(&words, e->said == 0 ? "left out: " : first.before);
    for (; i < e->n_notes; i++) {
        struct export_note *n = &e->notes[i];
        if (n->why == first.why) {
            text_addf(&words, "%s%s", any ? ", " : "", n->what);
            if (n->n > 1 && n->what[0] != '\0') {
                text_addf(&words, " (%zu)", n->n);
            }
            any = any || n->what[0] != '\0';
            n->n = 0;
        }
    }
    text_addf(&words, "%s%s", any ? ": " : "", first.why);
    e->job->listener->told(e->job->listener, e->rule, text_c(&words));
    text_free(&words);
}

/* Tells all that was noted about the rule and counts it. What is noted of a rule that is left out counts only where it is why. */
static void rule_end(struct export *e) {
    if (e->rule == NULL) {
        return;
    }
    bool part = false, told = false;
    for (size_t i = 0; i < e->n_notes; i++) {
        part = part || (e->notes[i].before != remark && e->notes[i].before != elsewise);
        if (e->notes[i].n != 0 && (e->said != 0 || e->notes[i].before == lost)) {
            tell(e, i);
            told = true;
        }
    }
    if (e->said == 0 && !told) {
        e->job->listener->told(e->job->listener, e->rule, "left out: the format can't say it");
    }
    *(e->said == 0 ? &e->counts.left_out : part ? &e->counts.part : &e->counts.whole) += 1;
    e->rule = NULL;
    e->n_notes = 0;
    e->said = 0;
    text_clear(&e->places);
    arena_reset(&e->arena);
}

bool export_wider(struct export *e, const char *why) {
    note(e, e->job->wider ? widened : lost, "", why);
    return e->job->wider;
}

void export_remark(struct export *e, const char *why) {
    note(e, remark, "", why);
}

void export_said(struct export *e) {
    e->said++;
}

static const char *kind_of(struct export *e, const struct key *key) {
    return key->kind == KEY_TBS ? export_printf(e, "tbs-%s", hash_name(hash_by_size(key->value.n))) : key_name(key->kind);
}

void export_said_by(struct export *e, const struct export_thing *thing, unsigned kinds, size_t tbs, const char *why) {
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        if ((kinds & 1U << key->kind) == 0 || (key->kind == KEY_TBS && tbs != 0 && key->value.n != tbs)) {
            note(e, elsewise, kind_of(e, key), why);
        }
    }
    export_said(e);
}

void export_key_unsaid(struct export *e, const struct key *key, const char *why) {
    note(e, lost, kind_of(e, key), why);
}

void export_unsaid(struct export *e, const struct export_thing *thing, const char *why) {
    for (size_t i = 0; i < thing->n; i++) {
        export_key_unsaid(e, &thing->keys[i], why);
    }
}

/* Conditions that a rule has, each with the words for its absence there. */
static bool conditions_fit(struct export *e) {
    const struct conditions *only = &e->rule->only;
    const struct {
        bool has;
        unsigned bit;
        const char *why;
    } all[] = {
        {only->has_after, TELLS_AFTER, "its condition signed-after can't be said"},
        {only->has_before, TELLS_BEFORE, "its condition signed-before can't be said"},
        {only->platform != NULL && e->means.platform == NULL, TELLS_PLATFORM, "its condition platform can't be said"},
        {only->product != NULL, TELLS_PRODUCT, "its condition product can't be said"},
        {only->original_name != NULL, TELLS_ORIGINAL_NAME, "its condition original-name can't be said"},
        {only->company != NULL, TELLS_COMPANY, "its condition company can't be said"},
        {only->has_min, TELLS_MIN, "its condition version min can't be said"},
        {only->has_max, TELLS_MAX, "its condition version max can't be said"},
        {only->internal_name != NULL, TELLS_INTERNAL_NAME, "its condition internal-name can't be said"},
        {only->description != NULL, TELLS_DESCRIPTION, "its condition description can't be said"},
        {only->issued_under.n != 0, TELLS_ISSUED_UNDER, "its condition issued-under can't be said"},
        {only->eku.n + only->eku_except.n != 0, TELLS_EKU, "its conditions on extended key usages can't be said"},
        {only->path != NULL, TELLS_PATH, "its condition path can't be said"},
        {only->n_except != 0, TELLS_EXCEPT, "its exceptions can't be said"},
    };
    bool fits = true;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].has && (e->means.conditions & all[i].bit) == 0 && !export_wider(e, all[i].why)) {
            fits = false;
        }
    }
    return fits;
}

/* Whether the rule as a whole can be said; what can't is noted. */
static bool rule_fits(struct export *e) {
    const struct rule *rule = e->rule;
    if (rule->expires <= e->job->now) {
        note(e, lost, "", "it has expired");
        return false;
    }
    if (rule->allow && !e->means.allows) {
        note(e, lost, "", "allow rules can't be said: what it excuses is not excused there");
        return false;
    }
    if (rule->only.platform != NULL && e->means.platform != NULL && strcmp(rule->only.platform, e->means.platform) != 0) {
        note(e, lost, "", "it is for another platform");
        return false;
    }
    if (!rule->allow && e->means.blocks && rule->action != ACTION_QUARANTINE &&
        !export_wider(e, "it only flags or reports; there it would be blocked")) {
        return false;
    }
    /* An excuse that lost a condition would excuse more: that is never written. */
    if (!conditions_fit(e) || (rule->allow && e->n_notes != 0)) {
        return false;
    }
    if (rule->expires != INT64_MAX && !e->means.expires) {
        export_remark(e, "the day on which it expires can't be said: export anew by then");
    }
    if (rule->weak_accepted) {
        export_remark(e, "certban takes its weak keys for strong again only where who imports it says so (--accept-weak)");
    }
    if (rule->never_ban_overridden) {
        export_remark(e, "certban imports nothing that overrides the never-ban list");
    }
    if (rule->allow) {
        export_remark(e, "certban imports no excuses");
    }
    return true;
}

bool export_rule(struct export *e) {
    rule_end(e);
    while (e->err.kind == ERR_NONE && e->next_policy < e->job->n_policies) {
        e->policy = e->job->policies[e->next_policy];
        if (e->next_rule >= e->policy->n_rules) {
            e->next_policy++;
            e->next_rule = 0;
            continue;
        }
        e->rule = &e->policy->rules[e->next_rule++];
        e->next_key = 0;
        e->counts.rules++;
        if (rule_fits(e)) {
            return true;
        }
        rule_end(e);
    }
    return false;
}

static bool is_cert_key(enum key_kind kind) {
    return kind <= KEY_SERIAL;
}

static bool is_file_key(enum key_kind kind) {
    return kind == KEY_FILE_MD5 || kind == KEY_FILE_SHA1 || kind == KEY_FILE_SHA256;
}

/* A key of the public key alone names other certificates, too. */
static bool is_named(const struct export_thing *thing, const struct cert *cert) {
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        if (key->kind != KEY_SPKI && !key->weak && key_names_certificate(key, cert)) {
            return true;
        }
    }
    return false;
}

static const struct cert *find_cert(const struct policy *const *policies, size_t n, const struct export_thing *thing) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < policies[i]->n_rules; k++) {
            const struct cert *cert = policies[i]->rules[k].cert;
            if (cert != NULL && is_named(thing, cert)) {
                return cert;
            }
        }
    }
    return NULL;
}

/* What the never-ban list keeps from the rule here, it must not hit there. */
static bool is_spared(const struct export *e, const struct export_thing *thing) {
    bool spared = false;
    for (size_t i = 0; i < thing->n; i++) {
        spared = spared || never_ban_has(thing->keys[i].kind, thing->keys[i].value);
    }
    return spared && !e->rule->allow && !e->rule->never_ban_overridden;
}

/* Whether the thing may be written as far as its role and its strength go. */
static bool thing_fits(struct export *e, const struct export_thing *thing) {
    bool weak = true;
    if (is_spared(e, thing)) {
        export_unsaid(e, thing, "it is on the never-ban list: the rule hits nothing by it");
        return false;
    }
    for (size_t i = 0; i < thing->n; i++) {
        weak = weak && thing->keys[i].weak;
    }
    if (e->means.blocks && weak && !e->rule->weak_accepted && !export_wider(e, "a weak key flags at most; there it would be blocked")) {
        return false;
    }
    bool by_role = thing->is_cert || thing->keys[0].kind == KEY_SUBJECT || thing->keys[0].kind == KEY_SUBSCRIBER;
    if (!by_role || (e->means.roles & ROLE_BIT(thing->role)) != 0) {
        return true;
    }
    if ((e->means.near_roles & ROLE_BIT(thing->role)) != 0) {
        export_remark(e, e->means.near_words);
        return true;
    }
    export_unsaid(e, thing,
                  thing->role == ROLE_CHAIN       ? "the role chain can't be said"
                  : thing->role == ROLE_TIMESTAMP ? "the role timestamp can't be said"
                  : thing->role == ROLE_BAG       ? "the role bag can't be said"
                                                  : "its role can't be said");
    return false;
}

bool export_thing(struct export *e, struct export_thing *out) {
    const struct rule *rule = e->rule;
    while (e->err.kind == ERR_NONE && e->next_key < rule->n_keys) {
        const struct key *first = &rule->keys[e->next_key];
        struct export_thing thing = {
            .keys = first, .role = first->role, .is_cert = is_cert_key(first->kind), .is_file = is_file_key(first->kind)};
        while (e->next_key < rule->n_keys && rule->keys[e->next_key].thing == first->thing) {
            e->next_key++;
            thing.n++;
        }
        if (thing.is_cert) {
            thing.cert = rule->cert != NULL && is_named(&thing, rule->cert) ? rule->cert : NULL;
            thing.cert = thing.cert != NULL ? thing.cert : find_cert(e->job->policies, e->job->n_policies, &thing);
            thing.cert = thing.cert != NULL ? thing.cert : find_cert(e->job->known, e->job->n_known, &thing);
        }
        if (thing_fits(e, &thing)) {
            *out = thing;
            return true;
        }
    }
    return false;
}

/* The certificate's own hash of that kind, when it can be computed. */
static bool own_value(struct export *e, const struct cert *cert, enum key_kind kind, size_t size, struct bytes *out) {
    uint8_t value[HASH_SIZE_MAX];
    enum hash hash = kind == KEY_CERT_MD5    ? HASH_MD5
                     : kind == KEY_CERT_SHA1 ? HASH_SHA1
                     : kind == KEY_TBS       ? (size != 0 ? hash_by_size(size) : HASH_SHA256)
                                             : HASH_SHA256;
    if (kind > KEY_SPKI || !digest_supported(hash) || !identity_hash(cert, kind, hash, value, NULL)) {
        return false;
    }
    if (!arena_copy(&e->arena, bytes_make(value, hash_size(hash)), out, NULL)) {
        export_no_room(e);
        return false;
    }
    return true;
}

const struct bytes *export_values(struct export *e, const struct export_thing *thing, enum key_kind kind, size_t size, size_t *n) {
    struct bytes *all = arena_array(&e->arena, thing->n + 1, sizeof *all), own;
    bool has_own = thing->cert != NULL && own_value(e, thing->cert, kind, size, &own);
    *n = 0;
    if (all == NULL) {
        export_no_room(e);
        return NULL;
    }
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        if (key->kind == kind && (size == 0 || key->value.n == size)) {
            all[(*n)++] = key->value;
            has_own = has_own && !bytes_equal(own, key->value);
        }
    }
    if (has_own) {
        all[(*n)++] = own;
    }
    return all;
}

bool export_run(const struct exporter *exporter, const struct export_job *job, struct text *out, struct export_counts *counts,
                struct error *err) {
    struct export e = {.job = job, .out = out, .arena = arena_make(EXPORT_RULE_MEMORY)};
    exporter->write(&e);
    rule_end(&e);
    arena_free(&e.arena);
    text_free(&e.places);
    bool ok = e.err.kind == ERR_NONE;
    if (!ok && err != NULL) {
        *err = e.err;
    }
    ok = ok && (text_ok(out) || error_set(err, ERR_LIMIT, "no memory for the export"));
    if (ok) {
        *counts = e.counts;
    }
    return ok;
}
