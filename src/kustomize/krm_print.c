/* Objects put in order and printed. */
#include <stdlib.h>

#include "kustomize/krm_impl.h"
#include "text/path.h"
#include "value/json.h"

/* What stands in an object, in the order in which kustomize writes it; of names
 * that stand here twice, the last place counts. */
static const char *const order[] = {
	"name", "generateName", "namespace", "clusterName", "apiVersion", "kind", "metadata", "type",
	"labels", "annotations", "spec", "status",
	/* Secrets and ConfigMaps */
	"stringData", "data", "binaryData",
	/* what makes pods */
	"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "replicas", "selector",
	"manualSelector", "template", "ttlSecondsAfterFinished", "volumeClaimTemplates", "service",
	"serviceName", "podManagementPolicy", "updateStrategy", "strategy", "minReadySeconds",
	"revision", "revisionHistoryLimit", "paused", "progressDeadlineSeconds",
	/* pods */
	"restartPolicy", "terminationGracePeriodSeconds", "activeDeadlineSeconds", "dnsPolicy",
	"serviceAccountName", "serviceAccount", "automountServiceAccountToken", "nodeName",
	"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostname", "subdomain",
	"schedulerName", "priorityClassName", "priority", "runtimeClassName", "enableServiceLinks",
	"nodeSelector", "hostAliases", "initContainers", "containers", "volumes", "securityContext",
	"imagePullSecrets", "affinity", "tolerations", "dnsConfig", "readinessGates",
	/* containers */
	"image", "command", "args", "workingDir", "ports", "envFrom", "env", "resources",
	"volumeMounts", "volumeDevices", "livenessProbe", "readinessProbe", "lifecycle",
	"terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "securityContext",
	"stdin", "stdinOnce", "tty",
	/* services and their ports */
	"clusterIP", "externalIPs", "loadBalancerIP", "loadBalancerSourceRanges", "externalName",
	"externalTrafficPolicy", "sessionAffinity", "protocol", "port", "targetPort", "hostPort",
	"containerPort", "hostIP",
	/* mounts and variables */
	"readOnly", "mountPath", "subPath", "subPathExpr", "mountPropagation", "value", "valueFrom",
	"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "prefix", "configMapRef",
	"secretRef",
};

unsigned krm_field_order(str name)
{
	for (size_t i = sizeof order / sizeof *order; i-- > 0;)
		if (str_eq(name, str_c(order[i])))
			return (unsigned)i + 1;
	return 0;
}

/* ---- formatting -------------------------------------------------------- */

struct entry {
	unsigned order;
	str name;
	uint32_t at;
};

static int cmp_entries(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int cmp;

	if (a->order != b->order)
		return !a->order || (b->order && b->order < a->order) ? 1 : -1;
	cmp = str_cmp(a->name, b->name);
	return cmp ? cmp : (a->at > b->at) - (a->at < b->at);
}

/* Notes in the new order, `each` of them an entry. */
static struct node_note **moved_notes(struct arena *a, struct node_note **notes,
				      const struct entry *entries, uint32_t n, uint32_t cap,
				      unsigned each)
{
	if (!notes)
		return NULL;
	struct node_note **out = arena_array(a, struct node_note *, (size_t)cap * each);

	for (uint32_t i = 0; i < n; i++)
		for (unsigned k = 0; k < each; k++)
			out[i * each + k] = notes[entries[i].at * each + k];
	return out;
}

static void sort_map(struct arena *a, struct node_map *map)
{
	struct entry *entries = arena_array(a, struct entry, map->n);
	node sorted = node_map(a, map->n);

	for (uint32_t i = 0; i < map->n; i++) {
		str name = node_str(map->pairs[i].key);

		entries[i] = (struct entry){ krm_field_order(name), name, i };
	}
	qsort(entries, map->n, sizeof *entries, cmp_entries);
	for (uint32_t i = 0; i < map->n; i++) {
		struct node_pair p = map->pairs[entries[i].at];

		node_push(a, sorted, p.key, p.value);
	}
	sorted.map->notes = moved_notes(a, map->notes, entries, map->n, sorted.map->cap, 2);
	*map = *sorted.map;
}

