#include "release/record.h"

#include "archive/gzip.h"
#include "base/die.h"
#include "text/base64.h"
#include "value/json.h"

bool record_has(node list, str word)
{
	node_each_item(i, list)
		if (str_eq(node_str(*i), word))
			return true;
	return false;
}

static str of_metadata(const struct record *r, const char *key)
{
	return node_str(node_dig(r->chart, "metadata", key));
}

str record_chart_name(const struct record *r)
{
	return of_metadata(r, "name");
}

str record_chart_version(const struct record *r)
{
	return of_metadata(r, "version");
}

str record_app_version(const struct record *r)
{
	return of_metadata(r, "appVersion");
}

bool record_is_pending(const struct record *r)
{
	return str_starts(r->status, S("pending-"));
}

/* ---- small parts ------------------------------------------------------- */

static void set_str(struct arena *a, node map, const char *key, str text)
{
	node_set(a, map, str_c(key), node_from_str(a, text));
}

static void add_str(struct arena *a, node map, const char *key, str text)
{
	if (text.n)
		set_str(a, map, key, text);
}

static void add_list(struct arena *a, node map, const char *key, node list)
{
	if (node_len(list))
		node_set(a, map, str_c(key), list);
}

static node time_node(struct arena *a, struct gotime t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, t, GOTIME_RFC3339_NANO);
	return node_copy_str(a, buf_str(&b));
}

static void add_time(struct arena *a, node map, const char *key, struct gotime t)
{
	if (!gotime_is_zero(t))
		node_set(a, map, str_c(key), time_node(a, t));
}

static struct gotime time_of(node n)
{
	struct gotime t;
	str text = node_str(n);
	err *e;

	if (!text.n)
		return GOTIME_ZERO;
	e = gotime_parse(&t, GOTIME_RFC3339, text, NULL);
	err_free(e);
	return e ? GOTIME_ZERO : t;
}

static node base64_node(struct arena *a, str bytes)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, bytes, BASE64_STD);
	return node_copy_str(a, buf_str(&b));
}

/* Maps sorted by their keys, as encoding/json writes maps. */
static node sorted(struct arena *a, node n)
{
	node copy = node_copy(a, n);

	node_sort(copy);
	return copy;
}

/* ---- a chart ----------------------------------------------------------- */

/* `f` may be NULL. */
static struct gotime file_time(const struct chart_file *f)
{
	return f && f->dated ? gotime_utc(f->mtime, f->mtime_nanos) : GOTIME_ZERO;
}

static node file_list(struct arena *a, const struct chart_files *files)
{
	node list = node_seq(a, files->n);

	if (!files->n)
		return node_null();
	for (size_t i = 0; i < files->n; i++) {
		node file = node_map(a, 3);

		set_str(a, file, "name", files->p[i].name);
		node_set(a, file, S("data"), base64_node(a, files->p[i].data));
		add_time(a, file, "modtime", file_time(&files->p[i]));
		node_append(a, list, file);
	}
	return list;
}

static node maintainers(struct arena *a, node list)
{
	static const char *const order[] = { "name", "email", "url" };
	node out = node_seq(a, node_len(list));

	node_each_item(m, list) {
		node one = node_map(a, 3);

		for (size_t i = 0; i < 3; i++)
			add_str(a, one, order[i], node_str(node_get(*m, str_c(order[i]))));
		node_append(a, out, one);
	}
	return out;
}

/* In the order of Helm's struct Metadata. */
static node metadata(struct arena *a, const struct chart_meta *m)
{
	static const char *const order[] = {
		"name",         "home",        "sources",    "version",     "description",
		"keywords",     "maintainers", "icon",       "apiVersion",  "condition",
		"tags",         "appVersion",  "deprecated", "annotations", "kubeVersion",
		"dependencies", "type",
	};
	node tree = meta_tree(a, m), out = node_map(a, sizeof order / sizeof *order);

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		node v = node_get(tree, str_c(order[i]));

		if (v.kind == NODE_NONE ||
		    ((v.kind == NODE_SEQ || v.kind == NODE_MAP) && !node_len(v)))
			continue;
		if (str_eq(str_c(order[i]), S("annotations")))
			v = sorted(a, v);
		else if (str_eq(str_c(order[i]), S("maintainers")))
			v = maintainers(a, v);
		node_set(a, out, str_c(order[i]), v);
	}
	return out;
}

