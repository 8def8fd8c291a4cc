/* The values of a tree: which are sealed, and what is in them. */
#include "crypto/aead.h"
#include "crypto/secret.h"
#include "sops/impl.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "text/number.h"
#include "text/regex.h"

/* ---- one value ---------------------------------------------------------- */

struct sealed {
	struct buf bytes;	/* with the tag at the end */
	struct buf iv;
	str type;
};

static void sealed_release(struct sealed *s)
{
	buf_release(&s->bytes);
	buf_release(&s->iv);
}

static bool cut_at(str *s, str mark, str *piece)
{
	size_t at = str_find(*s, mark);

	if (at == STR_NPOS || !at)
		return false;
	*piece = str_sub(*s, 0, at);
	*s = str_from(*s, at + mark.n);
	return true;
}

/* ENC[AES256_GCM,data:...,iv:...,tag:...,type:...] */
static err *parse(str text, struct sealed *out)
{
	str rest = text, data, iv, tag;
	err *e;

	if (!str_take_str(&rest, S("ENC[AES256_GCM,data:")) || !cut_at(&rest, S(",iv:"), &data) ||
	    !cut_at(&rest, S(",tag:"), &iv) || !cut_at(&rest, S(",type:"), &tag) ||
	    !cut_at(&rest, S("]"), &out->type))
		return err_new(ERR_INVALID,
			       "Input string <redacted> does not match sops' data format");
	if ((e = base64_read(&out->bytes, data, BASE64_STD)))
		return err_wrap(e, "Error base64-decoding data");
	if ((e = base64_read(&out->iv, iv, BASE64_STD)))
		return err_wrap(e, "Error base64-decoding iv");
	if ((e = base64_read(&out->bytes, tag, BASE64_STD)))
		return err_wrap(e, "Error base64-decoding tag");
	return NULL;
}

/* The words of an error must not show what was in the value. */
static err *hidden(err *e, const char *what)
{
	return err_replace(e, "the decrypted value is no %s", what);
}

static err *convert(struct arena *a, str type, str plain, node *out, bool *comment)
{
	int64_t i;
	double f;
	bool b;
	struct gotime t;
	err *e;

	*comment = str_eq(type, S("comment"));
	if (*comment || str_eq(type, S("str")) || str_eq(type, S("bytes"))) {
		*out = node_copy_str(a, plain);
	} else if (str_eq(type, S("int"))) {
		if ((e = number_parse_atoi(plain, &i)))
			return hidden(e, "int");
		*out = node_from_int(i);
	} else if (str_eq(type, S("float"))) {
		if ((e = number_parse_float(plain, &f)))
			return hidden(e, "float");
		*out = node_from_float(f);
	} else if (str_eq(type, S("bool"))) {
		if ((e = number_parse_bool(plain, &b)))
			return hidden(e, "bool");
		*out = node_from_bool(b);
	} else if (str_eq(type, S("time"))) {
		if ((e = gotime_parse(&t, GOTIME_RFC3339_NANO, plain, NULL)))
			return hidden(e, "time");
		*out = node_from_text(a, NODE_TIME, arena_str(a, plain));
	} else {
		return err_new(ERR_INVALID, "Unknown datatype: %.*s", STR_ARG(str_sub(type, 0, 40)));
	}
	return NULL;
}

err *sops_value_open(struct arena *a, str text, const uint8_t key[SOPS_DATA_KEY], str where,
		     node *out, bool *comment)
{
	CLEANUP(sealed_release) struct sealed s = { .bytes = BUF_INIT, .iv = BUF_INIT };
	CLEANUP(buf_release) struct buf plain = BUF_INIT;

	*comment = false;
	if (!text.n) {
		*out = node_lit("");
		return NULL;
	}
	TRY(parse(text, &s));
	err *e = aead_open(AEAD_AES_256_GCM, key, buf_str(&s.iv), buf_str(&s.bytes), where, &plain);

	if (e)
		return err_wrap(e, "Could not decrypt with AES_GCM");
	e = convert(a, s.type, buf_str(&plain), out, comment);
	if (plain.p)
		explicit_bzero(plain.p, plain.n);
	return e;
}

/* ---- the tree ----------------------------------------------------------- */

struct comments {
	str *p;
	size_t n, cap;
};

