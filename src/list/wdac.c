/* SPDX-License-Identifier: Apache-2.0 */
#include "list/wdac.h"

#include "list/sax.h"

static const char wdac_namespace[] = "urn:schemas-microsoft-com:sipolicy";

/* What was read so far. */
struct reading {
    struct sax sax; /* first: it is what the functions are given */
    struct wdac *wdac;
    struct wdac_signer *signer;      /* the one that is open; NULL outside */
    bool denied_open;                /* inside a DeniedSigner */
    struct wdac_ref *last_exception; /* of it */
};

static void *room_for(struct reading *r, size_t n) {
    void *p = arena_alloc(r->sax.arena, n);
    if (p == NULL) {
        sax_full(&r->sax);
    }
    return p;
}

/* One element that means something; kind is for those that make a file. */
struct row {
    const char *name;
    void (*begin)(struct reading *r, const struct row *row);
    enum wdac_file_kind kind;
};

static void begin_file(struct reading *r, const struct row *row) {
    struct wdac *w = r->wdac;
    struct wdac_file *file = room_for(r, sizeof *file);
    if (file == NULL) {
        return;
    }
    *file = (struct wdac_file){.line = sax_line(&r->sax),
                               .kind = row->kind,
                               .id = sax_attribute(&r->sax, "ID"),
                               .friendly_name = sax_attribute(&r->sax, "FriendlyName"),
                               .file_name = sax_attribute(&r->sax, "FileName"),
                               .internal_name = sax_attribute(&r->sax, "InternalName"),
                               .description = sax_attribute(&r->sax, "FileDescription"),
                               .product_name = sax_attribute(&r->sax, "ProductName"),
                               .package_family = sax_attribute(&r->sax, "PackageFamilyName"),
                               .path = sax_attribute(&r->sax, "FilePath"),
                               .min = sax_attribute(&r->sax, "MinimumFileVersion"),
                               .max = sax_attribute(&r->sax, "MaximumFileVersion"),
                               .hash = sax_attribute(&r->sax, "Hash")};
    *(w->last_file != NULL ? &w->last_file->next : &w->files) = file;
    w->last_file = file;
    w->n_files++;
}

static void begin_signer(struct reading *r, const struct row *row) {
    struct wdac *w = r->wdac;
    struct wdac_signer *signer = room_for(r, sizeof *signer);
    (void)row;
    if (signer == NULL) {
        return;
    }
    *signer = (struct wdac_signer){.line = sax_line(&r->sax),
                                   .id = sax_attribute(&r->sax, "ID"),
                                   .name = sax_attribute(&r->sax, "Name"),
                                   .sign_time_after = sax_attribute(&r->sax, "SignTimeAfter"),
                                   .root_type = bytes_none(),
                                   .root_value = bytes_none(),
                                   .publisher = bytes_none(),
                                   .issuer = bytes_none(),
                                   .oem = bytes_none()};
    *(w->last_signer != NULL ? &w->last_signer->next : &w->signers) = signer;
    w->last_signer = signer;
    w->n_signers++;
    r->signer = signer;
}

/* What stands in a Signer. */
static void begin_part(struct reading *r, const struct row *row) {
    struct wdac_signer *signer = r->signer;
    if (signer == NULL) {
        return;
    }
    const struct {
        const char *name;
        struct bytes *out;
    } parts[] = {{"CertRoot", &signer->root_value},
                 {"CertPublisher", &signer->publisher},
                 {"CertIssuer", &signer->issuer},
                 {"CertOemID", &signer->oem}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(row->name, parts[i].name) == 0) {
            *parts[i].out = sax_attribute(&r->sax, "Value");
        }
    }
    if (strcmp(row->name, "CertRoot") == 0) {
        signer->root_type = sax_attribute(&r->sax, "Type");
    }
}

static struct wdac_ref *new_ref(struct reading *r, const char *name) {
    struct wdac_ref *ref = room_for(r, sizeof *ref);
    if (ref != NULL) {
        ref->id = sax_attribute(&r->sax, name);
    }
    return ref;
}

static void begin_usage(struct reading *r, const struct row *row) {
    struct wdac_usage *usage = room_for(r, sizeof *usage);
    (void)row;
    if (usage != NULL) {
        *usage = (struct wdac_usage){r->wdac->usages, sax_attribute(&r->sax, "ID"), sax_attribute(&r->sax, "Value")};
        r->wdac->usages = usage;
    }
}

