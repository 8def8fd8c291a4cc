/* hr_shared - what all HelmReleases of a runtime have in common.
 *
 * Charts by digest, parsed once; templates and packed charts of records; what the
 * storage has (releases.h). Bounded: what was not used for the longest time goes.
 *
 * Any thread.
 */
#ifndef CONTROLLERS_HR_SHARED_H
#define CONTROLLERS_HR_SHARED_H

#include "controllers/releases.h"
#include "helm/chart.h"
#include "release/record.h"
#include "tmpl/cache.h"

struct hr_shared;

/* `namespace` of releases: releases.h. Takes a reference of the client. */
struct hr_shared *hr_shared_new(struct client *c, str namespace) __attribute__((returns_nonnull));
/* NULL is fine. */
void hr_shared_free(struct hr_shared *s);

struct releases *hr_shared_releases(struct hr_shared *s);
struct record_cache *hr_shared_records(struct hr_shared *s);
struct tmpl_cache *hr_shared_templates(struct hr_shared *s);

/* That an account (by the id of its struct cluster) may "get" or "list" what a kind has in a
 * namespace, as was seen a short while ago. */
void hr_right_note(struct hr_shared *s, uint64_t cluster, const char *verb,
		   const struct client_resource *r, str namespace);
bool hr_right_is_known(struct hr_shared *s, uint64_t cluster, const char *verb,
		       const struct client_resource *r, str namespace);

/* A chart that was loaded, immutable and counted. */
struct hr_chart {
	struct arena arena;	/* of the chart */
	struct chart *chart;
	struct record_form form;	/* with the version that releases have */
	atomic_uint count;
};
/* The chart of an artifact's digest, or NULL. */
struct hr_chart *hr_chart_find(struct hr_shared *s, str digest);
/* A new one: its arena is to be filled, then it may be shared. */
struct hr_chart *hr_chart_new(void) __attribute__((returns_nonnull));
void hr_chart_share(struct hr_shared *s, str digest, struct hr_chart *c);
/* NULL is fine. */
void hr_chart_unref(struct hr_chart *c);

#endif
