#include "source/gitverify.h"

#include "base/vec.h"
#include "source/pgpsig.h"
#include "source/sshsig.h"

static const char verified[] = "SourceVerified";

struct keys {
	VEC(str) ssh, pgp;
	struct pgpsig_options options;
};

static void read_keys(struct arena *a, const struct credentials *c, struct keys *out)
{
	for (size_t i = 0; i < c->n; i++) {
		if (str_ends(c->items[i].key, S(".sshpub")))
			avec_push(a, &out->ssh, c->items[i].value);
		else
			avec_push(a, &out->pgp, c->items[i].value);
	}
}

/* "Git commit" or "Git tag" is `what`. */
static err *verify(struct arena *a, const struct keys *k, const char *what, str signature,
		   str payload, str *key)
{
	err *e;

	if (pgpsig_is(signature)) {
		if (!k->pgp.n)
			return err_new(ERR_FORBIDDEN,
				       "PGP signature detected but no PGP public keys found in "
				       "secret (keys with .asc suffix)");
		e = pgpsig_verify(a, signature, payload, k->pgp.p, k->pgp.n, &k->options, key);
		return e ? err_wrap(e, "unable to verify Git %s", what) : NULL;
	}
	if (sshsig_is(signature)) {
		if (!k->ssh.n)
			return err_new(ERR_FORBIDDEN,
				       "SSH signature detected but no SSH public keys found in "
				       "secret (keys with .sshpub suffix)");
		e = sshsig_verify(a, signature, payload, k->ssh.p, k->ssh.n, key);
		return e ? err_wrap(e, "unable to verify Git %s SSH signature", what) : NULL;
	}
	return err_new(ERR_FORBIDDEN, "unsupported signature type: %s",
		       !signature.n ? "empty"
		       : str_starts(str_trim(signature), S("-----BEGIN SIGNED MESSAGE-----"))
			       ? "x509"
			       : "unknown");
}

/* "v1.0.0@<hex>", or the name alone of a tag that is no object. */
static str tag_text(struct arena *a, const struct gitcheckout *c)
{
	char hex[GITID_HEX + 1];

	if (!c->tag_id.n)
		return c->tag_name;
	gitid_print(&c->tag_id, hex);
	return arena_cat(a, c->tag.name, S("@"), str_c(hex));
}

static err *verify_tag(struct arena *a, const struct gitcheckout *c, const struct keys *k,
		       struct buf *message)
{
	str text = tag_text(a, c), key;

	if (!c->by_tag)
		return failure_mark(err_new(ERR_INVALID,
					    "cannot verify tag object's signature if a "
					    "tag reference is not specified"),
				    FAILURE_STALLED, verified, "InvalidVerificationMode");
	if (!c->tag.signature.n)
		return failure_mark(err_new(ERR_FORBIDDEN,
					    "cannot verify signature of tag '%.*s' since it is not "
					    "signed",
					    STR_ARG(text)),
				    FAILURE_GENERIC, verified, "InvalidGitObject");
	err *e = verify(a, k, "tag", c->tag.signature, c->tag.payload, &key);

	if (e)
		return failure_mark(err_wrap(e, "signature verification of tag '%.*s' failed",
					     STR_ARG(text)),
				    FAILURE_GENERIC, verified, "InvalidTagSignature");
	buf_addf(message, "\n\t- tag '%.*s' with key '%.*s'", STR_ARG(text), STR_ARG(key));
	return NULL;
}

static err *verify_commit(struct arena *a, const struct gitcheckout *c, const struct keys *k,
			  struct buf *message)
{
	char hex[GITID_HEX + 1];
	str key;

	gitid_print(&c->id, hex);
	err *e = verify(a, k, "commit", c->commit.signature, c->commit.payload, &key);

	if (e)
		return failure_mark(err_wrap(e, "signature verification of commit '%s' failed",
					     hex),
				    FAILURE_GENERIC, verified, "InvalidCommitSignature");
	buf_addf(message, "\n\t- commit '%s' with key '%.*s'", hex, STR_ARG(key));
	return NULL;
}

err *gitverify_run(struct arena *a, const struct gitcheckout *c, const struct gitsource_spec *spec,
		   int64_t deadline, const atomic_bool *cancel, str *message)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct keys k = { .options = { deadline, cancel } };

	if (!spec->keys)
		die_bug("verification without keys");
	read_keys(a, spec->keys, &k);
	buf_add(&b, S("verified signature of"));
	if (spec->mode & GITSOURCE_TAG)
		TRY(verify_tag(a, c, &k, &b));
	if (spec->mode & GITSOURCE_HEAD)
		TRY(verify_commit(a, c, &k, &b));
	if (!(spec->mode & GITSOURCE_TAG_AND_HEAD))
		return failure_mark(err_new(ERR_INVALID, "unknown verification mode"),
				    FAILURE_STALLED, verified, "InvalidVerificationMode");
	*message = arena_str(a, buf_str(&b));
	return NULL;
}
