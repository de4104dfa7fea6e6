/* SPDX-License-Identifier: Apache-2.0 */
/* From the working state to the verdict that leaves the process. */
#include "crypto/identity.h"
#include "scan/exam.h"

/* Larger certificates are not handed out: half of one would be none. */
enum { CERT_SENT_MAX = 16 << 10 };

static const char *or_empty(const char *s) {
    return s != NULL ? s : "";
}

static bool fill_cert(struct exam *exam, struct cert_info *info, const struct cert *cert, struct error *err) {
    bool ok = cert_info_fill(info, cert, exam->arena, err);
    if (ok && exam->examiner->certificates && cert->der.n <= CERT_SENT_MAX) {
        info->der = cert->der;
    }
    return ok;
}

/* Which match the report leads with: not excused, proven, the more severe rule. */
static bool leads(const struct match *a, const struct match *b) {
    if ((a->excuse != NULL) != (b->excuse != NULL)) {
        return a->excuse == NULL;
    }
    if (a->proof != b->proof) {
        return a->proof > b->proof;
    }
    if (a->key->rule->action != b->key->rule->action) {
        return a->key->rule->action > b->key->rule->action;
    }
    return a->key->rule->severity > b->key->rule->severity;
}

static void fill_matches(struct exam *exam, struct verdict *verdict) {
    struct match_info *all = arena_array(exam->arena, exam->n_matches, sizeof *all);
    verdict->decisive = -1;
    if (all == NULL) {
        return;
    }
    for (size_t i = 0; i < exam->n_matches; i++) {
        const struct match *m = &exam->matches[i];
        all[i] = (struct match_info){
            .rule = m->key->rule->number,
            .key = m->key->kind,
            .role = m->role,
            .proof = m->proof,
            .weak = m->weak,
            .exempt = m->excuse != NULL,
            .excuse = m->excuse != NULL ? m->excuse->number : 0,
            .part = m->signature == NO_SIGNATURE ? "" : or_empty(exam->contents.signatures[m->signature].part),
        };
        if (verdict->decisive < 0 || leads(m, &exam->matches[verdict->decisive])) {
            verdict->decisive = (int32_t)i;
        }
    }
    verdict->matches = all;
    verdict->n_matches = exam->n_matches;
}

/* What is known of a time stamp's certificate by its issuer, and who that is, for who asks. */
static bool fill_stamp_state(struct exam *exam, const struct timestamp *t, struct timestamp_info *out, struct error *err) {
    struct chain chain;
    if (blocklist_revoked(exam->examiner->list) == NULL && !exam->examiner->certificates) {
        return true;
    }
    if (!chain_build(examiner_anchors(exam->examiner), t->signer, t->certs, t->n_certs, PURPOSE_TIME, t->time, exam->arena, &chain, err)) {
        return false;
    }
    struct above above = above_leaf(&chain, t->certs, t->n_certs);
    revoked_state(exam, t->signer, &above, &out->signer);
    out->has_issuer = exam->examiner->certificates && chain.n != 0;
    return !out->has_issuer || fill_cert(exam, &out->issuer, chain.certs[0], err);
}

