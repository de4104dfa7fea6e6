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

#include "base/reader.h"

enum {
    STRING_MAX_N = 1024 + 3,  /* a sender cuts at 1 KiB and adds "…" */
    INSIDE_MAX_N = 16384 + 3, /* a path through containers */
    MATCHES_LIMIT = 256,
    CHAIN_LIMIT = 16,
    TIMESTAMPS_LIMIT = 64,
    DIGEST_LIMIT = 64,
    CDHASHES_LIMIT = 16,
    CERT_LIMIT = 16 << 10,
};

/* One pass over a verdict: writing to out, or reading from in into the arena. */
struct pass {
    bool writing, failed;
    bool short_form; /* writing: leave out chains, to get below WIRE_MAX */
    struct text *out;
    struct reader in;
    struct arena *arena;
};

static void pass_u64(struct pass *p, uint64_t *value) {
    if (p->writing) {
        uint8_t octets[8];
        for (unsigned i = 0; i < 8; i++) {
            octets[i] = (uint8_t)(*value >> 8 * i);
        }
        text_add_bytes(p->out, bytes_make(octets, sizeof octets));
    } else {
        *value = reader_u64le(&p->in);
    }
}

static void pass_i64(struct pass *p, int64_t *value) {
    uint64_t u = (uint64_t)*value;
    pass_u64(p, &u);
    *value = (int64_t)u;
}

static void pass_u32(struct pass *p, uint32_t *value) {
    if (p->writing) {
        const uint8_t octets[4] = {(uint8_t)*value, (uint8_t)(*value >> 8), (uint8_t)(*value >> 16), (uint8_t)(*value >> 24)};
        text_add_bytes(p->out, bytes_make(octets, sizeof octets));
    } else {
        *value = reader_u32le(&p->in);
    }
}

static void pass_bool(struct pass *p, bool *value) {
    if (p->writing) {
        text_add_char(p->out, *value ? 1 : 0);
        return;
    }
    uint8_t octet = reader_u8(&p->in);
    p->failed |= octet > 1;
    *value = octet == 1;
}

/* A number below count; what is past it fails and reads as zero. */
static uint32_t pass_below(struct pass *p, uint32_t value, uint32_t count) {
    pass_u32(p, &value);
    if (value >= count) {
        p->failed = true;
        return 0;
    }
    return value;
}

#define PASS_ENUM(p, field, type, count) ((field) = (type)pass_below((p), (uint32_t)(field), (uint32_t)(count)))

static void pass_octets(struct pass *p, uint8_t *octets, size_t n) {
    if (p->writing) {
        text_add_bytes(p->out, bytes_make(octets, n));
        return;
    }
    struct bytes got = reader_bytes(&p->in, n);
    if (got.n == n) {
        memcpy(octets, got.p, n);
    }
}

/* A list's count: cut when writing, refused past the limit when reading. */
static size_t pass_count(struct pass *p, size_t n, size_t limit) {
    uint32_t count = (uint32_t)(n < limit ? n : limit);
    pass_u32(p, &count);
    if (count > limit || !reader_ok(&p->in)) {
        p->failed = true;
        return 0;
    }
    return count;
}

static void pass_bytes(struct pass *p, struct bytes *value, size_t limit) {
    size_t n = pass_count(p, value->n, limit);
    if (p->writing) {
        text_add_bytes(p->out, bytes_cut(*value, 0, n));
        return;
    }
    struct bytes got = reader_bytes(&p->in, n);
    p->failed |= !arena_copy(p->arena, got, value, NULL);
}

