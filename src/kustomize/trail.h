/* trail - which step of a build touched which field.
 *
 * Only when somebody asks (kustomize_options.trail). After each step (a patch,
 * a generator, a transformer) every resource is compared with what it was
 * before. A field that differs gets a new place: a way (value/source.h) from its
 * former place over this step to where its new value is written. So the
 * steps themselves know nothing of it, none is forgotten, and a build that
 * nobody asked about pays nothing.
 *
 * Items of lists are known by their places, too: one that a merge moved is not
 * a new one.
 *
 * All functions take NULL for "nobody asked". Worker-local.
 */
#ifndef KUSTOMIZE_TRAIL_H
#define KUSTOMIZE_TRAIL_H

#include "kustomize/resmap.h"
#include "value/source.h"

struct trail {
	struct arena *a;
	struct sources *sources;
	str what;		/* the step under way: "patches" */
	uint32_t place;		/* where it is asked for */
};

/* What the steps that follow do, and where it is asked for. */
void trail_begin(struct trail *t, str what, uint32_t place);
/* The same work on behalf of another entry. */
void trail_entry(struct trail *t, uint32_t place);

/* The resources as they were read: nothing touched them yet. */
void trail_read(struct trail *t, struct resmap *m);
/* The step is done. A resource that was not seen before was made by it. */
void trail_done(struct trail *t, struct resmap *m);

#endif
