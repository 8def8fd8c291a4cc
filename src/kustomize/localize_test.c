/* What the recorded copies (tests/e2e/kustomize_localize.sh) cannot show:
 * remote references, and trees that are made to be no good. */
#include "base/fs.h"
#include "kustomize/localize.h"
#include "kustomize/memory_test.h"
#include "text/path.h"

/* ---- a remote end ------------------------------------------------------ */

static err *fetch_file(struct remote *r, struct arena *a, str url, str *out)
{
	(void)r;
	(void)a;
	*out = S("apiVersion: v1\nkind: Service\nmetadata: {name: far}\n");
	if (str_has(url, S("gone")) || !str_has(url, S(".yaml")))
		return err_new(ERR_NOT_FOUND, "status code 404");
	return NULL;
}

/* Every repository is /clone; its base is what stands behind "//". */
static err *fetch_repo(struct remote *r, struct arena *a, str url, str *checkout, str *base)
{
	size_t at = str_find(url, S("//base"));

	(void)r;
	(void)a;
	*checkout = S("/clone");
	*base = at == STR_NPOS ? STR_NONE : S("base");
	return NULL;
}

static struct remote far = { fetch_file, fetch_repo };

/* ---- a place to copy to ------------------------------------------------ */

struct place {
	struct bed bed;
	struct fs *temp;
};

static int setup(void **state)
{
	struct place *p = mem_alloc(sizeof *p);

	bed_init(&p->bed);
	assert_fine(fs_open_temp(&p->temp, STR_NONE, S("localize-test-")));
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	bed_release(&p->bed);
	fs_drop(&p->temp);
	free(p);
	return 0;
}

static err *copy(struct place *p, const char *target, const char *scope, struct localized *out)
{
	const struct localize_options o = {
		.files = &p->bed.files.files, .remote = &far, .working_dir = fs_root(p->temp),
		.target = str_c(target), .scope = str_c(scope),
	};

	return localize(&p->bed.a, &o, out);
}

static void assert_copied(struct place *p, const char *path, const char *part)
{
	str text;

	assert_fine(fs_read(p->temp, &p->bed.a, str_c(path), 1 << 20, &text));
	if (!str_has(text, str_c(part)))
		fail_msg("%s has no '%s': %.*s", path, part, STR_ARG(text));
}

static bool is_empty(struct place *p)
{
	struct fs_entry *entries;
	size_t n;

	assert_fine(fs_list(p->temp, &p->bed.a, STR_NONE, 10, &entries, &n));
	return n == 0;
}

/* ---- tests ------------------------------------------------------------- */

static void test_remote_references(void **state)
{
	static const struct {
		const char *url, *path;
	} cases[] = {
		{ "https://u:p@example.com:8080/a/../b/x.yaml?q=1", "example.com/b/x.yaml" },
		{ "https://example.com/org/repo//base?ref=v1", "example.com/org/repo/v1/base" },
		{ "https://example.com:8443/org/repo.git?ref=v1", "example.com/org/repo/v1" },
		{ "github.com/org/repo?ref=a/b", "github.com/org/repo/a/b" },
		{ "git@github.com:org/repo.git//base?ref=v1", "github.com/org/repo/v1/base" },
		{ "ssh://git@[::1]:22/org/repo.git?ref=v1", "::1/org/repo/v1" },
		{ "file:///org/repo//base?ref=v1", "file-schemed/org/repo/v1/base" },
	};
	struct place *p = *state;
	struct localized made;

	bed_add(&p->bed, "/clone/kustomization.yaml", S("namePrefix: top-"));
	bed_add(&p->bed, "/clone/base/kustomization.yaml", S("namePrefix: below-\nresources: [a.yaml]"));
	bed_add(&p->bed, "/clone/base/a.yaml", S("{kind: A, metadata: {name: a}}"));
	for (size_t i = 0; i < N(cases); i++) {
		str text = arena_cat(&p->bed.a, S("resources: ['"), str_c(cases[i].url), S("']"));
		str want = arena_cat(&p->bed.a, S("- localized-files/"), str_c(cases[i].path), S("\n"));

		bed_add(&p->bed, "/app/kustomization.yaml", text);
		assert_fine(copy(p, "/app", "", &made));
		assert_copied(p, "localized-app/kustomization.yaml", want.p);
		bool file = str_ends(want, S(".yaml\n"));

		assert_copied(p,
			      path_join(&p->bed.a, S("localized-app/localized-files"),
					str_c(cases[i].path),
					file ? STR_NONE : S("kustomization.yaml"))
				      .p,
			      file ? "name: far" : "namePrefix: ");
		assert_fine(fs_remove_all(p->temp, S("localized-app")));
	}
}

