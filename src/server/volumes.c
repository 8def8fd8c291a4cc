#include "server/volumes.h"

#include <ctype.h>

#include "base/ascii.h"
#include "server/claims.h"
#include "text/quantity.h"
#include "text/quote.h"

/* One source of one volume. */
struct source {
	struct fielderrs *e;
	const struct at *at;	/* of the source */
	const struct at *volume;
	node in;
	str name;		/* of the volume */
	str pod_name;		/* empty in a template, and for PersistentVolumes */
	bool placed;		/* of a PersistentVolume: there is an affinity to nodes */
};

struct source_rule {
	const char *field;
	const char *second;	/* what it is called where it is one too many; NULL: `field` */
	const char *path;	/* what its own errors are below; NULL: `field` */
	const char *required[4];
	bool joins;		/* it may stand beside another */
	void (*more)(const struct source *s);
};

/* ---- paths and modes ------------------------------------------------------ */

static void check_backsteps(struct fielderrs *e, const struct at *at, str path)
{
	str rest = path, step;

	while (str_cut(&rest, &step, '/'))
		if (str_eq(step, S(".."))) {
			check_invalid_text(e, at, path, "must not contain '..'");
			return;
		}
}

void volumes_check_descending(struct fielderrs *e, const struct at *at, str path)
{
	if (str_starts(path, S("/")))
		check_invalid_text(e, at, path, "must be a relative path");
	check_backsteps(e, at, path);
}

void volumes_check_path(struct fielderrs *e, const struct at *at, str path)
{
	volumes_check_descending(e, at, path);
	if (str_starts(path, S("..")) && !str_starts(path, S("../")))
		check_invalid_text(e, at, path, "must not start with '..'");
}

void volumes_check_mode(struct fielderrs *e, const struct at *at, node mode)
{
	if (node_is_num(mode) && (node_int(mode) > 0777 || node_int(mode) < 0))
		check_invalid(e, at, mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

static void check_items(struct fielderrs *e, const struct at *at, node items)
{
	for (size_t i = 0; i < node_len(items); i++) {
		node item = node_at(items, i);
		const struct at *here = AT_I(at, i);

		if (!TEXT_OF(item, "key").n)
			check_required(e, AT(here, "key"));
		if (!TEXT_OF(item, "path").n)
			check_required(e, AT(here, "path"));
		volumes_check_path(e, AT(here, "path"), TEXT_OF(item, "path"));
		volumes_check_mode(e, AT(here, "mode"), GET(item, "mode"));
	}
}

static void check_file(struct fielderrs *e, const struct at *at, node file)
{
	node field = GET(file, "fieldRef"), resource = GET(file, "resourceFieldRef");

	if (!TEXT_OF(file, "path").n)
		check_required(e, AT(at, "path"));
	volumes_check_path(e, AT(at, "path"), TEXT_OF(file, "path"));
	if (!node_is_nil(field)) {
		volumes_check_field_ref(e, AT(at, "fieldRef"), field, VOLUMES_REF_FILE);
		if (!node_is_nil(resource))
			check_invalid_text(e, at, S("resource"), "fieldRef and resourceFieldRef can not be "
								 "specified simultaneously");
	} else if (!node_is_nil(resource)) {
		volumes_check_resource_ref(e, AT(at, "resourceFieldRef"), resource, VOLUMES_REF_FILE);
	} else {
		check_required_why(e, at, "one of fieldRef and resourceFieldRef is required");
	}
	volumes_check_mode(e, AT(at, "mode"), GET(file, "mode"));
}

/* ---- sources that need more than fields ------------------------------------ */

static void empty_dir(const struct source *s)
{
	struct quantity q;
	node limit = GET(s->in, "sizeLimit");

	if (!node_is(limit, NODE_STR))
		return;
	err *bad = quantity_parse(s->e->arena, node_str(limit), &q);

	if (!bad && quantity_sign(&q) < 0)
		check_forbidden(s->e, AT(s->at, "sizeLimit"),
				"SizeLimit field must be a valid resource quantity");
	err_free(bad);
}

static void host_path(const struct source *s)
{
	str path = TEXT_OF(s->in, "path");

	if (!path.n) {
		check_required(s->e, AT(s->at, "path"));
		return;
	}
	check_backsteps(s->e, AT(s->at, "path"), path);
	if (HAS(s->in, "type"))
		ONE_OF(s->e, AT(s->at, "type"), GET(s->in, "type"), "", "BlockDevice", "CharDevice",
		       "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket");
}

static void git_repo(const struct source *s)
{
	volumes_check_descending(s->e, AT(s->at, "directory"), TEXT_OF(s->in, "directory"));
}

static void disk_partition(const struct source *s)
{
	int64_t partition = INT_OF(s->in, "partition");

	if (partition < 0 || partition > 255)
		check_invalid(s->e, AT(s->at, "partition"), GET(s->in, "partition"),
			      "must be between 1 and 255, inclusive");
}

static void secret(const struct source *s)
{
	volumes_check_mode(s->e, AT(s->at, "defaultMode"), GET(s->in, "defaultMode"));
	check_items(s->e, AT(s->at, "items"), GET(s->in, "items"));
}

static void nfs(const struct source *s)
{
	str path = TEXT_OF(s->in, "path");

	if (!str_starts(path, S("/")))
		check_invalid_text(s->e, AT(s->at, "path"), path, "must be an absolute path");
}

static bool all(str s, bool (*is)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is(s.p[i]))
			return false;
	return true;
}

static bool is_host_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.';
}

