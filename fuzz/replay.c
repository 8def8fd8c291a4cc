/* replay - a fuzz target without a fuzzer: as a test, with any compiler.
 *
 * Every file of the given folder (seeds, and what once crashed) goes to the
 * target as it is, then in short forms and with bytes changed, always the
 * same ones: enough to notice a reader that trusts its input. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 1 << 20, VARIANTS = 24, VARIANT_MAX = 16 << 10 };

/* A copy of exactly `size` bytes, so that reading beyond it shows. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + !size);

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void feed_variants(uint8_t *data, size_t size)
{
	static const char odd[] = "\0\xff\n\t\"'\\{}[]:,-&*!|>%@#0";
	uint32_t state = 2463534242;

	for (int i = 0; i < VARIANTS; i++) {
		size_t at = next_random(&state) % size;
		uint8_t kept = data[at];

		feed(data, at);
		data[at] = (uint8_t)odd[next_random(&state) % (sizeof odd - 1)];
		feed(data, size);
		data[at] = kept;
	}
}

static int replay(const char *folder, const char *name)
{
	static uint8_t data[SEED_MAX];
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");

	if (!file) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		return 1;
	}
	size_t size = fread(data, 1, sizeof data, file);

	fclose(file);
	feed(data, size);
	if (size && size <= VARIANT_MAX)
		feed_variants(data, size);
	return 0;
}

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **names = NULL;
	int failed = 0;

	feed(NULL, 0);
	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	int n = scandir(argv[1], &names, is_seed, alphasort);

	for (int i = 0; i < n; i++) {
		failed |= replay(argv[1], names[i]->d_name);
		free(names[i]);
	}
	free(names);
	printf("%d inputs\n", n > 0 ? n : 0);
	return failed;
}
