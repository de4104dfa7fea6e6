/* SPDX-License-Identifier: Apache-2.0 */
#include "list/search.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "list/bundle_store.h"
#include "list/files.h"
#include "list/policy_write.h"

/* A policy on its way into the list. */
struct candidate {
    struct policy *policy;
    bool by_id; /* of those with one id, only the highest version holds */
};

struct gathering {
    const struct search *search;
    struct search_listener *listener;
    struct candidate *all;
    size_t n;
    size_t unreadable;
};

static void tell(struct gathering *g, const struct error *err) {
    g->unreadable++;
    g->listener->unreadable(g->listener, err);
}

__attribute__((format(printf, 2, 3))) static void tell_odd(struct gathering *g, const char *format, ...) {
    char words[512];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    g->listener->odd(g->listener, words);
}

static void candidate_drop(struct gathering *g, size_t i) {
    policy_free(g->all[i].policy);
    memmove(&g->all[i], &g->all[i + 1], (g->n - i - 1) * sizeof *g->all);
    g->n--;
}

/* Takes a policy over; where another has its id, the newer one stays. */
static bool gather(struct gathering *g, struct policy *policy, bool by_id, struct error *err) {
    for (size_t i = 0; i < g->n && by_id; i++) {
        const struct policy *other = g->all[i].policy;
        if (!g->all[i].by_id || strcmp(other->id, policy->id) != 0) {
            continue;
        }
        if (policy->version <= other->version) {
            if (policy->version < other->version) {
                tell_odd(g, "%s: version %u of policy %s is older than version %u (%s): left out", policy->origin, policy->version,
                         policy->id, other->version, other->origin);
            }
            policy_free(policy);
            return true;
        }
        candidate_drop(g, i);
        break;
    }
    struct candidate *all = reallocarray(g->all, g->n + 1, sizeof *all);
    if (all == NULL) {
        policy_free(policy);
        return error_set(err, ERR_LIMIT, "no memory for policies");
    }
    g->all = all;
    all[g->n++] = (struct candidate){policy, by_id};
    return true;
}

static bool gather_builtin(struct gathering *g, struct error *err) {
    const char *name;
    struct bytes xml;
    for (size_t i = 0; policy_builtin(i, &name, &xml); i++) {
        struct policy *policy;
        struct error problem;
        if (!policy_parse(xml, "built-in", &policy, &problem)) {
            tell(g, &problem);
        } else if (!gather(g, policy, true, err)) {
            return false;
        }
    }
    return true;
}

/* What is made of one file of a folder. */
typedef bool make_policy(struct bytes content, const char *origin, struct policy **out, struct error *err);

static bool gather_file(struct gathering *g, const char *path, enum file_trust trust, make_policy *make, bool by_id, struct error *err) {
    struct bytes content;
    struct policy *policy;
    struct error problem = {0};
    if (!file_read_most(path, trust, POLICY_SIZE_MAX, &content, &problem)) {
        error_within(&problem, "%s", path);
        tell(g, &problem);
        return true;
    }
    bool ok = make(content, path, &policy, &problem);
    file_forget(content);
    if (!ok) {
        tell(g, &problem);
        return true;
    }
    return gather(g, policy, by_id, err);
}

static bool gather_folder(struct gathering *g, const char *folder, const char *const *endings, make_policy *make, bool by_id,
                          struct error *err) {
    struct names names;
    struct error problem = {0};
    if (folder == NULL) {
        return true;
    }
    if (!folder_names(folder, FILE_TRUSTED, endings, &names, &problem)) {
        error_within(&problem, "%s", folder);
        tell(g, &problem);
        return true;
    }
    bool ok = true;
    for (size_t i = 0; i < names.n && ok; i++) {
        struct text path = {0};
        text_addf(&path, "%s/%s", folder, names.all[i]);
        ok = text_ok(&path) ? gather_file(g, text_c(&path), FILE_TRUSTED, make, by_id, err)
                            : error_set(err, ERR_LIMIT, "no memory for a path");
        text_free(&path);
    }
    names_free(&names);
    return ok;
}

