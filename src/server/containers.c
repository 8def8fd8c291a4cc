#include "server/containers.h"

#include "server/resources.h"
#include "server/security.h"
#include "server/volumes.h"

enum { RESTART_RULES_MAX = 20, EXIT_CODES_MAX = 255 };

bool containers_is_sidecar(node container)
{
	return str_eq(TEXT_OF(container, "restartPolicy"), S("Always"));
}

void containers_visit(struct containers_visit *v, const struct at *spec_at, node spec)
{
	static const str lists[] = { S("initContainers"), S("containers"), S("ephemeralContainers") };

	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
		node list = node_get(spec, lists[l]);

		for (size_t i = 0; i < node_len(list); i++)
			v->each(v, AT_I(AT_NAMED(spec_at, lists[l]), i), node_at(list, i));
	}
}

/* ---- ports, environment ----------------------------------------------------- */

static void check_ports(struct fielderrs *e, const struct at *at, node ports)
{
	node seen = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(ports); i++) {
		node port = node_at(ports, i);
		str name = TEXT_OF(port, "name");
		const struct at *here = AT_I(at, i);
		size_t before = e->n;

		if (name.n) {
			check_port_name(e, AT(here, "name"), name);
			if (e->n == before && node_has(seen, name))
				check_duplicate(e, AT(here, "name"), GET(port, "name"));
			else if (e->n == before)
				node_set(e->arena, seen, name, node_null());
		}
		if (!INT_OF(port, "containerPort"))
			check_required(e, AT(here, "containerPort"));
		else
			check_port(e, AT(here, "containerPort"), GET(port, "containerPort"));
		if (INT_OF(port, "hostPort"))
			check_port(e, AT(here, "hostPort"), GET(port, "hostPort"));
		if (!TEXT_OF(port, "protocol").n)
			check_required(e, AT(here, "protocol"));
		else
			ONE_OF(e, AT(here, "protocol"), GET(port, "protocol"), "SCTP", "TCP", "UDP");
	}
}

static void check_key_ref(struct fielderrs *e, const struct at *at, node ref)
{
	check_name(e, AT(at, "name"), TEXT_OF(ref, "name"), NAME_DNS_SUBDOMAIN);
	if (!TEXT_OF(ref, "key").n)
		check_required(e, AT(at, "key"));
	else
		check_config_key(e, AT(at, "key"), TEXT_OF(ref, "key"));
}

static bool has_backsteps(str path)
{
	str step;

	while (str_cut(&path, &step, '/'))
		if (str_eq(step, S("..")))
			return true;
	return false;
}

static void check_file_ref(struct fielderrs *e, const struct at *at, node ref)
{
	str path = TEXT_OF(ref, "path");

	if (!TEXT_OF(ref, "key").n)
		check_required(e, AT(at, "key"));
	else
		check_env_name(e, AT(at, "key"), TEXT_OF(ref, "key"));
	if (!TEXT_OF(ref, "volumeName").n)
		check_required(e, AT(at, "volumeName"));
	else
		check_name(e, AT(at, "volumeName"), TEXT_OF(ref, "volumeName"), NAME_DNS_LABEL);
	if (!path.n)
		check_required(e, AT(at, "path"));
	else if (has_backsteps(path))
		check_invalid_text(e, AT(at, "path"), path, "must not contain '..'");
}

