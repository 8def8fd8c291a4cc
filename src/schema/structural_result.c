/* Findings of the value checks, in the order in which they are made. */
#include "schema/structural_impl.h"

#include "base/vec.h"
#include "value/json.h"

static uint32_t hash(str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h;
}

void structural_result_add(struct arena *a, struct structural_result *r,
			   struct structural_finding f)
{
	if (r->n == FIELDERR_MAX)
		return;
	if (!f.hash)
		f.hash = hash(f.message);
	for (size_t i = 0; i < r->n; i++)
		if (r->p[i].hash == f.hash && str_eq(r->p[i].message, f.message))
			return;
	avec_push(a, r, f);
}

void structural_result_merge(struct arena *a, struct structural_result *r,
			     const struct structural_result *other)
{
	r->matches += other->matches;
	for (size_t i = 0; i < other->n; i++)
		structural_result_add(a, r, other->p[i]);
}

/* ---- reporting --------------------------------------------------------- */

static str path_of(struct arena *a, const struct structural_where *at, str name)
{
	if (name.n && name.p[0] == '.')
		name = str_from(name, 1);
	if (!name.n)
		return structural_where_path(a, at);
	return at ? arena_cat(a, structural_where_path(a, at), S("."), name) : name;
}

static void report_enum(struct fielderrs *e, str path, const struct structural_finding *f)
{
	node enums = f->schema->limits->enums;
	str *words = arena_array(e->arena, str, node_len(enums));
	size_t n = 0;

	node_each_item(item, enums) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		if (item->kind == NODE_STR) {
			words[n++] = node_str(*item);
			continue;
		}
		err_free(json_write(&b, *item, NULL));
		words[n++] = arena_str(e->arena, buf_str(&b));
	}
	fielderr_not_supported(e, path, f->value, words, n);
}

static void report(struct fielderrs *e, const struct structural_where *at,
		   const struct structural_finding *f)
{
	str path = path_of(e->arena, at, f->name);

	switch (f->code) {
	case FOUND_OTHER:
		fielderr_invalid(e, structural_where_path(e->arena, at), node_lit(""), "%.*s",
				 STR_ARG(f->message));
		break;
	case FOUND_INVALID:
		fielderr_invalid(e, path, f->value, "%.*s", STR_ARG(f->message));
		break;
	case FOUND_TYPE:
		fielderr_type_invalid(e, path, f->value, "%.*s", STR_ARG(f->message));
		break;
	case FOUND_REQUIRED:
		fielderr_required(e, path, "%s", "");
		break;
	case FOUND_ENUM:
		report_enum(e, path, f);
		break;
	case FOUND_TOO_LONG:
		fielderr_too_long(e, path, f->max);
		break;
	case FOUND_TOO_MANY:
		fielderr_too_many(e, path, node_int(f->value), f->max);
		break;
	}
}

void structural_result_report(struct fielderrs *e, const struct structural_where *at,
			      const struct structural_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		report(e, at, &r->p[i]);
}
