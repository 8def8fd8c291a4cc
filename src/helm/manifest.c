#include "helm/manifest.h"

#include <stdlib.h>

#include "base/sort.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "helm/origin.h"
#include "helm/yamlfit.h"
#include "text/number.h"
#include "text/path.h"
#include "text/unicode.h"

/* ---- white space ------------------------------------------------------- */

str manifest_trim_left(str s)
{
	for (;;) {
		str rest = s;
		uint32_t rune;

		if (!utf8_take(&rest, &rune) || !unicode_is_space(rune))
			return s;
		s = rest;
	}
}

/* The length of the white space rune that the text ends with, or 0. */
static size_t last_space(str s)
{
	for (size_t n = 1; n <= 3 && n <= s.n; n++) {
		str tail = str_from(s, s.n - n);
		uint32_t rune;

		if (utf8_take(&tail, &rune) && !tail.n)
			return unicode_is_space(rune) ? n : 0;
	}
	return 0;
}

str manifest_trim(str s)
{
	size_t n;

	s = manifest_trim_left(s);
	while ((n = last_space(s)) > 0)
		s.n -= n;
	return s;
}

/* ---- cutting ----------------------------------------------------------- */

/* Offset of the next line that begins with "---". */
static size_t find_separator(str s, bool inside)
{
	if (!inside && str_starts(s, S("---")))
		return 0;
	size_t end = str_find(s, S("\n---"));

	return end == STR_NPOS ? STR_NPOS : end + 1;
}

/* White space as regular expressions have it. */
static str trim_end(str s)
{
	while (s.n && str_find_char(S(" \t\n\f\r"), s.p[s.n - 1]) != STR_NPOS)
		s.n--;
	return s;
}

bool manifest_take(struct manifest_cut *c, str *document)
{
	while (c->rest.n) {
		size_t at = find_separator(c->rest, c->inside);

		*document = manifest_trim_left(str_sub(c->rest, 0, at));
		c->rest = at == STR_NPOS
				  ? STR_NONE
				  : str_trim_left_set(str_from(c->rest, at + 3), S(" \t"));
		c->inside = true;
		if (c->tight && at != STR_NPOS)
			*document = trim_end(*document);
		if (document->n)
			return true;
	}
	return false;
}

/* ---- what a document says about itself --------------------------------- */

static const struct typed_field metadata_fields[] = {
	TYPED_FIELD("name", &typed_string),
	TYPED_FIELD("annotations", &typed_string_map),
};
static const struct typed metadata_type = {
	.kind = TYPED_STRUCT,
	.go = "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string "
	      "\"json:\\\"annotations\\\"\" }",
	.name = "",
	.fields = metadata_fields,
	.fields_n = sizeof metadata_fields / sizeof *metadata_fields,
};
static const struct typed_field head_fields[] = {
	TYPED_FIELD("apiVersion", &typed_string),
	TYPED_FIELD("kind", &typed_string),
	TYPED_FIELD("metadata", &metadata_type),
};
static const struct typed head_type = TYPED_STRUCT_OF("util", "SimpleHead", head_fields);

/* Reads it once more, to see where it went wrong. */
static err *head_error(const struct manifest *m, err *e)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	node head;
	CLEANUP(err_drop) err *again = yamlfit_read(&scratch, m->text, &head_type, &sources, &head);

	return origin_add(err_wrap(e, "YAML parse error on %.*s", STR_ARG(m->path)), m,
			  again ? err_position(again).line : 1);
}

static err *read_head(struct arena *a, struct manifest *m)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	node head;
	err *e = yamlfit_read(&scratch, m->text, &head_type, NULL, &head);

	if (e)
		return head_error(m, e);
	node metadata = node_get(head, S("metadata"));

	m->api_version = arena_str(a, node_str(node_get(head, S("apiVersion"))));
	m->kind = arena_str(a, node_str(node_get(head, S("kind"))));
	m->name = arena_str(a, node_str(node_get(metadata, S("name"))));
	m->annotations = node_copy_all(a, node_get(metadata, S("annotations")));
	return NULL;
}

/* ---- hooks ------------------------------------------------------------- */

static const struct {
	str word;
	const char *name;
	enum manifest_event event;
} events[] = {
	{ S("pre-install"), "pre-install", HOOK_PRE_INSTALL },
	{ S("post-install"), "post-install", HOOK_POST_INSTALL },
	{ S("pre-delete"), "pre-delete", HOOK_PRE_DELETE },
	{ S("post-delete"), "post-delete", HOOK_POST_DELETE },
	{ S("pre-upgrade"), "pre-upgrade", HOOK_PRE_UPGRADE },
	{ S("post-upgrade"), "post-upgrade", HOOK_POST_UPGRADE },
	{ S("pre-rollback"), "pre-rollback", HOOK_PRE_ROLLBACK },
	{ S("post-rollback"), "post-rollback", HOOK_POST_ROLLBACK },
	{ S("test"), "test", HOOK_TEST },
	{ S("test-success"), "test", HOOK_TEST },
};

