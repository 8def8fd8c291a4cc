/* sops - files encrypted by SOPS (getsops/sops 3.13), decrypted.
 *
 * An encrypted file is a tree whose values are sealed with one data key, and a
 * part named "sops" that holds this key, sealed with one or more master keys. To
 * decrypt means: read the tree in its format, get the data key from whichever master
 * key is at hand, open the values, write the tree in the same or another format,
 * byte for byte as SOPS does.
 *
 *	struct sops_keys *keys;
 *	TRY(sops_keys_new(&keys, &(struct sops_options){ .net = net }));
 *	TRY(sops_keys_import(keys, S("ns/name"), items, n));	or sops_keys_from_env(keys)
 *	TRY(sops_decrypt(keys, a, bytes, SOPS_YAML, SOPS_YAML, &plain));
 *
 * Master keys: age (X25519), OpenPGP (GnuPG in a home of its own), HashiCorp
 * Vault's transit, AWS KMS, GCP KMS, Azure Key Vault, and groups of them with a
 * threshold. What a data key was unwrapped to is remembered for the life of the
 * `keys`, so a hundred files for one key cost one request or child process each
 * at the most.
 *
 * The integrity of a whole file (its MAC) is checked only where asked: Flux does
 * not, since builds change the texts around the values. Each value is checked in
 * any case, with its place in the tree.
 *
 * Errors have the words of kustomize-controller; what can be done about a missing
 * key is told in the error's detail. No plain text and no key is in any of them.
 *
 * A struct sops_keys belongs to one thread at a time; requests and child processes
 * are waited for, so that thread is a worker.
 */
#ifndef SOPS_SOPS_H
#define SOPS_SOPS_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mask.h"

struct net_client;

enum sops_format { SOPS_BINARY, SOPS_DOTENV, SOPS_INI, SOPS_JSON, SOPS_YAML };

enum {
	SOPS_FILE_MAX = 5 << 20,	/* bytes; Flux's limit */
	SOPS_DEPTH_MAX = 500,		/* lists and maps in each other */
	SOPS_MASTER_KEYS_MAX = 1000,	/* of one file */
	SOPS_IDENTITIES_MAX = 1000,	/* age keys that are tried */
	SOPS_RINGS_MAX = 100,		/* OpenPGP key files */
};

/* Where key services are, for tests and private clouds; empty: where they are. */
struct sops_endpoints {
	str aws;		/* instead of https://kms.REGION.amazonaws.com */
	str aws_sts;		/* instead of https://sts.REGION.amazonaws.com */
	str gcp;		/* instead of https://cloudkms.googleapis.com */
	str azure_login;	/* instead of https://login.microsoftonline.com */
};

/* Who is to be asked for a token of a cloud, and for which. */
struct sops_cloud {
	const char *kind;	/* "aws", "azure", "gcp" */
	str region;		/* aws */
	str scope;		/* azure */
	str client;		/* azure: the managed identity that a Secret names; or empty */
};

struct sops_options {
	struct net_client *net;		/* NULL: key services are not asked */
	struct net_client *outer;	/* where files and Secrets name the host; NULL: `net` */
	struct sops_endpoints endpoints;
	int64_t deadline;		/* clock_mono; 0: none */
	const atomic_bool *cancel;	/* or NULL */
	bool check_mac;
	struct mask *mask;		/* learns the keys that are imported; or NULL */
	/* A token for the Vault at `address` where no key was imported for it, and
	 * Vault is asked only if this is there. The token lives in the arena. */
	err *(*vault_token)(void *ctx, struct arena *a, str address, str *token);
	/* The same for clouds, where the caller has an identity of its own: a bearer token,
	 * for aws JSON (AccessKeyId, SecretAccessKey, SessionToken). */
	err *(*cloud_token)(void *ctx, struct arena *a, const struct sops_cloud *ask, str *token);
	void *ctx;
};

struct sops_keys;

/* `o` may be NULL; what it points to is borrowed for the life of the keys. */
err *sops_keys_new(struct sops_keys **out, const struct sops_options *o)
	__attribute__((warn_unused_result));
/* Wipes the keys and removes the GnuPG home. NULL is fine. */
void sops_keys_free(struct sops_keys *k);
/* For CLEANUP(sops_keys_drop) struct sops_keys *k = NULL. */
void sops_keys_drop(struct sops_keys **k);

/* ---- where keys come from ---------------------------------------------- */

struct sops_item {
	str key, value;		/* of a Secret; the value is decoded */
};

/* The keys of the Secret that spec.decryption.secretRef names, in the order of
 * their names: *.asc, *.agekey, sops.vault-token, sops.aws-kms, sops.azure-kv,
 * sops.gcp-kms; others are not looked at. Copies. `secret` is "NAMESPACE/NAME":
 * "failed to import 'x.agekey' data from sops decryption Secret 'ns/name': ...". */
err *sops_keys_import(struct sops_keys *k, str secret, const struct sops_item *items, size_t n)
	__attribute__((warn_unused_result));
/* Those of the controller's --sops-age-secret: *.agekey alone. */
err *sops_keys_import_age(struct sops_keys *k, str secret, const struct sops_item *items, size_t n)
	__attribute__((warn_unused_result));

/* What the sops program finds on a machine. `env` gives a variable, or NULL; NULL
 * stands for getenv. Read are SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and
 * sops/age/keys.txt below the user's configuration; the user's own GnuPG keys,
 * as they are; VAULT_TOKEN and ~/.vault-token; GOOGLE_CREDENTIALS (a service account's key or
 * its path) and GOOGLE_OAUTH_ACCESS_TOKEN; what else clouds want is asked of `cloud_token`.
 * A key file encrypted with a passphrase is opened with SOPS_AGE_PASSPHRASE.
 * `*found`: whether there is any key but GnuPG's. */
err *sops_keys_from_env(struct sops_keys *k, const char *(*env)(const char *name), bool *found)
	__attribute__((warn_unused_result));

/* A token of the Vault at `address`, for a token (JWT) of somebody it trusts. The login
 * path is taken as it is: "auth/kubernetes/login". In the arena. */
struct sops_vault_login {
	str address, path, role, jwt;
};
err *sops_vault_login(struct sops_keys *k, struct arena *a, const struct sops_vault_login *l,
		      str *token) __attribute__((warn_unused_result));

/* ---- decrypting -------------------------------------------------------- */

/* What the file holds, in format `out`; in the arena. */
err *sops_decrypt(struct sops_keys *k, struct arena *a, str bytes, enum sops_format in,
		  enum sops_format out, str *plain) __attribute__((warn_unused_result));

/* Whether its keys are at hand and its MAC is right, whatever the options say. */
err *sops_check(struct sops_keys *k, str bytes, enum sops_format in)
	__attribute__((warn_unused_result));

/* The format a file's name stands for, as sops goes by it. */
enum sops_format sops_format_of(str path);
/* Whether the text looks encrypted by SOPS, and in which format (`format` may be NULL). */
bool sops_is_encrypted(str bytes, enum sops_format *format);

#endif
