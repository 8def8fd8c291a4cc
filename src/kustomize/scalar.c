#include "kustomize/scalar.h"

#include "base/buf.h"
#include "value/yaml.h"

err *scalar_wrong_kind(node n, const char *wanted)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(1 << 16);
	const char *got = n.kind == NODE_MAP ? "MappingNode"
			  : n.kind == NODE_SEQ ? "SequenceNode"
					       : "ScalarNode";

	err_free(yaml_write(&text, n, YAML_WRITE_KYAML));
	return err_new(ERR_INVALID, "wrong node kind: expected %s but got %s: node contents:\n%s",
		       wanted, got, buf_c(&text));
}

bool scalar_is_odd(struct arena *a, str text)
{
	return text.n && str_find_char(text, '\n') == STR_NPOS &&
	       yaml_resolve(a, text, YAML_1_1, YAML_NUMBERS_EXACT).kind != NODE_STR;
}

static unsigned style_for(struct arena *a, node old, str text)
{
	if (old.kind != NODE_NONE)
		return old.style;
	return scalar_is_odd(a, text) ? STYLE_DOUBLE : STYLE_PLAIN;
}

node scalar_string(struct arena *a, node old, str text)
{
	node n = node_from_str(a, text);

	n.style = style_for(a, old, text) & 15;
	n.place = old.place;
	return n;
}

node scalar_untagged(struct arena *a, node old, str text)
{
	unsigned style = style_for(a, old, text);
	node n = style > STYLE_PLAIN ? node_from_str(a, text)
				     : yaml_resolve(a, text, YAML_1_2, YAML_NUMBERS_TEXT);

	n.style = style & 15;
	n.place = old.place;
	return n;
}
