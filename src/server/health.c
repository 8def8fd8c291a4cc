#include "server/health.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sort.h"
#include "base/vec.h"
#include "server/negotiate.h"
#include "server/registry.h"
#include "server/route.h"
#include "server/server.h"
#include "server/status.h"
#include "server/store.h"
#include "server/watch.h"
#include "value/json.h"

/* ---- health ------------------------------------------------------------ */

static bool is_fine(struct server *s)
{
	(void)s;
	return true; /* who answers has a store */
}

static const struct {
	const char *name;
	bool (*ok)(struct server *s);
	bool ready_only;
} checks[] = {
	{ "ping", is_fine, false },
	{ "log", is_fine, false },
	{ "etcd", is_fine, false },
	{ "poststarthook/start-apiextensions-controllers", server_is_ready, false },
	{ "poststarthook/rbac/bootstrap-roles", server_is_ready, false },
	{ "informer-sync", server_is_ready, true },
	{ "shutdown", is_fine, true },
};

enum { CHECKS = sizeof checks / sizeof *checks };

static err *one_check(struct request *r, str name, bool ready)
{
	for (size_t i = 0; i < CHECKS; i++) {
		if (!str_eq(name, str_c(checks[i].name)) || (checks[i].ready_only && !ready))
			continue;
		bool ok = checks[i].ok(r->server);

		r->answer.code = ok ? 200 : 500;
		endpoint_text(r, ok ? S("ok") : S("internal server error: not ready\n"));
		return NULL;
	}
	r->answer.code = 404;
	endpoint_text(r, S("404 page not found\n"));
	return NULL;
}

static err *all_checks(struct request *r, str what, bool ready)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool all = true;

	for (size_t i = 0; i < CHECKS; i++) {
		if (checks[i].ready_only && !ready)
			continue;
		bool ok = checks[i].ok(r->server);

		all &= ok;
		buf_addf(&b, "[%c]%s %s\n", ok ? '+' : '-', checks[i].name,
			 ok ? "ok" : "failed: reason withheld");
	}
	buf_addf(&b, "%.*s check %s\n", STR_ARG(what), all ? "passed" : "failed");
	r->answer.code = all ? 200 : 500;
	endpoint_text(r, all && !request_has_query(r, S("verbose")) ? S("ok") : buf_str(&b));
	return NULL;
}

static err *run_health(struct request *r)
{
	str path = str_from(r->path, 1), what, check;

	str_split(path, '/', &what, &check);
	bool ready = str_eq(what, S("readyz"));

	if (path.n > what.n && !check.n) {
		route_nothing(r);
		return NULL;
	}
	return check.n ? one_check(r, check, ready) : all_checks(r, what, ready);
}

/* ---- version ----------------------------------------------------------- */

static err *run_version(struct request *r)
{
	TRY(negotiate_route(r, "application/json"));
	r->answer.type = S("application/json");
	buf_add(&r->answer.body, S("{\n"
				   "  \"major\": \"1\",\n"
				   "  \"minor\": \"36\",\n"
				   "  \"emulationMajor\": \"1\",\n"
				   "  \"emulationMinor\": \"36\",\n"
				   "  \"minCompatibilityMajor\": \"1\",\n"
				   "  \"minCompatibilityMinor\": \"35\",\n"
				   "  \"gitVersion\": \"v1.36.3+rill\",\n"
				   "  \"gitCommit\": \"rill-" RILL_VERSION "\",\n"
				   "  \"gitTreeState\": \"clean\",\n"
				   "  \"buildDate\": \"1970-01-01T00:00:00Z\",\n"
				   "  \"goVersion\": \"\",\n"
				   "  \"compiler\": \"gcc\",\n"
				   "  \"platform\": \"linux/amd64\"\n"
				   "}"));
	return NULL;
}

/* ---- metrics ----------------------------------------------------------- */

static void metric(struct buf *b, const char *name, const char *type, const char *help,
		   double value)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name, value);
}

