/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Microsoft App Control policies as XML (SiPolicy, namespace urn:schemas-microsoft-com:sipolicy; Microsoft Learn, "Understand App Control
 * policy rules and file rules"), as far as they deny: what the elements say, in their order, not yet what it means. What XML is
 * refused, list/sax.h says.
 */
#ifndef CERTBAN_LIST_WDAC_H
#define CERTBAN_LIST_WDAC_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

/* Attributes that are not given are empty. All memory is the arena's. */
enum wdac_file_kind { WDAC_DENY, WDAC_ALLOW, WDAC_FILE_ATTRIB, WDAC_FILE_RULE };
struct wdac_file {
    struct wdac_file *next;
    size_t line;
    enum wdac_file_kind kind;
    struct bytes id, friendly_name, file_name, internal_name, description, product_name, package_family, path, min, max, hash;
};

struct wdac_ref {
    struct wdac_ref *next;
    struct bytes id;
    bool excepts;                /* of a CertEKU: Condition="Except" */
    struct wdac_ref *exceptions; /* of a DeniedSigner: its ExceptAllowRules */
};

struct wdac_signer {
    struct wdac_signer *next;
    size_t line;
    struct bytes id, name, sign_time_after;
    struct bytes root_type, root_value;     /* CertRoot */
    struct bytes publisher, issuer, oem;    /* CertPublisher, CertIssuer, CertOemID */
    struct wdac_ref *attribs, *last_attrib; /* FileAttribRef */
    struct wdac_ref *usages;                /* CertEKU: of an EKU by id, the last one first; with excepts, it must not be there */
};

/* An EKU: its value is the OID's element, its tag written as 01 instead of 06. */
struct wdac_usage {
    struct wdac_usage *next;
    struct bytes id, value;
};

struct wdac {
    struct wdac_file *files, *last_file;
    struct wdac_signer *signers, *last_signer;
    struct wdac_usage *usages; /* the last one first */
    struct wdac_ref *denied;   /* DeniedSigner, the last one first */
    struct wdac_ref *in_force; /* FileRuleRef, the last one first */
    size_t n_files, n_signers, n_denied, n_in_force;
};

/* wdac_parse reads a policy. ERR_MALFORMED "line …: …" for what is no XML or no SiPolicy. */
CERTBAN_MUST_USE bool wdac_parse(struct bytes xml, struct arena *arena, struct wdac *out, struct error *err);

#endif
