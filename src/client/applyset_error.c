/* applyset_error - what went wrong, in Flux's words, and where it stands. */
#include "client/applyset_impl.h"

#include "base/mask.h"
#include "text/base64.h"
#include "value/json.h"

static node status_of(struct arena *a, const err *e)
{
	node status;
	err *bad = json_read(a, err_detail(e), NULL, &status);

	if (!bad)
		return status;
	err_free(bad);
	return NODE_NOTHING;
}

/* The server's reason, "FieldManagerConflict" where that is the cause. */
static str reason_of(struct arena *a, const err *e)
{
	node status = status_of(a, e);

	node_each_item(c, node_dig(status, "details", "causes"))
		if (str_eq(node_str(node_get(*c, S("reason"))), S("FieldManagerConflict")))
			return S("FieldManagerConflict");
	return node_str(node_get(status, S("reason")));
}

err *applyset_dry_run_error(struct arena *a, node object, err *e)
{
	struct objid id = objid_of(object);
	str name = objid_show(a, &id);

	if (err_kind(e) == ERR_NOT_FOUND && err_code(e) == 404)
		return id.namespace.n
			       ? err_wrap(e, "%.*s not found", STR_ARG(name))
			       : err_wrap(e, "%.*s namespace not specified", STR_ARG(name));
	str reason = reason_of(a, e);

	return reason.n ? err_wrap(e, "%.*s dry-run failed (%.*s)", STR_ARG(name), STR_ARG(reason))
			: err_wrap(e, "%.*s dry-run failed", STR_ARG(name));
}

/* "is immutable" and "immutable field", with any white space in them. */
static bool has_words(str text, str before, str after)
{
	for (size_t at; (at = str_find(text, before)) != STR_NPOS;) {
		text = str_from(text, at + before.n);
		if (text.n && (*text.p == ' ' || *text.p == '\t' || *text.p == '\n') &&
		    str_starts(str_from(text, 1), after))
			return true;
	}
	return false;
}

bool applyset_is_immutable(struct arena *a, const err *e)
{
	str reason = client_status_reason(a, e);

	return str_eq(reason, S("Conflict")) || str_eq(reason, S("Invalid")) ||
	       has_words(err_text(e), S("is"), S("immutable")) ||
	       has_words(err_text(e), S("immutable"), S("field"));
}

/* ---- where --------------------------------------------------------------- */

static bool is_name(char c)
{
	return c != '.' && c != '[' && c != ']' && c != ':' && c != ' ' && c != ';' && c != ',';
}

static node item_of(node list, str step)
{
	uint64_t index;
	str key, value;

	if (str_to_u64(step, &index))
		return node_at(list, index);
	if (!str_split(step, '=', &key, &value))
		return node_get(list, str_trim_set(step, S("\"")));
	value = str_trim_set(value, S("\""));
	node_each_item(i, list)
		if (str_eq(node_str(node_get(*i, key)), value))
			return *i;
	return NODE_NOTHING;
}

/* The place of the last value on a path that is there: "spec.ports[0].port",
 * `.spec.ports[name="http"].port`. */
static uint32_t place_on(node object, str path)
{
	uint32_t place = object.place;
	node at = object;

	while (path.n) {
		if (str_take(&path, '[')) {
			str step;

			if (!str_cut(&path, &step, ']'))
				break;
			at = item_of(at, step);
		} else {
			str_take(&path, '.');
			str name = str_span(&path, is_name);

			if (!name.n)
				break;
			at = node_get(at, name);
		}
		if (node_is(at, NODE_NONE))
			break;
		if (at.place)
			place = at.place;
	}
	return place;
}

/* The field that the server complains about: its first cause, else the
 * first ".path:" in the message. */
static str field_of(struct arena *a, const err *e)
{
	node causes = node_dig(status_of(a, e), "details", "causes");
	str field = node_str(node_get(node_at(causes, 0), S("field")));
	str text = err_text(e);
	size_t at = str_find(text, S(" ."));

	if (field.n && !str_eq(field, S("<nil>")))
		return field;
	return at == STR_NPOS ? STR_NONE : str_from(text, at + 1);
}

/* ---- Secrets --------------------------------------------------------------- */

static void add_values(struct mask *m, node map, bool encoded)
{
	node_each_pair(p, map) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		err *e = encoded ? base64_read(&b, node_str(p->value), BASE64_STD) : NULL;

		mask_add(m, encoded && !e ? buf_str(&b) : node_str(p->value));
		err_free(e);
	}
}

static err *masked(node secret, err *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct mask *m = mask_new();

	add_values(m, node_get(secret, S("data")), true);
	add_values(m, node_get(secret, S("stringData")), false);
	if (mask_has(m, err_text(e))) {
		mask_text(m, err_text(e), &b);
		e = err_replace(e, "%s", buf_c(&b));
		err_set_detail(e, STR_NONE);
	}
	mask_free(m);
	return e;
}

err *applyset_placed(struct applyset_runner *r, const struct applyset_item *item, err *e)
{
	struct sources *s = r->options->sources;

	if (s)
		e = sources_err(s, place_on(item->source, field_of(r->arena, e)), e);
	if (str_eq(item->id.kind, S("Secret")) && !item->id.group.n)
		e = masked(item->object, e);
	return e;
}