static void check_value_from(struct fielderrs *e, const struct at *at, node variable)
{
	static const char *const sources[] = { "fieldRef",	  "resourceFieldRef", "configMapKeyRef",
					       "secretKeyRef",	  "fileKeyRef",	      NULL };
	node from = GET(variable, "valueFrom");
	size_t n = check_count(from, sources);

	if (node_is_nil(from))
		return;
	if (HAS(from, "fieldRef"))
		volumes_check_field_ref(e, AT(at, "fieldRef"), GET(from, "fieldRef"), VOLUMES_REF_ENV);
	if (HAS(from, "resourceFieldRef"))
		volumes_check_resource_ref(e, AT(at, "resourceFieldRef"), GET(from, "resourceFieldRef"),
					   VOLUMES_REF_ENV);
	if (HAS(from, "configMapKeyRef"))
		check_key_ref(e, AT(at, "configMapKeyRef"), GET(from, "configMapKeyRef"));
	if (HAS(from, "secretKeyRef"))
		check_key_ref(e, AT(at, "secretKeyRef"), GET(from, "secretKeyRef"));
	if (HAS(from, "fileKeyRef"))
		check_file_ref(e, AT(at, "fileKeyRef"), GET(from, "fileKeyRef"));
	if (!n)
		check_invalid_text(e, at, STR_NONE,
				   "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
				   "`secretKeyRef` or `fileKeyRef`");
	else if (TEXT_OF(variable, "value").n)
		check_invalid_text(e, at, STR_NONE, "may not be specified when `value` is not empty");
	else if (n > 1)
		check_invalid_text(e, at, STR_NONE, "may not have more than one field specified at a time");
}

static void check_env(struct fielderrs *e, const struct at *at, node variables)
{
	for (size_t i = 0; i < node_len(variables); i++) {
		node variable = node_at(variables, i);
		const struct at *here = AT_I(at, i);

		if (!TEXT_OF(variable, "name").n)
			check_required(e, AT(here, "name"));
		else
			check_env_name(e, AT(here, "name"), TEXT_OF(variable, "name"));
		check_value_from(e, AT(here, "valueFrom"), variable);
	}
}

/* Names of ConfigMaps and Secrets may be the start of a name here. */
static void check_env_source(struct fielderrs *e, const struct at *at, node source)
{
	str name = TEXT_OF(source, "name"), masked = name;

	if (!name.n) {
		check_required(e, AT(at, "name"));
		return;
	}
	if (name.n > 1 && name.p[name.n - 1] == '-')
		masked = arena_cat(e->arena, str_sub(name, 0, name.n - 2), S("a"));
	str why[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(masked, NAME_DNS_SUBDOMAIN, why);

	for (size_t i = 0; i < n; i++)
		check_invalid_text(e, AT(at, "name"), name, "%.*s", STR_ARG(why[i]));
}

static void check_env_from(struct fielderrs *e, const struct at *at, node sources)
{
	for (size_t i = 0; i < node_len(sources); i++) {
		node source = node_at(sources, i);
		const struct at *here = AT_I(at, i);
		bool config = HAS(source, "configMapRef"), secret = HAS(source, "secretRef");

		if (TEXT_OF(source, "prefix").n)
			check_env_name(e, AT(here, "prefix"), TEXT_OF(source, "prefix"));
		if (config)
			check_env_source(e, AT(here, "configMapRef"), GET(source, "configMapRef"));
		if (secret)
			check_env_source(e, AT(here, "secretRef"), GET(source, "secretRef"));
		if (!config && !secret)
			check_invalid_text(e, at, STR_NONE,
					   "must specify one of: `configMapRef` or `secretRef`");
		else if (config && secret)
			check_invalid_text(e, at, STR_NONE,
					   "may not have more than one field specified at a time");
	}
}

/* ---- mounts and devices ------------------------------------------------------- */

static bool has_text(node list, str field, str text)
{
	node_each_item(item, list)
		if (str_eq(text_of(*item, field), text))
			return true;
	return false;
}

static bool is_used_before(node list, size_t n, str field, str text)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(text_of(node_at(list, i), field), text))
			return true;
	return false;
}

static void check_propagation(struct fielderrs *e, const struct at *at, node mount, node container)
{
	node propagation = GET(mount, "mountPropagation");

	if (node_is_nil(propagation))
		return;
	ONE_OF(e, at, propagation, "Bidirectional", "HostToContainer", "None");
	if (str_eq(node_str(propagation), S("Bidirectional")) &&
	    !BOOL_OF(GET(container, "securityContext"), "privileged"))
		check_forbidden(e, at, "Bidirectional mount propagation is available only to privileged "
				       "containers");
}

