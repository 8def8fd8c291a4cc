/* fetching - what gitfetch, ocifetch and bucketfetch share: Secrets given as
 * arguments, failures as controllers name them, and what an artifact holds.
 * They are programs of one thread that end at the first failure. */
#ifndef TESTS_FETCHING_H
#define TESTS_FETCHING_H

#include "base/vec.h"
#include "source/artifact.h"
#include "source/credentials.h"

enum { SECRETS_MAX = 4 };

/* Secrets by the names that arguments begin with: secret.KEY=VALUE. */
struct secrets {
	const char *names[SECRETS_MAX];
	VEC(struct credentials_item) items[SECRETS_MAX];
	struct credentials made[SECRETS_MAX];
};

/* Print condition, reason and text, and exit with 1; nothing when there is no error. */
void must(err *e);
/* Whether the argument was data of one of the Secrets; "@FILE" stands for what the file holds. */
bool secrets_take(struct secrets *s, struct arena *a, str key, str value);
/* The Secret at that place; NULL when nothing was given. Lives as long as *s. */
const struct credentials *secrets_get(struct secrets *s, size_t at);
/* The artifact's files with mode and size, after its digest was looked at. */
err *print_artifact(struct artifact_store *store, const struct artifact *a)
	__attribute__((warn_unused_result));

#endif
