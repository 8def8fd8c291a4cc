#include "base/vec.h"
#include "server/object.h"
#include "server/options.h"
#include "server/status.h"

enum { TERMS_MAX = 1000 };

/* ---- parsing ----------------------------------------------------------- */

/* Take one term off the front: up to a comma that no backslash precedes. */
static bool take_term(str *s, str *term)
{
	size_t i = 0;

	if (!s->n)
		return false;
	while (i < s->n && s->p[i] != ',')
		i += s->p[i] == '\\' && i + 1 < s->n ? 2 : 1;
	*term = str_sub(*s, 0, i);
	*s = str_from(*s, i + 1);
	return true;
}

/* Split at the first operator: "!=", "==" or "=". */
static bool split_term(str term, str *left, bool * not, str *right)
{
	for (size_t i = 0; i < term.n; i++) {
		if (term.p[i] == '\\') {
			i++;
			continue;
		}
		str rest = str_from(term, i);

		*not = str_starts(rest, S("!="));
		if (!*not &&rest.p[0] != '=')
			continue;
		*left = str_sub(term, 0, i);
		*right = str_from(rest, *not || str_starts(rest, S("==")) ? 2 : 1);
		return true;
	}
	return false;
}

static bool is_special(char c)
{
	return c == '\\' || c == ',' || c == '=';
}

/* The meaning of a value: only '\', ',' and '=' may be escaped, and the last
 * two must be. */
static err *unescape(struct arena *a, str s, str *out)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\') {
			if (++i == s.n || !is_special(s.p[i]))
				return status_bad_request(
					"invalid field selector: invalid escape sequence: \\%.*s",
					STR_ARG(str_sub(s, i, i + 1)));
			c = s.p[i];
		} else if (c == ',' || c == '=') {
			return status_bad_request("invalid field selector: unescaped character: %c",
						  c);
		}
		to[n++] = c;
	}
	to[n] = 0;
	*out = str_of(to, n);
	return NULL;
}

static bool is_metadata(str label)
{
	return str_eq(label, S("metadata.name")) || str_eq(label, S("metadata.namespace"));
}

static err *find_label(const struct kind *k, struct options_field *f)
{
	if (is_metadata(f->label))
		return NULL;
	for (size_t i = 0; i < k->selectable_n; i++)
		if (str_eq(f->label, str_c(k->selectable[i].label))) {
			f->at = &k->selectable[i];
			return NULL;
		}
	if (str_eq(k->gvk.kind, S("Job")) && str_eq(k->gvk.group, S("batch")))
		return status_bad_request("field label \"%.*s\" not supported for Job", STR_ARG(f->label));
	if (str_eq(k->gvk.kind, S("ResourceSlice")) && str_eq(k->gvk.group, S("resource.k8s.io")))
		return status_bad_request("field label not supported for resource.k8s.io/%.*s, "
					  "Kind=ResourceSlice: %.*s",
					  STR_ARG(k->gvk.version), STR_ARG(f->label));
	if (k->selectable_n || k->custom)
		return status_bad_request("field label not supported: %.*s", STR_ARG(f->label));
	return status_bad_request("\"%.*s\" is not a known field selector: only \"metadata.name\", "
				  "\"metadata.namespace\"",
				  STR_ARG(f->label));
}

err *options_fields(const struct request *r, str text, struct options_list *out)
{
	VEC(struct options_field) v = { 0 };
	str rest = text, term, value;

	while (take_term(&rest, &term)) {
		struct options_field f = { 0 };

		if (!term.n)
			continue;
		if (!split_term(term, &f.label, &f.not, &value) || v.n == TERMS_MAX)
			return status_bad_request(
				"invalid selector: '%.*s'; can't understand '%.*s'", STR_ARG(text),
				STR_ARG(term));
		TRY(unescape(r->arena, value, &f.value));
		if (f.label.n || f.value.n) /* nothing is nothing */
			avec_push(r->arena, &v, f);
	}
	for (size_t i = 0; i < v.n; i++)
		TRY(find_label(r->kind, &v.p[i]));
	out->fields = v.p;
	out->fields_n = v.n;
	return NULL;
}

/* ---- choosing ---------------------------------------------------------- */

/* The text at "spec.nodeName". */
static str at_path(struct arena *a, node object, str path)
{
	str step;

	while (str_cut(&path, &step, '.'))
		object = node_get(object, step);
	return node_is(object, NODE_STR) ? node_str(object) : node_text(a, object);
}

static str field_value(struct arena *a, const struct options_field *f, node object)
{
	if (!f->at || !f->at->value)
		return at_path(a, object, f->label);
	return f->at->value(a, object);
}

bool options_choose(struct arena *a, const struct options_list *o, node object)
{
	node labels = node_dig(object, "metadata", "labels");

	if (o->labels.n && !selector_matches(&o->labels, labels))
		return false;
	for (size_t i = 0; i < o->fields_n; i++)
		if (str_eq(field_value(a, &o->fields[i], object), o->fields[i].value) ==
		    o->fields[i].not )
			return false;
	return true;
}

/* What the key alone says: -1 when the object is needed. */
static int choose_by_key(const struct options_list *o, const struct blob *b)
{
	int answer = 1;

	for (size_t i = 0; i < o->fields_n; i++) {
		const struct options_field *f = &o->fields[i];

		if (f->at) {
			answer = -1;
			continue;
		}
		str value = str_eq(f->label, S("metadata.name")) ? blob_name(b) : blob_namespace(b);

		if (str_eq(value, f->value) == f->not )
			return 0;
	}
	return answer;
}

bool options_choose_blob(struct arena *a, const struct options_list *o, const struct kind *k,
			 const struct blob *b)
{
	int answer = choose_by_key(o, b);
	struct arena_mark mark = arena_mark(a);

	if (answer && o->labels.n && !selector_matches(&o->labels, blob_labels(a, b)))
		answer = 0;
	if (answer < 0)
		answer = options_choose(a, o, object_read(a, k, b));
	arena_rewind(a, mark);
	return answer;
}
