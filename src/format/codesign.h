/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple's code signature: the blobs of a SuperBlob (in a Mach-O slice, a disk image) or loose ones (files and attributes of a
 * bundle), and the signatures that they make.
 */
#ifndef CERTBAN_FORMAT_CODESIGN_H
#define CERTBAN_FORMAT_CODESIGN_H

#include "base/source.h"
#include "model/signature.h"

enum {
    CODESIGN_IDENTIFIER_MAX = 4096,
};

/* xnu osfmk/kern/cs_blobs.h: CSSLOT_… and CSMAGIC_… */
enum codesign_slot {
    CODESIGN_SLOT_DIRECTORY = 0,
    CODESIGN_SLOT_INFO = 1, /* Info.plist; only its hash is in the signature */
    CODESIGN_SLOT_REQUIREMENTS = 2,
    CODESIGN_SLOT_RESOURCES = 3, /* _CodeSignature/CodeResources; hash only */
    CODESIGN_SLOT_ENTITLEMENTS = 5,
    CODESIGN_SLOT_REP_SPECIFIC = 6, /* the trailer of a disk image; hash only */
    CODESIGN_SLOT_ALTERNATE = 0x1000,
    CODESIGN_SLOT_ALTERNATE_LAST = 0x1004,
    CODESIGN_SLOT_CMS = 0x10000,
    CODESIGN_SLOT_TICKET = 0x10002, /* notarization: what begins with "s8ch" is a ticket, whatever it proves */
};
#define CODESIGN_MAGIC_SUPERBLOB UINT32_C(0xfade0cc0)
#define CODESIGN_MAGIC_DETACHED UINT32_C(0xfade0cc1)
#define CODESIGN_MAGIC_DIRECTORY UINT32_C(0xfade0c02)
#define CODESIGN_MAGIC_WRAPPER UINT32_C(0xfade0b01)

/* CodeDirectory flags: CS_ADHOC, CS_LINKER_SIGNED */
enum { CODESIGN_ADHOC = 0x2, CODESIGN_LINKER_SIGNED = 0x20000 };

struct codesign_blob {
    uint32_t slot, magic;
    struct bytes bytes; /* the whole blob with its 8-byte header */
    uint64_t at;        /* in the source */
};

struct codesign {
    struct codesign_blob *blobs;
    size_t n;
    struct bytes area; /* what the SuperBlob was read from; empty for loose blobs */
    uint64_t at;       /* of the area in the source */
    size_t size;       /* octets of the area that the SuperBlob takes */
    bool cut;          /* it has more blobs than LIMIT_BLOBS */
    size_t index_end;  /* where its index ends, as far as it leads to blobs; LLVM's linker pads it to eight octets */
};

/* codesign_read reads the SuperBlob at the start of area, which stands at offset at. Index entries that lead nowhere are left out
 * and noted as bad-blob. ERR_MALFORMED when there is no SuperBlob (the area is then still set, so that it can be carved). */
CERTBAN_MUST_USE bool codesign_read(struct bytes area, uint64_t at, struct arena *arena, struct anomalies *anomalies, struct codesign *out,
                                    struct error *err);

/* codesign_blob wraps one loose blob (a file of _CodeSignature, an extended attribute): bytes begin with magic and length; what
 * follows the length is dropped. ERR_MALFORMED when the length passes the end. */
CERTBAN_MUST_USE bool codesign_blob(uint32_t slot, struct bytes bytes, uint64_t at, struct codesign_blob *out, struct error *err);

/* Bytes outside of the signature that a special slot of the CodeDirectory covers: Info.plist, CodeResources, a trailer. */
struct codesign_special {
    uint32_t slot;
    struct span *spans;
    size_t n_spans;
};

/* What was signed. */
struct codesign_target {
    const char *part; /* "x86_64"; signatures past the first of that name are "x86_64#1" … */
    uint64_t at;      /* where the code begins in the source that claims are checked on */
    uint64_t size;    /* of the code up to its signature: what a CodeDirectory ought to cover */
    const struct codesign_special *specials;
    size_t n_specials;
    bool carved; /* nothing but a search led to the blobs */
    bool apart;  /* it is another file: there is nothing here that the digest could fit */
};

/*
 * codesign_add appends a signature for each signer of each CMS among the blobs; for blobs without CMS one signature with sd NULL,
 * so that its CodeDirectories can be matched by cdhash. Each has the CodeDirectories, the slot-0 CodeDirectory as content, and as
 * claims the code slots and the special slots of all CodeDirectories (of slot 0 alone where nothing binds the others). Stretches
 * of the area that no blob takes are carved. A target apart may come without a CodeDirectory. False only when there is no memory; *added
 * (may be NULL) counts the signatures.
 */
CERTBAN_MUST_USE bool codesign_add(const struct codesign *code, const struct codesign_target *target, struct contents *contents,
                                   struct arena *arena, size_t *added, struct error *err);

/* How the names of those attributes begin. */
#define CODESIGN_ATTRIBUTES "com.apple.cs."

/* codesign_attributes appends the signatures that a file has in extended attributes (com.apple.cs.*), which are of the file itself. False
 * only when there is no memory. */
CERTBAN_MUST_USE bool codesign_attributes(struct source *source, struct contents *contents, struct arena *arena, struct error *err);

/* codesign_special_hash is the hash in a special slot of a CodeDirectory; false when there is none. */
bool codesign_special_hash(const struct code_directory *directory, uint32_t slot, struct arena *arena, struct bytes *hash);

/* codesign_whole_hash is the one hash of a CodeDirectory that covers size octets whole; false when there are several, or none. */
bool codesign_whole_hash(const struct code_directory *directory, uint64_t size, struct arena *arena, struct bytes *hash);

/* codesign_part is base, or base#1, base#2 … when signatures of that part are there already; NULL without memory. */
const char *codesign_part(const struct contents *contents, struct arena *arena, const char *base);

/* codesign_is_team says whether a text has the shape of a team id: ten capital letters and digits. NULL is none. */
bool codesign_is_team(const char *s);

#endif
