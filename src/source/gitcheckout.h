/* gitcheckout - from a reference in a spec to a commit and its files.
 *
 * What Flux's Git client does with a branch, tag, version range, reference
 * name or commit, in its order and its words: find the commit, say so when
 * it is the one that was seen last, else fetch it alone, without history.
 * The answer holds the packs the files come from.
 *
 * Worker-local; blocks until the deadline.
 */
#ifndef SOURCE_GITCHECKOUT_H
#define SOURCE_GITCHECKOUT_H

#include "source/gitremote.h"
#include "source/gittree.h"

struct gitcheckout_ref {
	str branch, tag, semver, name, commit;
};

struct gitcheckout_spec {
	struct gitremote_spec remote;
	struct gitcheckout_ref ref;
	str seen; /* the revision fetched last; empty: fetch in any case */
	bool submodules;
	const str *sparse;
	size_t sparse_n;
};

enum { GITCHECKOUT_PACKS_MAX = 100, GITCHECKOUT_MODULE_DEPTH = 10, GITCHECKOUT_TIES_MAX = 20 };

struct gitcheckout {
	str revision;    /* "main@sha1:..." */
	struct gitid id; /* of the commit */
	str reference;   /* "refs/heads/main", may be empty */
	bool unchanged;  /* it is the one seen: nothing below is set */
	bool empty;      /* the repository is: nothing is set */
	struct gitobj_commit commit;
	bool by_tag;         /* the reference is a tag... */
	str tag_name;        /* ... of this name */
	struct gitid tag_id; /* n 0: it is no object of its own */
	struct gitobj_tag tag;
	struct filelist files; /* sorted; links included */
	struct gitpack *packs[GITCHECKOUT_PACKS_MAX];
	size_t packs_n;
};

/* `out` is all zero before, and to be released in all cases; its texts live
 * in `a`. Errors are those that Flux shows behind "failed to checkout and
 * determine revision: ". */
err *gitcheckout_run(struct gitcheckout *out, struct arena *a, const struct gitcheckout_spec *spec)
	__attribute__((warn_unused_result));
void gitcheckout_release(struct gitcheckout *c);

/* Revisions of before 2023 in today's form: "main/HEX" is "main@sha1:HEX",
 * "HEAD/HEX" is "sha1:HEX". Others are as they are. */
str gitcheckout_revision(struct arena *a, str revision);
/* A URL as messages show it: without its password. */
str gitcheckout_shown_url(struct arena *a, str url);

#endif
