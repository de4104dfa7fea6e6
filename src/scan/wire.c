/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts as bytes. One function a structure, run in both directions, so that what is written and what is read can't drift
 * apart. Integers are little-endian; a string is its length (u32) and its bytes; a list is its count (u32) and its things;
 * an enumeration is one u32 and checked against its count; a truth value is one octet, 0 or 1.
 *
 * Refused by the receiver: counts and lengths past the limits below, values outside an enumeration, text that is no UTF-8
 * or holds a NUL, rule numbers past the blocklist, bytes left over.
 */
#include "scan/wire.h"

#include "scan/wire_field.h"

enum {
    STRING_MAX_N = 1024 + 3,  /* a sender cuts at 1 KiB and adds "…" */
    INSIDE_MAX_N = 16384 + 3, /* a path through containers */
    MATCHES_LIMIT = LIMIT_MATCHES_GREATEST,
    CHAIN_LIMIT = LIMIT_CHAIN_GREATEST + 1,
    TIMESTAMPS_LIMIT = LIMIT_TIMESTAMPS_GREATEST,
    DIGEST_LIMIT = 64,
    CDHASHES_LIMIT = 16,
    CERT_LIMIT = 16 << 10,
};

static void pass_string(struct wire_pass *p, const char **value) {
    field_text(p, value, STRING_MAX_N, true);
}

static void pass_error(struct wire_pass *p, struct error *error) {
    FIELD_ENUM(p, error->kind, enum error_kind, ERR_KINDS);
    uint32_t sys = (uint32_t)error->sys;
    field_u32(p, &sys);
    error->sys = (int)sys;
    error->limit = field_below(p, error->limit, LIMIT_COUNT + 1);
    const char *text = error->text;
    field_text(p, &text, sizeof error->text + 3, true);
    if (!p->writing) {
        size_t n = field_whole_characters(bytes_text(text), sizeof error->text - 1);
        memcpy(error->text, text, n);
        error->text[n] = '\0';
    }
}

static void pass_cert(struct wire_pass *p, struct cert_info *cert) {
    pass_string(p, &cert->subject);
    pass_string(p, &cert->common_name);
    pass_string(p, &cert->organization);
    pass_string(p, &cert->issuer);
    pass_string(p, &cert->issuer_common_name);
    pass_string(p, &cert->serial);
    pass_string(p, &cert->subscriber);
    field_octets(p, cert->sha1, sizeof cert->sha1);
    field_octets(p, cert->sha256, sizeof cert->sha256);
    field_octets(p, cert->tbs_sha256, sizeof cert->tbs_sha256);
    field_octets(p, cert->spki_sha256, sizeof cert->spki_sha256);
    field_i64(p, &cert->not_before);
    field_i64(p, &cert->not_after);
    FIELD_ENUM(p, cert->revocation, enum revocation, REVOCATION_COUNT);
    field_bytes(p, &cert->der, CERT_LIMIT);
    field_u32(p, &cert->revocation_source); /* checked where it is looked up */
}

static void pass_timestamp(struct wire_pass *p, struct timestamp_info *t) {
    FIELD_ENUM(p, t->kind, enum timestamp_kind, TIMESTAMP_COUNT);
    field_i64(p, &t->time);
    FIELD_ENUM(p, t->state, enum check, CHECK_COUNT);
    pass_string(p, &t->detail);
    field_bool(p, &t->has_signer);
    if (t->has_signer) {
        pass_cert(p, &t->signer);
    }
    field_bool(p, &t->has_issuer);
    if (t->has_issuer) {
        pass_cert(p, &t->issuer);
    }
}

static void pass_match(struct wire_pass *p, struct match_info *m, uint32_t n_rules) {
    m->rule = field_below(p, m->rule, n_rules);
    FIELD_ENUM(p, m->key, enum key_kind, KEY_COUNT);
    FIELD_ENUM(p, m->role, enum role, ROLE_COUNT);
    FIELD_ENUM(p, m->proof, enum proof, PROOF_COUNT);
    field_bool(p, &m->weak);
    field_bool(p, &m->exempt);
    m->excuse = field_below(p, m->excuse, n_rules);
    pass_string(p, &m->part);
}

static void pass_anomaly(struct wire_pass *p, struct anomaly *a) {
    FIELD_ENUM(p, a->name, enum anomaly_name, ANOMALY_COUNT);
    field_bool(p, &a->weighty);
    field_u64(p, &a->at);
    field_u64(p, &a->size);
    bool has_detail = a->detail != NULL;
    field_bool(p, &has_detail);
    if (has_detail) {
        pass_string(p, &a->detail);
    }
}

