/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_json_signature.h"

#include "base/text.h"
#include "cli/json.h"

static json_t *ocsp_json(const struct ocsp_info *ocsp) {
    json_t *o = json_object();
    json_put_text(o, "state", revocation_name(ocsp->state));
    json_put_text(o, "url", ocsp->url);
    json_put_time(o, "this_update", ocsp->this_update);
    json_put_time(o, "revoked_at", ocsp->revoked_at);
    json_put_text(o, "detail", ocsp->detail);
    return o;
}

static json_t *cert_json(const struct cert_info *cert) {
    json_t *o = json_object();
    json_put_text(o, "subject", cert->subject);
    json_put_text(o, "common_name", cert->common_name);
    json_put_text(o, "organization", cert->organization);
    json_put_text(o, "issuer", cert->issuer);
    json_put_text(o, "issuer_common_name", cert->issuer_common_name);
    json_put_text(o, "serial", cert->serial);
    json_put_hex(o, "sha1", bytes_make(cert->sha1, sizeof cert->sha1));
    json_put_hex(o, "sha256", bytes_make(cert->sha256, sizeof cert->sha256));
    json_put_hex(o, "tbs_sha256", bytes_make(cert->tbs_sha256, sizeof cert->tbs_sha256));
    json_put_hex(o, "spki_sha256", bytes_make(cert->spki_sha256, sizeof cert->spki_sha256));
    json_put_time(o, "not_before", cert->not_before);
    json_put_time(o, "not_after", cert->not_after);
    json_put_text(o, "subscriber", cert->subscriber);
    json_put_text(o, "revocation", revocation_name(cert->revocation));
    if (cert->ocsp.state != REVOCATION_UNASKED) {
        json_put(o, "ocsp", ocsp_json(&cert->ocsp));
    }
    return o;
}

static json_t *timestamp_json(const struct timestamp_info *t) {
    json_t *o = json_object();
    json_put_text(o, "kind", timestamp_kind_name(t->kind));
    json_put_time(o, "time", t->time);
    json_put_text(o, "state", check_name(t->state));
    json_put_text(o, "detail", t->detail);
    if (t->has_signer) {
        json_put(o, "signer", cert_json(&t->signer));
    }
    return o;
}

static json_t *cdhashes_json(const struct signature_info *s) {
    json_t *all = json_array();
    for (size_t i = 0; i < s->n_cdhash_alternates; i++) {
        struct text hex = {0};
        text_add_hex(&hex, s->cdhash_alternates[i]);
        json_array_append_new(all, json_string(text_c(&hex)));
        text_free(&hex);
    }
    return all;
}

/* The flags of a CodeDirectory that codesign has names for (xnu, osfmk/kern/cs_blobs.h). */
static json_t *flags_json(uint32_t flags) {
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{0x1, "host"},           {0x2, "adhoc"},
                 {0x100, "hard"},         {0x200, "kill"},
                 {0x400, "expires"},      {0x800, "restrict"},
                 {0x1000, "enforcement"}, {0x2000, "library-validation"},
                 {0x10000, "runtime"},    {0x20000, "linker-signed"}};
    json_t *all = json_array();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((flags & names[i].bit) != 0) {
            json_array_append_new(all, json_string(names[i].name));
        }
    }
    return all;
}

/* What stands above the signer, and what came of looking for it. */
static void chain_put(json_t *o, const struct signature_info *s) {
    if (s->n_chain != 0) {
        json_t *chain = json_array();
        for (size_t i = 0; i < s->n_chain; i++) {
            json_array_append_new(chain, cert_json(&s->chain[i]));
        }
        json_put(o, "chain", chain);
    }
    json_put_text(o, "chain_state", chain_state_name(s->chain_state));
    if (s->anchored && s->chain_state != CHAIN_TRUSTED) {
        json_put(o, "anchored", json_true());
    }
    if (s->root_namesake) {
        json_put(o, "root_namesake", json_true());
    }
    if (s->chain_limit != 0) {
        json_put_text(o, "chain_limit", limit_table[s->chain_limit - 1].name);
    }
}

json_t *signature_json(const struct signature_info *s) {
    json_t *o = json_object();
    json_put_text(o, "part", s->part);
    json_put_text(o, "kind", signature_kind_name(s->kind));
    json_t *digest = json_object();
    if (s->hash != HASH_NONE) {
        json_put_text(digest, "algorithm", hash_name(s->hash));
    }
    json_put_hex(digest, "claimed", s->claimed);
    json_put_text(digest, "state", digest_state_name(s->digest));
    json_put(o, "digest", digest);
    json_put_text(o, "signature", check_name(s->signature));
    json_put_text(o, "detail", s->detail);
    if (s->has_signer) {
        json_put(o, "signer", cert_json(&s->signer));
    }
    chain_put(o, s);
    if (s->n_timestamps != 0) {
        json_t *stamps = json_array();
        for (size_t i = 0; i < s->n_timestamps; i++) {
            json_array_append_new(stamps, timestamp_json(&s->timestamps[i]));
        }
        json_put(o, "timestamps", stamps);
    }
    json_put_time(o, "signed_at", s->signed_at);
    json_put_time(o, "claimed_time", s->claimed_time);
    json_put_text(o, "program", s->program);
    json_put_text(o, "url", s->url);
    if (s->has_page_hashes) {
        json_put(o, "page_hashes", json_true());
        if (s->page_hashes != CHECK_NONE) {
            json_put_text(o, "page_hashes_state", digest_state_name(s->page_hashes));
        }
    }
    json_put_text(o, "identifier", s->identifier);
    json_put_text(o, "team_id", s->team_id);
    json_put_hex(o, "cdhash", s->cdhash);
    if (s->n_cdhash_alternates != 0) {
        json_put(o, "cdhash_alternates", cdhashes_json(s));
    }
    if (s->cs_flags != 0) {
        json_put(o, "flags", flags_json(s->cs_flags));
    }
    json_put_text(o, "via_catalog", s->via_catalog);
    if (s->carved) {
        json_put(o, "carved", json_true());
    }
    return o;
}
