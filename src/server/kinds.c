#include <pthread.h>

#include "base/die.h"
#include "kube/builtin.h"
#include "server/kinds_rows.h"

/* Of kinds that need nothing else. */
static const struct kind_hooks plain_hooks = { .defaults = defaults_apply, .stored = defaults_stored };

/* More than there are. */
enum { ROWS_MAX = 96 };

/* The rows as they are written, and with their types, which are found by name. */
static const struct kind *rows[ROWS_MAX], *all[ROWS_MAX];
static struct kind typed[ROWS_MAX];
static size_t rows_n;

static void add_rows(const struct kind *const *some, size_t n)
{
	if (rows_n + n > ROWS_MAX)
		die_bug("more than %d built-in kinds", ROWS_MAX);
	for (size_t i = 0; i < n; i++)
		rows[rows_n++] = some[i];
}

static void find_types(void)
{
	static const struct {
		const struct cell_rule *rules;
		const size_t *n;
	} cells[] = {
#define COUNTED(name) { cells_##name, &cells_##name##_n },
		CELLS_LIST(COUNTED)
	};

	add_rows(kinds_rows_first, kinds_rows_first_n);
	add_rows(kinds_rows_groups, kinds_rows_groups_n);
	for (size_t i = 0; i < rows_n; i++) {
		typed[i] = *rows[i];
		typed[i].type = builtin_type(rows[i]->gvk);
		if (!typed[i].hooks)
			typed[i].hooks = &plain_hooks;
		for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
			if (cells[c].rules == rows[i]->cells)
				typed[i].cells_n = *cells[c].n;
		all[i] = &typed[i];
	}
	for (size_t i = 0; i < rows_n; i++)
		for (size_t j = 0; typed[i].stored && j < rows_n; j++)
			if (rows[j] == rows[i]->stored)
				typed[i].stored = all[j];
}

const struct kind *const *kind_builtins(size_t *n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_types);
	*n = rows_n;
	return all;
}
