/* The number of a built-in kind in the first byte, an object, a NUL, and the state
 * that it replaces: defaults, validation, warnings, table cells. */
#include "kube/canon.h"
#include "server/cells.h"
#include "server/kind.h"
#include "value/json.h"

static node nothing(struct kind_call *c, str group, str plural, str namespace, str name)
{
	(void)c;
	(void)group;
	(void)plural;
	(void)namespace;
	(void)name;
	return NODE_NOTHING;
}

static node none(struct kind_call *c, str group, str plural, str namespace)
{
	(void)group;
	(void)plural;
	(void)namespace;
	return node_seq(c->arena, 0);
}

static bool read(struct arena *a, const struct kind *k, str text, node *out)
{
	node n;
	err *e = json_read(a, text, NULL, &n);

	if (!e)
		e = canon_object(a, n, k->type, NULL, out);
	bool good = !e && node_is(*out, NODE_MAP);

	err_free(e);
	if (good)
		k->hooks->defaults(a, k, *out);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct fielderrs errors = { .arena = &a };
	struct kind_warnings warnings = { .arena = &a };
	size_t n;
	const struct kind *const *all = kind_builtins(&n);
	const struct kind *k = size ? all[data[0] % n] : NULL;
	struct kind_call c = { .arena = &a, .kind = k, .errors = &errors, .warnings = &warnings,
			       .look = nothing, .look_all = none };
	str text = size ? str_of((const char *)data + 1, size - 1) : STR_NONE, old = STR_NONE;

	str_split(text, 0, &text, &old);
	if (k && read(&a, k, text, &c.object)) {
		if (old.n && !read(&a, k, old, &c.old))
			c.old = NODE_NOTHING;
		if (k->hooks->validate)
			k->hooks->validate(&c);
		if (k->hooks->warn)
			k->hooks->warn(&c);
		if (k->hooks->stored)
			k->hooks->stored(&a, k, c.object);
	}
	err_free(c.refusal);
	arena_release(&a);
	return 0;
}
