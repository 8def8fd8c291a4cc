/* The checks of the Pod Security Standards, and the versions that have them. */
#include "server/check.h"
#include "server/containers.h"
#include "server/podsecurity_impl.h"
#include "text/quote.h"

/* One Pod, and what is found wrong with it. */
struct pod {
	struct arena *arena;
	node spec, context, notes;
	const char *reason;
	str detail;
};

typedef bool check_fn(struct pod *p);	/* true: forbidden */

static str container_list(const struct words *names)
{
	return arena_cat(names->arena, names->n == 1 ? S("container ") : S("containers "),
			 words_quoted(names));
}

/* "pod and containers "a", "b"" */
static str setters(bool pod, const struct words *containers)
{
	if (!containers->n)
		return S("pod");
	return arena_cat(containers->arena, pod ? S("pod and ") : STR_NONE, container_list(containers));
}

struct each {
	struct pod *p;
	void (*see)(struct each *e, node container, str name, node context);
	struct words bad, implied, values;
	node allowed;
	bool pod_set, user, role;
	const char *const *types;
};

static void visit(struct containers_visit *v, const struct at *at, node container)
{
	struct each *e = v->data;

	(void)at;
	e->see(e, container, TEXT_OF(container, "name"), GET(container, "securityContext"));
}

static struct each each_of(struct pod *p, void (*see)(struct each *, node, str, node))
{
	return (struct each){ .p = p, .see = see, .bad = { .arena = p->arena },
			      .implied = { .arena = p->arena }, .values = { .arena = p->arena } };
}

static void see_all(struct each *e)
{
	struct fielderrs none = { .arena = e->p->arena };
	struct containers_visit v = { .errors = &none, .each = visit, .data = e };

	containers_visit(&v, NULL, e->p->spec);
}

#define FORBID(p, why, ...)                                                                \
	((p)->reason = (why), (p)->detail = arena_printf((p)->arena, __VA_ARGS__), true)
#define W(text) STR_ARG(text)

static bool is_windows(const struct pod *p)
{
	return str_eq(TEXT_OF(GET(p->spec, "os"), "name"), S("windows"));
}

static bool has_own_users(const struct pod *p)
{
	return HAS(p->spec, "hostUsers") && !BOOL_OF(p->spec, "hostUsers");
}

/* ---- baseline ------------------------------------------------------------------------ */

static bool bad_armor(node context, struct words *values)
{
	node profile = GET(context, "appArmorProfile");
	str type = TEXT_OF(profile, "type");

	if (node_is_nil(profile) || IS_ONE_OF(type, "RuntimeDefault", "Localhost"))
		return false;
	words_add_once(values, type);
	return true;
}

static void see_armor(struct each *e, node container, str name, node context)
{
	(void)container;
	if (bad_armor(context, &e->values))
		words_add(&e->bad, name);
}

static bool app_armor(struct pod *p)
{
	struct each e = each_of(p, see_armor);
	struct words notes = { .arena = p->arena }, who = { .arena = p->arena };

	if (bad_armor(p->context, &e.values))
		words_add(&who, S("pod"));
	see_all(&e);
	if (e.bad.n)
		words_add(&who, container_list(&e.bad));
	node_each_pair(n, p->notes) {
		str value = node_str_or(n->value, STR_NONE);

		if (str_starts(node_str(n->key), S("container.apparmor.security.beta.kubernetes.io/")) &&
		    value.n && !str_eq(value, S("runtime/default")) && !str_starts(value, S("localhost/")))
			words_add(&notes, arena_cat(p->arena, node_str(n->key), S("="),
						    quote_str(p->arena, value)));
	}
	words_sort(&e.values);
	words_sort(&notes);
	if (notes.n)
		words_add(&who, notes.n == 1 ? S("annotation") : S("annotations"));
	for (size_t i = 0; i < notes.n; i++)
		words_add(&e.values, notes.list[i]);
	return who.n && FORBID(p, e.values.n == 1 ? "forbidden AppArmor profile"
						  : "forbidden AppArmor profiles",
			       "%.*s must not set AppArmor profile type to %.*s",
			       W(words_joined(&who, S(" and "))), W(words_quoted(&e.values)));
}

