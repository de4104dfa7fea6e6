/* SPDX-License-Identifier: Apache-2.0 */
/* What show prints for people: a tree of everything that is known about a file's signatures, and how a policy would name them. */
#include <stdlib.h>

#include "cli/nest.h"
#include "cli/report.h"
#include "cli/ui.h"

enum { SHOWN_MAX = 256, XML_MAX = 2000 };

/* What is kept from one call to the next. */
struct own {
    struct nest nest;
    struct text names; /* how a policy names the signers */
    uint8_t shown[SHOWN_MAX][32];
    size_t n_shown; /* certificates that are in names already */
};

static void add_name(struct text *out, const struct cert_info *cert) {
    report_words(out, cert->common_name[0] != '\0'    ? cert->common_name
                      : cert->organization[0] != '\0' ? cert->organization
                                                      : cert->subject);
}

/* "OCSP       revoked since 2024-01-01T00:00:00Z, of 2024-02-01T00:00:00Z, by http://ocsp.example/" */
static void add_ocsp(struct tree *tree, unsigned depth, const struct ocsp_info *ocsp) {
    char since[UI_TIME_SIZE], of[UI_TIME_SIZE];
    if (ocsp->state == REVOCATION_UNASKED) {
        return;
    }
    ui_time(ocsp->revoked_at, since);
    ui_time(ocsp->this_update, of);
    struct text *line = tree_add(tree, depth);
    text_addf(line, "%-10s %s%s%s%s%s", "OCSP", revocation_name(ocsp->state), since[0] != '\0' ? " since " : "", since,
              of[0] != '\0' ? ", of " : "", of);
    text_add(line, ocsp->detail[0] != '\0' ? ": " : ", by ");
    report_words(line, ocsp->detail[0] != '\0' ? ocsp->detail : ocsp->url);
}

static void add_cert(struct tree *tree, unsigned depth, const struct cert_info *cert) {
    char from[UI_TIME_SIZE], until[UI_TIME_SIZE];
    ui_time(cert->not_before, from);
    ui_time(cert->not_after, until);
    tree_value(tree, depth, "subject", cert->subject);
    tree_value(tree, depth, "issuer", cert->issuer);
    tree_value(tree, depth, "serial", cert->serial);
    text_addf(tree_add(tree, depth), "%-10s %s to %s", "valid", from, until);
    tree_hex(tree, depth, "SHA-256", bytes_make(cert->sha256, sizeof cert->sha256));
    tree_hex(tree, depth, "SHA-1", bytes_make(cert->sha1, sizeof cert->sha1));
    tree_hex(tree, depth, "TBS", bytes_make(cert->tbs_sha256, sizeof cert->tbs_sha256));
    tree_hex(tree, depth, "key", bytes_make(cert->spki_sha256, sizeof cert->spki_sha256));
    tree_value(tree, depth, "subscriber", cert->subscriber);
    tree_value(tree, depth, "revocation", revocation_name(cert->revocation));
    add_ocsp(tree, depth, &cert->ocsp);
}

static void add_stamps(struct tree *tree, unsigned depth, const struct signature_info *s) {
    for (size_t i = 0; i < s->n_timestamps; i++) {
        const struct timestamp_info *t = &s->timestamps[i];
        char time[UI_TIME_SIZE];
        ui_time(t->time, time);
        struct text *line = tree_add(tree, depth);
        text_addf(line, "time stamp %s (%s), %s", time[0] != '\0' ? time : "unreadable", timestamp_kind_name(t->kind),
                  check_name(t->state));
        if (t->detail[0] != '\0') {
            text_add(line, ": ");
            report_words(line, t->detail);
        }
        if (t->has_signer) {
            add_cert(tree, depth + 1, &t->signer);
        }
    }
    if (s->n_timestamps == 0) {
        char time[UI_TIME_SIZE];
        ui_time(s->claimed_time, time);
        text_addf(tree_add(tree, depth), "no time stamp%s%s%s", time[0] != '\0' ? "; by the signer's word alone: " : "", time, "");
    }
}

/* Text in XML, for a person to paste: what could act in the terminal is escaped first. */
static void add_xml(struct text *out, const char *words) {
    struct text safe = {0};
    text_add_safe(&safe, bytes_text(words), XML_MAX);
    for (size_t i = 0; i < safe.n; i++) {
        char c = safe.p[i];
        const char *escaped = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
        if (escaped != NULL) {
            text_add(out, escaped);
        } else {
            text_add_char(out, c);
        }
    }
    text_free(&safe);
}

