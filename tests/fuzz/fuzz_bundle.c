/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle of any bytes is read or refused, with keys and without; with a key that signed none of the seeds nothing is ever read. */
#include "list/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* The id is that of the key that signed the seeds, so that signatures are tried; the key is another one. */
    static const struct ed25519_key key = {.raw = {1, 2, 3}, .id = {0xe7, 0xa1, 0x37, 0x40, 0xc0, 0xe1, 0xa7, 0x06}};
    static const struct bundle_keys keys = {&key, 1};
    struct bundle bundle;
    struct bytes content = bytes_make(data, size);
    if (bundle_read(content, "fuzz.bundle", &keys, &bundle, NULL)) {
        __builtin_trap();
    }
    if (!bundle_read(content, "fuzz.bundle", NULL, &bundle, NULL)) {
        return 0;
    }
    size_t rules = 0;
    for (size_t i = 0; i < bundle.n_policies; i++) {
        rules += bundle.policies[i]->n_rules;
    }
    if (bundle.n_policies == 0 || rules != bundle.n_rules || bundle.n_signers != 0 || bundle.version == 0 || bundle.id[0] == '\0') {
        __builtin_trap();
    }
    policy_free(bundle_take(&bundle, 0));
    bundle_free(&bundle);
    return 0;
}
