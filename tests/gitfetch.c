/* gitfetch - fetch a Git source as its controller does, and say what came:
 *
 *	gitfetch STORE URL [KEY=VALUE...]
 *
 * KEYs: branch, tag, semver, name, commit, ignore, sparse (may come again),
 * submodules, provider, timeout (ms), verify (a mode), again (a second pass, as the
 * next interval makes it), include ("FROM:TO": part of the first pass's artifact, in a second one), secret.NAME, proxy.NAME, keys.NAME (a Secret's data; "@FILE": what the file
 * holds). Prints the artifact and its files, or the failure. For tests. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "fetching.h"
#include "base/vec.h"
#include "source/askpass.h"
#include "source/gitsource.h"

struct asked {
	struct arena a;
	struct gitsource_spec spec;
	VEC(str) sparse;
	struct secrets secrets;
	str ignore;
	struct gitsource_include include;
	struct gitremote_algos algos;
	bool again;
};

static bool take_text(struct asked *q, str key, str value)
{
	struct {
		const char *key;
		str *to;
	} texts[] = {
		{ "branch", &q->spec.ref.branch }, { "tag", &q->spec.ref.tag },
		{ "semver", &q->spec.ref.semver }, { "name", &q->spec.ref.name },
		{ "commit", &q->spec.ref.commit }, { "provider", &q->spec.provider },
		{ "kex", &q->algos.kex },	   { "host-key", &q->algos.host_key },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (str_eq(key, str_c(texts[i].key))) {
			*texts[i].to = value;
			return true;
		}
	return false;
}

static void take(struct asked *q, str arg)
{
	str key, value;
	uint64_t number;

	str_split(arg, '=', &key, &value);
	if (secrets_take(&q->secrets, &q->a, key, value) ||
	    take_text(q, key, value))
		return;
	if (str_eq(key, S("ignore"))) {
		q->ignore = value;
		q->spec.ignore = &q->ignore;
	} else if (str_eq(key, S("sparse"))) {
		avec_push(&q->a, &q->sparse, value);
	} else if (str_eq(key, S("submodules"))) {
		q->spec.submodules = true;
	} else if (str_eq(key, S("timeout")) && str_to_u64(value, &number)) {
		q->spec.timeout = (int64_t)number * CLOCK_MS;
	} else if (str_eq(key, S("verify")) && gitsource_mode_parse(value, &q->spec.mode)) {
		q->spec.verify = true;
	} else if (str_eq(key, S("again"))) {
		q->again = true;
	} else if (str_eq(key, S("include"))) {
		q->again = true;
		q->include.name = S("first");
		str_split(value, ':', &q->include.from, &q->include.to);
	} else {
		fprintf(stderr, "gitfetch: unknown argument %.*s\n", STR_ARG(arg));
		exit(2);
	}
}

static void finish(struct asked *q)
{
	static const struct credentials nothing = { 0 };
	struct gitsource_spec *s = &q->spec;

	s->owner = (struct artifact_owner){ S("GitRepository"), S("ns"), S("repo") };
	s->sparse = q->sparse.p;
	s->sparse_n = q->sparse.n;
	s->secret = secrets_get(&q->secrets, 0);
	s->proxy = secrets_get(&q->secrets, 1);
	s->keys = q->secrets.items[2].n ? secrets_get(&q->secrets, 2) : &nothing;
}

static err *pass(struct asked *q, const struct gitsource_env *env, struct gitsource_seen *seen,
		 struct gitsource *g)
{
	TRY(gitsource_run(g, env, &q->spec, seen));
	const struct artifact *a = &g->artifact;

	printf("revision: %.*s%s%s\n", STR_ARG(g->revision), g->unchanged ? " (unchanged)" : "",
	       g->up_to_date && !g->unchanged ? " (up to date)" : "");
	printf("event: %.*s\n", STR_ARG(g->event));
	if (g->verified.n)
		printf("verified: %.*s\n", STR_ARG(g->verified));
	printf("url: %.*s\n", STR_ARG(a->url));
	return print_artifact(env->store, a);
}

int main(int argc, char **argv)
{
	struct gitsource_env env = { 0 };
	struct artifact_options o = { .host = S("source.example") };
	struct gitsource first = { 0 }, second = { 0 };
	struct gitremote_hint hint = { 0 };
	struct gitsource_seen seen = { .hint = &hint };
	struct asked q = { .secrets.names = { "secret", "proxy", "keys" } };

	if (argc && str_ends(str_c(argv[0]), S(ASKPASS_NAME)))
		return askpass_main();
	if (argc < 3)
		return 2;
	o.dir = str_c(argv[1]);
	q.spec.url = str_c(argv[2]);
	for (int i = 3; i < argc; i++)
		take(&q, str_c(argv[i]));
	finish(&q);
	env.algos = q.algos;
	must(net_client_new(&env.net, &(struct net_options){ .proxy_env = true }));
	must(artifact_store_open(&env.store, &o));
	must(pass(&q, &env, &seen, &first));
	if (q.again) {
		seen.artifact = &first.artifact;
		seen.in_storage = true;
		q.include.artifact = &first.artifact;
		q.spec.includes = &q.include;
		q.spec.includes_n = q.include.name.n > 0;
		seen.changed = q.spec.includes_n > 0;
		must(pass(&q, &env, &seen, &second));
	}
	gitsource_release(&first);
	gitsource_release(&second);
	artifact_store_close(env.store);
	net_client_free(env.net);
	arena_release(&q.a);
	return 0;
}
