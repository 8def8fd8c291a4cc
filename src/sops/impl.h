/* impl - what the parts of the SOPS layer share: the tree, its metadata, the keys.
 *
 * The tree is that of the Go program: maps are lists of entries in order, in which
 * comments stand as entries of their own, since comments are encrypted, too.
 */
#ifndef SOPS_IMPL_H
#define SOPS_IMPL_H

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "crypto/age.h"
#include "net/client.h"
#include "sops/sops.h"
#include "value/node.h"

/* ---- the tree ---------------------------------------------------------- */

struct sops_branch;

struct sops_entry {
	bool comment;		/* `key` is its text, without '#' */
	bool same_line;		/* a comment behind a value, not above it */
	str key;		/* of a map's entry */
	node value;		/* a scalar, or NODE_OBJECT: a struct sops_branch */
};

struct sops_branch {
	bool list;
	struct sops_entry *p;
	size_t n, cap;
};

struct sops_branches {
	struct sops_branch **p;
	size_t n, cap;
};

static inline struct sops_branch *sops_branch_of(node n)
{
	return n.kind == NODE_OBJECT ? n.object : NULL;
}
struct sops_branch *sops_branch_new(struct arena *a, bool list);
node sops_branch_node(struct sops_branch *b);
void sops_branch_add(struct arena *a, struct sops_branch *b, str key, node value);
/* Comment lines, '#' included, as YAML has them. */
void sops_branch_comment(struct arena *a, struct sops_branch *b, str lines, bool same_line);
/* The value of the first entry of that name; NODE_NONE. */
node sops_branch_get(const struct sops_branch *b, str key);

/* A scalar as SOPS hashes and prints it. */
err *sops_scalar_text(struct arena *a, node n, str *out) __attribute__((warn_unused_result));
/* As Go's fmt and the flat formats print it: stores.ValToString. */
err *sops_scalar_flat(struct arena *a, node n, str *out) __attribute__((warn_unused_result));

/* ---- formats: bytes to trees and back ----------------------------------- */

err *sops_read(struct arena *a, enum sops_format format, str bytes, struct sops_branches *out)
	__attribute__((warn_unused_result));
err *sops_write(struct arena *a, enum sops_format format, const struct sops_branches *tree,
		struct buf *out) __attribute__((warn_unused_result));

err *sops_yaml_read(struct arena *a, str bytes, struct sops_branches *out)
	__attribute__((warn_unused_result));
err *sops_yaml_write(struct arena *a, const struct sops_branches *tree, struct buf *out)
	__attribute__((warn_unused_result));
err *sops_json_read(struct arena *a, str bytes, struct sops_branches *out)
	__attribute__((warn_unused_result));
err *sops_json_write(struct arena *a, const struct sops_branches *tree, struct buf *out)
	__attribute__((warn_unused_result));
err *sops_ini_read(struct arena *a, str bytes, struct sops_branches *out)
	__attribute__((warn_unused_result));
err *sops_ini_write(struct arena *a, const struct sops_branches *tree, struct buf *out)
	__attribute__((warn_unused_result));

/* ---- metadata ---------------------------------------------------------- */

enum sops_service {
	SOPS_KMS,
	SOPS_GCP_KMS,
	SOPS_HCKMS,
	SOPS_AZURE_KV,
	SOPS_HC_VAULT,
	SOPS_PGP,
	SOPS_AGE,
	SOPS_SERVICES,
};

struct sops_context {
	str key, value;
};

/* One master key: which service, what it is called there, the data key sealed. */
struct sops_master {
	enum sops_service service;
	str enc;
	str name;		/* arn, resource_id, name, key_name, fp, recipient */
	str address;		/* vault_url, vault_address; aws: role */
	str path;		/* engine_path; azure: version; aws: aws_profile */
	const struct sops_context *context;	/* aws */
	size_t context_n;
};

struct sops_group {
	const struct sops_master *p;
	size_t n;
};

enum sops_rule {
	SOPS_UNENCRYPTED_SUFFIX,
	SOPS_ENCRYPTED_SUFFIX,
	SOPS_UNENCRYPTED_REGEX,
	SOPS_ENCRYPTED_REGEX,
	SOPS_UNENCRYPTED_COMMENT_REGEX,
	SOPS_ENCRYPTED_COMMENT_REGEX,
	SOPS_RULES,
};

struct sops_metadata {
	const struct sops_group *groups;
	size_t groups_n;
	int64_t threshold;
	str mac, last_modified;		/* the latter as RFC 3339 */
	bool mac_only_encrypted;
	enum sops_rule rule;		/* the one that is set */
	str rule_text;
};

