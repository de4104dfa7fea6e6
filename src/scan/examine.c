/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/examine.h"

#include <time.h>

#include "asn1/der.h"
#include "format/codesign.h"
#include "scan/bundle.h"
#include "scan/candidate.h"
#include "scan/carved.h"
#include "scan/cover.h"
#include "scan/exam.h"
#include "scan/loose.h"
#include "source/archive_end.h"
#include "source/stream.h"
#include "source/timed.h"

const struct anchors *examiner_anchors(struct examiner *examiner) {
    if (examiner->anchors == NULL) {
        struct anchors *anchors = anchors_new();
        bool ok = anchors != NULL && anchors_add_builtin(anchors, NULL);
        for (size_t i = 0; ok && i < examiner->n_anchor_pems; i++) {
            ok = anchors_add_pem(anchors, examiner->anchor_pems[i], NULL);
        }
        examiner->anchors = anchors; /* fewer anchors mean fewer waivers, never more */
    }
    return examiner->anchors;
}

/* One level of looking inside: the visitor of a container's walk. */
struct level {
    struct visitor visitor;
    struct examiner *examiner;
    const char *path;
    const char *prefix; /* of the members' paths: "a.zip!/" inside it, "" at the first level */
    struct budget *budget;
    struct verdict_sink *sink;
    const struct contents *contents; /* of the container */
    struct bundles bundles;          /* whose seals are checked when all members were seen */
    struct arena arena;              /* for one member at a time */
    struct slice *slice;             /* at the first level, where only some members are looked at; NULL: all are */
    bool too_deep;                   /* for members: that there are none can still be said */
    enum finding strongest;
    enum action action;
    bool has_rule; /* of the member that asks for the strongest action */
    uint32_t rule;
    uint64_t members, members_signed;
};

/* The package's signature, which its format has read: by itself it would prove less. */
static bool is_read_already(struct level *level, const struct member *member) {
    const struct contents *c = level->contents;
    struct bytes b;
    return c->inner_path != NULL && member->source != NULL && strcmp(member->path, c->inner_path) == 0 &&
           member->source->size == c->inner.n && source_read(member->source, &level->arena, 0, c->inner.n, &b, NULL) &&
           bytes_equal(b, c->inner);
}

static bool visit_member(struct visitor *visitor, const struct member *member, struct error *err) {
    struct level *level = (struct level *)visitor;
    if (level->budget->members_left == 0) {
        return limit_reached(level->budget->limits, LIMIT_MEMBERS, err);
    }
    if (level->too_deep) {
        return limit_reached(level->budget->limits, LIMIT_DEPTH, err);
    }
    if (level->budget->bytes_left == 0) { /* what comes would only be opened to fail */
        return limit_reached(level->budget->limits, LIMIT_UNPACKED, err);
    }
    if (!budget_spend(level->budget, 0, err)) {
        return false;
    }
    level->budget->members_left--;
    if (level->slice != NULL && !slice_takes(level->slice, member)) {
        return true;
    }
    level->members++;
    arena_reset(&level->arena);
    if (is_read_already(level, member)) {
        return true;
    }
    /* "" inside is the outermost file: a member without a name must not pass for it. */
    const char *inside = arena_printf(&level->arena, "%s%s", level->prefix, member->path[0] != '\0' ? member->path : "(no name)");
    struct verdict verdict = {.decisive = -1};
    enum action asked = ACTION_REPORT;
    if (inside == NULL) {
        return arena_full(&level->arena, err);
    }
    if (member->source == NULL) {
        verdict = (struct verdict){.format = "", .finding = FINDING_UNREADABLE, .decisive = -1, .unreadable = *member->problem};
        verdict.file_version = verdict.product = verdict.original_name = verdict.company = verdict.description = "";
    } else {
        struct exam exam = {
            .examiner = level->examiner, .source = member->source, .arena = &level->arena, .path = level->path, .beside = member->beside};
        examine_part(&exam, inside, level->budget, level->sink, &verdict);
        asked = exam.asked;
        bundles_note(&level->bundles, member->path, &exam, &verdict);
    }
    verdict.inside = inside;
    level->strongest = verdict.finding > level->strongest ? verdict.finding : level->strongest;
    if ((verdict.decisive >= 0 || verdict.has_member_rule) && (!level->has_rule || asked > level->action)) {
        level->has_rule = true;
        level->rule = verdict.decisive >= 0 ? verdict.matches[verdict.decisive].rule : verdict.member_rule;
    }
    level->action = asked > level->action ? asked : level->action;
    level->members += verdict.members;
    level->members_signed += verdict.members_signed + verdict.is_signed;
    if (level->slice != NULL && verdict.finding > FINDING_CLEAN) {
        return error_set(err, ERR_UNSUPPORTED, "in slices nothing is found");
    }
    level->sink->verdict(level->sink, &verdict);
    return true;
}

