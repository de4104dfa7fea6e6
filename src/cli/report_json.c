/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as NDJSON: one object a line, keys in a fixed order, the summary last. */
#include "cli/json.h"
#include "cli/report.h"
#include "cli/report_json_signature.h"

static json_t *rule_json(const struct rule *rule, const struct match_info *match) {
    json_t *o = json_object();
    json_put_text(o, "id", rule->id);
    json_put_text(o, "policy", rule->policy->id);
    json_put_text(o, "severity", severity_name(rule->severity));
    json_put_text(o, "confidence", confidence_name(rule->confidence));
    json_put_text(o, "reason", rule->reason);
    json_put_text(o, "key", key_name(match->key));
    json_put_text(o, "role", role_name(match->role));
    return o;
}

static json_t *matches_json(const struct report *report, const struct verdict *v) {
    json_t *all = json_array();
    for (size_t i = 0; i < v->n_matches; i++) {
        const struct rule *rule = blocklist_rule(report->list, v->matches[i].rule);
        json_t *o = json_object();
        if (rule != NULL) {
            json_put_text(o, "rule", rule->id);
            json_put_text(o, "policy", rule->policy->id);
        }
        json_put_text(o, "key", key_name(v->matches[i].key));
        json_put_text(o, "role", role_name(v->matches[i].role));
        json_put_text(o, "signature", v->matches[i].part);
        json_put_text(o, "proof", proof_name(v->matches[i].proof));
        if (v->matches[i].weak) {
            json_put(o, "weak", json_true());
        }
        if (v->matches[i].exempt) {
            const struct rule *excuse = blocklist_rule(report->list, v->matches[i].excuse);
            json_put(o, "exempt", json_true());
            if (excuse != NULL) {
                json_put_text(o, "excuse", excuse->id);
            }
        }
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *anomalies_json(const struct anomalies *anomalies) {
    json_t *all = json_array();
    for (size_t i = 0; i < anomalies->n; i++) {
        const struct anomaly *a = &anomalies->all[i];
        json_t *o = json_object();
        json_put_text(o, "name", anomaly_text(a->name));
        json_put_number(o, "at", a->at);
        if (a->size != 0) {
            json_put_number(o, "size", a->size);
        }
        json_put_text(o, "detail", a->detail);
        json_array_append_new(all, o);
    }
    return all;
}

static void put_details(json_t *o, const struct verdict *v) {
    if (v->n_signatures != 0) {
        json_t *all = json_array();
        for (size_t i = 0; i < v->n_signatures; i++) {
            json_array_append_new(all, signature_json(&v->signatures[i]));
        }
        json_put(o, "signatures", all);
    }
    json_t *version = json_object();
    json_put_text(version, "file_version", v->file_version);
    json_put_text(version, "product", v->product);
    json_put_text(version, "original_name", v->original_name);
    json_put_text(version, "company", v->company);
    json_put_text(version, "description", v->description);
    if (json_object_size(version) != 0) {
        json_put(o, "version", version);
    } else {
        json_decref(version);
    }
    if (v->anomalies.n != 0) {
        json_put(o, "anomalies", anomalies_json(&v->anomalies));
    }
    if (v->anomalies.more != 0) {
        json_put_number(o, "more_anomalies", v->anomalies.more);
    }
    if (v->seal != CHECK_NONE) {
        json_t *seal = json_object();
        json_put_text(seal, "state", digest_state_name(v->seal));
        json_put_number(seal, "resources", v->sealed);
        json_put(o, "seal", seal);
    }
    if (v->stapled_ticket) {
        json_put(o, "stapled_ticket", json_true());
    }
}

static void print(struct report *report, json_t *object) {
    report->failed = !json_print(object, report->stream) || report->failed;
}

static void file_json(struct report *report, const struct scan_file *file) {
    const struct verdict *v = file->verdict;
    if (!report_wants(report, file)) {
        return;
    }
    struct text path = {0};
    report_full_path(&path, file);
    struct bytes full = bytes_make(path.p, path.n);
    json_t *o = json_object();
    json_put_text(o, "type", "file");
    json_put_path(o, full);
    if (v->inside[0] != '\0') {
        json_put_parent(o, file->path);
    }
    if (file->n_other_names != 0) {
        json_put_names(o, "other_names", file->other_names, file->n_other_names);
    }
    if (file->more_names != 0) {
        json_put_number(o, "more_names", file->more_names);
    }
    json_put_number(o, "size", v->size);
    json_put_text(o, "format", v->format);
    json_put_text(o, "finding", finding_name(v->finding));
    if (v->has_sha256 || file->beside != NULL) {
        json_put_hex(o, "sha256", bytes_make(v->has_sha256 ? v->sha256 : file->beside, sizeof v->sha256));
    }
    if (file->beside != NULL) {
        json_put(o, "beside_banned", json_true());
    }
    json_put_text(o, "refused", report->refusal);
    const struct rule *rule;
    const struct match_info *match = report_decisive(report, file, &rule);
    if (match != NULL) {
        json_put(o, "rule", rule_json(rule, match));
    }
    if (v->n_matches != 0) {
        json_put(o, "matches", matches_json(report, v));
    }
    put_details(o, v);
    if (report_taken(file->action) != NULL) {
        json_t *action = json_object();
        json_put_text(action, "taken", report_taken(file->action));
        json_put_text(action, "id", file->action_id);
        json_put_text(action, "detail", file->action_detail);
        json_put(o, "action", action);
    }
    print(report, o);
    if (v->unreadable.kind != ERR_NONE) {
        print(report, json_error(full, &v->unreadable));
    }
    text_free(&path);
}

static void brake_json(struct report *report, const struct scan_brake *brake) {
    struct bytes paths[BRAKE_PATHS];
    json_t *o = json_object();
    json_put_text(o, "type", "brake");
    json_put_text(o, "rule", brake->rule != NULL ? brake->rule->id : "");
    json_put_text(o, "policy", brake->rule != NULL ? brake->rule->policy->id : "");
    json_put_text(o, "why", brake->forbidden ? "never-ban" : brake->rule != NULL && brake->rule->fresh ? "fresh" : "mass");
    json_put_number(o, "files", brake->files);
    json_put_number(o, "weight", brake->weight);
    json_put_number(o, "most", brake->most);
    json_put_number(o, "confirmed", brake->confirmed);
    for (size_t i = 0; i < brake->n_paths; i++) {
        paths[i] = bytes_text(brake->paths[i]);
    }
    json_put_names(o, "paths", paths, brake->n_paths);
    print(report, o);
}

static void error_json(struct report *report, struct bytes path, const struct error *error) {
    print(report, json_error(path, error));
}

static void opinion_json(struct report *report, struct bytes path, const struct opinion *opinion) {
    json_t *o = json_object(), *differences = json_array();
    json_put_text(o, "type", "second-opinion");
    json_put_path(o, path);
    json_put_text(o, "tool", opinion->tool);
    json_put_text(o, "problem", opinion->problem);
    for (size_t i = 0; i < opinion->n; i++) {
        const struct opinion_point *point = &opinion->points[i];
        if (!point->same) {
            json_t *d = json_object();
            json_put_text(d, "part", point->part);
            json_put_text(d, "what", point->what);
            json_put_text(d, "ours", point->ours);
            json_put_text(d, "theirs", point->theirs);
            json_array_append_new(differences, d);
        }
    }
    if (opinion->problem[0] == '\0') {
        json_put(o, "agrees", json_boolean(json_array_size(differences) == 0));
    }
    if (json_array_size(differences) != 0) {
        json_put(o, "differences", differences);
    } else {
        json_decref(differences);
    }
    print(report, o);
}

/* The ids of the rules that excuse whatever they fit in certain folders; NULL when there are none. */
static json_t *excused_by_path(const struct policy *policy) {
    json_t *ids = NULL;
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (report_excuses_path(policy, i)) {
            ids = ids != NULL ? ids : json_array();
            json_array_append_new(ids, json_string(policy->rules[i].id));
        }
    }
    return ids;
}

static void end_json(struct report *report, const struct scan_summary *summary) {
    /* the contract's order, strongest first */
    static const enum finding order[] = {FINDING_BANNED, FINDING_LISTED,   FINDING_SUSPICIOUS, FINDING_EXEMPT,
                                         FINDING_CLEAN,  FINDING_UNSIGNED, FINDING_UNREADABLE, FINDING_OTHER};
    json_t *o = json_object();
    json_put_text(o, "type", "summary");
    json_put_number(o, "files", summary->files);
    json_put_number(o, "examined", summary->examined);
    json_put_number(o, "signed", summary->is_signed);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        json_put_number(o, finding_name(order[i]), summary->finding[order[i]]);
    }
    json_put_number(o, "members", summary->members);
    json_put_number(o, "bytes_read", summary->bytes_read);
    json_put(o, "seconds", json_real((double)(int64_t)(summary->seconds * 1000 + 0.5) / 1000));
    json_t *policies = json_array();
    for (size_t i = 0; i < blocklist_policies(report->list); i++) {
        const struct policy *policy = blocklist_policy(report->list, i);
        json_t *p = json_object();
        json_put_text(p, "id", policy->id);
        json_put_number(p, "version", policy->version);
        json_put_number(p, "rules", policy->n_rules);
        json_t *by_path = excused_by_path(policy);
        if (by_path != NULL) {
            json_put(p, "excused_by_path", by_path);
        }
        json_array_append_new(policies, p);
    }
    json_put(o, "policies", policies);
    if (summary->errors != 0) {
        json_put_number(o, "errors", summary->errors);
    }
    if (report->refused != 0) {
        json_put_number(o, "refused", report->refused);
    }
    if (summary->actions_failed != 0) {
        json_put_number(o, "actions_failed", summary->actions_failed);
    }
    json_put(o, "complete", json_boolean(summary->complete));
    print(report, o);
}

const struct report_writer report_json = {
    .name = "json", .file = file_json, .error = error_json, .brake = brake_json, .opinion = opinion_json, .end = end_json};
