/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/require.h"

#include <string.h>

#include "base/hex.h"

static bool is_hex(const char *word) {
    return word[strspn(word, "0123456789abcdefABCDEF")] == '\0';
}

bool require_make(const struct options *options, struct require *require, struct error *err) {
    *require = (struct require){.is_signed = options->given[OPTION_REQUIRE_SIGNED],
                                .signers = options->words[OPTION_REQUIRE_SIGNER],
                                .n_signers = options->n_words[OPTION_REQUIRE_SIGNER]};
    for (size_t i = 0; i < require->n_signers; i++) {
        const char *word = require->signers[i];
        size_t n = strlen(word);
        if (n == 0 || (is_hex(word) && (n == 32 || n == 40))) {
            return error_set(err, ERR_USAGE, "--require-signer %s: a name, or the SHA-256 of a certificate (64 hex digits)", word);
        }
    }
    return true;
}

static bool is_signer(const struct signature_info *s, const char *word) {
    uint8_t sha256[32];
    if (strlen(word) == 2 * sizeof sha256 && is_hex(word)) {
        size_t n;
        return hex_decode(bytes_text(word), sha256, sizeof sha256, &n) && n == sizeof sha256 &&
               memcmp(sha256, s->signer.sha256, sizeof sha256) == 0;
    }
    return s->chain_state == CHAIN_TRUSTED && (strcmp(word, s->signer.common_name) == 0 || strcmp(word, s->signer.organization) == 0 ||
                                               (s->team_id[0] != '\0' && strcmp(word, s->team_id) == 0));
}

static bool is_proven(const struct signature_info *s) {
    return s->has_signer && !s->adhoc && s->signature == CHECK_GOOD && s->digest == CHECK_GOOD;
}

static bool signature_meets(const struct require *require, const struct signature_info *s) {
    if (!is_proven(s) || (require->is_signed && s->chain_state != CHAIN_TRUSTED)) {
        return false;
    }
    for (size_t i = 0; i < require->n_signers; i++) {
        if (is_signer(s, require->signers[i])) {
            return true;
        }
    }
    return require->n_signers == 0;
}

bool require_met(const struct require *require, const struct verdict *verdict, struct text *why) {
    const struct signature_info *proven = NULL;
    if (!require->is_signed && require->n_signers == 0) {
        return true;
    }
    for (size_t i = 0; i < verdict->n_signatures; i++) {
        if (signature_meets(require, &verdict->signatures[i])) {
            return true;
        }
        proven = proven == NULL && is_proven(&verdict->signatures[i]) ? &verdict->signatures[i] : proven;
    }
    if (proven == NULL) {
        text_add(why, verdict->n_signatures == 0 ? "it is not signed" : "none of its signatures is proven");
        return false;
    }
    text_add(why, "it is signed by ");
    text_add_safe(why, bytes_text(proven->signer.common_name[0] != '\0' ? proven->signer.common_name : proven->signer.subject), 200);
    text_add(why, proven->chain_state != CHAIN_TRUSTED ? ", whose certificate no trusted root vouches for (--anchors FILE adds roots)"
                                                       : ", who is none of the signers required");
    return false;
}