/* Walks every container that the file may be, and lets the members' findings count for it. */
static void look_inside(struct exam *exam, const struct probe *probe, const char *inside, struct budget *budget, struct verdict_sink *sink,
                        struct level *level) {
    *level = (struct level){
        .visitor = {.visit = visit_member},
        .examiner = exam->examiner,
        .path = exam->path,
        .prefix = inside[0] != '\0' ? arena_printf(exam->arena, "%s!/", inside) : "",
        .budget = budget,
        .contents = &exam->contents,
        .slice = inside[0] == '\0' && exam->examiner->slice.of > 1 ? &exam->examiner->slice : NULL,
        .sink = sink,
        .bundles = {.arena = exam->arena, .budget = budget, .hash = exam->examiner->verify || exam->examiner->describe},
        .arena = limit_arena(budget->limits),
    };
    if (level->prefix == NULL) {
        level->prefix = "";
    }
    struct beside *around = budget->beside;
    bool search = budget->search;
    budget->beside = exam->beside;
    budget->search = probe->thorough;
    for (size_t i = 0; containers[i] != NULL; i++) {
        struct error err;
        if (!containers[i]->probe(probe)) {
            continue;
        }
        level->too_deep = budget->depth_left == 0;
        budget->depth_left -= !level->too_deep;
        if (!containers[i]->walk(exam->source, exam->arena, budget, &level->visitor, &exam->contents.anomalies, &err)) {
            contents_unreadable(&exam->contents, &err);
        }
        budget->depth_left += !level->too_deep;
    }
    budget->beside = around;
    budget->search = search;
    if (level->bundles.hash) {
        enum finding finding = bundles_judge(&level->bundles, level->prefix, sink);
        level->strongest = finding > level->strongest ? finding : level->strongest;
        if (level->bundles.lost.kind != ERR_NONE) {
            contents_unreadable(&exam->contents, &level->bundles.lost);
        }
    }
    arena_free(&level->arena);
}

/* Whether what a search of the file's bytes would find is its members'. */
static bool by_members(const struct exam *exam) {
    return exam->format != NULL && exam->format->members_only && exam->examiner->members;
}

/* For signatures that no structure of the file points to. Certificates that are handed around, or kept with their keys, are none. */
static void search_whole(struct exam *exam) {
    if (loose_key_store(exam->source, exam->arena)) {
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_NO_SIGNER, 0, 0, "a store of keys and certificates")->weighty = false;
        carved_named(exam);
    } else if (!loose_certificates(exam->source, exam->arena)) {
        carved_add(exam);
    }
}

static void read_formats(struct exam *exam, const struct probe *probe, bool search) {
    size_t signed_formats = 0;
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (!formats[i]->probe(probe)) {
            continue;
        }
        if (exam->format == NULL) {
            exam->format = formats[i];
        }
        struct error err;
        size_t before = exam->contents.n_signatures;
        if (formats[i]->read != NULL && !formats[i]->read(exam->source, exam->arena, &exam->contents, &err)) {
            contents_unreadable(&exam->contents, &err);
        }
        if (exam->contents.other && exam->format == formats[i]) {
            exam->format = NULL;
        }
        exam->contents.other = false;
        signed_formats += exam->contents.n_signatures > before;
    }
    struct error why;
    if (!codesign_attributes(exam->source, &exam->contents, exam->arena, &why)) {
        contents_unreadable(&exam->contents, &why);
    }
    if (signed_formats > 1) {
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_POLYGLOT, 0, 0, NULL);
    }
    if (search && !by_members(exam)) {
        search_whole(exam);
    }
    if (by_members(exam) && probe_zip(probe)) {
        carved_behind_zip(exam, probe->tail);
    } else if (by_members(exam) && archive_end_is_told(probe)) {
        carved_behind_archive(exam, probe);
    }
}

/* Version information is read only where it is shown or where a rule may ask for it. */
static void read_version(struct exam *exam) {
    struct error err = {0};
    if (exam->format != NULL && exam->format->version != NULL &&
        !exam->format->version(exam->source, exam->arena, &exam->contents.version, &err)) {
        exam->contents.version = (struct version_info){0}; /* a rule's condition on it then does not hold */
        if (err.kind == ERR_LIMIT) {
            contents_unreadable(&exam->contents, &err);
        }
    }
}

static void judge(struct exam *exam) {
    struct examiner *examiner = exam->examiner;
    match_identities(exam);
    if (blocklist_wants(examiner->list, KEY_ORIGINAL_NAME, 0)) {
        read_version(exam);
        match_version(exam);
    }
    bool wants_file = match_wants_file(exam);
    bool by_anchor = exam->contents.n_signatures != 0 && match_names_anchor(examiner);
    bool prove = exam->n_matches != 0 || examiner->verify || wants_file || by_anchor;
    if (exam->n_matches != 0 || examiner->describe) {
        read_version(exam);
    }
    if (!prove) {
        return;
    }
    if (exam->n_matches == 0 && !examiner->verify && !by_anchor) {
        if (exam->source->size > limit_most(&examiner->limits, LIMIT_HASH_SIZE) &&
            !blocklist_names_size(examiner->list, exam->source->size)) {
            struct error err;
            limit_reached(&examiner->limits, LIMIT_HASH_SIZE, &err);
            contents_unreadable(&exam->contents, &err);
            return;
        }
        hash_file(exam);
        if (exam->has_digests) {
            match_file(exam);
        }
        if (exam->n_matches == 0) {
            return;
        }
        read_version(exam);
        prove_all(exam, false);
    } else {
        prove_all(exam, wants_file || exam->n_matches != 0 || by_anchor);
        if (by_anchor) {
            match_anchors(exam);
        }
        if (exam->has_digests) {
            match_file(exam);
        }
        if (by_anchor && exam->n_matches != 0) {
            read_version(exam);
        }
    }
    if (exam->proven != NULL) {
        prove_matches(exam);
        match_allows(exam);
    }
}

