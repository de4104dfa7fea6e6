/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a rule's conditions, <only>. */
#include "list/policy_write_inside.h"

static void add_version(struct text *out, const char *name, const struct version *v) {
    text_addf(out, " %s=\"%u.%u.%u.%u\"", name, v->part[0], v->part[1], v->part[2], v->part[3]);
}

static void add_usage(struct text *out, const char *name, struct bytes oid) {
    if (oid.n != 0) {
        text_addf(out, "      <%s>", name);
        policy_add_oid(out, oid);
        text_addf(out, "</%s>\n", name);
    }
}

static void add_hash(struct text *out, const char *indent, const char *name, struct bytes hash) {
    if (hash.n != 0) {
        text_addf(out, "%s<%s>", indent, name);
        text_add_hex(out, hash);
        text_addf(out, "</%s>\n", name);
    }
}

static void add_names(struct text *out, const char *indent, const struct conditions *only) {
    policy_add_element(out, indent, "product", only->product);
    policy_add_element(out, indent, "original-name", only->original_name);
    policy_add_element(out, indent, "internal-name", only->internal_name);
    policy_add_element(out, indent, "description", only->description);
    policy_add_element(out, indent, "company", only->company);
}

static void add_versions(struct text *out, const char *indent, const struct conditions *only) {
    if (only->has_min || only->has_max) {
        text_addf(out, "%s<version", indent);
        if (only->has_min) {
            add_version(out, "min", &only->min);
        }
        if (only->has_max) {
            add_version(out, "max", &only->max);
        }
        text_add(out, "/>\n");
    }
}

/* The children of <only>. */
static void add_each_condition(struct text *out, const struct conditions *only) {
    if (only->has_after) {
        text_add(out, "      <signed-after>");
        policy_add_time(out, only->signed_after, false);
        text_add(out, "</signed-after>\n");
    }
    if (only->has_before) {
        text_add(out, "      <signed-before>");
        policy_add_time(out, only->signed_before, false);
        text_add(out, "</signed-before>\n");
    }
    policy_add_element(out, "      ", "platform", only->platform);
    add_names(out, "      ", only);
    add_hash(out, "      ", "issued-under", only->issued_under);
    add_usage(out, "eku", only->eku);
    add_usage(out, "no-eku", only->eku_except);
    add_versions(out, "      ", only);
    policy_add_element(out, "      ", "path", only->path);
    for (size_t i = 0; i < only->n_except; i++) {
        text_add(out, "      <except>\n");
        add_hash(out, "        ", "authenticode", only->except[i].authenticode);
        add_names(out, "        ", &only->except[i].only);
        add_versions(out, "        ", &only->except[i].only);
        text_add(out, "      </except>\n");
    }
}

void policy_add_only(struct text *out, const struct conditions *only) {
    struct text inside = {0};
    add_each_condition(&inside, only);
    if (inside.n != 0) {
        text_addf(out, "    <only>\n%s    </only>\n", text_c(&inside));
    }
    out->failed = out->failed || inside.failed;
    text_free(&inside);
}
