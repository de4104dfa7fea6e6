/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App Control for Business (WDAC): a base policy that denies, as SiPolicy XML (namespace urn:schemas-microsoft-com:sipolicy).
 * A certificate is a Signer by the hash of its TBSCertificate, with the hash algorithm of its own signature; where only such hashes
 * are known, each of them becomes a Signer. It is denied in kernel and user mode (scenarios 131 and 12). Whatever is not denied
 * is allowed by a rule for every file: without it the policy would block everything else.
 */
#include "asn1/der.h"
#include "asn1/oid.h"
#include "list/export_inside.h"

static const char no_exceptions[] = "App Control can't say its exceptions";

/* Parts of the document that grow side by side. */
struct wdac {
    struct text files;   /* FileRules */
    struct text signers; /* Signers */
    struct text denied;  /* DeniedSigner elements */
    struct text refs;    /* FileRuleRef elements */
    struct text usages;  /* EKU elements */
    unsigned n_signers, n_files, n_usages;
    unsigned attribute;       /* number of the current rule's FileAttrib; 0 while it has none */
    unsigned usage, no_usage; /* likewise of its EKUs */
    unsigned first_allow;     /* likewise of the first Allow rule that its signers except */
};

/* The name that people see: the rule's reason, and the mark of the thing or of its key issued. */
static void add_names(struct export *e, struct text *out, const char *attribute, const struct export_thing *thing, const char *more) {
    if (thing != NULL) {
        export_place(e, thing, NULL);
    }
    text_addf(out, " %s=\"", attribute);
    text_add_xml(out, bytes_text(thing != NULL ? export_marked(e) : export_printf(e, "%s/%s", e->policy->id, e->rule->id)));
    text_addf(out, "%s\"", more);
}

static void add_version(struct text *out, const char *attribute, const struct version *v) {
    text_addf(out, " %s=\"%u.%u.%u.%u\"", attribute, v->part[0], v->part[1], v->part[2], v->part[3]);
}

static bool has_attributes(const struct conditions *only) {
    return only->product != NULL || only->original_name != NULL || only->internal_name != NULL || only->description != NULL ||
           only->has_min || only->has_max;
}

static bool has_usages(const struct conditions *only) {
    return only->eku.n + only->eku_except.n != 0;
}

static void add_name(struct text *out, const char *attribute, const char *value) {
    if (value != NULL) {
        text_addf(out, " %s=\"", attribute);
        text_add_xml(out, bytes_text(value));
        text_add_char(out, '"');
    }
}

/* What a file or an exception asks of the version resource; FileName must be there. */
static void add_version_names(struct text *out, const struct conditions *only) {
    add_name(out, "FileName", only->original_name != NULL ? only->original_name : "*");
    add_name(out, "ProductName", only->product);
    add_name(out, "InternalName", only->internal_name);
    add_name(out, "FileDescription", only->description);
}

/* The rule's exceptions as Allow rules, once a rule: nothing refers to them but its signers. */
static void write_exceptions(struct export *e, struct wdac *w) {
    const struct conditions *only = &e->rule->only;
    if (w->first_allow != 0 || only->n_except == 0) {
        return;
    }
    w->first_allow = w->n_files + 1;
    for (size_t i = 0; i < only->n_except; i++) {
        const struct exception *x = &only->except[i];
        text_addf(&w->files, "    <Allow ID=\"ID_ALLOW_CB_%u\"", ++w->n_files);
        add_names(e, &w->files, "FriendlyName", NULL, "");
        if (x->authenticode.n != 0) {
            text_addf(&w->files, " Hash=\"%s\"", export_hex(e, x->authenticode, true));
        } else {
            add_version_names(&w->files, &x->only);
        }
        if (x->only.has_min) {
            add_version(&w->files, "MinimumFileVersion", &x->only.min);
        }
        if (x->only.has_max) {
            add_version(&w->files, "MaximumFileVersion", &x->only.max);
        }
        text_add(&w->files, " />\n");
    }
}

