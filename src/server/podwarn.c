#include "server/podwarn.h"

#include "base/buf.h"
#include "server/containers.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/resources.h"
#include "server/security.h"
#include "text/number.h"
#include "text/quote.h"

#define Q(text) STR_ARG(quote_str(c->arena, (text)))

/* ---- where it may run ------------------------------------------------------- */

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

static void warn_node_affinity(struct kind_call *c, const struct at *at, node affinity)
{
	node terms = GET(GET(affinity, REQUIRED), "nodeSelectorTerms"), wishes = GET(affinity, PREFERRED);

	for (size_t i = 0; i < node_len(terms); i++)
		kinds_warn_node_term(c, AT_I(AT(AT(at, REQUIRED), "nodeSelectorTerms"), i),
				     node_at(terms, i), false);
	for (size_t i = 0; i < node_len(wishes); i++)
		kinds_warn_node_term(c, AT(AT_I(AT(at, PREFERRED), i), "preference"),
				     GET(node_at(wishes, i), "preference"), true);
}

#define NO_POD "a null labelSelector results in matching no pod"

static void warn_pod_affinity(struct kind_call *c, const struct at *at, node affinity)
{
	node terms = GET(affinity, REQUIRED), wishes = GET(affinity, PREFERRED);

	for (size_t i = 0; i < node_len(terms); i++)
		if (LACKS(node_at(terms, i), "labelSelector"))
			kinds_warn(c, AT(AT_I(AT(at, REQUIRED), i), "labelSelector"), NO_POD);
	for (size_t i = 0; i < node_len(wishes); i++)
		if (LACKS(GET(node_at(wishes, i), "podAffinityTerm"), "labelSelector"))
			kinds_warn(c, AT(AT(AT_I(AT(at, PREFERRED), i), "podAffinityTerm"), "labelSelector"),
				   NO_POD);
}

static void warn_spread(struct kind_call *c, const struct at *at, node list)
{
	for (size_t i = 0; i < node_len(list); i++) {
		str key = TEXT_OF(node_at(list, i), "topologyKey");
		const char *why = kinds_deprecated_label(key);

		if (why)
			kinds_warn(c, AT(AT_I(at, i), "topologyKey"), "%.*s is %s", STR_ARG(key), why);
		if (LACKS(node_at(list, i), "labelSelector"))
			kinds_warn(c, AT(AT_I(at, i), "labelSelector"), NO_POD);
	}
}

/* ---- volumes ------------------------------------------------------------------ */

static void warn_sources(struct kind_call *c, const struct at *at, node volume)
{
	static const struct {
		str field, shown;
		const char *why;
	} old[] = {
		{ S("photonPersistentDisk"), STR_NONE, "deprecated in v1.11, non-functional in v1.16+" },
		{ S("gitRepo"), STR_NONE, "deprecated in v1.11, and disabled by default in v1.33+" },
		{ S("scaleIO"), STR_NONE, "deprecated in v1.16, non-functional in v1.22+" },
		{ S("flocker"), STR_NONE, "deprecated in v1.22, non-functional in v1.25+" },
		{ S("storageos"), S("storageOS"), "deprecated in v1.22, non-functional in v1.25+" },
		{ S("quobyte"), STR_NONE, "deprecated in v1.22, non-functional in v1.25+" },
		{ S("glusterfs"), STR_NONE, "deprecated in v1.25, non-functional in v1.26+" },
		{ S("cephfs"), STR_NONE, "deprecated in v1.28, non-functional in v1.31+" },
		{ S("rbd"), STR_NONE, "deprecated in v1.28, non-functional in v1.31+" },
	};
	node template = GET(GET(volume, "ephemeral"), "volumeClaimTemplate");

	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		if (!node_is_nil(node_get(volume, old[i].field)))
			kinds_warn(c, AT_NAMED(at, old[i].shown.n ? old[i].shown : old[i].field), "%s",
				   old[i].why);
	if (!node_is_nil(template))
		kinds_warn_claim(c, AT(AT(AT(at, "ephemeral"), "volumeClaimTemplate"), "spec"),
				 GET(template, "spec"));
}

