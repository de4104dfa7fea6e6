/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions that come from files: the part of POSIX extended ones that the rules of bundles are written in. Literals, dot,
 * bracket expressions, groups, alternatives, * + ?, ^ and $, and a backslash before what is to be itself. Matching looks at each
 * character once for each place in the expression: an expression can't make it slow. Refused: counted repetition, back references,
 * classes by name, and what is longer than the limits.
 */
#ifndef CERTBAN_FORMAT_PATTERN_H
#define CERTBAN_FORMAT_PATTERN_H

#include "base/arena.h"

enum { PATTERN_STEPS_MAX = 1024, PATTERN_DEPTH_MAX = 32 };

struct pattern;

/* pattern_make compiles an expression; ERR_UNSUPPORTED for what is not understood. */
CERTBAN_MUST_USE bool pattern_make(struct bytes expression, struct arena *arena, const struct pattern **out, struct error *err);

/* pattern_fits says whether the text has a part that fits; ^ and $ are its ends. */
bool pattern_fits(const struct pattern *pattern, struct bytes text);

#endif
