/* SPDX-License-Identifier: Apache-2.0 */
/* Where the certificates of a file say that more is to be had about them. */
#include "asn1/urls.h"
#include "scan/exam.h"

enum { OF_ONE_MAX = 16 };

static bool is_noted(const struct exam *exam, struct bytes url) {
    for (size_t i = 0; i < exam->n_urls; i++) {
        if (bytes_is(url, exam->urls[i])) {
            return true;
        }
    }
    return false;
}

void addresses_note(struct exam *exam, const struct cert *cert) {
    struct bytes urls[OF_ONE_MAX];
    size_t n = urls_of_crls(cert, urls, OF_ONE_MAX);
    if (n != 0 && exam->urls == NULL) {
        exam->urls = arena_array(exam->arena, CRL_URLS_MAX, sizeof *exam->urls);
    }
    for (size_t i = 0; i < n && exam->urls != NULL && exam->n_urls < CRL_URLS_MAX; i++) {
        struct bytes copy;
        if (!is_noted(exam, urls[i]) && arena_copy(exam->arena, urls[i], &copy, NULL)) {
            exam->urls[exam->n_urls++] = (const char *)copy.p;
        }
    }
}
