#include "cli/flux_choice.h"

#include "text/path.h"

/* The words of one kind of value. */
struct choice {
	const char *what;	/* "source OCI provider" */
	const char *about;	/* what is asked for when nothing is given */
	const char *const *words;
	const char *separator;	/* between the words in the complaint */
};

static err *unsupported(struct arena *a, const struct choice *c, str value)
{
	VEC(str) words = { 0 };

	for (const char *const *w = c->words; *w; w++)
		avec_push(a, &words, str_c(*w));
	str all = arena_join(a, words.p, words.n, str_c(c->separator));

	return err_new(ERR_INVALID, "%s '%.*s' is not supported, must be one of: %.*s", c->what,
		       STR_ARG(value), STR_ARG(all));
}

static err *choose(struct arena *a, const struct choice *c, void *slot, str value)
{
	if (!str_trim(value).n)
		return err_new(ERR_INVALID, "no %s given, please specify %s", c->what, c->about);
	for (const char *const *w = c->words; *w; w++)
		if (str_eq(str_c(*w), value)) {
			*(str *)slot = value;
			return NULL;
		}
	return unsupported(a, c, value);
}

#define CHOICE(variable, shown, says, asks, between, ...)                                \
	static err *set_##variable(struct arena *a, void *slot, str value, bool again)   \
	{                                                                                \
		static const char *const words[] = { __VA_ARGS__, NULL };                \
		static const struct choice c = { says, asks, words, between };           \
                                                                                         \
		(void)again;                                                             \
		return choose(a, &c, slot, value);                                       \
	}                                                                                \
	const struct flag_type choice_##variable = { shown, false, set_##variable };

CHOICE(git_provider, "generic|github|aws|azure", "source Git provider",
       "the Git provider name", "|", "generic", "github", "aws", "azure")
CHOICE(oci_provider, "generic|aws|azure|gcp", "source OCI provider", "the OCI provider name", ", ",
       "generic", "aws", "azure", "gcp")
CHOICE(bucket_provider, "generic|aws|azure|gcp", "source bucket provider",
       "the S3 compatible storage provider name", "|", "generic", "aws", "azure", "gcp")
CHOICE(verify_provider, "sourceOCIVerifyProvider", "source OCI verify provider",
       "the OCI verify provider name to use for signature verification, available options are: "
       "(cosign)",
       ", ", "cosign")
CHOICE(decryption_provider, "decryptionProvider", "decryption provider",
       "decryption provider, available options are: (sops)", ", ", "sops")
CHOICE(receiver,
       "generic|generic-hmac|github|gitlab|bitbucket|harbor|dockerhub|quay|gcr|nexus|acr|cdevents",
       "receiver type", "the receiver type", ", ", "generic", "generic-hmac", "github", "gitlab",
       "bitbucket", "harbor", "dockerhub", "quay", "gcr", "nexus", "acr", "cdevents")
CHOICE(key_algorithm, "rsa|ecdsa|ed25519", "public key algorithm", "SSH public key algorithm", ", ",
       "rsa", "ecdsa", "ed25519")
CHOICE(curve, "p256|p384|p521", "curve", "SSH ECDSA public key curve", ", ", "p256", "p384",
       "p521")

/* flux words these another way. */
static err *set_crds(struct arena *a, void *slot, str value, bool again)
{
	static const str words[] = { S("Skip"), S("Create"), S("CreateReplace") };

	(void)a;
	(void)again;
	for (size_t i = 0; i < 3; i++)
		if (str_eq(words[i], value)) {
			*(str *)slot = value;
			return NULL;
		}
	return err_new(ERR_INVALID, "unsupported upgrade CRDs policy '%.*s', must be one of: Skip, "
				    "Create, CreateReplace",
		       STR_ARG(value));
}

const struct flag_type choice_crds = { "Skip|Create|CreateReplace", false, set_crds };

static err *set_log_level(struct arena *a, void *slot, str value, bool again)
{
	(void)a;
	(void)again;
	if (!str_eq(value, S("debug")) && !str_eq(value, S("info")) && !str_eq(value, S("error")))
		return err_new(ERR_INVALID,
			       "unsupported log level '%.*s', must be one of: debug, info, error",
			       STR_ARG(value));
	*(str *)slot = value;
	return NULL;
}

const struct flag_type choice_log_level = { "debug|info|error", false, set_log_level };

