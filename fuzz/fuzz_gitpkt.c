#include "source/gitpkt.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = str_of((const char *)data, size);
	struct gitpkt g;
	enum gitpkt_kind kind = GITPKT_LINE;
	char rest[100];
	size_t n = 1;
	err *bad = NULL;
	str line;

	gitpkt_init(&g, gitpkt_text(&text));
	while (!bad && kind != GITPKT_EOF && kind != GITPKT_END)
		bad = gitpkt_next(&g, &kind, &line);
	while (!bad && n)
		bad = gitpkt_rest(&g, rest, sizeof rest, &n);
	err_free(bad);
	gitpkt_release(&g);
	return 0;
}
