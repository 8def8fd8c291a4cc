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
#include "source/bucketsource.h"

struct asked {
	struct arena a;
	struct bucketsource_spec spec;
	VEC(struct credentials_item) secret, cert, proxy;
	struct credentials secret_c, cert_c, proxy_c;
	str ignore;
	bool again;
};

static void stop(err *e)
{
	struct failure f = failure_of(e);

	printf("failed: %s %s%s: %s\n", f.condition ? f.condition : "-", f.reason,
	       f.class == FAILURE_STALLED ? " (stalled)" : "", err_msg(e));
	err_free(e);
	exit(1);
}

static str value_of(struct asked *q, str text)
{
	str out;

	if (!str_take(&text, '@'))
		return text;
	err *e = fs_read_any(&q->a, text, 16 << 20, &out);

	if (e)
		stop(e);
	return out;
}

static void take(struct asked *q, str arg)
{
	str key, value;
	uint64_t number;

	str_split(arg, '=', &key, &value);
	if (str_take_str(&key, S("secret."))) {
		avec_push(&q->a, &q->secret, (struct credentials_item){ key, value_of(q, value) });
	} else if (str_take_str(&key, S("cert."))) {
		avec_push(&q->a, &q->cert, (struct credentials_item){ key, value_of(q, value) });
	} else if (str_take_str(&key, S("proxy."))) {
		avec_push(&q->a, &q->proxy, (struct credentials_item){ key, value_of(q, value) });
	} else if (str_eq(key, S("provider"))) {
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
		q->spec.sts = true;
	} else if (str_eq(key, S("again"))) {
		q->again = true;
	} else if (str_eq(key, S("timeout")) && str_to_u64(value, &number)) {
		q->spec.timeout = (int64_t)number * CLOCK_MS;
	} else {
		fprintf(stderr, "bucketfetch: unknown argument %.*s\n", STR_ARG(arg));
		exit(2);
	}
}

static struct credentials secret_of(const struct credentials_item *items, size_t n)
{
	return (struct credentials){ S("ns"), S("secret"), items, n };
}

static void finish(struct asked *q)
{
	struct bucketsource_spec *s = &q->spec;

	s->owner = (struct artifact_owner){ S("Bucket"), S("ns"), S("repo") };
	q->secret_c = secret_of(q->secret.p, q->secret.n);
	q->cert_c = secret_of(q->cert.p, q->cert.n);
	q->proxy_c = secret_of(q->proxy.p, q->proxy.n);
	s->secret = q->secret.n ? &q->secret_c : NULL;
	s->cert = q->cert.n ? &q->cert_c : NULL;
	s->proxy = q->proxy.n ? &q->proxy_c : NULL;
}

static err *print_file(void *ctx, str path, const struct fs_entry *e, enum fs_step *next)
{
	(void)ctx;
	(void)next;
	if (e->type == FS_FILE)
		printf("  %.*s %llu\n", STR_ARG(path), (unsigned long long)e->info.size);
	return NULL;
}

static err *print_tree(struct artifact_store *store, const struct artifact *a)
{
	CLEANUP(artifact_tree_drop) struct artifact_tree *tree = NULL;

	TRY(artifact_verify(store, a));
	TRY(artifact_open(store, a, &tree));
	return fs_walk(artifact_tree_fs(tree), STR_NONE,
		       &(struct fs_walk){ .info = true, .visit = print_file });
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
	return print_tree(env->store, &s->artifact);
}

int main(int argc, char **argv)
{
	struct bucketsource_env env = { 0 };
	struct artifact_options o = { .host = S("source.example") };
	struct bucketsource first = { 0 }, second = { 0 };
	struct bucketsource_seen seen = { 0 };
	struct asked q = { 0 };
	err *e;

	if (argc < 4)
		return 2;
	o.dir = str_c(argv[1]);
	q.spec.endpoint = str_c(argv[2]);
	q.spec.bucket = str_c(argv[3]);
	for (int i = 4; i < argc; i++)
		take(&q, str_c(argv[i]));
	finish(&q);
	if ((e = net_client_new(&env.net, NULL)) || (e = artifact_store_open(&env.store, &o)) ||
	    (e = pass(&q, &env, &seen, &first)))
		stop(e);
	seen.artifact = &first.artifact;
	if (q.again && (e = pass(&q, &env, &seen, &second)))
		stop(e);
	bucketsource_release(&first);
	bucketsource_release(&second);
	artifact_store_close(env.store);
	net_client_free(env.net);
	arena_release(&q.a);
	return 0;
}
