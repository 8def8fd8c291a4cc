/* A body in protobuf, and the object that it becomes. */
#include "kube/builtin.h"
#include "kube/canon.h"
#include "server/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(64 << 20);
	CLEANUP(buf_release) struct buf written = BUF_INIT;
	node object, out;
	err *e = protobuf_read(&a, str_of((const char *)data, size), (struct gvk){ 0 }, &object);

	if (!e)
		e = canon_object(&a, object, builtin_type(gvk_of(object)), NULL, &out);
	if (!e)
		e = protobuf_write(&a, out, &written);
	err_free(e);
	arena_release(&a);
	return 0;
}