static void sort_list(struct arena *a, struct node_seq *list, str by)
{
	struct entry *entries = arena_array(a, struct entry, list->n);
	node *items = arena_array(a, node, list->cap);

	for (uint32_t i = 0; i < list->n; i++) {
		node value = by.n ? node_get(list->items[i], by) : list->items[i];

		entries[i] = (struct entry){ 0, node_str(value), i };
	}
	qsort(entries, list->n, sizeof *entries, cmp_entries);
	for (uint32_t i = 0; i < list->n; i++)
		items[i] = list->items[entries[i].at];
	list->notes = moved_notes(a, list->notes, entries, list->n, list->cap, 1);
	list->items = items;
}

/* Lists whose order means nothing. */
static const struct {
	const char *path[5];	/* ends with NULL */
	str by;			/* the field of the items; empty: they are texts */
} unordered[] = {
	{ { "spec", "template", "spec", "containers" }, S("name") },
	{ { "webhooks", "rules", "operations" }, { "", 0 } },
};

enum { UNORDERED = sizeof unordered / sizeof *unordered };

/* How far along each of those paths a value is; -1: not at all. */
struct way {
	int at[UNORDERED];
};

static struct way step(struct way way, str name)
{
	for (size_t i = 0; i < UNORDERED; i++) {
		int at = way.at[i];
		const char *next = at < 0 ? NULL : unordered[i].path[at];

		way.at[i] = next && str_eq(name, str_c(next)) ? at + 1 : -1;
	}
	return way;
}

static void format(struct arena *a, node n, struct way way)
{
	if (n.kind == NODE_MAP)
		sort_map(a, n.map);
	for (size_t i = 0; n.kind == NODE_SEQ && i < UNORDERED; i++)
		if (way.at[i] > 0 && !unordered[i].path[way.at[i]])
			sort_list(a, n.seq, unordered[i].by);
	node_each_pair(p, n)
		format(a, p->value, step(way, node_str(p->key)));
	node_each_item(i, n)
		format(a, *i, way);
}

static bool has_unordered(const struct krm_meta *m)
{
	static const char *const kinds[] = {
		"CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet",
		"ValidatingWebhookConfiguration",
	};
	static const char *const versions[] = {
		"apps/v1", "apps/v1beta1", "apps/v1beta2", "batch/v1", "batch/v1beta1",
		"extensions/v1beta1", "v1", "admissionregistration.k8s.io/v1",
	};
	bool kind = false, version = false;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		kind |= str_eq(m->kind, str_c(kinds[i]));
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		version |= str_eq(m->api_version, str_c(versions[i]));
	return kind && version;
}

err *krm_format(struct arena *a, krm_docs *docs)
{
	for (size_t i = 0; i < docs->n; i++) {
		struct krm_meta m = krm_meta(&docs->p[i]);
		str how = krm_annotation(&m, S("config.kubernetes.io/formatting"));
		struct way way = { { 0 } };

		if (str_eq(how, S("none")))
			continue;
		if (how.n && !str_eq(how, S("standard")))
			return err_new(ERR_INVALID, "formatting annotation has illegal value %.*s",
				       STR_ARG(how));
		if (!node_has(docs->p[i].root, S("kind")) || !node_has(docs->p[i].root, S("apiVersion")))
			continue;
		if (!has_unordered(&m))
			memset(way.at, -1, sizeof way.at);
		format(a, docs->p[i].root, way);
	}
	return NULL;
}

static void strip_note(struct node_note *note)
{
	if (note)
		note->head = note->line = note->foot = STR_NONE;
}

static void strip(node n)
{
	for (size_t i = 0; i < node_len(n); i++) {
		if (n.kind == NODE_SEQ) {
			strip_note(node_note(n, i));
			strip(n.seq->items[i]);
		} else {
			strip_note(node_note(n, 2 * i));
			strip_note(node_note(n, 2 * i + 1));
			strip(n.map->pairs[i].value);
		}
	}
}

void krm_strip(struct yaml_doc *doc)
{
	strip_note(doc->note);
	strip(doc->root);
}

void krm_select(struct arena *a, krm_docs *docs, bool local, bool others)
{
	krm_docs kept = { 0 };

	for (size_t i = 0; i < docs->n; i++) {
		struct krm_meta m = krm_meta(&docs->p[i]);

		if (node_has(m.annotations, S("config.kubernetes.io/local-config")) ? local : others)
			avec_push(a, &kept, docs->p[i]);
	}
	*docs = kept;
}

