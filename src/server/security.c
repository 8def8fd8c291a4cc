#include "server/security.h"

#include <ctype.h>

#include "server/containers.h"
#include "server/gostruct.h"
#include "server/volumes.h"

#define SECCOMP_POD S("seccomp.security.alpha.kubernetes.io/pod")
#define SECCOMP_CONTAINER S("container.seccomp.security.alpha.kubernetes.io/")
#define APPARMOR_CONTAINER S("container.apparmor.security.beta.kubernetes.io/")

enum { SYSCTL_MAX = 253, APPARMOR_MAX = 4095, GMSA_MAX = 64 << 10, DOMAIN_MAX = 256, USER_MAX = 104 };

/* ---- users, profiles -------------------------------------------------------- */

static void check_id(struct fielderrs *e, const struct at *at, node id)
{
	if (!node_is_nil(id))
		check_range(e, at, id, 0, INT32_MAX);
}

static void check_seccomp(struct fielderrs *e, const struct at *at, node profile)
{
	str type = TEXT_OF(profile, "type");
	node path = GET(profile, "localhostProfile");
	const struct at *where = AT(at, "localhostProfile");

	if (node_is_nil(profile))
		return;
	if (!type.n)
		check_required_why(e, AT(at, "type"), "type is required when seccompProfile is set");
	else
		ONE_OF(e, AT(at, "type"), GET(profile, "type"), "Localhost", "RuntimeDefault", "Unconfined");
	if (!str_eq(type, S("Localhost"))) {
		if (!node_is_nil(path))
			check_invalid(e, where,
				      gostruct_shown(e->arena, "core.SeccompProfile", profile, NODE_NOTHING),
				      "can only be set when seccomp type is Localhost");
	} else if (node_is_nil(path)) {
		check_required_why(e, where, "must be set when seccomp type is Localhost");
	} else {
		volumes_check_descending(e, where, node_str(path));
	}
}

static void check_local_apparmor(struct fielderrs *e, const struct at *at, node path)
{
	str text = node_str(path), trimmed = str_trim(text);

	if (node_is_nil(path)) {
		check_required_why(e, at, "must be set when AppArmor type is Localhost");
		return;
	}
	if (!str_eq(text, trimmed))
		check_invalid(e, at, path, "must not be padded with whitespace");
	else if (!trimmed.n)
		check_required_why(e, at, "must be set when AppArmor type is Localhost");
	if (text.n > APPARMOR_MAX)
		check_too_long(e, at, APPARMOR_MAX);
}

void security_check_app_armor(struct fielderrs *e, const struct at *at, node profile)
{
	str type = TEXT_OF(profile, "type");
	node path = GET(profile, "localhostProfile");

	if (node_is_nil(profile))
		return;
	if (!type.n)
		check_required_why(e, AT(at, "type"), "type is required when appArmorProfile is set");
	else if (str_eq(type, S("Localhost")))
		check_local_apparmor(e, AT(at, "localhostProfile"), path);
	else if (ONE_OF(e, AT(at, "type"), GET(profile, "type"), "Localhost", "RuntimeDefault",
			"Unconfined") &&
		 !node_is_nil(path))
		check_invalid(e, AT(at, "localhostProfile"), path,
			      "can only be set when AppArmor type is Localhost");
}

node security_app_armor(struct arena *a, str annotation)
{
	node profile = node_map(a, 2);
	const char *type = NULL;
	str path = annotation;

	if (str_eq(annotation, S("unconfined")))
		type = "Unconfined";
	else if (str_eq(annotation, S("runtime/default")))
		type = "RuntimeDefault";
	else if (str_take_str(&path, S("localhost/")) && path.n)
		type = "Localhost";
	if (!type)
		return NODE_NOTHING;
	if (str_eq(str_c(type), S("Localhost")))
		node_set(a, profile, S("localhostProfile"), node_from_str(a, path));
	node_set(a, profile, S("type"), node_from_str(a, str_c(type)));
	return profile;
}

/* ---- Windows ---------------------------------------------------------------- */

static bool is_netbios(str s)
{
	if (!s.n || s.n > 15 || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (strchr("\\/:*?\"<>|", s.p[i]))
			return false;
	return true;
}

static bool is_windows_domain(str s)
{
	str label;

	if (!s.n || s.p[s.n - 1] == '.')
		return false;
	while (str_cut(&s, &label, '.')) {
		if (!label.n || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!isalnum((unsigned char)label.p[i]) && label.p[i] != '-')
				return false;
	}
	return true;
}

static bool has_any(str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] && strchr(set, s.p[i]))
			return true;
	return false;
}

