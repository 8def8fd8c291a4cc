#include "server/meta.h"

#include "base/clock.h"
#include "base/rand.h"
#include "text/gotime.h"

/* ---- fields ------------------------------------------------------------ */

node meta_of(struct arena *a, node object)
{
	node meta = node_get(object, S("metadata"));

	if (node_is(meta, NODE_MAP))
		return meta;
	meta = node_map(a, 8);
	node_set(a, object, S("metadata"), meta);
	return meta;
}

str meta_get(node object, str key)
{
	return node_str_or(node_get(node_get(object, S("metadata")), key), STR_NONE);
}

void meta_set(struct arena *a, node object, str key, str value)
{
	node meta = meta_of(a, object);

	if (value.n)
		node_set(a, meta, key, node_from_str(a, value));
	else
		node_remove(meta, key);
}

str meta_now(struct arena *a)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(clock_wall() / CLOCK_SECOND, 0), GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

bool meta_is_deleting(node object)
{
	return !node_is_nil(node_dig(object, "metadata", "deletionTimestamp"));
}

bool meta_has_finalizer(node object, str name)
{
	node_each_item(f, node_dig(object, "metadata", "finalizers"))
		if (str_eq(node_str(*f), name))
			return true;
	return false;
}

/* ---- what the server fills in ------------------------------------------ */

static str generate_name(struct arena *a, str base)
{
	char more[META_NAME_GENERATED + 1];

	rand_name(more, META_NAME_GENERATED);
	return arena_cat(a, str_sub(base, 0, META_NAME_BASE_MAX), str_c(more));
}

void meta_wipe(node object)
{
	static const char *const ours[] = { "selfLink", "uid", "creationTimestamp",
					    "deletionTimestamp", "deletionGracePeriodSeconds" };
	node meta = node_get(object, S("metadata"));

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		node_remove(meta, str_c(ours[i]));
}

void meta_begin(struct arena *a, const struct kind *k, node object)
{
	node meta = meta_of(a, object);
	char uid[RAND_UUID + 1];
	str base = meta_get(object, S("generateName"));

	meta_wipe(object);
	rand_uuid(uid);
	node_set(a, meta, S("uid"), node_copy_str(a, str_of(uid, RAND_UUID)));
	node_set(a, meta, S("creationTimestamp"), node_from_str(a, meta_now(a)));
	if (!meta_get(object, S("name")).n && base.n)
		meta_set(a, object, S("name"), generate_name(a, base));
	if (k->generation != KIND_GENERATION_NONE)
		node_set(a, meta, S("generation"), node_from_int(1));
}

static void copy_field(struct arena *a, node to, node from, str key)
{
	node value = node_get(from, key);

	if (node_is_nil(value))
		node_remove(to, key);
	else
		node_set(a, to, key, value);
}

void meta_keep(struct arena *a, node object, node old)
{
	node meta = meta_of(a, object), was = node_get(old, S("metadata"));

	copy_field(a, meta, was, S("generation"));
	copy_field(a, meta, was, S("creationTimestamp"));
	if (!node_has(meta, S("uid")))
		copy_field(a, meta, was, S("uid"));
	if (node_has(was, S("deletionTimestamp")))
		copy_field(a, meta, was, S("deletionTimestamp"));
	if (!node_has(meta, S("deletionGracePeriodSeconds")))
		copy_field(a, meta, was, S("deletionGracePeriodSeconds"));
}

void meta_dedup_owners(struct arena *a, node object, struct kind_warnings *w)
{
	node meta = node_get(object, S("metadata")), owners = node_get(meta, S("ownerReferences"));
	node kept = node_seq(a, node_len(owners));
	CLEANUP(buf_release) struct buf twice = BUF_INIT;

	for (size_t i = 0; i < node_len(owners); i++) {
		node owner = node_at(owners, i);
		str uid = node_str(node_get(owner, S("uid")));
		bool again = false, same_uid = false;

		node_each_item(k, kept) {
			again |= node_equal(*k, owner);
			same_uid |= str_eq(node_str(node_get(*k, S("uid"))), uid);
		}
		if (!again)
			node_append(a, kept, owner);
		if (again || same_uid)
			buf_addf(&twice, "%s%.*s", twice.n ? ", " : "", STR_ARG(uid));
	}
	if (!twice.n)
		return;
	kind_warn(
		w,
		".metadata.ownerReferences contains duplicate entries; API server dedups owner "
		"references in 1.20+, and may reject such requests as early as 1.24; please fix your "
		"requests; duplicate UID(s) observed: %s",
		buf_c(&twice));
	node_set(a, meta, S("ownerReferences"), kept);
}
