/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle against its seal. The signature of the main executable covers Info.plist (special slot 1) and CodeResources (3); that one
 * lists everything else, by content or, for code with a signature of its own, by cdhash and requirement.
 */
#include "format/codesign.h"
#include "format/seal.h"
#include "scan/bundle_find.h"
#include "scan/wire.h"
#include "scan/worker.h"
#include "source/plist.h"
#include "source/stream.h"

struct judging {
    struct found found;
    struct arena *arena;
    /* of the outermost bundle in hand: */
    const struct bundle *outer;
    struct verdict *verdict;
    uint64_t checked;
    bool broken;
};

static void note(struct judging *j, enum anomaly_name name, bool weighty, const char *path, const char *what) {
    size_t skip = strlen(path) > j->outer->root_n ? j->outer->root_n + 1 : 0;
    const char *detail = arena_printf(j->arena, "%s: %s", path + skip, what);
    anomaly_note(&j->verdict->anomalies, j->arena, name, 0, 0, detail)->weighty = weighty;
    j->broken = j->broken || weighty;
}

static void modified(struct judging *j, const char *path, const char *what) {
    note(j, ANOMALY_RESOURCE_MODIFIED, true, path, what);
}

static void unreadable(struct judging *j, const struct error *why) {
    if (j->verdict->unreadable.kind == ERR_NONE) {
        j->verdict->unreadable = *why;
    }
}

/* ---- the signature's own slots ---- */

static void check_slot(struct judging *j, const struct bundle *b, uint32_t slot, const struct bundle_file *file) {
    const struct bundle_code *code = b->code;
    for (size_t i = 0; i < code->n_directories; i++) {
        struct bytes expected;
        uint8_t value[HASH_SIZE_MAX];
        enum hash hash = code->directories[i].hash;
        if (!codesign_special_hash(&code->directories[i], slot, j->arena, &expected)) {
            modified(j, file->path, "the signature of the main executable does not cover it");
            return;
        }
        if (!digest_supported(hash) || !digest_bytes(hash, file->content, value, NULL) || expected.n > hash_size(hash) ||
            memcmp(value, expected.p, expected.n) != 0) {
            modified(j, file->path, "changed after it was signed");
            return;
        }
    }
}

/* A main executable whose signature stands apart is hashed as one piece (libsecurity_codesigning, DiskRep::pageSize). */
static void check_apart(struct judging *j, const struct bundle *b) {
    for (size_t i = 0; b->main != NULL && j->found.files->hash && i < b->code->n_directories; i++) {
        const struct code_directory *d = &b->code->directories[i];
        struct bytes expected;
        const uint8_t *value = d->hash == HASH_SHA256 ? b->main->sha256 : d->hash == HASH_SHA1 ? b->main->sha1 : NULL;
        if (value == NULL || !codesign_whole_hash(d, b->main->size, j->arena, &expected) || expected.n > hash_size(d->hash) ||
            memcmp(value, expected.p, expected.n) != 0) {
            modified(j, b->main->path, "changed after it was signed");
            return;
        }
    }
}

/* False when nothing more can be said: there is no signature to begin with. */
static bool check_main(struct judging *j, const struct bundle *b) {
    if (b->info == NULL || b->main == NULL) {
        modified(j, b->seal->path, b->info == NULL ? "sealed, but there is no Info.plist" : "sealed, but there is no main executable");
        return false;
    }
    if (b->code == NULL || b->code->n_directories == 0) {
        note(j, ANOMALY_STRIPPED_SIGNATURE, true, b->main->path, "the bundle is sealed, its main executable is not signed");
        return false;
    }
    check_slot(j, b, CODESIGN_SLOT_INFO, b->info);
    check_slot(j, b, CODESIGN_SLOT_RESOURCES, b->seal);
    if (b->directory != NULL) {
        check_apart(j, b);
    }
    return true;
}

/* ---- nested code ---- */

