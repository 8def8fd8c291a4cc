/* chart - a chart and its subcharts, as their files say.
 *
 * A chart comes as a directory, as a gzipped tar in a file, or as the bytes
 * of one. All three become a list of named texts first, and that becomes a
 * tree of charts: metadata (helm/meta.h), default values, templates, other
 * files, and below it what lies in charts/. What is wrong is said in Helm's
 * words.
 *
 * Charts are written by strangers. A directory is read through a rooted
 * struct fs: links are followed where that root allows it, and nowhere else.
 * Sizes, depths and numbers of files are bounded.
 *
 * Ownership: everything lives in the arena that the chart was loaded into.
 * Loaded charts are changed by helm/depend.h and no other; after that they
 * are immutable. Worker-local.
 */
#ifndef HELM_CHART_H
#define HELM_CHART_H

#include "base/arena.h"
#include "base/fs.h"
#include "helm/meta.h"
#include "helm/notice.h"
#include "value/node.h"

struct chart_file {
	str name;		/* "templates/pod.yaml", relative to the chart */
	str data;
	int64_t mtime;		/* seconds since 1970 */
	int32_t mtime_nanos;	/* of that second; an archive has none */
	bool dated;		/* whether the time is known */
};

struct chart_files {
	struct chart_file *p;
	size_t n, cap;
};

struct chart {
	struct chart *parent;	/* NULL: the root */
	struct chart **subs;
	size_t subs_n;
	struct chart_meta meta;
	node lock;		/* Chart.lock; NODE_NONE without one */
	node values;		/* defaults: a map, NODE_NONE without values.yaml */
	str schema;		/* values.schema.json */
	bool has_schema;
	struct chart_files raw;		/* all, in the order of the source */
	struct chart_files templates;
	struct chart_files files;	/* what is nothing else, crds/ included */
};

/* Bytes of all files together, of all that archives in charts/ unpack to;
 * numbers of files, and of charts inside charts. */
enum {
	CHART_SIZE_MAX = 100 << 20,
	CHART_NESTED_MAX = 256 << 20,
	CHART_FILES_MAX = 100000,
	CHART_DEPTH_MAX = 32,
};

struct chart_options {
	const struct notices *notices;	/* NULL: nobody listens */
	uint64_t max_size;		/* 0: CHART_SIZE_MAX */
	bool any_version;		/* do not look at apiVersion first */
};

/* From a directory below `fs`. `shown` is its absolute path for messages. */
err *chart_load_dir(struct arena *a, const struct fs *fs, str dir, str shown,
		    const struct chart_options *o, struct chart **out)
	__attribute__((warn_unused_result));
/* From the bytes of an archive, which are borrowed. */
err *chart_load_archive(struct arena *a, str bytes, const struct chart_options *o,
			struct chart **out) __attribute__((warn_unused_result));
/* From a directory or archive that the user named: no root, links anywhere. */
err *chart_load(struct arena *a, str path, const struct chart_options *o, struct chart **out)
	__attribute__((warn_unused_result));
/* The same for what must be one of the two. */
enum chart_path { CHART_PATH_NONE, CHART_PATH_DIR, CHART_PATH_FILE };
enum chart_only { CHART_ANY, CHART_ONLY_DIR, CHART_ONLY_FILE };
err *chart_load_path(struct arena *a, str path, const struct chart_options *o,
		     enum chart_only only, struct chart **out) __attribute__((warn_unused_result));
/* What is there; CHART_PATH_NONE also when it cannot be told. */
enum chart_path chart_path_kind(str path);
/* From the files of an archive, as if they lay in a directory: in the order of
 * a walk, the last of equal names, without those that .helmignore names. */
err *chart_load_unpacked(struct arena *a, struct chart_files files, const struct chart_options *o,
			 struct chart **out) __attribute__((warn_unused_result));
/* From files in memory; what is below charts/ included. */
err *chart_load_files(struct arena *a, const struct chart_files *files,
		      const struct chart_options *o, struct chart **out)
	__attribute__((warn_unused_result));

/* The files of an archive, named relative to the chart. */
err *chart_unpack(struct arena *a, str bytes, uint64_t max_size, struct chart_files *out)
	__attribute__((warn_unused_result));
/* NULL, or that the file is no gzipped archive. `name` is for the message. */
err *chart_check_archive(str name, str bytes) __attribute__((warn_unused_result));

/* "app/charts/db": where the chart's files are said to lie. */
str chart_full_path(struct arena *a, const struct chart *c);
/* The file of that name, or NULL. */
const struct chart_file *chart_find_file(const struct chart_files *files, str name);
/* Whether a file of the chart is one of its CRDs. */
bool chart_is_crd(const struct chart_file *f);
/* The names of declared dependencies that are not in charts/. */
err *chart_check_dependencies(struct arena *a, const struct chart *c)
	__attribute__((warn_unused_result));

#endif