/* ---- printing ---------------------------------------------------------- */

err *krm_flow_text(struct arena *a, const struct yaml_doc *at, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(16 << 20);
	struct yaml_doc doc = *at;

	if (doc.root.kind == NODE_SEQ || doc.root.kind == NODE_MAP)
		doc.root.style = STYLE_FLOW;
	else if (doc.root.kind == NODE_STR)
		doc.root.style = STYLE_ANY;
	TRY(yaml_write_doc(&b, &doc, YAML_WRITE_KYAML));
	*out = arena_str(a, str_trim(buf_str(&b)));
	return NULL;
}

static bool is_json(const krm_docs *docs, const struct krm_print *how)
{
	if (how->wrap_kind.n || docs->n != 1)
		return false;
	struct krm_meta m = krm_meta(&docs->p[0]);

	return str_ends(krm_path(&m), S(".json"));
}

/* An object that came from a JSON file goes out as JSON. */
static err *print_json(struct arena *a, const struct yaml_doc *doc, struct buf *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node value;

	TRY(yaml_write_doc(&b, doc, YAML_WRITE_KYAML));
	TRY(yaml_read(a, arena_str(a, buf_str(&b)), YAML_V3, &value));
	TRY(json_write(out, value, &(const struct json_style){ .indent = 2 }));
	buf_addc(out, '\n');
	return NULL;
}

static node plain(struct arena *a, str text)
{
	node n = yaml_resolve(a, text, YAML_1_2, YAML_NUMBERS_TEXT);

	n.style = STYLE_PLAIN;
	return n;
}

static void add_field(struct arena *a, node map, str name, const struct yaml_doc *value)
{
	node_push(a, map, node_from_str(a, name), value->root);
	if (value->note)
		*node_note_need(a, map, 2 * node_len(map) - 1) = *value->note;
}

static err *print_list(struct arena *a, const krm_docs *docs, const struct krm_print *how,
		       struct buf *out)
{
	struct yaml_doc list = { .root = node_map(a, 4) };
	node items = node_seq(a, docs->n);

	list.root.style = how->flow ? STYLE_FLOW : STYLE_BLOCK;
	add_field(a, list.root, S("apiVersion"),
		  &(struct yaml_doc){ .root = plain(a, how->wrap_version) });
	add_field(a, list.root, S("kind"), &(struct yaml_doc){ .root = plain(a, how->wrap_kind) });
	add_field(a, list.root, S("items"), &(struct yaml_doc){ .root = items });
	for (size_t i = 0; i < docs->n; i++) {
		node_append(a, items, docs->p[i].root);
		if (docs->p[i].note)
			*node_note_need(a, items, i) = *docs->p[i].note;
	}
	if (how->function_config)
		add_field(a, list.root, S("functionConfig"), how->function_config);
	return yaml_write_doc(out, &list, YAML_WRITE_KYAML);
}

static void set_style(struct arena *a, struct yaml_doc *doc, const struct krm_print *how)
{
	if (how->flow)
		doc->root.style = STYLE_FLOW;
	else if (how->tagged)
		doc->root.style = STYLE_BLOCK;
	if (!how->tagged)
		return;
	if (!doc->note)
		doc->note = arena_new(a, struct node_note);
	doc->note->tag = S("!!map");
}

err *krm_print(struct arena *a, krm_docs *docs, const struct krm_print *how, struct buf *out)
{
	bool json = is_json(docs, how);

	for (size_t i = 0; i < docs->n; i++) {
		if (!how->marks)
			TRY(krm_unmark(&docs->p[i], !how->paths));
		TRY(krm_clear_empty(&docs->p[i]));
		set_style(a, &docs->p[i], how);
	}
	if (json)
		return print_json(a, &docs->p[0], out);
	if (how->wrap_kind.n)
		return print_list(a, docs, how, out);
	for (size_t i = 0; i < docs->n; i++) {
		docs->p[i].wide = false;
		buf_add(out, i ? S("---\n") : STR_NONE);
		TRY(yaml_write_doc(out, &docs->p[i], YAML_WRITE_KYAML));
	}
	return buf_check(out, "the objects");
}
