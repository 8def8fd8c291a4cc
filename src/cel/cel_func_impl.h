/* Private to the tables of functions: how a row is written. */
#ifndef CEL_CEL_FUNC_IMPL_H
#define CEL_CEL_FUNC_IMPL_H

#include "cel/cel_func.h"

#define T_DYN (&cel_types[CEL_DYN])
#define T_BOOL (&cel_types[CEL_BOOL])
#define T_INT (&cel_types[CEL_INT])
#define T_UINT (&cel_types[CEL_UINT])
#define T_DOUBLE (&cel_types[CEL_DOUBLE])
#define T_STRING (&cel_types[CEL_STRING])
#define T_BYTES (&cel_types[CEL_BYTES])
#define T_TIMESTAMP (&cel_types[CEL_TIMESTAMP])
#define T_DURATION (&cel_types[CEL_DURATION])
#define T_QUANTITY (&cel_types[CEL_QUANTITY])
#define T_URL (&cel_types[CEL_URL])
#define T_IP (&cel_types[CEL_IP])
#define T_CIDR (&cel_types[CEL_CIDR])
#define T_FORMAT (&cel_types[CEL_FORMAT])
#define T_SEMVER (&cel_types[CEL_SEMVER])
#define T_A (&cel_func_param[0])
#define T_B (&cel_func_param[1])
#define T_LIST_A (&cel_func_list_a)
#define T_MAP_AB (&cel_func_map_ab)

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TYPES(...) { __VA_ARGS__ }, \
		   .n = sizeof((const struct cel_type *[]){ __VA_ARGS__ }) / sizeof(void *)

/* An overload without code of its own, and with code for 1, 2, any arguments. */
#define OVER(identity, to, ...) \
	{ .id = identity, .in = CEL_IN_ALL, .result = to, .args = TYPES(__VA_ARGS__) }
#define MEMBER(identity, to, ...) \
	{ .id = identity, .in = CEL_IN_ALL, .member = true, .result = to, .args = TYPES(__VA_ARGS__) }
#define CODE(where, method, how, code, identity, to, ...) \
	{ .id = identity, .in = where, .member = method, .style = how, .run = code, .result = to, \
	  .args = TYPES(__VA_ARGS__) }
#define UNARY(code, identity, to, ...) \
	CODE(CEL_IN_ALL, false, CEL_UNARY, code, identity, to, __VA_ARGS__)
#define UNARY_MEMBER(code, identity, to, ...) \
	CODE(CEL_IN_ALL, true, CEL_UNARY, code, identity, to, __VA_ARGS__)
#define BINARY_MEMBER(code, identity, to, ...) \
	CODE(CEL_IN_ALL, true, CEL_BINARY, code, identity, to, __VA_ARGS__)
#define ANY_MEMBER(code, identity, to, ...) \
	CODE(CEL_IN_ALL, true, CEL_VARIADIC, code, identity, to, __VA_ARGS__)

/* A function whose overloads have code, and one with code for all of them. */
#define FUNCTION(called, list) \
	{ .name = called, .in = CEL_IN_ALL, .n = COUNT(list), .overloads = list }
#define KUBERNETES_FUNCTION(called, list) \
	{ .name = called, .in = CEL_IN_KUBERNETES, .n = COUNT(list), .overloads = list }
#define SINGLE(called, list, how, wants, code) \
	{ .name = called, .in = CEL_IN_ALL, .n = COUNT(list), .overloads = list, .style = how, \
	  .trait = wants, .run = code }

/* A function of Kubernetes with one overload. */
#define ONE(name, method, code, id, to, of) \
	static const struct cel_overload name[] = { \
		CODE(CEL_IN_ALL, method, CEL_UNARY, code, id, to, of), \
	}

#endif
