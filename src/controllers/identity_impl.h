/* identity_impl - what the providers of identities share. */
#ifndef CONTROLLERS_IDENTITY_IMPL_H
#define CONTROLLERS_IDENTITY_IMPL_H

#include "controllers/identity.h"

struct identity_provider {
	const char *name;
	/* Of the controller itself. */
	err *(*own)(const struct identity *who, struct arena *a, const struct identity_need *need,
		    struct identity_token *out);
	/* Of the account: the audience of its token, and what `by_account` goes by in its
	 * annotations. */
	err *(*audience)(const struct identity *who, struct arena *a, node account, str *out);
	err *(*name_of)(struct arena *a, node account, str *out);
	/* In exchange for a token of the account; NULL: that is it. */
	err *(*by_account)(const struct identity *who, struct arena *a,
			   const struct identity_need *need, node account, str oidc,
			   struct identity_token *out);
};

extern const struct identity_provider identity_generic;
extern const struct identity_provider identity_aws, identity_azure, identity_gcp;

/* A text that costs requests, for as long as tokens are kept. */
bool identity_recall(const struct identity *who, struct arena *a, const char *what, str *out);
void identity_remember(const struct identity *who, const char *what, str text);

/* What was made of a token, as long as it holds; `what` has all that it depends on. */
bool identity_recall_made(const struct identity *who, struct arena *a, str what,
			  struct identity_token *out);
void identity_remember_made(const struct identity *who, str what, const struct identity_token *t);

/* ---- identity_account.c ----------------------------------------------------------- */

/* The ServiceAccount that who->account names. */
err *identity_account(const struct identity *who, struct arena *a, node *out)
	__attribute__((warn_unused_result));
/* A token of it for these audiences. */
err *identity_account_token(const struct identity *who, struct arena *a, const str *audiences,
			    size_t n, str *token) __attribute__((warn_unused_result));
/* The annotation of a ServiceAccount; empty: it has none. */
str identity_annotation(node account, const char *key);
/* When a token ends, by its claim "exp". */
err *identity_token_end(struct arena *a, str token, int64_t *ends)
	__attribute__((warn_unused_result));

#endif