/* Files of one volume, to see which lie in each other's way. */
struct files {
	struct kind_call *c;
	str volume, what;	/* what the volume is */
	node seen;		/* texts: path and source by turns */
};

static str file_text(struct arena *a, str path, str source)
{
	return source.n ? arena_cat(a, quote_str(a, path), S(" ("), source, S(")"))
			: quote_str(a, path);
}

static bool is_within(struct arena *a, str inner, str outer)
{
	return str_starts(arena_cat(a, inner, S("/")), arena_cat(a, outer, S("/")));
}

static void add_file(struct files *f, str path, str source)
{
	struct kind_call *c = f->c;
	struct arena *a = c->arena;

	while (str_ends(path, S("/")))
		path.n--;
	for (size_t i = 0; path.n && i < node_len(f->seen); i += 2) {
		str other = node_str(node_at(f->seen, i));

		if (other.n && (is_within(a, other, path) || is_within(a, path, other)))
			kind_warn(c->warnings, "volume %.*s (%.*s): overlapping paths: %.*s with %.*s",
				  Q(f->volume), STR_ARG(f->what), STR_ARG(file_text(a, path, source)),
				  STR_ARG(file_text(a, other, node_str(node_at(f->seen, i + 1)))));
	}
	node_append(a, f->seen, node_from_str(a, path));
	node_append(a, f->seen, node_from_str(a, source));
}

static void add_files(struct files *f, node items, str source)
{
	node_each_item(item, items)
		add_file(f, TEXT_OF(*item, "path"), source);
}

static str named(struct kind_call *c, const char *kind, str name)
{
	return arena_printf(c->arena, "%s %.*s", kind, Q(name));
}

static void warn_projected(struct files *f, node sources)
{
	struct kind_call *c = f->c;

	node_each_item(source, sources) {
		node config = GET(*source, "configMap"), secret = GET(*source, "secret");
		node downward = GET(*source, "downwardAPI"), token = GET(*source, "serviceAccountToken");

		if (!node_len(*source))
			kind_warn(c->warnings, "volume %.*s (Projected) has no sources provided",
				  Q(f->volume));
		else if (HAS(config, "items"))
			add_files(f, GET(config, "items"), named(c, "ConfigMap", TEXT_OF(config, "name")));
		else if (HAS(secret, "items"))
			add_files(f, GET(secret, "items"), named(c, "Secret", TEXT_OF(secret, "name")));
		else if (HAS(downward, "items"))
			add_files(f, GET(downward, "items"), S("DownwardAPI"));
		else if (!node_is_nil(token))
			add_file(f, TEXT_OF(token, "path"), S("ServiceAccountToken"));
	}
}

static void warn_files(struct kind_call *c, node volume)
{
	node config = GET(volume, "configMap"), secret = GET(volume, "secret");
	struct files f = { .c = c, .volume = TEXT_OF(volume, "name"), .seen = node_seq(c->arena, 0) };

	if (!node_is_nil(config)) {
		f.what = named(c, "ConfigMap", TEXT_OF(config, "name"));
		add_files(&f, GET(config, "items"), STR_NONE);
	} else if (!node_is_nil(secret)) {
		f.what = named(c, "Secret", TEXT_OF(secret, "secretName"));
		add_files(&f, GET(secret, "items"), STR_NONE);
	} else if (HAS(volume, "downwardAPI")) {
		f.what = S("DownwardAPI");
		add_files(&f, GET(GET(volume, "downwardAPI"), "items"), STR_NONE);
	} else if (HAS(volume, "projected")) {
		f.what = S("Projected");
		warn_projected(&f, GET(GET(volume, "projected"), "sources"));
	}
}

/* ---- lists ---------------------------------------------------------------------- */

static void warn_twice(struct kind_call *c, const struct at *at, node list, const char *field)
{
	node seen = node_map(c->arena, node_len(list));

	for (size_t i = 0; i < node_len(list); i++) {
		str key = str_c(field), value = text_of(node_at(list, i), key);

		if (node_has(seen, value))
			kinds_warn(c, AT_NAMED(AT_I(at, i), key), "duplicate %s %.*s", field, Q(value));
		node_set(c->arena, seen, value, node_null());
	}
}