static void test_remote_target(void **state)
{
	struct place *p = *state;
	struct localized made;

	bed_add(&p->bed, "/clone/kustomization.yaml", S("resources: [base]"));
	bed_add(&p->bed, "/clone/base/kustomization.yaml", S("namePrefix: below-"));
	assert_fine(copy(p, "https://example.com/org/repo?ref=a/b", "", &made));
	assert_copied(p, "localized-repo-a-b/base/kustomization.yaml", "below-");
	/* Where the repository is what bounds the base. */
	assert_fine(copy(p, "https://example.com/org/repo//base?ref=v1", "", &made));
	assert_copied(p, "localized-base-v1/base/kustomization.yaml", "below-");
	assert_true(str_ends(made.target, S("/localized-base-v1/base")));
}

static void test_errors(void **state)
{
	static const struct {
		const char *target, *scope, *text, *error;
	} cases[] = {
		{ "https://example.com/org/repo", "", "",
		  "localize remote root \"https://example.com/org/repo\" missing ref query string" },
		{ "https://example.com/org/repo?ref=v1", "/app", "",
		  "invalid localize scope \"/app\": scope \"/app\" specified for remote localize target" },
		{ "/app", "", "resources: ['https://example.com/gone.yaml']",
		  "could not localize path \"https://example.com/gone.yaml\" as file: invalid file "
		  "reference: status code 404; could not" },
		{ "/app", "", "components: ['https://example.com/org/repo']",
		  "localize remote root \"https://example.com/org/repo\" missing ref" },
		{ "/stored", "", "resources: ['https://example.com/x.yaml']",
		  "/stored already contains localized-files needed to store file "
		  "\"https://example.com/x.yaml\"" },
		{ "/stored", "", "components: ['https://example.com/org/repo?ref=v1']",
		  "/stored already contains localized-files needed to store root" },
	};
	struct place *p = *state;
	struct localized made;

	bed_add(&p->bed, "/clone/kustomization.yaml", S("namePrefix: top-"));
	bed_add(&p->bed, "/stored/localized-files/x", S("x"));
	for (size_t i = 0; i < N(cases); i++) {
		bed_add(&p->bed, "/app/kustomization.yaml", str_c(cases[i].text));
		bed_add(&p->bed, "/stored/kustomization.yaml", str_c(cases[i].text));
		assert_says(copy(p, cases[i].target, cases[i].scope, &made), cases[i].error);
		assert_true(is_empty(p));
	}
}

/* Each of forty roots refers twice to the next: 2^40 ways to the last. */
static void test_many_ways(void **state)
{
	struct place *p = *state;
	struct localized made;

	for (int i = 0; i < 40; i++) {
		str dir = arena_printf(&p->bed.a, "/w/%d/kustomization.yaml", i);
		str text = arena_printf(&p->bed.a, "resources: [../%d, ../%d/.]", i + 1, i + 1);

		bed_add(&p->bed, dir.p, text);
	}
	bed_add(&p->bed, "/w/40/kustomization.yaml", S("namePrefix: last-"));
	assert_fine(copy(p, "/w/0", "/w", &made));
	assert_copied(p, "localized-0/40/kustomization.yaml", "last-");
}

/* The new directory lies in one that is copied. */
static void test_inside_charts(void **state)
{
	struct place *p = *state;
	struct arena *a = &p->bed.a;
	str dir = fs_root(p->temp);
	const struct localize_options o = {
		.files = &files_disk, .working_dir = dir, .target = S("."),
		.destination = S("charts/new"),
	};
	struct localized made;

	assert_fine(fs_mkdir(p->temp, S("charts/web"), 0755));
	assert_fine(fs_create(p->temp, S("charts/web/Chart.yaml"), S("name: web"), 0644));
	assert_fine(fs_create(p->temp, S("kustomization.yaml"), S("helmGlobals: {}"), 0644));
	assert_fine(localize(a, &o, &made));
	assert_copied(p, "charts/new/charts/web/Chart.yaml", "name: web");
	assert_false(fs_is_dir(p->temp, S("charts/new/charts/new")));
}

static void test_memory(void **state)
{
	struct place *p = *state;
	CLEANUP(buf_release) struct buf big = BUF_LIMIT(2 << 20);
	struct localized made;

	while (big.n < 1 << 20)
		buf_add(&big, S("- {op: remove, path: /a/b/c/d/e/f/g/h}\n"));
	bed_add(&p->bed, "/app/kustomization.yaml", S("patches: [{path: p.yaml}]"));
	bed_add(&p->bed, "/app/p.yaml", buf_str(&big));
	p->bed.a.budget = 1 << 20;
	assert_says(copy(p, "/app", "", &made), "kustomize localize");
	assert_true(is_empty(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_remote_references, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remote_target, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inside_charts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
