/* SPDX-License-Identifier: Apache-2.0 */
#include "list/policy_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "asn1/name.h"
#include "crypto/identity.h"
#include "list/never_ban.h"
#include "list/policy_write_inside.h"

static const char *const level_names[NOTE_COUNT] = {"error", "warning", "advice"};

const char *note_level_name(enum note_level level) {
    return (unsigned)level < NOTE_COUNT ? level_names[level] : "unknown";
}

/* One run over the policies. */
struct report {
    const struct policy *policy;
    struct note_listener *listener;
    struct blocklist *list;
    int64_t now;
};

__attribute__((format(printf, 4, 5))) static void note(struct report *r, enum note_level level, const struct rule *rule, const char *format,
                                                       ...) {
    char words[512];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    uint32_t line = rule != NULL ? policy_line(r->policy, (size_t)(rule - r->policy->rules)) : 1;
    struct policy_note n = {level, r->policy, rule, line, words};
    r->listener->note(r->listener, &n);
}

static bool is_file_key(const struct key *key) {
    return key->kind == KEY_FILE_MD5 || key->kind == KEY_FILE_SHA1 || key->kind == KEY_FILE_SHA256;
}

/*
 * Whether the rule names a certificate by thumbprints alone. They cover the issuer's signature, which a file's signature does not: other
 * bits there (an ECDSA signature has a second form, a padded one more) make another thumbprint of a certificate whose key still signs.
 */
static bool by_thumbprint_alone(const struct rule *rule) {
    uint32_t thumbprint = 0,
             beside = 0; /* the thing (they count from 1) whose thumbprint, and the one whose other identity was seen last */
    for (size_t i = 0; i < rule->n_keys; i++) {
        const struct key *key = &rule->keys[i];
        if (thumbprint != 0 && thumbprint != key->thing) {
            if (beside != thumbprint) {
                return true;
            }
            thumbprint = 0;
        }
        if (key->kind == KEY_CERT_MD5 || key->kind == KEY_CERT_SHA1 || key->kind == KEY_CERT_SHA256) {
            thumbprint = key->thing;
        } else if (key->kind == KEY_TBS || key->kind == KEY_SPKI || (key->kind == KEY_SERIAL && key->issuer.n != 0)) {
            beside = key->thing;
        }
    }
    return thumbprint != 0 && beside != thumbprint;
}

/* Weak keys, and those that no rule should have. */
static void check_keys(struct report *r, const struct rule *rule) {
    size_t weak = 0;
    enum key_kind kind = KEY_COUNT;
    for (size_t i = 0; i < rule->n_keys; i++) {
        const struct key *key = &rule->keys[i];
        if (key->weak) {
            weak++;
            kind = key->kind;
        }
        if (rule->allow && key->role != ROLE_SIGNER && key->role != ROLE_ANY) {
            note(r, NOTE_WARNING, rule, "role=\"%s\": an allow rule is about who signed, and this one excuses nothing",
                 role_name(key->role));
        }
        if (!rule->allow && !rule->never_ban_overridden && never_ban_has(key->kind, key->value)) {
            note(r, NOTE_ERROR, rule, "its %s names a certificate on the never-ban list: a root, issuer, time stamper or platform signer",
                 key_name(key->kind));
        }
    }
    if (rule->never_ban_overridden) {
        note(r, NOTE_WARNING, rule, "never-ban=\"override\": it may hit roots, time stampers and the operating system's own signers");
    }
    if (rule->weak_accepted) {
        note(r, NOTE_WARNING, rule, "weak=\"accept\": keys that anybody can imitate may do all that the rule asks for");
    } else if (weak != 0 && rule->action == ACTION_QUARANTINE) {
        note(r, weak == rule->n_keys ? NOTE_WARNING : NOTE_ADVICE, rule, "%s (%s) is weak: a match by it flags at most",
             weak == rule->n_keys ? "its only kind of key" : "one of its keys", key_name(kind));
    }
}

