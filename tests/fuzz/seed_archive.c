/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seeds of fuzz_archive to a folder: seed_archive FOLDER. */
#include <stdio.h>

#include "../source/make_archive.h"

static int save(const char *folder, const char *name, struct bytes b) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = b.n != 0 ? fopen(path, "wbe") : NULL;
    int bad = file == NULL || fwrite(b.p, 1, b.n, file) != b.n;
    return (file != NULL && fclose(file) != 0) || bad;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        made_as *format, *filter;
        const char *options;
    } seeds[] = {
        {"v7", archive_write_set_format_v7tar, made_plain, ""},
        {"gnu", archive_write_set_format_gnutar, made_plain, ""},
        {"pax", archive_write_set_format_pax, made_plain, ""},
        {"tgz", archive_write_set_format_ustar, archive_write_add_filter_gzip, ""},
        {"tbz", archive_write_set_format_ustar, archive_write_add_filter_bzip2, ""},
        {"txz", archive_write_set_format_ustar, archive_write_add_filter_xz, ""},
        {"tlzma", archive_write_set_format_ustar, archive_write_add_filter_lzma, ""},
        {"tlz", archive_write_set_format_ustar, archive_write_add_filter_lzip, ""},
        {"tzst", archive_write_set_format_ustar, archive_write_add_filter_zstd, ""},
        {"tlz4", archive_write_set_format_ustar, archive_write_add_filter_lz4, ""},
        {"tz", archive_write_set_format_ustar, archive_write_add_filter_compress, ""},
        {"cpio", archive_write_set_format_cpio_newc, archive_write_add_filter_gzip, ""},
        {"lzma2.7z", archive_write_set_format_7zip, made_plain, "7zip:compression=lzma2"},
        {"bzip2.7z", archive_write_set_format_7zip, made_plain, "7zip:compression=bzip2"},
        {"deflate.7z", archive_write_set_format_7zip, made_plain, "7zip:compression=deflate"},
        {"ppmd.7z", archive_write_set_format_7zip, made_plain, "7zip:compression=ppmd"},
        {"iso", archive_write_set_format_iso9660, made_plain, "!pad"},
        {"ar", archive_write_set_format_ar_bsd, made_plain, ""},
    };
    const struct part parts[] = {{"a.txt", bytes_text("first of all files")}, {"d/b.exe", bytes_text("MZ second file, a longer one")}};
    const struct part flat[] = {{"a.txt", bytes_text("first of all files")}, {"b.exe", bytes_text("MZ second file, a longer one")}};
    struct arena arena = arena_make((size_t)64 << 20);
    int bad = argc != 2;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds && !bad; i++) {
        bool is_ar = seeds[i].format == archive_write_set_format_ar_bsd;
        bad =
            save(argv[1], seeds[i].name, make_archive(&arena, seeds[i].format, seeds[i].filter, seeds[i].options, is_ar ? flat : parts, 2));
    }
    bad = bad || save(argv[1], "gz", make_archive(&arena, archive_write_set_format_raw, archive_write_add_filter_gzip, "", flat + 1, 1));
    bad = bad || save(argv[1], "rar5", make_rar(&arena, "d/e.exe", bytes_text("MZ content of it")));
    arena_free(&arena);
    return bad;
}
