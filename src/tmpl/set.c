#include "text/quote.h"
#include "tmpl/parse.h"

void tmpl_set_init(struct tmpl_set *s, struct arena *a, const struct tmpl_set *under)
{
	*s = (struct tmpl_set){ .a = a, .under = under, .names = node_map(a, 0) };
}

const struct tree_template *tmpl_set_find(const struct tmpl_set *s, str name)
{
	for (; s; s = s->under) {
		const node *n = node_find(s->names, name);

		if (n)
			return n->object;
	}
	return NULL;
}

err *tmpl_set_missing(str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, name, QUOTE_PRINT);
	return err_new(ERR_NOT_FOUND,
		       "template: no template %.*s associated with template \"gotpl\"",
		       STR_ARG(buf_str(&b)));
}

void tmpl_set_add(struct tmpl_set *s, const struct tmpl_parsed *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct tree_template *t = p->list[i];

		if (t->empty && tmpl_set_find(s, t->name))
			continue;
		node_set(s->a, s->names, t->name, value_object(t));
	}
}

err *tmpl_set_parse(struct tmpl_set *s, str name, str text)
{
	struct tmpl_parsed p;

	TRY(tmpl_parse(s->a, name, text, &p));
	tmpl_set_add(s, &p);
	return NULL;
}