static bool is_target_char(char c)
{
	return !isspace((unsigned char)c) && !strchr(",;*&$|", c);
}

static bool is_alnum_char(char c)
{
	return isalnum((unsigned char)c);
}

/* "iqn.2001-04.com.example:storage"; searched for at the end, as the original does. */
static bool has_iqn(str s)
{
	for (size_t i = 0; i + 12 < s.n; i++) {
		str rest = str_from(s, i), host, target;

		if (!str_take_str(&rest, S("iqn.")) || !all(str_sub(rest, 0, 4), ascii_is_digit) ||
		    rest.n < 8 || rest.p[4] != '-' || !all(str_sub(rest, 5, 7), ascii_is_digit) ||
		    rest.p[7] != '.')
			continue;
		rest = str_from(rest, 8);
		if (!str_split(rest, ':', &host, &target))
			continue;
		if (host.n && all(host, is_host_char) && target.n && all(target, is_target_char))
			return true;
	}
	return false;
}

static bool fits_initiator(str name)
{
	if (str_starts(name, S("iqn")))
		return has_iqn(name);
	if (str_starts(name, S("eui")))
		return name.n == 20 && all(str_from(name, 4), is_alnum_char);
	return name.n == 36 && all(str_from(name, 4), is_alnum_char);
}

static bool is_initiator(str name)
{
	return str_starts(name, S("iqn")) || str_starts(name, S("eui")) || str_starts(name, S("naa"));
}

static void iscsi_common(const struct source *s, const char *bad_start)
{
	str iqn = TEXT_OF(s->in, "iqn");
	bool chap = BOOL_OF(s->in, "chapAuthDiscovery") || BOOL_OF(s->in, "chapAuthSession");
	int64_t lun = INT_OF(s->in, "lun");

	if (!iqn.n)
		check_required(s->e, AT(s->at, "iqn"));
	else if (!is_initiator(iqn))
		check_invalid_text(s->e, AT(s->at, "iqn"), iqn, "%s", bad_start);
	else if (!fits_initiator(iqn))
		check_invalid_text(s->e, AT(s->at, "iqn"), iqn, "must be valid format");
	if (lun < 0 || lun > 255)
		check_invalid(s->e, AT(s->at, "lun"), GET(s->in, "lun"),
			      "must be between 0 and 255, inclusive");
	if (chap && LACKS(s->in, "secretRef"))
		check_required(s->e, AT(s->at, "secretRef"));
}