static bool has_control(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (iscntrl((unsigned char)s.p[i]))
			return true;
	return false;
}

static void check_windows_user(struct fielderrs *e, const struct at *at, node name)
{
	str text = node_str(name), domain = STR_NONE, user = text;
	bool has_domain = str_split(text, '\\', &domain, &user);

	if (!text.n)
		check_invalid(e, at, name, "runAsUserName cannot be an empty string");
	else if (has_control(text))
		check_invalid(e, at, name, "runAsUserName cannot contain control characters");
	else if (str_count_char(text, '\\') > 1)
		check_invalid(e, at, name, "runAsUserName cannot contain more than one backslash");
	if (!text.n || has_control(text) || str_count_char(text, '\\') > 1)
		return;
	if (!has_domain) {
		user = text;
		domain = STR_NONE;
	}
	if (domain.n >= DOMAIN_MAX)
		check_invalid(e, at, name, "runAsUserName's Domain length must be under %d characters",
			      DOMAIN_MAX);
	if (has_domain && !is_netbios(domain) && !is_windows_domain(domain))
		check_invalid(e, at, name,
			      "runAsUserName's Domain doesn't match the NetBios nor the DNS format");
	if (!user.n)
		check_invalid(e, at, name, "runAsUserName's User cannot be empty");
	else if (user.n > USER_MAX)
		check_invalid(e, at, name,
			      "runAsUserName's User length must not be longer than %d characters", USER_MAX);
	if (user.n && !str_trim_set(user, S(". ")).n)
		check_invalid(e, at, name, "runAsUserName's User cannot contain only periods or spaces");
	if (has_any(user, "\"/\\:;|=,+*?<>@[]"))
		check_invalid(e, at, name, "runAsUserName's User cannot contain the following characters: "
					   "\"/\\:;|=,+*?<>@[]");
}

static void check_windows(struct fielderrs *e, const struct at *at, node options)
{
	node name = GET(options, "gmsaCredentialSpecName"), spec = GET(options, "gmsaCredentialSpec");
	node user = GET(options, "runAsUserName");
	const struct at *where = AT(at, "gmsaCredentialSpec");

	if (!node_is_nil(name))
		check_name(e, AT(at, "gmsaCredentialSpecName"), node_str(name), NAME_DNS_SUBDOMAIN);
	if (!node_is_nil(spec) && !node_str(spec).n)
		check_invalid(e, where, spec, "gmsaCredentialSpec cannot be an empty string");
	else if (node_str(spec).n > GMSA_MAX)
		check_invalid(e, where, spec, "gmsaCredentialSpec size must be under 64 KiB");
	if (!node_is_nil(user))
		check_windows_user(e, AT(at, "runAsUserName"), user);
}

/* ---- the context of a Pod ----------------------------------------------------- */

static bool is_sysctl(str name)
{
	bool start = true;

	if (name.n > SYSCTL_MAX || !name.n)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool alnum = islower((unsigned char)c) || isdigit((unsigned char)c);
		bool end = i + 1 == name.n || name.p[i + 1] == '.' || name.p[i + 1] == '/';

		if (c == '.' || c == '/') {
			if (start || i + 1 == name.n)
				return false;
			start = true;
			continue;
		}
		if (!alnum && (start || end || (c != '-' && c != '_')))
			return false;
		start = false;
	}
	return true;
}

/* Names may be written with slashes. */
static str normal_sysctl(struct arena *a, str name)
{
	size_t at = 0;

	while (at < name.n && name.p[at] != '.' && name.p[at] != '/')
		at++;
	if (at == name.n || name.p[at] == '.')
		return name;
	str out = arena_str(a, name);

	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] == '/')
			((char *)out.p)[i] = '.';
		else if (out.p[i] == '.')
			((char *)out.p)[i] = '/';
	return out;
}

static bool is_ipc_sysctl(str name)
{
	return IS_ONE_OF(name, "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
			 "kernel.shm_rmid_forced", "kernel.shm", "kernel.msgmax", "kernel.msgmnb",
			 "kernel.msgmni", "kernel.msg") ||
	       str_starts(name, S("fs.mqueue."));
}