static void see_added(struct each *e, node container, str name, node context)
{
	bool bad = false;

	(void)container;
	node_each_item(cap, GET(GET(context, "capabilities"), "add")) {
		str c = node_str_or(*cap, STR_NONE);

		if (IS_ONE_OF(c, "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
			      "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"))
			continue;
		words_add_once(&e->values, c);
		bad = true;
	}
	if (bad)
		words_add(&e->bad, name);
}

static bool capabilities_baseline(struct pod *p)
{
	struct each e = each_of(p, see_added);

	see_all(&e);
	words_sort(&e.values);
	return e.bad.n && FORBID(p, "non-default capabilities",
				 "%.*s must not include %.*s in securityContext.capabilities.add",
				 W(container_list(&e.bad)), W(words_quoted(&e.values)));
}

static bool host_namespaces(struct pod *p)
{
	static const char *const fields[] = { "hostNetwork", "hostPID", "hostIPC" };
	struct words set = { .arena = p->arena };

	for (size_t i = 0; i < 3; i++)
		if (node_bool(node_get(p->spec, str_c(fields[i]))))
			words_add(&set, arena_cat(p->arena, str_c(fields[i]), S("=true")));
	return set.n && FORBID(p, "host namespaces", "%.*s", W(words_joined(&set, S(", "))));
}

static bool host_paths(struct pod *p)
{
	struct words names = { .arena = p->arena };

	node_each_item(v, GET(p->spec, "volumes"))
		if (HAS(*v, "hostPath"))
			words_add(&names, TEXT_OF(*v, "name"));
	return names.n && FORBID(p, "hostPath volumes", "volume%s %.*s", names.n == 1 ? "" : "s",
				 W(words_quoted(&names)));
}

static void see_ports(struct each *e, node container, str name, node context)
{
	bool bad = false;

	(void)context;
	node_each_item(port, GET(container, "ports")) {
		long long host = INT_OF(*port, "hostPort");

		if (!host)
			continue;
		words_add_once(&e->values, arena_printf(e->p->arena, "%lld", host));
		bad = true;
	}
	if (bad)
		words_add(&e->bad, name);
}

static bool host_ports(struct pod *p)
{
	struct each e = each_of(p, see_ports);

	see_all(&e);
	words_sort(&e.values);
	return e.bad.n && FORBID(p, "hostPort", "%.*s use%s hostPort%s %.*s", W(container_list(&e.bad)),
				 e.bad.n == 1 ? "s" : "", e.values.n == 1 ? "" : "s",
				 W(words_joined(&e.values, S(", "))));
}

static bool add_hosts(struct words *hosts, node handler)
{
	static const str fields[] = { S("httpGet"), S("tcpSocket") };
	bool any = false;

	for (size_t i = 0; i < 2; i++) {
		str host = TEXT_OF(node_get(handler, fields[i]), "host");

		if (!host.n)
			continue;
		words_add_once(hosts, host);
		any = true;
	}
	return any;
}

static void see_hosts(struct each *e, node container, str name, node context)
{
	static const str probes[] = { S("livenessProbe"), S("readinessProbe"), S("startupProbe") };
	node lifecycle = GET(container, "lifecycle");
	bool bad = false;

	(void)context;
	for (size_t i = 0; i < 3; i++)
		bad |= add_hosts(&e->values, node_get(container, probes[i]));
	bad |= add_hosts(&e->values, GET(lifecycle, "postStart"));
	bad |= add_hosts(&e->values, GET(lifecycle, "preStop"));
	if (bad)
		words_add_once(&e->bad, name);
}

static bool probe_hosts(struct pod *p)
{
	struct each e = each_of(p, see_hosts);

	see_all(&e);
	words_sort(&e.bad);
	words_sort(&e.values);
	return e.bad.n && FORBID(p, "probe or lifecycle host", "%.*s use%s probe or lifecycle host%s %.*s",
				 W(container_list(&e.bad)), e.bad.n == 1 ? "s" : "",
				 e.values.n == 1 ? "" : "s", W(words_quoted(&e.values)));
}