static node lock_tree(struct arena *a, node lock)
{
	struct chart_dependency *deps;
	size_t n = meta_lock_dependencies(a, lock, &deps);
	node out = node_map(a, 3), list = node_seq(a, n);
	str generated = node_str(node_get(lock, S("generated")));

	if (node_is_nil(lock))
		return node_null();
	set_str(a, out, "generated", generated.n ? generated : S("0001-01-01T00:00:00Z"));
	set_str(a, out, "digest", node_str(node_get(lock, S("digest"))));
	for (size_t i = 0; i < n; i++)
		node_append(a, list, meta_dependency_tree(a, &deps[i]));
	node_set(a, out, S("dependencies"),
		 node_get(lock, S("dependencies")).kind == NODE_SEQ ? list : node_null());
	return out;
}

node record_chart(struct arena *a, const struct chart *c)
{
	node out = node_map(a, 8);

	node_set(a, out, S("metadata"), metadata(a, &c->meta));
	node_set(a, out, S("lock"), lock_tree(a, c->lock));
	node_set(a, out, S("templates"), file_list(a, &c->templates));
	node_set(a, out, S("values"), node_is_nil(c->values) ? node_null() : sorted(a, c->values));
	node_set(a, out, S("schema"), c->has_schema ? base64_node(a, c->schema) : node_null());
	node_set(a, out, S("schemamodtime"),
		 time_node(a, c->has_schema
				      ? file_time(chart_find_file(&c->raw, S("values.schema.json")))
				      : GOTIME_ZERO));
	node_set(a, out, S("files"), file_list(a, &c->files));
	add_time(a, out, "modtime", file_time(chart_find_file(&c->raw, S("Chart.yaml"))));
	return out;
}

void record_to_chart(struct arena *a, const struct record *r, struct chart *out)
{
	*out = (struct chart){ .values = node_get(r->chart, S("values")) };
	meta_from_tree(a, node_get(r->chart, S("metadata")), &out->meta);
	if (out->values.kind != NODE_MAP)
		out->values = NODE_NOTHING;
}

/* ---- hooks and manifests ----------------------------------------------- */

/* A comma list, cut and trimmed, in small letters; NODE_NONE for the empty text. */
static node words(struct arena *a, str list)
{
	node out = node_seq(a, 2);
	str word;
	bool more = list.n > 0;

	while (more) {
		more = str_split(list, ',', &word, &list);
		node_append(a, out, node_from_str(a, arena_lower(a, str_trim(word))));
	}
	return node_len(out) ? out : NODE_NOTHING;
}

void record_set_hooks(struct arena *a, struct record *r, const struct manifest_list *hooks)
{
	r->hooks = arena_array(a, struct record_hook, hooks->n + 1);
	r->hooks_n = hooks->n;
	for (size_t i = 0; i < hooks->n; i++) {
		const struct manifest *m = &hooks->p[i];
		struct record_hook *h = &r->hooks[i];

		*h = (struct record_hook){
			.name = m->name,
			.kind = m->kind,
			.path = m->path,
			.manifest = m->text,
			.events = node_seq(a, 2),
			.weight = m->weight,
			.delete_policies = words(a, m->delete_policies),
			.log_policies = words(a, m->log_policies),
			.started = GOTIME_ZERO,
			.completed = GOTIME_ZERO,
		};
		for (size_t j = 0; m->event_names && m->event_names[j]; j++)
			node_append(a, h->events, node_from_str(a, str_c(m->event_names[j])));
	}
}

str record_manifest(struct arena *a, const struct manifest_list *manifests)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < manifests->n; i++) {
		buf_add(&b, S("---\n# Source: "));
		buf_add(&b, manifests->p[i].path);
		buf_addc(&b, '\n');
		buf_add(&b, manifests->p[i].text);
		buf_addc(&b, '\n');
	}
	return arena_str(a, buf_str(&b));
}

/* ---- writing ----------------------------------------------------------- */

static node info_tree(struct arena *a, const struct record *r)
{
	node info = node_map(a, 8);

	add_time(a, info, "first_deployed", r->first_deployed);
	add_time(a, info, "last_deployed", r->last_deployed);
	add_time(a, info, "deleted", r->deleted);
	add_str(a, info, "description", r->description);
	add_str(a, info, "status", r->status);
	if (r->rollback_revision)
		node_set(a, info, S("rollback_revision"), node_from_int(r->rollback_revision));
	add_str(a, info, "notes", r->notes);
	return info;
}

static node hook_tree(struct arena *a, const struct record_hook *h)
{
	node out = node_map(a, 9), run = node_map(a, 3);

	add_str(a, out, "name", h->name);
	add_str(a, out, "kind", h->kind);
	add_str(a, out, "path", h->path);
	add_str(a, out, "manifest", h->manifest);
	add_list(a, out, "events", h->events);
	add_time(a, run, "started_at", h->started);
	add_time(a, run, "completed_at", h->completed);
	set_str(a, run, "phase", h->phase);
	node_set(a, out, S("last_run"), run);
	if (h->weight)
		node_set(a, out, S("weight"), node_from_int(h->weight));
	add_list(a, out, "delete_policies", h->delete_policies);
	add_list(a, out, "output_log_policies", h->log_policies);
	return out;
}

