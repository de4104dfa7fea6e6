/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that are known by their ends and not looked into. */
#ifndef CERTBAN_SOURCE_UNREAD_H
#define CERTBAN_SOURCE_UNREAD_H

#include "base/bytes.h"

/* So many octets of a file's beginning tell. */
enum { UNREAD_HEAD = 1040 };

enum unread_kind {
    UNREAD_NONE,
    UNREAD_VHD,
    UNREAD_VHDX,
    UNREAD_VMDK,
    UNREAD_QCOW,
    UNREAD_VDI,
    UNREAD_INSTALLSHIELD,
    UNREAD_INNO,
    UNREAD_LZOP,
    UNREAD_LRZIP,
    UNREAD_ZPAQ,
    UNREAD_ACE,
    UNREAD_STUFFIT,
    UNREAD_FLATPAK,
    UNREAD_KWAJ,
    UNREAD_EROFS,
    UNREAD_SPARSEIMAGE,
    UNREAD_WIMPIPE,
};

/* unread_kind_of is the kind that a file's first and last bytes speak for. */
enum unread_kind unread_kind_of(struct bytes head, struct bytes tail);

#endif
