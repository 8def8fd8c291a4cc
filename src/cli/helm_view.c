/* helm_view - a record with the names of Go's fields, for `helm get all
 * --template`: {{ .Release.Chart.Metadata.AppVersion }}. */
#include "cli/helm_cluster.h"

enum kind { TEXT, NUMBER, SWITCH, TIME, AS_IS, ONE, MANY };

struct field {
	const char *json, *go;
	enum kind kind;
	const struct field *fields;	/* of ONE and MANY */
};

static const struct field execution[] = {
	{ "started_at", "StartedAt", TIME, NULL },
	{ "completed_at", "CompletedAt", TIME, NULL },
	{ "phase", "Phase", TEXT, NULL },
	{ 0 },
};

static const struct field hook[] = {
	{ "name", "Name", TEXT, NULL },
	{ "kind", "Kind", TEXT, NULL },
	{ "path", "Path", TEXT, NULL },
	{ "manifest", "Manifest", TEXT, NULL },
	{ "events", "Events", AS_IS, NULL },
	{ "last_run", "LastRun", ONE, execution },
	{ "weight", "Weight", NUMBER, NULL },
	{ "delete_policies", "DeletePolicies", AS_IS, NULL },
	{ "output_log_policies", "OutputLogPolicies", AS_IS, NULL },
	{ 0 },
};

static const struct field info[] = {
	{ "first_deployed", "FirstDeployed", TIME, NULL },
	{ "last_deployed", "LastDeployed", TIME, NULL },
	{ "deleted", "Deleted", TIME, NULL },
	{ "description", "Description", TEXT, NULL },
	{ "status", "Status", TEXT, NULL },
	{ "rollback_revision", "RollbackRevision", NUMBER, NULL },
	{ "notes", "Notes", TEXT, NULL },
	{ 0 },
};

static const struct field file[] = {
	{ "name", "Name", TEXT, NULL },
	{ "data", "Data", TEXT, NULL },
	{ "modtime", "ModTime", TIME, NULL },
	{ 0 },
};

static const struct field maintainer[] = {
	{ "name", "Name", TEXT, NULL },
	{ "email", "Email", TEXT, NULL },
	{ "url", "URL", TEXT, NULL },
	{ 0 },
};

static const struct field dependency[] = {
	{ "name", "Name", TEXT, NULL },
	{ "version", "Version", TEXT, NULL },
	{ "repository", "Repository", TEXT, NULL },
	{ "condition", "Condition", TEXT, NULL },
	{ "tags", "Tags", AS_IS, NULL },
	{ "enabled", "Enabled", SWITCH, NULL },
	{ "import-values", "ImportValues", AS_IS, NULL },
	{ "alias", "Alias", TEXT, NULL },
	{ 0 },
};

static const struct field metadata[] = {
	{ "name", "Name", TEXT, NULL },
	{ "home", "Home", TEXT, NULL },
	{ "sources", "Sources", AS_IS, NULL },
	{ "version", "Version", TEXT, NULL },
	{ "description", "Description", TEXT, NULL },
	{ "keywords", "Keywords", AS_IS, NULL },
	{ "maintainers", "Maintainers", MANY, maintainer },
	{ "icon", "Icon", TEXT, NULL },
	{ "apiVersion", "APIVersion", TEXT, NULL },
	{ "condition", "Condition", TEXT, NULL },
	{ "tags", "Tags", TEXT, NULL },
	{ "appVersion", "AppVersion", TEXT, NULL },
	{ "deprecated", "Deprecated", SWITCH, NULL },
	{ "annotations", "Annotations", AS_IS, NULL },
	{ "kubeVersion", "KubeVersion", TEXT, NULL },
	{ "dependencies", "Dependencies", MANY, dependency },
	{ "type", "Type", TEXT, NULL },
	{ 0 },
};

static const struct field lock[] = {
	{ "generated", "Generated", TIME, NULL },
	{ "digest", "Digest", TEXT, NULL },
	{ "dependencies", "Dependencies", MANY, dependency },
	{ 0 },
};

static const struct field chart[] = {
	{ "metadata", "Metadata", ONE, metadata },
	{ "lock", "Lock", ONE, lock },
	{ "templates", "Templates", MANY, file },
	{ "values", "Values", AS_IS, NULL },
	{ "schema", "Schema", TEXT, NULL },
	{ "schemamodtime", "SchemaModTime", TIME, NULL },
	{ "files", "Files", MANY, file },
	{ "modtime", "ModTime", TIME, NULL },
	{ 0 },
};

static const struct field release[] = {
	{ "name", "Name", TEXT, NULL },
	{ "info", "Info", ONE, info },
	{ "chart", "Chart", ONE, chart },
	{ "config", "Config", AS_IS, NULL },
	{ "manifest", "Manifest", TEXT, NULL },
	{ "hooks", "Hooks", MANY, hook },
	{ "version", "Version", NUMBER, NULL },
	{ "namespace", "Namespace", TEXT, NULL },
	{ "apply_method", "ApplyMethod", TEXT, NULL },
	{ 0 },
};

static node view(struct arena *a, const struct field *fields, node from);

static node view_time(struct arena *a, node value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gotime t = GOTIME_ZERO;

	if (node_str(value).n)
		err_free(gotime_parse(&t, GOTIME_RFC3339, node_str(value), NULL));
	gotime_format(&b, t, GOTIME_STRING);
	return node_copy_str(a, buf_str(&b));
}

static node view_many(struct arena *a, const struct field *fields, node from)
{
	node out = node_seq(a, node_len(from));

	node_each_item(i, from)
		node_append(a, out, view(a, fields, *i));
	return out;
}

/* What is not there is Go's zero value. */
static node view_field(struct arena *a, const struct field *f, node value)
{
	switch (f->kind) {
	case TEXT:
		return node_from_str(a, node_str(value));
	case NUMBER:
		return node_from_int(node_int(value));
	case SWITCH:
		return node_from_bool(node_bool(value));
	case TIME:
		return view_time(a, value);
	case ONE:
		return view(a, f->fields, value);
	case MANY:
		return view_many(a, f->fields, value);
	case AS_IS:
		break;
	}
	return value.kind == NODE_NONE ? node_null() : value;
}

static node view(struct arena *a, const struct field *fields, node from)
{
	node out = node_map(a, 16);

	for (const struct field *f = fields; f->json; f++)
		node_set(a, out, str_c(f->go), view_field(a, f, node_get(from, str_c(f->json))));
	return out;
}

node helm_release_view(struct arena *a, node record, node labels)
{
	node out = view(a, release, record);

	node_set(a, out, S("Labels"), labels.kind == NODE_MAP ? labels : node_map(a, 0));
	return out;
}