static void check_recursive(struct fielderrs *e, const struct at *at, node mount)
{
	node mode = GET(mount, "recursiveReadOnly"), propagation = GET(mount, "mountPropagation");

	if (node_is_nil(mode) || !ONE_OF(e, at, mode, "Disabled", "Enabled", "IfPossible") ||
	    str_eq(node_str(mode), S("Disabled")))
		return;
	if (!BOOL_OF(mount, "readOnly"))
		check_forbidden(e, at, "may only be specified when readOnly is true");
	if (!node_is_nil(propagation) && !str_eq(node_str(propagation), S("None")))
		check_forbidden(e, at,
				"may only be specified when mountPropagation is None or not specified");
}

static void check_sub_paths(struct fielderrs *e, const struct at *at, const struct at *here, node mount)
{
	str path = TEXT_OF(mount, "subPath"), expression = TEXT_OF(mount, "subPathExpr");

	if (path.n)
		volumes_check_descending(e, AT(at, "subPath"), path);
	if (!expression.n)
		return;
	if (path.n)
		check_invalid_text(e, AT(here, "subPathExpr"), expression,
				   "subPathExpr and subPath are mutually exclusive");
	volumes_check_descending(e, AT(at, "subPathExpr"), expression);
}

static void check_mounts(const struct containers_pod *pod, const struct at *at, node container)
{
	struct fielderrs *e = pod->errors;
	node mounts = GET(container, "volumeMounts"), devices = GET(container, "volumeDevices");

	for (size_t i = 0; i < node_len(mounts); i++) {
		node mount = node_at(mounts, i);
		str name = TEXT_OF(mount, "name"), path = TEXT_OF(mount, "mountPath");
		const struct at *here = AT_I(at, i);

		if (!name.n)
			check_required(e, AT(here, "name"));
		if (!node_has(pod->volumes, name))
			check_not_found(e, AT(here, "name"), check_text(e, name));
		if (!path.n)
			check_required(e, AT(here, "mountPath"));
		if (is_used_before(mounts, i, S("mountPath"), path))
			check_invalid_text(e, AT(here, "mountPath"), path, "must be unique");
		if (has_text(devices, S("name"), name))
			check_invalid_text(e, AT(here, "name"), name,
					   "must not already exist in volumeDevices");
		if (has_text(devices, S("devicePath"), path))
			check_invalid_text(e, AT(here, "mountPath"), path,
					   "must not already exist as a path in volumeDevices");
		check_sub_paths(e, at, here, mount);
		check_propagation(e, AT(at, "mountPropagation"), mount, container);
		check_recursive(e, AT(at, "recursiveReadOnly"), mount);
	}
}

static void check_devices(const struct containers_pod *pod, const struct at *at, node container)
{
	struct fielderrs *e = pod->errors;
	node devices = GET(container, "volumeDevices"), mounts = GET(container, "volumeMounts");
	node paths = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(devices); i++) {
		str name = TEXT_OF(node_at(devices, i), "name");
		str path = TEXT_OF(node_at(devices, i), "devicePath");
		node volume = node_get(pod->volumes, name);
		const struct at *here = AT_I(at, i);

		if (!name.n)
			check_required(e, AT(here, "name"));
		else if (is_used_before(devices, i, S("name"), name))
			check_invalid_text(e, AT(here, "name"), name, "must be unique");
		if (node_is_nil(volume))
			check_not_found(e, AT(here, "name"), check_text(e, name));
		else if (LACKS(volume, "persistentVolumeClaim") && LACKS(volume, "ephemeral"))
			check_invalid_text(e, AT(here, "name"), name,
					   "can only use volume source type of PersistentVolumeClaim or "
					   "Ephemeral for block mode");
		if (!path.n)
			check_required(e, AT(here, "devicePath"));
		if (node_has(paths, path))
			check_invalid_text(e, AT(here, "devicePath"), path, "must be unique");
		if (path.n && has_backsteps(path))
			check_invalid_text(e, AT(here, "devicePath"), path,
					   "can not contain backsteps ('..')");
		else
			node_set(e->arena, paths, path, node_null());
		if (has_text(mounts, S("name"), name))
			check_invalid_text(e, AT(here, "name"), name,
					   "must not already exist in volumeMounts");
		if (has_text(mounts, S("mountPath"), path))
			check_invalid_text(e, AT(here, "devicePath"), path,
					   "must not already exist as a path in volumeMounts");
	}
}

