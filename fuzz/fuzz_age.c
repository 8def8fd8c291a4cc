/* A file of age, plain or armoured; and the same bytes as a key. */
#include "crypto/age.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char secret[] = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
	str file = str_of((const char *)data, size);
	struct age_identity ids[2] = { { .secret = { 1 } }, { .secret = { 0 } } };
	struct age_header h;
	struct buf b = BUF_LIMIT(AGE_FILE_MAX);
	struct arena a = ARENA_BUDGET(256 << 20);

	err_free(age_identity_parse(str_c(secret), &ids[0]));
	err_free(age_header_read(&a, file, &h));
	err_free(age_decrypt(file, ids, 1, &b));
	err_free(age_identity_parse(file, &ids[1]));
	buf_release(&b);
	arena_release(&a);
	return 0;
}
