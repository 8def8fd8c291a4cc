/* names - what Kubernetes accepts as a name, a label or a label's value.
 *
 * Each check appends its complaints, in the words of apimachinery 0.37, to
 * a list of texts; an empty list means the name is good. name_check joins
 * them as the API server's messages do, with "; ". Any thread.
 */
#ifndef KUBE_NAMES_H
#define KUBE_NAMES_H

#include "base/buf.h"
#include "base/str.h"

enum name_rule {
	NAME_DNS_LABEL,		/* RFC 1123 label: a Service, a namespace */
	NAME_DNS_SUBDOMAIN,	/* RFC 1123 subdomain: most object names */
	NAME_QUALIFIED,		/* [prefix/]name: the key of a label */
	NAME_LABEL_VALUE,
};

/* True when `name` keeps the rule; else the reasons are added to `why`
 * (which may be NULL), joined by "; ". */
bool name_check(str name, enum name_rule rule, struct buf *why);

#endif