static void check_sysctls(struct fielderrs *e, const struct at *at, node sysctls, node spec)
{
	node seen = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(sysctls); i++) {
		str name = TEXT_OF(node_at(sysctls, i), "name"), normal;
		const struct at *here = AT(AT_I(at, i), "name");

		if (!name.n)
			check_required(e, here);
		else if (!is_sysctl(name))
			check_invalid_text(e, here, name,
					   "must have at most 253 characters and match regex "
					   "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*"
					   "[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
		else if (node_has(seen, name))
			check_duplicate(e, here, check_text(e, name));
		normal = normal_sysctl(e->arena, name);
		if (BOOL_OF(spec, "hostNetwork") && str_starts(normal, S("net.")))
			check_invalid_text(e, here, name, "may not be specified when 'hostNetwork' is true");
		else if (BOOL_OF(spec, "hostIPC") && is_ipc_sysctl(normal))
			check_invalid_text(e, here, name, "may not be specified when 'hostIPC' is true");
		node_set(e->arena, seen, name, node_null());
	}
}

void security_check_pod(struct fielderrs *e, const struct at *at, node context, node spec, node old)
{
	node groups = GET(context, "supplementalGroups");

	check_id(e, AT(at, "fsGroup"), GET(context, "fsGroup"));
	check_id(e, AT(at, "runAsUser"), GET(context, "runAsUser"));
	check_id(e, AT(at, "runAsGroup"), GET(context, "runAsGroup"));
	for (size_t i = 0; i < node_len(groups); i++)
		check_id(e, AT_I(AT(at, "supplementalGroups"), i), node_at(groups, i));
	if (BOOL_OF(spec, "shareProcessNamespace") && BOOL_OF(spec, "hostPID"))
		check_invalid(e, AT(at, "shareProcessNamespace"), node_from_bool(true),
			      "ShareProcessNamespace and HostPID cannot both be enabled");
	check_sysctls(e, AT(at, "sysctls"), GET(context, "sysctls"), spec);
	if (HAS(context, "fsGroupChangePolicy"))
		ONE_OF(e, AT(at, "fsGroupChangePolicy"), GET(context, "fsGroupChangePolicy"), "Always",
		       "OnRootMismatch");
	check_seccomp(e, AT(at, "seccompProfile"), GET(context, "seccompProfile"));
	check_windows(e, AT(at, "windowsOptions"), GET(context, "windowsOptions"));
	security_check_app_armor(e, AT(at, "appArmorProfile"), GET(context, "appArmorProfile"));
	if (HAS(context, "supplementalGroupsPolicy"))
		ONE_OF(e, AT(at, "supplementalGroupsPolicy"), GET(context, "supplementalGroupsPolicy"),
		       "Merge", "Strict");
	if (HAS(context, "seLinuxChangePolicy") && LACKS(GET(old, "securityContext"), "seLinuxChangePolicy"))
		ONE_OF(e, AT(at, "seLinuxChangePolicy"), GET(context, "seLinuxChangePolicy"), "Recursive");
	else if (HAS(context, "seLinuxChangePolicy"))
		ONE_OF(e, AT(at, "seLinuxChangePolicy"), GET(context, "seLinuxChangePolicy"), "MountOption",
		       "Recursive");
}

/* ---- the context of a container ------------------------------------------------ */

void security_check_container(struct fielderrs *e, const struct at *at, node context, bool host_users)
{
	node mount = GET(context, "procMount"), escalation = GET(context, "allowPrivilegeEscalation");

	if (node_is_nil(context))
		return;
	check_id(e, AT(at, "runAsUser"), GET(context, "runAsUser"));
	check_id(e, AT(at, "runAsGroup"), GET(context, "runAsGroup"));
	if (!node_is_nil(mount)) {
		ONE_OF(e, AT(at, "procMount"), mount, "Default", "Unmasked");
		if (host_users && str_eq(node_str(mount), S("Unmasked")))
			check_invalid(e, AT(at, "procMount"), mount,
				      "`hostUsers` must be false to use `Unmasked`");
	}
	check_seccomp(e, AT(at, "seccompProfile"), GET(context, "seccompProfile"));
	if (!node_is_nil(escalation) && !node_bool(escalation)) {
		node shown = gostruct_shown(e->arena, "core.SecurityContext", context, NODE_NOTHING);

		if (BOOL_OF(context, "privileged"))
			check_invalid(e, at, shown, "cannot set `allowPrivilegeEscalation` to false and "
						    "`privileged` to true");
		node_each_item(cap, GET(GET(context, "capabilities"), "add"))
			if (str_eq(node_str_or(*cap, STR_NONE), S("CAP_SYS_ADMIN")))
				check_invalid(e, at, shown,
					      "cannot set `allowPrivilegeEscalation` to false and "
					      "`capabilities.Add` CAP_SYS_ADMIN");
	}
	check_windows(e, AT(at, "windowsOptions"), GET(context, "windowsOptions"));
	security_check_app_armor(e, AT(at, "appArmorProfile"), GET(context, "appArmorProfile"));
}

