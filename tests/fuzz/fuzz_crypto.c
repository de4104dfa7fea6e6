/* SPDX-License-Identifier: Apache-2.0 */
/* SignedData from anywhere: its signers, time stamps, chains and certificates in words. */
#include "asn1/cms.h"
#include "crypto/cms_verify.h"
#include "crypto/crypto.h"
#include "crypto/identity.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct signed_data *sd, const struct anchors *anchors, struct arena *arena) {
    struct error err;
    for (size_t i = 0; i < sd->n_signers && i < 4; i++) {
        struct signature signature = {
            .sd = sd, .signer = &sd->signers[i], .content = sd->content, .claimed = bytes_none(), .raw_signature = bytes_none()};
        struct signer_proof proof;
        struct timestamp *stamps;
        struct chain chain;
        size_t n;
        bool more;
        if (!signer_verify(&signature, sd->certs, sd->n_certs, arena, &proof, &err) ||
            !timestamps_verify(&signature, anchors, arena, &stamps, &n, &more, &err)) {
            return;
        }
        if ((proof.state == CHECK_GOOD) != (*proof.detail == '\0') || (proof.state == CHECK_GOOD && proof.signer == NULL)) {
            abort();
        }
        if (proof.signer != NULL &&
            chain_build(anchors, proof.signer, sd->certs, sd->n_certs, PURPOSE_CODE, 1700000000, arena, &chain, &err) &&
            (chain.state == CHAIN_TRUSTED) != (*chain.detail == '\0')) {
            abort();
        }
    }
    for (size_t i = 0; i < sd->n_certs && i < 4; i++) {
        struct cert_info info;
        uint8_t key[32];
        bool explicit_curve;
        if (!cert_info_fill(&info, &sd->certs[i], arena, &err)) {
            return;
        }
        (void)(!sd->certs[i].broken && identity_canonical_key(sd->certs[i].spki, key, &explicit_curve, &err));
        (void)(!sd->certs[i].broken && identity_usual_key(sd->certs[i].spki, key, &explicit_curve, &err));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct anchors *anchors;
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct signed_data *sd;
    struct error err;
    if (anchors == NULL) {
        anchors = anchors_new();
        if (anchors == NULL || !crypto_init(&err) || !anchors_add_builtin(anchors, &err)) {
            abort();
        }
    }
    if (cms_parse(bytes_make(data, size), 0, &arena, NULL, &sd, &err)) {
        judge(sd, anchors, &arena);
    }
    arena_free(&arena);
    return 0;
}
