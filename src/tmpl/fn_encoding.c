/* Texts of other formats: base64, base32, JSON, YAML. */
#include "text/base64.h"
#include "tmpl/fn.h"
#include "tmpl/wire.h"
#include "value/json.h"
#include "value/yaml.h"

/* What fails does not fail the template: its text is the result. */
static err *give_error(struct tmpl_call *c, err *e)
{
	c->out = node_copy_str(c->a, err_text(e));
	err_free(e);
	return NULL;
}

/* ---- base64 and base32 ------------------------------------------------- */

static err *run_b64enc(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	base64_write(b, tmpl_arg_str(c, 0), BASE64_STD);
	return tmpl_give_buf(c, b);
}

static err *run_b64dec(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	err *e = base64_read(b, tmpl_arg_str(c, 0), BASE64_STD);

	return e ? give_error(c, e) : tmpl_give_buf(c, b);
}

static const char base32_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static err *run_b32enc(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < s.n; i += 5) {
		size_t n = s.n - i < 5 ? s.n - i : 5, letters = (n * 8 + 4) / 5;
		uint64_t group = 0;

		for (size_t k = 0; k < 5; k++)
			group = group << 8 | (k < n ? (unsigned char)s.p[i + k] : 0);
		for (size_t k = 0; k < 8; k++)
			buf_addc(b, k < letters ? base32_letters[group >> (35 - 5 * k) & 31] : '=');
	}
	return tmpl_give_buf(c, b);
}

/* What follows the padding that stands at `i`, behind `n` letters of a group.
 * STR_NPOS, or the offset of the byte that is wrong. */
static size_t base32_padding(str s, size_t i, size_t n)
{
	size_t left = s.n - i - 1, want = 7 - n;

	if (left < want)
		return s.n;
	for (size_t k = 0; k < want; k++)
		if (s.p[i + 1 + k] != '=')
			return i + k;
	/* Letters that make no whole bytes. */
	return n == 1 || n == 3 || n == 6 ? i : STR_NPOS;
}

/* Take a group of eight letters from `*i` on; `n` gets how many there were. */
static size_t base32_group(str s, size_t *i, uint64_t *group, size_t *n)
{
	*group = 0;
	for (*n = 0; *n < 8; ++*n, ++*i) {
		if (*i >= s.n)
			return *i - *n;
		char c = s.p[*i];
		const char *at = c ? strchr(base32_letters, c) : NULL;

		if (c == '=' && *n >= 2 && s.n - *i - 1 < 8)
			return base32_padding(s, *i, *n);
		if (!at)
			return *i;
		*group |= (uint64_t)(at - base32_letters) << (35 - 5 * *n);
	}
	return STR_NPOS;
}

static err *run_b32dec(struct tmpl_call *c)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	size_t letters = 8;
	uint64_t group;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\n' && s.p[i] != '\r')
			buf_addc(&plain, s.p[i]);
	s = buf_str(&plain);
	for (size_t i = 0; i < s.n && letters == 8;) {
		size_t bad = base32_group(s, &i, &group, &letters);

		if (bad != STR_NPOS)
			return give_error(c, err_new(ERR_INVALID,
						     "illegal base32 data at input byte %zu", bad));
		for (size_t k = 0; k < letters * 5 / 8; k++)
			buf_addc(b, (char)(group >> (32 - 8 * k)));
	}
	return tmpl_give_buf(c, b);
}

/* ---- writing ----------------------------------------------------------- */

enum { JSON, JSON_PRETTY, JSON_RAW, YAML, YAML_PRETTY };

static err *write_value(struct tmpl_call *c, int form, struct buf *b)
{
	struct json_style style = { .indent = form == JSON_PRETTY ? 2 : 0,
				    .raw_html = form == JSON_RAW };
	node n;

	TRY(wire_value(c, c->argv[0], form == YAML_PRETTY ? WIRE_YAML : WIRE_JSON, &n));
	/* A tree made for the wire has its maps sorted, and structs as they are. */
	style.source_order = n.kind == NODE_MAP || n.kind == NODE_SEQ
				     ? c->argv[0].kind != n.kind || c->argv[0].map != n.map
				     : false;
	if (form <= JSON_RAW)
		return json_write(b, n, &style);
	TRY(yaml_write(b, n, form == YAML ? YAML_WRITE_SIGS : YAML_WRITE_V3_WIDE));
	if (b->n && b->p[b->n - 1] == '\n')
		buf_trim(b, b->n - 1);
	return NULL;
}

