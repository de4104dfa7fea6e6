/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies go into another program's format and come back: import(export(x)) == x. Policies are made up from a fixed seed: of what a format
 * can say, then every rule must come back as it went; of anything, then every rule must come back or be told of. CERTBAN_SEED chooses
 * another seed, CERTBAN_ROUNDS how many policies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../crypto/pki.h"
#include "asn1/name.h"
#include "crypto/identity.h"
#include "list/exception.h"
#include "list/exporter.h"
#include "list/files.h"
#include "list/importer.h"
#include "list/policy_write.h"

enum { TODAY = 1700006400, RULES = 12, CERTS = 4, CURVED = 3 };

/* Certificates that rules may hold: three with RSA keys, one of which is long, and one that most programs can't name. */
static struct identity certs[CERTS];

static uint64_t state;

static uint32_t chance(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % n;
}

static const char *pick(const char *const *words, uint32_t n) {
    return words[chance(n)];
}
#define PICK(words) pick(words, sizeof(words) / sizeof *(words))

/* What wants to break out of formats, and what readers take for nothing. */
static const char *words(void) {
    static const char *const all[] = {"The key was stolen.",
                                      "a \"quoted\" 'reason' & <more/> ; # -- ]]> ${x}",
                                      "N/A",
                                      "none",
                                      "=HYPERLINK(\"x\")",
                                      "'=x",
                                      "''@home",
                                      "-",
                                      "B\xc3\xb6se \xe2\x80\xaetnewerew\xe2\x80\xac GmbH",
                                      "driver Hash Page Sha1 of [certban:x/y?at=bag.9] ] [",
                                      "back\\slash \\x41 %41 + %zz",
                                      "a, b, \"c\"\"d\"; e|f",
                                      "banned"};
    static char cut[1600];
    if (chance(12) == 0) {
        memset(cut, 'w', sizeof cut - 1);
        return cut;
    }
    return PICK(all);
}

static void add_escaped(struct text *out, const char *s) {
    for (; *s != '\0'; s++) {
        text_add(out, *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '"' ? "&quot;" : (char[]){*s, '\0'});
    }
}

static void add_element(struct text *out, const char *name, const char *value) {
    text_addf(out, "<%s>", name);
    add_escaped(out, value);
    text_addf(out, "</%s>", name);
}

static void add_random_hex(struct text *out, const char *name, size_t n) {
    text_addf(out, "<%s>", name);
    for (size_t i = 0; i < n; i++) {
        text_addf(out, "%02x", i == 0 ? 0x10 + chance(0xf0) : chance(0x100));
    }
    text_addf(out, "</%s>", name);
}

/* What a made-up rule may have, as bits. */
enum {
    MAY_SHA256 = 1U << 0,
    MAY_SHA1 = 1U << 1,
    MAY_MD5 = 1U << 2,
    MAY_TBS = 1U << 3,
    MAY_SPKI = 1U << 4,
    MAY_SERIAL = 1U << 5,
    MAY_DER = 1U << 6,
    MAY_FILE_SHA256 = 1U << 7,
    MAY_FILE_OTHER = 1U << 8,
    MAY_DIGEST_SHA256 = 1U << 9,
    MAY_DIGEST_SHA1 = 1U << 10,
    MAY_CDHASH = 1U << 11,
    MAY_TEAM = 1U << 12,
    MAY_SUBJECT = 1U << 13,
    MAY_SUBSCRIBER = 1U << 14,
    MAY_PAGE = 1U << 15,
    MAY_NAME = 1U << 16,
    MAY_UNDER = 1U << 17, /* names under a certificate */
    MAY_AFTER = 1U << 18, /* conditions, from here */
    MAY_BEFORE = 1U << 19,
    MAY_PRODUCT = 1U << 20,
    MAY_ORIGINAL = 1U << 21,
    MAY_COMPANY = 1U << 22,
    MAY_INNER = 1U << 23,
    MAY_VERSION = 1U << 24,
    MAY_EKU = 1U << 25,
    MAY_PATH = 1U << 26,
    MAY_FLAG = 1U << 27, /* rules that only flag or report */
    MAY_ALLOW = 1U << 28,
    MAY_ACCEPT = 1U << 29, /* weak keys are accepted */
    MAY_EXCEPT = 1U << 30,
    MAY_ANY = (1U << 31) - 1
};
static const unsigned of_cert = MAY_SHA256 | MAY_SHA1 | MAY_MD5 | MAY_TBS | MAY_SPKI | MAY_SERIAL | MAY_DER;

