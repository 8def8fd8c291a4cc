#include "docs.h"

#include <sys/resource.h>
#include <time.h>

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static const char *const words[] = {
	"the", "object", "name", "of", "a", "reference", "to", "resource", "is", "used",
	"when", "interval", "at", "which", "and", "source", "defaults", "namespace", "controller",
	"reconcile", "status", "If", "not", "specified", "'Secret'", "field", "with", "artifact:",
	"checked", "for",
};

static node text(struct arena *a, uint32_t *seed, uint32_t count, char separator)
{
	char to[4096];
	size_t n = 0;

	for (uint32_t i = 0; i < count && n < sizeof to - 32; i++) {
		str word = str_c(words[draw(seed, sizeof words / sizeof *words)]);

		memcpy(to + n, word.p, word.n);
		n += word.n;
		to[n++] = i % 12 == 11 ? separator : ' ';
	}
	return node_copy_str(a, (str){ to, n - 1 });
}

static void set_number(struct arena *a, node map, const char *key, double f)
{
	node_set(a, map, str_c(key), node_from_float(f));
}

static void set_text(struct arena *a, node map, const char *key, str value)
{
	node_set(a, map, str_c(key), node_copy_str(a, value));
}

static node need(struct arena *a, node map, const char *key)
{
	return node_need_map(a, map, str_c(key));
}

/* ---- definitions ------------------------------------------------------- */

static node schema(struct arena *a, uint32_t *seed, unsigned depth)
{
	node s = node_map(a, 4);
	bool is_object = depth > 0 && draw(seed, 5) < 3;

	node_set(a, s, S("description"), text(a, seed, 5 + draw(seed, 40), '\n'));
	if (is_object) {
		node properties = node_map(a, 8);

		for (uint32_t i = 3 + draw(seed, 6); i; i--)
			node_set(a, properties, arena_printf(a, "field%u", draw(seed, 1000)),
				 schema(a, seed, depth - 1));
		node_set(a, s, S("properties"), properties);
	} else if (draw(seed, 3) == 0) {
		node list = node_seq(a, 3);

		for (int i = 0; i < 3; i++)
			node_append(a, list, node_copy_str(a, arena_printf(a, "Value%d", i)));
		node_set(a, s, S("enum"), list);
		set_number(a, s, "maxLength", 253);
	} else {
		set_text(a, s, "pattern", S("^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"));
	}
	set_text(a, s, "type", is_object ? S("object") : S("string"));
	return s;
}

static node definition(struct arena *a, uint32_t *seed)
{
	node d = node_map(a, 4), versions = node_seq(a, 1), v = node_map(a, 4);

	set_text(a, d, "apiVersion", S("apiextensions.k8s.io/v1"));
	set_text(a, d, "kind", S("CustomResourceDefinition"));
	set_text(a, need(a, d, "metadata"), "name", S("things.source.toolkit.fluxcd.io"));
	set_text(a, need(a, d, "spec"), "group", S("source.toolkit.fluxcd.io"));
	set_text(a, v, "name", S("v1beta2"));
	node_set(a, v, S("served"), node_from_bool(true));
	node_set(a, need(a, v, "schema"), S("openAPIV3Schema"), schema(a, seed, 6));
	node_append(a, versions, v);
	node_set(a, need(a, d, "spec"), S("versions"), versions);
	return d;
}

/* ---- Helm index -------------------------------------------------------- */

static node chart_version(struct arena *a, uint32_t *seed, uint32_t chart, uint32_t version)
{
	node v = node_map(a, 12), urls = node_seq(a, 1), keywords = node_seq(a, 3);

	set_text(a, v, "apiVersion", S("v2"));
	set_text(a, v, "appVersion", arena_printf(a, "%u.%u", version, chart % 10));
	set_text(a, v, "created", S("2024-11-05T10:23:54.120394837Z"));
	node_set(a, v, S("description"), text(a, seed, 20, ' '));
	set_text(a, v, "digest",
		 arena_printf(a, "%016x%016x%016x%016x", draw(seed, 1 << 24), chart, version,
			      draw(seed, 1 << 24)));
	for (int i = 0; i < 3; i++)
		node_append(a, keywords, text(a, seed, 1, ' '));
	node_set(a, v, S("keywords"), keywords);
	set_text(a, v, "kubeVersion", S(">=1.25.0-0"));
	set_text(a, v, "name", arena_printf(a, "chart-%u", chart));
	set_text(a, v, "type", S("application"));
	str url = arena_printf(a, "https://charts.example.com/chart-%u-%u.0.%u.tgz", chart, version,
			       chart % 7);

	node_append(a, urls, node_copy_str(a, url));
	node_set(a, v, S("urls"), urls);
	set_text(a, v, "version", arena_printf(a, "%u.0.%u", version, chart % 7));
	return v;
}

