#include "cli/flux_choice.h"

#include "text/number.h"
#include "text/path.h"

/* The words of one kind of value. flux complains in two ways: "X 'v' is not supported",
 * and, where nothing is asked for, "unsupported X 'v'". */
struct choice {
	const char *what;	/* "source OCI provider" */
	const char *asks;	/* what to specify when nothing is given; NULL: the other way */
	const char *const *words;
	const char *separator;	/* between the words in the complaint */
};

static str all_words(struct arena *a, const struct choice *c)
{
	VEC(str) words = { 0 };

	for (const char *const *w = c->words; *w; w++)
		avec_push(a, &words, str_c(*w));
	return arena_join(a, words.p, words.n, str_c(c->separator));
}

static err *unsupported(struct arena *a, const struct choice *c, str value)
{
	str all = all_words(a, c);

	if (!c->asks)
		return err_new(ERR_INVALID, "unsupported %s '%.*s', must be one of: %.*s", c->what,
			       STR_ARG(value), STR_ARG(all));
	return err_new(ERR_INVALID, "%s '%.*s' is not supported, must be one of: %.*s", c->what,
		       STR_ARG(value), STR_ARG(all));
}

static err *nothing(struct arena *a, const struct choice *c)
{
	str all = all_words(a, c);

	if (!c->asks)
		return err_new(ERR_INVALID, "no %s given, must be one of: %.*s", c->what, STR_ARG(all));
	return err_new(ERR_INVALID, "no %s given, please specify %s", c->what, c->asks);
}

static err *choose(struct arena *a, const struct choice *c, void *slot, str value, bool empty)
{
	if (!empty && !str_trim(value).n)
		return nothing(a, c);
	for (const char *const *w = c->words; *w; w++)
		if (str_eq(str_c(*w), value)) {
			*(str *)slot = value;
			return NULL;
		}
	return unsupported(a, c, value);
}

/* `empty`: the empty text is a word like others, and a wrong one. */
#define CHOICE(variable, shown, says, asks, between, empty, ...)                         \
	static err *set_##variable(struct arena *a, void *slot, str value, bool again)   \
	{                                                                                \
		static const char *const words[] = { __VA_ARGS__, NULL };                \
		static const struct choice c = { says, asks, words, between };           \
                                                                                         \
		(void)again;                                                             \
		return choose(a, &c, slot, value, empty);                                \
	}                                                                                \
	const struct flag_type choice_##variable = { shown, false, set_##variable };

CHOICE(git_provider, "generic|github|aws|azure", "source Git provider",
       "the Git provider name", "|", false, "generic", "github", "aws", "azure")
CHOICE(oci_provider, "generic|aws|azure|gcp", "source OCI provider", "the OCI provider name", ", ",
       false, "generic", "aws", "azure", "gcp")
CHOICE(bucket_provider, "generic|aws|azure|gcp", "source bucket provider",
       "the S3 compatible storage provider name", ", ", false, "generic", "aws", "azure", "gcp")
CHOICE(verify_provider, "sourceOCIVerifyProvider", "source OCI verify provider",
       "the OCI verify provider name to use for signature verification, available options are: "
       "(cosign)",
       ", ", false, "cosign")
CHOICE(decryption_provider, "decryptionProvider", "decryption provider", NULL, ", ", false, "sops")
CHOICE(receiver,
       "generic|generic-hmac|github|gitlab|bitbucket|harbor|dockerhub|quay|gcr|nexus|acr|cdevents",
       "receiver type", "the receiver type", ", ", false, "generic", "generic-hmac", "github",
       "gitlab", "bitbucket", "harbor", "dockerhub", "quay", "gcr", "nexus", "acr", "cdevents")
CHOICE(key_algorithm, "rsa|ecdsa|ed25519", "public key algorithm", NULL, ", ", false, "rsa", "ecdsa",
       "ed25519")
CHOICE(curve, "p256|p384|p521", "curve", NULL, ", ", true, "p256", "p384", "p521")
CHOICE(crds, "Skip|Create|CreateReplace", "upgrade CRDs policy", NULL, ", ", false, "Skip", "Create",
       "CreateReplace")