/* The JSON in pieces: up to the chart, the chart, what follows. */
struct pieces {
	size_t chart, rest;	/* where they begin */
};

static err *write_fields(node map, struct buf *b)
{
	CLEANUP(buf_release) struct buf own = BUF_LIMIT(RECORD_JSON_MAX);

	TRY(json_write(&own, map, &(struct json_style){ .source_order = true }));
	buf_add(b, str_sub(buf_str(&own), 1, own.n - 1));
	return buf_check(&own, "the release");
}

static err *write_pieces(const struct record *r, struct buf *b, struct pieces *at)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node head = node_map(&a, 2), rest = node_map(&a, 6), hooks = node_seq(&a, r->hooks_n);

	add_str(&a, head, "name", r->name);
	node_set(&a, head, S("info"), info_tree(&a, r));
	if (node_len(r->config))
		node_set(&a, rest, S("config"), sorted(&a, r->config));
	add_str(&a, rest, "manifest", r->manifest);
	for (size_t i = 0; i < r->hooks_n; i++)
		node_append(&a, hooks, hook_tree(&a, &r->hooks[i]));
	add_list(&a, rest, "hooks", hooks);
	if (r->version)
		node_set(&a, rest, S("version"), node_from_int(r->version));
	add_str(&a, rest, "namespace", r->ns);
	add_str(&a, rest, "apply_method", r->apply_method);
	buf_addc(b, '{');
	TRY(write_fields(head, b));
	if (r->chart.kind == NODE_MAP)
		buf_add(b, S(",\"chart\":"));
	at->chart = b->n;
	if (r->form)
		buf_add(b, r->form->json);
	else if (r->chart.kind == NODE_MAP)
		TRY(json_write(b, r->chart, &(struct json_style){ .source_order = true }));
	at->rest = b->n;
	if (node_len(rest))
		buf_addc(b, ',');
	if (node_len(rest))
		TRY(write_fields(rest, b));
	buf_addc(b, '}');
	return NULL;
}

err *record_write(const struct record *r, struct buf *b)
{
	struct pieces at;

	return write_pieces(r, b, &at);
}

err *record_write_observed(const struct record *r, str oci_digest, struct buf *b)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct arena *a = &arena;
	node out = node_map(a, 9), hooks = node_seq(a, r->hooks_n);

	set_str(a, out, "name", r->name);
	node_set(a, out, S("version"), node_from_int(r->version));
	node_set(a, out, S("info"), info_tree(a, r));
	node_set(a, out, S("chartMetadata"), node_get(r->chart, S("metadata")));
	node_set(a, out, S("config"), node_len(r->config) ? sorted(a, r->config) : node_null());
	set_str(a, out, "manifest", r->manifest);
	for (size_t i = 0; i < r->hooks_n; i++)
		if (!record_has(r->hooks[i].events, S("test")))
			node_append(a, hooks, hook_tree(a, &r->hooks[i]));
	node_set(a, out, S("hooks"), node_len(hooks) ? hooks : node_null());
	set_str(a, out, "namespace", r->ns);
	add_str(a, out, "ociDigest", oci_digest);
	TRY(json_write(b, out, &(struct json_style){ .source_order = true }));
	buf_addc(b, '\n');
	return NULL;
}

/* libdeflate packs as tight at this level as Go's gzip does at its best, in a
 * third of the time. */
enum { LEVEL = 6 };
/* A pending record is soon written anew; it only has to fit. */
enum { LEVEL_PENDING = 2, PENDING_MAX = 1 << 20 };

/* Beyond this every byte counts: one member packs tighter than three. */
enum { PIECES_MAX = 512 << 10 };

err *record_form_make(struct arena *a, const struct chart *c, struct record_form *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(RECORD_JSON_MAX);
	node tree = record_chart(a, c);

	TRY(json_write(&b, tree, &(struct json_style){ .source_order = true }));
	TRY(buf_check(&b, "the chart"));
	*out = (struct record_form){ .chart = tree, .json = arena_str(a, buf_str(&b)),
				     .values = c->values };
	return NULL;
}

err *record_form_keep(struct arena *a, const struct chart *c, struct record_form *out)
{
	CLEANUP(buf_release) struct buf packed = BUF_INIT;
	struct record_form form;

	*out = (struct record_form){ 0 };
	if (c->subs_n || c->meta.has_deps)
		return NULL;
	TRY(record_form_make(a, c, &form));
	TRY(gzip_write(form.json, LEVEL, &packed));
	form.packed = arena_str(a, buf_str(&packed));
	*out = form;
	return NULL;
}

