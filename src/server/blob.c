#include "server/blob.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "value/json.h"

static struct blob *blob_make(const struct blob_parts *p, size_t json_n, uint64_t rv)
{
	struct blob *b = mem_alloc(sizeof *b + json_n + p->namespace.n + p->name.n + 3);

	atomic_init(&b->refs, 1);
	b->json_n = (uint32_t)json_n;
	b->body_at = p->body_at;
	b->meta_at = p->meta_at;
	b->namespace_n = (uint32_t)p->namespace.n;
	b->name_n = (uint32_t)p->name.n;
	b->rv = rv;
	b->written = clock_wall() / CLOCK_SECOND;
	b->stamp = p->stamp;
	return b;
}

static char *put(char *to, str s)
{
	return s.n ? mempcpy(to, s.p, s.n) : to;
}

static void put_key(char *to, const struct blob_parts *p)
{
	*to++ = 0;
	to = put(to, p->namespace);
	*to++ = 0;
	to = put(to, p->name);
	*to = 0;
}

struct blob *blob_new(const struct blob_parts *p, uint64_t rv)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)rv);
	struct blob *b = blob_make(p, p->head.n + (size_t)n + p->tail.n, rv);
	char *to = put(b->data, p->head);

	to = put(to, str_of(digits, (size_t)n));
	put_key(put(to, p->tail), p);
	return b;
}

struct blob *blob_of(const struct blob_parts *p, str json, uint64_t rv)
{
	struct blob *b = blob_make(p, json.n, rv);

	put_key(put(b->data, json), p);
	return b;
}

void blob_unref(struct blob *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		free(b);
}

void blob_drop(struct blob **b)
{
	blob_unref(*b);
	*b = NULL;
}

int blob_cmp_key(const struct blob *b, str namespace, str name)
{
	int c = str_cmp(blob_namespace(b), namespace);

	return c ? c : str_cmp(blob_name(b), name);
}

/* ---- looking into the JSON --------------------------------------------- */

/* Behind the string that begins at `p`. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

/* Behind the value that begins at `p`. What the server writes is compact. */
static const char *skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"')
			p = skip_string(p, end);
		else if (*p == '{' || *p == '[')
			depth++, p++;
		else if (*p == '}' || *p == ']')
			depth--, p++;
		else
			p++;
		if (!depth && (p == end || *p == ',' || *p == '}' || *p == ']'))
			break;
	}
	return p;
}

str blob_metadata(const struct blob *b)
{
	const char *p = b->data + b->meta_at;

	return str_of(p, (size_t)(skip_value(p, b->data + b->json_n) - p));
}

/* `p` is behind the opening brace. A key that is not there before `last` is not there. */
static str member(const char *p, const char *end, str key, str last)
{
	while (p < end && *p == '"') {
		const char *name = p + 1, *value = skip_string(p, end) + 1;
		str found = str_of(name, (size_t)(value - name) - 2);

		if (str_eq(found, key))
			return str_of(value, (size_t)(skip_value(value, end) - value));
		if (str_eq(found, last))
			break;
		p = skip_value(value, end);
		if (p < end && *p == ',')
			p++;
	}
	return STR_NONE;
}

str blob_meta(const struct blob *b, str key)
{
	return member(b->data + b->meta_at + 1, b->data + b->json_n, key, S("managedFields"));
}

str blob_member(str object, str key)
{
	return object.n && *object.p == '{' ? member(object.p + 1, object.p + object.n, key, STR_NONE)
					   : STR_NONE;
}

bool blob_item(str *list, str *item)
{
	if (list->n < 2 || list->p[0] == ']' || list->p[1] == ']')
		return false;
	const char *p = list->p + 1, *end = list->p + list->n, *behind = skip_value(p, end);

	*item = str_of(p, (size_t)(behind - p));
	*list = str_of(behind, (size_t)(end - behind));
	return true;
}

/* What the server wrote is read again without fail; the rest is a bug. */
static node must_read(struct arena *a, const struct blob *b, str json)
{
	node n;
	err *e = json_read(a, json, NULL, &n);

	if (e)
		die_bug("stored object %.*s/%.*s: %s", STR_ARG(blob_namespace(b)),
			STR_ARG(blob_name(b)), err_msg(e));
	return n;
}

node blob_meta_tree(struct arena *a, const struct blob *b, str key)
{
	str json = blob_meta(b, key);

	return json.n ? must_read(a, b, json) : NODE_NOTHING;
}

node blob_labels(struct arena *a, const struct blob *b)
{
	return blob_meta_tree(a, b, S("labels"));
}

node blob_tree(struct arena *a, const struct blob *b)
{
	return must_read(a, b, blob_json(b));
}
