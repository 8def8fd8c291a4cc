/* names - what Kubernetes accepts as a name, a label or a label's value.
 *
 * Each rule has its complaints, in the words of apimachinery; a name without
 * complaints is good. The API server reports some of them one by one and
 * others joined, so both forms are here. Any thread.
 */
#ifndef TEXT_NAMES_H
#define TEXT_NAMES_H

#include "base/buf.h"
#include "base/str.h"

enum name_rule {
	NAME_DNS_LABEL,		/* RFC 1123 label: a Service, a namespace */
	NAME_DNS_SUBDOMAIN,	/* RFC 1123 subdomain: most object names */
	NAME_DNS1035_LABEL,	/* RFC 1035 label: the parts of a resource's definition */
	NAME_PATH_SEGMENT,	/* what fits between two slashes of a URL */
	NAME_QUALIFIED,		/* [prefix/]name: the key of a label */
	NAME_LABEL_VALUE,
};

/* The complaints about a name, each a constant text; no rule has more. */
enum { NAME_COMPLAINTS_MAX = 4 };
size_t name_complaints(str name, enum name_rule rule, str out[NAME_COMPLAINTS_MAX]);

/* True when `name` keeps the rule; else the complaints are added to `why`
 * (which may be NULL), joined by "; ". */
bool name_check(str name, enum name_rule rule, struct buf *why);

#endif