/* How a policy would name this signer: the identities that hold, below the tree, so that they can be pasted. */
static void add_policy_words(struct text *out, const char *inside, const struct signature_info *s) {
    const struct cert_info *c = &s->signer;
    text_add(out, "A policy names the signer of ");
    report_words(out, s->part);
    if (inside[0] != '\0') {
        text_add(out, " in ");
        report_words(out, inside);
    }
    if (c->subscriber[0] != '\0') {
        text_add(out, " by its lasting identity (its certificates live for days only):\n    <subscriber eku=\"");
        add_xml(out, c->subscriber);
        text_add(out, "\"/>\n");
        return;
    }
    text_add(out, " so:\n    <certificate role=\"signer\">\n");
    const struct {
        const char *element;
        struct bytes value;
    } rows[] = {{"sha256", bytes_make(c->sha256, sizeof c->sha256)},
                {"sha1", bytes_make(c->sha1, sizeof c->sha1)},
                {"tbs-sha256", bytes_make(c->tbs_sha256, sizeof c->tbs_sha256)},
                {"spki-sha256", bytes_make(c->spki_sha256, sizeof c->spki_sha256)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text_addf(out, "      <%s>", rows[i].element);
        text_add_hex(out, rows[i].value);
        text_addf(out, "</%s>\n", rows[i].element);
    }
    text_add(out, "      <serial issuer=\"");
    add_xml(out, c->issuer);
    text_add(out, "\">");
    add_xml(out, c->serial);
    text_add(out, "</serial>\n    </certificate>\n");
}

static void add_apple(struct tree *tree, unsigned depth, const struct signature_info *s) {
    tree_value(tree, depth, "identifier", s->identifier);
    tree_value(tree, depth, "team", s->team_id);
    tree_hex(tree, depth, "cdhash", s->cdhash);
    for (size_t i = 0; i < s->n_cdhash_alternates; i++) {
        tree_hex(tree, depth, "or", s->cdhash_alternates[i]);
    }
}

/* What a digest's state says of the file. */
static const char *digest_words(enum check state) {
    return state == CHECK_GOOD ? ": it covers the file" : state == CHECK_BAD ? ": it is of other bytes than these" : "";
}

static const char *chain_words(enum chain_state state) {
    return state == CHAIN_UNTRUSTED    ? ": it ends in no trust anchor for this, or in one that was not valid then"
           : state == CHAIN_INCOMPLETE ? ": an issuer is neither in the file nor a trust anchor"
                                       : "";
}

static void add_signature(struct tree *tree, unsigned depth, const struct signature_info *s) {
    struct text *head = tree_add(tree, depth);
    text_add(head, "signature ");
    report_words(head, s->part);
    text_addf(head, " (%s)%s", signature_kind_name(s->kind), s->carved ? ", found outside of any structure" : "");
    tree_value(tree, depth + 1, "catalog", s->via_catalog);
    struct text *line = tree_add(tree, depth + 1);
    text_addf(line, "%-10s %s%s", "digest", s->hash != HASH_NONE ? hash_name(s->hash) : "none", s->claimed.n != 0 ? " " : "");
    text_add_hex(line, s->claimed);
    text_addf(line, ", %s%s", digest_state_name(s->digest), digest_words(s->digest));
    line = tree_add(tree, depth + 1);
    text_addf(line, "%-10s %s", "signature", check_name(s->signature));
    if (s->detail[0] != '\0') {
        text_add(line, ": ");
        report_words(line, s->detail);
    }
    tree_value(tree, depth + 1, "program", s->program);
    tree_value(tree, depth + 1, "address", s->url);
    if (s->has_page_hashes) {
        text_addf(tree_add(tree, depth + 1), "%-10s %s", "page hashes", digest_state_name(s->page_hashes));
    }
    add_apple(tree, depth + 1, s);
    if (s->has_signer) {
        line = tree_add(tree, depth + 1);
        text_addf(line, "%-10s ", "signer");
        add_name(line, &s->signer);
        add_cert(tree, depth + 2, &s->signer);
        line = tree_add(tree, depth + 1);
        text_addf(line, "%-10s %s%s", "chain", chain_state_name(s->chain_state), chain_words(s->chain_state));
        if (s->chain_limit != 0) {
            text_addf(line, ", the limit %s was reached (--limit)", limit_table[s->chain_limit - 1].name);
        }
        for (size_t i = 0; i < s->n_chain; i++) {
            add_name(tree_add(tree, depth + 2), &s->chain[i]);
            add_cert(tree, depth + 3, &s->chain[i]);
        }
    } else {
        text_addf(tree_add(tree, depth + 1), "%-10s %s", "signer", s->adhoc ? "nobody (ad hoc)" : "its certificate is not in the file");
    }
    add_stamps(tree, depth + 1, s);
}

static void add_matches(const struct report *report, struct tree *tree, const struct verdict *v) {
    for (size_t i = 0; i < v->n_matches; i++) {
        const struct match_info *m = &v->matches[i];
        const struct rule *rule = blocklist_rule(report->list, m->rule);
        if (rule == NULL) {
            continue;
        }
        struct text *line = tree_add(tree, 1);
        const struct rule *excuse = m->exempt ? blocklist_rule(report->list, m->excuse) : NULL;
        text_add(line, "hit by ");
        report_words(line, rule->policy->id);
        text_add_char(line, '/');
        report_words(line, rule->id);
        text_addf(line, ": %s of the %s", key_name(m->key), m->part[0] != '\0' ? role_name(m->role) : "file");
        if (m->part[0] != '\0') {
            text_add(line, " in ");
            report_words(line, m->part);
        }
        report_proof(tree_add(tree, 2), v, m);
        tree_value(tree, 2, "reason", rule->reason);
        if (excuse != NULL) {
            char own[48];
            snprintf(own, sizeof own, "by its %s", report_excuse(rule));
            tree_value(tree, 2, "excused", excuse == rule ? own : excuse->id);
        }
        tree_value(tree, 2, "reference", rule->reference);
    }
}

static void add_anomalies(struct tree *tree, const struct verdict *v) {
    for (size_t i = 0; i < v->anomalies.n; i++) {
        const struct anomaly *a = &v->anomalies.all[i];
        struct text *line = tree_add(tree, 1);
        text_addf(line, "%s %s: %s", a->weighty ? "odd:" : "note:", anomaly_text(a->name), anomaly_words(a->name));
        if (a->size != 0) {
            text_addf(line, ", %llu bytes", (unsigned long long)a->size);
        }
        if (a->at != 0) {
            text_addf(line, " at %llu", (unsigned long long)a->at);
        }
        if (a->detail != NULL && a->detail[0] != '\0') {
            text_add(line, "; ");
            report_words(line, a->detail);
        }
    }
    if (v->anomalies.more != 0) {
        text_addf(tree_add(tree, 1), "and %zu more", v->anomalies.more);
    }
}

/* All about one file or member, without its path: that stands in front of the first line once it is known where it hangs. */
static void describe(const struct report *report, struct tree *tree, const struct verdict *v) {
    struct text *head = tree_add(tree, 0);
    text_add(head, ": ");
    report_words(head, v->format[0] != '\0' ? v->format : "no format that carries signatures");
    text_addf(head, ", %llu byte%s, %s", (unsigned long long)v->size, v->size == 1 ? "" : "s", finding_name(v->finding));
    if (v->has_sha256) {
        tree_hex(tree, 1, "SHA-256", bytes_make(v->sha256, sizeof v->sha256));
    }
    tree_value(tree, 1, "product", v->product);
    tree_value(tree, 1, "version", v->file_version);
    tree_value(tree, 1, "company", v->company);
    tree_value(tree, 1, "original", v->original_name);
    tree_value(tree, 1, "about", v->description);
    for (size_t i = 0; i < v->n_signatures; i++) {
        add_signature(tree, 1, &v->signatures[i]);
    }
    if (v->seal != CHECK_NONE) {
        text_addf(tree_add(tree, 1), "%-10s %s, %llu resource%s", "seal", digest_state_name(v->seal), (unsigned long long)v->sealed,
                  v->sealed == 1 ? "" : "s");
    }
    if (v->stapled_ticket) {
        text_add(tree_add(tree, 1), "a notarization ticket is stapled to it");
    }
    add_matches(report, tree, v);
    add_anomalies(tree, v);
    if (v->members != 0) {
        text_addf(tree_add(tree, 1), "%llu member%s inside, %llu signed", (unsigned long long)v->members, v->members == 1 ? "" : "s",
                  (unsigned long long)v->members_signed);
    }
    if (v->unreadable.kind != ERR_NONE) {
        struct text words = {0};
        const char *limit = limit_name(&v->unreadable);
        text_addf(&words, "%s%s%s", limit != NULL ? limit : "", limit != NULL ? ": " : "", v->unreadable.text);
        tree_value(tree, 1, "unreadable", text_c(&words));
        text_free(&words);
    }
}

/* Each certificate is named once, however many members it signed. */
static void note_signers(struct own *own, const struct verdict *v) {
    for (size_t i = 0; i < v->n_signatures; i++) {
        const struct signature_info *s = &v->signatures[i];
        bool shown = !s->has_signer || own->n_shown == SHOWN_MAX;
        for (size_t j = 0; j < own->n_shown && !shown; j++) {
            shown = memcmp(own->shown[j], s->signer.sha256, sizeof s->signer.sha256) == 0;
        }
        if (shown) {
            continue;
        }
        memcpy(own->shown[own->n_shown++], s->signer.sha256, sizeof s->signer.sha256);
        add_policy_words(&own->names, v->inside, s);
    }
}

static void print_alone(const struct report *report, struct tree *tree, struct bytes path) {
    nest_path(report, tree, path);
    tree_print(tree, report->stream);
    tree_free(tree);
}

/* Members without a signature are only counted, unless there is more to say of them. */
static bool is_rest(const struct verdict *v) {
    return v->inside[0] != '\0' && v->finding == FINDING_UNSIGNED && v->n_signatures == 0 && v->anomalies.n == 0;
}

static void file_tree(struct report *report, const struct scan_file *file) {
    const struct verdict *v = file->verdict;
    struct own *own = report->own;
    if (!report_wants(report, file) || is_rest(v)) {
        return;
    }
    struct tree tree = {0};
    struct text path = {0}, full = {0};
    text_add_bytes(&path, file->path);
    report_full_path(&full, file);
    describe(report, &tree, v);
    nest_take(&own->nest, report, text_c(&path), v->inside, &tree);
    note_signers(own, v);
    report->failed = report->failed || tree.failed;
    if (v->inside[0] == '\0' || !nest_keep(&own->nest, text_c(&path), v->inside, &tree)) {
        print_alone(report, &tree, bytes_make(text_c(&full), full.n));
    }
    if (v->inside[0] == '\0') {
        fputs(text_c(&own->names), report->stream);
        report->failed = report->failed || !text_ok(&own->names);
        text_clear(&own->names);
        own->n_shown = 0;
    }
    text_free(&path);
    text_free(&full);
}

static bool start_tree(struct report *report) {
    report->own = calloc(1, sizeof(struct own));
    return report->own != NULL;
}

static void close_tree(struct report *report) {
    struct own *own = report->own;
    if (own != NULL) {
        nest_free(&own->nest);
        text_free(&own->names);
    }
    free(own);
    report->own = NULL;
}

static void error_tree(struct report *report, struct bytes path, const struct error *error) {
    struct tree tree = {0};
    struct text *line = tree_add(&tree, 0);
    report_path(report, line, path);
    text_add(line, ": unreadable");
    line = tree_add(&tree, 1);
    text_addf(line, "%s: ", error_kind_name(error->kind));
    report_words(line, error->text);
    tree_print(&tree, report->stream);
    tree_free(&tree);
}

static void opinion_tree(struct report *report, struct bytes path, const struct opinion *opinion) {
    struct tree tree = {0};
    struct text *line = tree_add(&tree, 0);
    text_addf(line, "second opinion of %s on ", opinion->tool);
    report_path(report, line, path);
    size_t same = 0;
    for (size_t i = 0; i < opinion->n; i++) {
        const struct opinion_point *point = &opinion->points[i];
        same += point->same;
        if (!point->same) {
            line = tree_add(&tree, 1);
            report_words(line, point->part[0] != '\0' ? point->part : "a signature of theirs only");
            text_addf(line, ": %s differs: certban ", point->what);
            report_words(line, point->ours[0] != '\0' ? point->ours : "none");
            text_addf(line, ", %s ", opinion->tool);
            report_words(line, point->theirs[0] != '\0' ? point->theirs : "none");
        }
    }
    if (opinion->problem[0] != '\0') {
        tree_value(&tree, 1, "none:", opinion->problem);
    } else if (same == opinion->n) {
        text_add(tree_add(&tree, 1),
                 opinion->n != 0 ? "agrees on signer, digest and time stamp of every signature" : "agrees: no signature");
    }
    tree_print(&tree, report->stream);
    tree_free(&tree);
}

const struct report_writer report_tree = {
    .name = "tree", .start = start_tree, .file = file_tree, .error = error_tree, .opinion = opinion_tree, .close = close_tree};