/* Give the next word of a comma list, without space around it. */
static bool next_word(str *list, bool *more, str *word)
{
	if (!*more)
		return false;
	*more = str_split(*list, ',', word, list);
	*word = manifest_trim(*word);
	return true;
}

/* False when it names an event that there is not. */
static bool read_events(struct arena *a, struct manifest *m, str list)
{
	VEC(const char *) names = { 0 };
	str word;

	for (bool more = true; next_word(&list, &more, &word);) {
		size_t i = 0;

		while (i < sizeof events / sizeof *events &&
		       !str_eq_nocase(word, events[i].word))
			i++;
		if (i == sizeof events / sizeof *events)
			return false;
		avec_push(a, &names, events[i].name);
		m->events |= events[i].event;
	}
	avec_push(a, &names, NULL);
	m->event_names = names.p;
	return true;
}

static int64_t weight_of(str text)
{
	int64_t weight;
	err *e = number_parse_atoi(text, &weight);

	if (!e)
		return weight;
	err_free(e);
	return 0;
}

static void add_document(struct arena *a, struct manifest m, const struct notices *to,
			 struct manifest_list *manifests, struct manifest_list *hooks)
{
	node hook = node_get(m.annotations, S("helm.sh/hook"));

	if (hook.kind == NODE_NONE) {
		avec_push(a, manifests, m);
		return;
	}
	if (!read_events(a, &m, node_str(hook))) {
		notice(to, NOTICE_INFO, S("skipping unknown hooks"),
		       { "hookTypes", node_str(hook) });
		return;
	}
	m.weight = weight_of(node_str(node_get(m.annotations, S("helm.sh/hook-weight"))));
	m.delete_policies = node_str(node_get(m.annotations, S("helm.sh/hook-delete-policy")));
	m.log_policies =
		node_str(node_get(m.annotations, S("helm.sh/hook-output-log-policy")));
	avec_push(a, hooks, m);
}

/* ---- order ------------------------------------------------------------- */

static const char *const install_order[] = {
	"PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange",
	"PodSecurityPolicy", "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList",
	"ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
	"CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
	"ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service",
	"DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
	"HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress",
	"APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
};

static const char *const uninstall_order[] = {
	"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "Ingress",
	"IngressClass", "Service", "CronJob", "Job", "StatefulSet", "HorizontalPodAutoscaler",
	"Deployment", "ReplicaSet", "ReplicationController", "Pod", "DaemonSet",
	"RoleBindingList", "RoleBinding", "RoleList", "Role", "ClusterRoleBindingList",
	"ClusterRoleBinding", "ClusterRoleList", "ClusterRole", "CustomResourceDefinition",
	"PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "SecretList",
	"Secret", "ServiceAccount", "PodDisruptionBudget", "PodSecurityPolicy", "LimitRange",
	"ResourceQuota", "NetworkPolicy", "Namespace", "PriorityClass",
};

enum { KINDS = sizeof install_order / sizeof *install_order };
_Static_assert(KINDS == sizeof uninstall_order / sizeof *uninstall_order, "the same kinds");

static size_t rank(str kind, const char *const *order)
{
	size_t i = 0;

	while (i < KINDS && !str_eq(kind, str_c(order[i])))
		i++;
	return i;
}

/* Unknown kinds come last, by name. */
static int cmp_kinds(const void *x, const void *y, void *order)
{
	str a = ((const struct manifest *)x)->kind, b = ((const struct manifest *)y)->kind;
	size_t i = rank(a, order), j = rank(b, order);

	if (i != j)
		return i < j ? -1 : 1;
	return i < KINDS ? 0 : str_cmp(a, b);
}

static int cmp_paths(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct manifest_file *)x)->path,
		       ((const struct manifest_file *)y)->path);
}

err *manifest_sort(struct arena *a, struct manifest_file *files, size_t n,
		   enum manifest_order order, const struct notices *to,
		   struct manifest_list *manifests, struct manifest_list *hooks)
{
	void *kinds = (void *)(uintptr_t)(order == MANIFEST_UNINSTALL ? uninstall_order
								       : install_order);

	sort_stable(files, n, sizeof *files, cmp_paths, NULL);
	for (size_t i = 0; i < n; i++) {
		struct manifest_cut cut = { .rest = manifest_trim_left(files[i].text),
					    .tight = order == MANIFEST_INSTALL_TIGHT };
		struct manifest m = { .path = files[i].path, .output = files[i].text,
				      .trace = files[i].trace };

		if (str_starts(path_base(m.path), S("_")))
			continue;
		while (manifest_take(&cut, &m.text)) {
			TRY(read_head(a, &m));
			add_document(a, m, to, manifests, hooks);
		}
	}
	sort_stable(manifests->p, manifests->n, sizeof *manifests->p, cmp_kinds, kinds);
	sort_stable(hooks->p, hooks->n, sizeof *hooks->p, cmp_kinds, kinds);
	return NULL;
}
