/* awsprofile - a profile of Amazon's shared files, as their SDK for Go reads it.
 *
 * ~/.aws/config has sections "[default]" and "[profile NAME]", ~/.aws/credentials "[NAME]";
 * what the second says counts where both say something. $AWS_CONFIG_FILE and
 * $AWS_SHARED_CREDENTIALS_FILE name others, $AWS_PROFILE or $AWS_DEFAULT_PROFILE the profile.
 * A profile may take its keys from another (source_profile), which is read with it:
 *
 *	struct awsprofile p;
 *	TRY(awsprofile_load(a, get, environment, &p));
 *	for (const struct awsprofile *q = &p; q; q = q->source)
 *		...
 *
 * Lines that are no "key = value" are passed over, as are those that are set in: they belong
 * to the setting above them. Texts are copied. Any thread.
 */
#ifndef TEXT_AWSPROFILE_H
#define TEXT_AWSPROFILE_H

#include "base/arena.h"
#include "base/err.h"

enum { AWSPROFILE_FILE_MAX = 1 << 20, AWSPROFILE_CHAIN_MAX = 16 };

struct awsprofile {
	bool found;
	str id, secret, session;
	str region;
	/* Of the role that is assumed in the end; the file vouches for it. */
	str role_arn, role_session, role_seconds, external_id, mfa_serial, token_file;
	/* Where the keys come from that assume it: the container, a program, another profile. */
	str credential_source, process, source_name;
	const struct awsprofile *source;
	/* A setting by which somebody logs in by hand; empty: there is none. */
	str login;
};

/* Lay what the text says of a profile (empty: "default") over `p`. */
void awsprofile_read(struct arena *a, struct awsprofile *p, str text, str name, bool config);

/* Read the profile that the environment names (`get` gives a variable, or an empty text), and
 * those that it names. Of a file that cannot be read nothing is known. Without $AWS_PROFILE a
 * profile that is not there is just not found. "failed to get shared config profile, x", and
 * what else the SDK says. */
err *awsprofile_load(struct arena *a, str (*get)(const void *ctx, const char *name),
		     const void *ctx, struct awsprofile *out) __attribute__((warn_unused_result));

#endif
