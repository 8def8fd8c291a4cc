#include "server/read.h"

#include "base/vec.h"
#include "server/object.h"
#include "server/server.h"
#include "server/status.h"
#include "text/base64.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/json.h"

/* ---- get --------------------------------------------------------------- */

static err *check_version(struct request *r, uint64_t wanted)
{
	uint64_t current = store_rv(server_store(r->server));

	return wanted > current ? status_future(wanted, current) : NULL;
}

err *read_get(struct request *r)
{
	str version = request_query(r, S("resourceVersion"));
	uint64_t wanted = 0;

	if (version.n)
		TRY(options_version(version, &wanted));
	TRY(check_version(r, wanted));
	CLEANUP(blob_drop)
	struct blob *b = store_get(server_store(r->server), server_table(r->server, r->kind),
				   r->namespace, r->name);

	if (!b)
		return status_not_found(r->group, r->plural, r->name);
	CLEANUP(blob_drop) struct blob *now = object_current(r->server, r->kind, b);

	return view_blob(r, r->kind, now);
}

/* ---- tokens ------------------------------------------------------------ */

static err *bad_token(const char *why)
{
	return status_bad_request("invalid continue token: continue key is not valid: %s", why);
}

static err *read_start(struct arena *a, node json, str namespace, struct read_token *out)
{
	str start = node_str(node_get(json, S("start"))), key, before, after;

	if (!start.n)
		return bad_token("encoded start key empty (version meta.k8s.io/v1)");
	key = start.p[0] == '/' ? start : arena_cat(a, S("/"), start);
	/* the NUL behind the key says: not the key itself, what comes after */
	while (key.n && !key.p[key.n - 1])
		key.n--;
	if (!str_eq(path_clean(a, key), key))
		return bad_token(arena_str(a, start).p);
	key = str_from(key, 1);
	out->namespace = namespace;
	out->name = key;
	if (!namespace.n && str_split(key, '/', &before, &after)) {
		out->namespace = before;
		out->name = after;
	}
	return NULL;
}

err *read_token_parse(struct arena *a, str token, str namespace, struct read_token *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(err_drop) err *e = base64_read(&text, token, BASE64_RAW_URL);
	node json;

	*out = (struct read_token){ 0 };
	if (e)
		return bad_token(err_msg(e));
	e = json_read(a, arena_str(a, buf_str(&text)), NULL, &json);
	if (e)
		return bad_token(err_msg(e));
	str v = node_str(node_get(json, S("v")));
	int64_t rv = node_int(node_get(json, S("rv")));

	if (!str_eq(v, S("meta.k8s.io/v1"))) {
		CLEANUP(buf_release) struct buf q = BUF_INIT;

		quote_add(&q, v, QUOTE_PRINT);
		return bad_token(arena_printf(a,
					      "server does not recognize this encoded version %s",
					      buf_c(&q))
					 .p);
	}
	if (!rv)
		return bad_token(
			"incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
	out->newest = rv < 0;
	out->rv = rv < 0 ? 0 : (uint64_t)rv;
	return read_start(a, json, namespace, out);
}

str read_token_print(struct arena *a, const struct read_token *t, str namespace)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	str key = t->name;

	if (!namespace.n && t->namespace.n)
		key = arena_cat(a, t->namespace, S("/"), t->name);
	buf_addf(&b, "{\"v\":\"meta.k8s.io/v1\",\"rv\":%lld,\"start\":",
		 t->newest ? -1LL : (long long)t->rv);
	json_write_str(&b, arena_cat(a, key, ((str){ "", 1 })), false);
	buf_addc(&b, '}');
	base64_write(&text, buf_str(&b), BASE64_RAW_URL);
	return arena_str(a, buf_str(&text));
}

/* ---- list -------------------------------------------------------------- */

static const char too_old[] =
	"The provided continue parameter is too old to display a consistent "
	"list result. You can start a new list without the continue parameter, "
	"or use the continue token in this response to retrieve the remainder of "
	"the results. Continuing with the provided token results in an "
	"inconsistent list - objects that were created, modified, or deleted "
	"between the time the first chunk was returned and now may show up in the "
	"list.";