static void see_privileged(struct each *e, node container, str name, node context)
{
	(void)container;
	if (BOOL_OF(context, "privileged"))
		words_add(&e->bad, name);
}

static bool privileged(struct pod *p)
{
	struct each e = each_of(p, see_privileged);

	see_all(&e);
	return e.bad.n && FORBID(p, "privileged", "%.*s must not set securityContext.privileged=true",
				 W(container_list(&e.bad)));
}

static void see_mounts(struct each *e, node container, str name, node context)
{
	str mount = TEXT_OF(context, "procMount");

	(void)container;
	if (LACKS(context, "procMount") || str_eq(mount, S("Default")))
		return;
	words_add(&e->bad, name);
	words_add_once(&e->values, mount);
}

static bool proc_mount(struct pod *p)
{
	struct each e = each_of(p, see_mounts);

	see_all(&e);
	words_sort(&e.values);
	return e.bad.n && FORBID(p, "procMount", "%.*s must not set securityContext.procMount to %.*s",
				 W(container_list(&e.bad)), W(words_quoted(&e.values)));
}

static bool proc_mount_35(struct pod *p)
{
	return !has_own_users(p) && proc_mount(p);
}

static bool bad_selinux(struct each *e, node context)
{
	node options = GET(context, "seLinuxOptions");
	str type = TEXT_OF(options, "type");
	bool bad_type = type.n && !check_is(type, e->types);

	if (bad_type)
		words_add_once(&e->values, type);
	e->user |= TEXT_OF(options, "user").n > 0;
	e->role |= TEXT_OF(options, "role").n > 0;
	return bad_type || TEXT_OF(options, "user").n || TEXT_OF(options, "role").n;
}

static void see_selinux(struct each *e, node container, str name, node context)
{
	(void)container;
	if (bad_selinux(e, context))
		words_add(&e->bad, name);
}

static bool selinux_types(struct pod *p, const char *const *types)
{
	struct each e = each_of(p, see_selinux);
	struct words what = { .arena = p->arena };

	e.types = types;
	bool pod = bad_selinux(&e, p->context);

	see_all(&e);
	words_sort(&e.values);
	if (e.values.n)
		words_add(&what, arena_cat(p->arena, e.values.n == 1 ? S("type ") : S("types "),
					   words_quoted(&e.values)));
	if (e.user)
		words_add(&what, S("user may not be set"));
	if (e.role)
		words_add(&what, S("role may not be set"));
	return (pod || e.bad.n) &&
	       FORBID(p, "seLinuxOptions", "%.*s set forbidden securityContext.seLinuxOptions: %.*s",
		      W(setters(pod, &e.bad)), W(words_joined(&what, S("; "))));
}

static bool selinux(struct pod *p)
{
	static const char *const types[] = { "container_t", "container_init_t", "container_kvm_t", NULL };

	return selinux_types(p, types);
}

static bool selinux_31(struct pod *p)
{
	static const char *const types[] = { "container_t", "container_init_t", "container_kvm_t",
					     "container_engine_t", NULL };

	return selinux_types(p, types);
}

#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"

static void add_seccomp_note(struct pod *p, str key, struct words *bad)
{
	str value = text_of(p->notes, key);

	if (node_has(p->notes, key) && !IS_ONE_OF(value, "runtime/default", "docker/default") &&
	    !str_starts(value, S("localhost/")))
		words_add_once(bad, arena_cat(p->arena, key, S("="), quote_str(p->arena, value)));
}

static void see_seccomp_note(struct each *e, node container, str name, node context)
{
	(void)container, (void)context;
	add_seccomp_note(e->p, arena_cat(e->p->arena, S(SECCOMP_CONTAINER), name), &e->values);
}

static bool seccomp_notes(struct pod *p)
{
	struct each e = each_of(p, see_seccomp_note);

	add_seccomp_note(p, S(SECCOMP_POD), &e.values);
	see_all(&e);
	words_sort(&e.values);
	return e.values.n && FORBID(p, "seccompProfile", "forbidden annotation%s %.*s",
				    e.values.n == 1 ? "" : "s", W(words_joined(&e.values, S(", "))));
}

