/* Functions of the addresses of Kubernetes: ip and cidr. */
#include "cel/cel_func_impl.h"
#include "cel/cel_kube.h"

static cel_value ip(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_box box;
	str wrong = cel_net_address(r->a, v[0].s, &box.net);
	(void)n;

	return wrong.n ? cel_fault(r, "%.*s", STR_ARG(wrong)) : cel_boxed(r, CEL_IP, box);
}

static cel_value is_ip(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_net net;
	(void)n;

	return cel_bool(!cel_net_address(r->a, v[0].s, &net).n);
}

static cel_value is_canonical(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct cel_net net;
	str wrong = cel_net_address(r->a, v[0].s, &net);
	(void)n;

	if (wrong.n)
		return cel_fault(r, "%.*s", STR_ARG(wrong));
	cel_net_add(&b, &net, false);
	return cel_bool(str_eq(buf_str(&b), v[0].s));
}

static cel_value family(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int(v[0].box->net.ip.v6 ? 6 : 4);
}

static bool is_broadcast(const struct netip *ip)
{
	const struct netip all = { .bytes = { 255, 255, 255, 255 } };

	return netip_same(ip, &all, 32);
}

static bool is_global(const struct netip *ip)
{
	return !is_broadcast(ip) && !netip_is_unspecified(ip) && !netip_is_loopback(ip) &&
	       !netip_is_multicast(ip) && !netip_is_link_local_unicast(ip);
}

#define IP_TEST(name, test)                                                             \
	static cel_value name(struct cel_run *r, const cel_value *v, size_t n)          \
	{                                                                               \
		(void)r;                                                                \
		(void)n;                                                                \
		return cel_bool(test(&v[0].box->net.ip));                               \
	}

IP_TEST(is_unspecified, netip_is_unspecified)
IP_TEST(is_loopback, netip_is_loopback)
IP_TEST(is_link_local_multicast, netip_is_link_local_multicast)
IP_TEST(is_link_local_unicast, netip_is_link_local_unicast)
IP_TEST(is_global_unicast, is_global)

static cel_value cidr(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_box box;
	str wrong = cel_net_prefix(r->a, v[0].s, &box.net);
	(void)n;

	if (wrong.n)
		return cel_fault(r, "network address parse error during conversion from string: %.*s",
				 STR_ARG(wrong));
	return cel_boxed(r, CEL_CIDR, box);
}

static cel_value is_cidr(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_net net;
	(void)n;

	return cel_bool(!cel_net_prefix(r->a, v[0].s, &net).n);
}

static cel_value contains_ip(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value other = v[1].kind == CEL_STRING ? ip(r, v + 1, 1) : v[1];
	(void)n;

	/* what is no address is no overload */
	if (cel_is_fault(other))
		return cel_fault(r, "no such overload");
	return cel_bool(netip_same(&v[0].box->net.ip, &other.box->net.ip, v[0].box->net.bits));
}

static cel_value contains_cidr(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value other = v[1].kind == CEL_STRING ? cidr(r, v + 1, 1) : v[1];
	(void)n;

	if (cel_is_fault(other))
		return other;
	unsigned bits = v[0].box->net.bits;

	return cel_bool(bits <= other.box->net.bits &&
			netip_same(&v[0].box->net.ip, &other.box->net.ip, bits));
}

static cel_value cidr_ip(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_box box = { .net = v[0].box->net };
	(void)n;

	box.net.bits = 0;
	return cel_boxed(r, CEL_IP, box);
}

static cel_value prefix_length(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_int(v[0].box->net.bits);
}

static cel_value masked(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_box box = { .net = v[0].box->net };
	(void)n;

	netip_mask(&box.net.ip, box.net.bits);
	return cel_boxed(r, CEL_CIDR, box);
}

/* ---- tables ------------------------------------------------------------ */

static const struct cel_overload o_contains_ip[] = {
	BINARY_MEMBER(contains_ip, "cidr_contains_ip_string", T_BOOL, T_CIDR, T_STRING),
	BINARY_MEMBER(contains_ip, "cidr_contains_ip_ip", T_BOOL, T_CIDR, T_IP),
};
static const struct cel_overload o_contains_cidr[] = {
	BINARY_MEMBER(contains_cidr, "cidr_contains_cidr_string", T_BOOL, T_CIDR, T_STRING),
	BINARY_MEMBER(contains_cidr, "cidr_contains_cidr", T_BOOL, T_CIDR, T_CIDR),
};
static const struct cel_overload o_ip[] = {
	UNARY(ip, "string_to_ip", T_IP, T_STRING),
	UNARY_MEMBER(cidr_ip, "cidr_ip", T_IP, T_CIDR),
};

ONE(o_cidr, false, cidr, "string_to_cidr", T_CIDR, T_STRING);
ONE(o_is_cidr, false, is_cidr, "is_cidr", T_BOOL, T_STRING);
ONE(o_is_ip, false, is_ip, "is_ip", T_BOOL, T_STRING);
ONE(o_is_canonical, false, is_canonical, "ip_is_canonical", T_BOOL, T_STRING);
ONE(o_family, true, family, "ip_family", T_INT, T_IP);
ONE(o_unspecified, true, is_unspecified, "ip_is_unspecified", T_BOOL, T_IP);
ONE(o_loopback, true, is_loopback, "ip_is_loopback", T_BOOL, T_IP);
ONE(o_multicast, true, is_link_local_multicast, "ip_is_link_local_multicast", T_BOOL, T_IP);
ONE(o_local, true, is_link_local_unicast, "ip_is_link_local_unicast", T_BOOL, T_IP);
ONE(o_global, true, is_global_unicast, "ip_is_global_unicast", T_BOOL, T_IP);
ONE(o_prefix_length, true, prefix_length, "cidr_prefix_length", T_INT, T_CIDR);
ONE(o_masked, true, masked, "cidr_masked", T_CIDR, T_CIDR);

static const struct cel_function functions[] = {
	KUBERNETES_FUNCTION("cidr", o_cidr),
	KUBERNETES_FUNCTION("containsCIDR", o_contains_cidr),
	KUBERNETES_FUNCTION("containsIP", o_contains_ip),
	KUBERNETES_FUNCTION("family", o_family),
	KUBERNETES_FUNCTION("ip", o_ip),
	KUBERNETES_FUNCTION("ip.isCanonical", o_is_canonical),
	KUBERNETES_FUNCTION("isCIDR", o_is_cidr),
	KUBERNETES_FUNCTION("isGlobalUnicast", o_global),
	KUBERNETES_FUNCTION("isIP", o_is_ip),
	KUBERNETES_FUNCTION("isLinkLocalMulticast", o_multicast),
	KUBERNETES_FUNCTION("isLinkLocalUnicast", o_local),
	KUBERNETES_FUNCTION("isLoopback", o_loopback),
	KUBERNETES_FUNCTION("isUnspecified", o_unspecified),
	KUBERNETES_FUNCTION("masked", o_masked),
	KUBERNETES_FUNCTION("prefixLength", o_prefix_length),
};

const struct cel_function_table cel_func_addresses = { functions, COUNT(functions) };
