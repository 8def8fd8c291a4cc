/* Patches: strategic merge and JSON 6902. */
#include "kube/merge.h"
#include "kustomize/objfile.h"
#include "kustomize/transform.h"
#include "kustomize/value.h"
#include "text/quote.h"
#include "value/json.h"
#include "value/patch.h"
#include "value/yaml.h"

/* ---- strategic merge --------------------------------------------------- */

err *transform_merge(struct transform *t, struct resource *r, const struct resource *patch)
{
	const struct merge_options o = { .schema = t->schema, .prepend = true };
	str name = resource_name(r), ns = resource_ns(r), kind = resource_kind(r);

	if (patch->allow_name_change || patch->allow_kind_change)
		resource_remember(t->a, r);
	resource_mark_history(t->a, r);
	TRY(merge_strategic(t->a, r->object, patch->object, &o, &r->object));
	if (!node_len(r->object)) {
		r->gone = true;
		return NULL;
	}
	if (!patch->allow_kind_change)
		resource_set_kind(t->a, r, kind);
	if (!patch->allow_name_change)
		resource_set_name(t->a, r, name);
	resource_set_ns(t->a, r, ns);
	return NULL;
}

/* A patch that is laid over whatever was selected: its labels and annotations
 * count as texts, its version is the target's. */
static err *merge_selected(struct transform *t, struct resmap *m, resource_list *selected,
			   const struct resource *patch)
{
	struct resource *copy = resource_copy(t->a, patch);

	resource_set_labels(t->a, copy, value_texts(t->a, resource_labels(copy)));
	resource_set_annotations(t->a, copy, value_texts(t->a, resource_annotations(copy)));
	for (size_t i = 0; i < selected->n; i++) {
		struct resource *r = selected->p[i];
		str api = node_text(t->a, node_get(r->object, S("apiVersion")));

		/* None at all becomes null. */
		node_set(t->a, copy->object, S("apiVersion"),
			 api.n ? node_from_str(t->a, api) : node_null());
		TRY(transform_merge(t, r, copy));
	}
	resmap_sweep(m);
	resmap_touch(m);
	return NULL;
}

/* The one resource that has, or had, the patch's identity. */
static err *find_target(struct transform *t, struct resmap *m, const struct resource *patch,
			struct resource **out)
{
	struct resid id = resource_original_id(patch);
	resource_list found = resmap_by_any_id(m, id);
	str text = resid_text(t->a, id);

	if (found.n == 1) {
		*out = found.p[0];
		return NULL;
	}
	return sources_err(t->sources, patch->object.place,
			   err_new(ERR_NOT_FOUND,
				   "%s for Id %.*s; failed to find unique target for patch %.*s",
				   found.n ? "multiple matches" : "no matches", STR_ARG(text),
				   STR_ARG(text)));
}

/* ---- JSON -------------------------------------------------------------- */

/* `place` is that of the scalar whose value the text is, or 0. */
static err *parse_json_patch(struct transform *t, str text, uint32_t place, str name, node *out)
{
	const struct source_scalar in = { place, text };
	const struct yaml_options yaml = {
		.rules = YAML_1_1, .json = true, .sources = t->sources, .name = name, .in = &in,
	};
	const struct json_options json = {
		.numbers = JSON_NUMBERS_KUBE, .sources = t->sources, .name = name, .in = &in,
	};

	if (!text.n)
		return err_new(ERR_INVALID, "empty json patch operations");
	if (text.p[0] == '[')
		TRY(json_read(t->a, text, &json, out));
	else
		TRY(yaml_read(t->a, text, &yaml, out));
	if (out->kind != NODE_SEQ && out->kind != NODE_NULL)
		return err_new(ERR_INVALID,
			       "json: cannot unmarshal %s into Go value of type jsonpatch.Patch",
			       node_kind_name(*out));
	node_each_item(op, *out)
		if (op->kind != NODE_MAP)
			return err_new(ERR_INVALID,
				       "json: cannot unmarshal %s into Go value of type "
				       "jsonpatch.Operation",
				       node_kind_name(*op));
	return NULL;
}

/* Kustomize reads the object with its history among the annotations: errors tell lines of
 * that. */