static bool bad_seccomp(node context, struct words *values)
{
	node profile = GET(context, "seccompProfile");
	str type = TEXT_OF(profile, "type");

	if (node_is_nil(profile) || IS_ONE_OF(type, "Localhost", "RuntimeDefault"))
		return false;
	words_add_once(values, type);
	return true;
}

static void see_seccomp(struct each *e, node container, str name, node context)
{
	(void)container;
	if (bad_seccomp(context, &e->values))
		words_add(&e->bad, name);
	else if (LACKS(context, "seccompProfile") && !e->pod_set)
		words_add(&e->implied, name);
}

static bool seccomp_types(struct pod *p, bool wanted)
{
	struct each e = each_of(p, see_seccomp);
	bool pod = bad_seccomp(p->context, &e.values);

	e.pod_set = !pod && HAS(p->context, "seccompProfile");
	see_all(&e);
	words_sort(&e.values);
	if (pod || e.bad.n)
		return FORBID(p, "seccompProfile",
			      "%.*s must not set securityContext.seccompProfile.type to %.*s",
			      W(setters(pod, &e.bad)), W(words_quoted(&e.values)));
	return wanted && e.implied.n &&
	       FORBID(p, "seccompProfile",
		      "pod or %.*s must set securityContext.seccompProfile.type to \"RuntimeDefault\" or "
		      "\"Localhost\"",
		      W(container_list(&e.implied)));
}

static bool seccomp_baseline(struct pod *p)
{
	return seccomp_types(p, false);
}

static const char *const sysctl_names[] = {
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
	"net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ip_local_reserved_ports",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
};

/* The first `n` of the names are good. */
static bool sysctls(struct pod *p, size_t n)
{
	struct words bad = { .arena = p->arena };

	node_each_item(s, GET(p->context, "sysctls")) {
		bool good = false;

		for (size_t i = 0; i < n; i++)
			good |= str_eq(TEXT_OF(*s, "name"), str_c(sysctl_names[i]));
		if (!good)
			words_add(&bad, TEXT_OF(*s, "name"));
	}
	return bad.n && FORBID(p, "forbidden sysctls", "%.*s", W(words_joined(&bad, S(", "))));
}

static bool sysctls_0(struct pod *p)
{
	return sysctls(p, 5);
}

static bool sysctls_27(struct pod *p)
{
	return sysctls(p, 6);
}

static bool sysctls_29(struct pod *p)
{
	return sysctls(p, 10);
}

static bool sysctls_32(struct pod *p)
{
	return sysctls(p, 12);
}

static bool is_host_process(node context)
{
	return BOOL_OF(GET(context, "windowsOptions"), "hostProcess");
}

static void see_host_process(struct each *e, node container, str name, node context)
{
	(void)container;
	if (is_host_process(context))
		words_add(&e->bad, name);
}

static bool host_process(struct pod *p)
{
	struct each e = each_of(p, see_host_process);
	bool pod = is_host_process(p->context);

	see_all(&e);
	return (pod || e.bad.n) &&
	       FORBID(p, "hostProcess", "%.*s must not set securityContext.windowsOptions.hostProcess=true",
		      W(setters(pod, &e.bad)));
}

/* ---- restricted -------------------------------------------------------------------------- */

static void see_escalation(struct each *e, node container, str name, node context)
{
	(void)container;
	if (LACKS(context, "allowPrivilegeEscalation") || BOOL_OF(context, "allowPrivilegeEscalation"))
		words_add(&e->bad, name);
}

static bool escalation(struct pod *p)
{
	struct each e = each_of(p, see_escalation);

	see_all(&e);
	return e.bad.n && FORBID(p, "allowPrivilegeEscalation != false",
				 "%.*s must set securityContext.allowPrivilegeEscalation=false",
				 W(container_list(&e.bad)));
}

static bool escalation_25(struct pod *p)
{
	return !is_windows(p) && escalation(p);
}

