/* A repository that tools/golden recorded in tests/golden/AREA: manifests, blobs and
 * referrers by digest, in place of a registry. For the tests of signatures. */
#ifndef SOURCE_REPO_TEST_H
#define SOURCE_REPO_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/fs.h"
#include "source/cosign.h"
#include "text/base64.h"
#include "value/json.h"

struct repo {
	struct arena a;
	const char *area;
	node data;
	str digest;
};

static inline str golden(struct arena *a, const char *area, const char *name)
{
	str text;

	assert_null(fs_read_any(a, arena_printf(a, "%s/%s/%s", getenv("GOLDEN"), area, name), 1 << 20,
				&text));
	return text;
}

static inline err *missing(void)
{
	return err_new(ERR_NOT_FOUND, "MANIFEST_UNKNOWN: manifest unknown");
}

static inline err *get_manifest(void *ctx, struct arena *a, str wanted, struct ocimanifest *out)
{
	struct repo *r = ctx;
	node n = node_get(node_get(r->data, S("manifests")), wanted);

	return n.kind == NODE_STR ? ocimanifest_read(a, node_str(n), STR_NONE, out) : missing();
}

static inline err *get_blob(void *ctx, struct arena *a, const struct ocidescriptor *d, size_t max, str *out)
{
	struct repo *r = ctx;
	node n = node_get(node_get(r->data, S("blobs")), d->digest);

	*out = node_str(n);
	if (n.kind != NODE_STR) {	/* what is no text is recorded as base64 */
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		n = node_get(node_get(r->data, S("binary")), d->digest);
		assert_null(base64_read(&b, node_str(n), BASE64_STD));
		*out = arena_str(a, buf_str(&b));
	}
	return n.kind == NODE_STR && out->n <= max ? NULL : missing();
}

static inline err *get_referrers(void *ctx, struct arena *a, str digest, struct ocidescriptor **out,
			  size_t *n)
{
	struct repo *r = ctx;
	node list = node_get(node_get(r->data, S("referrers")), digest);

	*out = arena_array(a, struct ocidescriptor, node_len(list));
	node_each_item(i, list)
		(*out)[(*n)++].digest = node_str(node_get(*i, S("digest")));
	return *n ? NULL : missing();
}

static inline void open_repo(struct repo *r, const char *area, const char *name)
{
	*r = (struct repo){ .area = area };
	assert_null(json_read(&r->a, golden(&r->a, r->area, arena_printf(&r->a, "%s.json", name).p), NULL,
			      &r->data));
	r->digest = node_str(node_get(r->data, S("digest")));
}

/* The whole text of the repository with one thing in it replaced. */
static inline void change(struct repo *r, const char *name, const char *from, const char *to)
{
	str text = golden(&r->a, r->area, arena_printf(&r->a, "%s.json", name).p);
	size_t at = str_find(text, str_c(from));

	assert_true(at != STR_NPOS);
	text = arena_cat(&r->a, str_sub(text, 0, at), str_c(to), str_from(text, at + strlen(from)));
	assert_null(json_read(&r->a, text, NULL, &r->data));
}

static inline void assert_refused(err *e, const char *want)
{
	if (!e)
		fail_msg("accepted, not: %s", want);
	if (!str_has(err_text(e), str_c(want)))
		fail_msg("\"%s\" has no \"%s\"", err_msg(e), want);
	err_free(e);
}

#endif