static void check_dates(struct report *r, const struct rule *rule) {
    const struct conditions *only = &rule->only;
    if (rule->expires <= r->now) {
        note(r, NOTE_WARNING, rule, "it has expired: it counts as absent");
    }
    if (only->has_after && only->signed_after > r->now) {
        note(r, NOTE_WARNING, rule, "signed-after is in the future: %s",
             rule->allow ? "it excuses nothing yet" : "whatever is verifiably time-stamped today is excused");
    }
    if (only->has_after && rule->cert != NULL && only->signed_after > rule->cert->not_before) {
        note(r, NOTE_WARNING, rule,
             "signed-after is later than the certificate's first day: make sure that it is not the day of discovery");
    }
}

/* Whoever has a banned key may write into a version resource what he likes. */
static void check_exceptions(struct report *r, const struct rule *rule) {
    for (size_t i = 0; i < rule->only.n_except; i++) {
        if (rule->only.except[i].authenticode.n == 0 && !rule->allow) {
            note(r, NOTE_ADVICE, rule,
                 "it spares files by their version resource, which whoever has the key can write: better by authenticode");
            return;
        }
    }
}

static void check_certificate(struct report *r, const struct rule *rule) {
    bool named = false, signer = false;
    for (size_t i = 0; i < rule->n_keys; i++) {
        named = named || key_names_certificate(&rule->keys[i], rule->cert);
        signer = signer || rule->keys[i].role == ROLE_SIGNER;
    }
    if (!named) {
        note(r, NOTE_ERROR, rule, "its der is none of the certificates that it names");
    }
    if (rule->cert->is_ca && signer && !rule->allow) {
        note(r, NOTE_WARNING, rule, "its certificate is a CA's, which signs no files: expected role=\"chain\"");
    }
}

/* The same key in another rule: excused here and banned there, or simply twice. */
static void check_contradictions(struct report *r, const struct rule *rule) {
    for (size_t i = 0; i < rule->n_keys; i++) {
        size_t n;
        const struct key *const *run = blocklist_find(r->list, rule->keys[i].kind, rule->keys[i].value, &n);
        for (size_t k = 0; k < n; k++) {
            const struct rule *other = run[k]->rule;
            if (other == rule || other->number < rule->number) {
                continue;
            }
            if (other->allow != rule->allow) {
                note(r, NOTE_WARNING, rule, "its %s is also in %s/%s, which %s: the allow rule holds", key_name(rule->keys[i].kind),
                     other->policy->id, other->id, other->allow ? "excuses it" : "bans it");
                return;
            }
            if (!rule->allow && rule->keys[i].kind != KEY_SERIAL) {
                note(r, NOTE_ADVICE, rule, "its %s is also in %s/%s", key_name(rule->keys[i].kind), other->policy->id, other->id);
                return;
            }
        }
    }
}

static void check_policy(struct report *r, const struct policy *policy) {
    const struct rule *thumbprint = NULL; /* the first that names a certificate so */
    size_t bare = 0, sizeless = 0, thumbprints = 0;
    r->policy = policy;
    for (size_t i = 0; i < policy->n_rules; i++) {
        const struct rule *rule = &policy->rules[i];
        bool by_file = false, by_digest = false;
        for (size_t k = 0; k < rule->n_keys; k++) {
            by_file = by_file || is_file_key(&rule->keys[k]);
            by_digest = by_digest || rule->keys[k].kind == KEY_AUTHENTICODE || rule->keys[k].kind == KEY_CDHASH;
            sizeless += is_file_key(&rule->keys[k]) && rule->keys[k].file_size == 0 && !rule->allow;
        }
        bare += by_file && !by_digest && !rule->allow;
        if (!rule->allow && by_thumbprint_alone(rule)) {
            thumbprint = thumbprint != NULL ? thumbprint : rule;
            thumbprints++;
        }
        check_keys(r, rule);
        check_dates(r, rule);
        check_exceptions(r, rule);
        if (rule->cert != NULL) {
            check_certificate(r, rule);
        }
        check_contradictions(r, rule);
        if (rule->reason == NULL) {
            note(r, NOTE_ADVICE, rule, "it gives no reason: whoever meets it wants one");
        }
    }
    if (policy->issued > r->now) {
        note(r, NOTE_WARNING, NULL, "it is issued in the future");
    }
    if (bare != 0) {
        note(r, NOTE_ADVICE, NULL,
             "%zu %s files by their hash alone, which one appended byte changes: add an authenticode digest for PE files", bare,
             bare == 1 ? "rule names" : "rules name");
    }
    if (thumbprints != 0) {
        note(r, NOTE_ADVICE, thumbprint,
             "%zu %s a certificate by its thumbprint alone (this is the first), which other bits in the certificate's own signature "
             "change: add the tbs-sha256",
             thumbprints, thumbprints == 1 ? "rule names" : "rules name");
    }
    if (sizeless != 0) {
        note(r, NOTE_ADVICE, NULL, "%zu %s no size: every file must be hashed to its end to look for them", sizeless,
             sizeless == 1 ? "hash of a file has" : "hashes of files have");
    }
}

