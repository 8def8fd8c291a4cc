/* A token of a stranger; what is read is written, and read and written as the same again. */
#include "base/die.h"
#include "crypto/jwt.h"

static void write(struct buf *b, const struct jwt *t)
{
	err *e = jwt_begin(b, t->head, t->claims);

	if (e)
		die_bug("not written: %s", err_msg(e));
	jwt_end(b, t->signature);
}

/* By texts: 9.00 becomes 9, which is the same number of another kind. */
static void check_again(struct arena *a, const struct jwt *t)
{
	CLEANUP(buf_release) struct buf once = BUF_INIT, twice = BUF_INIT;
	struct jwt again;

	write(&once, t);
	err *e = jwt_read(a, buf_str(&once), &again);

	if (e)
		die_bug("not read again: %s", err_msg(e));
	write(&twice, &again);
	if (!str_eq(buf_str(&once), buf_str(&twice)))
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