static err *settle(struct transform *t, struct resource *r)
{
	err *e = value_settle(t->a, t->sources, &r->object, false);

	if (!e)
		return NULL;
	node noted = resource_noted(t->a, r);
	err *told = value_settle(t->a, t->sources, &noted, false);

	if (!told)
		return e;
	err_free(e);
	return told;
}

static err *patch_one(struct transform *t, struct resource *r, node ops)
{
	const struct patch_options o = { .sources = t->sources, .in_place = true };
	node patched;

	resource_mark_history(t->a, r);
	TRY(settle(t, r));
	TRY(patch_json(t->a, r->object, ops, &o, &patched));
	if (patched.kind != NODE_MAP)
		return err_new(ERR_INVALID,
			       "json: cannot unmarshal %s into Go value of type map[string]interface {}",
			       node_kind_name(patched));
	TRY(value_settle(t->a, t->sources, &patched, true));
	r->object = patched;
	resource_set_annotations(t->a, r, value_texts(t->a, resource_annotations(r)));
	return NULL;
}

/* ---- an entry of `patches` --------------------------------------------- */

struct entry {
	str text;
	str source;		/* [patch: "..."] or [path: "..."] */
	str name;		/* for positions */
	uint32_t place;		/* of the scalar that the text is the value of; 0: a file's */
	node_list merges;
	node ops;
};

node transform_shown(struct arena *a, node entry)
{
	node shown = node_map(a, node_len(entry));

	node_each_pair(p, entry)
		if (p->value.kind != NODE_STR || node_str(p->value).n)
			node_push(a, shown, p->key, p->value);
	return shown;
}

/* The entry as kustomize shows it in errors: its YAML. */
static err *bad_config(struct transform *t, node entry, const char *what)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	err *e = yaml_write(&text, transform_shown(t->a, entry), YAML_WRITE_SIGS);

	err_free(e);
	return sources_err(t->sources, entry.place,
			   err_new(ERR_INVALID, "%s in\n%s", what, buf_c(&text)));
}

static err *read_entry(struct transform *t, const struct loader *l, node entry, struct entry *out)
{
	str path = node_str(node_get(entry, S("path")));
	str patch = str_trim(node_str(node_get(entry, S("patch"))));
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (!patch.n && !path.n)
		return bad_config(t, entry, "must specify one of patch and path");
	if (patch.n && path.n) {
		err *e = bad_config(t, entry, "patch and path can't be set at the same time");
		str text = err_text(e), at = STR_NONE;
		size_t in = str_find(text, S(" in\n"));

		/* This one message has no "in". */
		at = arena_cat(t->a, str_sub(text, 0, in), str_from(text, in + 3));
		return err_replace(e, "%.*s", STR_ARG(at));
	}
	if (path.n) {
		err *e = loader_read(t->a, l, path, &out->text, &out->name);

		if (e)
			return err_replace(e, "failed to get the patch file from path(%.*s): %.*s",
					   STR_ARG(path), STR_ARG(err_text(e)));
	} else {
		out->text = patch;
		out->place = node_get(entry, S("patch")).place;
	}
	buf_add(&shown, path.n ? S("[path: ") : S("[patch: "));
	quote_add(&shown, path.n ? path : patch, QUOTE_PRINT);
	buf_addc(&shown, ']');
	out->source = arena_str(t->a, buf_str(&shown));
	if (!path.n)
		out->name = S("patch");
	return NULL;
}

/* Kustomize does not say what is wrong with the text; the place tells. */
static err *unparsable(const struct entry *p, const err *no_merge, const err *no_json)
{
	struct err_pos pos = err_position(str_starts(p->text, S("[")) ? no_json : no_merge);
	err *e = err_new(ERR_INVALID, "unable to parse SM or JSON patch from %.*s",
			 STR_ARG(p->source));

	return pos.file.n ? err_at_pos(e, &pos) : e;
}

