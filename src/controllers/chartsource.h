/* chartsource - a HelmChart: from its spec and its source to a packed chart.
 *
 * All that its controller needs to know of charts, in the manner of
 * source/gitsource.h:
 *
 *	CLEANUP(chartsource_release) struct chartsource c = { 0 };
 *	e = chartsource_build(&c, env, &spec, &seen);
 *	... chartsource_summary(&c): also of a build that failed later ...
 *	if (!e)
 *		e = chartsource_store(&c, env, &spec);
 *
 * A chart of a repository is chosen by its range and taken as it comes; one of
 * a source's files is loaded, its dependencies are brought, and it is packed.
 * Values files replace the chart's defaults in both cases. When that gives the
 * version that is stored already, nothing is downloaded or packed.
 *
 * Errors have Flux's words and reasons ("invalid chart reference: ...").
 * Worker-local; the environment is shared and any thread's.
 */
#ifndef CONTROLLERS_CHARTSOURCE_H
#define CONTROLLERS_CHARTSOURCE_H

#include "base/fs.h"
#include "controllers/chartrepo.h"
#include "helm/chart.h"
#include "source/failure.h"

/* Flux's default for --helm-chart-file-max-size. */
enum { CHARTSOURCE_FILE_MAX = 5 << 20 };

struct chartsource_env {
	struct chartrepo_env repo;
	uint64_t file_max; /* bytes; 0: CHARTSOURCE_FILE_MAX */
	/* The HelmRepository of the namespace with that URL (normalised), for
	 * dependencies; ERR_NOT_FOUND: none, and then nobody is told anything.
	 * NULL: there are none. */
	err *(*find_repo)(void *ctx, struct arena *a, str url, struct chartrepo_spec *out);
	void *ctx;
};

struct chartsource_spec {
	struct artifact_owner owner; /* .kind "HelmChart" */
	str chart, version;
	const str *values_files;
	size_t values_files_n;
	bool ignore_missing;
	int64_t generation;
	/* Of a repository... */
	const struct chartrepo_spec *repo;
	bool verify_wanted;
	chartrepo_check *verify;
	void *verify_ctx;
	/* ... or of the files of an artifact. */
	const struct fs *files;
	str source_revision;
	bool by_revision; /* reconcileStrategy: Revision */
};

/* What status says of the last pass. */
struct chartsource_seen {
	const struct artifact *artifact; /* NULL: none, or not in the store any more */
	str name;                        /* observedChartName */
	const str *values_files;         /* observedValuesFiles; NULL: none */
	size_t values_files_n;
	bool force; /* the spec is another than was observed */
};

struct chartsource {
	struct arena mem; /* holds all texts below */
	str name, version; /* known as soon as a chart is found, with added metadata */
	bool complete;
	bool unchanged; /* the artifact is that version already */
	bool packaged;  /* else taken as it came */
	const str *values_files; /* that were merged */
	size_t values_files_n;
	size_t resolved; /* dependencies that were brought */
	bool verified;
	str newest; /* of the repository, where it is known: for hints */
	str bytes;
	/* After chartsource_store: */
	struct artifact artifact;
	str link; /* status.url; empty: the link could not be made */
};

err *chartsource_build(struct chartsource *c, const struct chartsource_env *env,
		       const struct chartsource_spec *spec, const struct chartsource_seen *seen)
	__attribute__((warn_unused_result));
err *chartsource_store(struct chartsource *c, const struct chartsource_env *env,
		       const struct chartsource_spec *spec)
	__attribute__((warn_unused_result));
void chartsource_release(struct chartsource *c);

/* "pulled 'podinfo' chart with version '6.5.3'", "packaged ... and merged
 * values files [a.yaml b.yaml]", "new ..." of an incomplete build, "no chart
 * build". */
str chartsource_summary(struct chartsource *c);
/* "ChartPullSucceeded", "ChartPackageSucceeded". */
str chartsource_reason(const struct chartsource *c);
/* Whether an error is one of a build: "chart pull error: ...". The rest are of a
 * repository that could not even be asked. */
bool chartsource_is_build_error(const err *e);

#endif