static void object_counts(struct buf *b, struct store *s)
{
	struct store_table *tables[1024];
	size_t n = store_tables(s, tables, sizeof tables / sizeof *tables);

	buf_add(b, S("# HELP apiserver_storage_objects Objects there are, by resource.\n"
		     "# TYPE apiserver_storage_objects gauge\n"));
	for (size_t i = 0; i < n; i++) {
		str group, plural;

		str_split(store_table_name(tables[i]), '/', &group, &plural);
		buf_addf(b, "apiserver_storage_objects{resource=\"%.*s%s%.*s\"} %zu\n",
			 STR_ARG(plural), group.n ? "." : "", STR_ARG(group),
			 store_count(s, tables[i]));
	}
}

static err *run_metrics(struct request *r)
{
	struct store *s = server_store(r->server);
	struct buf *b = &r->answer.body;
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	metric(b, "process_cpu_seconds_total", "counter", "CPU time of the process.",
	       (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
		       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
	metric(b, "process_max_resident_memory_bytes", "gauge", "The most memory there ever was.",
	       (double)use.ru_maxrss * 1024);
	metric(b, "apiserver_current_resource_version", "gauge", "Number of the last write.",
	       (double)store_rv(s));
	metric(b, "apiserver_oldest_resource_version", "gauge", "From where watches can resume.",
	       (double)store_oldest(s));
	object_counts(b, s);
	r->answer.type = S("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
	return NULL;
}

/* ---- the list of paths ------------------------------------------------- */

typedef VEC(str) paths;

static void add_kinds(struct request *r, paths *v)
{
	size_t n;
	const struct kind **list = registry_list(server_registry(r->server), &n);

	for (size_t i = 0; i < n; i++) {
		str group = list[i]->gvk.group;

		if (group.n)
			avec_push(r->arena, v, arena_cat(r->arena, S("/apis/"), group));
		avec_push(r->arena, v,
			  arena_cat(r->arena, group.n ? S("/apis/") : S("/api/"),
				    gvk_api_version(r->arena, list[i]->gvk)));
	}
	registry_release_list(list, n);
}

static err *run_root(struct request *r)
{
	paths v = { 0 };
	const struct endpoint *e;
	size_t at = 0;

	while ((e = endpoint_next(&at)))
		if (!e->unlisted && !strchr(e->path, '*'))
			avec_push(r->arena, &v, str_c(e->path));
	for (size_t i = 0; i < CHECKS; i++)
		avec_push(r->arena, &v,
			  arena_printf(r->arena, "/%s/%s",
				       checks[i].ready_only ? "readyz" : "livez", checks[i].name));
	add_kinds(r, &v);
	v.n = sort_unique(v.p, v.n);
	buf_add(&r->answer.body, S("{\n  \"paths\": ["));
	for (size_t i = 0; i < v.n; i++) {
		buf_add(&r->answer.body, i ? S(",\n    ") : S("\n    "));
		json_write_str(&r->answer.body, v.p[i], false);
	}
	buf_add(&r->answer.body, S("\n  ]\n}"));
	return NULL;
}

const struct endpoint health_endpoints[] = {
	{ "/", .any = true, .run = run_root, .unlisted = true },
	{ "/index.html", .any = true, .run = run_root },
	{ "/healthz", .quick = true, .any = true, .run = run_health },
	{ "/healthz/*", .quick = true, .any = true, .run = run_health },
	{ "/livez", .quick = true, .any = true, .run = run_health },
	{ "/livez/*", .quick = true, .any = true, .run = run_health },
	{ "/readyz", .quick = true, .any = true, .run = run_health },
	{ "/readyz/*", .quick = true, .any = true, .run = run_health },
	{ "/version", .quick = true, .run = run_version },
	{ "/version/", .quick = true, .unlisted = true, .run = run_version },
	{ "/metrics", .any = true, .run = run_metrics },
	{ .path = NULL },
};
