/* Field specs that users add: `configurations` files, and those that the
 * OpenAPI extensions of `crds` speak of. */
#include "base/buf.h"
#include "kustomize/build_impl.h"
#include "value/json.h"
#include "value/yaml.h"

static const struct typed_field reference_fields[] = {
	TYPED_EMBEDDED("Gvk", "group", &typed_string),
	TYPED_EMBEDDED("Gvk", "version", &typed_string),
	TYPED_EMBEDDED("Gvk", "kind", &typed_string),
	TYPED_FIELD("fieldSpecs", &kfile_fieldspecs_type),
};
static const struct typed reference_type =
	TYPED_STRUCT_OF("builtinconfig", "NameBackReferences", reference_fields);
static const struct typed references_type = { .kind = TYPED_LIST,
					      .go = "builtinconfig.nbrSlice",
					      .of = &reference_type };
static const struct typed_field file_fields[] = {
	TYPED_FIELD("namePrefix", &kfile_fieldspecs_type),
	TYPED_FIELD("nameSuffix", &kfile_fieldspecs_type),
	TYPED_FIELD("namespace", &kfile_fieldspecs_type),
	TYPED_FIELD("commonLabels", &kfile_fieldspecs_type),
	TYPED_FIELD("labels", &kfile_fieldspecs_type),
	TYPED_FIELD("templateLabels", &kfile_fieldspecs_type),
	TYPED_FIELD("volumeClaimTemplateLabels", &kfile_fieldspecs_type),
	TYPED_FIELD("commonAnnotations", &kfile_fieldspecs_type),
	TYPED_FIELD("nameReference", &references_type),
	TYPED_FIELD("varReference", &kfile_fieldspecs_type),
	TYPED_FIELD("images", &kfile_fieldspecs_type),
	TYPED_FIELD("replicas", &kfile_fieldspecs_type),
};
static const struct typed file_type =
	TYPED_STRUCT_OF("builtinconfig", "TransformerConfig", file_fields);

static struct gvk gvk_in(node n)
{
	return (struct gvk){ node_str(node_get(n, S("group"))), node_str(node_get(n, S("version"))),
			     node_str(node_get(n, S("kind"))) };
}

static err *read_file(struct build *b, str text, str name, const struct config **out)
{
	const struct yaml_options rules = {
		.rules = YAML_1_1, .json = true, .strict = true, .sources = b->t.sources, .name = name,
	};
	const struct typed_options strict = { .strict = true, .sources = b->t.sources };
	struct arena *a = b->t.a;
	struct config *c = arena_new(a, struct config);
	node raw, file;

	TRY(yaml_read(a, text, &rules, &raw));
	err *e = typed_fit(a, raw, &file_type, &strict, &file);

	if (e)
		return err_wrap(err_wrap(e, "while decoding JSON"), "error unmarshaling JSON");
	for (int i = 0; i < SPECS_LISTS; i++)
		fieldspec_read(a, &c->lists[i],
			  node_get(file, fieldspec_list_name((enum fieldspec_list)i)));
	node references = node_get(file, S("nameReference"));

	node_each_item(r, references) {
		avec_push(a, &c->names, (struct nameref){ .target = gvk_in(*r) });
		fieldspec_read(a, &c->names.p[c->names.n - 1].referrers, node_get(*r, S("fieldSpecs")));
	}
	*out = c;
	return NULL;
}

err *config_load(struct build *b, struct root *r, node files, const struct config **out)
{
	const struct config *all = NULL;

	err *e = NULL;

	node_each_item(f, files) {
		const struct config *one;
		str text, real;

		e = loader_read(b->t.a, r->l, node_str(*f), &text, &real);
		if (!e)
			e = read_file(b, text, real, &one);
		if (!e)
			e = config_merge(b, all, one, &all);
		if (e)
			return sources_err(b->t.sources, f->place, e);
	}
	e = config_merge(b, b->defaults, all, out);
	return e ? sources_err(b->t.sources, files.place, e) : NULL;
}

/* ---- crds -------------------------------------------------------------- */

struct crd_walk {
	struct build *b;
	struct config *c;
	node types;			/* name -> { Schema: ... } */
	struct gvk kind;
	unsigned depth;
	unsigned fields;
};

/* Types may refer to each other in every way: both bounds are needed. */
enum { CRD_DEPTH_MAX = 100, CRD_FIELDS_MAX = 1000000 };

static node properties_of(struct crd_walk *w, str type)
{
	node schema = node_get(node_get(w->types, type), S("Schema"));

	return node_get(schema, S("properties"));
}

static err *add_one(struct crd_walk *w, enum fieldspec_list list, str path)
{
	return fieldspec_merge(w->b->t.a, &w->c->lists[list],
			       (struct fieldspec){ .gvk = w->kind, .path = path });
}

