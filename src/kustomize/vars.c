/* vars: $(NAME) in fields, replaced by the value of another object's field. */
#include <stdlib.h>

#include "kustomize/build_impl.h"
#include "text/number.h"

static struct resid target_of(node var)
{
	node ref = node_get(var, S("objref"));
	str api = node_str(node_get(ref, S("apiVersion"))), kind = node_str(node_get(ref, S("kind")));
	struct resid id = {
		.gvk = { node_str(node_get(ref, S("group"))), node_str(node_get(ref, S("version"))), kind },
		.name = node_str(node_get(ref, S("name"))),
		.ns = node_str(node_get(ref, S("namespace"))),
	};

	if (api.n)
		id.gvk = gvk_parse(api, kind);
	return id;
}

/* "{NAME Kind.version.group {fieldPath}}": a var as Go prints it. */
static void print_var(struct buf *b, node var, struct gvk kind, str path)
{
	buf_addf(b, "{%.*s ", STR_ARG(node_str(node_get(var, S("name")))));
	gvk_print(b, kind);
	buf_addf(b, " {%.*s}}", STR_ARG(path));
}

static str written_path(node var)
{
	return node_str(node_get(node_get(var, S("fieldref")), S("fieldPath")));
}

static str var_text(struct arena *a, node var, str path)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	print_var(&b, var, target_of(var).gvk, path);
	return arena_str(a, buf_str(&b));
}

str vars_text(struct arena *a, node vars)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addc(&b, '[');
	node_each_item(v, vars) {
		node ref = node_get(*v, S("objref"));
		struct gvk kind = { node_str(node_get(ref, S("group"))),
				    node_str(node_get(ref, S("version"))),
				    node_str(node_get(ref, S("kind"))) };

		buf_add(&b, v == vars.seq->items ? STR_NONE : S(" "));
		print_var(&b, *v, kind, written_path(*v));
	}
	buf_addc(&b, ']');
	return arena_str(a, buf_str(&b));
}

static bool is_target(const struct resource *r, struct resid wanted)
{
	bool with_ns = wanted.ns.n || gvk_is_cluster_scoped(wanted.gvk);

	for (size_t i = 0; i <= r->former.n; i++) {
		struct resid id = i < r->former.n ? resource_former_id(r, i) : resource_id(r);

		if (str_eq(id.name, wanted.name) && gvk_eq(id.gvk, wanted.gvk) &&
		    (!with_ns || resid_ns_eq(id, wanted)))
			return true;
	}
	return false;
}

static str var_name(node var)
{
	return node_str(node_get(var, S("name")));
}

static str var_path(node var)
{
	str path = node_str(node_get(node_get(var, S("fieldref")), S("fieldPath")));

	return path.n ? path : S("metadata.name");
}

err *vars_merge(struct build *b, struct layer *to, node vars)
{
	node_each_item(var, vars) {
		struct resid wanted = target_of(*var);
		resource_list named = resmap_by_name(to->m, wanted.name);
		struct resource *found = NULL;
		size_t n = 0;

		for (size_t i = 0; i < named.n; i++)
			if (is_target(named.p[i], wanted)) {
				found = named.p[i];
				n++;
			}
		if (n > 1)
			return err_new(ERR_CONFLICT,
				       "found %zu resId matches for var %.*s (unable to disambiguate)", n,
				       STR_ARG(var_text(b->t.a, *var, written_path(*var))));
		if (found)
			avec_push(b->t.a, &found->ref_vars, var_name(*var));
		for (size_t i = 0; i < to->vars.n; i++)
			if (str_eq(var_name(to->vars.p[i]), var_name(*var)))
				return err_new(ERR_EXISTS, "var '%.*s' already encountered",
					       STR_ARG(var_name(*var)));
		avec_push(b->t.a, &to->vars, *var);
	}
	return NULL;
}

/* ---- values ------------------------------------------------------------ */

/* The next name of "a.b[0].c" or "a.b.0.c"; "\." is a dot in a name. */
static bool take_step(struct arena *a, str *path, str *step)
{
	char *text = arena_alloc(a, path->n + 1);
	size_t n = 0, i = 0;

	if (!path->n)
		return false;
	if (path->p[0] == '[') {
		size_t end = str_find_char(*path, ']');

		if (end != STR_NPOS) {
			*step = str_sub(*path, 1, end);
			*path = str_from(*path, end + 1);
			str_take(path, '.');
			return true;
		}
	}
	for (; i < path->n && path->p[i] != '.' && (path->p[i] != '[' || !i); i++) {
		if (path->p[i] == '\\' && i + 1 < path->n && path->p[i + 1] == '.')
			i++;
		text[n++] = path->p[i];
	}
	*step = str_of(text, n);
	*path = str_from(*path, i);
	str_take(path, '.');
	return true;
}

static node walk(struct arena *a, node at, str path)
{
	str step;

	while (take_step(a, &path, &step)) {
		uint64_t i;

		if (at.kind == NODE_SEQ)
			at = str_to_u64(step, &i) ? node_at(at, i) : NODE_NOTHING;
		else
			at = node_get(at, step);
	}
	return at;
}

