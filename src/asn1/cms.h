/* SPDX-License-Identifier: Apache-2.0 */
/* SignedData: CMS (RFC 5652) and PKCS#7 1.5 as Authenticode uses it. One broken certificate hides nothing. */
#ifndef CERTBAN_ASN1_CMS_H
#define CERTBAN_ASN1_CMS_H

#include "asn1/der.h"
#include "asn1/oid.h"
#include "model/signature.h"

/* cms_parse reads a ContentInfo with SignedData from the start of b, whose first octet stands at offset at. Oddities are noted
 * in anomalies (may be NULL). Bytes behind the ContentInfo are ignored: sd->whole.n says where it ends. */
CERTBAN_MUST_USE bool cms_parse(struct bytes b, uint64_t at, struct arena *arena, struct anomalies *anomalies, struct signed_data **sd,
                                struct error *err);

/* cms_parse_signer reads one bare SignerInfo element: the value of a PKCS#9 countersignature. */
CERTBAN_MUST_USE bool cms_parse_signer(struct bytes element, uint64_t at, struct arena *arena, struct signer_info *out, struct error *err);

/* cms_vouches says whether a countersignature is by a second signer and no time stamp: it says what it commits to (RFC 5126 5.11.1),
 * as those of NuGet's repositories do. */
bool cms_vouches(const struct signer_info *counter);

/* cms_attribute is the first attribute of that type among attrs; NULL when there is none. */
const struct attribute *cms_attribute(const struct attribute *attrs, size_t n, enum oid type);

/* SpcIndirectDataContent: what an Authenticode SignedData encapsulates. */
struct spc_indirect {
    struct bytes data_type;  /* OID content octets of data.type */
    struct bytes data_value; /* the element data.value; empty when absent */
    enum hash hash;
    struct bytes digest;
    struct bytes value; /* value octets of the SEQUENCE: what messageDigest covers */
};

/* spc_parse reads sd->content. ERR_MALFORMED when the content type is another. */
CERTBAN_MUST_USE bool spc_parse(const struct signed_data *sd, struct spc_indirect *out, struct error *err);

/* spc_opus reads program name and URL from a signer's SpcSpOpusInfo; NULL where absent. */
void spc_opus(const struct signer_info *signer, struct arena *arena, const char **program, const char **url);

/*
 * authenticode_add parses the ContentInfo at the start of blob and appends one signature for each signer in it and in every
 * nested signature (1.3.6.1.4.1.311.2.4.1), depth first: part, part/nested0, part/nested1 …, the signers past the first of one
 * SignedData as part#1 … Claims are left empty: the format fills them from hash and claimed. A SignedData without signers is
 * one signature with signer NULL. Unknown unauthenticated attributes are noted as stuffed-attribute (weighty over 8 KiB).
 * Returns the number of signatures appended through *added; false only when blob holds no readable SignedData.
 */
CERTBAN_MUST_USE bool authenticode_add(struct contents *contents, struct arena *arena, const char *part, struct bytes blob, uint64_t at,
                                       size_t *added, struct error *err);

#endif
