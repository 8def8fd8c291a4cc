#include "source/ocimanifest.h"

#include "base/sort.h"
#include "base/vec.h"
#include "source/digest.h"
#include "value/json.h"
#include "value/typed.h"

/* What a text of OCIMANIFEST_MAX bytes can unfold to. */
enum { TREE_DEPTH = 100 };

/* ---- the fields, as the original has them ------------------------------------ */

static const struct typed_field platform_fields[] = {
	TYPED_FIELD("architecture", &typed_string),
	TYPED_FIELD("os", &typed_string),
	TYPED_FIELD("variant", &typed_string),
};
static const struct typed platform = TYPED_STRUCT_OF("v1", "Platform", platform_fields);

static const struct typed_field descriptor_fields[] = {
	TYPED_FIELD("mediaType", &typed_string), TYPED_FIELD("size", &typed_int64),
	TYPED_FIELD("digest", &typed_string),    TYPED_FIELD("annotations", &typed_string_map),
	TYPED_FIELD("platform", &platform),      TYPED_FIELD("artifactType", &typed_string),
};
static const struct typed descriptor = TYPED_STRUCT_OF("v1", "Descriptor", descriptor_fields);
static const struct typed descriptors = { .kind = TYPED_LIST,
					  .go = "[]v1.Descriptor",
					  .of = &descriptor };

static const struct typed_field manifest_fields[] = {
	TYPED_FIELD("schemaVersion", &typed_int64), TYPED_FIELD("mediaType", &typed_string),
	TYPED_FIELD("artifactType", &typed_string), TYPED_FIELD("config", &descriptor),
	TYPED_FIELD("layers", &descriptors),        TYPED_FIELD("annotations", &typed_string_map),
	TYPED_FIELD("subject", &descriptor),
};
static const struct typed manifest = TYPED_STRUCT_OF("v1", "Manifest", manifest_fields);

static const struct typed_field index_fields[] = {
	TYPED_FIELD("schemaVersion", &typed_int64),    TYPED_FIELD("mediaType", &typed_string),
	TYPED_FIELD("artifactType", &typed_string),    TYPED_FIELD("manifests", &descriptors),
	TYPED_FIELD("annotations", &typed_string_map), TYPED_FIELD("subject", &descriptor),
};
static const struct typed index_manifest = TYPED_STRUCT_OF("v1", "IndexManifest", index_fields);

/* ---- reading ----------------------------------------------------------------- */

static err *read_descriptor(node in, struct ocidescriptor *out)
{
	struct ocidescriptor d = {
		.media_type = node_str(node_get(in, S("mediaType"))),
		.digest = node_str(node_get(in, S("digest"))),
		.size = node_int(node_get(in, S("size"))),
		.artifact_type = node_str(node_get(in, S("artifactType"))),
		.annotations = node_get(in, S("annotations")),
	};
	node p = node_get(in, S("platform"));
	struct digest digest;
	err *e = digest_parse(&digest, d.digest);

	if (e)
		return err_wrap(e, "cannot parse hash: \"%.*s\"", STR_ARG(d.digest));
	if (d.size < 0)
		return err_new(ERR_INVALID, "size of %.*s is below zero", STR_ARG(d.digest));
	d.os = node_str(node_get(p, S("os")));
	d.arch = node_str(node_get(p, S("architecture")));
	d.variant = node_str(node_get(p, S("variant")));
	*out = d;
	return NULL;
}

static err *read_parts(struct arena *a, node list, struct ocimanifest *m)
{
	size_t n = node_len(list);

	if (n > OCIMANIFEST_PARTS_MAX)
		return err_new(ERR_INVALID, "manifest has %zu parts, more than %d", n,
			       OCIMANIFEST_PARTS_MAX);
	m->parts = arena_array(a, struct ocidescriptor, n);
	m->parts_n = n;
	for (size_t i = 0; i < n; i++)
		TRY(read_descriptor(node_at(list, i), &m->parts[i]));
	return NULL;
}

static bool is_index(str media_type)
{
	return str_eq(media_type, OCIMANIFEST_INDEX) || str_eq(media_type, OCIMANIFEST_DOCKER_LIST);
}

static bool is_image(str media_type)
{
	return str_eq(media_type, OCIMANIFEST_IMAGE) || str_eq(media_type, OCIMANIFEST_DOCKER);
}

/* The kind that header and text agree on. */
static err *find_kind(node in, str said, struct ocimanifest *m)
{
	node inner = node_get(in, S("mediaType"));
	str type = node_str(inner);

	if (inner.kind == NODE_STR && type.n && said.n && !str_eq(type, said) &&
	    (is_image(said) || is_index(said)))
		return err_new(ERR_INVALID,
			       "manifest's mediaType \"%.*s\" is not the one it was sent as, "
			       "\"%.*s\"",
			       STR_ARG(type), STR_ARG(said));
	if (!type.n || is_image(said) || is_index(said))
		type = said;
	if (!type.n)
		type = node_has(in, S("manifests")) ? OCIMANIFEST_INDEX : OCIMANIFEST_IMAGE;
	m->media_type = type;
	m->index = is_index(type);
	if (!m->index && !is_image(type))
		return err_new(ERR_INVALID, "unsupported MediaType: \"%.*s\"", STR_ARG(type));
	/* A text that can be read as both is read by others as the other. */
	if (node_has(in, m->index ? S("layers") : S("manifests")))
		return err_new(ERR_INVALID, "manifest has both layers and manifests, or those of "
					    "another kind");
	return NULL;
}