static bool has_cdhash(const struct bundle_code *code, struct bytes cdhash) {
    for (size_t i = 0; cdhash.n != 0 && i < code->n_directories; i++) {
        uint8_t value[HASH_SIZE_MAX];
        if (digest_supported(code->directories[i].hash) &&
            digest_bytes(code->directories[i].hash, code->directories[i].blob, value, NULL) && memcmp(value, cdhash.p, cdhash.n) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a requirement says KEY "VALUE" or KEY VALUE. */
static bool demands(const char *requirement, const char *key, const char *value) {
    const char *at = strstr(requirement, key);
    size_t n = strlen(value);
    if (at == NULL || n == 0) {
        return false;
    }
    at += strlen(key);
    at += strspn(at, " =\"");
    return strncmp(at, value, n) == 0 && (at[n] == '\0' || strchr(" \")", at[n]) != NULL);
}

/* Other code than what was sealed is in order when it is the same program of the same team, which is what requirements of Developer
 * ID say. Whether its own signature holds is said where it is examined. */
static bool meets(const struct bundle_code *code, const char *requirement) {
    return requirement != NULL && code->is_signed && strstr(requirement, " or ") == NULL && strchr(requirement, '!') == NULL &&
           demands(requirement, "identifier", code->identifier) && demands(requirement, "[subject.OU]", code->team_id);
}

static void check_nested(struct judging *j, const char *path, const struct seal_entry *entry) {
    const struct bundle_file *file = found_main(&j->found, path);
    if (file == NULL && !entry->optional) {
        modified(j, path, "sealed as code, but there is none");
    } else if (file != NULL && file->code == NULL) {
        modified(j, path, "sealed as code, but it is something else");
    } else if (file != NULL && !has_cdhash(file->code, entry->cdhash)) {
        bool met = meets(file->code, entry->requirement);
        note(j, ANOMALY_RESOURCE_MODIFIED, !met, path,
             met ? "other code than was sealed, of the same identifier and team" : "other code than was sealed");
    }
}

/* ---- the files ---- */

static bool is_empty(const struct seal_entry *entry) {
    uint8_t sha1[HASH_SIZE_MAX], sha256[HASH_SIZE_MAX];
    return digest_bytes(HASH_SHA1, bytes_none(), sha1, NULL) && digest_bytes(HASH_SHA256, bytes_none(), sha256, NULL) &&
           (entry->sha256.n != 0 ? memcmp(entry->sha256.p, sha256, entry->sha256.n) == 0
                                 : entry->sha1.n != 0 && memcmp(entry->sha1.p, sha1, entry->sha1.n) == 0);
}

/* Whether a file has the content that was sealed. Of a link the content is where it leads: so archives keep it. */
static bool content_fits(const struct bundle_file *file, const struct seal_entry *entry) {
    uint8_t target[HASH_SIZE_MAX];
    if (entry->link != NULL) {
        return digest_bytes(HASH_SHA256, bytes_text(entry->link), target, NULL) && memcmp(target, file->sha256, sizeof file->sha256) == 0;
    }
    if (file->is_link) {
        return false;
    }
    return entry->sha256.n != 0 ? memcmp(entry->sha256.p, file->sha256, entry->sha256.n) == 0
                                : entry->sha1.n != 0 && memcmp(entry->sha1.p, file->sha1, entry->sha1.n) == 0;
}

/* The sealed code that a file belongs to: an entry for a folder above it. */
static bool in_nested(struct judging *j, const struct seal *seal, const char *relative) {
    for (const char *slash = strchr(relative, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const char *folder = arena_printf(j->arena, "%.*s", (int)(slash - relative), relative);
        const struct seal_entry *entry = folder != NULL ? seal_find(seal, folder) : NULL;
        if (entry != NULL && (entry->cdhash.n != 0 || entry->requirement != NULL)) {
            return true;
        }
    }
    return false;
}

static bool is_apart(const struct bundle *b, const struct bundle_file *file, const char *relative) {
    return file == b->main || file == b->info || strncmp(relative, "_CodeSignature/", 15) == 0 ||
           strncmp(relative, "_MASReceipt/", 12) == 0 || strcmp(relative, "CodeResources") == 0;
}

static void check_file(struct judging *j, const struct bundle *b, const struct seal *seal, const struct bundle_file *file) {
    const char *relative = file->path + b->base_n + 1;
    if (is_apart(b, file, relative) || in_nested(j, seal, relative)) {
        return;
    }
    const struct seal_entry *entry = seal_find(seal, relative);
    const struct seal_rule *rule = entry == NULL ? seal_rule_for(seal, relative) : NULL;
    if (entry == NULL && (rule == NULL || rule->omit)) {
        return;
    }
    j->checked++;
    if (entry == NULL) {
        modified(j, file->path, "added after it was sealed");
    } else if (entry->cdhash.n == 0 && entry->requirement == NULL && !content_fits(file, entry)) {
        modified(j, file->path, "changed after it was sealed");
    }
}

static void check_entry(struct judging *j, const struct bundle *b, const struct seal_entry *entry) {
    const char *path = arena_printf(j->arena, "%.*s/%s", (int)b->base_n, b->base, entry->path);
    if (path == NULL) {
        struct error err;
        arena_full(j->arena, &err);
        unreadable(j, &err);
    } else if (entry->cdhash.n != 0 || entry->requirement != NULL) {
        j->checked++;
        check_nested(j, path, entry);
    } else if (!entry->optional && found_file(&j->found, path) == NULL &&
               (j->found.files->complete || (entry->link == NULL && !is_empty(entry)))) {
        modified(j, path, "sealed, but missing");
    }
}

static void check_seal(struct judging *j, const struct bundle *b) {
    struct seal seal;
    struct error err = {0};
    if (!check_main(j, b) || !j->found.files->hash) {
        return;
    }
    if (!seal_read(b->seal->content, j->arena, &seal, &err)) {
        error_within(&err, "%.200s", b->seal->path);
        unreadable(j, &err);
        return;
    }
    for (size_t i = found_first(&j->found, b->base, b->base_n);
         i < j->found.files->n && found_below(j->found.files->all[i].path, b->base, b->base_n); i++) {
        if (!budget_spend(j->found.files->budget, 0, &err)) {
            unreadable(j, &err);
            return;
        }
        check_file(j, b, &seal, &j->found.files->all[i]);
    }
    for (size_t i = 0; i < seal.n_entries; i++) {
        check_entry(j, b, &seal.entries[i]);
    }
}

/* ---- the verdict ---- */

/* The bundle's signature is that of its main executable. */
static void begin_verdict(struct judging *j, struct verdict *verdict) {
    const struct bundle_code *code = j->outer->signed_by;
    *verdict = verdict_blank(0);
    if (code == NULL || !wire_decode(code->verdict, SIZE_MAX, j->arena, verdict, NULL)) {
        *verdict = verdict_blank(0);
        verdict->finding = FINDING_UNSIGNED;
    }
    verdict->format = "app";
    verdict->own_action = false; /* what is moved are files */
    verdict->action = ACTION_REPORT;
    verdict->has_sha256 = false;
    verdict->size = verdict->members = verdict->members_signed = verdict->bytes_read = 0;
}

static void end_verdict(struct judging *j) {
    struct verdict *v = j->verdict;
    bool whole = j->found.files->hash && v->unreadable.kind == ERR_NONE;
    v->seal = j->broken ? CHECK_BAD : whole ? CHECK_GOOD : CHECK_NONE;
    v->sealed = j->checked;
    if (j->broken && v->finding < FINDING_SUSPICIOUS) {
        v->finding = FINDING_SUSPICIOUS;
    }
    if (v->unreadable.kind != ERR_NONE && v->finding < FINDING_UNREADABLE) {
        v->finding = FINDING_UNREADABLE;
    }
    for (size_t i = 0; v->seal != CHECK_GOOD && i < v->n_signatures; i++) {
        v->signatures[i].digest = v->seal;
        v->signatures[i].detail = j->broken ? "the bundle is not what was sealed" : "the seal was not checked to its end";
    }
}

/* Its files are the bundle's members: the strongest finding among them is its, too. */
static void count_members(const struct judging *j, struct verdict *v) {
    const struct bundle *b = j->outer;
    for (size_t i = found_first(&j->found, b->base, b->root_n);
         i < j->found.files->n && found_below(j->found.files->all[i].path, b->base, b->root_n); i++) {
        const struct bundle_file *file = &j->found.files->all[i];
        v->members++;
        v->members_signed += file->code != NULL && file->code->is_signed;
        v->size += file->size;
        v->finding = file->finding > v->finding ? file->finding : v->finding;
    }
}

/* A notarization ticket is a file of that name in the place where older systems had a link to the seal. */
static bool has_ticket(const struct judging *j) {
    const struct bundle_file *ticket = found_in(&j->found, j->outer, "", "CodeResources");
    return ticket != NULL && bytes_starts(ticket->content, bytes_text("s8ch"));
}

static enum finding judge_outermost(struct judging *j, const struct bundle *outer, const char *prefix, struct verdict_sink *sink) {
    struct verdict verdict;
    j->outer = outer;
    j->verdict = &verdict;
    j->checked = 0;
    j->broken = false;
    begin_verdict(j, &verdict);
    if (j->found.files->lost.kind != ERR_NONE) {
        unreadable(j, &j->found.files->lost);
    }
    for (size_t i = 0; i < j->found.n; i++) {
        if (&j->found.all[i] == outer || found_below(j->found.all[i].base, outer->base, outer->root_n)) {
            check_seal(j, &j->found.all[i]);
        }
    }
    const struct plist *info;
    if (outer->info != NULL && plist_parse(outer->info->content, j->arena, &info, NULL)) {
        struct version_info version = {0};
        plist_version(info, &version);
        verdict.product = version.product != NULL ? version.product : verdict.product;
        verdict.file_version = version.file_version != NULL ? version.file_version : verdict.file_version;
    }
    verdict.stapled_ticket = has_ticket(j);
    end_verdict(j);
    count_members(j, &verdict);
    const char *inside = arena_printf(j->arena, "%s%.*s", prefix, (int)outer->root_n, outer->base);
    verdict.inside = inside != NULL ? inside : "(no memory for its name)";
    sink->verdict(sink, &verdict);
    j->verdict = NULL;
    return verdict.finding;
}

enum finding bundles_judge(struct bundles *files, const char *prefix, struct verdict_sink *sink) {
    struct judging j = {.arena = files->arena};
    enum finding strongest = FINDING_OTHER;
    struct error err = {0};
    if (files->n == 0) {
        return strongest;
    }
    if (!found_make(&j.found, files, &err)) {
        files->lost = err;
        return FINDING_UNREADABLE;
    }
    for (size_t i = 0; i < j.found.n; i++) {
        if (j.found.all[i].outermost) {
            enum finding finding = judge_outermost(&j, &j.found.all[i], prefix, sink);
            strongest = finding > strongest ? finding : strongest;
        }
    }
    return strongest;
}
