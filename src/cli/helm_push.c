#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/helm_fetch.h"
#include "source/ocichart.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/json.h"

static const struct flag flags[] = {
	{ 0, 0, FLAG_TABLE, 0, .table = helm_server_flags },
	{ 0 },
};

struct push {
	struct cli *c;
	const struct chart *chart;
	str bytes, prov;
	bool has_prov;
	int64_t mtime;	/* of the archive: when the chart was made */
};

/* ---- annotations --------------------------------------------------------- */

static void annotate(struct arena *a, node to, const char *key, str value)
{
	if (str_trim(value).n)
		node_set(a, to, arena_cat(a, S("org.opencontainers.image."), str_c(key)),
			 node_copy_str(a, value));
}

/* "Name (mail), Name (mail)" */
static str authors(struct arena *a, node list)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < node_len(list); i++) {
		str mail = node_str(node_get(node_at(list, i), S("email")));

		buf_add(&b, node_str(node_get(node_at(list, i), S("name"))));
		if (mail.n)
			buf_addf(&b, " (%.*s)", STR_ARG(mail));
		if (i + 1 < node_len(list))
			buf_add(&b, S(", "));
	}
	return arena_str(a, buf_str(&b));
}

/* What the chart says of itself, its own annotations over it, but for its name
 * and version. */
static node annotations(struct push *p)
{
	CLEANUP(buf_release) struct buf time = BUF_INIT;
	const struct chart_meta *m = &p->chart->meta;
	struct arena *a = p->c->arena;
	node out = node_map(a, 8);

	annotate(a, out, "description", m->description);
	annotate(a, out, "url", m->home);
	gotime_format(&time, gotime_utc(p->mtime, 0), GOTIME_RFC3339);
	annotate(a, out, "created", buf_str(&time));
	annotate(a, out, "source", node_str(node_at(m->sources, 0)));
	annotate(a, out, "authors", authors(a, m->maintainers));
	node_each_pair(i, m->annotations)
		node_put(a, out, i->key, i->value);
	annotate(a, out, "title", m->name);
	annotate(a, out, "version", m->version);
	node_sort(out);
	return out;
}

/* ---- sending -------------------------------------------------------------- */

/* The chart, its provenance file, its config: what they are, and their bytes. */
static err *make_parts(struct push *p, struct ocimanifest *m, str blobs[3], size_t *n)
{
	CLEANUP(buf_release) struct buf config = BUF_INIT;
	struct arena *a = p->c->arena;

	TRY(json_write(&config, repoindex_metadata(a, &p->chart->meta),
		       &(const struct json_style){ .source_order = true }));
	blobs[0] = arena_str(a, buf_str(&config));
	blobs[1] = p->bytes;
	blobs[2] = p->prov;
	*n = p->has_prov ? 3 : 2;
	TRY(oci_describe(a, blobs[0], OCIMANIFEST_HELM_CONFIG, &m->config));
	m->parts = arena_array(a, struct ocidescriptor, 2);
	TRY(oci_describe(a, blobs[1], OCIMANIFEST_HELM_CHART, &m->parts[m->parts_n++]));
	if (p->has_prov)
		TRY(oci_describe(a, blobs[2], OCIMANIFEST_HELM_PROV, &m->parts[m->parts_n++]));
	if (m->parts_n == 2 && str_cmp(m->parts[0].digest, m->parts[1].digest) > 0) {
		struct ocidescriptor first = m->parts[0];

		m->parts[0] = m->parts[1];
		m->parts[1] = first;
	}
	m->annotations = annotations(p);
	return NULL;
}

static node descriptor(struct arena *a, const struct ocidescriptor *d)
{
	node out = node_map(a, 3);

	node_set(a, out, S("mediaType"), node_from_str(a, d->media_type));
	node_set(a, out, S("digest"), node_from_str(a, d->digest));
	node_set(a, out, S("size"), node_from_int(d->size));
	return out;
}

