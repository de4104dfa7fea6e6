/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the driver of compound files, shared by msi.c (signature streams), msi_digest.c (what is signed)
 * and msi_version.c (its tables). */
#ifndef CERTBAN_FORMAT_MSI_H
#define CERTBAN_FORMAT_MSI_H

#include "layout/cfb.h"

#define MSI_SIGNATURE "\5DigitalSignature"
#define MSI_SIGNATURE_EX "\5MsiDigitalSignatureEx"

/* msi_claims gives every signature that has a digest and no claim yet its claims over the file. A file whose streams can't all
 * be followed is unreadable, and its signatures keep none. False without memory or when the file can't be read. */
CERTBAN_MUST_USE bool msi_claims(struct cfb *cfb, struct contents *contents, struct error *err);

/* msi_version reads the table Property of a Windows Installer package. A compound file without one is no error. */
CERTBAN_MUST_USE bool msi_version(struct source *source, struct arena *arena, struct version_info *version, struct error *err);

/* msi_outside notes the cabinets that the package keeps beside itself. False without memory or when the file can't be read. */
CERTBAN_MUST_USE bool msi_outside(struct cfb *cfb, struct contents *contents, struct error *err);

#endif
