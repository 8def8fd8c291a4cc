/* ocifetch - ask a registry as controllers and commands do, and say what came:
 *
 *	ocifetch fetch STORE URL [KEY=VALUE...]
 *	ocifetch tags|resolve|manifest|referrers|delete REFERENCE [KEY=VALUE...]
 *	ocifetch push REFERENCE FILE [KEY=VALUE...]
 *	ocifetch tag REFERENCE TAG [KEY=VALUE...]
 *
 * KEYs: tag, semver, filter, digest, layer, operation, ignore, provider,
 * insecure, timeout (ms), again (a second pass, as the next interval makes
 * it), verify (a provider, whose verifier says yes; "no:" before it: says no;
 * "none:": there is none), secret.NAME, cert.NAME, proxy.NAME (a Secret's data;
 * "@FILE": what the file holds), subject (push: of a manifest). For tests. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "fetching.h"
#include "base/vec.h"
#include "source/ocisource.h"

struct asked {
	struct arena a;
	struct ocisource_spec spec;
	struct secrets secrets;
	str ignore, subject;
	bool again;
};

static bool take_text(struct asked *q, str key, str value)
{
	struct {
		const char *key;
		str *to;
	} texts[] = {
		{ "tag", &q->spec.tag },           { "semver", &q->spec.semver },
		{ "digest", &q->spec.digest },     { "filter", &q->spec.semver_filter },
		{ "layer", &q->spec.layer },       { "operation", &q->spec.operation },
		{ "provider", &q->spec.provider }, { "subject", &q->subject },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (str_eq(key, str_c(texts[i].key))) {
			*texts[i].to = value;
			return true;
		}
	return false;
}

static err *say_yes(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
{
	(void)ctx;
	(void)c;
	printf("verifying %.*s\n", STR_ARG(ociref_text(a, ref)));
	return NULL;
}

static err *say_no(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
{
	(void)ctx;
	(void)c;
	return err_new(ERR_FORBIDDEN, "no matching signatures were found for '%.*s'",
		       STR_ARG(ociref_text(a, ref)));
}

static void take_verify(struct asked *q, str value)
{
	q->spec.verify_wanted = true;
	q->spec.verify = say_yes;
	if (str_take_str(&value, S("no:")))
		q->spec.verify = say_no;
	else if (str_take_str(&value, S("none:")))
		q->spec.verify = NULL;
	q->spec.verify_keyless = true;
	q->spec.verify_provider = value;
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
	} else if (str_eq(key, S("insecure"))) {
		q->spec.insecure = true;
	} else if (str_eq(key, S("timeout")) && str_to_u64(value, &number)) {
		q->spec.timeout = (int64_t)number * CLOCK_MS;
	} else if (str_eq(key, S("verify"))) {
		take_verify(q, value);
	} else if (str_eq(key, S("again"))) {
		q->again = true;
	} else {
		fprintf(stderr, "ocifetch: unknown argument %.*s\n", STR_ARG(arg));
		exit(2);
	}
}

static void finish(struct asked *q)
{
	struct ocisource_spec *s = &q->spec;

	s->owner = (struct artifact_owner){ S("OCIRepository"), S("ns"), S("repo") };
	s->secrets = secrets_get(&q->secrets, 0);
	s->secrets_n = s->secrets != NULL;
	s->cert = secrets_get(&q->secrets, 1);
	s->proxy = secrets_get(&q->secrets, 2);
}

/* ---- fetching -------------------------------------------------------------------- */

static err *pass(struct asked *q, const struct ocisource_env *env,
		 const struct ocisource_seen *seen, struct ocisource *o)
{
	TRY(ocisource_fetch(o, env, &q->spec, seen));
	printf("revision: %.*s%s\n", STR_ARG(o->revision), o->unchanged ? " (unchanged)" : "");
	if (o->verified.n)
		printf("verified: %.*s\n", STR_ARG(o->verified));
	TRY(ocisource_store(o, env, &q->spec));
	if (o->unchanged)
		return NULL;
	printf("reference: %.*s\n", STR_ARG(o->reference));
	printf("event: %.*s\n", STR_ARG(o->event));
	printf("url: %.*s\nlink: %.*s\n", STR_ARG(o->artifact.url), STR_ARG(o->link));
	node_each_pair(p, o->annotations)
		printf("annotation: %.*s=%.*s\n", STR_ARG(node_str(p->key)),
		       STR_ARG(node_str(p->value)));
	if (str_eq(q->spec.operation, S("copy"))) {
		printf("digest: %.*s\n", STR_ARG(o->artifact.digest));
		return artifact_verify(env->store, &o->artifact);
	}
	return print_artifact(env->store, &o->artifact);
}

static err *fetch(struct asked *q, struct net_client *net, str store)
{
	struct ocisource_env env = { .net = net, .memory = oci_memory_new() };
	struct ocisource_seen seen = { 0 };
	struct artifact_options o = { .dir = store, .host = S("source.example") };
	struct ocisource first = { 0 }, second = { 0 };

	err *e = artifact_store_open(&env.store, &o);

	if (!e)
		e = pass(q, &env, &seen, &first);
	seen = (struct ocisource_seen){ .artifact = &first.artifact, .verified = true };
	if (!e && q->again)
		e = pass(q, &env, &seen, &second);
	ocisource_release(&first);
	ocisource_release(&second);
	artifact_store_drop(&env.store);
	oci_memory_free(env.memory);
	return e;
}

