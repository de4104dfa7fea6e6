/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/online.h"

#include <stdlib.h>
#include <time.h>

#include "asn1/urls.h"
#include "asn1/x509.h"
#include "crypto/ocsp.h"
#include "list/fetch.h"
#include "list/files.h"

enum { ANSWERS_MAX = 256, URLS_MAX = 4, RESPONSE_SIZE_MAX = 64 << 10, RESPONSE_SECONDS = 15 };

/* A certificate that was asked about, and by whom it was issued: an answer holds for both together. */
struct asked {
    uint8_t cert[32], issuer[32];
    struct ocsp_info info;
};

struct online {
    struct fetch rules;
    struct arena arena; /* of the words, and of certificates while they are read */
    struct asked all[ANSWERS_MAX];
    size_t n;
};

struct online *online_new(const struct options *options) {
    struct online *online = calloc(1, sizeof *online);
    if (online != NULL) {
        online->arena = arena_make(ARENA_FILE_CAP);
        online->rules = (struct fetch){.size_max = RESPONSE_SIZE_MAX,
                                       .seconds = RESPONSE_SECONDS,
                                       .http = true,
                                       .public_only = !options->given[OPTION_ALLOW_PRIVATE],
                                       .post_type = "application/ocsp-request"};
    }
    return online;
}

void online_free(struct online *online) {
    if (online != NULL) {
        arena_free(&online->arena);
        free(online);
    }
}

/* One question to one responder. */
static bool ask(const struct online *online, const struct cert_info *cert, const struct cert_info *issuer, const char *url,
                struct ocsp_answer *out, struct error *err) {
    struct ocsp *ocsp = ocsp_ask(cert->der, issuer->der, err);
    struct fetch rules = online->rules;
    struct bytes response;
    if (ocsp == NULL) {
        return false;
    }
    rules.post = ocsp_request(ocsp);
    bool ok = fetch_get(url, &rules, &response, err);
    if (ok) {
        ok = ocsp_read(ocsp, response, out, err);
        file_forget(response);
    }
    ocsp_free(ocsp);
    return ok;
}

/* The responders that the certificate names, until one of them gives an answer that counts. */
static struct ocsp_info info_of(struct online *online, const struct cert_info *info, const struct cert_info *issuer) {
    struct ocsp_info out = {.state = REVOCATION_UNASKED, .this_update = TIME_NONE, .revoked_at = TIME_NONE, .url = "", .detail = ""};
    struct bytes urls[URLS_MAX];
    struct cert cert;
    size_t n = cert_parse(info->der, 0, &online->arena, &cert, NULL) ? urls_of_ocsp(&cert, urls, URLS_MAX) : 0;
    for (size_t i = 0; i < n && (out.state == REVOCATION_UNASKED || out.detail[0] != '\0'); i++) {
        struct error err = {0};
        struct ocsp_answer answer;
        const char *url = arena_printf(&online->arena, "%.*s", (int)urls[i].n, (const char *)urls[i].p);
        if (url == NULL) {
            break;
        }
        out.url = url;
        if (ask(online, info, issuer, url, &answer, &err)) {
            out = (struct ocsp_info){answer.state, answer.this_update, answer.revoked_at, url, ""};
        } else {
            const char *detail = arena_printf(&online->arena, "%s", err.text);
            out.state = REVOCATION_UNKNOWN;
            out.detail = detail != NULL ? detail : "no memory";
        }
    }
    return out;
}

static void ask_once(struct online *online, struct cert_info *cert, const struct cert_info *issuer) {
    if (issuer == NULL || cert->der.n == 0 || issuer->der.n == 0) {
        return;
    }
    for (size_t i = 0; i < online->n; i++) {
        if (memcmp(online->all[i].cert, cert->sha256, sizeof cert->sha256) == 0 &&
            memcmp(online->all[i].issuer, issuer->sha256, sizeof issuer->sha256) == 0) {
            cert->ocsp = online->all[i].info;
            return;
        }
    }
    if (online->n == ANSWERS_MAX) {
        cert->ocsp = (struct ocsp_info){REVOCATION_UNKNOWN, TIME_NONE, TIME_NONE, "", "too many certificates were asked about"};
        return;
    }
    struct asked *asked = &online->all[online->n++];
    memcpy(asked->cert, cert->sha256, sizeof asked->cert);
    memcpy(asked->issuer, issuer->sha256, sizeof asked->issuer);
    asked->info = info_of(online, cert, issuer);
    cert->ocsp = asked->info;
}

void online_ask(struct online *online, const struct scan_file *file) {
    for (size_t i = 0; i < file->verdict->n_signatures; i++) {
        struct signature_info *s = &file->verdict->signatures[i];
        ask_once(online, &s->signer, s->has_signer && s->n_chain != 0 ? &s->chain[0] : NULL);
        for (size_t k = 0; k < s->n_chain; k++) {
            ask_once(online, &s->chain[k], k + 1 < s->n_chain ? &s->chain[k + 1] : NULL);
        }
        for (size_t k = 0; k < s->n_timestamps; k++) {
            struct timestamp_info *t = &s->timestamps[k];
            ask_once(online, &t->signer, t->has_signer && t->has_issuer ? &t->issuer : NULL);
        }
    }
}
