/* Entries of metadata.managedFields as sets, and back. */
#include "base/sort.h"
#include "kube/managed_impl.h"
#include "text/gotime.h"
#include "value/json.h"

enum { UPDATERS_MAX = 10 };

/* ---- identity ---------------------------------------------------------- */

bool managed_same(const struct managed_entry *x, const struct managed_entry *y)
{
	return x->applied == y->applied && str_eq(x->manager, y->manager) &&
	       str_eq(x->subresource, y->subresource) &&
	       (x->applied || str_eq(x->api_version, y->api_version));
}

struct managed_entry *managed_find(struct managed_list *l, const struct managed_entry *of)
{
	for (size_t i = 0; i < l->entries.n; i++)
		if (managed_same(&l->entries.p[i], of))
			return &l->entries.p[i];
	return NULL;
}

struct managed_entry *managed_put(struct arena *a, struct managed_list *l,
				  const struct managed_entry *e)
{
	struct managed_entry *there = managed_find(l, e);

	if (there) {
		*there = *e;
		return there;
	}
	avec_push(a, &l->entries, *e);
	return &l->entries.p[l->entries.n - 1];
}

void managed_drop(struct managed_list *l, const struct managed_entry *of)
{
	struct managed_entry *there = managed_find(l, of);

	if (!there)
		return;
	size_t at = (size_t)(there - l->entries.p);

	memmove(there, there + 1, (l->entries.n - at - 1) * sizeof *there);
	l->entries.n--;
}

static void add_member(struct buf *b, const char *key, str value)
{
	if (!value.n)
		return;
	buf_addf(b, "%s\"%s\":", b->n > 1 ? "," : "", key);
	json_write_str(b, value, false);
}

str managed_identity(struct arena *a, const struct managed_entry *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addc(&b, '{');
	add_member(&b, "manager", e->manager);
	add_member(&b, "operation", e->applied ? S("Apply") : S("Update"));
	add_member(&b, "apiVersion", e->applied ? STR_NONE : e->api_version);
	add_member(&b, "subresource", e->subresource);
	buf_addc(&b, '}');
	return arena_str(a, buf_str(&b));
}

/* ---- reading ----------------------------------------------------------- */

static str text_of(node entry, const char *key)
{
	return node_str_or(node_get(entry, str_c(key)), STR_NONE);
}

static err *decode_entry(struct arena *a, node n, size_t at, struct managed_entry *out)
{
	str operation = text_of(n, "operation"), type = text_of(n, "fieldsType");

	out->manager = text_of(n, "manager");
	out->api_version = text_of(n, "apiVersion");
	out->subresource = text_of(n, "subresource");
	out->time = text_of(n, "time");
	out->applied = str_eq(operation, S("Apply"));
	if (!out->applied && !str_eq(operation, S("Update")))
		return err_new(ERR_INVALID, "operation must be `Apply` or `Update`");
	if (!out->api_version.n)
		return err_new(ERR_INVALID, "apiVersion must not be empty");
	if (!type.n)
		return err_new(ERR_INVALID, "missing fieldsType in managed fields entry %zu", at);
	if (!str_eq(type, S("FieldsV1")))
		return err_new(ERR_INVALID, "invalid fieldsType \"%.*s\" in managed fields entry %zu",
			       STR_ARG(type), at);
	err *e = fieldset_read(a, node_get(n, S("fieldsV1")), &out->set);

	return e ? err_wrap(e, "error decoding set") : NULL;
}

err *managed_decode(struct arena *a, node list, struct managed_list *out)
{
	*out = (struct managed_list){ 0 };
	if (node_len(list) > MANAGED_ENTRIES_MAX)
		return err_new(ERR_INVALID, "more than %d managed fields entries", MANAGED_ENTRIES_MAX);
	for (size_t i = 0; i < node_len(list); i++) {
		struct managed_entry e = { 0 };

		TRY(decode_entry(a, node_at(list, i), i, &e));
		managed_put(a, out, &e);
	}
	return NULL;
}

/* ---- writing ----------------------------------------------------------- */

