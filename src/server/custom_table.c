/* Custom resources as rows of a table. */
#include "server/custom_impl.h"

#include "server/age.h"

static const char *c_text(struct arena *a, node n, const char *key)
{
	return arena_str(a, node_str_or(node_get(n, str_c(key)), STR_NONE)).p;
}

static err *parse(struct arena *a, str path, const struct jsonpath **out)
{
	return jsonpath_parse(a, arena_cat(a, S("{"), path, S("}")), out);
}

/* Name and Created At: definitions themselves have just these. */
static const struct kind_column *known_columns(void)
{
	size_t n, i = 0;
	const struct kind *const *kinds = kind_builtins(&n);

	while (!str_eq(kinds[i]->plural, S("customresourcedefinitions")))
		i++;
	return kinds[i]->columns;
}

/* The column of the definition; false when its path is none, and then the
 * original has no further columns. */
static bool set_column(struct arena *a, node from, struct kind_column *column,
		       struct custom_column *more)
{
	str path = node_str_or(node_get(from, S("jsonPath")), STR_NONE);
	const char *about = c_text(a, from, "description");
	err *e = parse(a, path, &more->path);

	if (e) {
		err_free(e);
		return false;
	}
	if (!*about)
		about = arena_cat(a, S("Custom resource definition column (in JSONPath format): "),
				  path).p;
	*column = (struct kind_column){
		.name = c_text(a, from, "name"), .type = c_text(a, from, "type"),
		.format = c_text(a, from, "format"), .about = about,
		.priority = (int)node_int(node_get(from, S("priority"))),
	};
	more->type = column->type;
	return true;
}

static void set_selectable(struct arena *a, struct custom_version *v, node fields)
{
	struct kind_selectable *list = arena_array(a, struct kind_selectable, node_len(fields) + 1);
	size_t n = 0;

	node_each_item(f, fields) {
		str path = node_str_or(node_get(*f, S("jsonPath")), STR_NONE);

		str_take(&path, '.');
		list[n++].label = arena_str(a, path).p;
	}
	v->kind.selectable = list;
	v->kind.selectable_n = n;
}

void custom_set_columns(struct arena *a, struct custom_version *v, node version)
{
	node from = node_get(version, S("additionalPrinterColumns"));
	size_t n = node_len(from) ? node_len(from) : 1, k = 1;
	struct kind_column *columns = arena_array(a, struct kind_column, n + 1);
	struct custom_column *more = arena_array(a, struct custom_column, n + 1);

	columns[0] = known_columns()[0];
	if (!node_len(from)) {
		columns[1] = (struct kind_column){
			.name = "Age", .type = "date", .format = "",
			.about = known_columns()[1].about,
		};
		more[1].type = "date";
		err_free(parse(a, S(".metadata.creationTimestamp"), &more[1].path));
		k = 2;
	}
	node_each_item(column, from) {
		if (!set_column(a, *column, &columns[k], &more[k]))
			break;
		k++;
	}
	v->kind.columns = columns;
	v->kind.columns_n = k;
	v->columns = more;
	set_selectable(a, v, node_get(version, S("selectableFields")));
}

/* ---- cells ------------------------------------------------------------- */

static node text_cell(struct arena *a, node value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = jsonpath_print_value(&b, value);

	err_free(e);
	return e ? node_null() : node_copy_str(a, buf_str(&b));
}

static node date_cell(struct arena *a, node value)
{
	int64_t instant;
	str s = node_str(value);

	if (value.kind != NODE_STR)
		return node_null();
	if (!s.n || str_eq(s, S("null")))
		return node_lit("<unknown>");
	return age_instant(value, &instant) ? age_since(a, value) : node_lit("<invalid>");
}

/* Cut as the processor does it: what is too large becomes the least integer. */
static node whole(double d)
{
	return node_from_int(d >= -0x1p63 && d < 0x1p63 ? (int64_t)d : INT64_MIN);
}

static node cell(struct arena *a, const char *type, node value)
{
	if (!strcmp(type, "string"))
		return node_is_nil(value) ? node_lit("<no value>") : text_cell(a, value);
	if (!strcmp(type, "integer") && node_is_num(value))
		return value.kind == NODE_INT ? value : whole(node_float(value));
	if (!strcmp(type, "number") && node_is_num(value))
		return node_from_float(node_float(value));
	if (!strcmp(type, "boolean") && value.kind == NODE_BOOL)
		return value;
	if (!strcmp(type, "date"))
		return date_cell(a, value);
	return node_null();
}

void custom_cells(struct arena *a, const struct kind *k, node object, node *cells)
{
	const struct custom_version *v = custom_version_of(k);
	static const struct jsonpath_options lenient = { .allow_missing = true };

	for (size_t i = 0; i < k->columns_n; i++) {
		struct jsonpath_set *sets;
		size_t n = 0;

		if (!v->columns[i].path) {
			cells[i] = node_dig(object, "metadata", "name");
			continue;
		}
		err *e = jsonpath_find(a, v->columns[i].path, object, &lenient, &sets, &n);

		cells[i] = e || !n || !sets[0].n ? node_null()
						 : cell(a, v->columns[i].type, sets[0].items[0]);
		err_free(e);
	}
}