static void warn_fraction(struct kind_call *c, const struct at *at, node amounts)
{
	static const str names[] = { S("memory"), S("ephemeral-storage") };

	for (size_t i = 0; i < 2; i++) {
		node value = node_get(amounts, names[i]);
		struct quantity q = resources_quantity(c->errors, value);

		if (!node_is_nil(value) && quantity_milli(&q) % 1000)
			kinds_warn(c, AT_K(at, names[i]),
				   "fractional byte value %.*s is invalid, must be an integer",
				   Q(node_str(value)));
	}
}

/* ---- containers -------------------------------------------------------------------- */

struct pod_view {
	struct kind_call *c;
	const struct at *at;	/* of the template; NULL for a Pod */
	node pod;
	node ports, names;	/* the places of ports seen, and their names */
};

static void warn_env(struct kind_call *c, const struct at *at, node env)
{
	node seen = node_map(c->arena, node_len(env));

	for (size_t i = 0; i < node_len(env); i++) {
		str name = TEXT_OF(node_at(env, i), "name"), value = TEXT_OF(node_at(env, i), "value");
		str ref = arena_cat(c->arena, S("$("), name, S(")"));

		if (node_has(seen, name) && (HAS(node_at(env, i), "valueFrom") || str_eq(value, ref) ||
					     !str_has(value, ref)))
			kinds_warn(c, AT_I(at, i),
				   "hides previous definition of %.*s, which may be dropped when using apply",
				   Q(name));
		node_set(c->arena, seen, name, node_null());
	}
}

static const struct at *note_at(const struct pod_view *v, str key)
{
	struct at *at = arena_array(v->c->arena, struct at, 3);

	at[0] = v->at ? (struct at){ v->at, S("metadata"), 0, AT_FIELD }
		      : (struct at){ NULL, S("metadata"), 0, AT_FIELD };
	at[1] = (struct at){ &at[0], S("annotations"), 0, AT_FIELD };
	at[2] = (struct at){ &at[1], key, 0, AT_KEY };
	return &at[2];
}

static void warn_profiles(const struct pod_view *v, node container)
{
	struct kind_call *c = v->c;
	node notes = node_dig(v->pod, "metadata", "annotations");
	node context = GET(container, "securityContext"), profile;
	str name = TEXT_OF(container, "name");
	str seccomp = arena_cat(c->arena, S("container.seccomp.security.alpha.kubernetes.io/"), name);
	str armor = arena_cat(c->arena, S("container.apparmor.security.beta.kubernetes.io/"), name);

	if (LACKS(context, "seccompProfile") && node_has(notes, seccomp))
		kinds_warn(c, note_at(v, seccomp),
			   "non-functional in v1.27+; use the \"seccompProfile\" field instead");
	if (!v->at || HAS(context, "appArmorProfile") || !node_has(notes, armor))
		return;
	profile = node_dig(v->pod, "spec", "securityContext", "appArmorProfile");
	if (node_is_nil(profile) ||
	    !check_same(profile, security_app_armor(c->arena, text_of(notes, armor))))
		kinds_warn(c, note_at(v, armor),
			   "deprecated since v1.30; use the \"appArmorProfile\" field instead");
}

static void warn_container(struct containers_visit *visit, const struct at *at, node container)
{
	const struct pod_view *v = visit->data;
	node resources = GET(container, "resources");

	warn_profiles(v, container);
	warn_fraction(v->c, AT(AT(at, "resources"), "limits"), GET(resources, "limits"));
	warn_fraction(v->c, AT(AT(at, "resources"), "requests"), GET(resources, "requests"));
	warn_env(v->c, AT(at, "env"), GET(container, "env"));
}

