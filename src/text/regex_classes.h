/* regex_classes - the runes that a program cannot tell apart.
 *
 * Runes that are in the same sets of a program lead it to the same places, so
 * that the DFA needs one transition for all of them. Newline and the letters
 * of words are told apart where the program asks for lines or words.
 *
 * Private to the regex module.
 */
#ifndef TEXT_REGEX_CLASSES_H
#define TEXT_REGEX_CLASSES_H

#include "text/regex_impl.h"

/* What a rune is to lines and words. */
enum rune_look {
	LOOK_OTHER,
	LOOK_WORD,
	LOOK_NEWLINE,
	LOOK_END,		/* no rune: the end or start of the text */
	LOOKS,
};

struct rune_class {
	uint32_t rune;		/* one of it, for all */
	enum rune_look look;
};

struct rune_classes {
	uint8_t ascii[128];
	uint32_t *starts;	/* runs of runes of one class, the first from 0 on */
	uint8_t *run_classes;
	size_t runs_n;
	struct rune_class *classes;
	uint32_t n;		/* the last class is the end of the text */
};

/* False when there are too many. */
bool regex_classes_init(struct rune_classes *c, const struct regex *re);
void regex_classes_release(struct rune_classes *c);

/* Of a byte, or -1. */
enum rune_look regex_classes_look(int byte);

uint32_t regex_class_find(const struct rune_classes *c, uint32_t rune);

static inline uint32_t rune_class_of(const struct rune_classes *c, uint32_t rune)
{
	return rune < 128 ? c->ascii[rune] : regex_class_find(c, rune);
}

#endif
