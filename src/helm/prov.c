#include "helm/prov.h"

#include "base/buf.h"
#include "crypto/sha256.h"
#include "helm/yamlfit.h"
#include "text/quote.h"
#include "value/yaml.h"

#define BEGIN_TEXT      S("-----BEGIN PGP SIGNED MESSAGE-----")
#define BEGIN_SIGNATURE S("-----BEGIN PGP SIGNATURE-----")
#define END_SIGNATURE   S("-----END PGP SIGNATURE-----")

static err *no_block(void)
{
	return err_new(ERR_INVALID, "signature block not found");
}

/* The frame's head and the empty line that ends it. */
static bool take_head(str *rest)
{
	str line;

	while (str_line(rest, &line))
		if (str_eq(str_trim(line), BEGIN_TEXT))
			break;
	while (str_line(rest, &line)) {
		if (!str_trim(line).n)
			return true;
		if (!str_starts(line, S("Hash:")))
			return false;
	}
	return false;
}

err *prov_split(struct arena *a, str text, str *signed_text, str *signature)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(PROV_SIZE_MAX);
	str rest = text, line;
	bool first = true;

	if (text.n > PROV_SIZE_MAX)
		return err_new(ERR_INVALID, "provenance file is larger than %d bytes", PROV_SIZE_MAX);
	if (!take_head(&rest))
		return no_block();
	for (str before = rest; str_line(&rest, &line); before = rest, first = false) {
		if (str_eq(str_trim(line), BEGIN_SIGNATURE)) {
			size_t end = str_find(before, END_SIGNATURE);

			if (end == STR_NPOS || first)
				return no_block();
			*signature = arena_cat(a, str_sub(before, 0, end), END_SIGNATURE, S("\n"));
			*signed_text = arena_str(a, buf_str(&b));
			return NULL;
		}
		if (!first)
			buf_addc(&b, '\n');
		str_take_str(&line, S("- "));
		buf_add(&b, str_trim_right_set(line, S(" \t\r")));
	}
	return no_block();
}

static const struct typed_field sum_fields[] = {
	TYPED_FIELD("files", &typed_string_map),
	TYPED_FIELD("images", &typed_string_map),
};
static const struct typed sums_type =
	TYPED_STRUCT_OF("provenance", "SumCollection", sum_fields);

err *prov_check(struct arena *a, str signed_text, str archive, str name, str *sum)
{
	size_t cut = str_find(signed_text, S("\n...\n"));
	char hex[SHA256_HEX + 1];
	node sums;

	if (cut == STR_NPOS)
		return err_new(ERR_INVALID, "message block must have at least two parts");
	str rest = str_from(signed_text, cut + 5);
	size_t end = str_find(rest, S("\n...\n"));

	TRY(yamlfit_read(a, end == STR_NPOS ? rest : str_sub(rest, 0, end), &sums_type, NULL, &sums));
	node said = node_get(node_get(sums, S("files")), name);

	sha256_hex(archive, hex);
	*sum = arena_cat(a, S("sha256:"), str_c(hex));
	if (said.kind != NODE_STR)
		return err_new(ERR_NOT_FOUND,
			       "provenance does not contain a SHA for a file named %.*s",
			       STR_ARG(quote_str(a, name)));
	if (!str_eq(node_str(said), *sum))
		return err_new(ERR_CONFLICT, "sha256 sum does not match for %.*s: %.*s != %.*s",
			       STR_ARG(name), STR_ARG(quote_str(a, node_str(said))),
			       STR_ARG(quote_str(a, *sum)));
	return NULL;
}

err *prov_text(struct arena *a, node meta, str archive, str name, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(PROV_SIZE_MAX);
	node sums = node_map(a, 1), files = node_map(a, 1);
	char hex[SHA256_HEX + 1];

	sha256_hex(archive, hex);
	node_set(a, files, name, node_from_str(a, arena_cat(a, S("sha256:"), str_c(hex))));
	node_set(a, sums, S("files"), files);
	TRY(yaml_write(&b, meta, YAML_WRITE_SIGS));
	buf_add(&b, S("\n...\n"));
	TRY(yaml_write(&b, sums, YAML_WRITE_SIGS));
	TRY(buf_check(&b, "provenance file"));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}