static void iscsi_initiator(const struct source *s, const char *bad_start)
{
	str name = TEXT_OF(s->in, "initiatorName");
	const struct at *at = AT(s->at, "initiatorname");

	if (LACKS(s->in, "initiatorName"))
		return;
	if (!is_initiator(name))
		check_invalid_text(s->e, at, name, "%s", bad_start);
	else if (!fits_initiator(name))
		check_invalid_text(s->e, at, name, "must be valid format");
}

#define BAD_START "must be valid format starting with iqn, eui, or naa"
#define TOO_LONG_TARGET                                                                     \
	"Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if " \
	"iscsi.initiatorName is specified."

static bool is_long_target(const struct source *s)
{
	return HAS(s->in, "initiatorName") && s->name.n + 1 + TEXT_OF(s->in, "targetPortal").n > 64;
}

static void iscsi(const struct source *s)
{
	iscsi_common(s, BAD_START);
	iscsi_initiator(s, BAD_START);
	if (is_long_target(s))
		check_invalid_text(s->e, AT(s->volume, "name"), s->name, TOO_LONG_TARGET);
}

static void iscsi_persistent(const struct source *s)
{
	node ref = GET(s->in, "secretRef");

	if (is_long_target(s))
		check_invalid_text(s->e, AT(s->at, "targetportal"), TEXT_OF(s->in, "targetPortal"),
				   TOO_LONG_TARGET);
	iscsi_common(s, "must be valid format");
	if (!node_is_nil(ref) && !TEXT_OF(ref, "name").n)
		check_required(s->e, AT(AT(s->at, "secretRef"), "name"));
	iscsi_initiator(s, "must be valid format");
}

static void fibre_channel(const struct source *s)
{
	node names = GET(s->in, "targetWWNs"), ids = GET(s->in, "wwids"), lun = GET(s->in, "lun");
	const struct at *at = AT(s->at, "targetWWNs");

	if (!node_len(names) && !node_len(ids))
		check_required_why(s->e, at, "must specify either targetWWNs or wwids, but not both");
	if (node_len(names) && node_len(ids))
		check_invalid(s->e, at, names, "targetWWNs and wwids can not be specified simultaneously");
	if (!node_len(names))
		return;
	if (node_is_nil(lun))
		check_required_why(s->e, AT(s->at, "lun"), "lun is required if targetWWNs is specified");
	else if (node_int(lun) < 0 || node_int(lun) > 255)
		check_invalid(s->e, AT(s->at, "lun"), lun, "must be between 0 and 255, inclusive");
}

/* "host:port" as net.SplitHostPort takes it. */
static bool is_host_port(str s)
{
	size_t colon = str_rfind_char(s, ':');

	if (colon == STR_NPOS)
		return false;
	str host = str_sub(s, 0, colon);

	if (str_starts(host, S("[")))
		return str_find_char(host, ']') == host.n - 1;
	return str_find_char(host, ':') == STR_NPOS && str_find_char(s, '[') == STR_NPOS &&
	       str_find_char(s, ']') == STR_NPOS;
}

static void quobyte(const struct source *s)
{
	str registry = TEXT_OF(s->in, "registry"), rest = registry, pair;
	const struct at *at = AT(s->at, "registry");

#define PAIRS "must be a host:port pair or multiple pairs separated by commas"
	if (!registry.n)
		check_required_why(s->e, at, PAIRS);
	else if (TEXT_OF(s->in, "tenant").n >= 65)
		check_required_why(s->e, AT(s->at, "tenant"),
				   "must be a UUID and may not exceed a length of 64 characters");
	else
		while (str_cut(&rest, &pair, ','))
			if (!is_host_port(pair))
				check_invalid_text(s->e, at, registry, PAIRS);
	if (!TEXT_OF(s->in, "volume").n)
		check_required(s->e, AT(s->at, "volume"));
#undef PAIRS
}