static const char *role(unsigned roles) {
    enum role r;
    do {
        r = (enum role)chance(ROLE_COUNT);
    } while ((roles & 1U << r) == 0);
    return role_name(r);
}

static void add_serial(struct text *out) {
    static const char *const issuers[] = {" issuer=\"CN=Example CA\\, Ltd,O=Example &amp; S\xc3\xb6hne,C=DE\"",
                                          " issuer=\"O=Without a name,C=DE\"", " issuer-common-name=\"It's a CA\"",
                                          " issuer-common-name=\"a%b &amp; c=d\"", ""};
    struct text hex = {0};
    add_random_hex(&hex, "x", 9);
    text_addf(out, "<serial%s>%.18s</serial>", PICK(issuers), text_c(&hex) + 3);
    text_free(&hex);
}

/* One certificate, by some of the identities that the rule may use; always one. The first of a rule may be whole: the which-th. */
static void add_certificate(struct text *out, unsigned may, unsigned roles, unsigned which, unsigned nth) {
    static const struct {
        unsigned may;
        const char *name;
        size_t size;
    } hashes[] = {{MAY_SHA256, "sha256", 32},  {MAY_SHA1, "sha1", 20},    {MAY_MD5, "md5", 16},         {MAY_TBS, "tbs-sha256", 32},
                  {MAY_TBS, "tbs-sha384", 48}, {MAY_TBS, "tbs-sha1", 20}, {MAY_SPKI, "spki-sha256", 32}};
    text_addf(out, "<certificate role=\"%s\">", role(roles));
    size_t before = out->n;
    if (nth == 0 && (may & MAY_DER) != 0) {
        struct bytes der = certs[(may & of_cert) != MAY_DER && chance(2) == 0 ? CURVED : which % CURVED].cert.der;
        text_add(out, "<der>");
        text_add_base64(out, der);
        text_add(out, "</der>");
    } else {
        while (out->n == before && (may & of_cert & ~(unsigned)MAY_DER) != 0) {
            for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
                if ((may & hashes[i].may) != 0 && chance(3) == 0) {
                    add_random_hex(out, hashes[i].name, hashes[i].size);
                }
            }
            if ((may & MAY_SERIAL) != 0 && chance(3) == 0) {
                add_serial(out);
            }
        }
    }
    if (out->n == before) { /* the rule holds one, and names others that another rule holds */
        struct error err = {0};
        uint8_t hash[HASH_SIZE_MAX];
        assert_true(identity_hash(&certs[(which + nth) % CURVED].cert, KEY_CERT_SHA256, HASH_SHA256, hash, &err));
        text_add(out, "<sha256>");
        text_add_hex(out, bytes_make(hash, 32));
        text_add(out, "</sha256>");
    }
    text_add(out, "</certificate>\n");
}

static void add_file(struct text *out, unsigned may) {
    if (chance(2) == 0) {
        text_addf(out, "<file size=\"%u\">", 1 + chance(100000));
    } else {
        text_add(out, "<file>");
    }
    bool other = (may & MAY_FILE_OTHER) != 0;
    if (!other || chance(2) == 0) {
        add_random_hex(out, "sha256", 32);
    } else {
        add_random_hex(out, "sha1", 20);
    }
    if (other && chance(4) == 0) {
        add_random_hex(out, "md5", 16);
    }
    text_add(out, "</file>\n");
}