static void see_dropped(struct each *e, node container, str name, node context)
{
	node caps = GET(context, "capabilities");
	bool all = false, added = false;

	(void)container;
	node_each_item(cap, GET(caps, "drop"))
		all |= str_eq(node_str_or(*cap, STR_NONE), S("ALL"));
	if (!all)
		words_add(&e->implied, name);
	node_each_item(cap, GET(caps, "add"))
		if (!str_eq(node_str_or(*cap, STR_NONE), S("NET_BIND_SERVICE"))) {
			words_add_once(&e->values, node_str_or(*cap, STR_NONE));
			added = true;
		}
	if (added)
		words_add(&e->bad, name);
}

static bool capabilities_restricted(struct pod *p)
{
	struct each e = each_of(p, see_dropped);
	struct words what = { .arena = p->arena };

	see_all(&e);
	words_sort(&e.values);
	if (e.implied.n)
		words_add(&what, arena_cat(p->arena, container_list(&e.implied),
					   S(" must set securityContext.capabilities.drop=[\"ALL\"]")));
	if (e.bad.n)
		words_add(&what, arena_cat(p->arena, container_list(&e.bad), S(" must not include "),
					   words_quoted(&e.values),
					   S(" in securityContext.capabilities.add")));
	return what.n && FORBID(p, "unrestricted capabilities", "%.*s", W(words_joined(&what, S("; "))));
}

static bool capabilities_restricted_25(struct pod *p)
{
	return !is_windows(p) && capabilities_restricted(p);
}

static bool volume_types(struct pod *p)
{
	static const char *const good[] = { "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
					    "image", "persistentVolumeClaim", "projected", "secret", NULL };
	static const char *const others[] = {
		"hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi",
		"glusterfs", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile",
		"vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume", "scaleIO",
		"storageos",
	};
	struct words bad = { .arena = p->arena }, types = { .arena = p->arena };

	node_each_item(v, GET(p->spec, "volumes")) {
		str type = S("unknown");

		if (check_count(*v, good))
			continue;
		for (size_t i = sizeof others / sizeof *others; i--;)
			if (!node_is_nil(node_get(*v, str_c(others[i]))))
				type = str_c(others[i]);
		words_add(&bad, TEXT_OF(*v, "name"));
		words_add_once(&types, type);
	}
	words_sort(&types);
	return bad.n && FORBID(p, "restricted volume types",
			       "volume%s %.*s use%s restricted volume type%s %.*s", bad.n == 1 ? "" : "s",
			       W(words_quoted(&bad)), bad.n == 1 ? "s" : "", types.n == 1 ? "" : "s",
			       W(words_quoted(&types)));
}

static void see_non_root(struct each *e, node container, str name, node context)
{
	(void)container;
	if (LACKS(context, "runAsNonRoot") && !e->pod_set)
		words_add(&e->implied, name);
	else if (HAS(context, "runAsNonRoot") && !BOOL_OF(context, "runAsNonRoot"))
		words_add(&e->bad, name);
}

static bool non_root(struct pod *p)
{
	struct each e = each_of(p, see_non_root);
	bool given = HAS(p->context, "runAsNonRoot"), pod = given && !BOOL_OF(p->context, "runAsNonRoot");

	e.pod_set = given && !pod;
	see_all(&e);
	if (pod || e.bad.n)
		return FORBID(p, "runAsNonRoot != true",
			      "%.*s must not set securityContext.runAsNonRoot=false", W(setters(pod, &e.bad)));
	return e.implied.n && FORBID(p, "runAsNonRoot != true",
				     "pod or %.*s must set securityContext.runAsNonRoot=true",
				     W(container_list(&e.implied)));
}

static bool non_root_35(struct pod *p)
{
	return !has_own_users(p) && non_root(p);
}

static bool is_root(node context)
{
	return HAS(context, "runAsUser") && !INT_OF(context, "runAsUser");
}

static void see_root(struct each *e, node container, str name, node context)
{
	(void)container;
	if (is_root(context))
		words_add(&e->bad, name);
}

static bool as_user(struct pod *p)
{
	struct each e = each_of(p, see_root);
	bool pod = is_root(p->context);

	see_all(&e);
	return (pod || e.bad.n) &&
	       FORBID(p, "runAsUser=0", "%.*s must not set runAsUser=0", W(setters(pod, &e.bad)));
}

static bool as_user_35(struct pod *p)
{
	return !has_own_users(p) && as_user(p);
}