static err *parse_entry(struct transform *t, struct entry *p)
{
	err *no_merge = objfile_parse_inline(t->a, t->sources, p->text, p->place, p->name,
					     &p->merges);
	err *no_json = parse_json_patch(t, p->text, p->place, p->name, &p->ops);
	err *e = NULL;

	if (no_merge)
		p->merges.n = 0;
	if (no_json)
		p->ops = NODE_NOTHING;
	if (p->merges.n && node_len(p->ops))
		e = err_new(ERR_INVALID, "illegally qualifies as both an SM and JSON patch: %.*s",
			    STR_ARG(p->source));
	else if (no_merge && no_json)
		e = unparsable(p, no_merge, no_json);
	err_free(no_merge);
	err_free(no_json);
	return e;
}

/* A target as errors name it. */
static str selector_text(struct arena *a, node target)
{
	const struct resid id = {
		.gvk = {
			.group = node_str(node_get(target, S("group"))),
			.version = node_str(node_get(target, S("version"))),
			.kind = node_str(node_get(target, S("kind"))),
		},
		.name = node_str(node_get(target, S("name"))),
		.ns = node_str(node_get(target, S("namespace"))),
	};

	return arena_cat(a, resid_text(a, id), S(":a="),
			 node_str(node_get(target, S("annotationSelector"))), S(":l="),
			 node_str(node_get(target, S("labelSelector"))));
}

static err *merge_entry(struct transform *t, struct resmap *m, const struct entry *p, node target,
			node options)
{
	for (size_t i = 0; i < p->merges.n; i++) {
		struct resource *patch = resource_new(t->a, p->merges.p[i]), *r;
		resource_list selected;

		patch->allow_name_change = node_bool(node_get(options, S("allowNameChange")));
		patch->allow_kind_change = node_bool(node_get(options, S("allowKindChange")));
		if (target.kind == NODE_MAP) {
			if (p->merges.n > 1)
				return err_new(ERR_INVALID,
					       "Multiple Strategic-Merge Patches in one `patches` entry is "
					       "not allowed to set `patches.target` field: %.*s",
					       STR_ARG(p->source));
			err *e = target_select_all(t, m, target, &selected);

			return e ? err_wrap(e, "unable to find patch target %.*s in `resources`",
					    STR_ARG(quote_str(t->a, selector_text(t->a, target))))
				 : merge_selected(t, m, &selected, patch);
		}
		err *e = find_target(t, m, patch, &r);

		if (e) {
			CLEANUP(buf_release) struct buf id = BUF_INIT;

			quote_add(&id, resid_text(t->a, resource_original_id(patch)), QUOTE_PRINT);
			return err_wrap(e, "no resource matches strategic merge patch %s", buf_c(&id));
		}
		TRY(transform_merge(t, r, patch));
		resmap_touch(m);
	}
	return NULL;
}

err *transform_patch_check(struct transform *t, const struct loader *l, node patch)
{
	struct entry p = { 0 };

	TRY(read_entry(t, l, patch, &p));
	return parse_entry(t, &p);
}

err *transform_patch(struct transform *t, const struct loader *l, struct resmap *m, node patch)
{
	node target = node_get(patch, S("target")), options = node_get(patch, S("options"));
	struct entry p = { 0 };
	resource_list selected;

	TRY(read_entry(t, l, patch, &p));
	TRY(parse_entry(t, &p));
	t->configured = true;
	if (p.merges.n)
		return merge_entry(t, m, &p, target, options);
	if (!node_len(p.ops))	/* nothing to do: the target is not looked at */
		return NULL;
	if (p.ops.kind != NODE_SEQ)
		return NULL;
	if (target.kind != NODE_MAP)
		return err_new(ERR_INVALID, "must specify a target for JSON patch %.*s",
			       STR_ARG(p.source));
	TRY(target_select_all(t, m, target, &selected));
	for (size_t i = 0; i < selected.n; i++) {
		resource_remember(t->a, selected.p[i]);
		TRY(patch_one(t, selected.p[i], p.ops));
	}
	resmap_touch(m);
	return NULL;
}

/* ---- the older fields -------------------------------------------------- */

static err *load_merges(struct transform *t, const struct loader *l, node entry, node_list *out)
{
	str path = node_str(entry), text, real;
	err *e = objfile_parse_inline(t->a, t->sources, path, entry.place, S("patch"), out);

	if (!e)
		return NULL;
	err_free(e);
	TRY(loader_read(t->a, l, path, &text, &real));
	e = objfile_parse(t->a, t->sources, text, real, out);
	return e ? objfile_name_file(e, path) : NULL;
}

