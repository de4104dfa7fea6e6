/* SPDX-License-Identifier: Apache-2.0 */
/* The working state of one file's examination, shared by match.c, prove.c, decide.c and describe.c. Lives in the file's arena. */
#ifndef CERTBAN_SCAN_EXAM_H
#define CERTBAN_SCAN_EXAM_H

#include "crypto/cms_verify.h"
#include "crypto/digest.h"
#include "format/format.h"
#include "scan/examine.h"

/* A key of a rule that fits something in the file. */
struct match {
    const struct key *key;
    enum role role;
    size_t signature;                       /* index; NO_SIGNATURE for the file itself */
    const struct cert *cert;                /* NULL: not found through a certificate */
    const struct code_directory *directory; /* of a cdhash; else NULL */
    enum proof proof;
    bool weak;                 /* flags at most */
    const struct rule *excuse; /* whose dates or exceptions excuse it (the rule's own), or the allow rule that does; NULL: it counts */
};

struct budget;

#define NO_SIGNATURE SIZE_MAX
enum { MATCHES_MAX = LIMIT_MATCHES_GREATEST };

/* What is known of one signature once it was proven. */
struct proven {
    bool done;
    enum check digest; /* all claims together */
    enum check pages;
    const char *detail; /* why the digest does not fit; "" */
    struct signer_proof signer;
    struct timestamp *timestamps;
    size_t n_timestamps;
    int64_t signed_at; /* earliest good time stamp; TIME_NONE */
    bool has_chain;
    struct chain chain;
};

struct exam {
    struct examiner *examiner;
    struct source *source;
    struct arena *arena;
    const char *path;            /* of the outermost file */
    struct beside *beside;       /* what is in the same folder or archive; NULL: that can't be had */
    const struct format *format; /* the first that read the file; NULL for other */
    struct contents contents;
    struct proven *proven; /* one a signature; NULL before proof */
    struct match *matches;
    size_t n_matches, room_matches;
    enum action asked;              /* the strongest that it or something in it asks for, whatever archives lie between */
    const struct rule *spared_rule; /* one that hit a certificate that nobody may ban; NULL: none did */
    bool has_digests;               /* of the whole file: the first n_digests of SHA-256, SHA-1, MD5 */
    size_t n_digests;
    const char **urls; /* examiner.addresses */
    size_t n_urls;
    uint8_t md5[16], sha1[20], sha256[32];
};

/* examine_part does the whole examination of a file or member: exam comes with its examiner, source, arena and path; inside is "" for the
 * file itself. What lies in it goes to the sink, what is said of it to out. */
void examine_part(struct exam *exam, const char *inside, struct budget *budget, struct verdict_sink *sink, struct verdict *out);

/* match_identities looks up everything the file carries by its headers and signatures alone. */
void match_identities(struct exam *exam);

/* match_file looks up the whole-file digests, once they are computed. */
void match_file(struct exam *exam);

/* match_version looks up what a program says of itself in its version resource, when a rule may ask for it: the resource was read. */
void match_version(struct exam *exam);

/* match_names_anchor says whether a rule may hit a trust anchor, so that chains must be built to know whom it hits. match_anchors, behind
 * prove_all, looks up what the chains end in and no file carries. */
bool match_names_anchor(struct examiner *examiner);
void match_anchors(struct exam *exam);

/* match_wants_file says whether a rule may name this file by a hash of its bytes. */
bool match_wants_file(const struct exam *exam);

/* match_allows excuses matches by the allow rules that fit what was proven. */
void match_allows(struct exam *exam);

/* match_issuer says whether a key's issuer, as far as it gives one, is the certificate's. */
bool match_issuer(const struct key *key, struct bytes issuer, struct arena *arena);

/* prove_all hashes the claims and the file (digests) in one pass, checks signers, time stamps and chains. */
void prove_all(struct exam *exam, bool file_digests);

/* hash_file computes the whole-file digests alone, as many as the list names. */
void hash_file(struct exam *exam);

/* prove_twin says whether a certificate is another spelling of the signer's: what is signed of it is the same, so that its key is the one
 * that signed. */
bool prove_twin(const struct cert *signer, const struct cert *cert);

/* prove_matches sets each match's proof from what prove_all found, and applies the rules' conditions; drops what does not apply. */
void prove_matches(struct exam *exam);

/* revoked_timestamps takes the trust from time stamps whose authority is revoked, in the same revocation lists as all else. */
CERTBAN_MUST_USE bool revoked_timestamps(struct exam *exam, struct timestamp *stamps, size_t n, struct error *err);

/* revoked_matches drops those matches with revocation lists that do not hold: lists that their issuers did not sign, certificates that
 * are no longer on hold or signed nothing here. Behind prove_matches. */
void revoked_matches(struct exam *exam);

/* What is known of who stands above a certificate. */
struct above {
    const struct cert *issuer; /* who signed it; NULL: that is not known */
    const struct cert *root;   /* the last one of the chain that it is in; NULL with issuer */
    const struct cert *bag;    /* the certificates that came with it */
    size_t n_bag;
};

/* above_leaf is that of the certificate for which the chain was built, with that bag; above_cert that of one in a signature, where it is
 * the signer's or stands in the chain (p may be NULL: nothing was proven). */
struct above above_leaf(const struct chain *chain, const struct cert *bag, size_t n_bag);
struct above above_cert(const struct signature *s, const struct proven *p, const struct cert *cert);

/* revoked_state fills in what revocation lists say of a certificate. Nothing without lists. */
void revoked_state(const struct exam *exam, const struct cert *cert, const struct above *above, struct cert_info *info);

/* addresses_note keeps the addresses that a certificate gives, each once. */
void addresses_note(struct exam *exam, const struct cert *cert);

/* prove_conditions says whether the conditions hold that say which files a rule is about, and which signatures (NO_SIGNATURE: it fits by
 * none); dates and exceptions are apart, they excuse instead. */
bool prove_conditions(struct exam *exam, const struct conditions *only, size_t signature);

/* conditions_fit_file and conditions_fit_path are those of them that ask what a file is (its format's name, "" for other) and says of
 * itself, and where it lies; folder is where the user stands, for a path from there (NULL: not known). */
bool conditions_fit_file(const struct conditions *only, const char *format, const struct version_info *v);
bool conditions_fit_path(const struct conditions *only, const char *path, const char *folder, struct arena *arena);

/* prove_role_fits says whether a certificate that stands there is what a rule with that role means: any is the signer or who vouches for
 * it, since a banned authority that only stamped the time, or lies in the bag, signed nothing. */
bool prove_role_fits(enum role wanted, enum role is);

/* prove_dates_excuse says whether a rule's dates waive it for what was verifiably signed at that time: no time stamp (TIME_NONE), no
 * waiver. */
bool prove_dates_excuse(const struct conditions *only, int64_t when);

/* prove_exceptions says whether the file is one of those that the conditions except. Where a rule fits by a signature, it is only if that
 * covers the file: else it would be another one than was meant. */
bool prove_exceptions(struct exam *exam, const struct conditions *only, size_t signature);

/* decide_finding is the file's own finding by its matches, anomalies and what was unreadable. */
enum finding decide_finding(const struct exam *exam);

/* decide_action is the strongest action that a match asks for; ACTION_REPORT when none does. */
enum action decide_action(const struct exam *exam);

/* describe_fill writes the exam into a verdict: matches always, signatures and certificates when wanted. */
void describe_fill(struct exam *exam, struct verdict *verdict, bool signatures);

#endif
