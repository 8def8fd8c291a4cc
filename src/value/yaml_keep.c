/* Items to nodes as they stand: kyaml's view of a document. */
#include "value/yaml_impl.h"

static uint32_t place_of(uint32_t base, const struct yaml_item *item)
{
	return base ? base + (uint32_t)item->start.pos : 0;
}

/* The kind goes with the tag where the text is such a value; else it is a
 * text. "<<" is a text, too: plain, it merges. */
static enum node_kind scalar_kind(const struct yaml_item *item)
{
	enum yaml_tag tag = (enum yaml_tag)item->tag;
	node value;

	if (tag <= TAG_LONE)
		return item->style == STYLE_PLAIN ? yaml_plain(item->value, YAML_1_2, true, &value)
						  : NODE_STR;
	enum node_kind kind = yaml_plain(item->value, YAML_1_2, tag == TAG_TIME, &value);

	switch (tag) {
	case TAG_BOOL:
		return kind == NODE_BOOL ? kind : NODE_STR;
	case TAG_INT:
		return kind == NODE_INT || kind == NODE_UINT ? kind : NODE_STR;
	case TAG_FLOAT:
		return kind == NODE_INT || kind == NODE_FLOAT ? NODE_FLOAT : NODE_STR;
	case TAG_NULL:
		return kind == NODE_NULL ? kind : NODE_STR;
	case TAG_TIME:
		return kind == NODE_TIME ? kind : NODE_STR;
	default:
		return NODE_STR;
	}
}

static node alias_node(struct arena *a, const struct yaml_item *item)
{
	struct node_anchor *anchor = arena_new(a, struct node_anchor);

	anchor->name = item->value;
	anchor->target = item->target->made;
	return (node){ .kind = NODE_ALIAS, .anchor = anchor };
}

static node make(struct arena *a, struct yaml_item *item, uint32_t base)
{
	node n;

	switch ((enum yaml_item_kind)item->kind) {
	case ITEM_SCALAR:
		n = node_from_text(a, scalar_kind(item), item->value);
		n.style = item->style & 15u;
		break;
	case ITEM_ALIAS:
		n = alias_node(a, item);
		break;
	case ITEM_SEQ:
		n = node_seq(a, item->n);
		n.style = item->style & 15u;
		break;
	case ITEM_MAP:
		n = node_map(a, item->n / 2);
		n.style = item->style & 15u;
		break;
	}
	n.place = place_of(base, item);
	item->made = n;
	return n;
}

/* Add an item to the collection it stands in; keys wait for their value. */
static void add(struct arena *a, const struct yaml_item *in, const struct yaml_item *item,
		node *key, size_t at)
{
	if (in->kind == ITEM_SEQ) {
		node_append(a, in->made, item->made);
	} else if (at % 2 == 0) {
		*key = item->made;
		return;
	} else {
		node_push(a, in->made, *key, item->made);
	}
}

static void add_notes(struct arena *a, const struct yaml_item *in)
{
	size_t at = 0;

	for (const struct yaml_item *item = in->first; item; item = item->next, at++)
		if (item->note)
			*node_note_need(a, in->made, at) = *item->note;
}

/* Anchors stand before their aliases, so what an alias points to is made by
 * the time it is met: in the order of the text, each collection before what
 * is in it. */
static void keep_tree(struct arena *a, struct yaml_item *root, uint32_t base)
{
	struct open {
		struct yaml_item *of, *next;
		node key;
		size_t at;
	};
	VEC(struct open) open = { 0 };

	make(a, root, base);
	if (root->kind == ITEM_SEQ || root->kind == ITEM_MAP)
		vec_push(&open, (struct open){ .of = root, .next = root->first });
	while (open.n) {
		struct open *o = &open.p[open.n - 1];
		struct yaml_item *item = o->next;

		if (!item) {
			add_notes(a, o->of);
			open.n--;
			continue;
		}
		make(a, item, base);
		add(a, o->of, item, &o->key, o->at++);
		o->next = item->next;
		if (item->kind == ITEM_SEQ || item->kind == ITEM_MAP)
			vec_push(&open, (struct open){ .of = item, .next = item->first });
	}
	vec_release(&open);
}

void yaml_keep(struct arena *a, const struct yaml_document *doc, uint32_t base,
	       struct yaml_doc *out)
{
	keep_tree(a, doc->root, base);
	*out = (struct yaml_doc){
		.root = doc->root->made, .note = doc->root->note, .head = doc->head,
		.foot = doc->foot,
	};
}