static void flocker(const struct source *s)
{
	str name = TEXT_OF(s->in, "datasetName"), uuid = TEXT_OF(s->in, "datasetUUID");

	if (!name.n && !uuid.n)
		check_required_why(s->e, s->at, "one of datasetName and datasetUUID is required");
	if (name.n && uuid.n)
		check_invalid_text(s->e, s->at, S("resource"),
				   "datasetName and datasetUUID can not be specified simultaneously");
	if (str_find_char(name, '/') != STR_NPOS)
		check_invalid_text(s->e, AT(s->at, "datasetName"), name, "must not contain '/'");
}

/* All files say where the volume is, not where they are. */
static void downward_api(const struct source *s)
{
	volumes_check_mode(s->e, AT(s->at, "defaultMode"), GET(s->in, "defaultMode"));
	node_each_item(file, GET(s->in, "items"))
		check_file(s->e, s->at, *file);
}

static void secret_name(const struct source *s)
{
	node ref = GET(s->in, "secretRef");

	if (!node_is_nil(ref) && !TEXT_OF(ref, "name").n)
		check_required(s->e, AT(AT(s->at, "secretRef"), "name"));
}

static void secret_name_and_namespace(const struct source *s)
{
	node ref = GET(s->in, "secretRef");

	secret_name(s);
	if (!node_is_nil(ref) && !TEXT_OF(ref, "namespace").n)
		check_required(s->e, AT(AT(s->at, "secretRef"), "namespace"));
}

static void monitors(const struct source *s)
{
	if (!node_len(GET(s->in, "monitors")))
		check_required(s->e, AT(s->at, "monitors"));
}

static void rbd(const struct source *s)
{
	monitors(s);
	if (!TEXT_OF(s->in, "image").n)
		check_required(s->e, AT(s->at, "image"));
}

static bool is_reserved(struct fielderrs *e, str key)
{
	str space = key, rest;

	str_split(key, '/', &space, &rest);
	str low = arena_cat(e->arena, S("."), arena_lower(e->arena, space));

	return str_ends(low, S(".kubernetes.io")) || str_ends(low, S(".k8s.io"));
}

static void flex(const struct source *s)
{
	node_each_pair(p, GET(s->in, "options"))
		if (is_reserved(s->e, node_str(p->key)))
			check_invalid(s->e, AT_K(AT(s->at, "options"), node_str(p->key)), p->key,
				      "kubernetes.io and k8s.io namespaces are reserved");
}

static void azure_file_persistent(const struct source *s)
{
	node namespace = GET(s->in, "secretNamespace");

	if (!node_is_nil(namespace) && !node_str(namespace).n)
		check_required(s->e, AT(s->at, "secretNamespace"));
}

static void azure_disk(const struct source *s)
{
	str kind = TEXT_OF(s->in, "kind"), uri = TEXT_OF(s->in, "diskURI");
	const struct at *at = AT(s->at, "diskURI");

	if (HAS(s->in, "cachingMode"))
		ONE_OF(s->e, AT(s->at, "cachingMode"), GET(s->in, "cachingMode"), "None", "ReadOnly",
		       "ReadWrite");
	if (LACKS(s->in, "kind"))
		return;
	ONE_OF(s->e, AT(s->at, "kind"), GET(s->in, "kind"), "Dedicated", "Managed", "Shared");
	if (str_eq(kind, S("Managed"))) {
		if (!str_starts(uri, S("/subscriptions/")))
			ONE_OF(s->e, at, GET(s->in, "diskURI"),
			       "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/"
			       "microsoft.compute/disks/{disk-id}");
	} else if (!str_starts(uri, S("https://"))) {
		ONE_OF(s->e, at, GET(s->in, "diskURI"),
		       "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd");
	}
}

