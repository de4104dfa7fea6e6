/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: CFHEADER, CFFOLDER and CFFILE of [MS-CAB]. Nothing is refused but a header that is cut short: tables are read as far as
 * they go, and what is missing of them is told.
 */
#include "layout/cab.h"

#include "base/reader.h"

enum { HAS_BEFORE = 1, HAS_NEXT = 2, HAS_RESERVE = 4, FOLDER_SIZE = 8, FILE_SIZE = 16, NAME_MAX_BYTES = 257 };

/*
 * abReserve of a signed cabinet: u16 length of a first structure (0), u16 length of the second (16), the first, the second:
 * u32 offset of the signature, u32 its size, 8 bytes of filler.
 */
static void read_reserve(struct cab_header *header) {
    struct reader r = reader_make(header->reserve, CAB_RESERVE_AT);
    uint16_t first = reader_u16le(&r), second = reader_u16le(&r);
    reader_skip(&r, first);
    uint32_t at = reader_u32le(&r), size = reader_u32le(&r);
    if (!reader_ok(&r) || second != CAB_POINTER_SIZE || (at == 0 && size == 0)) {
        return;
    }
    header->has_pointer = true;
    header->first_n = first;
    header->signature_at = at;
    header->signature_size = size;
    header->pointer_end = (size_t)CAB_LENGTHS + first + second;
}

/*
 * CFHEADER: 0 "MSCF", 4 checksum, 8 u32 cbCabinet, 16 u32 coffFiles, 26 u16 cFolders, 28 u16 cFiles, 30 u16 flags, 32 u16 setID,
 * 34 u16 iCabinet; with flag 4: 36 u16 cbCFHeader, 38 u8 cbCFFolder, 39 u8 cbCFData, 40 abReserve (cbCFHeader bytes).
 */
bool cab_header_read(struct cab_header *header, struct source *source, struct arena *arena, struct error *err) {
    struct bytes b;
    bool short_reserve = false;
    if (!source_read_some(source, arena, 0, CAB_RESERVE_AT, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    *header = (struct cab_header){.reserve = bytes_none()};
    reader_skip(&r, 8);
    header->size = reader_u32le(&r);
    reader_skip(&r, 4);
    header->files_at = reader_u32le(&r);
    reader_skip(&r, 4);
    header->version = reader_u16le(&r);
    header->n_folders = reader_u16le(&r);
    header->n_files = reader_u16le(&r);
    header->flags = reader_u16le(&r);
    header->set = reader_u16le(&r);
    header->index = reader_u16le(&r);
    if ((header->flags & HAS_RESERVE) != 0) {
        uint16_t n = reader_u16le(&r);
        header->folder_reserve = reader_u8(&r);
        header->data_reserve = reader_u8(&r);
        if (!source_read_some(source, arena, CAB_RESERVE_AT, n, &header->reserve, err)) {
            return false;
        }
        short_reserve = header->reserve.n < n;
    }
    header->behind = r.at + header->reserve.n;
    if (!reader_ok(&r) || short_reserve) {
        return error_set(err, ERR_MALFORMED, "the file ends in the header of the cabinet");
    }
    read_reserve(header);
    return true;
}

static void cut(struct cab_tables *tables, const char *what, uint64_t at) {
    if (tables->cut.kind == ERR_NONE) {
        error_set(&tables->cut, ERR_MALFORMED, "%s at 0x%llx is cut short", what, (unsigned long long)at);
    }
}

/* Behind the reserve: szCabinetPrev and szDiskPrev with flag 1, szCabinetNext and szDiskNext with flag 2, each with its NUL; then
 * CFFOLDER: 0 u32 coffCabStart, 4 u16 cCFData, 6 u16 typeCompress, reserve. */
static bool read_folders(struct cab_tables *tables, const struct cab_header *header, struct source *source, struct arena *arena,
                         struct error *err) {
    struct bytes b;
    size_t each = FOLDER_SIZE + (size_t)header->folder_reserve;
    if (!source_read_some(source, arena, header->behind, (uint64_t)4 * NAME_MAX_BYTES + each * header->n_folders, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, header->behind);
    for (unsigned flag = HAS_BEFORE; flag <= HAS_NEXT; flag *= 2) {
        if ((header->flags & flag) != 0) {
            struct bytes name = reader_text(&r, NAME_MAX_BYTES);
            (void)reader_text(&r, NAME_MAX_BYTES);
            *(flag == HAS_BEFORE ? &tables->before : &tables->next) = reader_ok(&r) ? (const char *)name.p : NULL; /* its NUL follows */
        }
    }
    tables->folders = arena_array(arena, header->n_folders, sizeof *tables->folders);
    if (tables->folders == NULL) {
        return arena_full(arena, err);
    }
    for (size_t i = 0; i < header->n_folders; i++) {
        struct cab_folder folder = {.at = reader_u32le(&r)};
        folder.n_blocks = reader_u16le(&r);
        folder.method = reader_u16le(&r);
        reader_skip(&r, header->folder_reserve);
        if (!reader_ok(&r)) {
            cut(tables, "the table of folders", header->behind);
            break;
        }
        tables->folders[tables->n_folders++] = folder;
    }
    return true;
}

/* CFFILE: 0 u32 cbFile, 4 u32 uoffFolderStart, 8 u16 iFolder, 10 date, 12 time, 14 attributes, 16 name and its NUL. */
static bool read_files(struct cab_tables *tables, const struct cab_header *header, struct source *source, struct arena *arena,
                       struct error *err) {
    struct bytes b;
    if (!source_read_some(source, arena, header->files_at, (uint64_t)(FILE_SIZE + NAME_MAX_BYTES) * header->n_files, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, header->files_at);
    tables->files = arena_array(arena, header->n_files, sizeof *tables->files);
    if (tables->files == NULL) {
        return arena_full(arena, err);
    }
    for (size_t i = 0; i < header->n_files; i++) {
        struct cab_file file = {.size = reader_u32le(&r)};
        file.at = reader_u32le(&r);
        file.folder = reader_u16le(&r);
        reader_skip(&r, 6);
        struct bytes name = reader_text(&r, NAME_MAX_BYTES);
        if (!reader_ok(&r)) {
            cut(tables, "the table of files", header->files_at);
            break;
        }
        file.name = (const char *)name.p; /* its NUL follows */
        tables->files[tables->n_files++] = file;
    }
    return true;
}

bool cab_tables_read(struct cab_tables *tables, const struct cab_header *header, struct source *source, struct arena *arena,
                     struct error *err) {
    *tables = (struct cab_tables){0};
    if (!read_folders(tables, header, source, arena, err) || !read_files(tables, header, source, arena, err)) {
        return false;
    }
    uint64_t end = header->size < source->size ? header->size : source->size;
    for (size_t i = 0; i < tables->n_folders; i++) {
        struct cab_folder *folder = &tables->folders[i];
        folder->packed = folder->at < end ? end - folder->at : 0;
    }
    return true;
}