static err *expired(struct request *r, const struct read_token *from)
{
	if (!from->name.n)
		return status_expired(STR_NONE,
				      "The resourceVersion for the provided list is too old.");
	struct read_token on = { .newest = true, .namespace = from->namespace, .name = from->name };

	return status_expired(read_token_print(r->arena, &on, r->namespace), "%s", too_old);
}

/* Which state, and from which key on. */
static err *find_range(struct request *r, const struct options_list *o, struct store_range *range,
		       struct read_token *from)
{
	*from = (struct read_token){ 0 };
	*range = (struct store_range){ .namespace = r->namespace };
	if (o->token.n) {
		TRY(read_token_parse(r->arena, o->token, r->namespace, from));
		if (o->has_version && o->version)
			return status_bad_request("specifying resource version is not allowed when "
						  "using continue");
		range->after_namespace = from->namespace;
		range->after_name = from->name;
		range->at = from->rv;
		return NULL;
	}
	TRY(check_version(r, o->version));
	if (o->version && (o->exact || (o->limit && !o->not_older)))
		range->at = o->version;
	return NULL;
}

/* Keep what the selectors choose, up to the limit. Gives where it stopped. */
static size_t choose(struct request *r, const struct options_list *o, struct store_list *l,
		     size_t limit, struct view_list *view)
{
	size_t i = 0;

	for (; i < l->n && (!limit || view->n < limit); i++)
		if (options_choose_blob(r->arena, o, r->kind, l->p[i]))
			view->items[view->n++] = l->p[i];
	return i;
}

static void set_continue(struct request *r, struct view_list *view, const struct blob *last)
{
	struct read_token t = {
		.rv = view->rv,
		.namespace = blob_namespace(last),
		.name = blob_name(last),
	};

	view->token = read_token_print(r->arena, &t, r->namespace);
}

static void fill_view(struct request *r, const struct options_list *o, struct store_list *l,
		      size_t limit, struct view_list *view)
{
	*view = (struct view_list){ .kind = r->kind, .rv = l->rv, .remaining = -1 };
	if (!o->labels.n && !o->fields_n) {
		view->items = l->p;
		view->n = l->n;
		if (l->more) {
			set_continue(r, view, l->p[l->n - 1]);
			view->remaining = (int64_t)l->more;
		}
		return;
	}
	view->items = arena_array(r->arena, struct blob *, l->n);
	size_t at = choose(r, o, l, limit, view);

	if (at < l->n && at)
		set_continue(r, view, l->p[at - 1]);
}

/* Custom resources whose schema is newer than they. */
static void make_current(struct request *r, struct store_list *l)
{
	for (size_t i = 0; i < l->n && r->kind->custom; i++) {
		struct blob *now = object_current(r->server, r->kind, l->p[i]);

		blob_unref(l->p[i]);
		l->p[i] = now;
	}
}

err *read_some(struct request *r, const struct options_list *o, struct store_list *list,
	       struct view_list *view)
{
	struct store_range range;
	struct read_token from;

	TRY(find_range(r, o, &range, &from));
	/* a state of any age is one that is in memory: all of it */
	size_t limit = o->has_version && !o->version && !o->exact ? 0 : (size_t)o->limit;

	if (!o->labels.n && !o->fields_n)
		range.limit = limit;
	switch (store_list(server_store(r->server), server_table(r->server, r->kind), &range,
			   list)) {
	case STORE_OK:
		break;
	case STORE_EXPIRED:
		return expired(r, &from);
	case STORE_FUTURE:
		return status_future(range.at, store_rv(server_store(r->server)));
	}
	make_current(r, list);
	fill_view(r, o, list, limit, view);
	return NULL;
}

err *read_list(struct request *r)
{
	struct options_list o;
	struct store_list list;
	struct view_list view;

	TRY(options_list(r, false, &o));
	TRY(read_some(r, &o, &list, &view));
	err *e = view_list(r, &view);

	store_list_release(&list);
	return e;
}
