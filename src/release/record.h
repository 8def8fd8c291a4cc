/* record - a release as Helm keeps it: one revision of one name.
 *
 * The JSON is that of Helm 4.3, byte for byte: fields in the order of its
 * structs, what is empty left out, < > & escaped, maps sorted. What Helm 3 and
 * older 4.x wrote reads as well; empty times and an absent apply method are
 * what they were there. A chart that came from a record is kept as the JSON
 * had it and goes back unchanged; its subcharts are not part of a record.
 *
 * Stored, the JSON is gzipped and in base64 (record_encode, record_decode).
 *
 * Ownership: texts and nodes live in the arena, or borrow from what the
 * record was made of. Worker-local.
 */
#ifndef RELEASE_RECORD_H
#define RELEASE_RECORD_H

#include "base/buf.h"
#include "helm/chart.h"
#include "helm/manifest.h"
#include "release/recordcache.h"
#include "text/gotime.h"

/* Bytes of a record's JSON; what the API server stores is smaller than 2 MiB. */
enum { RECORD_JSON_MAX = 256 << 20 };

struct record_hook {
	str name, kind, path, manifest;
	node events;		/* list of texts: "pre-install" */
	node delete_policies;	/* list, or NODE_NONE */
	node log_policies;
	int64_t weight;
	struct gotime started, completed;	/* GOTIME_ZERO: never */
	str phase;		/* empty, "Unknown", "Running", "Succeeded", "Failed" */
};

/* A chart as records have it, written once for many records. Immutable; borrows from the chart. */
struct record_form {
	node chart;
	str json, packed;	/* packed: its gzip member; may be empty */
	node values;		/* of the chart it was made of */
};

struct record {
	str name, ns;
	int64_t version;
	struct gotime first_deployed, last_deployed, deleted;
	str description, status, notes;
	int64_t rollback_revision;
	node chart;		/* as the JSON has it; NODE_NONE */
	const struct record_form *form;	/* the same, written; NULL: to be written when needed */
	node config;		/* the user's values: a map, or NODE_NONE */
	str manifest;
	struct record_hook *hooks;
	size_t hooks_n;
	str apply_method;	/* "ssa", "csa"; empty: "csa" */
	node labels;		/* of the object that stores it: a map, or NODE_NONE */
};

/* Whether a list of texts holds the word. */
bool record_has(node list, str word);
/* chart.metadata.name and its like; empty when not there. */
str record_chart_name(const struct record *r);
str record_chart_version(const struct record *r);
str record_app_version(const struct record *r);
/* "pending-install" and its kin. */
bool record_is_pending(const struct record *r);

/* The chart as a record has it. Call it behind rendering, which enables and
 * imports. */
node record_chart(struct arena *a, const struct chart *c);
/* A chart of which only metadata and values are there: for values that are
 * taken over. */
void record_to_chart(struct arena *a, const struct record *r, struct chart *out);
/* The form of a chart behind rendering, for the records of that one render. */
err *record_form_make(struct arena *a, const struct chart *c, struct record_form *out)
	__attribute__((warn_unused_result));
/* The form of a chart that rendering leaves as it is, for all records to come: packed. One
 * with dependencies is none: *out stays empty. */
err *record_form_keep(struct arena *a, const struct chart *c, struct record_form *out)
	__attribute__((warn_unused_result));
/* Whether that form is kept, and is what a record of the rendered chart would have. */
bool record_form_fits(const struct record_form *f, const struct chart *c);
/* The hooks of a render. */
void record_set_hooks(struct arena *a, struct record *r, const struct manifest_list *hooks);
/* "---\n# Source: PATH\nTEXT\n" of each. */
str record_manifest(struct arena *a, const struct manifest_list *manifests);

/* The JSON, compact. */
err *record_write(const struct record *r, struct buf *b) __attribute__((warn_unused_result));
err *record_read(struct arena *a, str json, struct record *out) __attribute__((warn_unused_result));
/* What Flux takes the digest of: name, version, info, chartMetadata, config,
 * manifest, hooks but tests, namespace, and the digest of an OCI chart unless
 * empty; with a newline. */
err *record_write_observed(const struct record *r, str oci_digest, struct buf *b)
	__attribute__((warn_unused_result));
/* base64(gzip(JSON)), and back; JSON that is not gzipped is fine. With a cache the
 * chart is a gzip member of its own, unless the whole would become too large. */
err *record_encode(const struct record *r, struct record_cache *cache, struct buf *b)
	__attribute__((warn_unused_result));
err *record_decode(struct arena *a, str text, struct record *out)
	__attribute__((warn_unused_result));

#endif