/* ---- probes and hooks ----------------------------------------------------------- */

static void check_http(struct fielderrs *e, const struct at *at, node http)
{
	if (!TEXT_OF(http, "path").n)
		check_required(e, AT(at, "path"));
	check_port_or_name(e, AT(at, "port"), GET(http, "port"));
	ONE_OF(e, AT(at, "scheme"), GET(http, "scheme"), "HTTP", "HTTPS");
	node_each_item(header, GET(http, "httpHeaders"))
		check_header_name(e, AT(at, "httpHeaders"), TEXT_OF(*header, "name"));
}

static void check_sleep(const struct containers_pod *pod, const struct at *at, node sleep)
{
	node grace = GET(pod->spec, "terminationGracePeriodSeconds");
	int64_t seconds = INT_OF(sleep, "seconds");

	if (!node_is_nil(grace) && (seconds < 0 || seconds > node_int(grace)))
		check_invalid(pod->errors, at, node_from_int(seconds),
			      "must be non-negative and less than terminationGracePeriodSeconds (%lld)",
			      (long long)node_int(grace));
}

/* One of several ways to ask; `sleep` only in hooks, `grpc` only in probes. */
static void check_handler(const struct containers_pod *pod, const struct at *at, node handler, bool probe)
{
	static const str kinds[] = { S("exec"), S("httpGet"), S("tcpSocket"), S("grpc"), S("sleep") };
	struct fielderrs *e = pod->errors;
	bool found = false;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		node one = node_get(handler, kinds[i]);
		const struct at *here = AT_NAMED(at, kinds[i]);

		if (node_is_nil(one) || i == (probe ? 4 : 3))
			continue;
		if (found) {
			check_forbidden(e, here, "may not specify more than 1 handler type");
			continue;
		}
		found = true;
		if (i == 0 && !node_len(GET(one, "command")))
			check_required(e, AT(here, "command"));
		else if (i == 1)
			check_http(e, here, one);
		else if (i == 2)
			check_port_or_name(e, AT(here, "port"), GET(one, "port"));
		else if (i == 3)
			check_port(e, AT(here, "port"), GET(one, "port"));
		else if (i == 4)
			check_sleep(pod, here, one);
	}
	if (!found)
		check_required_why(e, at, "must specify a handler type");
}

static void check_probe(const struct containers_pod *pod, const struct at *at, node probe, bool readiness)
{
	static const str counts[] = { S("initialDelaySeconds"), S("timeoutSeconds"), S("periodSeconds"),
				      S("successThreshold"), S("failureThreshold") };
	struct fielderrs *e = pod->errors;
	node grace = GET(probe, "terminationGracePeriodSeconds");

	if (node_is_nil(probe))
		return;
	check_handler(pod, at, probe, true);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		check_non_negative(e, AT_NAMED(at, counts[i]), node_get(probe, counts[i]));
	check_positive(e, AT(at, "terminationGracePeriodSeconds"), grace);
	if (!readiness && INT_OF(probe, "successThreshold") != 1)
		check_invalid(e, AT(at, "successThreshold"),
			      node_from_int(INT_OF(probe, "successThreshold")), "must be 1");
	if (readiness && !node_is_nil(grace))
		check_invalid(e, AT(at, "terminationGracePeriodSeconds"), grace,
			      "must not be set for readinessProbes");
}