/* Another port with that number and protocol was seen before. */
static void warn_port_pair(struct kind_call *c, const struct at *at, node port, node other, str place)
{
	str ip = TEXT_OF(port, "hostIP"), other_ip = TEXT_OF(other, "hostIP");
	int64_t host = INT_OF(port, "hostPort"), other_host = INT_OF(other, "hostPort");
	const char *what = str_eq(ip, other_ip) && host == other_host ? "duplicate"
			   : !host || !other_host		      ? "overlapping"
			   : host == other_host && !ip.n != !other_ip.n ? "dangerously ambiguous"
									: NULL;

	if (what)
		kinds_warn(c, at, "%s port definition with %.*s", what, STR_ARG(place));
}

static void warn_ports(struct containers_visit *visit, const struct at *at, node container)
{
	const struct pod_view *v = visit->data;
	struct arena *a = v->c->arena;
	node ports = GET(container, "ports");

	for (size_t i = 0; i < node_len(ports); i++) {
		node port = node_at(ports, i);
		const struct at *here = AT_I(AT(at, "ports"), i);
		str ip = TEXT_OF(port, "hostIP"), protocol = TEXT_OF(port, "protocol");
		long long number = INT_OF(port, "containerPort");
		str key = arena_printf(a, "%lld/%.*s", number, STR_ARG(protocol));
		node others = node_get(v->ports, key);

		if (ip.n && !INT_OF(port, "hostPort"))
			kinds_warn(v->c, here,
				   "hostIP set without hostPort: {Name:%.*s HostPort:0 ContainerPort:%lld "
				   "Protocol:%.*s HostIP:%.*s}",
				   STR_ARG(TEXT_OF(port, "name")), number, STR_ARG(protocol), STR_ARG(ip));
		if (node_is_nil(others)) {
			others = node_seq(a, 2);
			node_set(a, v->ports, key, others);
		}
		for (size_t o = 0; o < node_len(others); o += 2)
			warn_port_pair(v->c, here, port, node_at(others, o),
				       node_str(node_at(others, o + 1)));
		node_append(a, others, port);
		node_append(a, others, node_from_str(a, check_at(a, here)));
	}
}

static void warn_port_names(struct containers_visit *visit, const struct at *at, node container)
{
	const struct pod_view *v = visit->data;
	struct kind_call *c = v->c;
	node ports = GET(container, "ports");

	for (size_t i = 0; i < node_len(ports); i++) {
		str name = TEXT_OF(node_at(ports, i), "name");
		str other = text_of(v->names, name);
		const struct at *here = AT_I(AT(at, "ports"), i);

		if (!name.n)
			continue;
		if (other.n)
			kinds_warn(c, here,
				   "duplicate port name %.*s with %.*s, services and probes that select ports "
				   "by name will use %.*s",
				   Q(name), STR_ARG(other), STR_ARG(other));
		else
			node_set(c->arena, v->names, name, node_from_str(c->arena, check_at(c->arena, here)));
	}
}

static void warn_containers(const struct pod_view *v, const struct at *spec_at, node spec)
{
	static void (*const passes[])(struct containers_visit *, const struct at *, node) = {
		warn_container, warn_ports, warn_port_names
	};
	struct pod_view view = *v;

	for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
		struct containers_visit visit = { .errors = v->c->errors, .each = passes[i], .data = &view };

		containers_visit(&visit, spec_at, spec);
	}
}

/* ---- the whole ------------------------------------------------------------------------ */

static void warn_annotations(const struct pod_view *v, node notes, node spec)
{
	static const struct {
		str key;
		const char *why;
	} old[] = {
		{ S("scheduler.alpha.kubernetes.io/critical-pod"),
		  "non-functional in v1.16+; use the \"priorityClassName\" field instead" },
		{ S("security.alpha.kubernetes.io/sysctls"),
		  "non-functional in v1.11+; use the \"sysctls\" field instead" },
		{ S("security.alpha.kubernetes.io/unsafe-sysctls"),
		  "non-functional in v1.11+; use the \"sysctls\" field instead" },
	};
	str seccomp = S("seccomp.security.alpha.kubernetes.io/pod");

	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		if (node_has(notes, old[i].key))
			kinds_warn(v->c, note_at(v, old[i].key), "%s", old[i].why);
	if (LACKS(GET(spec, "securityContext"), "seccompProfile") && node_has(notes, seccomp))
		kinds_warn(v->c, note_at(v, seccomp),
			   "non-functional in v1.27+; use the \"seccompProfile\" field instead");
}

