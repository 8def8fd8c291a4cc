/* sct - whether a certificate was shown to a public log before it was made.
 *
 * Fulcio's certificates hold signed timestamps of certificate logs (RFC 6962). One
 * of them, by a log of the trusted root, must hold for the certificate as it was
 * before they were put into it. Any thread.
 */
#ifndef SOURCE_SCT_H
#define SOURCE_SCT_H

#include "source/sigroot.h"

err *sct_check(struct arena *a, const struct sigroot *root, const struct cert *c,
	       const struct cert *issuer) __attribute__((warn_unused_result));

#endif