static void pass_chain(struct wire_pass *p, struct signature_info *s) {
    size_t n = field_count(p, p->writing && p->short_form ? 0 : s->n_chain, CHAIN_LIMIT);
    if (!p->writing) {
        s->chain = field_list(p, n, sizeof *s->chain);
        s->n_chain = s->chain != NULL ? n : 0;
    }
    for (size_t i = 0; s->chain != NULL && i < n && !p->failed; i++) {
        struct cert_info cert = s->chain[i];
        pass_cert(p, p->writing ? &cert : &s->chain[i]);
    }
}

static void pass_timestamps(struct wire_pass *p, struct signature_info *s) {
    size_t n = field_count(p, s->n_timestamps, TIMESTAMPS_LIMIT);
    if (!p->writing) {
        s->timestamps = field_list(p, n, sizeof *s->timestamps);
        s->n_timestamps = s->timestamps != NULL ? n : 0;
    }
    for (size_t i = 0; s->timestamps != NULL && i < n && !p->failed; i++) {
        struct timestamp_info t = s->timestamps[i];
        pass_timestamp(p, p->writing ? &t : &s->timestamps[i]);
    }
}

static void pass_cdhashes(struct wire_pass *p, struct signature_info *s) {
    size_t n = field_count(p, s->n_cdhash_alternates, CDHASHES_LIMIT);
    if (!p->writing) {
        s->cdhash_alternates = field_list(p, n, sizeof *s->cdhash_alternates);
        s->n_cdhash_alternates = s->cdhash_alternates != NULL ? n : 0;
    }
    for (size_t i = 0; s->cdhash_alternates != NULL && i < n && !p->failed; i++) {
        struct bytes cdhash = p->writing ? s->cdhash_alternates[i] : bytes_none();
        field_bytes(p, &cdhash, DIGEST_LIMIT);
        if (!p->writing) {
            s->cdhash_alternates[i] = cdhash;
        }
    }
}

static void pass_signature(struct wire_pass *p, struct signature_info *s) {
    pass_string(p, &s->part);
    FIELD_ENUM(p, s->kind, enum signature_kind, KIND_COUNT);
    FIELD_ENUM(p, s->hash, enum hash, HASH_COUNT);
    field_bytes(p, &s->claimed, DIGEST_LIMIT);
    FIELD_ENUM(p, s->digest, enum check, CHECK_COUNT);
    FIELD_ENUM(p, s->signature, enum check, CHECK_COUNT);
    pass_string(p, &s->detail);
    field_bool(p, &s->has_signer);
    if (s->has_signer) {
        pass_cert(p, &s->signer);
    }
    pass_chain(p, s);
    FIELD_ENUM(p, s->chain_state, enum chain_state, CHAIN_COUNT);
    field_bool(p, &s->anchored);
    field_bool(p, &s->root_namesake);
    s->chain_limit = field_below(p, s->chain_limit, LIMIT_COUNT + 1);
    pass_timestamps(p, s);
    field_i64(p, &s->signed_at);
    field_i64(p, &s->claimed_time);
    pass_string(p, &s->program);
    pass_string(p, &s->url);
    pass_string(p, &s->identifier);
    pass_string(p, &s->team_id);
    pass_string(p, &s->via_catalog);
    field_bytes(p, &s->cdhash, DIGEST_LIMIT);
    pass_cdhashes(p, s);
    field_u32(p, &s->cs_flags);
    field_bool(p, &s->has_page_hashes);
    FIELD_ENUM(p, s->page_hashes, enum check, CHECK_COUNT);
    field_bool(p, &s->carved);
    field_bool(p, &s->adhoc);
}

static void pass_matches(struct wire_pass *p, struct verdict *v, uint32_t n_rules) {
    size_t n = field_count(p, v->n_matches, MATCHES_LIMIT);
    if (!p->writing) {
        v->matches = field_list(p, n, sizeof *v->matches);
        v->n_matches = v->matches != NULL ? n : 0;
    }
    for (size_t i = 0; v->matches != NULL && i < n && !p->failed; i++) {
        struct match_info match = v->matches[i];
        pass_match(p, p->writing ? &match : &v->matches[i], n_rules);
    }
    uint32_t decisive = field_below(p, (uint32_t)(v->decisive + 1), (uint32_t)n + 1);
    v->decisive = (int32_t)decisive - 1;
}

static void pass_signatures(struct wire_pass *p, struct verdict *v) {
    size_t n = field_count(p, v->n_signatures, SIGNATURES_MAX);
    if (!p->writing) {
        v->signatures = field_list(p, n, sizeof *v->signatures);
        v->n_signatures = v->signatures != NULL ? n : 0;
    }
    for (size_t i = 0; v->signatures != NULL && i < n && !p->failed; i++) {
        struct signature_info signature = p->writing ? v->signatures[i] : (struct signature_info){0};
        pass_signature(p, &signature);
        if (!p->writing) {
            v->signatures[i] = signature;
        }
    }
}

