/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts as bytes between a reader and the main process. The receiving side trusts nothing: a reader may be in the hands of
 * the file that it read. */
#ifndef CERTBAN_SCAN_WIRE_H
#define CERTBAN_SCAN_WIRE_H

#include "base/arena.h"
#include "base/text.h"
#include "model/verdict.h"

/* The longest message; longer ones are cut at the sender (fewer signatures and anomalies, counted), refused at the receiver. */
enum { WIRE_MAX = 1 << 20 };

/* wire_encode appends a verdict to out. */
void wire_encode(const struct verdict *verdict, struct text *out);

/* wire_decode reads one back; everything lies in the arena. ERR_CRASHED when the bytes are no verdict. n_rules bounds rule numbers. */
CERTBAN_MUST_USE bool wire_decode(struct bytes message, size_t n_rules, struct arena *arena, struct verdict *out, struct error *err);

#endif
