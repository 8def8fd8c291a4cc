/* A token of a stranger; what is read is written and read as the same again. */
#include "base/die.h"
#include "crypto/jwt.h"

static void check_again(struct arena *a, const struct jwt *t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct jwt again;
	err *e = jwt_begin(&b, t->head, t->claims);

	if (e)
		die_bug("not written: %s", err_msg(e));
	jwt_end(&b, t->signature);
	e = jwt_read(a, buf_str(&b), &again);
	if (e || !node_equal(again.claims, t->claims) || !str_eq(again.signature, t->signature))
		die_bug("not the same again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
	struct jwt t;
	err *e = jwt_read(&a, str_of((const char *)data, size), &t);

	if (!e)
		check_again(&a, &t);
	err_free(e);
	return 0;
}
