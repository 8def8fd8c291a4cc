#include "base/zoneinfo.h"

#include "base/arena.h"
#include "base/fs.h"

bool zoneinfo_load(void *context, str name, struct buf *bytes)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text;

	(void)context;
	err *e = fs_read_any(&a, arena_cat(&a, S("/usr/share/zoneinfo/"), name), ZONEINFO_FILE_MAX,
			     &text);

	if (!e)
		buf_add(bytes, text);
	err_free(e);
	return !e;
}