/* ---- annotations ------------------------------------------------------------- */

static void check_seccomp_text(struct fielderrs *e, const struct at *at, str text)
{
	str path = text;

	if (IS_ONE_OF(text, "runtime/default", "docker/default", "unconfined"))
		return;
	if (str_take_str(&path, S("localhost/")))
		volumes_check_descending(e, at, path);
	else
		check_invalid_text(e, at, text, "must be a valid seccomp profile");
}

static void find_name(struct containers_visit *v, const struct at *at, node container)
{
	str *name = v->data;

	(void)at;
	if (str_eq(TEXT_OF(container, "name"), *name))
		*name = STR_NONE;
}

static bool has_container(struct fielderrs *e, node spec, str name)
{
	str left = name;
	struct containers_visit v = { .errors = e, .each = find_name, .data = &left };

	if (!name.n)
		return false;
	containers_visit(&v, NULL, spec);
	return !left.n;
}

void security_check_annotations(struct fielderrs *e, const struct at *at, node annotations, node spec)
{
	node_each_pair(p, annotations) {
		str key = node_str(p->key), text = node_str_or(p->value, STR_NONE), name = key;

		if (str_eq(key, SECCOMP_POD) || str_starts(key, SECCOMP_CONTAINER))
			check_seccomp_text(e, AT_NAMED(at, key), text);
		if (!str_take_str(&name, APPARMOR_CONTAINER))
			continue;
		if (!has_container(e, spec, name))
			check_invalid_text(e, AT_K(at, key), name, "container not found");
		if (text.n && !IS_ONE_OF(text, "runtime/default", "unconfined") &&
		    !str_starts(text, S("localhost/")))
			check_invalid_text(e, AT_K(at, key), text, "invalid AppArmor profile name: \"%.*s\"",
					   STR_ARG(text));
	}
}

/* `what`: "seccomp" or "apparmor". */
static void check_match(struct fielderrs *e, const struct at *at, node profile, str text,
			const char *what)
{
	str type = TEXT_OF(profile, "type"), path = text;
	bool seccomp = *what == 's', match = true;

	if (str_eq(type, S("Unconfined")))
		match = str_eq(text, S("unconfined"));
	else if (str_eq(type, S("RuntimeDefault")))
		match = str_eq(text, S("runtime/default")) || (seccomp && str_eq(text, S("docker/default")));
	else if (str_eq(type, S("Localhost"))) {
		match = str_take_str(&path, S("localhost/"));
		if (match && !str_eq(path, TEXT_OF(profile, "localhostProfile")))
			check_forbidden(e, AT(at, "localhostProfile"),
					"%s profile in annotation and field must match", what);
	}
	if (!match)
		check_forbidden(e, AT(at, "type"), "%s type in annotation and field must match", what);
}

struct match {
	node annotations;
	node pod_apparmor;
	bool windows;
};

static void match_container(struct containers_visit *v, const struct at *at, node container)
{
	struct match *m = v->data;
	node context = GET(container, "securityContext"), seccomp = GET(context, "seccompProfile");
	node apparmor = GET(context, "appArmorProfile");
	str name = TEXT_OF(container, "name");
	struct arena *a = v->errors->arena;
	node text = node_get(m->annotations, arena_cat(a, SECCOMP_CONTAINER, name));

	if (!node_is_nil(seccomp) && node_is(text, NODE_STR))
		check_match(v->errors, AT(AT(at, "securityContext"), "seccompProfile"), seccomp,
			    node_str(text), "seccomp");
	text = node_get(m->annotations, arena_cat(a, APPARMOR_CONTAINER, name));
	if (node_is_nil(apparmor))
		apparmor = m->pod_apparmor;
	if (!m->windows && !node_is_nil(apparmor) && node_is(text, NODE_STR))
		check_match(v->errors, AT(AT(at, "securityContext"), "appArmorProfile"), apparmor,
			    node_str(text), "apparmor");
}