/* Whether App Control has words for all that the rule excepts: a hash, or names. */
static bool excepts_fit(const struct conditions *only) {
    bool fit = true;
    for (size_t i = 0; i < only->n_except; i++) {
        const struct exception *x = &only->except[i];
        struct bytes digest = x->authenticode;
        const struct conditions *names = &x->only;
        bool named = names->product != NULL || names->original_name != NULL || names->internal_name != NULL || names->description != NULL ||
                     names->has_min || names->has_max;
        fit = fit && names->company == NULL && (digest.n == 0 ? named : digest.n == hash_size(HASH_SHA256) && !named);
    }
    return fit;
}

/* What the rule's conditions say of the version resource, once a rule. */
static void write_attributes(struct export *e, struct wdac *w) {
    static const struct version lowest = {{0}};
    const struct conditions *only = &e->rule->only;
    if (w->attribute != 0 || !has_attributes(only)) {
        return;
    }
    w->attribute = ++w->n_files;
    text_addf(&w->files, "    <FileAttrib ID=\"ID_FILEATTRIB_CB_%u\"", w->attribute);
    add_names(e, &w->files, "FriendlyName", NULL, "");
    add_version_names(&w->files, only);
    if (only->has_min || only->has_max) {
        add_version(&w->files, "MinimumFileVersion", only->has_min ? &only->min : &lowest);
    }
    if (only->has_max) {
        add_version(&w->files, "MaximumFileVersion", &only->max);
    }
    text_add(&w->files, " />\n");
}

/* A part of a signer that is one value. */
static void add_part(struct text *out, const char *name, struct bytes value) {
    text_addf(out, "      <%s Value=\"", name);
    text_add_xml(out, value);
    text_add(out, "\" />\n");
}

/* An EKU of the current rule, once a rule. Its value is the OID's element with another tag. */
static void write_usage(struct export *e, struct wdac *w, struct bytes oid, unsigned *number) {
    if (oid.n != 0 && *number == 0) {
        *number = ++w->n_usages;
        text_addf(&w->usages, "    <EKU ID=\"ID_EKU_CB_%u\" Value=\"01%02zX%s\" />\n", *number, oid.n, export_hex(e, oid, true));
    }
}

/* Who signs by a certificate with that hash, and by the names that are given beside it (NULL: any). */
static void write_signer(struct export *e, struct wdac *w, const struct export_thing *thing, struct bytes tbs, const struct key *name) {
    const struct conditions *only = &e->rule->only;
    write_exceptions(e, w);
    write_usage(e, w, only->eku, &w->usage);
    write_usage(e, w, only->eku_except, &w->no_usage);
    text_addf(&w->signers, "    <Signer ID=\"ID_SIGNER_CB_%u\"", ++w->n_signers);
    add_names(e, &w->signers, "Name", thing, "");
    if (only->has_after) {
        text_addf(&w->signers, " SignTimeAfter=\"%s\"", export_time(e, only->signed_after));
    }
    text_addf(&w->signers, ">\n      <CertRoot Type=\"TBS\" Value=\"%s\" />\n", export_hex(e, tbs, true));
    if (w->usage != 0) {
        text_addf(&w->signers, "      <CertEKU ID=\"ID_EKU_CB_%u\" />\n", w->usage);
    }
    if (w->no_usage != 0) {
        text_addf(&w->signers, "      <CertEKU ID=\"ID_EKU_CB_%u\" Condition=\"Except\" />\n", w->no_usage);
    }
    if (name != NULL && name->issuer_common_name.n != 0) {
        add_part(&w->signers, "CertIssuer", name->issuer_common_name);
    }
    if (name != NULL) {
        add_part(&w->signers, name->kind == KEY_PROGRAM ? "CertOemID" : "CertPublisher", name->value);
    }
    if (w->attribute != 0) {
        text_addf(&w->signers, "      <FileAttribRef RuleID=\"ID_FILEATTRIB_CB_%u\" />\n", w->attribute);
    }
    text_add(&w->signers, "    </Signer>\n");
    text_addf(&w->denied, "          <DeniedSigner SignerId=\"ID_SIGNER_CB_%u\"", w->n_signers);
    for (size_t i = 0; i < only->n_except; i++) {
        text_addf(&w->denied, "%s            <ExceptAllowRule AllowRuleID=\"ID_ALLOW_CB_%u\" />\n", i == 0 ? ">\n" : "",
                  w->first_allow + (unsigned)i);
    }
    text_add(&w->denied, only->n_except != 0 ? "          </DeniedSigner>\n" : " />\n");
}

