/* selector - label selectors: "app=web,tier in (a, b),!old".
 *
 * Parsed as apimachinery's labels.Parse does, with its error texts, and
 * matched against a map node of labels. The empty selector matches all.
 *
 * Ownership: made in an arena, borrows from the text. Immutable: any thread.
 */
#ifndef KUBE_SELECTOR_H
#define KUBE_SELECTOR_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"

enum selector_op {
	SELECTOR_IN,		/* also = and == */
	SELECTOR_NOT_IN,	/* also != */
	SELECTOR_EXISTS,
	SELECTOR_ABSENT,
	SELECTOR_GREATER,
	SELECTOR_LESS,
};

struct requirement {
	str key;
	enum selector_op op;
	const str *values;
	size_t values_n;
};

struct selector {
	const struct requirement *list;
	size_t n;
};

/* In whose words a selector is refused: kustomize brings an older copy of the
 * parser along. */
enum selector_words { SELECTOR_APIMACHINERY, SELECTOR_KYAML };

/* More requirements or values than any request holds. */
enum { SELECTOR_TERMS_MAX = 10000 };

err *selector_parse(struct arena *a, str text, struct selector *out)
	__attribute__((warn_unused_result));
err *selector_parse_as(struct arena *a, str text, enum selector_words words, struct selector *out)
	__attribute__((warn_unused_result));
/* `labels`: a map of texts, null or not there. */
bool selector_matches(const struct selector *s, node labels);

#endif
