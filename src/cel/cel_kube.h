/* cel_kube - values of the Kubernetes libraries: quantities, versions, URLs,
 * addresses, formats. */
#ifndef CEL_CEL_KUBE_H
#define CEL_CEL_KUBE_H

#include "cel/cel_value.h"

/* Two values of the same kind. */
bool cel_kube_equal(struct cel_run *r, cel_value a, cel_value b);
/* The canonical text; formats have their name. */
void cel_kube_print(struct buf *b, cel_value v);
/* What a format is counted to cost, as the length of a pattern. */
unsigned cel_kube_format_cost(cel_value format);

/* semver.Parse of blang/semver; with `normalize` after what Kubernetes does
 * to texts that are no versions. Empty, or what is wrong. */
str cel_version_parse(struct arena *a, str text, bool normalize, struct cel_version *out);
int cel_version_compare(const struct cel_version *a, const struct cel_version *b);
void cel_version_add(struct buf *b, const struct cel_version *v);

/* netip.ParseAddr and ParsePrefix with what Kubernetes forbids. Empty, or
 * what is wrong. */
str cel_net_address(struct arena *a, str text, struct cel_net *out);
str cel_net_prefix(struct arena *a, str text, struct cel_net *out);
void cel_net_add(struct buf *b, const struct cel_net *net, bool prefix);

#endif