/* The size of the hash that the certificate's own signature uses; 0 when that can't be told. */
static size_t own_size(const struct cert *cert) {
    struct der_cursor c = der_cursor_make(cert->algorithm, 0), algorithm;
    struct der oid;
    if (!der_enter(&c, DER_SEQUENCE, &algorithm, NULL) || !der_expect(&algorithm, DER_OID, &oid, NULL)) {
        return 0;
    }
    return hash_size(oid_hash(oid.content));
}

/* SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { algorithm OBJECT IDENTIFIER, … }, … } (RFC 5280 4.1) */
static bool is_rsa(const struct cert *cert) {
    static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
    struct der_cursor c = der_cursor_make(cert->spki, 0), spki, algorithm;
    struct der oid;
    return der_enter(&c, DER_SEQUENCE, &spki, NULL) && der_enter(&spki, DER_SEQUENCE, &algorithm, NULL) &&
           der_expect(&algorithm, DER_OID, &oid, NULL) && bytes_equal(oid.content, bytes_make(rsa, sizeof rsa));
}

static void write_cert(struct export *e, struct wdac *w, const struct export_thing *thing) {
    size_t n, size = thing->cert != NULL ? own_size(thing->cert) : 0;
    const struct bytes *tbs = export_values(e, thing, KEY_TBS, size, &n);
    if (n == 0) {
        export_unsaid(e, thing, "App Control names a certificate by its TBS hash, and the certificate itself is not known");
        return;
    }
    if (thing->cert != NULL && !is_rsa(thing->cert)) {
        export_unsaid(e, thing, "App Control knows RSA signers only");
        return;
    }
    if (e->rule->only.issued_under.n != 0) {
        export_unsaid(e, thing, "App Control names one certificate of a chain, not two");
        return;
    }
    if (!excepts_fit(&e->rule->only)) {
        export_unsaid(e, thing, no_exceptions);
        return;
    }
    write_attributes(e, w);
    for (size_t i = 0; i < n; i++) {
        write_signer(e, w, thing, tbs[i], NULL);
    }
    export_said_by(e, thing, 1U << KEY_TBS, size, "App Control names the certificate by its TBS hash");
}

/* A name counts there under a certificate only. */
static void write_name(struct export *e, struct wdac *w, const struct export_thing *thing) {
    const struct key *key = &thing->keys[0];
    if (e->rule->only.issued_under.n == 0) {
        export_unsaid(e, thing, "App Control knows names under a certificate (issued-under) only");
        return;
    }
    if (key->organization.n + key->issuer.n != 0) {
        export_unsaid(e, thing, "App Control knows common names only");
        return;
    }
    if (!excepts_fit(&e->rule->only)) {
        export_unsaid(e, thing, no_exceptions);
        return;
    }
    write_attributes(e, w);
    write_signer(e, w, thing, e->rule->only.issued_under, key);
    export_said(e);
}

