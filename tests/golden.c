/* golden - files of recorded requests and answers, asked again.
 *
 *	golden FILE.jsonl...
 *
 * Each line is a request for the driver (driver.h) and with it the answer
 * that the original gave: "output", "error", or "error_b64"; "error_any":
 * true where it must fail but the words are nobody's interface. Prints the
 * first lines that differ. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "driver.h"

enum { SHOWN = 10 };

struct count {
	size_t asked, failed;
};

/* The part of the answer that was recorded in `line` and is not so. */
static const char *difference(node line, node answer)
{
	static const char *const parts[] = { "output", "error", "error_b64" };

	if (driver_bool(line, "error_any", false))
		return node_has(answer, S("output")) ? "error" : NULL;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		node want = node_get(line, str_c(parts[i]));

		if (want.kind != NODE_NONE && !node_equal(want, node_get(answer, str_c(parts[i]))))
			return parts[i];
	}
	return NULL;
}

static void show(const char *file, size_t number, node line, node answer, const char *part)
{
	CLEANUP(buf_release) struct buf want = BUF_INIT, got = BUF_INIT;

	err_free(json_write(&want, node_get(line, str_c(part)), NULL));
	err_free(json_write(&got, answer, NULL));
	printf("%s:%zu: want %s %.300s\n\tgot %.300s\n", file, number, part, buf_c(&want),
	       buf_c(&got));
}

static void ask(struct arena *a, const char *file, size_t number, str text, struct count *c)
{
	node line = NODE_NOTHING;
	err *e = json_read(a, text, DRIVER_JSON, &line);

	c->asked++;
	if (e) {
		printf("%s:%zu: %s\n", file, number, err_msg(e));
		err_free(e);
		c->failed++;
		return;
	}
	node answer = driver_answer(a, text);
	const char *part = difference(line, answer);

	if (part && c->failed++ < SHOWN)
		show(file, number, line, answer, part);
}

static bool run_file(struct arena *a, const char *file, struct count *c)
{
	FILE *f = fopen(file, "r");
	char *line = NULL;
	size_t cap = 0, number = 0;

	if (!f) {
		perror(file);
		return false;
	}
	for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
		ask(a, file, ++number, str_of(line, (size_t)n), c);
		arena_clear(a);
	}
	free(line);
	fclose(f);
	return number > 0;
}

int main(int argc, char **argv)
{
	struct arena a = ARENA_INIT;
	struct count c = { 0 };
	bool readable = argc > 1;

	for (int i = 1; i < argc; i++)
		readable &= run_file(&a, argv[i], &c);
	arena_release(&a);
	printf("%zu asked, %zu failed\n", c.asked, c.failed);
	return !readable || c.failed;
}
