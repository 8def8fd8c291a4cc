/* options - the query parameters of requests, checked.
 *
 * CreateOptions, UpdateOptions, PatchOptions, ListOptions, DeleteOptions: what
 * may stand in them, with the words of the API for what may not. Worker-local.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "kube/selector.h"
#include "server/request.h"

enum options_fields { OPTIONS_WARN, OPTIONS_STRICT, OPTIONS_IGNORE };

struct options_write {
	str manager;			/* of the fields; never empty */
	bool dry_run;
	bool force;			/* of an apply */
	enum options_fields fields;	/* fieldValidation */
};

enum { OPTIONS_MANAGER_MAX = 128 };

/* `name`: "CreateOptions"; `apply`: this is an apply patch, `patch` one at all. */
struct options_of {
	const char *name;
	bool patch, apply;
};
err *options_write(const struct request *r, const struct options_of *of, struct options_write *out)
	__attribute__((warn_unused_result));

/* One term of a field selector. */
struct options_field {
	str label, value;
	bool not;
	const struct kind_selectable *at;	/* NULL: of metadata */
};

struct options_list {
	struct selector labels;
	const struct options_field *fields;
	size_t fields_n;
	int64_t limit;			/* 0: none */
	str token;			/* continue */
	bool has_version, exact, not_older;
	uint64_t version;		/* resourceVersion */
	int64_t timeout;		/* seconds; 0: none */
	bool bookmarks;			/* allowWatchBookmarks */
	bool initial, initial_given;	/* sendInitialEvents */
};
/* Of a list, watch or deletecollection of r->kind. */
err *options_list(const struct request *r, bool watch, struct options_list *out)
	__attribute__((warn_unused_result));
/* The field selector alone. */
err *options_fields(const struct request *r, str text, struct options_list *out)
	__attribute__((warn_unused_result));
/* Whether an object (its tree) is among what the selectors choose. */
bool options_choose(struct arena *a, const struct options_list *o, node object);
/* The same of a blob; reads no more of it than it must. */
bool options_choose_blob(struct arena *a, const struct options_list *o, const struct kind *k,
			 const struct blob *b);

enum options_propagation {
	OPTIONS_DEFAULT,
	OPTIONS_BACKGROUND,
	OPTIONS_FOREGROUND,
	OPTIONS_ORPHAN,
};

struct options_delete {
	bool dry_run;
	bool has_grace;
	int64_t grace;			/* seconds */
	enum options_propagation propagation;
	str uid, version;		/* preconditions; empty: none */
};
/* From the body when there is one, else from the query. */
err *options_delete(const struct request *r, struct options_delete *out)
	__attribute__((warn_unused_result));

/* A uint64 in the words of strconv; false: the error is set. */
err *options_version(str text, uint64_t *out) __attribute__((warn_unused_result));

#endif