static void check_life(const struct containers_pod *pod, const struct at *at, node container)
{
	node hooks = GET(container, "lifecycle");
	const struct at *here = AT(at, "lifecycle");

	if (HAS(hooks, "postStart"))
		check_handler(pod, AT(here, "postStart"), GET(hooks, "postStart"), false);
	if (HAS(hooks, "preStop"))
		check_handler(pod, AT(here, "preStop"), GET(hooks, "preStop"), false);
	check_probe(pod, AT(at, "livenessProbe"), GET(container, "livenessProbe"), false);
	check_probe(pod, AT(at, "readinessProbe"), GET(container, "readinessProbe"), true);
	check_probe(pod, AT(at, "startupProbe"), GET(container, "startupProbe"), false);
}

/* ---- restarts ---------------------------------------------------------------------- */

static void check_restart_rule(struct fielderrs *e, const struct at *at, node rule)
{
	node codes = GET(rule, "exitCodes");
	size_t n = node_len(GET(codes, "values"));

	ONE_OF(e, AT(at, "action"), GET(rule, "action"), "Restart", "RestartAllContainers");
	if (node_is_nil(codes)) {
		check_required_why(e, AT(at, "exitCodes"), "must be specified");
		return;
	}
	ONE_OF(e, AT(AT(at, "exitCodes"), "operator"), GET(codes, "operator"), "In", "NotIn");
	if (n > EXIT_CODES_MAX)
		check_too_many(e, AT(AT(at, "exitCodes"), "values"), n, EXIT_CODES_MAX);
}

static void check_restarts(struct fielderrs *e, const struct at *at, node container)
{
	node policy = GET(container, "restartPolicy"), rules = GET(container, "restartPolicyRules");
	const struct at *where = AT(at, "restartPolicy");

	if (node_is_nil(policy)) {
		if (node_len(rules))
			check_required_why(e, where,
					   "must specify restartPolicy when restart rules are used");
		else
			return;
	} else {
		ONE_OF(e, where, policy, "Always", "Never", "OnFailure");
	}
	if (node_len(rules) > RESTART_RULES_MAX)
		check_too_many(e, AT(at, "restartPolicyRules"), node_len(rules), RESTART_RULES_MAX);
	for (size_t i = 0; i < node_len(rules); i++)
		check_restart_rule(e, AT_I(AT(at, "restartPolicyRules"), i), node_at(rules, i));
}

static void check_init_restarts(struct fielderrs *e, const struct at *at, node container)
{
	if (HAS(container, "restartPolicy"))
		check_restarts(e, at, container);
	else if (node_len(GET(container, "restartPolicyRules")))
		check_required_why(e, AT(at, "restartPolicy"),
				   "must specify restartPolicy when restart rules are used");
}

