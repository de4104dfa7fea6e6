/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cms_verify.h"

#include "asn1/cms.h"
#include "crypto/digest.h"
#include "crypto/pubkey.h"
#include "crypto/signer.h"

/*
 * Whether b is what a signature over signed attributes covers: a SET of Attribute ::= SEQUENCE { type OID, values SET }, or
 * the bare run of them. Such content without signed attributes is an old signature put to new use (RFC 5652 section 11, "the
 * content would then be the DER encoding of the signed attributes").
 */
static bool is_attributes(struct bytes b) {
    struct der_cursor c = der_cursor_make(b, 0), inside, set;
    struct der element, type, values;
    if (der_optional(&c, DER_SET, &element)) {
        if (c.left.n != 0 || !der_inside(&c, &element, &set, NULL)) {
            return false;
        }
        c = set;
    }
    if (c.left.n == 0) {
        return false;
    }
    while (c.left.n != 0) {
        if (!der_enter(&c, DER_SEQUENCE, &inside, NULL) || !der_expect(&inside, DER_OID, &type, NULL) ||
            !der_expect(&inside, DER_SET, &values, NULL) || inside.left.n != 0) {
            return false;
        }
    }
    return true;
}

/* What the signer's key signed, up to the key; CHECK_GOOD when only the key is left to check. */
static enum check signer_content(const struct signer_info *signer, struct bytes content, struct signed_thing *thing, bool *differs,
                                 const char **detail) {
    static const uint8_t set_tag = DER_SET;
    *thing = (struct signed_thing){
        .algorithm = signer->algorithm, .hash = signer->hash, .a = content, .b = bytes_none(), .signature = signer->signature};
    *differs = false;
    if (signer->signed_attrs.n == 0) {
        if (is_attributes(content)) {
            *detail = "the content is another signature's signed attributes";
            return CHECK_BAD;
        }
        return CHECK_GOOD;
    }
    thing->a = bytes_make(&set_tag, 1);
    thing->b = bytes_cut(signer->signed_attrs, 1, signer->signed_attrs.n);
    if (signer->duplicate_attribute) {
        *detail = "a signed attribute that must be single stands twice";
        return CHECK_BAD;
    }
    if (signer->message_digest.n == 0) {
        *detail = "the signed attributes hold no message digest";
        return CHECK_BAD;
    }
    uint8_t digest[HASH_SIZE_MAX];
    if (!digest_supported(signer->hash) || !digest_bytes(signer->hash, content, digest, NULL)) {
        *detail = "the signer's hash algorithm can't be computed";
        return CHECK_NONE;
    }
    if (!bytes_equal(signer->message_digest, bytes_make(digest, hash_size(signer->hash)))) {
        *differs = true;
        *detail = "the message digest is of other content";
        return CHECK_BAD;
    }
    return CHECK_GOOD;
}

/* Whether an earlier one of the bag, also named by the signer, has the same key: it need not be tried again. */
static bool tried_before(const struct cert *bag, size_t i, const struct signer_info *signer) {
    for (size_t k = 0; k < i; k++) {
        if (!bag[k].broken && bytes_equal(bag[k].spki, bag[i].spki) &&
            (signer == NULL || cert_named_by(&bag[k], signer->issuer, signer->serial, signer->key_id))) {
            return true;
        }
    }
    return false;
}

/* Tries certificates until one's key fits: those that the signer names, or all with signer NULL. The first tried is kept in
 * out->signer, with its state, unless a later one is good. */
static void try_keys(struct signed_thing *thing, const struct cert *bag, size_t n, const struct signer_info *signer,
                     struct signer_proof *out) {
    for (size_t i = 0; i < n && out->state != CHECK_GOOD; i++) {
        if (bag[i].broken || (signer != NULL && !cert_named_by(&bag[i], signer->issuer, signer->serial, signer->key_id)) ||
            tried_before(bag, i, signer)) {
            continue;
        }
        const char *detail;
        thing->spki = bag[i].spki;
        enum check state = pubkey_verify(thing, &detail);
        if (state == CHECK_GOOD || out->signer == NULL) {
            out->state = state;
            out->signer = &bag[i];
            out->detail = detail;
        }
    }
}

