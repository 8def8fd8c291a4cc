#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "driver.h"
#include "value/json.h"

static void write_answer(struct buf *b, node answer)
{
	static const struct json_style style = { .raw_html = true, .source_order = true };

	buf_clear(b);
	err *e = json_write(b, answer, &style);

	if (e) {
		buf_clear(b);
		buf_add(b, S("{\"error\":"));
		json_write_str(b, err_text(e), true);
		buf_addc(b, '}');
		err_free(e);
	}
	buf_addc(b, '\n');
}

int main(void)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	char *line = NULL;
	size_t cap = 0;

	for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
		write_answer(&b, driver_answer(&a, str_of(line, (size_t)n)));
		fwrite(b.p, 1, b.n, stdout);
		fflush(stdout);
		arena_clear(&a);
	}
	free(line);
	buf_release(&b);
	arena_release(&a);
	return ferror(stdin) || ferror(stdout);
}