static void storage_os(const struct source *s)
{
	str name = TEXT_OF(s->in, "volumeName"), namespace = TEXT_OF(s->in, "volumeNamespace");

	if (name.n)
		check_name(s->e, AT(s->at, "volumeName"), name, NAME_DNS_LABEL);
	if (namespace.n)
		check_name(s->e, AT(s->at, "volumeNamespace"), namespace, NAME_DNS_LABEL);
	secret_name(s);
}

static void storage_os_persistent(const struct source *s)
{
	storage_os(s);
	node ref = GET(s->in, "secretRef");

	if (!node_is_nil(ref) && !TEXT_OF(ref, "namespace").n)
		check_required(s->e, AT(AT(s->at, "secretRef"), "namespace"));
}

void volumes_check_driver(struct fielderrs *e, const struct at *at, str name)
{
	str why[NAME_COMPLAINTS_MAX];

	if (!name.n) {
		check_required(e, at);
		return;
	}
	if (name.n > 63)
		check_too_long(e, at, 63);
	size_t n = name_complaints(arena_lower(e->arena, name), NAME_DNS_SUBDOMAIN, why);

	for (size_t i = 0; i < n; i++)
		check_invalid_text(e, at, name, "%.*s", STR_ARG(why[i]));
}

static void csi(const struct source *s)
{
	node ref = GET(s->in, "nodePublishSecretRef");
	str name = TEXT_OF(ref, "name");

	volumes_check_driver(s->e, AT(s->at, "driver"), TEXT_OF(s->in, "driver"));
	if (node_is_nil(ref))
		return;
	if (!name.n)
		check_required(s->e, AT(AT(s->at, "nodePublishSecretRef"), "name"));
	else
		check_name(s->e, AT(s->at, "name"), name, NAME_DNS_SUBDOMAIN);
}

static void csi_persistent(const struct source *s)
{
	static const str refs[] = { S("controllerPublishSecretRef"), S("controllerExpandSecretRef"),
				    S("nodePublishSecretRef"), S("nodeExpandSecretRef") };

	volumes_check_driver(s->e, AT(s->at, "driver"), TEXT_OF(s->in, "driver"));
	if (!TEXT_OF(s->in, "volumeHandle").n)
		check_required(s->e, AT(s->at, "volumeHandle"));
	for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
		node ref = node_get(s->in, refs[i]);
		const struct at *at = AT_NAMED(s->at, refs[i]);

		if (node_is_nil(ref))
			continue;
		if (!TEXT_OF(ref, "name").n)
			check_required(s->e, AT(at, "name"));
		else
			check_name(s->e, AT(at, "name"), TEXT_OF(ref, "name"), NAME_DNS_SUBDOMAIN);
		if (!TEXT_OF(ref, "namespace").n)
			check_required(s->e, AT(at, "namespace"));
		else
			check_name(s->e, AT(at, "namespace"), TEXT_OF(ref, "namespace"), NAME_DNS_LABEL);
	}
}

static void local_path(const struct source *s)
{
	str path = TEXT_OF(s->in, "path");

	if (path.n)
		check_backsteps(s->e, AT(s->at, "path"), path);
	if (!s->placed)
		check_required_why(s->e, AT(s->volume, "nodeAffinity"),
				   "Local volume requires node affinity");
}

static void glusterfs_persistent(const struct source *s)
{
	node namespace = GET(s->in, "endpointsNamespace");
	const struct at *at = AT(s->at, "endpointsNamespace");

	if (node_is_nil(namespace))
		return;
	if (!node_str(namespace).n)
		check_invalid(s->e, at, namespace,
			      "if the endpointnamespace is set, it must be a valid namespace name");
	else
		check_name(s->e, at, node_str(namespace), NAME_DNS_LABEL);
}

