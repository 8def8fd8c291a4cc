/* sigroot - whom keyless signatures are to be trusted by: Sigstore's trusted root.
 *
 * The file "trusted_root.json" names certificate authorities (Fulcio), transparency
 * logs (Rekor), certificate logs and timestamp authorities, each with the time in which it counts. It is
 * given by the user; nothing is fetched. Owns its keys; immutable once read.
 */
#ifndef SOURCE_SIGROOT_H
#define SOURCE_SIGROOT_H

#include "crypto/cert.h"

enum { SIGROOT_MAX = 1 << 20, SIGROOT_ENTRIES_MAX = 100 };

struct sigroot_log {
	str id;			/* 32 bytes */
	struct pubkey *key;
	int64_t from, until;	/* seconds since 1970 */
};

struct sigroot_authority {
	struct cert_list roots, between;
	int64_t from, until;
};

struct sigroot {
	struct arena mem;
	struct sigroot_log *logs, *cert_logs;
	size_t logs_n, cert_logs_n;
	struct sigroot_authority *authorities;
	size_t authorities_n;
	struct sigroot_authority *stampers; /* timestamp authorities */
	size_t stampers_n;
};

/* "unable to parse trusted root: ..." */
err *sigroot_read(struct sigroot *out, str json) __attribute__((warn_unused_result));
void sigroot_release(struct sigroot *r);
/* The log of that id that counted at that time; NULL: none. */
const struct sigroot_log *sigroot_find(const struct sigroot_log *logs, size_t n, str id, int64_t at);

#endif