CHOICE(log_level, "debug|info|error", "log level", NULL, ", ", false, "debug", "info", "error")

static err *set_rsa_bits(struct arena *a, void *slot, str value, bool again)
{
	enum { FALLBACK = 2048, MIN = 1024, MAX = 16384 };
	int64_t bits = FALLBACK;

	(void)a;
	(void)again;
	if (str_trim(value).n)
		TRY(number_parse_atoi(value, &bits));
	if (bits < MIN)
		return err_new(ERR_INVALID, "RSA key bit size must be at least 1024");
	if (bits % 8)
		return err_new(ERR_INVALID, "RSA key bit size must be a multiples of 8");
	if (bits > MAX)
		return err_new(ERR_INVALID, "RSA key bit size must be at most %d", MAX);
	*(int64_t *)slot = bits;
	return NULL;
}

const struct flag_type choice_rsa_bits = { "rsaKeyBits", false, set_rsa_bits };

/* Joined below the directory: ".." does not lead out. */
static err *set_path(struct arena *a, void *slot, str value, bool again)
{
	str inside = path_clean(a, arena_cat(a, S("/"), str_trim(value)));

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

/* "kind/name": with more slashes or none all of it is the name. */
void choice_split(str value, str *kind, str *name)
{
	*kind = STR_NONE;
	*name = value;
	if (str_count_char(value, '/') == 1)
		str_split(value, '/', kind, name);
}

void choice_split_namespace(str *name, str *namespace)
{
	size_t dot = str_rfind_char(*name, '.');

	*namespace = dot == STR_NPOS ? STR_NONE : str_from(*name, dot + 1);
	*name = str_sub(*name, 0, dot);
}

/* What flux lets stand without a kind; a kind by itself is no name. */
static err *default_kind(const struct choice *c, str name, str fallback, str *kind)
{
	for (const char *const *w = c->words; *w; w++)
		if (str_eq(str_c(*w), name))
			return err_new(ERR_INVALID, "no kind specified for source '%.*s'",
				       STR_ARG(name));
	*kind = fallback;
	return NULL;
}

static err *read_source(struct arena *a, const struct choice *c, str fallback, bool namespaces,
			void *slot, str value)
{
	const struct choice kinds = { "source kind", c->asks, c->words, ", " };
	struct choice_source s = { 0 };
	str kind;

	if (!str_trim(value).n)
		return nothing(a, c);
	choice_split(value, &kind, &s.name);
	if (namespaces)
		choice_split_namespace(&s.name, &s.namespace);
	if (!fallback.n && (!kind.n || !s.name.n))
		return err_new(ERR_INVALID, "invalid %s '%.*s', must be in format <kind>/<name>",
			       c->what, STR_ARG(value));
	if (!s.name.n)
		return err_new(ERR_INVALID, "no name given for source of kind '%.*s'", STR_ARG(kind));
	if (!kind.n)
		TRY(default_kind(c, s.name, fallback, &kind));
	TRY(known_kind(a, &kinds, kind, &s.kind));
	*(struct choice_source *)slot = s;
	return NULL;
}

#define SOURCE(variable, shown, says, asks, fallback, namespaces, ...)                     \
	static err *set_##variable(struct arena *a, void *slot, str value, bool again)     \
	{                                                                                  \
		static const char *const words[] = { __VA_ARGS__, NULL };                  \
		static const struct choice c = { says, asks, words, ", " };                \
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
SOURCE(chart_source, "helmChartSource", "helm chart source",
       "source that contains the chart in the format '<kind>/<name>', where kind must be one of: "
       "(HelmRepository, GitRepository, Bucket)",
       STR_NONE, false, "HelmRepository", "GitRepository", "Bucket")
SOURCE(release_source, "string", "helm chart source",
       "source that contains the chart in the format '<kind>/<name>.<namespace>', where kind must "
       "be one of: (HelmRepository, GitRepository, Bucket)",
       STR_NONE, true, "HelmRepository", "GitRepository", "Bucket")