static void check_resize(const struct containers_pod *pod, const struct at *at, node policies)
{
	struct fielderrs *e = pod->errors;
	bool never = str_eq(TEXT_OF(pod->spec, "restartPolicy"), S("Never"));

	for (size_t i = 0; i < node_len(policies); i++) {
		node p = node_at(policies, i);
		str name = TEXT_OF(p, "resourceName"), restart = TEXT_OF(p, "restartPolicy");

		if (is_used_before(policies, i, S("resourceName"), name))
			check_duplicate(e, AT_I(at, i), check_text(e, name));
		if (!name.n)
			check_required(e, at);
		else
			ONE_OF(e, at, GET(p, "resourceName"), "cpu", "memory");
		if (!restart.n)
			check_required(e, at);
		else
			ONE_OF(e, at, GET(p, "restartPolicy"), "NotRequired", "RestartContainer");
		if (never && !str_eq(restart, S("NotRequired")))
			check_invalid_text(e, at, restart,
					   "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
	}
}

/* ---- containers ---------------------------------------------------------------------- */

static void check_common(const struct containers_pod *pod, const struct at *at, node c)
{
	struct fielderrs *e = pod->errors;
	str name = TEXT_OF(c, "name");

	if (!name.n)
		check_required(e, AT(at, "name"));
	else
		check_name(e, AT(at, "name"), name, NAME_DNS_LABEL);
	if (!TEXT_OF(c, "image").n)
		check_required(e, AT(at, "image"));
	if (!TEXT_OF(c, "terminationMessagePolicy").n)
		check_required(e, AT(at, "terminationMessagePolicy"));
	else
		ONE_OF(e, AT(at, "terminationMessagePolicy"), GET(c, "terminationMessagePolicy"), "File",
		       "FallbackToLogsOnError");
	check_ports(e, AT(at, "ports"), GET(c, "ports"));
	check_env(e, AT(at, "env"), GET(c, "env"));
	check_env_from(e, AT(at, "envFrom"), GET(c, "envFrom"));
	check_mounts(pod, AT(at, "volumeMounts"), c);
	check_devices(pod, AT(at, "volumeDevices"), c);
	if (!TEXT_OF(c, "imagePullPolicy").n)
		check_required(e, AT(at, "imagePullPolicy"));
	else
		ONE_OF(e, AT(at, "imagePullPolicy"), GET(c, "imagePullPolicy"), "Always", "IfNotPresent",
		       "Never");
	resources_check(e, AT(at, "resources"), GET(c, "resources"), pod->claims, RESOURCES_CONTAINER);
	check_resize(pod, AT(at, "resizePolicy"), GET(c, "resizePolicy"));
	security_check_container(e, AT(at, "securityContext"), GET(c, "securityContext"), pod->host_users);
}

/* Ports of the host that two containers want; `seen` has those of the others. */
static void check_host_ports(struct fielderrs *e, const struct at *at, node container, node seen)
{
	node ports = GET(container, "ports");

	for (size_t i = 0; i < node_len(ports); i++) {
		node port = node_at(ports, i);
		int64_t number = INT_OF(port, "hostPort");

		if (!number)
			continue;
		str key = arena_printf(e->arena, "%.*s/%.*s/%lld", STR_ARG(TEXT_OF(port, "protocol")),
				       STR_ARG(TEXT_OF(port, "hostIP")), (long long)number);

		if (node_has(seen, key))
			check_duplicate(e, AT(AT_I(AT(at, "ports"), i), "hostPort"), check_text(e, key));
		else
			node_set(e->arena, seen, key, node_null());
	}
}

static void check_spaces(struct fielderrs *e, const struct at *at, node container)
{
	str image = TEXT_OF(container, "image");

	if (str_trim(image).n != image.n)
		check_invalid_text(e, AT(at, "image"), image, "must not have leading or trailing whitespace");
}

static void check_regular(const struct containers_pod *pod)
{
	struct fielderrs *e = pod->errors;
	node list = GET(pod->spec, "containers"), ports = node_map(e->arena, 0);
	const struct at *at = AT(pod->at, "containers");

	if (!node_len(list))
		check_required(e, at);
	for (size_t i = 0; i < node_len(list); i++) {
		node c = node_at(list, i);
		const struct at *here = AT_I(at, i);

		check_common(pod, here, c);
		if (is_used_before(list, i, S("name"), TEXT_OF(c, "name")))
			check_duplicate(e, AT(here, "name"), check_text(e, TEXT_OF(c, "name")));
		check_life(pod, here, c);
		check_restarts(e, here, c);
	}
	for (size_t i = 0; i < node_len(list); i++)
		check_host_ports(e, AT_I(at, i), node_at(list, i), ports);
}

static void forbid_life(struct fielderrs *e, const struct at *at, node container)
{
	static const str fields[] = { S("lifecycle"), S("livenessProbe"), S("readinessProbe"),
				      S("startupProbe") };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!node_is_nil(node_get(container, fields[i])))
			check_forbidden(e, AT_NAMED(at, fields[i]),
					"may not be set for init containers without restartPolicy=Always");
}

static void check_init_resize(struct fielderrs *e, const struct at *at, node policies)
{
	for (size_t i = 0; i < node_len(policies); i++) {
		node p = GET(node_at(policies, i), "restartPolicy");

		if (str_eq(node_str_or(p, STR_NONE), S("RestartContainer")))
			check_invalid(e, AT(AT_I(at, i), "restartPolicy"), p,
				      "must not be set to 'RestartContainer' for non-sidecar initContainers");
	}
}