/* As Helm writes it, so that the same chart has the same digest. */
static err *write_manifest(struct arena *a, const struct ocimanifest *m, struct buf *b)
{
	node out = node_map(a, 4), layers = node_seq(a, m->parts_n);

	for (size_t i = 0; i < m->parts_n; i++)
		node_append(a, layers, descriptor(a, &m->parts[i]));
	node_set(a, out, S("schemaVersion"), node_from_int(2));
	node_set(a, out, S("config"), descriptor(a, &m->config));
	node_set(a, out, S("layers"), layers);
	node_set(a, out, S("annotations"), m->annotations);
	return json_write(b, out, &(const struct json_style){ .source_order = true });
}

static err *send_all(struct push *p, struct helm_registry *r)
{
	CLEANUP(buf_release) struct buf manifest = BUF_INIT;
	struct arena *a = p->c->arena;
	struct ocimanifest m = { 0 };
	struct ocidescriptor d;
	str tag = helm_swap(a, p->chart->meta.version, '+', '_'), blobs[3];
	size_t n;

	TRY(make_parts(p, &m, blobs, &n));
	TRY(write_manifest(a, &m, &manifest));
	TRY(ocichart_push(r->oci, a, blobs, n, buf_str(&manifest), tag, &d));
	str shown = arena_cat(a, ociref_name(a, &r->ref), S(":"), tag);

	buf_addf(&p->c->out.buf, "Pushed: %.*s\nDigest: %.*s\n%.*s", STR_ARG(shown),
		 STR_ARG(d.digest), STR_ARG(helm_underscore(a, shown, tag)));
	return NULL;
}

/* ---- the command ------------------------------------------------------------ */

static err *load(struct push *p, str path)
{
	struct cli *c = p->c;
	struct chart *chart;
	struct stat st;

	if (stat(path.p, &st))
		return err_new(ERR_NOT_FOUND, "%.*s: no such file", STR_ARG(path));
	if (S_ISDIR(st.st_mode))
		return err_new(ERR_INVALID, "cannot push directory, must provide chart archive (.tgz)");
	p->mtime = st.st_mtime;
	TRY(fs_read_any(c->arena, path, HELM_FETCH_MAX, &p->bytes));
	err *e = chart_check_archive(path, p->bytes);

	if (!e)
		e = chart_load_archive(c->arena, p->bytes, NULL, &chart);
	TRY(e);
	p->chart = chart;
	e = fs_read_any(c->arena, arena_cat(c->arena, path, S(".prov")), 1 << 20, &p->prov);
	p->has_prov = !e;
	err_free(e);
	return NULL;
}

static err *run(struct cli *c)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	struct helm_registry r = { 0 };
	struct push p = { .c = c };
	str remote = c->words.p[1], scheme;

	if (!str_starts(remote, S("oci://"))) {
		size_t at = str_find(remote, S("://"));

		scheme = at == STR_NPOS ? STR_NONE : str_sub(remote, 0, at);
		if (!scheme.n)
			return err_new(ERR_INVALID,
				       "scheme prefix missing from remote (e.g. \"oci://\")");
		return err_new(ERR_INVALID, "scheme %.*s not supported",
			       STR_ARG(quote_str(c->arena, scheme)));
	}
	TRY(load(&p, c->words.p[0]));
	TRY(helm_net(&net));
	str ref = arena_cat(c->arena, S("oci://"),
			    path_join(c->arena, str_from(remote, sizeof "oci://" - 1),
				      p.chart->meta.name),
			    S(":"), helm_swap(c->arena, p.chart->meta.version, '+', '_'));
	err *e = helm_registry_open(c, net, ref, c->options, true, &r);

	if (!e)
		e = send_all(&p, &r);
	oci_close(r.oci);
	return e;
}

const struct command helm_push_command = {
	.use = "push [chart] [remote]",
	.brief = "Push a chart to a registry",
	.text = "Push a packed chart, and its provenance file if it has one, to oci://HOST/PATH.",
	.args = { ARGS_MIN, 2 },
	.flags = flags,
	.options = sizeof(struct helm_server_options),
	.run = run,
};