/* Whether what is banned inside lets the whole file be moved: members of installers and downloads do, those of what is as often somebody's
 * backup only by the rule's word. */
static bool lets_members_act(const struct exam *exam, const struct level *level) {
    const struct rule *rule = level->has_rule ? blocklist_rule(exam->examiner->list, level->rule) : NULL;
    return exam->format != NULL && (exam->format->acts_on_members || (rule != NULL && rule->takes_archives));
}

/* How a signature is written is told beside what else is: no finding hangs on it. */
static void note_encodings(struct exam *exam) {
    const struct signed_data *before = NULL;
    for (size_t i = 0; i < exam->contents.n_signatures; i++) {
        const struct signed_data *sd = exam->contents.signatures[i].sd;
        if (sd != NULL && sd != before && der_is_ber(sd->whole)) {
            anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_BER_ENCODING, sd->at, 0, NULL);
        }
        before = sd;
    }
}

void examine_part(struct exam *exam, const char *inside, struct budget *budget, struct verdict_sink *sink, struct verdict *out) {
    struct examiner *examiner = exam->examiner;
    struct source *source = exam->source;
    struct probe probe;
    struct error err;
    if (!candidate_probe(examiner, source, inside[0] == '\0', exam->arena, &probe, &err)) {
        contents_unreadable(&exam->contents, &err);
    } else if (source->size != 0) {
        probe_mark(&probe);
        probe.name = inside[0] != '\0' ? inside : exam->path;
        read_formats(exam, &probe, probe.thorough);
        if (inside[0] != '\0' || examiner->slice.which == 0) { /* the file itself is for the first slice alone */
            cover_add(exam, examiner->search && inside[0] == '\0');
            judge(exam);
        }
    }
    struct level level = {0};
    if (examiner->members && source->size != 0) {
        look_inside(exam, &probe, inside, budget, sink, &level);
    }
    if (probe.thorough && source->size != 0 && by_members(exam) && level.members == 0 && exam->contents.n_signatures == 0 &&
        examiner->slice.of <= 1) {
        carved_add(exam); /* an archive with nothing in it, so that what its bytes hold is no member's */
        judge(exam);
    }
    if (exam->arena->ran_out) { /* whoever asked may have gone on without: what was found is not all */
        arena_full(exam->arena, &err);
        contents_unreadable(&exam->contents, &err);
    }
    bool told = examiner->describe || exam->n_matches != 0 || exam->contents.anomalies.n != 0;
    if (told) {
        note_encodings(exam);
    }
    describe_fill(exam, out, told);
    out->inside = inside;
    out->members = level.members;
    out->members_signed = level.members_signed;
    out->has_member_rule = out->decisive < 0 && level.has_rule;
    out->member_rule = level.rule;
    out->finding = level.strongest > out->finding ? level.strongest : out->finding;
    exam->asked = level.action > out->action ? level.action : out->action;
    if (lets_members_act(exam, &level) && level.action > out->action) {
        out->action = level.action;
    } else if (level.strongest > decide_finding(exam)) {
        out->own_action = false; /* somebody's backup: it stays, with a mark */
        out->action = out->action == ACTION_REPORT && level.action > ACTION_REPORT ? ACTION_FLAG : out->action;
    }
}

void examine(struct examiner *examiner, struct source *source, const char *path, struct arena *arena, struct verdict_sink *sink) {
    const struct limits *limits = &examiner->limits;
    struct budget budget = {.depth_left = (unsigned)limit_most(limits, LIMIT_DEPTH),
                            .members_left = limit_most(limits, LIMIT_MEMBERS),
                            .bytes_left = limit_most(limits, LIMIT_UNPACKED),
                            .run_left = examiner->run_left,
                            .limits = limits,
                            .helper = examiner->helper};
    struct verdict verdict;
    uint64_t seconds = limit_seconds(limits, examiner->extent != 0 ? examiner->extent : source->size);
    if (examiner->slice.of > 1) { /* what needs more is examined whole, and has no less for that */
        budget.bytes_left /= examiner->slice.of;
        seconds /= 2;
    }
    budget_start_clocks(&budget, seconds, digest_cpu_ns());
    struct timed_source timed;
    timed_source_init(&timed, source, &budget);
    struct exam exam = {.examiner = examiner, .source = &timed.source, .arena = arena, .path = path, .beside = examiner->beside};
    examine_part(&exam, "", &budget, sink, &verdict);
    verdict.slice_mark = examiner->slice.mark;
    sink->verdict(sink, &verdict);
}
