/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of looking inside one file: one table, from which the options, their help and the man page come, too. Past a limit, what was
 * being looked at is unreadable (ERR_LIMIT) with the limit's name and the option that raises it, and so is every file around it.
 *
 * A parser asks limit_most by what it was given: the budget of a container, or the arena that its file's structures lie in.
 */
#ifndef CERTBAN_MODEL_LIMITS_H
#define CERTBAN_MODEL_LIMITS_H

#include "base/arena.h"
#include "base/error.h"

#include <limits.h>
#include <stdint.h>

/* What belongs to a ratio: a member that unpacks to less is no bomb, however small it was. */
#define LIMIT_RATIO_FROM (UINT64_C(64) << 20)

/* A file may take a second more than the usual time for so many of its bytes: hashing it whole is bounded by its size alone. */
enum { LIMIT_TIME_RATE = 8 << 20 };

/*
 * The limits that honest files pass now and then, which have an option of their own.
 * F(X, enumerator, name, its kind, its argument, usual, greatest, the usual in words, help); F may use X or not. The option is --max-name;
 * 1 is the least.
 */
#define OWN_LIMITS(F, X)                                                                                                                   \
    F(X, DEPTH, "depth", NUMBER, "N", 8, 64, "8", "look into archives up to N deep in one another")                                        \
    F(X, MEMBERS, "members", NUMBER, "N", 100000, 1000000, "100000", "members of one file, at all depths together")                        \
    F(X, PLACES, "places", NUMBER, "N", 1000000, 100000000, "1000000", "places of one file that may be the beginning of one in it")        \
    F(X, UNPACKED, "unpacked", SIZE, "SIZE", UINT64_C(4) << 30, UINT64_C(1) << 50, "4G", "bytes that one file may unpack to, as 500M")     \
    F(X, RUN, "unpacked-run", SIZE, "SIZE", UINT64_C(64) << 30, UINT64_C(1) << 50, "64G", "bytes that all files of a run may unpack to")   \
    F(X, RATIO, "ratio", NUMBER, "N", 200, 1000000, "200", "times its size that a member may unpack to, past 64 MiB")                      \
    F(X, TIME, "time", NUMBER, "SECONDS", 120, 86400, "120, and one more for each 8 MiB", "how long one file may take")                    \
    F(X, CPU, "cpu", NUMBER, "SECONDS", 30, 86400, "30", "processor time for one file, its members counted, its hashing not")              \
    F(X, MEMORY, "memory", SIZE, "SIZE", ARENA_FILE_CAP, UINT64_C(256) << 20, "64M",                                                       \
      "what is kept of one file while it is examined: tables, names, signatures")

/*
 * Those that nothing honest comes near: --limit name=N.
 * F(enumerator, name, its kind, least, usual, greatest, what is past it ("more than %s …"), what it bounds). The greatest of those that
 * bound a recursion or an array on the stack (LIMIT_…_GREATEST) is what the stack, or that array, is made for.
 */