struct opener {
	struct arena *a;
	const struct sops_metadata *m;
	const uint8_t *key;
	const struct regex *regex;	/* NULL: none, or one that never matches */
	struct buf path;		/* "a:b:" */
	struct buf mac;			/* all that goes into the MAC */
	struct map ivs;			/* of what was opened: IV -> str *, what was sealed with it */
	/* The comments that stand right above the entry, on each level. */
	struct comments above[SOPS_DEPTH_MAX + 2];
	unsigned depth;
};

static bool is_named(const struct opener *o, str key)
{
	switch (o->m->rule) {
	case SOPS_UNENCRYPTED_SUFFIX:
	case SOPS_ENCRYPTED_SUFFIX:
		return str_ends(key, o->m->rule_text);
	case SOPS_UNENCRYPTED_REGEX:
	case SOPS_ENCRYPTED_REGEX:
		return o->regex && regex_test(o->regex, key);
	default:
		return false;
	}
}

/* `itself`: it is about the newest comment, which does not count. */
static bool has_comment(const struct opener *o, bool itself)
{
	for (unsigned d = 1; d <= o->depth; d++)
		for (size_t i = 0; i < o->above[d].n; i++)
			if (!(itself && d == o->depth && i + 1 == o->above[d].n) && o->regex &&
			    regex_test(o->regex, o->above[d].p[i]))
				return true;
	return false;
}

/* `named`: a key on the way here is one that the rule speaks of. */
static bool is_sealed(const struct opener *o, bool named, bool comment)
{
	switch (o->m->rule) {
	case SOPS_UNENCRYPTED_SUFFIX:
	case SOPS_UNENCRYPTED_REGEX:
		return !named;
	case SOPS_ENCRYPTED_SUFFIX:
	case SOPS_ENCRYPTED_REGEX:
		return named;
	case SOPS_UNENCRYPTED_COMMENT_REGEX:
		return !has_comment(o, false);
	case SOPS_ENCRYPTED_COMMENT_REGEX:
		return has_comment(o, comment);
	case SOPS_RULES:
		break;
	}
	return true;
}

/* Where we are, as it was sealed with a value: ":" at the root. */
static str place(const struct opener *o)
{
	return o->path.n ? buf_str(&o->path) : S(":");
}

static const char *go_type(node n)
{
	return n.kind == NODE_INT ? "int" : n.kind == NODE_FLOAT ? "float64"
					  : n.kind == NODE_BOOL	 ? "bool"
								 : "time.Time";
}

/* With one IV for two texts both can be read, and others forged, without the key. SOPS draws one
 * for each; the same value at the same place (in a list) may have the same, whole. */
static err *note_iv(struct opener *o, str text)
{
	CLEANUP(sealed_release) struct sealed s = { .bytes = BUF_INIT, .iv = BUF_INIT };

	if (!text.n)
		return NULL;
	TRY(parse(text, &s));
	const str *there = map_get(&o->ivs, buf_str(&s.iv));

	if (there && !str_eq(*there, buf_str(&s.bytes)))
		return err_new(ERR_INVALID, "Could not decrypt value: another value has the same iv");
	if (!there) {
		str *bytes = arena_new(o->a, str);

		*bytes = arena_str(o->a, buf_str(&s.bytes));
		map_set(&o->ivs, arena_str(o->a, buf_str(&s.iv)), bytes);
	}
	return NULL;
}

/* A comment in a list is sealed as a value, and becomes one again here. */
static err *open_leaf(struct opener *o, bool named, bool in_list, struct sops_entry *p)
{
	bool sealed = is_sealed(o, named, false), comment = false;
	node *value = &p->value, plain = *value;
	str text;

	if (node_is_nil(*value))
		return NULL;
	if (value->kind == NODE_UINT)
		return err_new(ERR_INVALID, "Cannot walk value, unknown type: uint64");
	if (sealed && value->kind != NODE_STR)
		return err_new(ERR_INVALID, "Expected encrypted value as string, but got %s",
			       go_type(*value));
	if (sealed) {
		err *e = sops_value_open(o->a, node_str(*value), o->key, place(o), &plain,
					 &comment);

		if (e)
			return err_wrap(e, "Could not decrypt value");
		TRY(note_iv(o, node_str(*value)));
		if (comment && !in_list)
			return err_new(ERR_INVALID, "Could not decrypt value: it is a comment");
	}
	if (comment) {
		*p = (struct sops_entry){ .comment = true, .key = node_str(plain) };
		return NULL;
	}
	if (sealed || !o->m->mac_only_encrypted) {
		TRY(sops_scalar_text(o->a, plain, &text));
		buf_add(&o->mac, text);
	}
	*value = plain;
	return NULL;
}

