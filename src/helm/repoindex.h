/* repoindex - index.yaml: which charts a repository has, and where.
 *
 * An index may be larger than all else that we read, and of its thousands of
 * versions one is wanted. So it is never held as a tree: the text is cut into
 * charts and versions by its lines (or brackets, as JSON is taken too), and
 * each version is read by itself, checked, and dropped. What is kept is the
 * names of the charts, and of a chart that was asked for one small record a
 * version. The text is best a mapped file, whose pages can go again: `passed`
 * is called as it is gone through.
 *
 *	CLEANUP(repoindex_drop) struct repoindex *ix = NULL;
 *	TRY(repoindex_open(&ix, text, NULL));
 *	TRY(repoindex_load(&a, ix, S("podinfo"), false, &chart));
 *	TRY(repoindex_pick_flux(&chart, S("podinfo"), S("6.x"), &version));
 *
 * Cutting is a guess about layout that reading each piece proves right. What
 * is laid out in another way (anchors, flow style, odd quotes) is read as a
 * whole, up to REPOINDEX_WHOLE_MAX bytes.
 *
 * What counts as valid, the order of versions and all words are those of Helm
 * 4 and of Flux, which has the same reader: YAML is strict, JSON is not,
 * entries that are no charts are passed over. Worker-local.
 */
#ifndef HELM_REPOINDEX_H
#define HELM_REPOINDEX_H

#include "archive/stream.h"
#include "helm/meta.h"
#include "helm/notice.h"
#include "text/gotime.h"

enum {
	REPOINDEX_SIZE_MAX = 50 << 20,		/* Flux's default for what is fetched */
	REPOINDEX_TEXT_MAX = 1 << 30,
	REPOINDEX_WHOLE_MAX = 4 << 20,		/* what is not laid out plainly; one version */
	REPOINDEX_CHARTS_MAX = 200000,
	REPOINDEX_VERSIONS_MAX = 200000,	/* of one chart */
};

struct repoindex;

struct repoindex_options {
	bool checked;			/* it was gone through before: only look at what is wanted */
	/* Entries that are passed over, told while the index is opened, or, of a `checked`
	 * one, loaded: then it must last as long. NULL: nobody listens. */
	const struct notices *notices;
	str source;			/* what notices call the index */
	void (*passed)(void *ctx);	/* every megabyte or so; may be NULL */
	void *ctx;
};

/* `text` is borrowed; `o` may be NULL and is copied. "empty index.yaml file",
 * "no API version specified". */
err *repoindex_open(struct repoindex **out, str text, const struct repoindex_options *o)
	__attribute__((warn_unused_result));
void repoindex_close(struct repoindex *ix);
/* For CLEANUP(repoindex_drop) struct repoindex *ix = NULL. */
void repoindex_drop(struct repoindex **ix);

/* The charts, in the order of the index. */
size_t repoindex_count(const struct repoindex *ix);
str repoindex_name(const struct repoindex *ix, size_t i);
bool repoindex_has(const struct repoindex *ix, str name);
/* What stands beside `entries`: apiVersion, generated, ... */
node repoindex_head(const struct repoindex *ix);

/* A stretch of the text. */
struct repoindex_part {
	uint32_t at, n, line;
};

struct repoindex_version {
	str name, version;	/* as the entry says */
	str url;		/* the first; empty: there is none */
	str digest;
	struct gotime created;
	struct repoindex_part part;
	node entry;		/* all of it, where it was kept */
};

/* The valid versions of a chart, newest first. */
struct repoindex_chart {
	struct repoindex_version *versions;
	size_t n;
	bool is_null;		/* the index has null for a list */
};

/* Into `a`; with `entries`, whole ones too unless there are many: these borrow
 * from the text, all else does not.
 * ERR_NOT_FOUND: "no chart name found". */
err *repoindex_load(struct arena *a, struct repoindex *ix, str name, bool entries,
		    struct repoindex_chart *out) __attribute__((warn_unused_result));
/* A version's whole entry, its fields in Helm's order, empty ones left out.
 * Borrows from the text. */
err *repoindex_entry(struct arena *a, struct repoindex *ix, const struct repoindex_version *v,
		     node *out) __attribute__((warn_unused_result));

/* The version that is wanted, of a list: an exact text first, then the newest
 * that satisfies a range. As Flux: "no 'podinfo' chart with version matching
 * '10.x' found", "no chart version found" (ERR_NOT_FOUND). */
err *repoindex_pick_flux(const struct repoindex_chart *chart, str name, str range,
			 const struct repoindex_version **out) __attribute__((warn_unused_result));
/* As Helm: "no chart version found for podinfo-10.x". */
err *repoindex_pick_helm(const struct repoindex_chart *chart, str name, str range,
			 const struct repoindex_version **out) __attribute__((warn_unused_result));
/* The newest release, else the newest of all; NULL when there is none. */
const struct repoindex_version *repoindex_newest(const struct repoindex_chart *chart);

/* Chart.yaml as Helm writes it as JSON: its fields in Helm's order. */
node repoindex_metadata(struct arena *a, const struct chart_meta *m);
/* An entry as it is written: what Chart.yaml says, then urls, created,
 * digest. `created` as RFC 3339; `urls` a list. */
node repoindex_new_entry(struct arena *a, const struct chart_meta *m, node urls, str created,
			 str digest);

/* All of it as Flux stores it: JSON, charts by name, indented by two. */
err *repoindex_write_json(struct repoindex *ix, struct sink *to)
	__attribute__((warn_unused_result));

#endif