static void add_subject(struct text *out, unsigned roles, bool under) {
    static const char *const whole[] = {"common-name=\"Banned &amp; Co %u\"", "organization=\"B\xc3\xb6se GmbH %u\"",
                                        "common-name=\"It's banned %u\" organization=\"Banned, Ltd\" issuer-common-name=\"Some CA\"",
                                        "common-name=\"Banned Ltd %u\" issuer=\"CN=Some CA,O=Some,C=DE\""};
    static const char *const names[] = {"common-name=\"Banned &amp; Co %u\"",
                                        "common-name=\"B\xc3\xb6se GmbH %u\" issuer-common-name=\"It's a CA\""};
    text_addf(out, "<subject role=\"%s\" ", role(roles));
    text_addf(out, under ? PICK(names) : PICK(whole), chance(100000));
    text_add(out, "/>\n");
}

/* One thing of those that the rule may name. */
static void add_thing(struct text *out, unsigned may, unsigned roles, unsigned which, unsigned nth) {
    for (;;) {
        unsigned one = 1U << chance(18);
        if ((may & one) == 0) {
            continue;
        }
        if ((one & of_cert) != 0) {
            add_certificate(out, may, roles, which, nth);
        } else if (one == MAY_FILE_SHA256 || one == MAY_FILE_OTHER) {
            add_file(out, may);
        } else if (one == MAY_DIGEST_SHA256 || one == MAY_DIGEST_SHA1) {
            add_random_hex(out, "authenticode", one == MAY_DIGEST_SHA1 ? 20 : 32);
        } else if (one == MAY_CDHASH) {
            add_random_hex(out, "cdhash", 20);
        } else if (one == MAY_TEAM) {
            text_addf(out, "<team-id>T%09u</team-id>\n", chance(1000000000));
        } else if (one == MAY_SUBJECT) {
            add_subject(out, roles, false);
        } else if (one == MAY_SUBSCRIBER) {
            text_addf(out, "<subscriber eku=\"1.3.6.1.4.1.311.97.%u.3\" issuer-organization=\"Example Corporation\"/>\n", chance(100000));
        } else if (one == MAY_PAGE) {
            add_random_hex(out, "first-page", chance(2) == 0 ? 20 : 32);
        } else if (one == MAY_UNDER && chance(2) == 0) {
            text_addf(out, "<program>Bad &amp; program %u</program>\n", chance(100000));
        } else if (one == MAY_UNDER) {
            add_subject(out, roles, true);
        } else {
            text_addf(out, "<original-name>bad &amp; old %u.sys</original-name>\n", chance(100000));
        }
        return;
    }
}

static void add_exception(struct text *out, unsigned may) {
    text_add(out, "<except>");
    if (chance(3) == 0) {
        add_random_hex(out, "authenticode", 32);
    } else {
        add_element(out, "original-name", words());
        text_addf(out, "<product>P %u</product>", chance(100000)); /* the same twice would come back once */
        if (chance(2) == 0) {
            text_add(out, chance(2) == 0 ? "<version min=\"2.0\"/>" : "<version max=\"1.0.0.9\"/>");
        }
        if ((may & MAY_COMPANY) != 0 && chance(2) == 0) {
            add_element(out, "company", "C & Co | x=y");
        }
    }
    text_add(out, "</except>");
}

