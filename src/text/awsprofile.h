/* awsprofile - a profile of Amazon's shared files, as their SDK for Go reads it.
 *
 * ~/.aws/config has sections "[default]" and "[profile NAME]", ~/.aws/credentials "[NAME]";
 * what the second says counts where both say something:
 *
 *	struct awsprofile p = { 0 };
 *	awsprofile_read(a, &p, config, name, true);
 *	awsprofile_read(a, &p, credentials, name, false);
 *
 * Lines that are no "key = value" are passed over, as are those that are set in: they belong
 * to the setting above them. Texts are copied. Any thread.
 */
#ifndef TEXT_AWSPROFILE_H
#define TEXT_AWSPROFILE_H

#include "base/arena.h"

struct awsprofile {
	bool found;
	str id, secret, session;
	str region;
	str role_arn, role_session, token_file;
	/* A setting by which keys are got in another way (a process, a login, another profile's);
	 * empty: there is none. */
	str other;
};

/* Lay what the text says of a profile (empty: "default") over `p`. */
void awsprofile_read(struct arena *a, struct awsprofile *p, str text, str name, bool config);

#endif
