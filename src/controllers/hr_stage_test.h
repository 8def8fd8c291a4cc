/* hr_stage_test - a pass of the HelmRelease "apps/web", without a cluster around it: a
 * chart, no values, and a storage of releases in memory. One at a time. What a test puts in
 * the place of Helm, or of the cluster, is its own. For tests only. */
#ifndef CONTROLLERS_HR_STAGE_TEST_H
#define CONTROLLERS_HR_STAGE_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "controllers/hr_impl.h"
#include "controllers/runtime_impl.h"
#include "value/json.h"

struct stage {
	struct arena a;
	struct runtime rt;
	struct settings settings;
	struct cluster cluster;
	struct hr_memory memory;
	struct chart chart;
	union {
		struct run run;	/* what a pass is the begin of */
		struct pass p;
	};
	struct hr h;
	struct buf events;	/* as a test's pass_event or hr_event writes them */
};

static struct stage stage;	/* of the test that runs */

static inline node stage_json(const char *text)
{
	node out = NODE_NOTHING;

	assert_null(json_read(&stage.a, str_c(text), NULL, &out));
	return out;
}

static inline struct stage *stage_begin(const char *spec)
{
	struct stage *s = &stage;

	*s = (struct stage){ .a = ARENA_INIT, .events = BUF_INIT, .cluster = { .remote = true } };
	settings_default(&s->settings);
	s->rt.o.settings = &s->settings;
	s->chart.meta.name = S("web");
	s->chart.meta.version = S("1.0.0");
	s->chart.meta.app_version = S("9");
	s->p = (struct pass){ .rt = &s->rt, .arena = &s->a, .object = node_map(&s->a, 4),
			      .spec = stage_json(spec), .status = node_map(&s->a, 4),
			      .generation = 1, .key = { .namespace = S("apps"), .name = S("web") } };
	s->h = (struct hr){ .p = &s->p, .a = &s->a, .m = &s->memory, .spec = s->p.spec,
			    .name = S("web"), .ns = S("apps"), .storage_ns = S("apps"),
			    .chart = &s->chart, .cluster = &s->cluster,
			    .values = node_map(&s->a, 1) };
	s->h.env = (struct release_env){
		.cluster = { .manager = S("helm-controller") },
		.store = { .driver = RELSTORE_MEMORY, .memory = relmemory_new(), .ns = S("apps") },
		.ns = S("apps"), .on_store = hr_observe, .on_store_ctx = &s->h };
	s->h.config_digest = hr_values_digest(&s->a, DIGEST_SHA256, s->h.values);
	return s;
}

static inline void stage_end(void)
{
	hr_forget(&stage.rt, stage.p.memory);
	relmemory_free(stage.h.env.store.memory);
	helmlog_release(&stage.h.log);
	buf_release(&stage.events);
	arena_release(&stage.a);
}

/* A release of the chart, with the values. */
static inline struct record stage_record(int64_t version, const char *status, node values)
{
	const struct chart_meta *m = &stage.chart.meta;
	node chart = node_map(&stage.a, 1), meta = node_map(&stage.a, 3);

	node_set(&stage.a, meta, S("name"), node_from_str(&stage.a, m->name));
	node_set(&stage.a, meta, S("version"), node_from_str(&stage.a, m->version));
	node_set(&stage.a, meta, S("appVersion"), node_from_str(&stage.a, m->app_version));
	node_set(&stage.a, chart, S("metadata"), meta);
	return (struct record){ .name = S("web"), .ns = S("apps"), .version = version,
				.status = str_c(status), .chart = chart, .config = values,
				.apply_method = S("ssa"), .first_deployed = GOTIME_ZERO,
				.last_deployed = GOTIME_ZERO, .deleted = GOTIME_ZERO };
}

/* "False InstallFailed it broke" */
static inline const char *stage_told(const char *type)
{
	node c = condition_get(&stage.p, str_c(type));

	return arena_printf(&stage.a, "%.*s %.*s %.*s", STR_ARG(node_str(node_get(c, S("status")))),
			    STR_ARG(node_str(node_get(c, S("reason")))),
			    STR_ARG(node_str(node_get(c, S("message"))))).p;
}

#endif