static err *add_reference(struct crd_walk *w, node property, str path)
{
	struct arena *a = w->b->t.a;
	str version = node_str(node_get(property, S("x-kubernetes-object-ref-api-version")));
	str kind = node_str(node_get(property, S("x-kubernetes-object-ref-kind")));
	node key = node_get(property, S("x-kubernetes-object-ref-name-key"));
	struct fieldspec spec = {
		.gvk = w->kind,
		.path = arena_cat(a, path, S("/"), key.kind == NODE_STR ? node_str(key) : S("name")),
	};
	struct nameref ref = { .target = { .version = version, .kind = kind } };
	namerefs one = { .p = &ref, .n = 1, .cap = 1 };

	if (!version.n || !kind.n)
		return NULL;
	avec_push(a, &ref.referrers, spec);
	return nameref_merge(a, &w->c->names, &one);
}

static err *walk_type(struct crd_walk *w, str type, str path)
{
	node properties = properties_of(w, type);

	if (w->depth >= CRD_DEPTH_MAX)
		return NULL;
	w->depth++;
	node_each_pair(p, properties) {
		str name = node_str(p->key), ref = node_str(node_get(p->value, S("$ref")));
		str at = path.n ? arena_cat(w->b->t.a, path, S("/"), name) : name;

		if (++w->fields > CRD_FIELDS_MAX)
			return err_new(ERR_INVALID, "the types have more than %d fields",
				       CRD_FIELDS_MAX);
		if (node_has(p->value, S("x-kubernetes-annotation")))
			TRY(add_one(w, SPECS_COMMON_ANNOTATIONS, at));
		if (node_has(p->value, S("x-kubernetes-label-selector")))
			TRY(add_one(w, SPECS_COMMON_LABELS, at));
		if (node_has(p->value, S("x-kubernetes-identity")))
			TRY(add_one(w, SPECS_NAME_PREFIX, at));
		TRY(add_reference(w, p->value, at));
		if (ref.n)
			TRY(walk_type(w, ref, at));
	}
	w->depth--;
	return NULL;
}

static err *walk_roots(struct crd_walk *w)
{
	node_each_pair(t, w->types) {
		node properties = properties_of(w, node_str(t->key));
		str name = node_str(t->key);
		size_t dot = str_rfind_char(name, '.');

		if (!node_has(properties, S("kind")) || !node_has(properties, S("apiVersion")) ||
		    !node_has(properties, S("metadata")))
			continue;
		w->kind = (struct gvk){ .kind = dot == STR_NPOS ? name : str_from(name, dot + 1) };
		TRY(walk_type(w, name, STR_NONE));
	}
	return NULL;
}

static err *cannot_unmarshal(struct sources *sources, node n, const char *type)
{
	return sources_err(sources, n.place,
			   err_new(ERR_INVALID, "json: cannot unmarshal %s into Go value of type "
						"accumulator.%s",
				   node_kind_name(n), type));
}

/* Definitions by their names, which go by the alphabet where JSON was made of YAML. */
static err *check_definitions(struct sources *sources, node types, bool json)
{
	const struct node_pair *bad = NULL;

	if (node_is_nil(types))
		return NULL;
	if (types.kind != NODE_MAP)
		return cannot_unmarshal(sources, types, "nameToApiMap");
	node_each_pair(p, types)
		if (p->value.kind != NODE_MAP && !node_is_nil(p->value) &&
		    (!bad || (!json && str_cmp(node_str(p->key), node_str(bad->key)) < 0)))
			bad = p;
	return bad ? cannot_unmarshal(sources, bad->value, "OpenAPIDefinition") : NULL;
}

static err *read_definitions(struct build *b, str text, str name, node *out)
{
	const struct yaml_options rules = {
		.rules = YAML_1_1, .json = true, .sources = b->t.sources, .name = name,
	};

	if (str_starts(text, S("{"))) {
		TRY(json_read(b->t.a, text, NULL, out));
		return check_definitions(b->t.sources, *out, true);
	}
	TRY(yaml_read(b->t.a, text, &rules, out));
	err *e = check_definitions(b->t.sources, *out, false);

	return e ? err_wrap(e, "error unmarshaling JSON: while decoding JSON") : NULL;
}

err *config_load_crds(struct build *b, struct root *r, node files, const struct config **out)
{
	struct config *c = arena_new(b->t.a, struct config);

	node_each_item(f, files) {
		struct crd_walk w = { .b = b, .c = c };
		str text, name;

		err *e = loader_read(b->t.a, r->l, node_str(*f), &text, &name);

		if (e)
			return sources_err(b->t.sources, f->place, e);
		e = read_definitions(b, text, name, &w.types);
		if (e)
			return err_wrap(e, "unable to parse open API definition from '%.*s'",
					STR_ARG(node_str(*f)));
		e = walk_roots(&w);
		if (e)
			return sources_err(b->t.sources, f->place, e);
	}
	*out = c;
	return NULL;
}
