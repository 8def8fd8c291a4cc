/* The inside of a checkout; see gitcheckout.h.
 *
 * gitcheckout.c     which commit is meant
 * gitcheckout_fetch.c  the commit, its tag, its files and submodules
 */
#ifndef SOURCE_GITCHECKOUT_IMPL_H
#define SOURCE_GITCHECKOUT_IMPL_H

#include "source/gitcheckout.h"

struct gitcheckout_run {
	struct gitcheckout *out;
	struct arena *a;
	const struct gitcheckout_spec *spec;
	struct gitremote *remote;
	struct gitid want; /* to fetch: a commit or a tag object */
	struct gitid tip;  /* of the branch the commit is said to be on */
	bool by_commit;
	bool own_words; /* the error needs no more of them */
};

err *gitcheckout_fetch(struct gitcheckout_run *r) __attribute__((warn_unused_result));

#endif
