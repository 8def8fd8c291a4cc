/* gitverify - whether the commit or the tag was signed by one of the keys.
 *
 * The Secret's keys ending in ".sshpub" hold SSH keys, all others OpenPGP key
 * rings. Whatever is not verified is refused: no signature, another kind than
 * there are keys for, a mode that needs a tag where there is none. Errors are
 * marked (failure.h). Worker threads.
 */
#ifndef SOURCE_GITVERIFY_H
#define SOURCE_GITVERIFY_H

#include "source/gitsource.h"

/* *message is that of the condition: which object with which key. */
err *gitverify_run(struct arena *a, const struct gitcheckout *c, const struct gitsource_spec *spec,
		   int64_t deadline, const atomic_bool *cancel, str *message)
	__attribute__((warn_unused_result));

#endif
