/* The inside of the reader of indexes; see repoindex.h.
 *
 * repoindex.c        opening, loading, choosing
 * repoindex_split.c  the text cut into pieces
 * repoindex_write.c  the same as JSON
 */
#ifndef HELM_REPOINDEX_IMPL_H
#define HELM_REPOINDEX_IMPL_H

#include "base/map.h"
#include "helm/repoindex.h"

enum repoindex_form {
	REPOINDEX_YAML,		/* by its lines */
	REPOINDEX_JSON,
	REPOINDEX_WHOLE,	/* as a tree */
};

/* A chart: its list as text, or as a tree. */
struct repoindex_ref {
	struct repoindex_part body;
	node list;
};

struct repoindex {
	str text;
	struct repoindex_options o;
	struct arena mem;
	enum repoindex_form form;
	struct map charts;	/* name -> struct repoindex_ref * */
	node head;		/* a map: what stands beside the entries */
	bool null_entries;
	size_t passed;		/* bytes since `passed` was called */
};

/* What came of cutting: pieces, or the text has to be read as a whole. */
enum repoindex_cut { REPOINDEX_CUT, REPOINDEX_ODD };

err *repoindex_split_yaml(struct repoindex *ix, enum repoindex_cut *out)
	__attribute__((warn_unused_result));
err *repoindex_split_json(struct repoindex *ix, enum repoindex_cut *out)
	__attribute__((warn_unused_result));

/* The pieces of a chart's list, one after the other; false at the end. *cut
 * tells whether all went well. */
struct repoindex_items {
	const struct repoindex *ix;
	struct repoindex_part rest;
	uint32_t indent;
	bool begun;
	enum repoindex_cut cut;
};
bool repoindex_next_item(struct repoindex_items *it, struct repoindex_part *out);

/* So many bytes have been gone through. */
void repoindex_pass(struct repoindex *ix, size_t n);
err *repoindex_add_chart(struct repoindex *ix, str name, struct repoindex_part body, node list,
			 enum repoindex_cut *cut) __attribute__((warn_unused_result));
str repoindex_text(const struct repoindex *ix, struct repoindex_part part);

#endif
