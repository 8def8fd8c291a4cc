#include "source/ocichart.h"

#include "source/digest.h"

static err *failed(err *e, const char *what)
{
	return err_wrap(e, "failed to perform %s", what);
}

/* ---- pulling ------------------------------------------------------------------ */

static err *fetch_manifest(struct oci *c, struct arena *a, str wanted, str shown,
			   struct ocimanifest *out)
{
	static const char step[] = "\"FetchReference\" on source";
	err *e = oci_image(c, a, wanted, NULL, out);

	if (e && err_code(e) == 404)
		e = err_replace(e, "%.*s: not found", STR_ARG(shown));
	return e ? failed(e, step) : NULL;
}

static const struct ocidescriptor *find(const struct ocimanifest *m, str type)
{
	const struct ocidescriptor *found = NULL;

	for (size_t i = 0; i < m->parts_n; i++)
		if (str_eq(m->parts[i].media_type, type))
			found = &m->parts[i];
	return found;
}

static err *no_layer(str type)
{
	return err_new(ERR_INVALID, "manifest does not contain a layer with mediatype %.*s",
		       STR_ARG(type));
}

/* How many of its parts are any of a chart's; the manifest is one. */
static size_t count(const struct ocimanifest *m, bool prov)
{
	size_t n = 1 + str_eq(m->config.media_type, OCIMANIFEST_HELM_CONFIG);

	for (size_t i = 0; i < m->parts_n; i++) {
		str type = m->parts[i].media_type;

		n += str_eq(type, OCIMANIFEST_HELM_CHART) || str_eq(type, OCICHART_OLD_TYPE) ||
		     (prov && str_eq(type, OCIMANIFEST_HELM_PROV));
	}
	return n;
}

static err *check(const struct ocimanifest *m, bool prov)
{
	size_t n = count(m, prov);

	if (n < 2)
		return err_new(ERR_INVALID,
			       "manifest does not contain minimum number of descriptors (2), "
			       "descriptors found: %zu",
			       n);
	if (!str_eq(m->config.media_type, OCIMANIFEST_HELM_CONFIG))
		return err_new(ERR_INVALID, "could not load config with mediatype %.*s",
			       STR_ARG(OCIMANIFEST_HELM_CONFIG));
	if (!find(m, OCIMANIFEST_HELM_CHART) && !find(m, OCICHART_OLD_TYPE))
		return no_layer(OCIMANIFEST_HELM_CHART);
	return NULL;
}

static err *fetch_layer(struct oci *c, struct arena *a, const struct ocidescriptor *d, uint64_t max,
			str *out)
{
	err *e = oci_blob_text(c, a, d, max, out);

	if (e && err_code(e) == 404)
		e = err_replace(e, "%.*s: not found", STR_ARG(d->digest));
	return e ? failed(e, "\"Fetch\" on source") : NULL;
}

err *ocichart_pull(struct oci *c, struct arena *a, str wanted, str shown, uint64_t max, bool prov,
		   struct ocichart *out)
{
	*out = (struct ocichart){ 0 };
	TRY(fetch_manifest(c, a, wanted, shown, &out->manifest));
	TRY(check(&out->manifest, prov));
	const struct ocidescriptor *chart = find(&out->manifest, OCIMANIFEST_HELM_CHART);
	const struct ocidescriptor *signature = find(&out->manifest, OCIMANIFEST_HELM_PROV);

	out->old_type = !chart;
	if (!chart)
		chart = find(&out->manifest, OCICHART_OLD_TYPE);
	TRY(fetch_layer(c, a, chart, max, &out->chart));
	return prov && signature ? fetch_layer(c, a, signature, OCICHART_PROV_MAX, &out->prov) : NULL;
}

/* ---- pushing ------------------------------------------------------------------- */

err *ocichart_push(struct oci *c, struct arena *a, const str *blobs, size_t n, str manifest, str tag,
		   struct ocidescriptor *out)
{
	struct ocidescriptor blob;
	str digest, there;
	bool has;

	TRY(digest_of(a, DIGEST_SHA256, manifest, &digest));
	TRY(oci_has_manifest(c, a, digest, &has, &there));
	for (size_t i = 0; !has && i < n; i++)
		TRY(oci_push_blob(c, a, blobs[i], &blob));
	if (!has)
		TRY(oci_push_manifest(c, a, STR_NONE, OCIMANIFEST_IMAGE, manifest, out));
	return oci_push_manifest(c, a, tag, OCIMANIFEST_IMAGE, manifest, out);
}
