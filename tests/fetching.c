#include "fetching.h"

#include <stdio.h>
#include <stdlib.h>

#include "source/failure.h"

void must(err *e)
{
	if (!e)
		return;
	struct failure f = failure_of(e);

	printf("failed: %s %s%s: %s\n", f.condition ? f.condition : "-", f.reason,
	       f.class == FAILURE_STALLED ? " (stalled)" : "", err_msg(e));
	err_free(e);
	exit(1);
}

static str value_of(struct arena *a, str text)
{
	str out;

	if (!str_take(&text, '@'))
		return text;
	must(fs_read_any(a, text, 16 << 20, &out));
	return out;
}

bool secrets_take(struct secrets *s, struct arena *a, str key, str value)
{
	for (size_t i = 0; i < SECRETS_MAX && s->names[i]; i++) {
		str rest = key;

		if (!str_take_str(&rest, str_c(s->names[i])) || !str_take(&rest, '.'))
			continue;
		avec_push(a, &s->items[i], (struct credentials_item){ rest, value_of(a, value) });
		return true;
	}
	return false;
}

const struct credentials *secrets_get(struct secrets *s, size_t at)
{
	if (!s->items[at].n)
		return NULL;
	s->made[at] = (struct credentials){ S("ns"), S("secret"), s->items[at].p, s->items[at].n };
	return &s->made[at];
}

static err *print_file(void *ctx, str path, const struct fs_entry *e, enum fs_step *next)
{
	(void)ctx;
	(void)next;
	printf("  %04o %.*s%s", e->info.mode, STR_ARG(path), e->type == FS_DIR ? "/" : "");
	if (e->type == FS_FILE)
		printf(" %llu", (unsigned long long)e->info.size);
	printf("\n");
	return NULL;
}

err *print_artifact(struct artifact_store *store, const struct artifact *a)
{
	CLEANUP(artifact_tree_drop) struct artifact_tree *tree = NULL;

	TRY(artifact_verify(store, a));
	TRY(artifact_open(store, a, &tree));
	return fs_walk(artifact_tree_fs(tree), STR_NONE,
		       &(struct fs_walk){ .info = true, .visit = print_file });
}