static void warn_scheduling(struct kind_call *c, const struct at *at, node spec)
{
	node affinity = GET(spec, "affinity");

	node_each_pair(p, GET(spec, "nodeSelector")) {
		const char *why = kinds_deprecated_label(node_str(p->key));

		if (why)
			kinds_warn(c, AT_K(AT(at, "nodeSelector"), node_str(p->key)), "%s", why);
	}
	warn_node_affinity(c, AT(AT(at, "affinity"), "nodeAffinity"), GET(affinity, "nodeAffinity"));
	warn_spread(c, AT(at, "topologySpreadConstraints"), GET(spec, "topologySpreadConstraints"));
}

static void warn_addresses(struct kind_call *c, const struct at *at, node spec)
{
	node servers = GET(GET(spec, "dnsConfig"), "nameservers"), aliases = GET(spec, "hostAliases");

	for (size_t i = 0; i < node_len(servers); i++)
		ipaddr_warn(c->warnings, AT_I(AT(AT(at, "dnsConfig"), "nameservers"), i),
			    node_str_or(node_at(servers, i), STR_NONE));
	for (size_t i = 0; i < node_len(aliases); i++)
		ipaddr_warn(c->warnings, AT(AT_I(AT(at, "hostAliases"), i), "ip"),
			    TEXT_OF(node_at(aliases, i), "ip"));
}

static void warn_volumes(struct kind_call *c, const struct at *at, node volumes)
{
	for (size_t i = 0; i < node_len(volumes); i++)
		warn_sources(c, AT_I(AT(at, "volumes"), i), node_at(volumes, i));
	node_each_item(volume, volumes)
		warn_files(c, *volume);
}

void podwarn(struct kind_call *c, const struct at *at, node pod)
{
	node spec = GET(pod, "spec"), secrets = GET(spec, "imagePullSecrets");
	node affinity = GET(spec, "affinity");
	const struct at *spec_at = AT(at, "spec");
	struct pod_view v = { c, at, pod, node_map(c->arena, 0), node_map(c->arena, 0) };

	warn_scheduling(c, spec_at, spec);
	warn_annotations(&v, node_dig(pod, "metadata", "annotations"), spec);
	warn_volumes(c, spec_at, GET(spec, "volumes"));
	warn_twice(c, AT(spec_at, "hostAliases"), GET(spec, "hostAliases"), "ip");
	warn_twice(c, AT(spec_at, "imagePullSecrets"), secrets, "name");
	for (size_t i = 0; i < node_len(secrets); i++)
		if (!TEXT_OF(node_at(secrets, i), "name").n)
			kinds_warn(c, AT(AT_I(AT(spec_at, "imagePullSecrets"), i), "name"),
				   "invalid empty name \"\"");
	warn_fraction(c, AT(spec_at, "overhead"), GET(spec, "overhead"));
	warn_containers(&v, spec_at, spec);
	if (INT_OF(spec, "terminationGracePeriodSeconds") < 0)
		kinds_warn(c, AT(spec_at, "terminationGracePeriodSeconds"),
			   "must be >= 0; negative values are invalid and will be treated as 1");
	warn_pod_affinity(c, AT(AT(spec_at, "affinity"), "podAffinity"), GET(affinity, "podAffinity"));
	warn_pod_affinity(c, AT(AT(spec_at, "affinity"), "podAntiAffinity"),
			  GET(affinity, "podAntiAffinity"));
	warn_addresses(c, spec_at, spec);
}

void podwarn_name(struct kind_call *c, const char *where)
{
	str why[NAME_COMPLAINTS_MAX], name = meta_get(c->object, S("name"));
	size_t n = name_complaints(name, NAME_DNS_LABEL, why);

	if (n)
		kind_warn(c->warnings,
			  "metadata.name: this is used in %s, which can result in surprising behavior; a DNS "
			  "label is recommended: [%.*s]",
			  where, STR_ARG(arena_join(c->arena, why, n, S(" "))));
}
