/* localize_impl - what the parts of a localization share. */
#ifndef KUSTOMIZE_LOCALIZE_IMPL_H
#define KUSTOMIZE_LOCALIZE_IMPL_H

#include "base/map.h"
#include "kustomize/kfile.h"
#include "kustomize/localize.h"
#include "kustomize/repourl.h"
#include "kustomize/resmap.h"

#define LOCALIZE_DIR "localized-files"

struct localizing {
	const struct localize_options *o;
	struct arena *a;
	str scope;
	struct fs *to;			/* the destination */
	struct map done;		/* roots, by their path in the destination */
};

/* A root that is being copied. */
struct copying {
	struct localizing *z;
	const struct loader *l;
	str path;			/* of the copy, below the destination; "." is itself */
	bool local;			/* no remote reference led here */
};

/* Each gives the reference as the copy has it. */
typedef err *localize_reference(struct copying *c, str reference, str *out);
localize_reference localize_file;	/* an empty one stays so */
localize_reference localize_file_source;	/* "key=path" or "path" */
localize_reference localize_object;	/* a file with an object, or an object itself */
localize_reference localize_chart_home;	/* empty: the default one */

/* A file whose content is `text` in the copy. */
err *localize_text(struct copying *c, str path, str text, str *out)
	__attribute__((warn_unused_result));
/* Objects written in place, or in the file of that name. */
err *localize_load(struct copying *c, str entry, struct resmap **out, bool *is_file)
	__attribute__((warn_unused_result));

/* `generators`, `transformers` and `validators`. */
err *localize_plugins(struct copying *c, node root) __attribute__((warn_unused_result));

/* Where remote files and repositories are stored. */
err *localize_url_path(struct arena *a, str url, str *out) __attribute__((warn_unused_result));
err *localize_repo_path(struct arena *a, const struct loader *l, const struct repourl *url, str *out)
	__attribute__((warn_unused_result));

str localize_quoted(struct arena *a, str s);

#endif
