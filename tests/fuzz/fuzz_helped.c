/* SPDX-License-Identifier: Apache-2.0 */
/* What is left to other programs, or to nobody: whether it is found to be of its kind. */
#include "container_target.h"

extern const struct container container_helped, container_inno, container_pe_pieces, container_unread;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    container_target(&container_helped, data, size);
    container_target(&container_inno, data, size);
    container_target(&container_pe_pieces, data, size);
    container_target(&container_unread, data, size);
    return 0;
}
