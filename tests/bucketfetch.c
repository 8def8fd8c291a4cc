/* bucketfetch - fetch a Bucket as its controller does, and say what came:
 *
 *	bucketfetch STORE ENDPOINT BUCKET [KEY=VALUE...]
 *
 * KEYs: provider, region, prefix, ignore, insecure, timeout (ms), sts, again (a
 * second pass, as the next interval makes it), secret.NAME, cert.NAME,
 * proxy.NAME (a Secret's data; "@FILE": what the file holds). For tests. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "fetching.h"
#include "source/bucketsource.h"

struct asked {
	struct arena a;
	struct bucketsource_spec spec;
	struct secrets secrets;
	str ignore;
	bool again;
};

static void take(struct asked *q, str arg)
{
	str key, value;
	uint64_t number;

	str_split(arg, '=', &key, &value);
	if (secrets_take(&q->secrets, &q->a, key, value))
		return;
	if (str_eq(key, S("provider"))) {
		q->spec.provider = value;
	} else if (str_eq(key, S("region"))) {
		q->spec.region = value;
	} else if (str_eq(key, S("prefix"))) {
		q->spec.prefix = value;
	} else if (str_eq(key, S("ignore"))) {
		q->ignore = value;
		q->spec.ignore = &q->ignore;
	} else if (str_eq(key, S("insecure"))) {
		q->spec.insecure = true;
	} else if (str_eq(key, S("sts"))) {
		q->spec.sts = (struct bucketsource_sts){ .wanted = true, .provider = S("ldap"),
							 .endpoint = value };
	} else if (str_eq(key, S("again"))) {
		q->again = true;
	} else if (str_eq(key, S("timeout")) && str_to_u64(value, &number)) {
		q->spec.timeout = (int64_t)number * CLOCK_MS;
	} else {
		fprintf(stderr, "bucketfetch: unknown argument %.*s\n", STR_ARG(arg));
		exit(2);
	}
}

static void finish(struct asked *q)
{
	struct bucketsource_spec *s = &q->spec;

	s->owner = (struct artifact_owner){ S("Bucket"), S("ns"), S("repo") };
	s->secret = secrets_get(&q->secrets, 0);
	s->cert = secrets_get(&q->secrets, 1);
	s->proxy = secrets_get(&q->secrets, 2);
	s->sts.secret = secrets_get(&q->secrets, 3);
}

static err *pass(struct asked *q, const struct bucketsource_env *env,
		 const struct bucketsource_seen *seen, struct bucketsource *s)
{
	TRY(bucketsource_fetch(s, env, &q->spec, seen));
	TRY(bucketsource_store(s, env, &q->spec));
	printf("revision: %.*s%s\n", STR_ARG(s->revision), s->unchanged ? " (unchanged)" : "");
	if (s->unchanged)
		return NULL;
	printf("event: %.*s\nurl: %.*s\n", STR_ARG(s->event), STR_ARG(s->artifact.url));
	return print_artifact(env->store, &s->artifact);
}

int main(int argc, char **argv)
{
	struct bucketsource_env env = { 0 };
	struct artifact_options o = { .host = S("source.example") };
	struct bucketsource first = { 0 }, second = { 0 };
	struct bucketsource_seen seen = { 0 };
	struct asked q = { .secrets.names = { "secret", "cert", "proxy", "sts" } };

	if (argc < 4)
		return 2;
	o.dir = str_c(argv[1]);
	q.spec.endpoint = str_c(argv[2]);
	q.spec.bucket = str_c(argv[3]);
	for (int i = 4; i < argc; i++)
		take(&q, str_c(argv[i]));
	finish(&q);
	must(net_client_new(&env.net, NULL));
	must(artifact_store_open(&env.store, &o));
	must(pass(&q, &env, &seen, &first));
	seen.artifact = &first.artifact;
	if (q.again)
		must(pass(&q, &env, &seen, &second));
	bucketsource_release(&first);
	bucketsource_release(&second);
	artifact_store_close(env.store);
	net_client_free(env.net);
	arena_release(&q.a);
	return 0;
}
