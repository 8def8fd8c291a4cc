#include "helm/pack.h"

#include <time.h>

#include "archive/gzip.h"
#include "archive/tar.h"
#include "value/json.h"
#include "value/yaml.h"

struct packer {
	struct arena *a;
	struct tar_writer tar;
	int64_t mtime;
};

str pack_name(struct arena *a, const struct chart *c)
{
	return arena_cat(a, c->meta.name, S("-"), c->meta.version, S(".tgz"));
}

static err *add(struct packer *p, str base, str name, str data, int64_t mtime)
{
	const struct tar_entry e = {
		.name = arena_cat(p->a, base, S("/"), name),
		.type = TAR_FILE,
		.mode = 0644,
		.size = data.n,
		.mtime = p->mtime == PACK_OWN_TIMES ? mtime : p->mtime,
	};

	TRY(tar_write_entry(&p->tar, &e));
	return tar_write_bytes(&p->tar, data);
}

static err *add_yaml(struct packer *p, str base, str name, node tree, int64_t mtime)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(yaml_write(&b, tree, YAML_WRITE_SIGS));
	return add(p, base, name, buf_str(&b), mtime);
}

static err *add_files(struct packer *p, str base, const struct chart_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		TRY(add(p, base, files->p[i].name, files->p[i].data, files->p[i].mtime));
	return NULL;
}

/* Dependencies of version 1 are in requirements.yaml. */
static node own_meta(struct arena *a, const struct chart *c)
{
	struct chart_meta m = c->meta;

	if (str_eq(m.api_version, S("v1")))
		m.deps_n = 0;
	return meta_tree(a, &m);
}

/* Generated at the time of all files, where there is one. */
static node own_lock(struct packer *p, const struct chart *c)
{
	node lock = node_copy(p->a, c->lock);
	time_t sec = (time_t)p->mtime;
	struct tm tm;

	if (p->mtime == PACK_OWN_TIMES || !gmtime_r(&sec, &tm))
		return lock;
	node_set(p->a, lock, S("generated"),
		 node_from_str(p->a, arena_printf(p->a, "%04d-%02d-%02dT%02d:%02d:%02dZ",
						  tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
						  tm.tm_hour, tm.tm_min, tm.tm_sec)));
	return lock;
}

static err *check_schema(struct arena *a, str schema)
{
	node tree;
	err *e = json_read(a, schema, NULL, &tree);

	return e ? err_replace(e, "invalid JSON in values.schema.json") : NULL;
}

static err *add_chart(struct packer *p, const struct chart *c, str above)
{
	str base = above.n ? arena_cat(p->a, above, S("/"), c->meta.name) : c->meta.name;
	const struct chart_file *f = chart_find_file(&c->raw, S("Chart.yaml"));
	int64_t mtime = f ? f->mtime : 0;

	TRY(add_yaml(p, base, S("Chart.yaml"), own_meta(p->a, c), mtime));
	if (c->lock.kind == NODE_MAP && str_eq(c->meta.api_version, S("v2")))
		TRY(add_yaml(p, base, S("Chart.lock"), own_lock(p, c), mtime));
	f = chart_find_file(&c->raw, S("values.yaml"));
	if (f)
		TRY(add(p, base, f->name, f->data, f->mtime));
	f = chart_find_file(&c->raw, S("values.schema.json"));
	if (f) {
		TRY(check_schema(p->a, f->data));
		TRY(add(p, base, f->name, f->data, f->mtime));
	}
	TRY(add_files(p, base, &c->templates));
	TRY(add_files(p, base, &c->files));
	for (size_t i = 0; i < c->subs_n; i++)
		TRY(add_chart(p, c->subs[i], arena_cat(p->a, base, S("/charts"))));
	return NULL;
}

err *pack_chart(struct arena *a, const struct chart *c, int64_t mtime, struct buf *out)
{
	struct packer p = { .a = a, .mtime = mtime };
	struct sink_buf to;

	sink_buf_init(&to, out, "archive");
	struct gzip_writer *gzip = gzip_writer_new(&to.sink, 0);

	tar_writer_init(&p.tar, gzip_sink(gzip));
	err *e = add_chart(&p, c, STR_NONE);

	if (!e)
		e = tar_finish(&p.tar);
	if (!e)
		e = gzip_finish(gzip);
	gzip_writer_free(gzip);
	return e;
}
