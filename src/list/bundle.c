/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes signed bundles (bundle.h). Refused: whatever is not exactly of that form. */
#include "list/bundle.h"

#include <stdio.h>
#include <time.h>

#include "base/hex.h"
#include "list/policy_value.h"
#include "list/policy_write.h"

enum { LINE_MAX_SIZE = 256 };
static const char magic[] = "certban bundle 1\n";

/* Takes the next line without its LF; false when there is none within reason. */
static bool take_line(struct bytes *left, struct bytes *line) {
    size_t n = bytes_find(bytes_cut(*left, 0, LINE_MAX_SIZE), bytes_text("\n"), 0);
    if (n >= left->n || n >= LINE_MAX_SIZE) {
        return false;
    }
    *line = bytes_cut(*left, 0, n);
    *left = bytes_cut(*left, n + 1, left->n);
    return true;
}

/* Takes "WORD VALUE". */
static bool take_field(struct bytes *left, const char *word, struct bytes *value) {
    struct bytes rest = *left, line, name = bytes_text(word);
    if (!take_line(&rest, &line) || !bytes_starts(line, name) || line.n <= name.n + 1 || line.p[name.n] != ' ') {
        return false;
    }
    *value = bytes_cut(line, name.n + 1, line.n);
    *left = rest;
    return true;
}

static void add_signature(const uint8_t id[ED25519_ID_SIZE], const uint8_t signature[ED25519_SIGNATURE_SIZE], struct text *out) {
    text_add_hex(out, bytes_make(id, ED25519_ID_SIZE));
    text_add_char(out, ' ');
    text_add_base64(out, bytes_make(signature, ED25519_SIGNATURE_SIZE));
}

/* "KEYID BASE64", in the one way in which it is written: a signed file has no second spelling. */
static bool read_signature(struct bytes value, uint8_t id[ED25519_ID_SIZE], uint8_t signature[ED25519_SIGNATURE_SIZE]) {
    enum { ID_DIGITS = 2 * ED25519_ID_SIZE };
    struct arena arena = arena_make((size_t)64 << 10);
    struct text again = {0};
    struct bytes decoded;
    size_t n;
    bool ok = hex_decode(bytes_cut(value, 0, ID_DIGITS), id, ED25519_ID_SIZE, &n) && n == ED25519_ID_SIZE &&
              value_base64(bytes_cut(value, ID_DIGITS + 1, value.n), &arena, &decoded) && decoded.n == ED25519_SIGNATURE_SIZE;
    if (ok) {
        memcpy(signature, decoded.p, ED25519_SIGNATURE_SIZE);
        add_signature(id, signature, &again);
        ok = bytes_equal(value, bytes_make(again.p, again.n));
    }
    text_free(&again);
    arena_free(&arena);
    return ok;
}

/* What stands before the signed part. */
struct envelope {
    struct bytes content; /* the signed part */
    uint8_t ids[BUNDLE_SIGNATURES_MAX][ED25519_ID_SIZE];
    uint8_t signatures[BUNDLE_SIGNATURES_MAX][ED25519_SIGNATURE_SIZE];
    size_t n;
};

static bool open_envelope(struct bytes content, struct envelope *out, struct error *err) {
    struct bytes value;
    *out = (struct envelope){.content = content};
    if (content.n > BUNDLE_SIZE_MAX) {
        return error_set(err, ERR_LIMIT, "has %zu bytes; expected at most %zu", content.n, BUNDLE_SIZE_MAX);
    }
    if (!bytes_starts(content, bytes_text(magic))) {
        return error_set(err, ERR_MALFORMED, "is no bundle; expected \"certban bundle 1\" in its first line");
    }
    out->content = bytes_cut(content, sizeof magic - 1, content.n);
    while (take_field(&out->content, "signature", &value)) {
        if (out->n == BUNDLE_SIGNATURES_MAX || !read_signature(value, out->ids[out->n], out->signatures[out->n])) {
            return error_set(err, ERR_MALFORMED, "signature %zu is none; expected up to %d of \"signature KEYID BASE64\"", out->n + 1,
                             BUNDLE_SIGNATURES_MAX);
        }
        out->n++;
    }
    return out->n != 0 || error_set(err, ERR_MALFORMED, "has no signature");
}

