#include "cli/engine.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/fs.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/sort.h"
#include "client/election.h"
#include "controllers/controllers.h"
#include "crypto/sha256.h"

struct engine {
	struct arena mem;
	struct settings settings;
	struct service *service;
	struct artifact_store *store;
	struct election *election;
	struct runtime *runtime;
	const struct controller *const *controllers;
	size_t controllers_n;
};

/* Where others find the store: as Flux finds out. */
static str advertised(struct arena *a, const struct settings *s, const struct service *service)
{
	str host, port, real = service_storage_address(service);
	size_t colon = str_rfind_char(s->storage_addr, ':');

	if (s->storage_adv_addr.n || colon == STR_NPOS)
		return s->storage_adv_addr;
	host = str_sub(s->storage_addr, 0, colon);
	port = str_from(real, str_rfind_char(real, ':') + 1);
	if (!host.n) {
		host = S("localhost");
	} else if (str_eq(host, S("0.0.0.0")) || str_eq(host, S("[::]"))) {
		char name[256] = "";

		if (gethostname(name, sizeof name - 1))
			name[0] = 0;
		host = arena_str(a, str_c(name));
	}
	return str_eq(port, S("80")) ? host : arena_cat(a, host, S(":"), port);
}

/* A directory that stands for a Helm repository is served beside the artifacts. */
static err *serve_charts(struct engine *e)
{
	struct settings *s = &e->settings;
	struct replacement *list = arena_array(&e->mem, struct replacement, s->replacements_n + 1);

	for (size_t i = 0; i < s->replacements_n; i++) {
		list[i] = s->replacements[i];
		if (!str_eq(list[i].kind, S("HelmRepository")) || !list[i].dir.n)
			continue;
		TRY(service_add_charts(e->service, &e->mem, list[i].dir, &list[i].url));
		list[i].dir = STR_NONE;
	}
	s->replacements = list;
	return NULL;
}

static err *open_store(struct engine *e, const struct settings *s)
{
	const struct artifact_options o = {
		.dir = s->storage_path,
		.host = advertised(&e->mem, s, e->service),
		.ttl = s->retention_ttl > 0 ? s->retention_ttl : 1,	/* at once */
		.records = s->retention_records ? s->retention_records : 1,	/* the current one stays */
		.algo = s->digest_algo,
	};

	/* What was under way when another process of ours was killed. */
	fs_sweep_temp(STR_NONE);
	TRY(artifact_store_open(&e->store, &o));
	service_set_store(e->service, e->store);
	return NULL;
}

static bool is_wanted(const struct engine_options *o, const struct controller *c)
{
	for (size_t i = 0; i < o->components_n; i++)
		if (str_eq(o->components[i], str_c(c->component)))
			return true;
	return !o->components_n;
}

static void choose(struct engine *e, const struct engine_options *o)
{
	size_t n;
	const struct controller *const *all = controllers_flux(&n);
	const struct controller **list = arena_array(&e->mem, const struct controller *, n);

	for (size_t i = 0; i < n; i++)
		if (is_wanted(o, all[i]))
			list[e->controllers_n++] = all[i];
	e->controllers = list;
}

/* One Lease for each of Flux's controllers whose work we do. */
static err *elect(struct engine *e, const struct engine_options *o)
{
	const struct settings *s = o->settings;
	struct arena *a = &e->mem;
	size_t n = e->controllers_n;
	str *names = arena_array(a, str, n), shard = STR_NONE;
	char uuid[RAND_UUID + 1], host[256] = "", hex[SHA256_HEX + 1];

	if (s->watch_label_selector.n) {
		sha256_hex(s->watch_label_selector, hex);
		shard = arena_cat(a, S("-"), str_of(hex, 8));
	}
	for (size_t i = 0; i < n; i++)
		names[i] = arena_cat(a, str_c(e->controllers[i]->component), S("-leader-election"), shard);
	rand_uuid(uuid);
	if (gethostname(host, sizeof host - 1))
		host[0] = 0;
	const struct election_options eo = {
		.client = o->client,
		.namespace = s->runtime_namespace,
		.names = names,
		.n = sort_unique(names, n),
		.identity = arena_cat(a, str_c(host), S("_"), str_c(uuid)),
		.lease = o->lease,
		.renew = o->renew,
		.retry = o->retry,
		.release = o->release,
		.lost = o->lost,
		.ctx = o->ctx,
	};

	log_info(o->log, S("attempting to acquire leader lease"),
		 log_str("namespace", s->runtime_namespace));
	service_set_leases(e->service, eo.names, eo.n);
	TRY(election_win(&e->election, &eo, o->cancel));
	service_set_leads(e->service);
	log_info(o->log, S("successfully acquired leases"), log_int("leases", (int64_t)eo.n));
	return NULL;
}

static err *start(struct engine *e, const struct engine_options *o)
{
	const struct settings *s = &e->settings;
	const struct service_addresses addresses = { s->storage_addr, s->metrics_addr,
						     s->health_addr };

	choose(e, o);
	TRY(service_new(&e->service, &addresses));
	TRY(serve_charts(e));
	if (o->elect)
		TRY(elect(e, o));
	TRY(open_store(e, s));
	struct runtime_options ro = { .net = o->net,
				      .client = o->client,
				      .store = e->store,
				      .settings = s,
				      .log = o->log,
				      .cancel = o->cancel };

	ro.controllers = e->controllers;
	ro.controllers_n = e->controllers_n;
	e->runtime = runtime_new(&ro);
	service_set_runtime(e->service, e->runtime);
	TRY(runtime_start(e->runtime));
	service_set_ready(e->service);
	return NULL;
}

err *engine_start(struct engine **out, const struct engine_options *o)
{
	struct engine *e = mem_calloc(1, sizeof *e);
	err *failed;

	/* Keys, tokens and opened Secrets: not for a core file, nor for other programs of the user. */
	prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
	heap_stay_small();
	e->settings = *o->settings;
	failed = start(e, o);

	if (failed)
		engine_stop(e);
	else
		*out = e;
	return failed;
}

struct runtime *engine_runtime(struct engine *e)
{
	return e->runtime;
}

struct artifact_store *engine_store(struct engine *e)
{
	return e->store;
}

void engine_stop(struct engine *e)
{
	if (!e)
		return;
	if (e->runtime)
		runtime_stop(e->runtime);
	service_free(e->service);
	runtime_free(e->runtime);
	election_free(e->election);
	artifact_store_close(e->store);
	arena_release(&e->mem);
	free(e);
}