/* Seconds since 1970; no time and what is none count as 0. */
static int64_t seconds(str time)
{
	struct gotime t;
	err *e = time.n ? gotime_parse(&t, GOTIME_RFC3339, time, NULL) : NULL;

	if (!time.n || e) {
		err_free(e);
		return 0;
	}
	return t.sec;
}

static int by_time(const struct managed_entry *x, const struct managed_entry *y)
{
	int64_t tx = seconds(x->time), ty = seconds(y->time);

	return tx < ty ? -1 : tx > ty;
}

static int by_place(const void *x, const void *y, void *ctx)
{
	const struct managed_entry *p = x, *q = y;
	int c = by_time(p, q);

	(void)ctx;
	if (p->applied != q->applied)
		return p->applied ? -1 : 1;
	if (!c)
		c = str_cmp(p->manager, q->manager);
	if (!c)
		c = str_cmp(p->api_version, q->api_version);
	return c ? c : str_cmp(p->subresource, q->subresource);
}

static node encode_entry(struct arena *a, const struct managed_entry *e)
{
	node n = node_map(a, 7);

	node_set(a, n, S("apiVersion"), node_from_str(a, e->api_version));
	node_set(a, n, S("fieldsType"), node_lit("FieldsV1"));
	node_set(a, n, S("fieldsV1"), fieldset_write(a, e->set));
	if (e->manager.n)
		node_set(a, n, S("manager"), node_from_str(a, e->manager));
	node_set(a, n, S("operation"), e->applied ? node_lit("Apply") : node_lit("Update"));
	if (e->subresource.n)
		node_set(a, n, S("subresource"), node_from_str(a, e->subresource));
	if (e->time.n)
		node_set(a, n, S("time"), node_from_str(a, e->time));
	return n;
}

node managed_encode(struct arena *a, const struct managed_list *l)
{
	size_t n = l->entries.n;

	if (!n)
		return NODE_NOTHING;
	struct managed_entry *sorted = arena_array(a, struct managed_entry, n);
	node list = node_seq(a, n);

	memcpy(sorted, l->entries.p, n * sizeof *sorted);
	sort_stable(sorted, n, sizeof *sorted, by_place, NULL);
	for (size_t i = 0; i < n; i++)
		node_append(a, list, encode_entry(a, &sorted[i]));
	return list;
}

/* ---- the cap ----------------------------------------------------------- */

struct aged {
	struct managed_entry entry;
	str identity;
};

static int by_age(const void *x, const void *y, void *ctx)
{
	const struct aged *p = x, *q = y;
	int c = by_time(&p->entry, &q->entry);

	(void)ctx;
	return c ? c : str_cmp(p->identity, q->identity);
}

/* Put an entry into the bucket of its version; the first one of a version
 * becomes the bucket when the second comes. */
static void fold(struct arena *a, struct managed_list *l, const struct aged *aged, size_t first,
		 size_t at)
{
	const struct managed_entry *e = &aged[at].entry;
	struct managed_entry bucket = { .manager = S("ancient-changes"), .api_version = e->api_version };
	struct managed_entry *there = managed_find(l, &bucket);

	if (!there) {
		bucket.set = aged[first].entry.set;
		managed_drop(l, &aged[first].entry);
		there = managed_put(a, l, &bucket);
	}
	there->set = fieldset_union(a, e->set, there->set);
	there->time = e->time;
	managed_drop(l, e);	/* also when it is the bucket, as in the original */
}

void managed_cap(struct arena *a, struct managed_list *l)
{
	struct aged *aged = arena_array(a, struct aged, l->entries.n);
	size_t n = 0;

	for (size_t i = 0; i < l->entries.n; i++)
		if (!l->entries.p[i].applied)
			aged[n++].entry = l->entries.p[i];
	if (n <= UPDATERS_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		aged[i].identity = managed_identity(a, &aged[i].entry);
	sort_stable(aged, n, sizeof *aged, by_age, NULL);
	for (size_t i = 0, left = n; i < n && left > UPDATERS_MAX; i++) {
		size_t first = 0;

		while (first < i && !str_eq(aged[first].entry.api_version, aged[i].entry.api_version))
			first++;
		if (first == i)
			continue;
		fold(a, l, aged, first, i);
		left--;
	}
}