/* What restored files are excused by: such a file holds nothing else. */
static bool make_allow(struct bytes content, const char *origin, struct policy **out, struct error *err) {
    struct policy *policy;
    if (!policy_parse(content, origin, &policy, err)) {
        return false;
    }
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (!policy->rules[i].allow) {
            error_set(err, ERR_MALFORMED, "%s:%u: element <ban>: expected allow rules only", origin, policy_line(policy, i));
            policy_free(policy);
            return false;
        }
    }
    *out = policy;
    return true;
}

static bool gather_allow(struct gathering *g, const char *state, struct error *err) {
    struct text path = {0};
    text_addf(&path, "%s/allow.xml", state);
    bool ok = text_ok(&path) || error_set(err, ERR_LIMIT, "no memory for a path");
    if (ok && file_exists(text_c(&path))) {
        ok = gather_file(g, text_c(&path), FILE_TRUSTED, make_allow, false, err);
    }
    text_free(&path);
    return ok;
}

/* The policies of one installed bundle. An expired one holds on: bans don't end because a server is silent, but it is told. */
static bool gather_bundle(struct gathering *g, const char *path, struct error *err) {
    struct bundle bundle;
    struct error problem, fallback;
    if (!bundle_load(path, g->search->now, &bundle, &fallback, &problem)) {
        tell(g, &problem);
        return true;
    }
    if (fallback.kind != ERR_NONE) {
        tell_odd(g, "%s; the bundle before it is used", fallback.text);
    }
    if (bundle.expires <= g->search->now) {
        tell_odd(g, "%s: bundle %s version %llu has expired; certban policy update brings a newer one", path, bundle.id,
                 (unsigned long long)bundle.version);
    }
    bool ok = true;
    for (size_t i = 0; i < bundle.n_policies && ok; i++) {
        ok = gather(g, bundle_take(&bundle, i), true, err);
    }
    bundle_free(&bundle);
    return ok;
}

static bool gather_bundles(struct gathering *g, const char *state, struct error *err) {
    static const char *const endings[] = {".bundle", NULL};
    struct names names = {0};
    struct text folder = {0};
    struct error problem = {0};
    text_addf(&folder, "%s/bundles", state);
    bool ok = text_ok(&folder) || error_set(err, ERR_LIMIT, "no memory for a path");
    if (ok && !folder_names(text_c(&folder), FILE_TRUSTED, endings, &names, &problem)) {
        error_within(&problem, "%s", text_c(&folder));
        tell(g, &problem);
    }
    for (size_t i = 0; i < names.n && ok; i++) {
        struct text path = {0};
        text_addf(&path, "%s/%s", text_c(&folder), names.all[i]);
        ok = text_ok(&path) ? gather_bundle(g, text_c(&path), err) : error_set(err, ERR_LIMIT, "no memory for a path");
        text_free(&path);
    }
    names_free(&names);
    text_free(&folder);
    return ok;
}