static void image(const struct source *s)
{
	str reference = TEXT_OF(s->in, "reference");

	if (s->pod_name.n && !reference.n)
		check_required(s->e, AT(s->at, "reference"));
	if (TEXT_OF(s->in, "pullPolicy").n)
		ONE_OF(s->e, AT(s->at, "pullPolicy"), GET(s->in, "pullPolicy"), "Always", "IfNotPresent",
		       "Never");
	else
		check_required(s->e, AT(s->at, "pullPolicy"));
}

static void ephemeral(const struct source *s)
{
	node template = GET(s->in, "volumeClaimTemplate");
	str why[NAME_COMPLAINTS_MAX];

	if (node_is_nil(template)) {
		check_required(s->e, AT(s->at, "volumeClaimTemplate"));
	} else {
		const struct at *at = AT(s->at, "volumeClaimTemplate");

		volumes_check_template_metadata(s->e, AT(at, "metadata"), GET(template, "metadata"));
		claims_check_spec(s->e, AT(at, "spec"), GET(template, "spec"), NODE_NOTHING);
	}
	if (!s->pod_name.n || !s->name.n)
		return;
	str claim = arena_cat(s->e->arena, s->pod_name, S("-"), s->name);
	size_t n = name_complaints(claim, NAME_DNS_SUBDOMAIN, why);

	for (size_t i = 0; i < n; i++)
		check_invalid_text(s->e, AT(s->volume, "name"), s->name, "PVC name %.*s: %.*s",
				   STR_ARG(quote_str(s->e->arena, claim)), STR_ARG(why[i]));
}

/* ---- projected ------------------------------------------------------------- */

/* Paths that files have already; a second one is an error about the volume. */
static void note_path(const struct source *s, node seen, str path, node shown)
{
	if (!path.n)
		return;
	if (node_has(seen, path))
		check_invalid(s->e, s->at, shown, "conflicting duplicate paths");
	else
		node_set(s->e->arena, seen, path, node_null());
}

static void projected_items(const struct source *s, const struct at *at, node from, node seen)
{
	node items = GET(from, "items");

	if (!TEXT_OF(from, "name").n)
		check_required(s->e, AT(at, "name"));
	check_items(s->e, AT(at, "items"), items);
	node_each_item(item, items)
		note_path(s, seen, TEXT_OF(*item, "path"), check_text(s->e, TEXT_OF(from, "name")));
}

static void projected_token(const struct source *s, const struct at *at, node token)
{
	node seconds = GET(token, "expirationSeconds");
	int64_t n = node_int(seconds);

	if (n < 600)
		check_invalid(s->e, AT(at, "expirationSeconds"), node_from_int(n),
			      "may not specify a duration less than 10 minutes");
	if (n > INT64_C(1) << 32)
		check_invalid(s->e, AT(at, "expirationSeconds"), seconds,
			      "may not specify a duration larger than 2^32 seconds");
	if (!TEXT_OF(token, "path").n)
		check_required(s->e, AT(s->at, "path"));
	else
		volumes_check_path(s->e, AT(s->at, "path"), TEXT_OF(token, "path"));
}

static void projected(const struct source *s)
{
	static const char *const kinds[] = { "secret", "configMap", "downwardAPI", "serviceAccountToken",
					     NULL };
	node sources = GET(s->in, "sources"), seen = node_map(s->e->arena, 0);

	volumes_check_mode(s->e, AT(s->at, "defaultMode"), GET(s->in, "defaultMode"));
	for (size_t i = 0; i < node_len(sources); i++) {
		node one = node_at(sources, i);
		const struct at *at = AT_I(AT(s->at, "sources"), i);

		if (HAS(one, "secret"))
			projected_items(s, AT(at, "secret"), GET(one, "secret"), seen);
		if (HAS(one, "configMap"))
			projected_items(s, AT(at, "configMap"), GET(one, "configMap"), seen);
		node_each_item(file, GET(GET(one, "downwardAPI"), "items")) {
			check_file(s->e, AT(at, "downwardAPI"), *file);
			note_path(s, seen, TEXT_OF(*file, "path"), GET(*file, "path"));
		}
		if (HAS(one, "serviceAccountToken"))
			projected_token(s, AT(at, "serviceAccountToken"), GET(one, "serviceAccountToken"));
		if (check_count(one, kinds) > 1)
			check_forbidden(s->e, at, "may not specify more than 1 volume type per source");
	}
}

