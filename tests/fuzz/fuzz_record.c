/* SPDX-License-Identifier: Apache-2.0 */
/* A quarantine record of any bytes: refused, or the same after it was written and read again. */
#include "store/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct record record = {0}, again = {0};
    struct text text = {0};
    struct error err;
    if (record_parse(bytes_make(data, size), &record, &err)) {
        if (!record_text(&record, &text, &err) || !record_parse(bytes_make(text.p, text.n), &again, &err) || again.state != record.state ||
            again.path.n != record.path.n || again.metadata.n_xattrs != record.metadata.n_xattrs) {
            __builtin_trap();
        }
    }
    text_free(&text);
    record_free(&record);
    record_free(&again);
    return 0;
}
