/* A digit for the format, then an encrypted file: read, its metadata taken, its values
 * opened with a key that does not fit, written in every format. */
#include "sops/impl.h"

#include <stddef.h>
#include <stdint.h>

static const enum sops_format formats[] = { SOPS_YAML, SOPS_JSON, SOPS_DOTENV, SOPS_INI, SOPS_BINARY };

enum { FORMATS = sizeof formats / sizeof *formats };

static void write_all(struct arena *a, const struct sops_branches *tree)
{
	for (size_t i = 0; i < FORMATS; i++) {
		struct buf b = BUF_LIMIT(16 << 20);

		err_free(sops_write(a, formats[i], tree, &b));
		buf_release(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[SOPS_DATA_KEY];
	struct sops_branches tree = { 0 };
	struct sops_metadata m;
	struct arena a = ARENA_BUDGET(256 << 20);
	str mac;

	if (!size)
		return 0;
	enum sops_format format = formats[(data[0] + 2) % FORMATS];	/* '0' is the first */
	err *e = sops_read(&a, format, str_of((const char *)data + 1, size - 1), &tree);

	if (!e) {
		write_all(&a, &tree);
		e = sops_metadata_take(&a, format, &tree, &m);
	}
	if (!e)
		e = sops_tree_open(&a, &tree, &m, key, &mac);
	err_free(e);
	arena_release(&a);
	return 0;
}