#define NAMED_LIMITS(F)                                                                                                                    \
    F(SIGNATURE_SIZE, "signature-size", SIZE, 64, 16 << 20, 64 << 20, "a signature or certificate table of more than %s",                  \
      "bytes of a certificate table, a signature or a code signature")                                                                     \
    F(ENTRIES, "entries", NUMBER, 1, 64, 4096, "more than %s entries in the certificate table", "entries of a certificate table")          \
    F(NESTED, "nested", NUMBER, 1, 8, 32, "signatures nested more than %s deep", "signatures nested in one another")                       \
    F(SIGNATURES, "signatures", NUMBER, 1, 64, 64, "more than %s signatures", "signatures of one file")                                    \
    F(SIGNERS, "signers", NUMBER, 1, 64, 64, "more than %s signers of a signature", "signers of one signature")                            \
    F(CERTIFICATES, "certificates", NUMBER, 1, 256, 4096, "more than %s certificates in a signature",                                      \
      "certificates of one signature; those past it are looked up all the same")                                                           \
    F(ATTRIBUTES, "attributes", NUMBER, 1, 256, 4096, "more than %s attributes of a signer", "attributes of one signer, signed or not")    \
    F(VALUES, "attribute-values", NUMBER, 1, 64, 4096, "more than %s values of an attribute", "values of one attribute")                   \
    F(CHAIN, "chain", NUMBER, 1, 8, 15, "a chain of more than %s issuers", "issuers above a signer's certificate")                         \
    F(CHAIN_CHECKS, "chain-checks", NUMBER, 1, 64, 4096, "more than %s signatures to check for a chain",                                   \
      "signatures that are checked to find one chain")                                                                                     \
    F(RSA_BITS, "rsa-bits", NUMBER, 512, 16384, 16384, "an RSA key of more than %s bits", "bits of an RSA key that is used")               \
    F(RSA_EXPONENT, "rsa-exponent-bits", NUMBER, 2, 64, 64, "an RSA key with an exponent of more than %s bits",                            \
      "bits of an RSA key's exponent")                                                                                                     \
    F(DSA_BITS, "dsa-bits", NUMBER, 512, 3072, 10000, "a DSA key of more than %s bits", "bits of a DSA key that is used")                  \
    F(LEVELS, "asn1-levels", NUMBER, 12, 64, 64, "more than %s levels of elements", "elements of ASN.1 in one another")                    \
    F(OID, "oid-octets", NUMBER, 1, 128, 128, "an object identifier of more than %s octets", "octets of an attribute's object identifier") \
    F(SERIAL, "serial-octets", NUMBER, 1, 64, 1024, "a certificate with a serial of more than %s octets",                                  \
      "octets of the serial of a certificate that is found by searching")                                                                  \
    F(SLICES, "slices", NUMBER, 1, 64, 64, "more than %s slices", "programs in one program for macOS")                                     \
    F(GAPS, "slice-gaps", NUMBER, 1, 8192, 1 << 24, "more than %s pages that no slice takes",                                              \
      "pages between those programs that are searched for others")                                                                         \
    F(COMMANDS, "load-commands", NUMBER, 1, 16384, 1 << 20, "more than %s load commands", "load commands of a program for macOS")          \
    F(COMMANDS_SIZE, "load-commands-size", SIZE, 64, 16 << 20, 64 << 20, "load commands of more than %s", "bytes of its load commands")    \
    F(BLOBS, "blobs", NUMBER, 1, 256, 4096, "more than %s blobs in a code signature", "blobs of one code signature")                       \
    F(DOUBLE, "double-attributes", NUMBER, 1, 1024, 65536, "more than %s attributes in a file of AppleDouble",                             \
      "attributes of one file of AppleDouble (\"._NAME\")")                                                                                \
    F(SECTIONS, "sections", NUMBER, 1, 4096, 65535, "more than %s sections, which are not all looked at",                                  \
      "sections of a program for Windows")                                                                                                 \
    F(RESOURCES, "resources", NUMBER, 1, 65536, 1 << 20, "more than %s entries in the directories of resources",                           \
      "entries in its directories of resources")                                                                                           \
    F(PIECES, "pieces", NUMBER, 1, 1024, 1024, "more than %s files in a program", "files that one program carries, its resources aside")   \
    F(CFB_ENTRIES, "cfb-entries", NUMBER, 1, 65536, 1 << 20, "a directory of more than %s entries",                                        \
      "entries in the directory of a compound file (MSI)")                                                                                 \
    F(CFB_DEPTH, "cfb-depth", NUMBER, 1, 64, 64, "storages nested more than %s deep", "its storages in one another")                       \
    F(CABINETS, "cabinets", NUMBER, 2, 64, 64, "a folder that goes over more than %s cabinets", "cabinets over which one folder may go")   \
    F(OUTSIDE, "outside-cabinets", NUMBER, 1, 1024, 65536, "more than %s cabinets beside the package",                                     \
      "cabinets that an MSI keeps beside itself")                                                                                          \
    F(BESIDE, "beside", NUMBER, 1, 64, 64, "more than %s files that are read together",                                                    \
      "packed files of one archive that are open together, as the cabinets of a set are")                                                  \
    F(BESIDE_PASSES, "beside-passes", NUMBER, 1, 256, 65536, "an archive that would be gone through more than %s times",                   \
      "times that an archive is gone through for files beside one in it")                                                                  \
    F(BESIDE_DISK, "beside-disk", NUMBER, 1, 16, 16, "more than %s files on the disk that are read together",                              \
      "files beside one on the disk that are open together, as the cabinets of a set are")                                                 \
    F(TRAILERS, "dmg-trailers", NUMBER, 1, 8, 64, "more than %s trailers of a disk image", "trailers of one disk image (DMG)")             \
    F(VOLUMES, "volumes", NUMBER, 1, 128, 128, "a disk of more than %s volumes", "volumes of one disk image")                              \
    F(PARTITIONS, "partitions", NUMBER, 1, 4096, 65536, "a partition table of more than %s entries",                                       \
      "entries in the table of partitions of one disk image")                                                                              \
    F(HFS_FOLDERS, "hfs-folders", NUMBER, 1, 1 << 18, 1 << 22, "an HFS+ volume of more than %s folders", "folders of one HFS+ volume")     \
    F(HFS_EXTENTS, "hfs-extents", NUMBER, 1, 1 << 20, 1 << 22, "a file in more than %s pieces", "pieces of one file of an HFS+ volume")    \
    F(HFS_INLINE, "hfs-inline", SIZE, 512, 4 << 20, 64 << 20, "a file of more than %s packed in an attribute",                             \
      "bytes that a file packed in its attributes unpacks to")                                                                             \
    F(DISC_DESCRIPTORS, "disc-descriptors", NUMBER, 1, 64, 4096, "more than %s volume descriptors",                                        \
      "volume descriptors of one image of a disc")                                                                                         \
    F(DISC_TREES, "disc-trees", NUMBER, 1, 16, 64, "more than %s trees of folders", "trees of folders of one image of a disc")             \
    F(DISC_FOLDERS, "disc-folders", NUMBER, 1, 1 << 16, 1 << 22, "more than %s folders in an image of a disc",                             \
      "folders of one image of a disc")                                                                                                    \
    F(DISC_FOLDER_SIZE, "disc-folder-size", SIZE, 2048, 16 << 20, 64 << 20, "a folder of more than %s in an image of a disc",              \
      "bytes of one of these folders")                                                                                                     \
    F(DISC_DEPTH, "disc-depth", NUMBER, 1, 64, 65536, "folders more than %s deep in an image of a disc", "these folders in one another")   \
    F(ASAR_SIZE, "asar-header", SIZE, 16, 32 << 20, 64 << 20, "an ASAR archive with a header of more than %s",                             \
      "bytes of the header of an Electron archive")                                                                                        \
    F(ASAR_DEPTH, "asar-depth", NUMBER, 1, 128, 128, "folders more than %s deep", "its folders in one another")                            \
    F(ASAR_MEMORY, "asar-memory", SIZE, 1 << 10, 192 << 20, 256 << 20, "a header of an ASAR archive that takes more than %s",              \
      "bytes of memory that its header may take")                                                                                          \
    F(CARCHIVE_SIZE, "pyinstaller-table", SIZE, 64, 16 << 20, 64 << 20, "a table of contents of PyInstaller of more than %s",              \
      "bytes of the table of contents of what PyInstaller appends")                                                                        \
    F(RAR_BLOCKS, "rar-blocks", NUMBER, 1, 1 << 16, 1 << 24, "more than %s blocks of a RAR archive", "blocks of one RAR archive")          \
    F(ENCODED_SIZE, "text-size", SIZE, 1 << 10, 64 << 20, 128 << 20, "text of more than %s to be decoded",                                 \
      "bytes of text that a file in base64 or uuencode may be")                                                                            \
    F(LZMA_MEMORY, "lzma-memory", SIZE, 64 << 10, 160 << 20, 384 << 20, "data packed by LZMA that needs more than %s of memory",           \
      "bytes of memory for the dictionary of what xz or LZMA packed")                                                                      \
    F(PLIST_SIZE, "plist-size", SIZE, 64, 16 << 20, 64 << 20, "a property list of more than %s", "bytes of one property list")             \
    F(PLIST_DEPTH, "plist-depth", NUMBER, 1, 64, 64, "values more than %s deep in each other in a property list",                          \
      "its values in one another")                                                                                                         \
    F(PLIST_VALUES, "plist-values", NUMBER, 1, 131072, 1 << 20, "a property list of more than %s values", "its values")                    \
    F(XML_SIZE, "xml-size", SIZE, 64, 4 << 20, 64 << 20, "XML of more than %s", "bytes of a document with an XML signature")               \
    F(XML_SIGNATURES, "xml-signatures", NUMBER, 1, 16, 16, "more than %s XML signatures", "XML signatures of one document or package")     \
    F(XML_REFERENCES, "xml-references", NUMBER, 1, 20000, 1 << 20, "more than %s references in an XML signature",                          \
      "references of one XML signature")                                                                                                   \
    F(XML_FORMS, "xml-forms", SIZE, 64, 64 << 20, 1 << 30, "XML signatures that go over more than %s of a document",                       \
      "bytes that the signatures of one document go over, all together")                                                                   \
    F(RELATIONS, "relations", NUMBER, 1, 20000, 1 << 20, "more than %s relations in a package",                                            \
      "relations in one part of an OPC package (VSIX)")                                                                                    \
    F(PART_SIZE, "part-size", SIZE, 64, 8 << 20, 64 << 20, "a part of a package of more than %s",                                          \
      "bytes of a part that has to do with the signature of a package (APPX, NuGet, OPC)")                                                 \
    F(PART_BYTES, "part-bytes", SIZE, 64, UINT64_C(2) << 30, UINT64_C(1) << 50, "signed parts of more than %s",                            \
      "bytes that all parts unpack to that one signature of an OPC package covers")                                                        \
    F(PARTS, "parts", NUMBER, 1, 16384, 1 << 20, "a package of more than %s parts", "parts of one signed package")                         \
    F(XAR_SIZE, "xar-table", SIZE, 64, 16 << 20, 256 << 20, "a table of contents of more than %s",                                         \
      "bytes of the table of contents of a XAR archive (PKG), unpacked")                                                                   \
    F(XAR_DEPTH, "xar-depth", NUMBER, 4, 64, 64, "elements more than %s deep in each other", "elements of that table in one another")      \
    F(XAR_FILES, "xar-files", NUMBER, 1, 100000, 1000000, "more than %s entries in a table of contents",                                   \
      "files, and pieces of them, in that table")                                                                                          \
    F(XAR_SIGNATURES, "xar-signatures", NUMBER, 1, 16, 64, "more than %s signatures in a table of contents", "signatures in that table")   \
    F(XAR_CERTIFICATES, "xar-certificates", NUMBER, 1, 64, 1024, "more than %s certificates of a signature in a table of contents",        \
      "certificates of one of them")                                                                                                       \
    F(XAR_SHARED, "xar-shared", NUMBER, 1, 2, 1000, "files that share bytes, and take more than %s times the archive's size",              \
      "times the size of a XAR archive that its files may take, which may share bytes")                                                    \
    F(SEAL_RULES, "seal-rules", NUMBER, 1, 256, 4096, "a seal of more than %s rules", "rules in the seal of a bundle (CodeResources)")     \
    F(CATALOG_SIZE, "catalog-size", SIZE, 64, 24 << 20, 64 << 20, "a catalog or signature of more than %s",                                \
      "bytes of a security catalog, or another signature that is a file of its own")                                                       \
    F(SCRIPT_SIZE, "script-size", SIZE, 2 << 20, 8 << 20, 64 << 20, "a script of more than %s",                                            \
      "bytes of a script that is read whole; a larger one's end alone is")                                                                 \
    F(SCRIPT_BLOCKS, "script-blocks", NUMBER, 1, 16, 256, "more than %s signature blocks", "signature blocks of one script")               \
    F(ZIP_DIRECTORIES, "zip-directories", NUMBER, 1, 8, 8, "more than %s directories", "directories of one ZIP archive")                   \
    F(ZIP_OVERLAPS, "zip-overlaps", NUMBER, 1, 16, 65536, "more than %s members that share bytes with others",                             \
      "members of one ZIP archive that share bytes with others")                                                                           \
    F(ZIP_UNCLAIMED, "zip-unclaimed", SIZE, 65536, 256 << 20, 1 << 30, "more than %s that belong to no member",                            \
      "bytes of a ZIP archive that belong to no member, and are searched for some")                                                        \
    F(CHUNKS, "disk-chunks", NUMBER, 1, 1 << 20, 1 << 22, "more than %s chunks", "chunks of one disk image")                               \
    F(CHUNK_SIZE, "disk-chunk-size", SIZE, 512, 32 << 20, 64 << 20, "a chunk of more than %s",                                             \
      "bytes that one of them is, packed or unpacked")                                                                                     \
    F(ANOMALIES, "anomalies", NUMBER, 1, 64, 64, "more than %s oddities", "oddities of one file that are told; the rest is counted")       \
    F(MATCHES, "matches", NUMBER, 1, 256, 256, "more than %s matches", "matches of one file with rules that are told")                     \
    F(CARVE_WINDOW, "carve-window", SIZE, 65536, 64 << 20, 1 << 30, "more than %s from either end",                                        \
      "bytes from either end of a file that are searched for signatures and, where all is to be, for files; up to 16 times it a file is "  \
      "searched whole")                                                                                                                    \
    F(CARVE_CANDIDATES, "carve-candidates", NUMBER, 1, 4096, 65536, "more than %s places that look like signatures",                       \
      "places that look like a signature and are tried")                                                                                   \
    F(CARVE_CERTIFICATES, "carve-certificates", NUMBER, 1, 1024, 4096, "more than %s certificates found by searching",                     \
      "certificates found by searching that are kept")                                                                                     \
    F(CARVE_PLACES, "carve-places", NUMBER, 1, 4096, 65536, "more than %s places that look like certificates",                             \
      "places that look like a certificate and are tried")                                                                                 \
    F(CARVE_BUDGET, "carve-budget", SIZE, 4096, 256 << 20, 1 << 30, "more than %s of what looks like signatures and is none",              \
      "bytes that are gone through for what looks like a signature and is none")                                                           \
    F(CARVE_TEXTS, "carve-texts", NUMBER, 1, 32, 4096, "more than %s stretches of base64",                                                 \
      "stretches of base64 that are decoded to be searched")                                                                               \
    F(CARVE_TEXT_SIZE, "carve-text-size", SIZE, 1 << 10, 1 << 20, 64 << 20, "a stretch of base64 of more than %s",                         \
      "bytes of one of these stretches")                                                                                                   \
    F(MSI_TABLE, "msi-table", SIZE, 64, 16 << 20, 32 << 20, "a table of more than %s in a package of Windows Installer",                   \
      "bytes of one table of an MSI, or of its strings")                                                                                   \
    F(TIMESTAMPS, "timestamps", NUMBER, 1, 64, 64, "more than %s time stamps of a signature", "time stamps of one signature")              \
    F(PACKED_END, "packed-end", SIZE, 512, 64 << 20, UINT64_C(1) << 50,                                                                    \
      "a packed file of more than %s, behind which no archives are looked for",                                                            \
      "bytes that a packed file (gzip, bzip2, xz) is unpacked to for its end; behind a longer one no archives are found, only programs")   \
    F(BUNDLE_FILES, "bundle-files", NUMBER, 1, 200000, 1 << 22, "more than %s files in a bundle", "files of one bundle of macOS")          \
    F(BUNDLE_DEPTH, "bundle-depth", NUMBER, 1, 64, 256, "folders more than %s deep in a bundle",                                           \
      "its folders in one another, on the disk")                                                                                           \
    F(BUNDLES, "sealed-folders", NUMBER, 1, 1024, 65536, "more than %s sealed folders", "bundles with a seal in one archive or bundle")    \
    F(CATALOGS_SIZE, "catalogs-size", SIZE, 64, UINT64_C(4) << 30, UINT64_C(1) << 50, "catalogs of more than %s together",                 \
      "bytes that the catalogs of a run are, all together")                                                                                \
    F(CATALOG_FILES, "catalog-files", NUMBER, 1, 1 << 20, 1 << 24, "a catalog that lists more than %s files",                              \
      "files that one catalog lists")                                                                                                      \
    F(CATALOGS_FILES, "catalogs-files", NUMBER, 1, 1 << 24, 1 << 27, "catalogs that list more than %s files together",                     \
      "files that the catalogs of a run list, all together")                                                                               \
    F(HASH_SIZE, "hash-size", SIZE, 1, UINT64_C(4) << 30, UINT64_C(1) << 50,                                                               \
      "larger than %s, and not hashed for the rules that give a hash without a size",                                                      \
      "bytes of a file that is hashed only because some rule gives a hash and no size; --verify hashes any")                               \
    F(STDIN_SIZE, "stdin-size", SIZE, 1, 1 << 30, UINT64_C(1) << 50, "more than %s on standard input", "bytes of standard input")          \
    F(FOLDER_DEPTH, "folder-depth", NUMBER, 1, 4096, 65536, "folders more than %s deep", "folders in one another that are walked")         \
    F(NAMES, "file-names", NUMBER, 1, 1024, 65536, "more than %s further names of a file",                                                 \
      "further names (hard links) of one file that are told, and moved with it; the rest is counted")                                      \
    F(HELPER_SIZE, "helper-size", SIZE, 1 << 10, UINT64_C(2) << 30, UINT64_C(1) << 40,                                                     \
      "more than %s of memory for what a helper takes and unpacks",                                                                        \
      "bytes of what 7z or innoextract is given, and of what it unpacks; never more than a reader's share of half of the memory")          \
    F(HELPER_FILES, "helper-files", NUMBER, 8, 200000, 1 << 22, "more than %s files and folders that a helper unpacks",                    \
      "files and folders that it may make")                                                                                                \
    F(HELPER_DEPTH, "helper-depth", NUMBER, 1, 128, 256, "folders more than %s deep that a helper unpacks",                                \
      "folders in one another that it may make")                                                                                           \
    F(READER_MEMORY, "reader-memory", SIZE, 64 << 20, 512 << 20, UINT64_C(1) << 40, "more than %s of memory for a reader",                 \
      "bytes of address space of a process that reads files")                                                                              \
    F(RESTARTS, "restarts", NUMBER, 1, 100, 100000, "more than %s readers have died: this run examines nothing more",                      \
      "readers that may die in one run; a dead one is replaced after a second")