/* A comment that does not open was never sealed. In a list, one that was sealed as a
 * text becomes a text. */
static err *open_comment(struct opener *o, bool named, bool in_list, struct sops_entry *p)
{
	bool comment = false;
	node plain;

	avec_push(o->a, &o->above[o->depth], p->key);
	if (!is_sealed(o, named, true))
		return NULL;
	err *e = sops_value_open(o->a, p->key, o->key, place(o), &plain, &comment);

	if (e || (!comment && plain.kind != NODE_STR)) {
		err_free(e);
		return NULL;
	}
	TRY(note_iv(o, p->key));
	if (comment) {
		p->same_line = false;
		p->key = node_str(plain);
		return NULL;
	}
	buf_add(&o->mac, node_str(plain));
	if (in_list)
		*p = (struct sops_entry){ .value = plain };
	else
		p->key = node_str(plain);
	return NULL;
}

static err *open_branch(struct opener *o, bool named, struct sops_branch *b)
{
	size_t length = o->path.n;

	if (o->depth > SOPS_DEPTH_MAX)
		return err_new(ERR_INVALID, "the document is nested deeper than %d levels",
			       SOPS_DEPTH_MAX);
	o->above[++o->depth] = (struct comments){ 0 };
	for (size_t i = 0; i < b->n; i++) {
		struct sops_entry *p = &b->p[i];

		if (p->comment) {
			TRY(open_comment(o, named, b->list, p));
			continue;
		}
		if (!b->list) {
			buf_add(&o->path, p->key);
			buf_addc(&o->path, ':');
		}
		bool below = named || (!b->list && is_named(o, p->key));
		struct sops_branch *inside = sops_branch_of(p->value);

		TRY(inside ? open_branch(o, below, inside) : open_leaf(o, below, b->list, p));
		buf_trim(&o->path, length);
		o->above[o->depth].n = 0;
		TRY(arena_check(o->a, "an encrypted file"));
	}
	o->depth--;
	return NULL;
}

/* "echo -n sops | sha256sum", so that the two kinds of MAC always differ. */
static const unsigned char only_encrypted[32] = {
	0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
	0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
};

static err *finish_mac(struct opener *o, str *mac)
{
	CLEANUP(buf_release) struct buf hex = BUF_INIT;

	TRY(buf_check(&o->mac, "the decrypted file"));
	TRY(secret_digest_hex(&hex, SECRET_SHA512, buf_str(&o->mac)));
	for (size_t i = 0; i < hex.n; i++)
		if (hex.p[i] >= 'a')
			hex.p[i] = (char)(hex.p[i] - 'a' + 'A');
	*mac = arena_str(o->a, buf_str(&hex));
	return NULL;
}

static err *open_all(struct opener *o, struct sops_branches *tree, str *mac)
{
	if (o->m->rule != SOPS_UNENCRYPTED_SUFFIX && o->m->rule != SOPS_ENCRYPTED_SUFFIX) {
		err *e = regex_compile(o->a, o->m->rule_text, &o->regex);

		if (e)	/* as Go: it matches nothing */
			o->regex = NULL;
		err_free(e);
	}
	if (o->m->mac_only_encrypted)
		buf_bytes(&o->mac, only_encrypted, sizeof only_encrypted);
	for (size_t i = 0; i < tree->n; i++) {
		err *e = open_branch(o, false, tree->p[i]);

		if (e)
			return err_wrap(e, "Error walking tree");
	}
	return finish_mac(o, mac);
}

err *sops_tree_open(struct arena *a, struct sops_branches *tree, const struct sops_metadata *m,
		    const uint8_t key[SOPS_DATA_KEY], str *mac)
{
	struct opener *o = arena_new(a, struct opener);

	*o = (struct opener){ .a = a, .m = m, .key = key, .path = BUF_LIMIT(SOPS_FILE_MAX),
			      .mac = BUF_LIMIT(16 * SOPS_FILE_MAX) };
	err *e = open_all(o, tree, mac);

	if (o->mac.p)
		explicit_bzero(o->mac.p, o->mac.n);
	buf_release(&o->mac);
	buf_release(&o->path);
	map_release(&o->ivs);
	return e;
}
