/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seeds of the ASN.1 targets into the folder named (tests/fuzz/seeds); run by hand when tests/asn1/build.h changes. */
#include <stdio.h>
#include <sys/stat.h>

#include "../asn1/build.h"

static const char *folder;

static void seed(const char *target, const char *name, struct bytes b) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wbe");
    if (file == NULL || fwrite(b.p, 1, b.n, file) != b.n || fclose(file) != 0) {
        perror(path);
    }
}

int main(int argc, char **argv) {
    struct arena whole = arena_make(ARENA_FILE_CAP), *arena = &whole;
    if (argc != 2) {
        return 64;
    }
    folder = argv[1];
    struct bytes leaf = build_cert(arena, "issuer", "leaf", B("\x12\x34"), "key");
    struct bytes plain =
        build_signed_data(arena, leaf, bytes_none(), build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), bytes_none()));
    struct bytes opus =
        SEQ(PRIM(DER_CONTEXT_0_CONS, PRIM(DER_CONTEXT_0, B("\0A"))), PRIM(DER_CONTEXT_1_CONS, PRIM(DER_CONTEXT_0, B("http://a/"))));
    struct bytes attributes =
        join(arena, build_attribute(arena, OID_SPC_NESTED_SIGNATURE, plain),
             SEQ(build_dotted(arena, "1.2.3"), SET(PRIM(DER_OCTET_STRING, leaf))), build_attribute(arena, OID_SPC_RFC3161, plain),
             build_attribute(arena, OID_COUNTERSIGNATURE, build_signer(arena, "tsa", B("\x01"), bytes_none(), bytes_none())), END);
    struct bytes full =
        build_signed_data(arena, join(arena, leaf, B("\xff"), leaf, END), leaf,
                          build_signer(arena, "issuer", B("\x12\x34"), build_attribute(arena, OID_SPC_OPUS_INFO, opus), attributes));
    struct bytes by_key = SEQ(B("\x02\x01\x03"), PRIM(DER_CONTEXT_0, B("\x12\x34")), build_digest_algorithm(arena), build_algorithm(arena),
                              B("\x24\x80\x04\x02si\x04\x02gn\0\0"));
    seed("der", "all",
         B("\x30\x80\x24\x80\x04\x02he\x24\x05\x04\x01l\x04\x00\x24\x80\x04\x02lo\0\0\0\0\x17\x0d"
           "230329120000Z\x30\x81\x05\x06\x03\x55\x1d\x0e\0\0"));
    seed("der", "certificate", leaf);
    seed("x509", "leaf", leaf);
    seed("x509", "trailing",
         SEQ(build_tbs(arena, "issuer", "third", B("\0\0\x11"), "key"), build_algorithm(arena), PRIM(DER_BIT_STRING, B("\x00x")),
             B("\x05\x00")));
    seed("x509", "indefinite",
         join(arena, B("\x30\x80"), build_tbs(arena, "i", "s", B("\x91"), "key"), build_algorithm(arena), B("\x03\x81\x02\x04x\0\0"), END));
    seed("cms", "plain", plain);
    seed("cms", "full", full);
    seed("cms", "several", build_signed_data(arena, leaf, bytes_none(), join(arena, by_key, by_key, END)));
    seed("cms", "none", build_signed_data(arena, leaf, bytes_none(), bytes_none()));
    seed("name", "one", build_name(arena, "J\xc3\xbcrgen"));
    seed("name", "set",
         SEQ(SET(SEQ(build_dotted(arena, "2.5.4.6"), PRIM(DER_PRINTABLE, B("CY")))),
             SET(SEQ(build_dotted(arena, "2.5.4.3"), PRIM(DER_BMP, B("\0a\xd8\x3d\xde\x00"))),
                 SEQ(build_dotted(arena, "1.2.3"), PRIM(DER_T61, B("\xfc"))))));
    seed("name", "text", B("CN=\"a, \"\"b\"\" \",OU=c\\2C\\,d+SN=x, y,2.5.4.6=#130243 59,C=CY"));
    seed("name", "oneline", B("/C=CY/O=a, b/CN=c"));
    seed("carve", "between", join(arena, B("junk 0\x82 0\x80 "), leaf, B("0\x82\x01"), plain, bytes_cut(full, 0, full.n - 5), END));
    arena_free(arena);
    return 0;
}
