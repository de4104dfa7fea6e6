/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTBAN_CRYPTO_CRYPTO_H
#define CERTBAN_CRYPTO_CRYPTO_H

#include "base/error.h"

/*
 * crypto_init sets up OpenSSL without any configuration file: nothing needs the file system afterwards, and a sandbox may close it.
 * Calling it again is free; the other functions call it when nobody did, but then outside a sandbox only.
 */
CERTBAN_MUST_USE bool crypto_init(struct error *err);

#endif