static void try_known(struct signed_thing *thing, const struct cert *known, size_t n, struct signer_proof *out) {
    struct signer_proof found = {.state = CHECK_NONE};
    if (out->state != CHECK_GOOD) {
        try_keys(thing, known, n, NULL, &found);
    }
    if (found.state == CHECK_GOOD) {
        out->state = CHECK_GOOD;
        out->signer = found.signer;
        out->detail = "";
    }
}

/* Signed attributes that are no DER, once more as DER: who verifies by encoding them anew (RFC 5652 5.4, OpenSSL, macOS) takes them so,
 * and only the key's owner could have signed them. */
static void try_as_der(struct signed_thing *thing, const struct signer_info *signer, const struct cert *bag, size_t n_bag,
                       const struct cert *known, size_t n_known, struct signer_proof *out) {
    enum { ATTRIBUTES_MAX = 64 << 10, ROOM = 16 << 20 };
    struct arena scratch = arena_make(ROOM);
    scratch.limits = thing->limits;
    struct bytes der;
    if (out->state != CHECK_GOOD && signer->signed_attrs.n != 0 && signer->signed_attrs.n <= ATTRIBUTES_MAX &&
        der_canonical(signer->signed_attrs, &scratch, &der, NULL) && !bytes_equal(der, signer->signed_attrs)) {
        thing->b = bytes_cut(der, 1, der.n);
        try_keys(thing, bag, n_bag, signer, out);
        try_known(thing, known, n_known, out);
    }
    arena_free(&scratch);
}

void signer_check(const struct signer_info *signer, struct bytes content, const struct cert *bag, size_t n_bag, const struct cert *known,
                  size_t n_known, const struct limits *limits, struct signer_proof *out, bool *differs) {
    struct signed_thing thing;
    const char *detail = "";
    enum check before = signer_content(signer, content, &thing, differs, &detail);
    thing.limits = limits;
    *out = (struct signer_proof){.state = CHECK_NONE, .missing = true, .detail = "the signer's certificate is missing"};
    for (size_t i = 0; i < n_bag; i++) {
        if (!bag[i].broken && cert_named_by(&bag[i], signer->issuer, signer->serial, signer->key_id)) {
            out->missing = false;
        }
    }
    try_keys(&thing, bag, n_bag, signer, out);
    try_known(&thing, known, n_known, out);
    try_as_der(&thing, signer, bag, n_bag, known, n_known, out);
    for (size_t i = 0; i < n_bag && out->signer != NULL; i++) {
        if (!bag[i].broken && cert_named_by(&bag[i], signer->issuer, signer->serial, signer->key_id) &&
            !bytes_equal(bag[i].spki, out->signer->spki)) {
            out->lookalike = true;
        }
    }
    /* What is wrong with the content says more than what is wrong with the key, and makes a good key worthless. */
    if (before != CHECK_GOOD) {
        out->state = before;
        out->detail = detail;
    }
}

/* XAR and XML signatures: no SignerInfo, the leaf first in the list. */
static void raw_check(const struct signature *signature, const struct cert *known, size_t n_known, const struct limits *limits,
                      struct signer_proof *out) {
    struct signed_thing thing = {.limits = limits,
                                 .algorithm = bytes_none(),
                                 .hash = signature->raw_hash,
                                 .a = signature->content,
                                 .b = bytes_none(),
                                 .prehashed = signature->raw_prehashed,
                                 .pair = signature->raw_pair,
                                 .signature = signature->raw_signature};
    *out = (struct signer_proof){
        .state = CHECK_NONE, .missing = signature->n_certs == 0, .detail = "the signature comes without certificates"};
    try_keys(&thing, signature->certs, signature->n_certs, NULL, out);
    try_known(&thing, known, n_known, out);
}

bool signer_verify(const struct signature *signature, const struct cert *known, size_t n_known, struct arena *arena,
                   struct signer_proof *out, struct error *err) {
    (void)err;
    bool differs;
    if (signature->signer != NULL) {
        const struct signed_data *sd = signature->sd;
        signer_check(signature->signer, signature->content, sd != NULL ? sd->certs : NULL, sd != NULL ? sd->n_certs : 0, known, n_known,
                     arena->limits, out, &differs);
        if (signature->detached && out->state == CHECK_BAD) {
            out->state = CHECK_NONE;
            out->detail = "what it signs is another file";
        }
    } else if (signature->raw_signature.n != 0) {
        raw_check(signature, known, n_known, arena->limits, out);
    } else {
        *out = (struct signer_proof){.state = CHECK_NONE, .detail = "there is no signer"};
    }
    return true;
}