static void begin_usage_ref(struct reading *r, const struct row *row) {
    struct wdac_signer *signer = r->signer;
    struct wdac_ref *ref = signer != NULL ? new_ref(r, "ID") : NULL;
    (void)row;
    if (ref != NULL) {
        ref->excepts = bytes_is(sax_attribute(&r->sax, "Condition"), "Except");
        ref->next = signer->usages;
        signer->usages = ref;
    }
}

static void begin_attrib_ref(struct reading *r, const struct row *row) {
    struct wdac_signer *signer = r->signer;
    struct wdac_ref *ref = signer != NULL ? new_ref(r, "RuleID") : NULL;
    (void)row;
    if (ref != NULL) {
        *(signer->last_attrib != NULL ? &signer->last_attrib->next : &signer->attribs) = ref;
        signer->last_attrib = ref;
    }
}

static void begin_denied(struct reading *r, const struct row *row) {
    struct wdac_ref *ref = new_ref(r, "SignerId");
    (void)row;
    if (ref != NULL) {
        ref->next = r->wdac->denied;
        r->wdac->denied = ref;
        r->wdac->n_denied++;
        r->denied_open = true;
    }
}

static void begin_exception(struct reading *r, const struct row *row) {
    struct wdac_ref *ref = r->denied_open ? new_ref(r, "AllowRuleID") : NULL;
    (void)row;
    if (ref != NULL) {
        *(r->wdac->denied->exceptions != NULL ? &r->last_exception->next : &r->wdac->denied->exceptions) = ref;
        r->last_exception = ref;
    }
}

static void begin_rule_ref(struct reading *r, const struct row *row) {
    struct wdac_ref *ref = new_ref(r, "RuleID");
    (void)row;
    if (ref != NULL) {
        ref->next = r->wdac->in_force;
        r->wdac->in_force = ref;
        r->wdac->n_in_force++;
    }
}

static const struct row rows[] = {
    {"Deny", begin_file, WDAC_DENY},
    {"Allow", begin_file, WDAC_ALLOW},
    {"FileAttrib", begin_file, WDAC_FILE_ATTRIB},
    {"FileRule", begin_file, WDAC_FILE_RULE},
    {"Signer", begin_signer, WDAC_DENY},
    {"CertRoot", begin_part, WDAC_DENY},
    {"CertPublisher", begin_part, WDAC_DENY},
    {"CertIssuer", begin_part, WDAC_DENY},
    {"CertOemID", begin_part, WDAC_DENY},
    {"CertEKU", begin_usage_ref, WDAC_DENY},
    {"EKU", begin_usage, WDAC_DENY},
    {"FileAttribRef", begin_attrib_ref, WDAC_DENY},
    {"DeniedSigner", begin_denied, WDAC_DENY},
    {"ExceptAllowRule", begin_exception, WDAC_DENY},
    {"FileRuleRef", begin_rule_ref, WDAC_DENY},
};

static void begin(struct sax *sax, const char *name, const char *space) {
    struct reading *r = (struct reading *)(void *)sax;
    bool ours = strcmp(space, wdac_namespace) == 0;
    if (sax->depth == 1 && (!ours || strcmp(name, "SiPolicy") != 0)) {
        sax_refuse(sax, ERR_MALFORMED, "is no SiPolicy");
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows && ours && !sax_refused(sax); i++) {
        if (strcmp(name, rows[i].name) == 0) {
            rows[i].begin(r, &rows[i]);
            break;
        }
    }
}

static void end(struct sax *sax, const char *name) {
    struct reading *r = (struct reading *)(void *)sax;
    if (strcmp(name, "Signer") == 0) {
        r->signer = NULL;
    }
    r->denied_open = r->denied_open && strcmp(name, "DeniedSigner") != 0;
}

bool wdac_parse(struct bytes xml, struct arena *arena, struct wdac *out, struct error *err) {
    struct wdac wdac = {0};
    struct reading r = {.sax = {.begin = begin, .end = end, .arena = arena}, .wdac = &wdac};
    if (!sax_parse(&r.sax, xml, err)) {
        return false;
    }
    *out = wdac;
    return true;
}