/* Keeps the ids of the keys that signed it. */
static bool verify(const struct envelope *envelope, const struct bundle_keys *keys, struct bundle *out, struct error *err) {
    bool known = false;
    for (size_t i = 0; i < envelope->n; i++) {
        for (size_t k = 0; k < keys->n; k++) {
            if (memcmp(envelope->ids[i], keys->all[k].id, ED25519_ID_SIZE) != 0) {
                continue;
            }
            known = true;
            if (ed25519_verify(&keys->all[k], bytes_text(magic), envelope->content, envelope->signatures[i])) {
                memcpy(out->signers[out->n_signers++], envelope->ids[i], ED25519_ID_SIZE);
                break;
            }
        }
    }
    if (out->n_signers == 0) {
        char id[2 * ED25519_ID_SIZE + 1];
        hex_encode(bytes_make(envelope->ids[0], ED25519_ID_SIZE), id);
        return error_set(err, ERR_DENIED, "%s (it names key %s)",
                         known ? "its signature is not by the key that it names, or it was changed" : "no key that is trusted signed it",
                         id);
    }
    return true;
}

static bool read_head(struct bytes *left, struct bundle *out, struct error *err) {
    struct bytes value;
    if (!take_field(left, "id", &value) || !value_id(value) || value.n >= sizeof out->id) {
        return error_set(err, ERR_MALFORMED, "has no line \"id ID\" after its signatures");
    }
    memcpy(out->id, value.p, value.n);
    if (!take_field(left, "version", &value) || !value_number(value, BUNDLE_VERSION_MAX, &out->version) || out->version == 0) {
        return error_set(err, ERR_MALFORMED, "has no line \"version N\" after its id");
    }
    if (!take_field(left, "issued", &value) || !value_time(value, false, &out->issued)) {
        return error_set(err, ERR_MALFORMED, "has no line \"issued TIME\" after its version");
    }
    if (!take_field(left, "expires", &value) || !value_time(value, false, &out->expires)) {
        return error_set(err, ERR_MALFORMED, "has no line \"expires TIME\" after the time of its issue");
    }
    return out->issued < out->expires || error_set(err, ERR_MALFORMED, "it expires before it is issued");
}

static bool read_policies(struct bytes left, const char *origin, struct bundle *out, struct error *err) {
    size_t sizes[BUNDLE_POLICIES_MAX], n = 0;
    struct bytes value;
    uint64_t size;
    while (take_field(&left, "policy", &value)) {
        if (n == BUNDLE_POLICIES_MAX || !value_number(value, BUNDLE_SIZE_MAX, &size) || size == 0) {
            return error_set(err, ERR_MALFORMED, "policy line %zu is none; expected up to %d of \"policy SIZE\"", n + 1,
                             BUNDLE_POLICIES_MAX);
        }
        sizes[n++] = (size_t)size;
    }
    if (n == 0 || !take_line(&left, &value) || value.n != 0) {
        return error_set(err, ERR_MALFORMED, "has no lines \"policy SIZE\" and an empty one behind them");
    }
    for (size_t i = 0; i < n; i++) {
        if (sizes[i] > left.n) {
            return error_set(err, ERR_MALFORMED, "ends inside policy %zu of %zu", i + 1, n);
        }
        if (!policy_parse(bytes_cut(left, 0, sizes[i]), origin, &out->policies[i], err)) {
            return false;
        }
        out->n_policies++;
        out->n_rules += out->policies[i]->n_rules;
        left = bytes_cut(left, sizes[i], left.n);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(out->policies[k]->id, out->policies[i]->id) == 0) {
                return error_set(err, ERR_MALFORMED, "holds policy %s twice", out->policies[i]->id);
            }
        }
    }
    return left.n == 0 || error_set(err, ERR_MALFORMED, "has %zu bytes behind its last policy", left.n);
}

