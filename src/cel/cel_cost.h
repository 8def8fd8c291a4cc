/* cel_cost - what a call is counted to have cost, as the API server counts.
 *
 * Each call is counted by a rule, chosen when it is planned by its function
 * and overload. The static estimates are in cel_estimate.
 */
#ifndef CEL_CEL_COST_H
#define CEL_CEL_COST_H

#include "cel/cel_value.h"

enum cel_cost_rule {
	CEL_COST_ONE,
	CEL_COST_FLAT,			/* the authorizer's check */
	CEL_COST_SELECTOR,
	CEL_COST_TRAVERSE,		/* the whole of the first argument */
	CEL_COST_TEXT,			/* a tenth of the first argument's size */
	CEL_COST_TEXT_TWICE,
	CEL_COST_RESULT_TWICE,
	CEL_COST_PATTERN,		/* text by pattern, or by a format */
	CEL_COST_CONTAINS_IP,
	CEL_COST_CONTAINS_CIDR,
	CEL_COST_FORMAT,
	CEL_COST_IN_LIST,
	CEL_COST_EQUAL,
	CEL_COST_SMALLER,		/* a tenth of the smaller argument */
	CEL_COST_SUM,			/* a tenth of both */
	CEL_COST_PRODUCT,		/* a tenth of one by a tenth of the other */
	CEL_COST_SETS,
	CEL_COST_SETS_TWICE,
	CEL_COST_LIST_RESULT,
	CEL_COST_LIST_FLATTEN,
	CEL_COST_LIST_SELF,		/* a list compared with itself */
	CEL_COST_LIST_KEYS,		/* the same of its keys */
};

/* `overload` NULL: not known when planned. */
enum cel_cost_rule cel_cost_rule_of(const struct cel_function *function,
				    const struct cel_overload *overload);
uint64_t cel_cost_call(struct cel_run *r, enum cel_cost_rule rule, const struct cel_overload *overload,
		       const cel_value *args, size_t n, cel_value result);

#endif