bool policy_report(const struct policy *const *policies, size_t n, int64_t now, struct note_listener *listener, struct error *err) {
    struct report r = {.listener = listener, .now = now, .list = blocklist_new()};
    bool ok = r.list != NULL || error_set(err, ERR_LIMIT, "no memory to check policies");
    for (size_t i = 0; i < n && ok; i++) {
        ok = blocklist_add(r.list, policies[i], now, err);
    }
    ok = ok && blocklist_seal(r.list, err);
    for (size_t i = 0; i < n && ok; i++) {
        check_policy(&r, policies[i]);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(policies[i]->id, policies[k]->id) == 0) {
                note(&r, NOTE_WARNING, NULL, "%.200s has the same id: in a folder, only the higher version of the two holds",
                     policies[k]->origin);
            }
        }
    }
    blocklist_free(r.list);
    return ok;
}

/* An encoded Name in words. */
static void add_name(struct text *out, struct bytes name) {
    struct arena arena = arena_make((size_t)1 << 20);
    const char *words = name_text(name, &arena);
    text_add(out, words != NULL ? words : "");
    arena_free(&arena);
}

void key_text(const struct key *key, struct text *out) {
    text_add(out, key->kind == KEY_TBS ? "tbs-" : "");
    text_add(out, key->kind == KEY_TBS ? hash_name(hash_by_size(key->value.n)) : key_name(key->kind));
    text_add_char(out, ' ');
    switch (key->kind) {
    case KEY_SUBJECT:
        text_add_bytes(out, key->value);
        text_add(out, key->value.n != 0 && key->organization.n != 0 ? " of " : "");
        text_add_bytes(out, key->organization);
        break;
    case KEY_TEAM_ID:
    case KEY_PROGRAM:
    case KEY_ORIGINAL_NAME:
        text_add_bytes(out, key->value);
        break;
    case KEY_SUBSCRIBER:
        policy_add_oid(out, key->value);
        text_add(out, " by ");
        text_add_bytes(out, key->issuer_organization);
        break;
    default:
        text_add_hex(out, key->value);
        break;
    }
    if (key->issuer.n != 0 || key->issuer_common_name.n != 0) {
        text_add(out, ", issuer ");
        text_add_bytes(out, key->issuer_common_name);
        if (key->issuer.n != 0) {
            add_name(out, key->issuer);
        }
    }
    if (key->file_size != 0) {
        text_addf(out, ", %llu bytes", (unsigned long long)key->file_size);
    }
}

bool key_names_certificate(const struct key *key, const struct cert *cert) {
    uint8_t hash[HASH_SIZE_MAX];
    enum hash by = key->kind == KEY_CERT_SHA1 ? HASH_SHA1 : key->kind == KEY_TBS ? hash_by_size(key->value.n) : HASH_SHA256;
    switch (key->kind) {
    case KEY_SERIAL:
        return bytes_equal(key->value, cert->serial) && (key->issuer.n == 0 || name_equal(key->issuer, cert->issuer));
    case KEY_CERT_SHA1:
    case KEY_CERT_SHA256:
    case KEY_TBS:
    case KEY_SPKI:
        return key->value.n == hash_size(by) && identity_hash(cert, key->kind, by, hash, NULL) &&
               memcmp(hash, key->value.p, key->value.n) == 0;
    default:
        return false;
    }
}
