/* schema_run - the machine that runs schemas, shared by schema_run.c and the
 * keywords in schema_steps.c.
 *
 * A frame is one schema at work on one value; frames are a stack of their
 * own. A keyword that needs another schema's verdict pushes a frame, returns,
 * and is called again once the verdict is there (`waiting`). Pushing moves
 * frames: afterwards a step touches its frame no more.
 */
#ifndef SCHEMA_SCHEMA_RUN_H
#define SCHEMA_SCHEMA_RUN_H

#include "schema/schema_impl.h"

enum flow {
	FLOW_NEXT,		/* the keyword is done */
	FLOW_WAIT,		/* a frame was pushed */
	FLOW_FINISH,		/* the schema is done */
};

enum hop {
	HOP_SELF,		/* the same value as the frame below */
	HOP_KEY,
	HOP_INDEX,
	HOP_FRESH,		/* a validation of its own: no scopes, no location */
};

struct frame {
	const struct schema *schema;	/* whose steps are run */
	const struct schema *scope;	/* as it was called; differs in meta-schemas only */
	const struct schema *meta;
	const node *v;
	str keyword;			/* the reference that led here, or empty */
	str key;			/* of HOP_KEY */
	const struct loc *loc;		/* once somebody needed it */
	struct fail *first, *last;	/* of the keywords so far */
	struct fail *got, *got_last;	/* of the schemas that the keyword asked */
	size_t fails;
	size_t index;			/* of HOP_INDEX */
	size_t i, j;			/* where the keyword is */
	int64_t matched;
	size_t pc;
	size_t value, base;		/* the first frames of this value, of this validation */
	size_t picks;			/* where its picks begin */
	size_t bits, words, left;	/* what is not evaluated: bits, and how many are set */
	uint8_t hop;
	bool quiet;			/* only the verdict counts */
	bool waiting, hit;
};

struct run {
	struct arena arena;		/* failures */
	struct compiler *c;
	struct doc *doc;
	VEC(struct frame) frames;
	VEC(uint64_t) bits;
	VEC(uint32_t) picks;		/* members or items that a keyword collects */
	struct fail *result;		/* of the frame that ended last */
	struct fail quiet;		/* stands for any failure nobody will read */
	uint64_t work;
	err *fatal;			/* ends it all */
};

enum flow steps_run(struct run *r, struct frame *f, const struct step *s);

/* Push frames; the answer is FLOW_WAIT. */
enum flow call_self(struct run *r, const struct schema *s, str keyword, bool quiet);
enum flow call_key(struct run *r, const struct schema *s, const struct node_pair *pair);
enum flow call_index(struct run *r, const struct schema *s, const node *item, size_t index);
enum flow call_fresh(struct run *r, const struct schema *s, const node *v);

/* A failure of the frame's value; add it to those of the schema. */
struct fail *fail_new(struct run *r, struct frame *f, enum fail_kind kind, const struct step *s);
void fail_add(struct frame *f, struct fail *fail);
/* Put failures below another; a group gives its members. */
void fail_adopt(struct frame *f, struct fail *above, struct fail *below);

/* Take note that a member or item is evaluated; or all of them. */
void run_mark(struct run *r, struct frame *f, size_t i);
void run_mark_all(struct run *r, struct frame *f);
static inline bool run_is_open(const struct run *r, const struct frame *f, size_t i)
{
	return f->left && r->bits.p[f->bits + i / 64] >> i % 64 & 1;
}

#endif