/* ---- the tables ------------------------------------------------------------- */

static const struct source_rule pod_sources[] = {
	{ "emptyDir", .more = empty_dir },
	{ "hostPath", .more = host_path },
	{ "gitRepo", .required = { "repository" }, .more = git_repo },
	{ "gcePersistentDisk", .path = "persistentDisk", .required = { "pdName" }, .more = disk_partition },
	{ "awsElasticBlockStore", .required = { "volumeID" }, .more = disk_partition },
	{ "secret", .required = { "secretName" }, .more = secret },
	{ "nfs", .required = { "server", "path" }, .more = nfs },
	{ "iscsi", .required = { "targetPortal" }, .more = iscsi },
	{ "glusterfs", .required = { "endpoints", "path" } },
	{ "flocker", .more = flocker },
	{ "persistentVolumeClaim", .required = { "claimName" } },
	{ "rbd", .more = rbd },
	{ "cinder", .required = { "volumeID" }, .more = secret_name },
	{ "cephfs", .second = "cephFS", .more = monitors },
	{ "quobyte", .more = quobyte },
	{ "downwardAPI", .second = "downwarAPI", .more = downward_api },
	{ "fc", .more = fibre_channel },
	{ "flexVolume", .required = { "driver" }, .more = flex },
	{ "configMap", .required = { "name" }, .more = secret },
	{ "azureFile", .required = { "secretName", "shareName" } },
	{ "vsphereVolume", .required = { "volumePath" } },
	{ "photonPersistentDisk", .required = { "pdID" } },
	{ "portworxVolume", .required = { "volumeID" } },
	{ "azureDisk", .required = { "diskName", "diskURI" }, .more = azure_disk },
	{ "storageos", .required = { "volumeName" }, .more = storage_os },
	{ "projected", .more = projected },
	{ "scaleIO", .required = { "gateway", "system", "volumeName" } },
	{ "csi", .more = csi },
	{ "ephemeral", .more = ephemeral },
	{ "image", .more = image },
};

static const struct source_rule persistent_sources[] = {
	{ "hostPath", .more = host_path },
	{ "gcePersistentDisk", .path = "persistentDisk", .required = { "pdName" }, .more = disk_partition },
	{ "awsElasticBlockStore", .required = { "volumeID" }, .more = disk_partition },
	{ "glusterfs", .required = { "endpoints", "path" }, .more = glusterfs_persistent },
	{ "flocker", .more = flocker },
	{ "nfs", .required = { "server", "path" }, .more = nfs },
	{ "rbd", .more = rbd },
	{ "quobyte", .more = quobyte },
	{ "cephfs", .second = "cephFS", .more = monitors },
	{ "iscsi", .required = { "targetPortal" }, .more = iscsi_persistent },
	{ "cinder", .required = { "volumeID" }, .more = secret_name_and_namespace },
	{ "fc", .more = fibre_channel },
	{ "flexVolume", .required = { "driver" }, .joins = true, .more = flex },
	{ "azureFile", .required = { "secretName", "shareName" }, .more = azure_file_persistent },
	{ "vsphereVolume", .required = { "volumePath" } },
	{ "photonPersistentDisk", .required = { "pdID" } },
	{ "portworxVolume", .required = { "volumeID" } },
	{ "azureDisk", .required = { "diskName", "diskURI" }, .more = azure_disk },
	{ "scaleIO", .required = { "gateway", "system", "volumeName" } },
	{ "local", .required = { "path" }, .more = local_path },
	{ "storageos", .required = { "volumeName" }, .more = storage_os_persistent },
	{ "csi", .more = csi_persistent },
};