static err *set_rsa_bits(struct arena *a, void *slot, str value, bool again)
{
	enum { MIN = 1024, MAX = 16384 };
	uint64_t bits;

	(void)a;
	(void)again;
	if (!str_trim(value).n)
		return err_new(ERR_INVALID, "no RSA key bits given, please specify SSH RSA public "
					    "key bit size (multiplies of 8, min 1024)");
	if (!str_to_u64(value, &bits) || bits < MIN || bits > MAX || bits % 8)
		return err_new(ERR_INVALID, "RSA key bit size must be a multiples of 8");
	*(int64_t *)slot = (int64_t)bits;
	return NULL;
}

const struct flag_type choice_rsa_bits = { "rsaKeyBits", false, set_rsa_bits };

/* Joined below the directory: ".." does not lead out. */
static err *set_path(struct arena *a, void *slot, str value, bool again)
{
	str inside = path_clean(a, arena_cat(a, S("/"), value));

	(void)again;
	*(str *)slot = arena_cat(a, S("./"), str_from(inside, 1));
	return NULL;
}

const struct flag_type choice_path = { "safeRelativePath", false, set_path };

/* ---- sources ----------------------------------------------------------- */

/* The kind in its own spelling, whatever the user's. */
static err *known_kind(struct arena *a, const struct choice *c, str kind, str *out)
{
	for (const char *const *w = c->words; *w; w++)
		if (str_eq_nocase(str_c(*w), kind)) {
			*out = str_c(*w);
			return NULL;
		}
	return unsupported(a, c, kind);
}

static err *read_source(struct arena *a, const struct choice *c, str fallback, bool namespaces,
			void *slot, str value)
{
	struct choice_source s = { .kind = fallback };
	str kind, rest;

	if (!str_trim(value).n)
		return err_new(ERR_INVALID, "no %s given, please specify %s", c->about, c->separator);
	if (str_split(value, '/', &kind, &rest)) {
		const struct choice words = { .what = c->what, .words = c->words, .separator = ", " };

		TRY(known_kind(a, &words, kind, &s.kind));
		value = rest;
	} else if (!fallback.n) {
		return err_new(ERR_INVALID, "invalid %s '%.*s', must be in format <kind>/<name>",
			       c->about, STR_ARG(value));
	}
	size_t dot = str_rfind_char(value, '.');

	s.name = value;
	if (namespaces && dot != STR_NPOS) {
		s.name = str_sub(value, 0, dot);
		s.namespace = str_from(value, dot + 1);
	}
	if (!s.name.n)
		return err_new(ERR_INVALID, "no name given for source of kind '%.*s'",
			       STR_ARG(s.kind));
	*(struct choice_source *)slot = s;
	return NULL;
}

/* `about`: "no ... given"; `separator`: what to specify. */
#define SOURCE(variable, shown, about, asks, fallback, namespaces, ...)                    \
	static err *set_##variable(struct arena *a, void *slot, str value, bool again)     \
	{                                                                                  \
		static const char *const words[] = { __VA_ARGS__, NULL };                  \
		static const struct choice c = { "source kind", about, words, asks };      \
                                                                                           \
		(void)again;                                                               \
		return read_source(a, &c, fallback, namespaces, slot, value);              \
	}                                                                                  \
	const struct flag_type choice_##variable = { shown, false, set_##variable };

SOURCE(kustomization_source, "string", "Kustomization source",
       "source that contains the Kubernetes manifests in the format "
       "'[<kind>/]<name>.<namespace>', where kind must be one of: (OCIRepository, GitRepository, "
       "Bucket), if kind is not specified it defaults to GitRepository",
       S("GitRepository"), true, "OCIRepository", "GitRepository", "Bucket")
SOURCE(chart_source, "helmChartSource", "Helm chart source",
       "source that contains the chart in the format '<kind>/<name>', where kind must be one of: "
       "(HelmRepository, GitRepository, Bucket)",
       STR_NONE, false, "HelmRepository", "GitRepository", "Bucket")
SOURCE(release_source, "string", "Helm chart source",
       "source that contains the chart in the format '<kind>/<name>.<namespace>', where kind must "
       "be one of: (HelmRepository, GitRepository, Bucket)",
       STR_NONE, true, "HelmRepository", "GitRepository", "Bucket")