/* Take the metadata out of the tree. */
err *sops_metadata_take(struct arena *a, enum sops_format format, struct sops_branches *tree,
			struct sops_metadata *out) __attribute__((warn_unused_result));

/* ---- values ------------------------------------------------------------ */

enum { SOPS_DATA_KEY = 32 };

/* Open one value: `where` is its path, "a:b:". `*comment`: it was a comment. */
err *sops_value_open(struct arena *a, str sealed, const uint8_t key[SOPS_DATA_KEY], str where,
		     node *out, bool *comment) __attribute__((warn_unused_result));
/* Open all of the tree, and give its MAC in capital hex. */
err *sops_tree_open(struct arena *a, struct sops_branches *tree, const struct sops_metadata *m,
		    const uint8_t key[SOPS_DATA_KEY], str *mac) __attribute__((warn_unused_result));

/* The secret of a number of Shamir's parts; "duplicate part detected". */
err *sops_shamir_combine(const str *parts, size_t n, struct buf *out)
	__attribute__((warn_unused_result));

/* ---- keys -------------------------------------------------------------- */

struct sops_aws {
	str id, secret, session;
};

struct sops_azure {
	str tenant;		/* empty: `client`, if any, is a managed identity */
	str client, secret, authority;
	str certificate, password;	/* instead of the secret */
	bool chain;
};

struct sops_gcp {
	str email, key, key_id, token_uri;	/* a service account */
	str token;				/* or a token as it is */
};

struct sops_pgp;

struct sops_keys {
	struct sops_options o;
	struct arena mem;		/* all texts */
	VEC(str) kept;			/* those that are secret: wiped at the end */
	VEC(struct age_identity) identities;
	struct sops_pgp *pgp;		/* NULL: none */
	bool user_pgp;			/* the user's own GnuPG */
	str vault_token;
	bool has_aws, has_gcp;
	struct sops_aws aws;
	struct sops_azure azure;
	struct sops_gcp gcp;
	str azure_token, azure_scope, gcp_token;	/* got from there */
	str sources;			/* where age keys were looked for in vain */
	struct map unwrapped;		/* sealed data key -> str * */
};

/* A copy that lives as long as the keys, and that the mask knows. */
str sops_keys_keep(struct sops_keys *k, str secret);

/* The data key of a file. */
err *sops_datakey_get(struct sops_keys *k, struct arena *a, const struct sops_metadata *m,
		      uint8_t key[SOPS_DATA_KEY]) __attribute__((warn_unused_result));
/* What a master key is called in messages. */
str sops_master_name(struct arena *a, const struct sops_master *m);

err *sops_age_import(struct sops_keys *k, str text, bool many_a_line)
	__attribute__((warn_unused_result));
err *sops_age_open(struct sops_keys *k, const struct sops_master *m, struct buf *out)
	__attribute__((warn_unused_result));
err *sops_pgp_import(struct sops_keys *k, str ring) __attribute__((warn_unused_result));
err *sops_pgp_open(struct sops_keys *k, const struct sops_master *m, struct buf *out)
	__attribute__((warn_unused_result));
void sops_pgp_free(struct sops_pgp *p);
err *sops_aws_import(struct sops_keys *k, str text) __attribute__((warn_unused_result));
err *sops_aws_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		   struct buf *out) __attribute__((warn_unused_result));
err *sops_gcp_import(struct sops_keys *k, str text) __attribute__((warn_unused_result));
err *sops_gcp_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		   struct buf *out) __attribute__((warn_unused_result));
err *sops_azure_import(struct sops_keys *k, str text) __attribute__((warn_unused_result));
err *sops_azure_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		     struct buf *out) __attribute__((warn_unused_result));
err *sops_vault_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		     struct buf *out) __attribute__((warn_unused_result));

/* One exchange with a key service: POST `body`. */
struct sops_http {
	str url, body;
	str type;		/* empty: application/json */
	str token;		/* bearer */
	const struct net_header *headers;
	size_t headers_n;
	bool named;		/* the host is: by a file, or by the Secret of keys */
};
struct sops_answer {
	int status;
	node json;		/* NODE_NONE: it is none */
	str text;
	str request_id;		/* of Amazon's services */
};
err *sops_http_post(struct sops_keys *k, struct arena *a, const struct sops_http *h,
		    struct sops_answer *out) __attribute__((warn_unused_result));
/* A text at the end of a path of keys; "?" for what is no text. */
str sops_http_text(node n, const char *key);

#endif
