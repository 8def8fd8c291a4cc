/* The name of a file, a directory or a repository, as resources have them:
 * nothing outside of the root is read, whatever it says. */
#include "base/die.h"
#include "kustomize/build.h"
#include "kustomize/repourl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const str secret = S("top: secret\n"), inside = S("namePrefix: a-\n");
	str path = str_of((const char *)data, size), text, real;
	struct arena a = ARENA_INIT;
	struct files_memory files;
	struct loader *top, *l;
	struct repourl url;

	files_memory_init(&files);
	files_memory_add(&files, S("/secret"), &secret);
	files_memory_add(&files, S("/rr/secret"), &secret);
	files_memory_add(&files, S("/r/kustomization.yaml"), &inside);
	files_memory_add(&files, S("/r/a/b.yaml"), &inside);
	files_memory_add(&files, S("/b/kustomization.yaml"), &inside);
	repourl_parse(&a, path, &url);
	err *e = loader_open(&a, &files.files, NULL, S("/r"), S("/"), true, &top);

	if (!e) {
		err *read = loader_read(&a, top, path, &text, &real);

		if (!read && !files_is_below(real, S("/r")))
			die_bug("read %.*s", STR_ARG(real));
		err_free(read);
		e = loader_enter(&a, top, path, &l);
		if (!e && files_is_below(S("/r"), l->root))
			die_bug("entered %.*s", STR_ARG(l->root));
	}
	err_free(e);
	files_memory_release(&files);
	arena_release(&a);
	return 0;
}