bool record_form_fits(const struct record_form *f, const struct chart *c)
{
	return f->packed.n && c->values.kind == f->values.kind && c->values.map == f->values.map &&
	       str_eq(node_str(node_dig(f->chart, "metadata", "version")), c->meta.version);
}

static err *pack_chart(const struct record *r, str json, struct record_cache *cache, struct buf *out)
{
	if (!r->form || !r->form->packed.n)
		return record_cache_pack(cache, json, LEVEL, out);
	buf_add(out, r->form->packed);
	return buf_check(out, "compressed data");
}

static err *pack_pieces(const struct record *r, str json, const struct pieces *at, int level,
			struct record_cache *cache, struct buf *out)
{
	TRY(record_cache_pack_once(cache, str_sub(json, 0, at->chart), level, out));
	TRY(pack_chart(r, str_sub(json, at->chart, at->rest), cache, out));
	return record_cache_pack_once(cache, str_from(json, at->rest), level, out);
}

err *record_encode(const struct record *r, struct record_cache *cache, struct buf *b)
{
	CLEANUP(buf_release) struct buf json = BUF_LIMIT(RECORD_JSON_MAX), packed = BUF_INIT;
	struct pieces at;

	TRY(write_pieces(r, &json, &at));
	TRY(buf_check(&json, "the release"));
	int level = record_is_pending(r) && json.n < PENDING_MAX ? LEVEL_PENDING : LEVEL;

	if (cache && at.chart < at.rest)
		TRY(pack_pieces(r, buf_str(&json), &at, level, cache, &packed));
	if (!packed.n || packed.n > PIECES_MAX) {
		buf_clear(&packed);
		TRY(record_cache_pack_once(cache, buf_str(&json), level, &packed));
	}
	base64_write(b, buf_str(&packed), BASE64_STD);
	return buf_check(b, "the release");
}

/* ---- reading ----------------------------------------------------------- */

static void hook_from(struct record_hook *h, node n)
{
	node run = node_get(n, S("last_run"));

	*h = (struct record_hook){
		.name = node_str(node_get(n, S("name"))),
		.kind = node_str(node_get(n, S("kind"))),
		.path = node_str(node_get(n, S("path"))),
		.manifest = node_str(node_get(n, S("manifest"))),
		.events = node_get(n, S("events")),
		.delete_policies = node_get(n, S("delete_policies")),
		.log_policies = node_get(n, S("output_log_policies")),
		.weight = node_int(node_get(n, S("weight"))),
		.started = time_of(node_get(run, S("started_at"))),
		.completed = time_of(node_get(run, S("completed_at"))),
		.phase = node_str(node_get(run, S("phase"))),
	};
}

err *record_read(struct arena *a, str json, struct record *out)
{
	const struct json_options floats = { .numbers = JSON_NUMBERS_FLOAT };
	node n, info, hooks;

	TRY(json_read(a, json, &floats, &n));
	if (n.kind != NODE_MAP)
		return err_new(ERR_INVALID,
			       "json: cannot unmarshal %s into Go value of type v1.Release",
			       node_kind_name(n));
	info = node_get(n, S("info"));
	hooks = node_get(n, S("hooks"));
	*out = (struct record){
		.name = node_str(node_get(n, S("name"))),
		.ns = node_str(node_get(n, S("namespace"))),
		.version = node_int(node_get(n, S("version"))),
		.first_deployed = time_of(node_get(info, S("first_deployed"))),
		.last_deployed = time_of(node_get(info, S("last_deployed"))),
		.deleted = time_of(node_get(info, S("deleted"))),
		.description = node_str(node_get(info, S("description"))),
		.status = node_str(node_get(info, S("status"))),
		.notes = node_str(node_get(info, S("notes"))),
		.rollback_revision = node_int(node_get(info, S("rollback_revision"))),
		.chart = node_get(n, S("chart")),
		.config = node_get(n, S("config")),
		.manifest = node_str(node_get(n, S("manifest"))),
		.hooks = arena_array(a, struct record_hook, node_len(hooks) + 1),
		.apply_method = node_str(node_get(n, S("apply_method"))),
	};
	node_each_item(h, hooks)
		hook_from(&out->hooks[out->hooks_n++], *h);
	return NULL;
}

err *record_decode(struct arena *a, str text, struct record *out)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	CLEANUP(buf_release) struct buf json = BUF_LIMIT(RECORD_JSON_MAX);

	TRY(base64_read(&bytes, text, BASE64_STD));
	if (!gzip_is(buf_str(&bytes)))
		return record_read(a, arena_str(a, buf_str(&bytes)), out);
	TRY(gzip_read(buf_str(&bytes), RECORD_JSON_MAX, &json));
	return record_read(a, arena_str(a, buf_str(&json)), out);
}