static void check_init(const struct containers_pod *pod)
{
	struct fielderrs *e = pod->errors;
	node list = GET(pod->spec, "initContainers"), regular = GET(pod->spec, "containers");
	const struct at *at = AT(pod->at, "initContainers");

	for (size_t i = 0; i < node_len(list); i++) {
		node c = node_at(list, i), ports = node_map(e->arena, 0);
		str name = TEXT_OF(c, "name");
		const struct at *here = AT_I(at, i);

		check_common(pod, here, c);
		check_init_restarts(e, here, c);
		if (has_text(regular, S("name"), name) ||
		    (name.n && is_used_before(list, i, S("name"), name)))
			check_duplicate(e, AT(here, "name"), check_text(e, name));
		/* the original checks each alone, and so calls it the first */
		check_host_ports(e, AT_I(at, 0), c, ports);
		if (containers_is_sidecar(c)) {
			check_life(pod, here, c);
			continue;
		}
		forbid_life(e, here, c);
		check_init_resize(e, AT(here, "resizePolicy"), GET(c, "resizePolicy"));
	}
}

/* What only containers of the Pod's own life have. */
static void check_lasting(struct fielderrs *e, const struct at *here, node c)
{
	static const struct {
		str field;
		bool may_be_empty;
	} lasting[] = {
		{ S("ports"), false },		{ S("resources"), true },
		{ S("livenessProbe"), false },	{ S("readinessProbe"), false },
		{ S("startupProbe"), false },	{ S("lifecycle"), false },
		{ S("resizePolicy"), false },	{ S("restartPolicy"), false },
		{ S("restartPolicyRules"), false },
	};
	static const str paths[] = { S("subPath"), S("subPathExpr") };
	static const char why[] = "cannot be set for an Ephemeral Container";
	node mounts = GET(c, "volumeMounts");

	for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
		node value = node_get(c, lasting[i].field);

		if (!node_is_nil(value) && (!lasting[i].may_be_empty || node_len(value)))
			check_forbidden(e, AT_NAMED(here, lasting[i].field), why);
	}
	for (size_t m = 0; m < node_len(mounts); m++)
		for (size_t p = 0; p < sizeof paths / sizeof *paths; p++)
			if (text_of(node_at(mounts, m), paths[p]).n)
				check_forbidden(e, AT_NAMED(AT_I(AT(here, "volumeMounts"), m), paths[p]),
						why);
}

static void check_ephemeral(const struct containers_pod *pod)
{
	struct fielderrs *e = pod->errors;
	node list = GET(pod->spec, "ephemeralContainers"), regular = GET(pod->spec, "containers");
	node init = GET(pod->spec, "initContainers");

	for (size_t i = 0; i < node_len(list); i++) {
		node c = node_at(list, i);
		str name = TEXT_OF(c, "name"), target = TEXT_OF(c, "targetContainerName");
		const struct at *here = AT_I(AT(pod->at, "ephemeralContainers"), i);

		check_common(pod, here, c);
		check_spaces(e, here, c);
		if (has_text(regular, S("name"), name) || has_text(init, S("name"), name) ||
		    is_used_before(list, i, S("name"), name))
			check_duplicate(e, AT(here, "name"), check_text(e, name));
		if (target.n && !has_text(regular, S("name"), target) && !has_text(init, S("name"), target))
			check_not_found(e, AT(here, "targetContainerName"), GET(c, "targetContainerName"));
		check_lasting(e, here, c);
	}
}

void containers_check(const struct containers_pod *pod)
{
	check_regular(pod);
	check_init(pod);
	check_ephemeral(pod);
	if (!pod->is_pod)
		return;
	for (int init = 0; init < 2; init++) {
		node list = init ? GET(pod->spec, "initContainers") : GET(pod->spec, "containers");
		const struct at *at = init ? AT(pod->at, "initContainers") : AT(pod->at, "containers");

		for (size_t i = 0; i < node_len(list); i++)
			check_spaces(pod->errors, AT_I(at, i), node_at(list, i));
	}
}
