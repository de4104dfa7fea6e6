/* SPDX-License-Identifier: Apache-2.0 */
#include "format/appended.h"

#include <math.h>

#include "asn1/carve.h"
#include "base/reader.h"

/* Shannon's entropy in bits a byte: near 8 is packed or encrypted. */
static double entropy(struct bytes b) {
    size_t count[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < b.n; i++) {
        count[b.p[i]]++;
    }
    for (size_t i = 0; i < 256; i++) {
        if (count[i] != 0) {
            double p = (double)count[i] / (double)b.n;
            bits -= p * log2(p);
        }
    }
    return bits;
}

bool appended_is_zero(struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] != 0) {
            return false;
        }
    }
    return true;
}

/* The tag that updaters of the Omaha family leave in their installers: "Gact2.0Omaha", u16 length (big-endian), text. */
static bool is_omaha_tag(struct bytes b) {
    struct bytes magic = bytes_text("Gact2.0Omaha");
    if (!bytes_starts(b, magic)) {
        return false;
    }
    struct reader r = reader_make(bytes_cut(b, magic.n, b.n), 0);
    struct bytes text = reader_bytes(&r, reader_u16be(&r));
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] > 0x7e) {
            return false;
        }
    }
    return reader_ok(&r) && appended_is_zero(r.left);
}

/* What is behind a signature, in words. The marker led the 3CX libraries of March 2023 to their hidden code. */
static const char *describe(struct arena *arena, struct bytes b, bool *harmless) {
    static const uint8_t marker[] = {0xfe, 0xed, 0xfa, 0xce, 0xfe, 0xed, 0xfa, 0xce};
    *harmless = false;
    if (bytes_find(b, bytes_make(marker, sizeof marker), 0) != b.n) {
        return arena_printf(arena, "with the marker FE ED FA CE of the 3CX attack, entropy %.2f bits a byte", entropy(b));
    }
    if (appended_is_zero(b)) {
        *harmless = true;
        return "zeros: room that an installer's maker reserved";
    }
    if (is_omaha_tag(b)) {
        *harmless = true;
        return "the tag of an Omaha updater";
    }
    return arena_printf(arena, "entropy %.2f bits a byte", entropy(b));
}

void appended_note(struct contents *contents, struct arena *arena, enum anomaly_name name, struct bytes b, uint64_t at, uint64_t size) {
    bool harmless;
    const char *detail = describe(arena, b, &harmless);
    struct anomaly *a = anomaly_note(&contents->anomalies, arena, name, at, size, detail);
    if (harmless && name == ANOMALY_APPENDED_DATA) {
        a->weighty = false;
    }
}

void appended_behind(struct contents *contents, struct arena *arena, size_t first, struct bytes blob, uint64_t at) {
    const struct signed_data *sd = contents->n_signatures > first ? contents->signatures[first].sd : NULL;
    size_t end = sd != NULL && sd->whole.n < blob.n ? sd->whole.n : blob.n;
    struct bytes slack = bytes_cut(blob, end, blob.n);
    if (slack.n >= 8 || !appended_is_zero(slack)) {
        appended_note(contents, arena, ANOMALY_APPENDED_DATA, slack, at + end, slack.n);
        carve_bytes(contents, arena, slack, at + end);
    }
}