bool bundle_read(struct bytes content, const char *origin, const struct bundle_keys *keys, struct bundle *out, struct error *err) {
    struct envelope envelope;
    struct bundle bundle = {0};
    bool ok = open_envelope(content, &envelope, err) && (keys == NULL || verify(&envelope, keys, &bundle, err)) &&
              read_head(&envelope.content, &bundle, err);
    ok = ok ? read_policies(envelope.content, origin, &bundle, err) : error_within(err, "%s", origin);
    if (!ok) {
        bundle_free(&bundle);
        return false;
    }
    *out = bundle;
    return true;
}

void bundle_free(struct bundle *bundle) {
    for (size_t i = 0; i < bundle->n_policies; i++) {
        policy_free(bundle->policies[i]);
    }
    *bundle = (struct bundle){0};
}

struct policy *bundle_take(struct bundle *bundle, size_t i) {
    struct policy *policy = bundle->policies[i];
    bundle->policies[i] = NULL;
    return policy;
}

static void add_time(struct text *out, const char *name, int64_t seconds) {
    time_t t = (time_t)seconds;
    struct tm tm = {0};
    char words[32] = "";
    if (gmtime_r(&t, &tm) != NULL) {
        strftime(words, sizeof words, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    text_addf(out, "%s %s\n", name, words);
}

static bool sign(const struct text *content, struct bytes private_key, struct ed25519_key *key, struct text *out, struct error *err) {
    uint8_t signature[ED25519_SIGNATURE_SIZE];
    if (!ed25519_sign(private_key, bytes_text(magic), bytes_make(content->p, content->n), signature, key, err)) {
        return error_within(err, "the key to sign with");
    }
    text_add(out, "signature ");
    add_signature(key->id, signature, out);
    text_add_char(out, '\n');
    return true;
}

bool bundle_write(const struct bundle_head *head, const struct bytes *policies, size_t n, const struct bytes *private_keys, size_t n_keys,
                  struct text *out, struct error *err) {
    struct ed25519_key keys[BUNDLE_SIGNATURES_MAX];
    struct text content = {0}, whole = {0};
    struct bundle bundle;
    if (n_keys == 0 || n_keys > BUNDLE_SIGNATURES_MAX) {
        return error_set(err, ERR_USAGE, "a bundle has 1 to %d signatures, not %zu", BUNDLE_SIGNATURES_MAX, n_keys);
    }
    text_addf(&content, "id %s\nversion %llu\n", head->id, (unsigned long long)head->version);
    add_time(&content, "issued", head->issued);
    add_time(&content, "expires", head->expires);
    for (size_t i = 0; i < n; i++) {
        text_addf(&content, "policy %zu\n", policies[i].n);
    }
    text_add_char(&content, '\n');
    for (size_t i = 0; i < n; i++) {
        text_add_bytes(&content, policies[i]);
    }
    text_add(&whole, magic);
    bool ok = text_ok(&content) || error_set(err, ERR_LIMIT, "no memory for the bundle");
    for (size_t i = 0; i < n_keys && ok; i++) {
        ok = sign(&content, private_keys[i], &keys[i], &whole, err);
    }
    text_add_bytes(&whole, bytes_make(content.p, content.n));
    ok = ok && (text_ok(&whole) || error_set(err, ERR_LIMIT, "no memory for the bundle"));
    if (ok) {
        struct bundle_keys signers = {keys, n_keys};
        ok = bundle_read(bytes_make(whole.p, whole.n), "the bundle", &signers, &bundle, err);
    }
    if (ok) {
        bundle_free(&bundle);
        text_add_bytes(out, bytes_make(whole.p, whole.n));
        ok = text_ok(out) || error_set(err, ERR_LIMIT, "no memory for the bundle");
    }
    text_free(&content);
    text_free(&whole);
    return ok;
}