/* A name in the version resource. A bound alone would be turned round there, so that both are written. */
static void write_named(struct export *e, struct wdac *w, const struct export_thing *thing) {
    static const struct version lowest = {{0}}, highest = {{UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX}};
    const struct conditions *only = &e->rule->only;
    if (only->issued_under.n != 0 || only->has_after || has_usages(only) || only->original_name != NULL || only->n_except != 0) {
        export_unsaid(e, thing, "App Control can't say its conditions of files by name");
        return;
    }
    text_addf(&w->files, "    <Deny ID=\"ID_DENY_CB_%u\"", ++w->n_files);
    add_names(e, &w->files, "FriendlyName", thing, "");
    text_add(&w->files, " FileName=\"");
    text_add_xml(&w->files, thing->keys[0].value);
    text_add_char(&w->files, '"');
    add_name(&w->files, "ProductName", only->product);
    add_name(&w->files, "InternalName", only->internal_name);
    add_name(&w->files, "FileDescription", only->description);
    add_version(&w->files, "MinimumFileVersion", only->has_min ? &only->min : &lowest);
    add_version(&w->files, "MaximumFileVersion", only->has_max ? &only->max : &highest);
    text_addf(&w->files, " />\n");
    text_addf(&w->refs, "          <FileRuleRef RuleID=\"ID_DENY_CB_%u\" />\n", w->n_files);
    export_said(e);
}

static void write_hashes(struct export *e, struct wdac *w, const struct export_thing *thing) {
    const struct key *key = &thing->keys[0];
    if (key->value.n != hash_size(HASH_SHA1) && key->value.n != hash_size(HASH_SHA256)) {
        export_unsaid(e, thing, "App Control knows SHA-1 and SHA-256 only");
        return;
    }
    const struct conditions *only = &e->rule->only;
    bool conditions = has_attributes(only) || has_usages(only) || only->issued_under.n != 0 || only->n_except != 0;
    if ((conditions || only->has_after) && !export_wider(e, "the hash of a file can't have conditions there")) {
        return;
    }
    text_addf(&w->files, "    <Deny ID=\"ID_DENY_CB_%u\"", ++w->n_files);
    add_names(e, &w->files, "FriendlyName", thing,
              key->kind != KEY_FIRST_PAGE            ? ""
              : key->value.n == hash_size(HASH_SHA1) ? " Hash Page Sha1"
                                                     : " Hash Page Sha256");
    text_addf(&w->files, " Hash=\"%s\" />\n", export_hex(e, key->value, true));
    text_addf(&w->refs, "          <FileRuleRef RuleID=\"ID_DENY_CB_%u\" />\n", w->n_files);
    export_said(e);
}

static void write_rules(struct export *e, struct wdac *w) {
    struct export_thing thing;
    while (export_rule(e)) {
        w->attribute = w->usage = w->no_usage = w->first_allow = 0;
        while (export_thing(e, &thing)) {
            if (thing.is_cert) {
                write_cert(e, w, &thing);
            } else if (thing.keys[0].kind == KEY_AUTHENTICODE || thing.keys[0].kind == KEY_FIRST_PAGE) {
                write_hashes(e, w, &thing);
            } else if (thing.keys[0].kind == KEY_SUBJECT || thing.keys[0].kind == KEY_PROGRAM) {
                write_name(e, w, &thing);
            } else if (thing.keys[0].kind == KEY_ORIGINAL_NAME) {
                write_named(e, w, &thing);
            } else if (thing.is_file) {
                export_unsaid(e, &thing, "App Control compares programs by their Authenticode digest, not by the hash of the file");
            } else {
                export_unsaid(e, &thing, "App Control can't say it");
            }
        }
    }
}

static void write_scenario(struct text *out, const struct wdac *w, unsigned value, const char *id, unsigned allow) {
    text_addf(out,
              "    <SigningScenario Value=\"%u\" ID=\"ID_SIGNINGSCENARIO_%s\" FriendlyName=\"%s\">\n"
              "      <ProductSigners>\n",
              value, id, id);
    if (w->denied.n != 0) {
        text_addf(out, "        <DeniedSigners>\n%s        </DeniedSigners>\n", text_c(&w->denied));
    }
    text_addf(out,
              "        <FileRulesRef>\n          <FileRuleRef RuleID=\"ID_ALLOW_ALL_%u\" />\n%s        </FileRulesRef>\n"
              "      </ProductSigners>\n    </SigningScenario>\n",
              allow, text_c(&w->refs));
}

