/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of any bytes as records of reports: refused, or matched with rules that are there. */
#include <stdlib.h>
#include <string.h>

#include "list/policy.h"
#include "scan/past.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule of each kind that records can be asked for. */
static const char rules[] =
    "<policy xmlns=\"urn:certban:policy:1\" id=\"p\" version=\"1\" issued=\"2024-01-01\"><title>t</title>"
    "<ban id=\"a\"><subject role=\"any\" common-name=\"Stand-in Ltd\"/><subject organization=\"Example\" issuer-common-name=\"Example "
    "Root\"/>"
    "<team-id>33CF4654HL</team-id><program>A program</program><original-name>3CXDesktopApp.exe</original-name></ban>"
    "<ban id=\"b\"><certificate role=\"any\"><serial issuer=\"CN=Example Code Signing CA,O=Example,C=CY\">1a2b3c4d5e6f7081</serial>"
    "<serial>1a2b3c4d5e6f7081</serial></certificate><only><version min=\"1\"/><path>/f/*</path></only></ban>"
    "<ban id=\"c\" weak=\"accept\"><subject common-name=\"Stand-in Ltd\"/><only><internal-name>x</internal-name>"
    "<issued-under>00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef</issued-under><except><version max=\"2\"/></except>"
    "</only></ban>"
    "<ban id=\"d\" weak=\"accept\"><subject common-name=\"Stand-in "
    "Ltd\"/><only><signed-after>2023-01-01T00:00:00Z</signed-after></only></ban>"
    "<ban id=\"e\"><subscriber eku=\"1.3.6.1.4.1.311.97.1.2\" issuer-organization=\"Example\"/></ban></policy>";

static struct blocklist *list_of_rules(void) {
    struct blocklist *list = blocklist_new();
    struct policy *policy;
    if (list == NULL || !policy_parse(bytes_make(rules, sizeof rules - 1), "rules.xml", &policy, NULL) ||
        !blocklist_keep(list, policy, 1700000000, NULL) || !blocklist_seal(list, NULL)) {
        abort();
    }
    return list;
}

static void try(const struct blocklist *list, struct bytes line) {
    struct arena arena = arena_make((size_t)1 << 20);
    struct past_record record;
    if (past_record_parse(line, &arena, &record, NULL) && record.kind == PAST_FILE && past_match(list, &record, &arena, NULL)) {
        for (size_t i = 0; i < record.verdict.n_matches; i++) {
            if (blocklist_rule(list, record.verdict.matches[i].rule) == NULL || record.verdict.matches[i].part == NULL) {
                abort();
            }
        }
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct blocklist *list;
    list = list != NULL ? list : list_of_rules();
    for (struct bytes left = bytes_make(data, size); left.n != 0;) {
        size_t end = bytes_find(left, bytes_text("\n"), 0);
        try(list, bytes_cut(left, 0, end));
        left = bytes_cut(left, end + 1, left.n);
    }
    return 0;
}
