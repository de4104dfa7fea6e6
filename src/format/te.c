/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs for firmware with their PE headers cut down (TE image, "Terse Executable": UEFI Platform Initialization, volume 1, 15). There is
 * no certificate table in them: what vouches for them stands around them, in the firmware's volume. What is found in one all the same is
 * told.
 *
 * Refused by the probe, as by firmware: another machine or subsystem than UEFI knows, or no section.
 */
#include "asn1/carve.h"
#include "base/reader.h"
#include "format/format.h"

/*
 *  0 u16 Signature "VZ", 2 u16 Machine, 4 u8 NumberOfSections, 5 u8 Subsystem, 6 u16 StrippedSize, 8 u32 AddressOfEntryPoint,
 * 12 u32 BaseOfCode, 16 u64 ImageBase, 24 two data directories: u32 VirtualAddress, u32 Size each; 40 bytes in all
 */
enum { TE_HEADER = 40, SUBSYSTEM_FIRST = 10, SUBSYSTEM_LAST = 13 };

static bool is_machine(uint16_t machine) {
    static const uint16_t machines[] = {
        0x014c, 0x8664, 0x01c2, 0xaa64, 0x0200, 0x0ebc, 0x5032, 0x5064, 0x5128, 0x6232, 0x6264,
    };
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        if (machines[i] == machine) {
            return true;
        }
    }
    return false;
}

static bool probe(const struct probe *probe) {
    struct reader r = reader_make(bytes_cut(probe->head, 0, TE_HEADER), 0);
    bool named = bytes_is(reader_bytes(&r, 2), "VZ");
    uint16_t machine = reader_u16le(&r);
    uint8_t sections = reader_u8(&r), subsystem = reader_u8(&r);
    reader_skip(&r, TE_HEADER - 6);
    return named && reader_ok(&r) && is_machine(machine) && sections != 0 && subsystem >= SUBSYSTEM_FIRST && subsystem <= SUBSYSTEM_LAST;
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    size_t added;
    return carve_source(contents, arena, source, 0, source->size, &added, err);
}

const struct format format_te = {
    .name = "te",
    .long_name = "program for firmware (TE)",
    .first = FIRST_OCTETS("V"),
    .probe = probe,
    .read = read,
};