/* An id that stays the same from version to version of the same policies, and their highest version. */
static void write_head(struct export *e) {
    struct text ids = {0};
    uint32_t version = 0;
    text_add(&ids, "wdac");
    for (size_t i = 0; i < e->job->n_policies; i++) {
        text_addf(&ids, " %s", e->job->policies[i]->id);
        version = e->job->policies[i]->version > version ? e->job->policies[i]->version : version;
    }
    const char *uuid = export_uuid(e, text_c(&ids));
    text_addf(e->out,
              "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
              "<SiPolicy xmlns=\"urn:schemas-microsoft-com:sipolicy\" PolicyType=\"Base Policy\">\n"
              "  <VersionEx>1.0.%u.%u</VersionEx>\n"
              "  <PlatformID>{2E07F7E4-194C-4D20-B7C9-6F44A6C5A234}</PlatformID>\n"
              "  <PolicyID>{%s}</PolicyID>\n  <BasePolicyID>{%s}</BasePolicyID>\n"
              "  <Rules>\n"
              "    <Rule>\n      <Option>Enabled:Unsigned System Integrity Policy</Option>\n    </Rule>\n"
              "    <Rule>\n      <Option>Enabled:UMCI</Option>\n    </Rule>\n"
              "    <Rule>\n      <Option>Enabled:Update Policy No Reboot</Option>\n    </Rule>\n"
              "  </Rules>\n",
              version >> 16, version & 0xffff, uuid, uuid);
    text_free(&ids);
}

static void write(struct export *e) {
    struct wdac w = {0};
    e->means = (struct export_means){
        .conditions = TELLS_AFTER | TELLS_PRODUCT | TELLS_ORIGINAL_NAME | TELLS_INTERNAL_NAME | TELLS_DESCRIPTION | TELLS_MIN | TELLS_MAX |
                      TELLS_ISSUED_UNDER | TELLS_EKU | TELLS_EXCEPT,
        .roles = ROLE_BIT(ROLE_SIGNER) | ROLE_BIT(ROLE_CHAIN),
        .near_roles = ROLE_BIT(ROLE_ANY),
        .near_words = "App Control looks at the signer's chain only",
        .platform = "windows",
        .blocks = true,
    };
    write_head(e);
    write_rules(e, &w);
    if (w.usages.n != 0) {
        text_addf(e->out, "  <EKUs>\n%s  </EKUs>\n", text_c(&w.usages));
    } else {
        text_add(e->out, "  <EKUs />\n");
    }
    text_addf(e->out,
              "  <FileRules>\n    <Allow ID=\"ID_ALLOW_ALL_1\" FriendlyName=\"everything else in kernel mode\" FileName=\"*\" />\n"
              "    <Allow ID=\"ID_ALLOW_ALL_2\" FriendlyName=\"everything else in user mode\" FileName=\"*\" />\n%s  </FileRules>\n"
              "  <Signers>\n%s  </Signers>\n  <SigningScenarios>\n",
              text_c(&w.files), text_c(&w.signers));
    write_scenario(e->out, &w, 131, "DRIVERS", 1);
    write_scenario(e->out, &w, 12, "WINDOWS", 2);
    text_add(e->out, "  </SigningScenarios>\n  <UpdatePolicySigners />\n  <CiSigners />\n  <HvciOptions>0</HvciOptions>\n</SiPolicy>\n");
    struct text *const parts[] = {&w.files, &w.signers, &w.denied, &w.refs, &w.usages};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        e->out->failed = e->out->failed || !text_ok(parts[i]);
        text_free(parts[i]);
    }
}

const struct exporter exporter_wdac = {"wdac", "App Control (WDAC) deny policy, XML", write};
