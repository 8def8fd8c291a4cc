/* pgpsign - OpenPGP signatures, made by GnuPG in a home of its own.
 *
 * The keys of one key ring, with their private parts, are imported into an empty home
 * directory; the user's own are not seen. What is written there is gone with
 * pgpsign_close, the passphrase too. Worker threads: child processes.
 *
 *	CLEANUP(pgpsign_close) struct pgpsign p = { 0 };
 *	TRY(pgpsign_open(&p, a, ring, passphrase));
 *	TRY(pgpsign_find(&p, "Jane", &id));
 *	TRY(pgpsign_make(&p, id, text, PGPSIGN_CLEAR, &out));
 */
#ifndef SOURCE_PGPSIGN_H
#define SOURCE_PGPSIGN_H

#include "base/arena.h"
#include "base/err.h"

struct pgpsign {
	struct arena *a;
	struct fs *home;
};

enum pgpsign_form {
	PGPSIGN_DETACHED,	/* the signature, armoured */
	PGPSIGN_CLEAR,		/* the text with the signature behind it */
};

/* `passphrase` opens the private keys; empty: they have none. */
err *pgpsign_open(struct pgpsign *p, struct arena *a, str ring, str passphrase)
	__attribute__((warn_unused_result));
void pgpsign_close(struct pgpsign *p);

/* The key whose user id ("Name <mail>") is `id`, or the only one that contains it, as Helm
 * looks for it; *out is its fingerprint. */
err *pgpsign_find(struct pgpsign *p, str id, str *out) __attribute__((warn_unused_result));
/* `key`: for gpg's --local-user; empty: the first one. */
err *pgpsign_make(struct pgpsign *p, str key, str text, enum pgpsign_form form, str *out)
	__attribute__((warn_unused_result));

#endif