static err *read_fields(struct arena *a, node in, struct ocimanifest *m)
{
	TRY(typed_fit(a, in, m->index ? &index_manifest : &manifest, NULL, &in));
	m->artifact_type = node_str(node_get(in, S("artifactType")));
	m->annotations = node_get(in, S("annotations"));
	TRY(read_parts(a, node_get(in, m->index ? S("manifests") : S("layers")), m));
	node subject = node_get(in, S("subject"));

	if (!node_is_nil(subject))
		TRY(read_descriptor(subject, &m->subject));
	if (m->index)
		return NULL;
	err *e = read_descriptor(node_get(in, S("config")), &m->config);

	return e ? err_wrap(e, "config") : NULL;
}

static err *read_map(struct arena *a, str bytes, node *out)
{
	const struct json_options o = { .max_depth = TREE_DEPTH };

	TRY(json_read(a, bytes, &o, out));
	return out->kind == NODE_MAP
		       ? NULL
		       : err_new(ERR_INVALID,
				 "json: cannot unmarshal %s into Go value of type v1.Manifest",
				 node_kind_name(*out));
}

static err *malformed(err *e, bool index)
{
	if (e && !index)
		err_set_code(e, OCIMANIFEST_MALFORMED);
	return e;
}

err *ocimanifest_read(struct arena *a, str bytes, str media_type, struct ocimanifest *out)
{
	struct ocimanifest m = { .bytes = bytes };
	str type, parameters;
	node in;

	if (bytes.n > OCIMANIFEST_MAX)
		return err_new(ERR_INVALID, "manifest is larger than %d bytes", OCIMANIFEST_MAX);
	str_split(media_type, ';', &type, &parameters);
	type = str_trim(type);
	TRY(malformed(read_map(a, bytes, &in), is_index(type)));
	TRY(find_kind(in, type, &m));
	TRY(malformed(read_fields(a, in, &m), m.index));
	*out = m;
	return NULL;
}

/* ---- writing ----------------------------------------------------------------- */

static void add_text(struct buf *b, const char *key, str text)
{
	if (!text.n)
		return;
	buf_addf(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", key);
	json_write_str(b, text, false);
}

static void add_annotations(struct buf *b, node annotations)
{
	if (!node_len(annotations))
		return;
	buf_add(b, S(",\"annotations\":"));
	/* Only texts: nothing that cannot be written. */
	err_free(json_write(b, annotations, NULL));
}

static void add_descriptor(struct buf *b, const struct ocidescriptor *d)
{
	buf_add(b, S("{\"mediaType\":"));
	json_write_str(b, d->media_type, false);
	buf_addf(b, ",\"size\":%lld", (long long)d->size);
	add_text(b, "digest", d->digest);
	add_annotations(b, d->annotations);
	add_text(b, "artifactType", d->artifact_type);
	buf_addc(b, '}');
}

void ocimanifest_write(struct buf *b, const struct ocimanifest *m)
{
	buf_add(b, S("{\"schemaVersion\":2"));
	add_text(b, "mediaType", m->media_type.n ? m->media_type : OCIMANIFEST_IMAGE);
	add_text(b, "artifactType", m->artifact_type);
	buf_add(b, S(",\"config\":"));
	add_descriptor(b, &m->config);
	buf_add(b, S(",\"layers\":["));
	for (size_t i = 0; i < m->parts_n; i++) {
		if (i)
			buf_addc(b, ',');
		add_descriptor(b, &m->parts[i]);
	}
	buf_addc(b, ']');
	add_annotations(b, m->annotations);
	if (m->subject.digest.n) {
		buf_add(b, S(",\"subject\":"));
		add_descriptor(b, &m->subject);
	}
	buf_addc(b, '}');
}

/* ---- asking ------------------------------------------------------------------ */

const struct ocidescriptor *ocimanifest_find(const struct ocimanifest *index, str os, str arch,
					     str variant)
{
	for (size_t i = 0; i < index->parts_n; i++) {
		const struct ocidescriptor *d = &index->parts[i];
		bool none = !d->os.n && !d->arch.n;

		if (str_eq(none ? S("linux") : d->os, os) &&
		    str_eq(none ? S("amd64") : d->arch, arch) &&
		    (!variant.n || str_eq(d->variant, variant)))
			return d;
	}
	return NULL;
}

str ocimanifest_annotation(node annotations, str name)
{
	return node_str(node_get(annotations, name));
}
