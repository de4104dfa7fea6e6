/* SPDX-License-Identifier: Apache-2.0 */
#include "list/pem.h"

static const char pem_begin[] = "-----BEGIN ", pem_end[] = "-----END ", pem_rim[] = "-----";

struct pem pem_make(struct bytes content) {
    return (struct pem){.content = content, .line = 1};
}

static size_t count_lines(struct bytes b) {
    size_t n = 0;
    for (size_t i = 0; i < b.n; i++) {
        n += b.p[i] == '\n';
    }
    return n;
}

bool pem_next(struct pem *pem, struct pem_block *block) {
    struct bytes content = pem->content;
    size_t begin = bytes_find(content, bytes_text(pem_begin), pem->at);
    if (begin >= content.n) {
        return false;
    }
    size_t label = begin + sizeof pem_begin - 1;
    size_t rim = bytes_find(content, bytes_text(pem_rim), label);
    size_t body = rim < content.n ? rim + sizeof pem_rim - 1 : content.n;
    size_t end = bytes_find(content, bytes_text(pem_end), body);
    pem->line += count_lines(bytes_cut(content, pem->counted, begin - pem->counted));
    pem->counted = begin;
    pem->at = end;
    *block = (struct pem_block){
        .label = bytes_cut(content, label, rim - label), .base64 = bytes_cut(content, body, end - body), .line = pem->line};
    return true;
}
