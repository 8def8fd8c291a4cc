#include "cli/suggest.h"

enum { SUGGEST_DISTANCE = 2, SUGGEST_WORD_MAX = 64 };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Levenshtein's distance, a row of the table at a time. */
static size_t distance(str a, str b)
{
	size_t row[SUGGEST_WORD_MAX + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t best = diagonal;

			if (lower(a.p[i - 1]) != lower(b.p[j - 1])) {
				best = row[j] < best ? row[j] : best;
				best = row[j - 1] < best ? row[j - 1] : best;
				best++;
			}
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b.n];
}

static bool is_near(str name, str word)
{
	if (name.n >= word.n && str_eq_nocase(str_sub(name, 0, word.n), word))
		return true;
	/* A word that is longer by more than the distance cannot be near. */
	return word.n <= name.n + SUGGEST_DISTANCE && name.n <= SUGGEST_WORD_MAX &&
	       distance(word, name) <= SUGGEST_DISTANCE;
}

void suggest_add(struct buf *b, const struct command *cmd, str word)
{
	bool any = false;

	for (const struct command *const *sub = cmd->commands; sub && *sub; sub++) {
		str name = command_name(*sub);

		if (!command_available(*sub) || !is_near(name, word))
			continue;
		if (!any)
			buf_add(b, S("\n\nDid you mean this?\n"));
		buf_addf(b, "\t%.*s\n", STR_ARG(name));
		any = true;
	}
}
