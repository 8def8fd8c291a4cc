#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "helm/engine.h"
#include "helm/objects.h"

static const struct {
	const char *source, *want;
} rows[] = {
	{ "{{.Files.Get \"a.txt\"}}|{{.Files.Get \"../../etc/passwd\"}}|{{.Files.Get \"/etc/passwd\"}}",
	  "one\ntwo\n||" },
	{ "{{range .Files.Lines \"a.txt\"}}<{{.}}>{{end}}{{len (.Files.Lines \"no\")}}", "<one><two>0" },
	{ "{{range $n, $d := .Files.Glob \"conf/*\"}}{{$n}}:{{$d}};{{end}}",
	  "conf/x.yaml:[97 58 32 49];" },
	{ "{{(.Files.Glob \"**.yaml\").AsConfig}}", "x.yaml: 'a: 1'" },
	{ "{{(.Files.Glob \"conf/**\").AsSecrets}}", "x.yaml: YTogMQ==" },
	{ "{{len .Files}} {{typeOf .Files}} {{.Files.GetBytes \"conf/x.yaml\" | toString}}",
	  "2 engine.files a: 1" },
	{ "{{typeOf .Values}} {{typeOf .Values.AsMap}} {{.Values.PathValue \"a.b\"}} {{.Values.Table \"a\"}}",
	  "common.Values map[string]interface {} 7 map[b:7]" },
	{ "{{.Values.YAML}}", "a:\n  b: 7\n" },
	{ "{{.Capabilities.KubeVersion}} {{.Capabilities.KubeVersion.Version}} "
	  "{{.Capabilities.KubeVersion.GitVersion}} {{print .Capabilities.KubeVersion}}",
	  "v1.33.4 v1.33.4-gke.1 v1.33.4-gke.1 {v1.33.4-gke.1 v1.33.4 1 33}" },
	{ "{{.Capabilities.APIVersions.Has \"apps/v1\"}} {{.Capabilities.APIVersions.Has \"x/v1\"}} "
	  "{{typeOf .Capabilities}} {{typeOf .Capabilities.APIVersions}} {{.Capabilities.HelmVersion.Version}}",
	  "true false *common.Capabilities common.VersionSet v4.3.1" },
	{ "{{.Capabilities}} {{printf \"%v\" .Capabilities}}",
	  "{{v1.33.4-gke.1 v1.33.4 1 33} [apps/v1] {v4.3.1    }} "
	  "&{{v1.33.4-gke.1 v1.33.4 1 33} [apps/v1] {v4.3.1    }}" },
	{ "{{range .Capabilities}}{{end}}",
	  "t:1:8\n  executing \"t\" at <.Capabilities>:\n"
	  "    range can't iterate over {{v1.33.4-gke.1 v1.33.4 1 33} [apps/v1] {v4.3.1    }}" },
	{ "{{.Capabilities.KubeVersion.normalizedVersion}}",
	  "t:1:15\n  executing \"t\" at <.Capabilities.KubeVersion.normalizedVersion>:\n"
	  "    normalizedVersion is an unexported field of struct type common.KubeVersion" },
	{ "{{.Capabilities.Nope}}", "t:1:15\n  executing \"t\" at <.Capabilities.Nope>:\n"
				    "    can't evaluate field Nope in type interface {}" },
};

static node scope(struct arena *a)
{
	node dot = value_map(a, GO_VALUES, 3), values = value_map(a, GO_VALUES, 1);
	node inner = node_map(a, 1), files = objects_files(a, 2), versions = node_seq(a, 1);
	const struct objects_kube_version kube = { S("v1.33.4-gke.1"), S("v1.33.4"), S("1"), S("33") };
	const struct objects_helm_version helm = { .version = S("v4.3.1") };

	objects_add_file(a, files, S("a.txt"), S("one\ntwo\n"));
	objects_add_file(a, files, S("conf/x.yaml"), S("a: 1"));
	node_append(a, versions, node_lit("apps/v1"));
	node_set(a, inner, S("b"), node_from_int(7));
	node_set(a, values, S("a"), inner);
	node_set(a, dot, S("Files"), files);
	node_set(a, dot, S("Values"), values);
	node_set(a, dot, S("Capabilities"), objects_capabilities(a, &kube, versions, &helm));
	return dot;
}

static void test_objects_are_helms(void **state)
{
	const struct tmpl_options o = { .limits = engine_limits,
					.files_methods = objects_files_methods,
					.values_methods = objects_values_methods,
					.version_set_has = &objects_version_set_has };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct engine_file file = { S("t"), str_c(rows[i].source), S("templates") };
		struct engine_templates parsed;
		struct engine_output *out = NULL;
		const node dot = scope(&a);
		size_t n = 0;

		assert_null(engine_parse(&a, &file, 1, NULL, &parsed));
		CLEANUP(err_drop) err *e = engine_render(&a, &parsed, &dot, &o, &out, &n);

		assert_string_equal(e ? err_msg(e) : out[0].text.p, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_are_helms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