static void pass_anomalies(struct wire_pass *p, struct anomalies *anomalies) {
    size_t n = field_count(p, anomalies->n, ANOMALIES_MAX);
    if (!p->writing) {
        anomalies->all = field_list(p, n, sizeof *anomalies->all);
        anomalies->n = anomalies->room = anomalies->all != NULL ? n : 0;
    }
    for (size_t i = 0; anomalies->all != NULL && i < n && !p->failed; i++) {
        struct anomaly anomaly = anomalies->all[i];
        pass_anomaly(p, p->writing ? &anomaly : &anomalies->all[i]);
    }
    uint64_t more = anomalies->more;
    field_u64(p, &more);
    anomalies->more = (size_t)more;
}

static void pass_urls(struct wire_pass *p, struct verdict *v) {
    size_t n = field_count(p, v->n_crl_urls, CRL_URLS_MAX);
    if (!p->writing) {
        v->crl_urls = field_list(p, n, sizeof *v->crl_urls);
        v->n_crl_urls = v->crl_urls != NULL ? n : 0;
    }
    for (size_t i = 0; v->crl_urls != NULL && i < n && !p->failed; i++) {
        pass_string(p, &v->crl_urls[i]);
    }
}

static void pass_verdict(struct wire_pass *p, struct verdict *v, uint32_t n_rules) {
    field_text(p, &v->inside, INSIDE_MAX_N, false);
    pass_string(p, &v->format);
    field_u64(p, &v->size);
    FIELD_ENUM(p, v->finding, enum finding, FINDING_COUNT);
    field_bool(p, &v->own_action);
    FIELD_ENUM(p, v->action, enum action, ACTION_COUNT);
    pass_matches(p, v, n_rules);
    field_bool(p, &v->has_member_rule);
    if (v->has_member_rule) {
        v->member_rule = field_below(p, v->member_rule, n_rules);
    }
    field_bool(p, &v->has_spared_rule);
    if (v->has_spared_rule) {
        v->spared_rule = field_below(p, v->spared_rule, n_rules);
    }
    pass_signatures(p, v);
    pass_anomalies(p, &v->anomalies);
    pass_string(p, &v->file_version);
    pass_string(p, &v->product);
    pass_string(p, &v->original_name);
    pass_string(p, &v->company);
    pass_string(p, &v->description);
    pass_error(p, &v->unreadable);
    field_bool(p, &v->has_sha256);
    field_octets(p, v->sha256, sizeof v->sha256);
    field_u64(p, &v->members);
    field_u64(p, &v->members_signed);
    field_u64(p, &v->bytes_read);
    field_u64(p, &v->slice_mark);
    field_u64(p, &v->unpacked);
    pass_urls(p, v);
    field_bool(p, &v->stapled_ticket);
    FIELD_ENUM(p, v->seal, enum check, CHECK_COUNT);
    field_u64(p, &v->sealed);
    field_bool(p, &v->is_signed);
}

void wire_encode(const struct verdict *verdict, struct text *out) {
    struct verdict copy = *verdict;
    if (copy.n_signatures > SIGNATURES_MAX) {
        copy.anomalies.more += copy.n_signatures - SIGNATURES_MAX;
        copy.n_signatures = SIGNATURES_MAX;
    }
    if (copy.anomalies.n > ANOMALIES_MAX) {
        copy.anomalies.more += copy.anomalies.n - ANOMALIES_MAX;
        copy.anomalies.n = ANOMALIES_MAX;
    }
    if (copy.decisive < 0 || copy.decisive >= MATCHES_LIMIT || (size_t)copy.decisive + 1 > copy.n_matches) {
        copy.decisive = -1;
    }
    size_t start = out->n;
    for (bool short_form = false;; short_form = true) {
        struct wire_pass pass = {.writing = true, .out = out, .short_form = short_form, .in = reader_make(bytes_none(), 0)};
        struct verdict sent = copy;
        pass_verdict(&pass, &sent, UINT32_MAX);
        if (out->n - start <= WIRE_MAX || out->failed || (short_form && copy.n_signatures == 0)) {
            return;
        }
        out->n = start;
        if (short_form) { /* chains were left out already: signatures go, half of them at a time */
            size_t half = copy.n_signatures / 2;
            copy.anomalies.more += copy.n_signatures - half;
            copy.n_signatures = half;
        }
    }
}

bool wire_decode(struct bytes message, size_t n_rules, struct arena *arena, struct verdict *out, struct error *err) {
    struct wire_pass pass = {.in = reader_make(message, 0), .arena = arena};
    struct verdict verdict = {0};
    if (message.n > WIRE_MAX) {
        return error_set(err, ERR_CRASHED, "the reader's answer is longer than %d bytes", WIRE_MAX);
    }
    pass_verdict(&pass, &verdict, (uint32_t)(n_rules < UINT32_MAX ? n_rules : UINT32_MAX));
    if (pass.failed || !reader_ok(&pass.in) || pass.in.left.n != 0) {
        return error_set(err, ERR_CRASHED, "the reader's answer is no verdict");
    }
    *out = verdict;
    return true;
}
