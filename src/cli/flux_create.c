#include "cli/flux_create.h"
#include "cli/flux_hint.h"

#include "base/fmt.h"
#include "cli/commands.h"
#include "text/duration.h"

struct create_options *create_options(struct cli *c)
{
	return c->options_at[1];
}

/* ---- building specs ---------------------------------------------------- */

void create_value(struct arena *a, node spec, const char *path, node value)
{
	str rest = str_c(path), key;

	while (str_cut(&rest, &key, '.')) {
		if (!rest.n)
			node_set(a, spec, key, value);
		else
			spec = node_need_map(a, spec, key);
	}
}

void create_needed(struct arena *a, node spec, const char *path, str value)
{
	create_value(a, spec, path, node_from_str(a, value));
}

void create_text(struct arena *a, node spec, const char *path, str value)
{
	if (value.n)
		create_needed(a, spec, path, value);
}

void create_flag(struct arena *a, node spec, const char *path, bool value)
{
	if (value)
		create_value(a, spec, path, node_from_bool(true));
}

void create_duration(struct arena *a, node spec, const char *path, int64_t value)
{
	if (value)
		create_needed_duration(a, spec, path, value);
}

void create_needed_duration(struct arena *a, node spec, const char *path, int64_t value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	duration_add(&b, value);
	create_value(a, spec, path, node_copy_str(a, buf_str(&b)));
}

void create_texts(struct arena *a, node spec, const char *path, const struct flag_list *list)
{
	node texts = node_seq(a, list->n);

	for (size_t i = 0; i < list->n; i++)
		node_append(a, texts, node_from_str(a, list->p[i]));
	if (list->n)
		create_value(a, spec, path, texts);
}

void create_references(struct arena *a, node spec, const char *path, const struct flag_list *list)
{
	node refs = node_seq(a, list->n);

	for (size_t i = 0; i < list->n; i++) {
		node ref = node_map(a, 2);
		str text, namespace, name;

		str_split(list->p[i], '@', &text, &name);
		if (str_split(text, '/', &namespace, &name))
			create_text(a, ref, "namespace", namespace);
		else
			name = text;
		create_needed(a, ref, "name", name);
		node_append(a, refs, ref);
	}
	if (list->n)
		create_value(a, spec, path, refs);
}

/* ---- labels and names -------------------------------------------------- */

str create_complaints(struct arena *a, str text, enum name_rule rule)
{
	str complaints[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(text, rule, complaints);

	return arena_join(a, complaints, n, S(" "));
}

err *create_check_labels(struct cli *c)
{
	const struct create_options *o = create_options(c);

	for (size_t i = 0; i < o->labels.n; i++) {
		str key, value, label = o->labels.p[i];

		if (str_count_char(label, '=') != 1)
			return err_new(ERR_INVALID, "invalid label format '%.*s', must be key=value",
				       STR_ARG(label));
		str_split(label, '=', &key, &value);
		str why = create_complaints(c->arena, key, NAME_QUALIFIED);

		if (why.n)
			return err_new(ERR_INVALID, "invalid label '%.*s': [%.*s]", STR_ARG(key),
				       STR_ARG(why));
		why = create_complaints(c->arena, value, NAME_LABEL_VALUE);
		if (why.n)
			return err_new(ERR_INVALID, "invalid label value '%.*s': [%.*s]",
				       STR_ARG(value), STR_ARG(why));
	}
	return NULL;
}

static node labels_of(struct cli *c)
{
	const struct create_options *o = create_options(c);
	node labels = node_map(c->arena, o->labels.n);

	for (size_t i = 0; i < o->labels.n; i++) {
		str key, value;

		str_split(o->labels.p[i], '=', &key, &value);
		node_set(c->arena, labels, key, node_from_str(c->arena, value));
	}
	return labels;
}

node create_object(struct cli *c, const char *api_version, const char *kind, str name,
		   str namespace)
{
	struct arena *a = c->arena;
	node object = node_map(a, 5), metadata = node_map(a, 3), labels = labels_of(c);

	node_set(a, object, S("apiVersion"), node_from_str(a, str_c(api_version)));
	node_set(a, object, S("kind"), node_from_str(a, str_c(kind)));
	if (node_len(labels))
		node_set(a, metadata, S("labels"), labels);
	node_set(a, metadata, S("name"), node_from_str(a, name));
	if (namespace.n)
		node_set(a, metadata, S("namespace"), node_from_str(a, namespace));
	node_set(a, object, S("metadata"), metadata);
	return object;
}

/* ^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$ */
static bool is_name(str name)
{
	return name.n >= 2 && name.n <= 63 && name_check(name, NAME_DNS_LABEL, NULL);
}

static err *create_before(struct cli *c)
{
	if (!c->words.n)
		return err_new(ERR_INVALID, "name is required");
	if (!is_name(c->words.p[0]))
		return err_new(ERR_INVALID,
			       "name '%.*s' is invalid, it should adhere to standard defined in RFC "
			       "1123, the name can only contain alphanumeric characters or '-'",
			       STR_ARG(c->words.p[0]));
	return NULL;
}

/* ---- the server -------------------------------------------------------- */

err *create_upsert(struct cli *c, struct flux_server *s, const struct client_resource *r,
		   node object, const char *const *fields, bool *created, node *out)
{
	struct arena *a = c->arena;
	str name = flux_name(object), namespace = flux_namespace(object);
	node there;
	err *e = client_get(s->client, a, r, namespace, name, &there);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		*created = true;
		return hint_missing(client_create(s->client, a, r, object, S("flux"), out), r);
	}
	if (e)
		return hint_missing(e, r);
	*created = false;
	node metadata = node_get(there, S("metadata"));
	node labels = node_dig(object, "metadata", "labels");

	if (node_is_nil(labels))
		node_remove(metadata, S("labels"));
	else
		node_set(a, metadata, S("labels"), labels);
	for (; *fields; fields++)
		node_set(a, there, str_c(*fields), node_get(object, str_c(*fields)));
	return client_update(s->client, a, r, there, STR_NONE, S("flux"), out);
}

