/* Who the server is: its authority, its certificate, its kubeconfig. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "crypto/keys.h"
#include "net/address.h"
#include "server/server_impl.h"
#include "text/base64.h"

enum { PEM_MAX = 64 << 10, DAY = 24 * 3600, CA_DAYS = 3650, CERT_DAYS = 365 };

static err *make_authority(struct server *s)
{
	int64_t now = clock_wall() / CLOCK_SECOND;
	struct keys_request r = {
		.name = S("rill-ca"),
		.now = now - DAY,
		.until = now + (int64_t)CA_DAYS * DAY,
		.authority = true,
	};

	TRY(keys_new(&s->arena, KEYS_ECDSA, NULL, &r.key));
	return keys_certify(&s->arena, &r, &s->ca_cert, &s->ca_key);
}

/* Made at the first start, read again at the next ones. */
static err *find_authority(struct server *s)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;

	if (str_eq(s->o.data_dir, S(":memory:")))
		return make_authority(s);
	TRY(fs_open(&dir, s->o.data_dir, NULL));
	if (fs_is_file(dir, S("ca.crt")) && fs_is_file(dir, S("ca.key"))) {
		TRY(fs_read(dir, &s->arena, S("ca.crt"), PEM_MAX, &s->ca_cert));
		TRY(fs_read(dir, &s->arena, S("ca.key"), PEM_MAX, &s->ca_key));
		return keys_check(s->ca_cert, s->ca_key);
	}
	TRY(make_authority(s));
	TRY(fs_write(dir, S("ca.key"), s->ca_key, 0600));
	return fs_write(dir, S("ca.crt"), s->ca_cert, 0644);
}

/* The host that is listened on, when it is an address of its own. */
static bool listen_address(const struct server *s, struct keys_address *out)
{
	str host = str_sub(s->o.listen, 0, str_rfind_char(s->o.listen, ':'));
	struct address ip;

	host = str_trim_set(host, S("[]"));
	if (!address_parse(host, &ip))
		return false;
	bool v4 = str_find_char(host, ':') == STR_NPOS;

	out->n = v4 ? 4 : 16;
	memcpy(out->bytes, v4 ? ip.b + 12 : ip.b, out->n);
	return true;
}

/* Short-lived, made anew at each start: it costs two milliseconds. */
err *server_make_identity(struct server *s, struct tls_identity *out)
{
	static const str hosts[] = { S("localhost"), S("kubernetes"), S("kubernetes.default"),
				     S("kubernetes.default.svc"),
				     S("kubernetes.default.svc.cluster.local") };
	struct keys_address addresses[4] = { { { 127, 0, 0, 1 }, 4 },
					     { { 10, 96, 0, 1 }, 4 },
					     { { [15] = 1 }, 16 } };
	int64_t now = clock_wall() / CLOCK_SECOND;

	TRY(find_authority(s));
	struct keys_request r = {
		.name = S("kube-apiserver"),
		.hosts = hosts,
		.hosts_n = sizeof hosts / sizeof *hosts,
		.addresses = addresses,
		.addresses_n = 3,
		.now = now - DAY,
		.until = now + (int64_t)CERT_DAYS * DAY,
		.signer_cert = s->ca_cert,
		.signer_key = s->ca_key,
	};

	r.addresses_n += listen_address(s, &addresses[3]);
	TRY(keys_new(&s->arena, KEYS_ECDSA, NULL, &r.key));
	TRY(keys_certify(&s->arena, &r, &out->cert, &out->key));
	out->client_ca = s->ca_cert;
	return NULL;
}

void server_kubeconfig(const struct server *s, struct buf *b)
{
	buf_add(b, S("apiVersion: v1\nkind: Config\nclusters:\n- name: rill\n  cluster:\n"));
	buf_addf(b, "    server: %.*s\n", STR_ARG(s->url));
	if (s->ca_cert.n) {
		buf_add(b, S("    certificate-authority-data: "));
		base64_write(b, s->ca_cert, BASE64_STD);
		buf_add(b, S("\n"));
	}
	buf_add(b, S("users:\n- name: admin\n  user:\n    token: "));
	buf_add(b, s->token);
	buf_add(b, S("\ncontexts:\n- name: rill\n  context:\n    cluster: rill\n    user: admin\n"
		     "current-context: rill\n"));
}