static void add_conditions(struct text *out, unsigned may, const char *platform) {
    struct text only = {0};
    static const struct {
        unsigned may;
        const char *name;
    } texts[] = {{MAY_PRODUCT, "product"},
                 {MAY_ORIGINAL, "original-name"},
                 {MAY_COMPANY, "company"},
                 {MAY_INNER, "internal-name"},
                 {MAY_INNER, "description"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if ((may & texts[i].may) != 0 && chance(5) == 0) {
            add_element(&only, texts[i].name, words());
        }
    }
    if ((may & MAY_AFTER) != 0 && chance(3) == 0) {
        text_addf(&only, "<signed-after>2022-11-%02uT00:00:00Z</signed-after>", 1 + chance(30));
    }
    if ((may & MAY_BEFORE) != 0 && chance(5) == 0) {
        text_addf(&only, "<signed-before>2023-%02u-01T10:00:00Z</signed-before>", 1 + chance(12));
    }
    if ((may & MAY_VERSION) != 0 && chance(3) == 0) {
        static const char *const bounds[] = {"min=\"1.2\"", "max=\"3.4.5.6\"", "min=\"1.2.3\" max=\"1.4\""};
        text_addf(&only, "<version %s/>", PICK(bounds));
    }
    if ((may & MAY_EKU) != 0 && chance(4) == 0) {
        text_addf(&only, "<%s>1.3.6.1.4.1.311.10.3.%u</%s>", "eku", 1 + chance(300), "eku");
    }
    if ((may & MAY_EKU) != 0 && chance(4) == 0) {
        text_addf(&only, "<no-eku>1.3.6.1.4.1.311.61.%u</no-eku>", 1 + chance(300));
    }
    if ((may & MAY_UNDER) != 0) {
        add_random_hex(&only, "issued-under", 32);
    }
    if ((may & MAY_PATH) != 0 && chance(6) == 0) {
        add_element(&only, "path", "/srv/**/x & y");
    }
    for (uint32_t n = (may & MAY_EXCEPT) != 0 && chance(4) == 0 ? 1 + chance(3) : 0; n != 0; n--) {
        add_exception(&only, may);
    }
    if (platform != NULL && chance(3) == 0) {
        add_element(&only, "platform", platform);
    }
    if (only.n != 0) {
        text_addf(out, "<only>%s</only>\n", text_c(&only));
    }
    text_free(&only);
}

/* A format: what it can say without a loss, by kinds of rules, since conditions go with some things and not with others. */
struct shape {
    const char *to, *from;
    unsigned may[3]; /* a rule is of one of these; 0: no more */
    unsigned roles;
    const char *platform;
    bool blocks; /* what only flags it can't say: weak keys only where they are accepted */
};
enum { SIGNER = 1U << ROLE_SIGNER, ANY = 1U << ROLE_ANY, EVERY_ROLE = (1U << ROLE_COUNT) - 1, BANS = MAY_ANY & ~(unsigned)MAY_ALLOW };

static void add_rule(struct text *out, unsigned i, unsigned may, const struct shape *shape, bool accept) {
    static const char *const severities[] = {"info", "low", "medium", "high", "critical"},
                             *const confidences[] = {"low", "medium", "high", "certain"},
                             *const actions[] = {"report", "flag", "quarantine"};
    bool allow = (may & MAY_ALLOW) != 0 && chance(8) == 0;
    if (allow) { /* what may excuse is less */
        text_addf(out, "<allow id=\"excuse.%u\"><file>", i);
        add_random_hex(out, "sha256", 32);
        text_add(out, "</file></allow>\n");
        return;
    }
    text_addf(out, "<ban id=\"%s%u\" action=\"%s\" severity=\"%s\" confidence=\"%s\"", chance(2) == 0 ? "Rule_no.-" : "r", i,
              (may & MAY_FLAG) != 0 ? PICK(actions) : "quarantine", PICK(severities), PICK(confidences));
    text_addf(out, "%s%s>\n", accept ? " weak=\"accept\"" : "", chance(5) == 0 ? " expires=\"2099-12-31T01:02:03Z\"" : "");
    for (unsigned n = 1 + chance(3), nth = 0; nth < n; nth++) {
        add_thing(out, may, shape->roles, i, nth);
    }
    add_conditions(out, may, shape->platform);
    if (chance(4) != 0) {
        add_element(out, "reason", words());
    }
    if (chance(3) == 0) {
        add_element(out, "reference", words());
    }
    text_add(out, "</ban>\n");
}

static struct policy *make_policy(const struct shape *shape, bool accept) {
    struct text xml = {0};
    struct policy *policy;
    struct error err = {0};
    size_t kinds = shape->may[1] == 0 ? 1 : shape->may[2] == 0 ? 2 : 3;
    text_add(&xml, "<policy xmlns=\"urn:certban:policy:1\" id=\"made-up\" version=\"1\" issued=\"2023-11-01\"><title>t</title>\n");
    for (unsigned i = 0; i < RULES; i++) {
        unsigned may = shape->may[chance((uint32_t)kinds)];
        add_rule(&xml, i, may, shape, accept && (may & MAY_ACCEPT) != 0);
    }
    text_add(&xml, "</policy>\n");
    if (!policy_parse(bytes_make(xml.p, xml.n), "made-up.xml", &policy, &err)) {
        fail_msg("%s in\n%s", err.text, xml.p);
    }
    text_free(&xml);
    return policy;
}

/* What was told of each rule, notes left aside. */
struct heard {
    struct export_listener listener; /* first: it is what the function is given */
    bool *lost, *renamed;            /* rule by rule */
    size_t notes;
};

static void told(struct export_listener *listener, const struct rule *rule, const char *said) {
    struct heard *heard = (struct heard *)(void *)listener;
    size_t i = (size_t)(rule - rule->policy->rules);
    if (strncmp(said, "by another name: ", 17) == 0) {
        heard->renamed[i] = true;
    } else if (strncmp(said, "note: ", 6) != 0) {
        heard->lost[i] = true;
    }
    heard->notes += strncmp(said, "note: ", 6) == 0;
}

/* What the import says, for who looks at a failure. */
static struct text remarks;

static void hear(struct import_listener *listener, size_t line, const char *why) {
    (void)listener;
    text_addf(&remarks, "line %zu: %s\n", line, why);
}

/* The policy in another format and back; NULL when nothing of it can be said there. */
static struct policy *there_and_back(const struct policy *policy, const struct shape *shape, bool accept, struct heard *heard,
                                     struct text *document) {
    struct export_job job = {.policies = &policy, .n_policies = 1, .now = TODAY, .listener = &heard->listener};
    struct export_counts counts;
    struct import_listener hears = {hear, hear};
    struct import *import = import_new(ACTION_QUARANTINE, &hears);
    struct import_head head = {"back", "Back", 1, TODAY};
    struct text xml = {0};
    struct error err = {0};
    struct policy *back = NULL;
    if (accept) {
        import_accept_weak(import);
    }
    assert_true(export_run(exporter_find(shape->to), &job, document, &counts, &err));
    struct bytes content = bytes_make(document->p, document->n);
    if (counts.rules != counts.left_out) {
        const struct importer *guess = importer_guess(content);
        assert_non_null(guess);
        assert_string_equal(guess->name, shape->from);
        if (!guess->read(content, import, &err)) {
            fail_msg("%s: %s in\n%s", shape->to, err.text, document->p);
        }
        if (import_counts(import).rules != 0 &&
            (!import_finish(import, &head, &xml, &err) || !policy_parse(bytes_make(xml.p, xml.n), "back.xml", &back, &err))) {
            fail_msg("%s: %s in\n%s", shape->to, err.text, document->p);
        }
    }
    import_free(import);
    text_free(&xml);
    return back;
}

static bool same_words(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_version(bool has_a, const struct version *a, bool has_b, const struct version *b) {
    return has_a == has_b && (!has_a || memcmp(a, b, sizeof *a) == 0);
}

static bool same_conditions(const struct conditions *a, const struct conditions *b) {
    return a->has_after == b->has_after && a->signed_after == b->signed_after && a->has_before == b->has_before &&
           a->signed_before == b->signed_before && same_words(a->platform, b->platform) && same_words(a->product, b->product) &&
           same_words(a->original_name, b->original_name) && same_words(a->company, b->company) && same_words(a->path, b->path) &&
           same_words(a->internal_name, b->internal_name) && same_words(a->description, b->description) &&
           bytes_equal(a->issued_under, b->issued_under) && bytes_equal(a->eku, b->eku) && bytes_equal(a->eku_except, b->eku_except) &&
           same_version(a->has_min, &a->min, b->has_min, &b->min) && same_version(a->has_max, &a->max, b->has_max, &b->max) &&
           exceptions_equal(a, b);
}

static bool same_key(const struct key *a, const struct key *b) {
    return a->kind == b->kind && a->role == b->role && bytes_equal(a->value, b->value) && a->file_size == b->file_size &&
           (a->issuer.n == 0 ? b->issuer.n == 0 : b->issuer.n != 0 && name_equal_either_end(a->issuer, b->issuer)) &&
           bytes_equal(a->issuer_common_name, b->issuer_common_name) && bytes_equal(a->organization, b->organization) &&
           bytes_equal(a->issuer_organization, b->issuer_organization) && a->weak == b->weak;
}

/* The rule's key that is the same; NULL when none. */
static const struct key *find_key(const struct rule *rule, const struct key *key) {
    for (size_t i = 0; i < rule->n_keys; i++) {
        if (same_key(&rule->keys[i], key)) {
            return &rule->keys[i];
        }
    }
    return NULL;
}

/* Whether all keys of a are in b, and those of one thing are in one thing there. */
static bool keys_within(const struct rule *a, const struct rule *b) {
    const struct key *before = NULL;
    bool within = true;
    for (size_t i = 0; i < a->n_keys && within; i++) {
        const struct key *key = find_key(b, &a->keys[i]);
        within = key != NULL && (i == 0 || before == NULL || (a->keys[i].thing == a->keys[i - 1].thing) == (key->thing == before->thing));
        before = key;
    }
    return within;
}

static bool has_weak(const struct rule *rule) {
    bool has = false;
    for (size_t i = 0; i < rule->n_keys; i++) {
        has = has || rule->keys[i].weak;
    }
    return has;
}

static bool same_worth(const struct rule *a, const struct rule *b) {
    return a->allow == b->allow && a->action == b->action && a->severity == b->severity && a->confidence == b->confidence &&
           (a->weak_accepted == b->weak_accepted || !has_weak(b)) && a->expires == b->expires && same_words(a->reason, b->reason) &&
           same_words(a->reference, b->reference) && same_conditions(&a->only, &b->only);
}

static bool same_cert(const struct cert *a, const struct cert *b) {
    return a == b || (a != NULL && b != NULL && bytes_equal(a->der, b->der));
}

static bool same_rule(const struct rule *a, const struct rule *b) {
    return same_worth(a, b) && a->n_keys == b->n_keys && keys_within(a, b) && keys_within(b, a) && same_cert(a->cert, b->cert);
}

static const struct rule *find_rule(const struct policy *policy, const char *id) {
    for (size_t i = 0; policy != NULL && i < policy->n_rules; i++) {
        if (strcmp(policy->rules[i].id, id) == 0) {
            return &policy->rules[i];
        }
    }
    return NULL;
}

static void show(const char *what, const struct policy *policy, const struct rule *rule) {
    struct text xml = {0};
    if (rule != NULL && policy_write_rules(rule, 1, &xml, NULL)) {
        fprintf(stderr, "%s %s:%s\n", what, policy->id, text_c(&xml)); /* print_message cuts */
    }
    text_free(&xml);
}

/* One policy's trip; it is freed. Counts the rules that came back as they were. */
static size_t travel(struct policy *policy, const struct shape *shape, bool accept, bool strict) {
    struct heard heard = {.listener = {told}, .lost = calloc(policy->n_rules, 1), .renamed = calloc(policy->n_rules, 1)};
    struct text document = {0};
    struct policy *back = there_and_back(policy, shape, accept, &heard, &document);
    size_t same = 0;
    for (size_t i = 0; i < policy->n_rules; i++) {
        const struct rule *rule = &policy->rules[i], *found = find_rule(back, rule->id);
        bool is = found != NULL && same_rule(rule, found);
        /* Only its other identities may be missing where the program has it by one of them; excuses stay at home. */
        bool renamed = heard.renamed[i] && found != NULL && same_worth(rule, found);
        bool excused = !strict && (heard.lost[i] || renamed || (rule->allow && found == NULL && heard.notes != 0));
        same += is;
        if (!is && !excused) {
            show("went", policy, rule);
            show("came back", back, found);
            fail_msg("%s: rule %s came back as another, and nothing was said of it\n%s%.20000s", shape->to, rule->id, text_c(&remarks),
                     text_c(&document));
        }
    }
    for (size_t i = 0; back != NULL && i < back->n_rules; i++) {
        const struct rule *was = find_rule(policy, back->rules[i].id);
        if (was == NULL || was->allow) {
            fail_msg("%s: rule %s was not there before", shape->to, back->rules[i].id);
        }
    }
    policy_free(policy);
    policy_free(back);
    free(heard.lost);
    free(heard.renamed);
    text_free(&document);
    text_free(&remarks);
    return same;
}

static size_t rounds(void) {
    const char *wanted = getenv("CERTBAN_ROUNDS");
    return wanted != NULL ? (size_t)strtoul(wanted, NULL, 10) : 20;
}

static void reseed(void) {
    const char *wanted = getenv("CERTBAN_SEED");
    state = wanted != NULL ? strtoull(wanted, NULL, 10) | 1 : UINT64_C(0x9e3779b97f4a7c15);
}

static const struct shape shapes[] = {
    {"csv", "csv", {BANS}, EVERY_ROLE, "macos", false},
    {"json", "json", {BANS}, EVERY_ROLE, "windows", false},
    {"wdac",
     "wdac",
     {MAY_TBS | MAY_AFTER | MAY_PRODUCT | MAY_ORIGINAL | MAY_INNER | MAY_VERSION | MAY_EKU | MAY_EXCEPT,
      MAY_DIGEST_SHA1 | MAY_DIGEST_SHA256 | MAY_PAGE | MAY_ACCEPT,
      MAY_UNDER | MAY_AFTER | MAY_PRODUCT | MAY_INNER | MAY_VERSION | MAY_EKU | MAY_ACCEPT | MAY_EXCEPT},
     SIGNER | 1U << ROLE_CHAIN | ANY,
     "windows",
     true},
    {"applocker", "applocker", {MAY_FILE_SHA256 | MAY_DIGEST_SHA256}, SIGNER, "windows", true},
    {"santa-json", "santa", {MAY_SHA256 | MAY_FILE_SHA256 | MAY_CDHASH | MAY_TEAM | MAY_ACCEPT}, SIGNER | ANY, "macos", true},
    {"santa-plist", "santa", {MAY_SHA256 | MAY_FILE_SHA256 | MAY_CDHASH | MAY_TEAM | MAY_ACCEPT}, SIGNER | ANY, "macos", true},
    {"yara",
     "yara",
     {MAY_SHA1 | MAY_SERIAL | MAY_FLAG | MAY_PRODUCT | MAY_ORIGINAL | MAY_COMPANY | MAY_SUBJECT | MAY_ACCEPT,
      MAY_FILE_SHA256 | MAY_FILE_OTHER | MAY_FLAG | MAY_ACCEPT},
     SIGNER | ANY,
     "windows",
     false},
    {"stix",
     "stix",
     {MAY_SHA256 | MAY_SHA1 | MAY_MD5 | MAY_SERIAL | MAY_FLAG | MAY_ACCEPT, MAY_FILE_SHA256 | MAY_FILE_OTHER | MAY_FLAG | MAY_ACCEPT},
     EVERY_ROLE,
     NULL,
     false},
    {"crb", "crb", {MAY_DER | MAY_FLAG}, EVERY_ROLE, "windows", false},
};

static void what_a_format_can_say_comes_back(void **unused) {
    (void)unused;
    reseed();
    for (size_t f = 0; f < sizeof shapes / sizeof *shapes; f++) {
        size_t same = 0;
        for (size_t i = 0; i < rounds(); i++) {
            bool accept = shapes[f].blocks || i % 2 == 0;
            same += travel(make_policy(&shapes[f], accept), &shapes[f], accept, true);
        }
        print_message("%s: %zu rules\n", shapes[f].to, same);
        assert_true(same == rounds() * RULES);
    }
}

static void what_does_not_come_back_is_told(void **unused) {
    (void)unused;
    reseed();
    for (size_t f = 0; f < sizeof shapes / sizeof *shapes; f++) {
        struct shape anything = shapes[f];
        size_t same = 0;
        anything.may[2] = MAY_ANY & ~(unsigned)MAY_UNDER;
        anything.may[1] = anything.may[1] != 0 ? anything.may[1] : MAY_ANY;
        anything.roles = EVERY_ROLE;
        for (size_t i = 0; i < rounds(); i++) {
            same += travel(make_policy(&anything, i % 2 == 0), &anything, i % 2 == 0, false);
        }
        print_message("%s: %zu of %zu rules\n", shapes[f].to, same, rounds() * RULES);
        assert_true(same > rounds());
    }
}

/* A real list as a policy; NULL where it is not at hand. */
static struct policy *real_list(const char *from, const char *name) {
    struct import_listener hears = {hear, hear};
    struct import_head head = {"real", "Real", 1, TODAY};
    struct text path = {0}, xml = {0};
    struct error err = {0};
    struct bytes content;
    struct policy *policy = NULL;
    text_addf(&path, "%s/../shared/feeds/%s", TEST_SOURCE_ROOT, name);
    if (file_exists(text_c(&path))) {
        struct import *import = import_new(ACTION_QUARANTINE, &hears);
        import_accept_weak(import);
        if (!file_read(path.p, FILE_ANYBODYS, &content, &err) || !importer_find(from)->read(content, import, &err) ||
            !import_finish(import, &head, &xml, &err) || !policy_parse(bytes_make(xml.p, xml.n), "real.xml", &policy, &err)) {
            fail_msg("%s: %s", name, err.text);
        }
        file_forget(content);
        import_free(import);
    }
    text_free(&path);
    text_free(&xml);
    text_free(&remarks);
    return policy;
}

/* Every rule of them in its own format, and in certban's rows. */
static void real_lists_come_back(void **unused) {
    static const struct {
        const char *from, *name, *to;
    } lists[] = {{"wdac", "SiPolicy_Enforced.xml", "wdac"},
                 {"wdac", "loldrivers-DenyPolicy.xml", "wdac"},
                 {"yara", "rl_blocklist.yara", "yara"},
                 {"wdac", "SiPolicy_Enforced.xml", "json"},
                 {"cert-graveyard", "cert_graveyard_database.csv", "csv"}};
    (void)unused;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct policy *policy = real_list(lists[i].from, lists[i].name);
        const struct shape shape = {.to = lists[i].to, .from = lists[i].to};
        if (policy == NULL) {
            print_message("%s is not at hand\n", lists[i].name);
            skip();
            return;
        }
        size_t n = policy->n_rules;
        assert_int_equal(travel(policy, &shape, true, true), n);
    }
}

static int make_certs(void **unused) {
    static const char *const kinds[CERTS] = {"RSA", "RSA", "RSA", "EC"}, *const names[CERTS] = {"Banned Ltd", "It's & \"Co\"", "Third",
                                                                                                "Curved"};
    (void)unused;
    test_arena = arena_make((size_t)64 << 20);
    for (size_t i = 0; i < CERTS; i++) {
        certs[i] = identity_new(key_new(kinds[i]), (struct wish){.name = names[i], .serial = 0x1a2b3c4d + (long)i}, NULL);
    }
    return 0;
}

static int free_certs(void **unused) {
    (void)unused;
    for (size_t i = 0; i < CERTS; i++) {
        identity_free(&certs[i]);
    }
    arena_free(&test_arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_format_can_say_comes_back),
        cmocka_unit_test(what_does_not_come_back_is_told),
        cmocka_unit_test(real_lists_come_back),
    };
    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
