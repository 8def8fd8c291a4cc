#include "net/tls.h"

#include <limits.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/vec.h"
#include "crypto/ossl.h"
#include "net/libssl.h"

struct tls_server {
	const struct libssl *s;
	const struct ossl *o;
	SSL_CTX *ctx;
	bool asks; /* for client certificates */
};

struct tls {
	const struct tls_server *server;
	SSL *ssl;
	bool ended;
};

/* ---- the server's context ---------------------------------------------- */

/* The judgement is kept (SSL_get_verify_result), the handshake goes on. */
static int accept_any(int good, X509_STORE_CTX *ctx)
{
	(void)good;
	(void)ctx;
	return 1;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
			   const unsigned char *in, unsigned in_n, void *arg)
{
	static const char ours[] = "http/1.1";

	(void)ssl;
	(void)arg;
	for (unsigned i = 0; i < in_n && i + in[i] < in_n; i += in[i] + 1u)
		if (in[i] == sizeof ours - 1 && !memcmp(in + i + 1, ours, in[i])) {
			*out = in + i + 1;
			*out_n = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static err *failed(const struct ossl *o, const char *what)
{
	o->ERR_clear_error();
	return err_new(ERR_INVALID, "%s", what);
}

static X509 *read_cert(const struct ossl *o, str pem)
{
	BIO *bio = o->BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *cert = o->PEM_read_bio_X509(bio, NULL, NULL, NULL);

	o->BIO_free(bio);
	return cert;
}

static err *use_identity(struct tls_server *t, const struct tls_identity *id)
{
	X509 *cert = read_cert(t->o, id->cert);
	BIO *bio = t->o->BIO_new_mem_buf(id->key.p, (int)id->key.n);
	EVP_PKEY *key = t->o->PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	bool ok = cert && key && t->s->SSL_CTX_use_certificate(t->ctx, cert) == 1 &&
		  t->s->SSL_CTX_use_PrivateKey(t->ctx, key) == 1;

	t->o->BIO_free(bio);
	t->o->X509_free(cert);
	t->o->EVP_PKEY_free(key);
	return ok ? NULL : failed(t->o, "the server's certificate and key cannot be used");
}

static err *use_client_ca(struct tls_server *t, str pem)
{
	X509 *ca = read_cert(t->o, pem);
	bool ok = ca && t->o->X509_STORE_add_cert(t->s->SSL_CTX_get_cert_store(t->ctx), ca) == 1 &&
		  t->s->SSL_CTX_add_client_CA(t->ctx, ca) == 1;

	t->o->X509_free(ca);
	if (!ok)
		return failed(t->o, "the authority of client certificates cannot be used");
	t->s->SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, accept_any);
	t->asks = true;
	return NULL;
}

err *tls_server_new(struct tls_server **out, const struct tls_identity *id)
{
	const struct libssl *s;
	const struct ossl *o;

	TRY(ossl_get(&o));
	TRY(libssl_get(&s));
	struct tls_server *t = mem_calloc(1, sizeof *t);

	t->s = s;
	t->o = o;
	t->ctx = s->SSL_CTX_new(s->TLS_server_method());
	if (!t->ctx)
		die_bug("SSL_CTX_new failed");
	s->SSL_CTX_ctrl(t->ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
	s->SSL_CTX_ctrl(t->ctx, SSL_CTRL_MODE,
			SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
			NULL);
	s->SSL_CTX_ctrl(t->ctx, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
	s->SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					       SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
	s->SSL_CTX_set_num_tickets(t->ctx, 0);
	s->SSL_CTX_set_alpn_select_cb(t->ctx, choose_protocol, NULL);
	err *e = use_identity(t, id);

	if (!e && id->client_ca.n)
		e = use_client_ca(t, id->client_ca);
	if (e) {
		tls_server_free(t);
		return e;
	}
	*out = t;
	return NULL;
}

void tls_server_free(struct tls_server *t)
{
	if (!t)
		return;
	t->s->SSL_CTX_free(t->ctx);
	free(t);
}

/* ---- one connection ---------------------------------------------------- */

struct tls *tls_new(struct tls_server *s, int fd)
{
	struct tls *t = mem_calloc(1, sizeof *t);

	t->server = s;
	t->ssl = s->s->SSL_new(s->ctx);
	if (!t->ssl || s->s->SSL_set_fd(t->ssl, fd) != 1)
		die_bug("SSL_new failed");
	s->s->SSL_set_accept_state(t->ssl);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	const struct libssl *s = t->server->s;

	if (!t->ended && s->SSL_is_init_finished(t->ssl))
		s->SSL_shutdown(t->ssl);
	t->server->o->ERR_clear_error();
	s->SSL_free(t->ssl);
	free(t);
}

static long outcome(struct tls *t, int n)
{
	if (n > 0)
		return n;
	switch (t->server->s->SSL_get_error(t->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return TLS_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		return TLS_AGAIN_WRITE;
	default:
		t->server->o->ERR_clear_error();
		t->ended = true;
		return TLS_END;
	}
}

long tls_read(struct tls *t, void *to, size_t n)
{
	return outcome(t, t->server->s->SSL_read(t->ssl, to, n > INT_MAX ? INT_MAX : (int)n));
}

long tls_write(struct tls *t, const void *from, size_t n)
{
	return outcome(t, t->server->s->SSL_write(t->ssl, from, n > INT_MAX ? INT_MAX : (int)n));
}

/* ---- the client -------------------------------------------------------- */

/* The values of one kind of entry of the subject, in order. */
static size_t subject_entries(const struct ossl *o, struct arena *a, X509 *cert, int nid, str **out)
{
	X509_NAME *name = o->X509_get_subject_name(cert);
	VEC(str) v = { 0 };

	for (int at = -1; (at = o->X509_NAME_get_index_by_NID(name, nid, at)) >= 0;) {
		const ASN1_STRING *s =
			o->X509_NAME_ENTRY_get_data(o->X509_NAME_get_entry(name, at));
		unsigned char *text = NULL;
		int n = o->ASN1_STRING_to_UTF8(&text, s);

		if (n >= 0)
			avec_push(a, &v, arena_str(a, str_of((char *)text, (size_t)n)));
		o->CRYPTO_free(text, "", 0);
	}
	*out = v.p;
	return v.n;
}

enum tls_peer tls_peer(struct tls *t, struct arena *a, struct tls_subject *out)
{
	const struct tls_server *s = t->server;
	X509 *cert = s->asks ? s->s->SSL_get1_peer_certificate(t->ssl) : NULL;
	str *names, *organizations;

	if (!cert)
		return TLS_PEER_NONE;
	bool known = s->s->SSL_get_verify_result(t->ssl) == X509_V_OK;

	if (known) {
		size_t n = subject_entries(s->o, a, cert, NID_commonName, &names);

		*out = (struct tls_subject){ .common_name = n ? names[n - 1] : STR_NONE };
		out->organizations_n =
			subject_entries(s->o, a, cert, NID_organizationName, &organizations);
		out->organizations = organizations;
	}
	s->o->X509_free(cert);
	return known ? TLS_PEER_KNOWN : TLS_PEER_UNKNOWN;
}
