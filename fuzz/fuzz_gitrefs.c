/* What a server says before and instead of a pack: greetings of all versions,
 * lists of references, reports of a push, and the lines around a pack. The first byte chooses. */
#include "source/gitproto.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct gitproto_server server = { .version = 2, .shallow = true, .side_band = true };
	struct gitproto_refs refs;
	struct gitpack *pack = NULL;
	struct gitpkt g;
	err *bad = NULL;

	if (!size)
		return 0;
	str text = str_of((const char *)data + 1, size - 1);

	gitpkt_init(&g, gitpkt_text(&text));
	switch (data[0] % 4) {
	case 0:
		bad = gitproto_greeting(&g, &a, &server);
		break;
	case 1:
		server.report = true;
		bad = data[0] & 8 ? gitproto_read_report(&g, &server, S("refs/heads/main"))
				  : gitproto_read_refs(&g, &a, data[0] & 4 ? GITID_SHA256 : GITID_SHA1,
						       &refs);
		break;
	default:
		server.version = data[0] % 4 == 2 ? 2 : 0;
		server.side_band = !(data[0] & 8);
		bad = gitpack_new(&pack, GITID_SHA1, NULL);
		if (!bad)
			bad = gitproto_read_pack(&g, &server, data[0] & 16 ? 1 : 0, pack);
	}
	err_free(bad);
	gitpack_free(pack);
	gitpkt_release(&g);
	arena_release(&a);
	return 0;
}