bool search_load(const struct search *search, struct blocklist *list, struct search_listener *listener, size_t *unreadable,
                 struct error *err) {
    static const char *const xml[] = {".xml", NULL}, *const certs[] = {".pem", ".der", ".cer", ".crt", NULL};
    struct gathering g = {.search = search, .listener = listener};
    bool ok = !search->builtin || (gather_builtin(&g, err) && gather_folder(&g, search->share, xml, policy_parse, true, err));
    ok = ok && gather_folder(&g, search->etc, xml, policy_parse, true, err);
    bool same = search->shared != NULL && search->state != NULL && strcmp(search->shared, search->state) == 0;
    ok = ok && (search->shared == NULL || same || gather_bundles(&g, search->shared, err));
    ok = ok && (search->state == NULL || gather_bundles(&g, search->state, err));
    for (size_t i = 0; i < search->n_files && ok; i++) {
        ok = gather_file(&g, search->files[i], FILE_ANYBODYS, policy_parse, false, err);
    }
    ok = ok && gather_folder(&g, search->certs, certs, search_certificates, false, err);
    ok = ok && (search->state == NULL || gather_allow(&g, search->state, err));
    size_t done = 0;
    while (ok && done < g.n && (ok = blocklist_keep(list, g.all[done].policy, search->now, err))) {
        done++;
    }
    for (; done < g.n; done++) {
        policy_free(g.all[done].policy);
    }
    free(g.all);
    *unreadable = g.unreadable;
    return ok;
}

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----", pem_end[] = "-----END CERTIFICATE-----";

/* One rule; base64 is what stands between the lines of a PEM block. */
static void add_rule(struct text *xml, size_t number, struct bytes base64) {
    text_addf(xml,
              "<ban id=\"certificate-%zu\" action=\"quarantine\" severity=\"high\" confidence=\"high\"><certificate role=\"signer\"><der>",
              number);
    text_add_bytes(xml, base64);
    text_add(xml, "</der></certificate><reason>The certificate is in the folder of banned certificates.</reason></ban>\n");
}

/* Writes a policy that holds the certificates; what is no PEM counts as one in DER. Returns how many there are. */
static size_t add_rules(struct text *xml, struct bytes content) {
    size_t n = 0, at = 0, begin;
    while ((begin = bytes_find(content, bytes_text(pem_begin), at)) < content.n) {
        begin += sizeof pem_begin - 1;
        size_t end = bytes_find(content, bytes_text(pem_end), begin);
        struct bytes base64 = bytes_cut(content, begin, end - begin);
        if (bytes_find(base64, bytes_text("<"), 0) < base64.n || bytes_find(base64, bytes_text("&"), 0) < base64.n) {
            return 0;
        }
        add_rule(xml, ++n, base64);
        at = end;
    }
    if (n == 0) {
        struct text base64 = {0};
        text_add_base64(&base64, content);
        add_rule(xml, ++n, bytes_make(base64.p, base64.n));
        text_free(&base64);
    }
    return n;
}

bool search_certificates(struct bytes content, const char *origin, struct policy **out, struct error *err) {
    enum { CERTIFICATES_SIZE_MAX = 1 << 20 };
    struct text xml = {0};
    struct policy *policy = NULL;
    if (content.n == 0 || content.n > CERTIFICATES_SIZE_MAX) {
        return error_set(err, ERR_MALFORMED, "%s: has %zu bytes; expected certificates in PEM or DER", origin, content.n);
    }
    text_add(&xml, "<policy xmlns=\"urn:certban:policy:1\" id=\"certs.d\" version=\"1\" issued=\"1990-01-01\">"
                   "<title>Certificates dropped into a folder</title>\n");
    size_t n = add_rules(&xml, content);
    text_add(&xml, "</policy>\n");
    bool ok = n != 0 || error_set(err, ERR_MALFORMED, "%s: is no PEM; expected certificates in PEM or DER", origin);
    ok = ok && (text_ok(&xml) || error_set(err, ERR_LIMIT, "no memory for certificates"));
    ok = ok && policy_parse(bytes_make(xml.p, xml.n), origin, &policy, err);
    text_free(&xml);
    for (size_t i = 0; ok && i < policy->n_rules; i++) {
        if (policy->rules[i].cert->is_ca) {
            ok = error_set(err, ERR_MALFORMED,
                           "%s: holds a CA's certificate: banning it would ban all whom it vouches for; write a policy with role=\"chain\"",
                           origin);
        }
    }
    if (!ok) {
        policy_free(policy);
        return false;
    }
    policy->issued = INT64_MIN; /* nobody says */
    *out = policy;
    return true;
}