static bool seccomp_restricted(struct pod *p)
{
	return seccomp_types(p, true);
}

static bool seccomp_restricted_25(struct pod *p)
{
	return !is_windows(p) && seccomp_restricted(p);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* In the order of the message. A row counts from one version to another; the
 * restricted level has the baseline checks, too, but for those that it has
 * stricter ones for from some version on. */
static const struct row {
	enum podsecurity_kind level;
	int from, to, replaced;	/* minor versions; 0: never */
	check_fn *check;
} rows[] = {
	{ PODSECURITY_BASELINE, 0, 0, 0, app_armor },
	{ PODSECURITY_BASELINE, 0, 0, 22, capabilities_baseline },
	{ PODSECURITY_BASELINE, 0, 0, 0, host_namespaces },
	{ PODSECURITY_BASELINE, 0, 0, -1, host_paths },
	{ PODSECURITY_BASELINE, 0, 0, 0, host_ports },
	{ PODSECURITY_BASELINE, 34, 0, 0, probe_hosts },
	{ PODSECURITY_BASELINE, 0, 0, 0, privileged },
	{ PODSECURITY_BASELINE, 0, 35, 0, proc_mount },
	{ PODSECURITY_BASELINE, 35, 0, 35, proc_mount_35 },
	{ PODSECURITY_BASELINE, 0, 31, 0, selinux },
	{ PODSECURITY_BASELINE, 31, 0, 0, selinux_31 },
	{ PODSECURITY_BASELINE, 0, 19, 0, seccomp_notes },
	{ PODSECURITY_BASELINE, 19, 0, 19, seccomp_baseline },
	{ PODSECURITY_BASELINE, 0, 27, 0, sysctls_0 },
	{ PODSECURITY_BASELINE, 27, 29, 0, sysctls_27 },
	{ PODSECURITY_BASELINE, 29, 32, 0, sysctls_29 },
	{ PODSECURITY_BASELINE, 32, 0, 0, sysctls_32 },
	{ PODSECURITY_BASELINE, 0, 0, 0, host_process },
	{ PODSECURITY_RESTRICTED, 8, 25, 0, escalation },
	{ PODSECURITY_RESTRICTED, 25, 0, 0, escalation_25 },
	{ PODSECURITY_RESTRICTED, 22, 25, 0, capabilities_restricted },
	{ PODSECURITY_RESTRICTED, 25, 0, 0, capabilities_restricted_25 },
	{ PODSECURITY_RESTRICTED, 35, 0, 0, proc_mount },
	{ PODSECURITY_RESTRICTED, 0, 0, 0, volume_types },
	{ PODSECURITY_RESTRICTED, 0, 35, 0, non_root },
	{ PODSECURITY_RESTRICTED, 35, 0, 0, non_root_35 },
	{ PODSECURITY_RESTRICTED, 23, 35, 0, as_user },
	{ PODSECURITY_RESTRICTED, 35, 0, 0, as_user_35 },
	{ PODSECURITY_RESTRICTED, 19, 25, 0, seccomp_restricted },
	{ PODSECURITY_RESTRICTED, 25, 0, 0, seccomp_restricted_25 },
};

static bool applies(const struct row *r, struct podsecurity_level l)
{
	if (r->level > l.kind || l.version < r->from || (r->to && l.version >= r->to))
		return false;
	return l.kind != PODSECURITY_RESTRICTED || !r->replaced || l.version < r->replaced;
}

bool podsecurity_evaluate(struct arena *a, struct podsecurity_level level, node pod, bool reasons_only,
			  struct buf *out)
{
	node spec = GET(pod, "spec");
	struct pod p = { .arena = a, .spec = spec, .context = GET(spec, "securityContext"),
			 .notes = GET(GET(pod, "metadata"), "annotations") };
	bool forbidden = false;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (level.kind == PODSECURITY_PRIVILEGED || !applies(&rows[i], level) || !rows[i].check(&p))
			continue;
		buf_addf(out, "%s%s", forbidden ? ", " : "", p.reason);
		if (!reasons_only && p.detail.n)
			buf_addf(out, " (%.*s)", STR_ARG(p.detail));
		forbidden = true;
	}
	return forbidden;
}
