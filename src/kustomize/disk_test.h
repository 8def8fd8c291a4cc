/* disk_test - a small artifact in a temporary directory, for tests of Flux builds. */
#ifndef KUSTOMIZE_DISK_TEST_H
#define KUSTOMIZE_DISK_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fs.h"
#include "text/replace.h"
#include "value/yaml.h"

#define N(table) (sizeof(table) / sizeof *(table))

struct file {
	const char *path, *text;
};

struct disk {
	struct fs *temp, *root;	/* the same directory: to write into, to read from */
};

static inline void need(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

static inline void disk_add(struct disk *d, const char *name, str text)
{
	str path = str_c(name);
	size_t slash = str_rfind_char(path, '/');

	if (slash != STR_NPOS)
		need(fs_mkdir(d->temp, str_sub(path, 0, slash), 0755));
	need(fs_create(d->temp, path, text, 0644));
}

/* At most `n` files; one without path ends the list. */
static inline struct disk disk_of(const struct file *files, size_t n)
{
	struct disk d = { 0 };

	need(fs_open_temp(&d.temp, STR_NONE, S("flux-test-")));
	for (size_t i = 0; i < n && files[i].path; i++)
		disk_add(&d, files[i].path, str_c(files[i].text));
	need(fs_open(&d.root, fs_root(d.temp),
		     &(const struct fs_options){ .links = FS_LINKS_INSIDE }));
	return d;
}

static inline void disk_release(struct disk *d)
{
	fs_drop(&d->root);
	fs_drop(&d->temp);
}

/* `text` with the directory for "$ROOT". */
static inline str disk_text(struct arena *a, const struct disk *d, const char *text)
{
	return replace_all(a, str_c(text), S("$ROOT"), fs_root(d->root));
}

#endif