enum limit {
#define ENUMERATOR(X, id, ...) LIMIT_##id,
    OWN_LIMITS(ENUMERATOR, 0)
#undef ENUMERATOR
        LIMIT_OWN_COUNT, /* of those with an option of their own */
    LIMIT_OWN_LAST = LIMIT_OWN_COUNT - 1,
#define ENUMERATOR(id, ...) LIMIT_##id,
    NAMED_LIMITS(ENUMERATOR)
#undef ENUMERATOR
        LIMIT_COUNT
};

/* What is usual and what is possible of the named ones, as constants; of one that is larger than they can be, INT_MAX: nothing is made for
 * so many. */
enum {
#define LIMIT_CONSTANT(n) ((n) > INT_MAX ? INT_MAX : (int)(n))
#define CONSTANTS(id, name, kind, least, usual, greatest, ...)                                                                             \
    LIMIT_##id##_USUAL = LIMIT_CONSTANT(usual), LIMIT_##id##_GREATEST = LIMIT_CONSTANT(greatest),
    NAMED_LIMITS(CONSTANTS)
#undef CONSTANTS
#undef LIMIT_CONSTANT
};

struct limit_row {
    const char *name;
    const char *option; /* its own, without --; NULL: --limit alone sets it */
    bool bytes;         /* it is a number of bytes */
    uint64_t least, usual, greatest;
    const char *past; /* what is past it, with %s for the number */
    const char *what; /* it bounds */
};
extern const struct limit_row limit_table[LIMIT_COUNT];

