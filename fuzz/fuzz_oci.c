/* Manifests, references, logins and challenges of registries: none of them is
 * ours. What is read as a manifest and written is read as the same again. */
#include <stdlib.h>

#include "source/ociauth.h"
#include "source/ocimanifest.h"

static void check_manifest(str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct ocimanifest m, again;
	err *e = ocimanifest_read(&a, text, STR_NONE, &m);

	if (!e && !m.index) {
		m.media_type = STR_NONE;
		ocimanifest_write(&b, &m);
		e = ocimanifest_read(&a, buf_str(&b), STR_NONE, &again);
		if (e || again.parts_n != m.parts_n ||
		    !str_eq(again.config.digest, m.config.digest))
			abort();
		for (size_t i = 0; i < m.parts_n; i++)
			if (!str_eq(again.parts[i].digest, m.parts[i].digest) ||
			    again.parts[i].size != m.parts[i].size)
				abort();
	}
	if (!e)
		ocimanifest_find(&m, S("linux"), S("amd64"), STR_NONE);
	err_free(e);
}

static void check_reference(str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct ociref r, again;
	err *e = ociref_parse(&a, text, &r);

	/* What it prints as names the same, unless "library/" of Docker Hub makes it too long. */
	if (!e && r.repository.n <= OCIREF_REPOSITORY_MAX) {
		e = ociref_parse(&a, ociref_text(&a, &r), &again);
		if (e || !str_eq(again.registry, r.registry) ||
		    !str_eq(again.repository, r.repository))
			abort();
	}
	err_free(e);
}

static void check_login(str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct ociref r = { .registry = S("ghcr.io"), .repository = S("org/app") };
	struct ociauth_config c;
	struct ociauth_challenge challenge;
	err *e = ociauth_read(&a, text, &c);

	if (!e)
		ociauth_find(&c, &r);
	err_free(e);
	ociauth_challenge_parse(&a, text, &challenge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };

	check_manifest(text);
	check_reference(text);
	check_login(text);
	return 0;
}