static bool is_oci_repository(enum flux_kind_id kind, node spec)
{
	return kind == FLUX_HELM_REPOSITORY && str_eq(node_str(node_get(spec, S("type"))), S("oci"));
}

static str revision_of(enum flux_kind_id kind, node object)
{
	if (kind == FLUX_KUSTOMIZATION)
		return node_str(node_dig(object, "status", "lastAppliedRevision"));
	if (kind == FLUX_RELEASE) {
		str deployed = node_str(node_get(node_at(node_dig(object, "status", "history"), 0),
						 S("chartVersion")));

		return deployed.n ? deployed
				  : node_str(node_dig(object, "status", "lastAttemptedRevision"));
	}
	if (kind == FLUX_RECEIVER)
		return node_str(node_dig(object, "status", "webhookPath"));
	return node_str(node_dig(object, "status", "artifact", "revision"));
}

static err *wait_created(struct cli *c, struct flux_server *s, enum flux_kind_id kind, node object,
			 const struct create_words *w)
{
	str name = flux_name(object);
	bool is_static = flux_kinds[kind].is_static ||
			 is_oci_repository(kind, node_get(object, S("spec")));

	flux_waiting(c, "waiting for %s reconciliation", w->subject);
	TRY(flux_wait_for(c, s, kind, flux_namespace(object), name,
			  is_static ? FLUX_WAIT_CURRENT : FLUX_WAIT_READY, STR_NONE, &object));
	if (w->ready)
		flux_success(c, "%s %.*s is ready", w->subject, STR_ARG(name));
	else
		flux_success(c, "%s reconciliation completed", w->subject);
	if (!w->outcome || is_oci_repository(kind, node_get(object, S("spec"))))
		return NULL;
	str revision = revision_of(kind, object);

	if (w->no_artifact && node_is_nil(node_dig(object, "status", "artifact")))
		return err_new(ERR_NOT_FOUND, "%s", w->no_artifact);
	flux_success(c, "%s %.*s", w->outcome, STR_ARG(revision));
	return NULL;
}

err *create_finish(struct cli *c, enum flux_kind_id kind, node spec, const struct create_words *w,
		   create_prepare *prepare)
{
	static const char *const fields[] = { "spec", NULL };
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct flux_kind *k = &flux_kinds[kind];
	const struct client_resource r = flux_resource(k);
	str version = arena_printf(c->arena, "%s/%s", k->group, k->version);
	node object = create_object(c, version.p, k->kind, c->words.p[0],
				    flux_settings(c)->namespace);
	bool export = create_options(c)->export, created;

	node_set(c->arena, object, S("spec"), spec);
	if (export)
		return flux_print_export(&c->out.buf, object);
	if (w->opens_first)
		TRY(flux_open(c, &s));
	if (w->check)
		TRY(w->check(c));
	if (!w->no_generate)
		flux_generating(c, "generating %s", w->subject);
	if (!w->opens_first)
		TRY(flux_open(c, &s));
	if (prepare)
		TRY(prepare(c, &s, spec));
	flux_action(c, "applying %s", w->subject);
	TRY(create_upsert(c, &s, &r, object, fields, &created, &object));
	flux_success(c, "%s %s", w->stored, created ? "created" : "updated");
	return wait_created(c, &s, kind, object, w);
}

/* ---- the group --------------------------------------------------------- */

#define AT(field) offsetof(struct create_options, field)

static const struct flag create_flags[] = {
	{ "export", 0, FLAG_BOOL, AT(export), "print the object as YAML instead of storing it" },
	{ "interval", 0, FLAG_DURATION, AT(interval), "how often to look again",
	  .fallback = "1m0s" },
	{ "label", 0, FLAG_LIST, AT(labels),
	  "label of the object, as label1=value1,label2=value2, repeatable" },
	{ 0 },
};

#undef AT

const struct command flux_create_command = {
	.use = "create",
	.brief = "Create or update objects",
	.text = "Create or update objects of Flux, or print them for Git with --export.",
	.shared = create_flags,
	.options = sizeof(struct create_options),
	.before = create_before,
	.commands = (const struct command *const[]){ &flux_create_alert_command,
						     &flux_create_provider_command,
						     &flux_create_helmrelease_command,
						     &flux_create_image_command,
						     &flux_create_kustomization_command,
						     &flux_create_receiver_command,
						     &flux_create_secret_command,
						     &flux_create_source_command,
						     &flux_create_tenant_command, NULL },
};
