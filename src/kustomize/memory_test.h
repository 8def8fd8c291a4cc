/* memory_test - builds over files in memory, for the tests of this layer. */
#ifndef KUSTOMIZE_MEMORY_TEST_H
#define KUSTOMIZE_MEMORY_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "kustomize/build.h"

#define N(table) (sizeof(table) / sizeof *(table))

/* A build's arena and files; paths are absolute. */
struct bed {
	struct arena a;
	struct files_memory files;
	struct buf out;
};

static inline void bed_init(struct bed *b)
{
	*b = (struct bed){ .a = ARENA_INIT, .out = BUF_INIT };
	files_memory_init(&b->files);
}

static inline void bed_release(struct bed *b)
{
	files_memory_release(&b->files);
	buf_release(&b->out);
	arena_release(&b->a);
}

static inline void bed_add(struct bed *b, const char *path, str text)
{
	str *copy = arena_new(&b->a, str);

	*copy = arena_str(&b->a, text);
	files_memory_add(&b->files, arena_str(&b->a, str_c(path)), copy);
}

/* Build the target: its error, or NULL with the text in b->out. */
static inline err *bed_build(struct bed *b, const char *target)
{
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	const struct kustomize_options o = {
		.files = &b->files.files, .working_dir = S("/"), .version = S("v5.8.3"),
		.sources = &sources,
	};
	struct resmap *m;

	buf_clear(&b->out);
	TRY(kustomize_build(&b->a, &o, str_c(target), &m));
	return kustomize_print(&b->a, &sources, m, &b->out);
}

static inline void assert_fine(err *e)
{
	if (e)
		fail_msg("%.500s", err_msg(e));
}

/* The error's text has `part` in it; frees it. */
static inline void assert_says(err *e, const char *part)
{
	assert_non_null(e);
	if (!strstr(err_msg(e), part))
		fail_msg("want '%s' in '%s'", part, err_msg(e));
	err_free(e);
}

#endif