/* What the user asked for; 0: the usual. */
struct limits {
    uint64_t most[LIMIT_COUNT];
};

/* limit_most is the limit that holds; limits may be NULL: the usual ones. */
uint64_t limit_most(const struct limits *limits, enum limit which);

/* limit_seconds is how long a file of that size may take. */
uint64_t limit_seconds(const struct limits *limits, uint64_t size);

/* limit_cpu_seconds is the processor time that a reader may use for a file of that size, hashing it included: past it, the reader is
 * ended. Reading alone is to give up before, at LIMIT_CPU. */
uint64_t limit_cpu_seconds(const struct limits *limits, uint64_t size);

/* limit_arena is an empty arena of LIMIT_MEMORY bytes: for the tables of one container, or one member of it. The limits outlive it. */
struct arena limit_arena(const struct limits *limits);

/* limit_reached raises ERR_LIMIT in the usual words: "return limit_reached(limits, LIMIT_DEPTH, err)". */
bool limit_reached(const struct limits *limits, enum limit which, struct error *err);
#define limit_reached(...) error_false((limit_reached)(__VA_ARGS__)) /* as in base/error.h */

/* limit_of_memory: what a reader has no memory for (error_memory), LIMIT_READER_MEMORY keeps from it. The error then says so. */
void limit_of_memory(struct error *err);

/* limit_name is the name of the limit that an error is about; NULL: it is about none, or no number of one. */
const char *limit_name(const struct error *err);

/* limit_find is the limit of that name; LIMIT_COUNT when there is none. */
enum limit limit_find(struct bytes name);

enum { LIMIT_TEXT_SIZE = 40 };

/* limit_text writes a number as a user may write it: 64, of bytes 16M. */
void limit_text(char out[LIMIT_TEXT_SIZE], enum limit which, uint64_t n);

#endif