/* ---- single questions ---------------------------------------------------------------- */

static void print_descriptor(const struct ocidescriptor *d)
{
	printf("%.*s %lld %.*s", STR_ARG(d->digest), (long long)d->size, STR_ARG(d->media_type));
	if (d->artifact_type.n)
		printf(" %.*s", STR_ARG(d->artifact_type));
	printf("\n");
}

static err *push(struct asked *q, struct oci *c, const struct ociref *ref, str file)
{
	struct ocimanifest m = { 0 };
	struct ocidescriptor layer, d;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str bytes;

	TRY(fs_read_any(&q->a, file, 64 << 20, &bytes));
	TRY(oci_push_blob(c, &q->a, bytes, &layer));
	TRY(oci_push_blob(c, &q->a, S("{}"), &m.config));
	layer.media_type = q->spec.layer.n ? q->spec.layer : OCIMANIFEST_FLUX_CONTENT;
	m.config.media_type = OCIMANIFEST_FLUX_CONFIG;
	m.parts = &layer;
	m.parts_n = 1;
	if (q->subject.n) {
		TRY(oci_resolve(c, &q->a, q->subject, &m.subject));
		m.artifact_type = S("application/vnd.test");
	}
	ocimanifest_write(&b, &m);
	TRY(oci_push_manifest(c, &q->a, ref->tag, OCIMANIFEST_IMAGE, buf_str(&b), &d));
	print_descriptor(&d);
	return NULL;
}

static err *tag(struct asked *q, struct oci *c, const struct ociref *ref, str name)
{
	struct ocidescriptor d;
	struct ocimanifest m;

	TRY(oci_manifest(c, &q->a, ociref_wanted(ref), &m));
	return oci_push_manifest(c, &q->a, name, m.media_type, m.bytes, &d);
}

static err *list_tags(struct asked *q, struct oci *c)
{
	str *tags;
	size_t n;

	TRY(oci_tags(c, &q->a, &tags, &n));
	printf("%zu tags\n", n);
	for (size_t i = 0; i < n && i < 20; i++)
		printf("%.*s\n", STR_ARG(tags[i]));
	return NULL;
}

static err *list_referrers(struct asked *q, struct oci *c, const struct ociref *ref)
{
	struct ocidescriptor *list, d;
	size_t n;

	TRY(oci_resolve(c, &q->a, ociref_wanted(ref), &d));
	TRY(oci_referrers(c, &q->a, d.digest, STR_NONE, &list, &n));
	for (size_t i = 0; i < n; i++)
		print_descriptor(&list[i]);
	return NULL;
}

static err *print_manifest(struct asked *q, struct oci *c, const struct ociref *ref)
{
	struct ocimanifest m;

	TRY(oci_image(c, &q->a, ociref_wanted(ref), NULL, &m));
	printf("%.*s\n%.*s\n", STR_ARG(m.digest), STR_ARG(m.bytes));
	return NULL;
}

static err *ask(struct asked *q, struct net_client *net, str what, str reference, str more)
{
	CLEANUP(oci_drop) struct oci *c = NULL;
	struct ociauth_config config = { 0 };
	struct net_tls tls;
	struct ocidescriptor d;
	struct ociref ref;

	TRY(ociref_parse(&q->a, reference, &ref));
	if (q->spec.secrets_n)
		TRY(ociauth_read(&q->a, q->spec.secrets->items[0].value, &config));
	if (q->spec.cert)
		TRY(credentials_tls(q->spec.cert, &tls));
	struct oci_options o = { .net = net,
				 .ref = ref,
				 .config = &config,
				 .tls = q->spec.cert ? &tls : NULL,
				 .push = true,
				 .remove = str_eq(what, S("delete")),
				 .insecure = q->spec.insecure };

	if (q->spec.timeout)
		o.deadline = clock_after(clock_mono(), q->spec.timeout);
	TRY(oci_open(&c, &o));
	if (str_eq(what, S("tags")))
		return list_tags(q, c);
	if (str_eq(what, S("push")))
		return push(q, c, &ref, more);
	if (str_eq(what, S("tag")))
		return tag(q, c, &ref, more);
	if (str_eq(what, S("referrers")))
		return list_referrers(q, c, &ref);
	if (str_eq(what, S("manifest")))
		return print_manifest(q, c, &ref);
	if (str_eq(what, S("delete")))
		return oci_delete(c, ociref_wanted(&ref));
	TRY(oci_resolve(c, &q->a, ociref_wanted(&ref), &d));
	print_descriptor(&d);
	return NULL;
}

int main(int argc, char **argv)
{
	struct asked q = { .secrets.names = { "secret", "cert", "proxy" } };
	struct net_client *net;
	str what = str_c(argc > 1 ? argv[1] : "");
	bool two = str_eq(what, S("fetch")) || str_eq(what, S("push")) || str_eq(what, S("tag"));
	int first = two ? 4 : 3;

	if (argc < first)
		return 2;
	for (int i = first; i < argc; i++)
		take(&q, str_c(argv[i]));
	finish(&q);
	must(net_client_new(&net, NULL));
	if (str_eq(what, S("fetch"))) {
		q.spec.url = str_c(argv[3]);
		must(fetch(&q, net, str_c(argv[2])));
	} else {
		must(ask(&q, net, what, str_c(argv[2]), str_c(two ? argv[3] : NULL)));
	}
	net_client_free(net);
	arena_release(&q.a);
	return 0;
}