struct listed_patch {
	node merge;
	uint32_t entry;		/* place of the entry that it is from */
};

typedef VEC(struct listed_patch) listed_patches;

static void add_merges(struct transform *t, listed_patches *to, const node_list *merges,
		       uint32_t entry)
{
	for (size_t i = 0; i < merges->n; i++)
		avec_push(t->a, to, (struct listed_patch){ merges->p[i], entry });
}

static err *no_patches(node paths, str inline_patches)
{
	CLEANUP(buf_release) struct buf files = BUF_INIT;

	node_each_item(p, paths)
		buf_addf(&files, "%s%.*s", files.n ? " " : "", STR_ARG(node_str(*p)));
	return err_new(ERR_INVALID, "patch appears to be empty; files=[%s], Patch=%.*s", buf_c(&files),
		       STR_ARG(inline_patches));
}

err *transform_merge_patches(struct transform *t, const struct loader *l, struct resmap *m,
			     node paths, node patches)
{
	str inline_patches = node_str(patches);
	listed_patches all = { 0 };
	node_list some;

	if (!node_len(paths) && !inline_patches.n)
		return err_new(ERR_INVALID, "empty file path and empty patch content");
	node_each_item(p, paths) {
		TRY(load_merges(t, l, *p, &some));
		add_merges(t, &all, &some, p->place);
	}
	if (inline_patches.n) {
		TRY(objfile_parse_inline(t->a, t->sources, inline_patches, patches.place,
					 S("patches"), &some));
		add_merges(t, &all, &some, patches.place);
	}
	if (!all.n)
		return no_patches(paths, inline_patches);
	t->configured = true;
	for (size_t i = 0; i < all.n; i++) {
		struct resource *patch = resource_new(t->a, all.p[i].merge), *r;
		resource_list one = { 0 };

		TRY(find_target(t, m, patch, &r));
		avec_push(t->a, &one, r);
		trail_entry(t->trail, all.p[i].entry);
		TRY(merge_selected(t, m, &one, patch));
		trail_done(t->trail, m);
	}
	return NULL;
}

/* Operations alone, with errors that tell what was decoded: of YAML what became of it. */
static err *parse_ops(struct transform *t, str text, uint32_t place, str name, node *out)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	err *e = parse_json_patch(t, text, place, name, out);
	str why = e ? err_text(e) : STR_NONE;

	if (!e)
		return NULL;
	if (str_starts(text, S("[")))
		return err_wrap(e, "decoding %.*s", STR_ARG(text));
	if (str_take_str(&why, S("error converting YAML to JSON: ")))
		return err_replace(e, "%.*s", STR_ARG(arena_str(t->a, why)));
	err_free(json_write(&json, *out, NULL));
	return err_wrap(e, "decoding %s", buf_c(&json));
}

err *transform_json_patch(struct transform *t, const struct loader *l, struct resmap *m, node target,
			  str path, node inline_ops)
{
	str ops = node_str(inline_ops), text = ops, name = S("patch");
	resource_list selected;
	node parsed = NODE_NOTHING;

	if (!node_str(node_get(target, S("name"))).n)
		return err_new(ERR_INVALID, "must specify the target name");
	if (!path.n && !ops.n)
		return err_new(ERR_INVALID, "empty file path and empty jsonOp");
	if (path.n && ops.n)
		return err_new(ERR_INVALID, "must specify a file path or jsonOp, not both");
	if (path.n) {
		TRY(loader_read(t->a, l, path, &text, &name));
		if (!text.n)
			return err_new(ERR_INVALID, "patch file '%.*s' empty seems to be empty",
				       STR_ARG(path));
	}
	TRY(parse_ops(t, text, path.n ? 0 : inline_ops.place, name, &parsed));
	if (!node_len(parsed))
		return err_new(ERR_INVALID, "patch appears to be empty; file=%.*s, JsonOp=%.*s",
			       STR_ARG(path), STR_ARG(text));
	t->configured = true;
	TRY(target_select_all(t, m, target, &selected));
	for (size_t i = 0; i < selected.n; i++)
		TRY(patch_one(t, selected.p[i], parsed));
	resmap_touch(m);
	return NULL;
}
