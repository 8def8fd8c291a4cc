/* A page of an object store's list; the first byte says whose. */
#include "base/die.h"
#include "source/bucket_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bucket_kind *const kinds[] = { &bucket_s3, &bucket_gcs, &bucket_azure };
	struct arena a = ARENA_BUDGET(256 << 20);
	struct bucket_page page = { 0 };
	CLEANUP(buf_release) struct buf key = BUF_INIT;

	if (!size)
		return 0;
	const struct bucket_kind *kind = kinds[data[0] % 3];
	err *e = kind->read_page(&a, str_of((const char *)data + 1, size - 1), &page);

	for (size_t i = 0; !e && i < page.objects.n; i++) {
		const struct bucket_object *o = &page.objects.p[i];

		buf_clear(&key);
		bucket_escape(&key, o->key, true);
		if (!kind->quotes_etags &&
		    (str_starts(o->etag, S("\"")) || str_ends(o->etag, S("\""))))
			die_bug("quotes are left: %.*s", STR_ARG(o->etag));
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