static bool fill_timestamps(struct exam *exam, const struct proven *p, struct signature_info *info, struct error *err) {
    info->timestamps = arena_array(exam->arena, p->n_timestamps, sizeof *info->timestamps);
    if (info->timestamps == NULL) {
        return arena_full(exam->arena, err);
    }
    for (size_t i = 0; i < p->n_timestamps; i++) {
        const struct timestamp *t = &p->timestamps[i];
        struct timestamp_info *out = &info->timestamps[info->n_timestamps++];
        *out = (struct timestamp_info){.kind = t->kind, .time = t->time, .state = t->state, .detail = or_empty(t->detail)};
        if (t->signer != NULL) {
            out->has_signer = true;
            if (!fill_cert(exam, &out->signer, t->signer, err) || !fill_stamp_state(exam, t, out, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool fill_chain(struct exam *exam, const struct signature *s, const struct proven *p, struct signature_info *info,
                       struct error *err) {
    if (!p->has_chain) {
        return true;
    }
    info->chain_state = p->chain.state;
    info->anchored = p->chain.anchored;
    info->root_namesake = p->chain.namesake;
    info->chain_limit = p->chain.limit;
    info->chain = arena_array(exam->arena, p->chain.n, sizeof *info->chain);
    if (info->chain == NULL) {
        return arena_full(exam->arena, err);
    }
    for (size_t i = 0; i < p->chain.n; i++) {
        if (!fill_cert(exam, &info->chain[info->n_chain], p->chain.certs[i], err)) {
            return false;
        }
        if (i + 1 < p->chain.n || p->chain.state != CHAIN_TRUSTED) { /* a root's word about itself is worth nothing */
            struct above above = above_cert(s, p, p->chain.certs[i]);
            revoked_state(exam, p->chain.certs[i], &above, &info->chain[info->n_chain]);
        }
        info->n_chain++;
    }
    return true;
}

/* The certificate to show as the signer: the one whose key verified, else the one that the signer names. */
static const struct cert *shown_signer(const struct signature *s, const struct proven *p) {
    if (p != NULL && p->signer.signer != NULL) {
        return p->signer.signer;
    }
    if (s->sd != NULL && s->signer != NULL) {
        for (size_t i = 0; i < s->sd->n_certs; i++) {
            if (!s->sd->certs[i].broken && cert_named_by(&s->sd->certs[i], s->signer->issuer, s->signer->serial, s->signer->key_id)) {
                return &s->sd->certs[i];
            }
        }
    }
    if (s->sd != NULL && s->signer == NULL && s->sd->n_certs != 0 && !s->sd->certs[0].broken) {
        return &s->sd->certs[0];
    }
    return s->n_certs != 0 ? &s->certs[0] : NULL;
}

static bool cdhash_of(struct exam *exam, const struct code_directory *directory, struct bytes *out, struct error *err) {
    uint8_t value[HASH_SIZE_MAX];
    return digest_bytes(directory->hash, directory->blob, value, err) && arena_copy(exam->arena, bytes_make(value, 20), out, err);
}

static bool fill_cdhashes(struct exam *exam, const struct signature *s, struct signature_info *info, struct error *err) {
    info->cdhash_alternates = arena_array(exam->arena, s->n_directories, sizeof *info->cdhash_alternates);
    if (info->cdhash_alternates == NULL) {
        return arena_full(exam->arena, err);
    }
    for (size_t i = 0; i < s->n_directories; i++) {
        if (!digest_supported(s->directories[i].hash)) {
            continue;
        }
        bool first = info->cdhash.n == 0;
        if (!cdhash_of(exam, &s->directories[i], first ? &info->cdhash : &info->cdhash_alternates[info->n_cdhash_alternates], err)) {
            return false;
        }
        info->n_cdhash_alternates += !first;
    }
    return true;
}

static bool fill_apple(struct exam *exam, const struct signature *s, struct signature_info *info, struct error *err) {
    info->identifier = or_empty(s->identifier);
    info->team_id = or_empty(s->team_id);
    info->cs_flags = s->cs_flags;
    info->adhoc = s->kind == KIND_APPLE && s->sd == NULL;
    return fill_cdhashes(exam, s, info, err);
}

static bool fill_signature(struct exam *exam, size_t i, struct signature_info *info, struct error *err) {
    const struct signature *s = &exam->contents.signatures[i];
    const struct proven *p = exam->proven != NULL ? &exam->proven[i] : NULL;
    *info = (struct signature_info){
        .part = or_empty(s->part),
        .kind = s->kind,
        .hash = s->hash,
        .claimed = s->claimed,
        .digest = p != NULL ? p->digest : CHECK_NONE,
        .signature = p != NULL ? p->signer.state : CHECK_NONE,
        .detail = p != NULL && p->detail[0] != '\0' ? p->detail
                  : p != NULL                       ? or_empty(p->signer.detail)
                                                    : "",
        .signed_at = p != NULL ? p->signed_at : TIME_NONE,
        .claimed_time = s->signer != NULL ? s->signer->signing_time : TIME_NONE,
        .program = or_empty(s->program),
        .url = or_empty(s->url),
        .cdhash = bytes_none(),
        .has_page_hashes = s->n_pages != 0,
        .page_hashes = p != NULL ? p->pages : CHECK_NONE,
        .carved = s->carved,
        .via_catalog = or_empty(s->via_catalog),
    };
    const struct cert *signer = shown_signer(s, p);
    if (signer != NULL) {
        info->has_signer = true;
        if (!fill_cert(exam, &info->signer, signer, err)) {
            return false;
        }
        struct above above = above_cert(s, p, signer);
        revoked_state(exam, signer, &above, &info->signer);
    }
    return fill_apple(exam, s, info, err) && (p == NULL || (fill_chain(exam, s, p, info, err) && fill_timestamps(exam, p, info, err)));
}

static void fill_signatures(struct exam *exam, struct verdict *verdict) {
    struct error err;
    verdict->signatures = arena_array(exam->arena, exam->contents.n_signatures, sizeof *verdict->signatures);
    for (size_t i = 0; verdict->signatures != NULL && i < exam->contents.n_signatures; i++) {
        if (!fill_signature(exam, i, &verdict->signatures[i], &err)) {
            return; /* what could be described stays; the finding does not hang on it */
        }
        verdict->n_signatures++;
    }
}

void describe_fill(struct exam *exam, struct verdict *verdict, bool signatures) {
    const struct contents *c = &exam->contents;
    *verdict = (struct verdict){
        .inside = "",
        .format = exam->format != NULL ? exam->format->name : "",
        .size = exam->source->size,
        .finding = decide_finding(exam),
        .own_action = true,
        .action = decide_action(exam),
        .anomalies = c->anomalies,
        .file_version = or_empty(c->version.file_version),
        .product = or_empty(c->version.product),
        .original_name = or_empty(c->version.original_name),
        .company = or_empty(c->version.company),
        .description = or_empty(c->version.description),
        .unreadable = c->unreadable,
        .has_sha256 = exam->has_digests,
        .bytes_read = exam->source->bytes_read,
        .stapled_ticket = c->stapled_ticket,
        .is_signed = c->n_signatures != 0,
        .crl_urls = exam->urls,
        .n_crl_urls = exam->n_urls,
    };
    memcpy(verdict->sha256, exam->sha256, sizeof verdict->sha256);
    fill_matches(exam, verdict);
    if (signatures) {
        fill_signatures(exam, verdict);
    }
    verdict->has_spared_rule = exam->spared_rule != NULL;
    verdict->spared_rule = exam->spared_rule != NULL ? exam->spared_rule->number : 0;
}
