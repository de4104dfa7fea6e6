/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: the structures that Authenticode puts into a SignedData ("Windows Authenticode Portable Executable Signature Format",
 * Microsoft 2008): SpcIndirectDataContent and SpcSpOpusInfo.
 * Refuses: an SpcIndirectDataContent without a digest. An SpcSpOpusInfo that can't be read gives no name and no address.
 */
#include "asn1/spc.h"

#include "asn1/chars.h"

/* SpcIndirectDataContent ::= SEQUENCE {
 *   data SEQUENCE { type OID, value ANY? },
 *   messageDigest SEQUENCE { digestAlgorithm SEQUENCE { OID, … }, digest OCTET STRING } }
 */
bool spc_read(const struct signed_data *sd, struct arena *arena, struct spc_indirect *out, struct error *err) {
    struct spc_indirect spc = {.data_type = bytes_none(), .data_value = bytes_none(), .digest = bytes_none()};
    struct der_cursor c = der_cursor_make(sd->content, 0), in, data, digest, algorithm;
    struct der whole, e;
    if (!oid_is(sd->content_type, OID_SPC_INDIRECT_DATA)) {
        return error_set(err, ERR_MALFORMED, "the signed content is no SpcIndirectDataContent");
    }
    if (!der_expect(&c, DER_SEQUENCE, &whole, err) || !der_inside(&c, &whole, &in, err) || !der_enter(&in, DER_SEQUENCE, &data, err) ||
        !der_expect(&data, DER_OID, &e, err)) {
        return error_within(err, "SpcIndirectDataContent");
    }
    spc.data_type = e.content;
    if (der_next(&data, &e, NULL)) {
        spc.data_value = e.whole;
    }
    if (!der_enter(&in, DER_SEQUENCE, &digest, err) || !der_enter(&digest, DER_SEQUENCE, &algorithm, err)) {
        return error_within(err, "SpcIndirectDataContent");
    }
    if (der_expect(&algorithm, DER_OID, &e, NULL)) {
        spc.hash = oid_hash(e.content);
    }
    if (!der_next(&digest, &e, err) || (e.tag & ~0x20) != DER_OCTET_STRING) {
        return error_set(err, ERR_MALFORMED, "SpcIndirectDataContent: no digest");
    }
    if (arena == NULL && e.tag != DER_OCTET_STRING) {
        return error_set(err, ERR_UNSUPPORTED, "SpcIndirectDataContent: a digest in pieces");
    }
    if (!der_octets(&e, arena, &spc.digest, err)) {
        return error_within(err, "SpcIndirectDataContent");
    }
    /* PKCS#7 signs the value octets; a CMS signer that wrapped it into an OCTET STRING signed the whole element. */
    spc.value = sd->content_is_octets ? sd->content : whole.content;
    *out = spc;
    return true;
}

bool spc_parse(const struct signed_data *sd, struct spc_indirect *out, struct error *err) {
    return spc_read(sd, NULL, out, err);
}

/* SpcString ::= CHOICE { unicode [0] IMPLICIT BMPString, ascii [1] IMPLICIT IA5String } */
static const char *spc_string(struct der_cursor *c, struct arena *arena) {
    struct der e;
    if (!der_next(c, &e, NULL) || (e.tag != DER_CONTEXT_0 && e.tag != DER_CONTEXT_1)) {
        return NULL;
    }
    return chars_text(e.tag == DER_CONTEXT_0 ? DER_BMP : DER_IA5, e.content, arena);
}

/* SpcLink ::= CHOICE { url [0] IMPLICIT IA5String, moniker [1], file [2] EXPLICIT SpcString } */
static const char *spc_link(struct der_cursor *c, struct arena *arena) {
    struct der_cursor in;
    struct der e;
    if (!der_next(c, &e, NULL)) {
        return NULL;
    }
    if (e.tag == DER_CONTEXT_0) {
        return chars_text(DER_IA5, e.content, arena);
    }
    return e.tag == DER_CONTEXT_2_CONS && der_inside(c, &e, &in, NULL) ? spc_string(&in, arena) : NULL;
}

/* SpcSpOpusInfo ::= SEQUENCE { programName [0] EXPLICIT SpcString?, moreInfo [1] EXPLICIT SpcLink?, publisherInfo [2]? } */
void spc_opus(const struct signer_info *signer, struct arena *arena, const char **program, const char **url) {
    const struct attribute *opus = cms_attribute(signer->attrs, signer->n_attrs, OID_SPC_OPUS_INFO);
    struct der_cursor c, in, field;
    struct der e;
    *program = *url = NULL;
    if (opus == NULL || opus->n_values == 0) {
        return;
    }
    c = der_cursor_make(opus->values[0], 0);
    if (!der_enter(&c, DER_SEQUENCE, &in, NULL)) {
        return;
    }
    while (der_next(&in, &e, NULL) && der_inside(&in, &e, &field, NULL)) {
        if (e.tag == DER_CONTEXT_0_CONS && *program == NULL) {
            *program = spc_string(&field, arena);
        } else if (e.tag == DER_CONTEXT_1_CONS && *url == NULL) {
            *url = spc_link(&field, arena);
        }
    }
}