void security_check_annotations_match(struct fielderrs *e, const struct at *spec_at, node annotations,
				      node spec)
{
	node context = GET(spec, "securityContext"), seccomp = GET(context, "seccompProfile");
	node text = node_get(annotations, SECCOMP_POD);
	struct match m = { annotations, GET(context, "appArmorProfile"),
			   str_eq(TEXT_OF(GET(spec, "os"), "name"), S("windows")) };
	struct containers_visit v = { .errors = e, .each = match_container, .data = &m };

	if (!node_len(annotations))
		return;
	if (!node_is_nil(seccomp) && node_is(text, NODE_STR))
		check_match(e, AT(AT(spec_at, "securityContext"), "seccompProfile"), seccomp,
			    node_str(text), "seccomp");
	containers_visit(&v, spec_at, spec);
}

/* ---- systems ------------------------------------------------------------------- */

static const char *const linux_only_pod[] = {
	"appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls",
	"runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
	NULL,
};
static const char *const linux_only_container[] = {
	"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem",
	"privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup", NULL,
};

static void forbid(struct fielderrs *e, const struct at *at, node object, const char *const *fields)
{
	for (; *fields; fields++)
		if (!node_is_nil(node_get(object, str_c(*fields))))
			check_forbidden(e, AT_NAMED(at, str_c(*fields)), "cannot be set for a windows pod");
}

static void windows_container(struct containers_visit *v, const struct at *at, node container)
{
	forbid(v->errors, AT(at, "securityContext"), GET(container, "securityContext"),
	       linux_only_container);
}

static void linux_container(struct containers_visit *v, const struct at *at, node container)
{
	if (HAS(GET(container, "securityContext"), "windowsOptions"))
		check_forbidden(v->errors, AT(AT(at, "securityContext"), "windowsOptions"),
				"windows options cannot be set for a linux pod");
}

void security_check_os(struct fielderrs *e, const struct at *spec_at, node spec)
{
	str os = TEXT_OF(GET(spec, "os"), "name");
	bool windows = str_eq(os, S("windows"));
	struct containers_visit v = { .errors = e,
				      .each = windows ? windows_container : linux_container };
	const struct at *at = AT(spec_at, "securityContext");
	node context = GET(spec, "securityContext");

	if (windows) {
		forbid(e, at, context, linux_only_pod);
		if (HAS(spec, "hostUsers"))
			check_forbidden(e, AT(spec_at, "hostUsers"), "cannot be set for a windows pod");
		if (BOOL_OF(spec, "hostPID"))
			check_forbidden(e, AT(spec_at, "hostPID"), "cannot be set for a windows pod");
		if (BOOL_OF(spec, "hostIPC"))
			check_forbidden(e, AT(spec_at, "hostIPC"), "cannot be set for a windows pod");
		if (HAS(spec, "shareProcessNamespace"))
			check_forbidden(e, AT(spec_at, "shareProcessNamespace"),
					"cannot be set for a windows pod");
	} else if (HAS(context, "windowsOptions")) {
		check_forbidden(e, AT(at, "windowsOptions"), "windows options cannot be set for a linux pod");
	}
	containers_visit(&v, spec_at, spec);
}

struct host_process {
	node pod;
	size_t containers, host;
};

static void host_container(struct containers_visit *v, const struct at *at, node container)
{
	struct host_process *h = v->data;
	node own = GET(GET(GET(container, "securityContext"), "windowsOptions"), "hostProcess");

	h->containers++;
	if (!node_is_nil(h->pod) && !node_is_nil(own) && node_bool(h->pod) != node_bool(own))
		check_invalid(v->errors,
			      AT(AT(AT(at, "securityContext"), "windowsOptions"), "hostProcess"), own,
			      "pod hostProcess value must be identical if both are specified, was %s",
			      node_bool(h->pod) ? "true" : "false");
	h->host += node_bool(node_is_nil(own) ? h->pod : own);
}

void security_check_host_process(struct fielderrs *e, const struct at *spec_at, node spec)
{
	struct host_process h = {
		.pod = GET(GET(GET(spec, "securityContext"), "windowsOptions"), "hostProcess")
	};
	struct containers_visit v = { .errors = e, .each = host_container, .data = &h };

	containers_visit(&v, spec_at, spec);
	if (!h.host)
		return;
	if (h.host != h.containers)
		check_invalid_text(e, spec_at, STR_NONE,
				   "If pod contains any hostProcess containers then all containers must be "
				   "HostProcess containers");
	if (!BOOL_OF(spec, "hostNetwork"))
		check_invalid(e, AT(spec_at, "hostNetwork"), node_from_bool(false),
			      "hostNetwork must be true if pod contains any hostProcess containers");
}
