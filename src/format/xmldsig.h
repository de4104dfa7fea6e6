/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML signatures (W3C, "XML Signature Syntax and Processing" 1.1), shared by clickonce.c and opc.c. What a Signature element signs is
 * its SignedInfo in canonical form, which names digests of further things: elements of the same document in canonical form, and in
 * an OPC package the parts that a signed Manifest lists. Each of these becomes a claim.
 */
#ifndef CERTBAN_FORMAT_XMLDSIG_H
#define CERTBAN_FORMAT_XMLDSIG_H

#include "model/signature.h"

/* A Reference to something outside of the document. */
struct xmldsig_reference {
    struct bytes uri;          /* as it stands, without the XML escapes; followed by a NUL that is not counted */
    bool relations;            /* it is of the relations of a part, of which only these count: */
    struct bytes *ids, *types; /* by their Id or their Type */
    size_t n_ids, n_types;
};

/* Whoever has the document knows what its references are of. */
struct xmldsig_outside {
    /* covers fills the spans of a claim whose hash and digest are set; with n_spans left 0 the claim counts for nothing. NULL: there
     * is nothing outside. */
    bool (*covers)(struct xmldsig_outside *outside, const struct xmldsig_reference *reference, struct claim *claim, struct error *err);
    enum signature_kind kind;
    const struct cert *certs; /* that stand beside the document */
    size_t n_certs;
};

/* The most that is read of a document. */

/*
 * xmldsig_add appends a signature for each Signature element of a document that comes with a certificate; *found says whether there
 * was any Signature element. What is no XML, or has a document type declaration, is ERR_MALFORMED: xmldsig_salvage then appends the
 * certificates that stand in it as one carved signature.
 */
CERTBAN_MUST_USE bool xmldsig_add(struct bytes xml, const char *part, struct xmldsig_outside *outside, struct arena *arena,
                                  struct contents *contents, bool *found, struct error *err);
void xmldsig_salvage(struct bytes xml, struct arena *arena, struct contents *contents);

#endif
