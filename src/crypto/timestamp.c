/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time stamps: PKCS#9 countersignatures (RFC 2985 5.3.6, as Authenticode used them) and RFC 3161 tokens, in Microsoft's
 * attribute and in CMS's id-aa-timeStampToken. Both cover the octets of the signature they stand in.
 */
#include "asn1/cms.h"
#include "crypto/digest.h"
#include "crypto/signer.h"

struct list {
    const struct signature *signature;
    const struct anchors *anchors;
    struct arena *arena;
    struct timestamp *all;
    size_t n;
};

/* After the mathematics: whether the authority may be believed. */
static bool judge_authority(const struct list *list, struct timestamp *stamp, struct error *err) {
    enum check doubt = list->anchors != NULL ? CHECK_UNTRUSTED : CHECK_NONE;
    stamp->state = doubt;
    if (stamp->time == TIME_NONE) {
        stamp->detail = "the time stamp names no time";
    } else if (!cert_has_eku(stamp->signer, oid_of(OID_EKU_TIME_STAMPING))) {
        stamp->detail = "the time stamp's certificate is not made for time stamping";
    } else if (stamp->time < stamp->signer->not_before || stamp->time > stamp->signer->not_after) {
        stamp->detail = "the time stamp's certificate was not valid at that time";
    } else if (list->anchors == NULL) {
        stamp->detail = "the time stamp's authority was not checked";
    } else {
        struct chain chain;
        if (!chain_build(list->anchors, stamp->signer, stamp->certs, stamp->n_certs, PURPOSE_TIME, stamp->time, list->arena, &chain, err)) {
            return false;
        }
        stamp->state = chain.state == CHAIN_TRUSTED ? CHECK_GOOD : CHECK_UNTRUSTED;
        stamp->detail = chain.detail;
    }
    return true;
}

/* Takes over what the signer's check found; true when the authority is left to be judged. */
static bool take_proof(const struct list *list, struct timestamp *stamp, const struct signer_proof *proof) {
    stamp->signer = proof->signer;
    stamp->state = proof->state;
    stamp->detail = proof->detail;
    if (proof->state == CHECK_NONE && list->anchors != NULL) {
        stamp->state = CHECK_UNTRUSTED;
    }
    return proof->state == CHECK_GOOD && proof->signer != NULL;
}

static void bad(struct timestamp *stamp, const char *detail) {
    stamp->state = CHECK_BAD;
    stamp->detail = detail;
}

static bool add_pkcs9(struct list *list, struct bytes value, struct error *err) {
    const struct signed_data *sd = list->signature->sd;
    struct timestamp stamp = {.kind = TIMESTAMP_PKCS9, .time = TIME_NONE, .detail = ""};
    struct signer_info counter;
    struct signer_proof proof;
    struct error why = {.kind = ERR_NONE};
    if (sd != NULL) {
        stamp.certs = sd->certs;
        stamp.n_certs = sd->n_certs;
    }
    if (!cms_parse_signer(value, 0, list->arena, &counter, &why)) {
        if (why.kind == ERR_LIMIT) {
            *err = why;
            return false;
        }
        bad(&stamp, "the countersignature can't be read");
        list->all[list->n++] = stamp;
        return true;
    }
    if (cms_vouches(&counter)) {
        return true; /* a second signer: a signature of its own */
    }
    signer_check(&counter, list->signature->signer->signature, stamp.certs, stamp.n_certs, NULL, 0, list->arena->limits, &proof,
                 &stamp.foreign);
    bool for_time = proof.signer != NULL && cert_has_eku(proof.signer, oid_of(OID_EKU_TIME_STAMPING));
    if (!for_time && counter.signing_time == INT64_MIN) {
        return true; /* a countersignature, but no time stamp */
    }
    stamp.time = counter.signing_time == INT64_MIN ? TIME_NONE : counter.signing_time;
    if (take_proof(list, &stamp, &proof) && !judge_authority(list, &stamp, err)) {
        return false;
    }
    list->all[list->n++] = stamp;
    return true;
}

/* What is read of a TSTInfo. */
struct tst {
    enum hash hash;
    struct bytes imprint;
    int64_t time;
};

/*
 * TSTInfo ::= SEQUENCE { version INTEGER, policy OBJECT IDENTIFIER, messageImprint SEQUENCE { hashAlgorithm SEQUENCE { OID … },
 * hashedMessage OCTET STRING }, serialNumber INTEGER, genTime GeneralizedTime, … } (RFC 3161 2.4.2)
 */