/* How much of a text fits into limit octets without cutting a character in two. */
static size_t whole_characters(struct bytes text, size_t limit) {
    size_t n = text.n < limit ? text.n : limit;
    while (n > 0 && n < text.n && (text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

static const char ellipsis[] = "\xe2\x80\xa6", replacement[] = "\xef\xbf\xbd";

/* Text goes out as UTF-8 whatever the file gave: ill-formed bytes become U+FFFD, as the reports would make them anyway. */
static void write_string(struct pass *p, struct bytes text, size_t limit, bool utf8) {
    struct text clean = {0};
    bool mend = utf8 && !utf8_valid(text);
    for (size_t i = 0, n; mend && i < text.n && clean.n <= limit; i += n) {
        if (utf8_next(bytes_cut(text, i, text.n), &n) == UINT32_MAX) {
            text_add(&clean, replacement);
        } else {
            text_add_bytes(&clean, bytes_cut(text, i, n));
        }
    }
    if (mend) {
        text = text_ok(&clean) ? bytes_make(clean.p, clean.n) : bytes_none();
    }
    size_t room = limit - (sizeof ellipsis - 1);
    bool cut = text.n > room;
    uint32_t n = (uint32_t)(cut ? whole_characters(text, room) + sizeof ellipsis - 1 : text.n);
    pass_u32(p, &n);
    text_add_bytes(p->out, bytes_cut(text, 0, cut ? n - (sizeof ellipsis - 1) : n));
    text_add(p->out, cut ? ellipsis : "");
    text_free(&clean);
}

static void pass_text(struct pass *p, const char **value, size_t limit, bool utf8) {
    if (p->writing) {
        write_string(p, bytes_text(*value != NULL ? *value : ""), limit, utf8);
        return;
    }
    struct bytes copy = bytes_none(), got = reader_bytes(&p->in, pass_count(p, 0, limit));
    p->failed |= bytes_find(got, bytes_make("", 1), 0) != got.n || (utf8 && !utf8_valid(got)) || !arena_copy(p->arena, got, &copy, NULL);
    *value = p->failed ? "" : (const char *)copy.p;
}

static void pass_string(struct pass *p, const char **value) {
    pass_text(p, value, STRING_MAX_N, true);
}

/* Room for a list that is read; NULL (and failed) when there is none. */
static void *pass_list(struct pass *p, size_t n, size_t size) {
    void *list = arena_array(p->arena, n, size);
    p->failed |= list == NULL;
    return list;
}

static void pass_error(struct pass *p, struct error *error) {
    PASS_ENUM(p, error->kind, enum error_kind, ERR_KINDS);
    uint32_t sys = (uint32_t)error->sys;
    pass_u32(p, &sys);
    error->sys = (int)sys;
    const char *text = error->text;
    pass_text(p, &text, sizeof error->text + 3, true);
    if (!p->writing) {
        size_t n = whole_characters(bytes_text(text), sizeof error->text - 1);
        memcpy(error->text, text, n);
        error->text[n] = '\0';
    }
}

static void pass_cert(struct pass *p, struct cert_info *cert) {
    pass_string(p, &cert->subject);
    pass_string(p, &cert->common_name);
    pass_string(p, &cert->organization);
    pass_string(p, &cert->issuer);
    pass_string(p, &cert->issuer_common_name);
    pass_string(p, &cert->serial);
    pass_string(p, &cert->subscriber);
    pass_octets(p, cert->sha1, sizeof cert->sha1);
    pass_octets(p, cert->sha256, sizeof cert->sha256);
    pass_octets(p, cert->tbs_sha256, sizeof cert->tbs_sha256);
    pass_octets(p, cert->spki_sha256, sizeof cert->spki_sha256);
    pass_i64(p, &cert->not_before);
    pass_i64(p, &cert->not_after);
    PASS_ENUM(p, cert->revocation, enum revocation, REVOCATION_COUNT);
    pass_bytes(p, &cert->der, CERT_LIMIT);
    pass_u32(p, &cert->revocation_source); /* checked where it is looked up */
}

static void pass_timestamp(struct pass *p, struct timestamp_info *t) {
    PASS_ENUM(p, t->kind, enum timestamp_kind, TIMESTAMP_COUNT);
    pass_i64(p, &t->time);
    PASS_ENUM(p, t->state, enum check, CHECK_COUNT);
    pass_string(p, &t->detail);
    pass_bool(p, &t->has_signer);
    if (t->has_signer) {
        pass_cert(p, &t->signer);
    }
}

static void pass_match(struct pass *p, struct match_info *m, uint32_t n_rules) {
    m->rule = pass_below(p, m->rule, n_rules);
    PASS_ENUM(p, m->key, enum key_kind, KEY_COUNT);
    PASS_ENUM(p, m->role, enum role, ROLE_COUNT);
    PASS_ENUM(p, m->proof, enum proof, PROOF_COUNT);
    pass_bool(p, &m->weak);
    pass_bool(p, &m->exempt);
    m->excuse = pass_below(p, m->excuse, n_rules);
    pass_string(p, &m->part);
}

static void pass_anomaly(struct pass *p, struct anomaly *a) {
    PASS_ENUM(p, a->name, enum anomaly_name, ANOMALY_COUNT);
    pass_bool(p, &a->weighty);
    pass_u64(p, &a->at);
    pass_u64(p, &a->size);
    bool has_detail = a->detail != NULL;
    pass_bool(p, &has_detail);
    if (has_detail) {
        pass_string(p, &a->detail);
    }
}

static void pass_chain(struct pass *p, struct signature_info *s) {
    size_t n = pass_count(p, p->writing && p->short_form ? 0 : s->n_chain, CHAIN_LIMIT);
    if (!p->writing) {
        s->chain = pass_list(p, n, sizeof *s->chain);
        s->n_chain = s->chain != NULL ? n : 0;
    }
    for (size_t i = 0; i < n && !p->failed; i++) {
        struct cert_info cert = s->chain[i];
        pass_cert(p, p->writing ? &cert : &s->chain[i]);
    }
}

static void pass_timestamps(struct pass *p, struct signature_info *s) {
    size_t n = pass_count(p, s->n_timestamps, TIMESTAMPS_LIMIT);
    if (!p->writing) {
        s->timestamps = pass_list(p, n, sizeof *s->timestamps);
        s->n_timestamps = s->timestamps != NULL ? n : 0;
    }
    for (size_t i = 0; i < n && !p->failed; i++) {
        struct timestamp_info t = s->timestamps[i];
        pass_timestamp(p, p->writing ? &t : &s->timestamps[i]);
    }
}

static void pass_cdhashes(struct pass *p, struct signature_info *s) {
    size_t n = pass_count(p, s->n_cdhash_alternates, CDHASHES_LIMIT);
    if (!p->writing) {
        s->cdhash_alternates = pass_list(p, n, sizeof *s->cdhash_alternates);
        s->n_cdhash_alternates = s->cdhash_alternates != NULL ? n : 0;
    }
    for (size_t i = 0; s->cdhash_alternates != NULL && i < n && !p->failed; i++) {
        struct bytes cdhash = p->writing ? s->cdhash_alternates[i] : bytes_none();
        pass_bytes(p, &cdhash, DIGEST_LIMIT);
        if (!p->writing) {
            s->cdhash_alternates[i] = cdhash;
        }
    }
}

static void pass_signature(struct pass *p, struct signature_info *s) {
    pass_string(p, &s->part);
    PASS_ENUM(p, s->kind, enum signature_kind, KIND_COUNT);
    PASS_ENUM(p, s->hash, enum hash, HASH_COUNT);
    pass_bytes(p, &s->claimed, DIGEST_LIMIT);
    PASS_ENUM(p, s->digest, enum check, CHECK_COUNT);
    PASS_ENUM(p, s->signature, enum check, CHECK_COUNT);
    pass_string(p, &s->detail);
    pass_bool(p, &s->has_signer);
    if (s->has_signer) {
        pass_cert(p, &s->signer);
    }
    pass_chain(p, s);
    PASS_ENUM(p, s->chain_state, enum chain_state, CHAIN_COUNT);
    pass_timestamps(p, s);
    pass_i64(p, &s->signed_at);
    pass_i64(p, &s->claimed_time);
    pass_string(p, &s->program);
    pass_string(p, &s->url);
    pass_string(p, &s->identifier);
    pass_string(p, &s->team_id);
    pass_string(p, &s->via_catalog);
    pass_bytes(p, &s->cdhash, DIGEST_LIMIT);
    pass_cdhashes(p, s);
    pass_u32(p, &s->cs_flags);
    pass_bool(p, &s->has_page_hashes);
    PASS_ENUM(p, s->page_hashes, enum check, CHECK_COUNT);
    pass_bool(p, &s->carved);
    pass_bool(p, &s->adhoc);
}

static void pass_matches(struct pass *p, struct verdict *v, uint32_t n_rules) {
    size_t n = pass_count(p, v->n_matches, MATCHES_LIMIT);
    if (!p->writing) {
        v->matches = pass_list(p, n, sizeof *v->matches);
        v->n_matches = v->matches != NULL ? n : 0;
    }
    for (size_t i = 0; v->matches != NULL && i < n && !p->failed; i++) {
        struct match_info match = v->matches[i];
        pass_match(p, p->writing ? &match : &v->matches[i], n_rules);
    }
    uint32_t decisive = pass_below(p, (uint32_t)(v->decisive + 1), (uint32_t)n + 1);
    v->decisive = (int32_t)decisive - 1;
}

static void pass_signatures(struct pass *p, struct verdict *v) {
    size_t n = pass_count(p, v->n_signatures, SIGNATURES_MAX);
    if (!p->writing) {
        v->signatures = pass_list(p, n, sizeof *v->signatures);
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

static void pass_anomalies(struct pass *p, struct anomalies *anomalies) {
    size_t n = pass_count(p, anomalies->n, ANOMALIES_MAX);
    if (!p->writing) {
        anomalies->all = pass_list(p, n, sizeof *anomalies->all);
        anomalies->n = anomalies->room = anomalies->all != NULL ? n : 0;
    }
    for (size_t i = 0; anomalies->all != NULL && i < n && !p->failed; i++) {
        struct anomaly anomaly = anomalies->all[i];
        pass_anomaly(p, p->writing ? &anomaly : &anomalies->all[i]);
    }
    uint64_t more = anomalies->more;
    pass_u64(p, &more);
    anomalies->more = (size_t)more;
}

static void pass_urls(struct pass *p, struct verdict *v) {
    size_t n = pass_count(p, v->n_crl_urls, CRL_URLS_MAX);
    if (!p->writing) {
        v->crl_urls = pass_list(p, n, sizeof *v->crl_urls);
        v->n_crl_urls = v->crl_urls != NULL ? n : 0;
    }
    for (size_t i = 0; v->crl_urls != NULL && i < n && !p->failed; i++) {
        pass_string(p, &v->crl_urls[i]);
    }
}

static void pass_verdict(struct pass *p, struct verdict *v, uint32_t n_rules) {
    pass_text(p, &v->inside, INSIDE_MAX_N, false);
    pass_string(p, &v->format);
    pass_u64(p, &v->size);
    PASS_ENUM(p, v->finding, enum finding, FINDING_COUNT);
    pass_bool(p, &v->own_action);
    PASS_ENUM(p, v->action, enum action, ACTION_COUNT);
    pass_matches(p, v, n_rules);
    pass_bool(p, &v->has_member_rule);
    if (v->has_member_rule) {
        v->member_rule = pass_below(p, v->member_rule, n_rules);
    }
    pass_signatures(p, v);
    pass_anomalies(p, &v->anomalies);
    pass_string(p, &v->file_version);
    pass_string(p, &v->product);
    pass_string(p, &v->original_name);
    pass_string(p, &v->company);
    pass_string(p, &v->description);
    pass_error(p, &v->unreadable);
    pass_bool(p, &v->has_sha256);
    pass_octets(p, v->sha256, sizeof v->sha256);
    pass_u64(p, &v->members);
    pass_u64(p, &v->members_signed);
    pass_u64(p, &v->bytes_read);
    pass_urls(p, v);
    pass_bool(p, &v->stapled_ticket);
    PASS_ENUM(p, v->seal, enum check, CHECK_COUNT);
    pass_u64(p, &v->sealed);
    pass_bool(p, &v->is_signed);
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
        struct pass pass = {.writing = true, .out = out, .short_form = short_form, .in = reader_make(bytes_none(), 0)};
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
    struct pass pass = {.in = reader_make(message, 0), .arena = arena};
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