static size_t check_sources(struct source *s, node in, const struct source_rule *rules, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct source_rule *r = &rules[i];
		str second = str_c(r->second ? r->second : r->field);

		s->in = node_get(in, str_c(r->field));
		if (node_is_nil(s->in))
			continue;
		if (found && !r->joins) {
			check_forbidden(s->e, AT_NAMED(s->volume, second),
					"may not specify more than 1 volume type");
			continue;
		}
		found++;
		s->at = AT_NAMED(s->volume, str_c(r->path ? r->path : r->field));
		for (size_t f = 0; f < 4 && r->required[f]; f++)
			if (!text_of(s->in, str_c(r->required[f])).n)
				check_required(s->e, AT_NAMED(s->at, str_c(r->required[f])));
		if (r->more)
			r->more(s);
	}
	if (!found)
		check_required_why(s->e, s->volume, "must specify a volume type");
	return found;
}

size_t volumes_check_persistent(struct fielderrs *e, const struct at *at, node spec, str name,
				bool placed)
{
	struct source s = { .e = e, .volume = at, .name = name, .placed = placed };

	return check_sources(&s, spec, persistent_sources,
			     sizeof persistent_sources / sizeof *persistent_sources);
}

/* Claims that the Pod will make itself are nobody else's. */
static bool is_own_claim(struct arena *a, node volumes, str pod_name, str claim)
{
	node_each_item(v, volumes)
		if (HAS(*v, "ephemeral") &&
		    str_eq(arena_cat(a, pod_name, S("-"), TEXT_OF(*v, "name")), claim))
			return true;
	return false;
}

node volumes_check(struct fielderrs *e, const struct at *at, node volumes, str pod_name)
{
	node good = node_map(e->arena, node_len(volumes));

	for (size_t i = 0; i < node_len(volumes); i++) {
		node volume = node_at(volumes, i), claim = GET(volume, "persistentVolumeClaim");
		str name = TEXT_OF(volume, "name");
		const struct at *here = AT_I(at, i);
		struct source s = { .e = e, .volume = here, .name = name, .pod_name = pod_name };
		size_t before = e->n;

		check_sources(&s, volume, pod_sources, sizeof pod_sources / sizeof *pod_sources);
		if (!name.n)
			check_required(e, AT(here, "name"));
		else
			check_name(e, AT(here, "name"), name, NAME_DNS_LABEL);
		if (node_has(good, name))
			check_duplicate(e, AT(here, "name"), GET(volume, "name"));
		if (e->n == before)
			node_set(e->arena, good, name, volume);
		if (!node_is_nil(claim) && pod_name.n &&
		    is_own_claim(e->arena, volumes, pod_name, TEXT_OF(claim, "claimName")))
			check_invalid(e, AT(AT(here, "persistentVolumeClaim"), "claimName"),
				      GET(claim, "claimName"),
				      "must not reference a PVC that gets created for an ephemeral volume");
	}
	return good;
}

void volumes_check_template_metadata(struct fielderrs *e, const struct at *at, node metadata)
{
	static const char *const others[] = { "name", "generateName", "namespace", "selfLink", "uid",
					      "resourceVersion", "generation", "creationTimestamp",
					      "deletionTimestamp", "deletionGracePeriodSeconds",
					      "ownerReferences", "finalizers", "managedFields", NULL };

	check_annotations(e, AT(at, "annotations"), GET(metadata, "annotations"));
	check_labels(e, AT(at, "labels"), GET(metadata, "labels"));
	for (size_t i = 0; others[i]; i++) {
		str field = str_c(others[i]);

		if (node_is_nil(node_get(metadata, field)))
			continue;
		if (str_eq(field, S("uid")))	/* the field of Go's struct is UID */
			field = S("uID");
		check_forbidden(e, AT_NAMED(at, field), "cannot be set");
	}
}