static bool tst_read(struct bytes content, struct arena *arena, struct tst *out, struct error *err) {
    struct der_cursor c = der_cursor_make(content, 0), in, imprint, algorithm;
    struct der version, policy, oid, message, serial, time;
    return der_enter(&c, DER_SEQUENCE, &in, err) && der_expect(&in, DER_INTEGER, &version, err) && der_expect(&in, DER_OID, &policy, err) &&
           der_enter(&in, DER_SEQUENCE, &imprint, err) && der_enter(&imprint, DER_SEQUENCE, &algorithm, err) &&
           der_expect(&algorithm, DER_OID, &oid, err) && der_next(&imprint, &message, err) &&
           der_octets(&message, arena, &out->imprint, err) && der_expect(&in, DER_INTEGER, &serial, err) &&
           der_expect(&in, DER_GENERALIZED_TIME, &time, err) && der_time(&time, &out->time, err) &&
           ((out->hash = oid_hash(oid.content)), true);
}

static bool judge_token(const struct list *list, const struct signed_data *token, struct timestamp *stamp, struct error *err) {
    const struct signed_data *outer = list->signature->sd;
    struct bytes over = list->signature->signer->signature;
    struct tst tst;
    struct error why = {.kind = ERR_NONE};
    uint8_t digest[HASH_SIZE_MAX];
    bool differs;
    struct signer_proof proof;
    if (!oid_is(token->content_type, OID_TST_INFO) || !token->content_is_octets || token->n_signers == 0) {
        bad(stamp, "the token holds no signed time");
        return true;
    }
    if (!tst_read(token->content, list->arena, &tst, &why)) {
        bad(stamp, "the token's time can't be read");
        return why.kind != ERR_LIMIT || ((*err = why), false);
    }
    stamp->time = tst.time;
    signer_check(&token->signers[0], token->content, token->certs, token->n_certs, outer != NULL ? outer->certs : NULL,
                 outer != NULL ? outer->n_certs : 0, list->arena->limits, &proof, &differs);
    bool good = take_proof(list, stamp, &proof);
    if (!digest_supported(tst.hash)) {
        if (stamp->state != CHECK_BAD) {
            stamp->state = list->anchors != NULL ? CHECK_UNTRUSTED : CHECK_NONE;
            stamp->detail = "the token's hash algorithm can't be computed";
        }
        return true;
    }
    if (!digest_bytes(tst.hash, over, digest, err)) {
        return false;
    }
    if (!bytes_equal(tst.imprint, bytes_make(digest, hash_size(tst.hash)))) {
        stamp->foreign = true;
        bad(stamp, "the token is of another signature");
        return true;
    }
    return !good || judge_authority(list, stamp, err);
}

static bool add_token(struct list *list, struct bytes value, struct error *err) {
    struct timestamp stamp = {.kind = TIMESTAMP_RFC3161, .time = TIME_NONE, .detail = ""};
    struct signed_data *token;
    struct error why = {.kind = ERR_NONE};
    if (cms_parse(value, 0, list->arena, NULL, &token, &why)) {
        stamp.certs = token->certs;
        stamp.n_certs = token->n_certs;
        if (!judge_token(list, token, &stamp, err)) {
            return false;
        }
    } else if (why.kind == ERR_LIMIT) {
        *err = why;
        return false;
    } else {
        bad(&stamp, "the token can't be read");
    }
    list->all[list->n++] = stamp;
    return true;
}

bool timestamps_verify(const struct signature *signature, const struct anchors *anchors, struct arena *arena, struct timestamp **out,
                       size_t *n, bool *more, struct error *err) {
    struct list list = {.signature = signature, .anchors = anchors, .arena = arena};
    const struct signer_info *signer = signature->signer;
    size_t room = 0;
    for (size_t i = 0; signer != NULL && i < signer->n_unsigned_attrs; i++) {
        room += signer->unsigned_attrs[i].n_values;
    }
    uint64_t most = limit_most(arena->limits, LIMIT_TIMESTAMPS);
    room = room < most ? room : (size_t)most;
    *more = false;
    list.all = arena_array(arena, room, sizeof *list.all);
    if (list.all == NULL) {
        return arena_full(arena, err);
    }
    struct error ignored = {0};
    for (size_t i = 0; signer != NULL && i < signer->n_unsigned_attrs; i++) {
        const struct attribute *attr = &signer->unsigned_attrs[i];
        bool pkcs9 = oid_is(attr->oid, OID_COUNTERSIGNATURE);
        if (!pkcs9 && !oid_is(attr->oid, OID_SPC_RFC3161) && !oid_is(attr->oid, OID_TIMESTAMP_TOKEN)) {
            continue;
        }
        for (size_t k = 0; k < attr->n_values; k++) {
            if (list.n == room) {
                *more = true;
                break;
            }
            struct error *to = err != NULL ? err : &ignored;
            if (!(pkcs9 ? add_pkcs9(&list, attr->values[k], to) : add_token(&list, attr->values[k], to))) {
                return false;
            }
        }
    }
    *out = list.all;
    *n = list.n;
    return true;
}