static node helm_index(struct arena *a, uint32_t *seed, uint32_t charts)
{
	node index = node_map(a, 3), entries = node_map(a, charts);

	for (uint32_t c = 0; c < charts; c++) {
		node versions = node_seq(a, 40);

		for (uint32_t v = 0; v < 40; v++)
			node_append(a, versions, chart_version(a, seed, c, v));
		node_set(a, entries, arena_printf(a, "chart-%u", c), versions);
	}
	set_text(a, index, "apiVersion", S("v1"));
	node_set(a, index, S("entries"), entries);
	set_text(a, index, "generated", S("2024-11-05T10:23:54.120394837Z"));
	return index;
}

/* ---- a list of objects ------------------------------------------------- */

static node container(struct arena *a, uint32_t i)
{
	node c = node_map(a, 6), ports = node_seq(a, 1), port = node_map(a, 3);

	set_text(a, c, "name", S("app"));
	set_text(a, c, "image", arena_printf(a, "ghcr.io/example/app:%u.2.3", i % 20));
	set_text(a, c, "imagePullPolicy", S("IfNotPresent"));
	set_text(a, port, "name", S("http"));
	set_number(a, port, "containerPort", 8080 + i % 100);
	node_append(a, ports, port);
	node_set(a, c, S("ports"), ports);
	node resources = need(a, need(a, c, "resources"), "limits");

	set_text(a, resources, "cpu", S("100m"));
	set_text(a, resources, "memory", S("128Mi"));
	return c;
}

static node deployment(struct arena *a, uint32_t i)
{
	node d = node_map(a, 4), containers = node_seq(a, 1);

	set_text(a, d, "apiVersion", S("apps/v1"));
	set_text(a, d, "kind", S("Deployment"));
	node meta = need(a, d, "metadata"), labels = need(a, meta, "labels");

	set_text(a, meta, "name", arena_printf(a, "app-%u", i));
	set_text(a, meta, "namespace", arena_printf(a, "team-%u", i % 50));
	set_text(a, labels, "app.kubernetes.io/name", arena_printf(a, "app-%u", i));
	set_text(a, labels, "app.kubernetes.io/managed-by", S("rill"));
	set_text(a, need(a, meta, "annotations"), "checksum/config",
		 S("fa6a6a5b1ea05cf2b5cbd4c6e9c63a3a6a3d16d6ddcf5f9b4ab1fe2f8f2f8a64"));
	node spec = need(a, d, "spec");

	set_number(a, spec, "replicas", i % 5);
	set_text(a, need(a, need(a, spec, "selector"), "matchLabels"), "app.kubernetes.io/name",
		 arena_printf(a, "app-%u", i));
	node_append(a, containers, container(a, i));
	node_set(a, need(a, need(a, spec, "template"), "spec"), S("containers"), containers);
	node_set(a, d, S("status"), node_map(a, 0));
	return d;
}

static node object_list(struct arena *a, uint32_t n)
{
	node list = node_map(a, 3), items = node_seq(a, n);

	for (uint32_t i = 0; i < n; i++)
		node_append(a, items, deployment(a, i));
	set_text(a, list, "apiVersion", S("v1"));
	node_set(a, list, S("items"), items);
	set_text(a, list, "kind", S("List"));
	return list;
}

void bench_make_docs(struct arena *a, double scale, struct bench_docs to[BENCH_DOCS])
{
	uint32_t seed = 1;
	size_t n = (size_t)(13 * scale) + 1;

	to[0] = (struct bench_docs){ "crds", arena_array(a, node, n), n };
	for (size_t i = 0; i < n; i++)
		to[0].docs[i] = definition(a, &seed);
	to[1] = (struct bench_docs){ "index", arena_array(a, node, 1), 1 };
	to[1].docs[0] = helm_index(a, &seed, (uint32_t)(900 * scale) + 1);
	to[2] = (struct bench_docs){ "list", arena_array(a, node, 1), 1 };
	to[2].docs[0] = object_list(a, (uint32_t)(10000 * scale));
}

double bench_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_peak(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}