/* Modes with MUST hand the error on; the others give an empty text. */
enum { MUST = 16 };

static err *run_write(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	err *e = write_value(c, c->mode & ~MUST, b);

	if (!e)
		return tmpl_give_buf(c, b);
	if (c->mode & MUST)
		return e;
	err_free(e);
	return tmpl_give_str(c, STR_NONE);
}

/* ---- reading ----------------------------------------------------------- */

enum { ANY, MAP, LIST };

/* encoding/json's words for a document that is no map or list. */
static err *wrong_kind(node n, int want)
{
	return err_new(ERR_INVALID, "json: cannot unmarshal %s into Go value of type %s",
		       node_kind_name(n),
		       want == MAP ? "map[string]interface {}" : "[]interface {}");
}

static err *check_kind(struct tmpl_call *c, int want, node *n)
{
	if (want == ANY || n->kind == (want == MAP ? NODE_MAP : NODE_SEQ))
		return NULL;
	if (!node_is_nil(*n))
		return wrong_kind(*n, want);
	/* null makes it nil */
	*n = want == MAP ? value_map(c->a, GO_NIL_MAP, 0) : value_seq(c->a, GO_NIL_SLICE, 0);
	return NULL;
}

/* A failure as a value: a map with the key Error, a list of the text. */
static err *give_failure(struct tmpl_call *c, int want, err *e)
{
	node text = node_copy_str(c->a, err_text(e));

	err_free(e);
	if (want == LIST) {
		c->out = node_seq(c->a, 1);
		node_append(c->a, c->out, text);
	} else {
		c->out = node_map(c->a, 1);
		node_set(c->a, c->out, S("Error"), text);
	}
	return NULL;
}

static err *read_json(struct tmpl_call *c, int want, node *out)
{
	static const struct json_options floats = { .numbers = JSON_NUMBERS_FLOAT };

	TRY(tmpl_spend(c, tmpl_arg_str(c, 0).n / 8));
	TRY(json_read(c->a, tmpl_arg_str(c, 0), &floats, out));
	return check_kind(c, want, out);
}

static err *run_from_json(struct tmpl_call *c)
{
	err *e = read_json(c, c->mode, &c->out);

	return e ? give_failure(c, c->mode, e) : NULL;
}

/* As sigs.k8s.io/yaml does it: YAML into JSON, and that into the value. */
static err *read_yaml(struct tmpl_call *c, int want, node *out)
{
	TRY(tmpl_spend(c, tmpl_arg_str(c, 0).n / 8));
	TRY(yaml_read(c->a, tmpl_arg_str(c, 0), YAML_SIGS, out));
	if (node_is_nil(*out)) { /* null leaves the empty value as it was */
		*out = want == MAP ? node_map(c->a, 0) : node_seq(c->a, 0);
		return NULL;
	}
	err *e = check_kind(c, want, out);

	return e ? err_wrap(e, "error unmarshaling JSON: while decoding JSON") : NULL;
}

static err *run_from_yaml(struct tmpl_call *c)
{
	err *e = read_yaml(c, c->mode, &c->out);

	return e ? give_failure(c, c->mode, e) : NULL;
}

static err *run_must_from_json(struct tmpl_call *c)
{
	return read_json(c, ANY, &c->out);
}

static const struct tmpl_func table[] = {
	{ "b32dec", "s", run_b32dec },
	{ "b32enc", "s", run_b32enc },
	{ "b64dec", "s", run_b64dec },
	{ "b64enc", "s", run_b64enc },
	{ "fromJson", "s", run_from_json, MAP },
	{ "fromJsonArray", "s", run_from_json, LIST },
	{ "fromYaml", "s", run_from_yaml, MAP },
	{ "fromYamlArray", "s", run_from_yaml, LIST },
	{ "mustFromJson", "s", run_must_from_json },
	{ "mustToJson", "a", run_write, JSON | MUST },
	{ "mustToPrettyJson", "a", run_write, JSON_PRETTY | MUST },
	{ "mustToRawJson", "a", run_write, JSON_RAW | MUST },
	{ "mustToYaml", "a", run_write, YAML | MUST },
	{ "toJson", "a", run_write, JSON },
	{ "toPrettyJson", "a", run_write, JSON_PRETTY },
	{ "toRawJson", "a", run_write, JSON_RAW | MUST },
	{ "toYaml", "a", run_write, YAML },
	{ "toYamlPretty", "a", run_write, YAML_PRETTY },
};

const struct tmpl_funcs fn_encoding = { table, sizeof table / sizeof *table };