static err *value_of_var(struct build *b, struct layer *layer, node var, node *out)
{
	str name = var_name(var);

	for (size_t i = 0; i < layer->m->n; i++) {
		struct resource *r = layer->m->list[i];

		for (size_t k = 0; k < r->ref_vars.n; k++) {
			if (!str_eq(r->ref_vars.p[k], name))
				continue;
			*out = walk(b->t.a, r->object, var_path(var));
			if (out->kind != NODE_NONE)
				return NULL;
			return err_new(ERR_NOT_FOUND,
				       "field specified in var '%.*s' not found in corresponding resource",
				       STR_ARG(var_text(b->t.a, var, var_path(var))));
		}
	}
	return err_new(ERR_NOT_FOUND,
		       "var '%.*s' cannot be mapped to a field in the set of known resources",
		       STR_ARG(var_text(b->t.a, var, var_path(var))));
}

/* ---- replacing --------------------------------------------------------- */

struct known {
	str name;
	node value;
	bool used;
};

struct replacer {
	struct arena *a;
	struct known *vars;
	size_t n;
};

static bool is_plain(node n)
{
	return n.kind == NODE_BOOL || node_is_num(n) || n.kind == NODE_STR;
}

static struct known *find(struct replacer *r, str name)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->vars[i].name, name) && is_plain(r->vars[i].value)) {
			r->vars[i].used = true;
			return &r->vars[i];
		}
	return NULL;
}

static void add_value(struct replacer *r, struct buf *out, str name)
{
	struct known *v = find(r, name);

	if (!v)
		buf_addf(out, "$(%.*s)", STR_ARG(name));
	else if (v->value.kind == NODE_FLOAT)
		number_add_float(out, node_float(v->value), NUMBER_V);
	else
		buf_add(out, node_text(r->a, v->value));
}

/* A text that is one reference takes the value with its kind. */
static node replaced(struct replacer *r, node old)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	str text = node_str(old);

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '$' || i + 1 == text.n) {
			buf_addc(&out, text.p[i]);
			continue;
		}
		size_t end = text.p[i + 1] == '(' ? str_find_char(str_from(text, i), ')') : STR_NPOS;

		if (end != STR_NPOS) {
			str name = str_sub(text, i + 2, i + end);

			if (i == 0 && end + 1 == text.n && find(r, name)) {
				node value = find(r, name)->value;

				value.style = STYLE_PLAIN;
				value.place = old.place;
				return value;
			}
			add_value(r, &out, name);
			i += end;
		} else {
			/* "$$" is one dollar, "$x" stays. */
			buf_addc(&out, '$');
			if (text.p[i + 1] != '$')
				buf_addc(&out, text.p[i + 1]);
			i++;
		}
	}
	node new = node_copy_str(r->a, buf_str(&out));

	new.style = STYLE_PLAIN;
	new.place = old.place;
	return new;
}

static err *visit(void *context, struct arena *a, node *value)
{
	struct replacer *r = context;

	(void)a;
	if (value->kind == NODE_STR) {
		*value = replaced(r, *value);
	} else if (value->kind == NODE_MAP) {
		node_each_pair(p, *value) {
			if (p->key.kind != NODE_STR)
				return err_new(ERR_INVALID, "invalid map key: value='%.*s', tag='!!int'",
					       STR_ARG(node_str(p->key)));
			if (p->value.kind == NODE_STR)
				p->value = replaced(r, p->value);
		}
	} else if (value->kind == NODE_SEQ) {
		node_each_item(i, *value) {
			if (i->kind != NODE_STR)
				return err_new(ERR_INVALID, "invalid value type expect a string");
			*i = replaced(r, *i);
		}
	}
	return NULL;
}

static int cmp_names(const void *x, const void *y)
{
	return str_cmp(var_name(*(const node *)x), var_name(*(const node *)y));
}

/* Whatever the order in which they were defined, values are sought by name. */
static node *by_name(struct arena *a, const node *vars, size_t n)
{
	node *sorted = arena_array(a, node, n);

	memcpy(sorted, vars, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, cmp_names);
	return sorted;
}

err *vars_resolve(struct build *b, struct layer *layer)
{
	struct replacer r = { .a = b->t.a, .n = layer->vars.n };
	CLEANUP(buf_release) struct buf unused = BUF_INIT;

	if (!layer->vars.n)
		return NULL;
	r.vars = arena_array(b->t.a, struct known, r.n);
	node *vars = by_name(b->t.a, layer->vars.p, r.n);

	for (size_t i = 0; i < r.n; i++) {
		r.vars[i].name = var_name(vars[i]);
		err *e = value_of_var(b, layer, vars[i], &r.vars[i].value);

		if (e)
			return sources_err(b->t.sources, vars[i].place, e);
	}
	for (size_t i = 0; i < layer->m->n; i++)
		TRY(fieldspec_walk_all(b->t.a, layer->m->list[i]->object,
				       &layer->config->lists[SPECS_VAR_REFERENCE], NODE_NONE, visit, &r));
	resmap_touch(layer->m);
	for (size_t i = 0; i < r.n; i++)
		if (!r.vars[i].used)
			buf_addf(&unused, "%s%.*s", unused.n ? "," : "", STR_ARG(r.vars[i].name));
	if (unused.n && b->o->warn)
		b->o->warn(b->o->context,
			   arena_printf(b->t.a, "well-defined vars that were never replaced: %s",
					buf_c(&unused)));
	return NULL;
}
