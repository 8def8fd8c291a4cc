#include "net/quick_impl.h"

#include <signal.h>
#include <stdlib.h>

#include "base/die.h"

bool quick_site_is_tls(const struct quick_site *site)
{
	return str_eq(site->url.scheme, S("https"));
}

static bool is_ignored(int number)
{
	struct sigaction now;

	return !sigaction(number, NULL, &now) && now.sa_handler == SIG_IGN;
}

/* ---- whom to believe, and who we are ------------------------------------ */

/* All certificates of the text. */
static bool add_authorities(struct quick_site *site, SSL_CTX *ctx)
{
	BIO *bio = site->o->BIO_new_mem_buf(site->tls->ca.p, (int)site->tls->ca.n);
	X509_STORE *store = site->s->SSL_CTX_get_cert_store(ctx);
	size_t n = 0;
	X509 *cert;

	while ((cert = site->o->PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		n += site->o->X509_STORE_add_cert(store, cert) == 1;
		site->o->X509_free(cert);
	}
	site->o->BIO_free(bio);
	site->o->ERR_clear_error();
	return n > 0;
}

static bool add_identity(struct quick_site *site, SSL_CTX *ctx)
{
	const struct ossl *o = site->o;
	const struct net_tls *tls = site->tls;

	if (!tls->cert.n)
		return true;
	BIO *cert_bio = o->BIO_new_mem_buf(tls->cert.p, (int)tls->cert.n);
	BIO *key_bio = o->BIO_new_mem_buf(tls->key.p, (int)tls->key.n);
	X509 *cert = o->PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
	EVP_PKEY *key = o->PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
	bool fine = cert && key && site->s->SSL_CTX_use_certificate(ctx, cert) == 1 &&
		    site->s->SSL_CTX_use_PrivateKey(ctx, key) == 1;

	o->X509_free(cert);
	o->EVP_PKEY_free(key);
	o->BIO_free(cert_bio);
	o->BIO_free(key_bio);
	return fine;
}

/* Under the lock of the site. */
bool quick_site_prepare(struct quick_site *site)
{
	if (site->ctx)
		return true;
	err *e = ossl_get(&site->o);

	if (!e)
		e = libssl_get(&site->s);
	err_free(e);
	if (e)
		return false;
	SSL_CTX *ctx = site->s->SSL_CTX_new(site->s->TLS_client_method());

	if (!ctx)
		return false;
	site->s->SSL_CTX_ctrl(ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
	site->s->SSL_CTX_ctrl(ctx, SSL_CTRL_SET_READ_AHEAD, 1, NULL);
	site->s->SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (add_authorities(site, ctx) && add_identity(site, ctx))
		site->ctx = ctx;
	else
		site->s->SSL_CTX_free(ctx);
	return site->ctx;
}

/* ---- making ------------------------------------------------------------ */

/* One certificate and a key that can be read without a question. */
static bool is_plain_identity(const struct net_tls *tls)
{
	const str begin = S("-----BEGIN CERTIFICATE-----");
	size_t first = str_find(tls->cert, begin);

	if (!tls->cert.n)
		return true;
	return first != STR_NPOS && !str_has(str_from(tls->cert, first + begin.n), begin) &&
	       !str_has(tls->key, S("ENCRYPTED"));
}

/* Where to connect to, and who must answer. */
static void find_names(struct quick_site *site)
{
	str name = gourl_hostname(&site->url), port = str_from(site->url.host, name.n);

	if (str_starts(site->url.host, S("[")))
		port = str_from(site->url.host, name.n + 2);
	if (!str_take(&port, ':'))
		port = quick_site_is_tls(site) ? S("443") : S("80");
	site->host = arena_str(&site->mem, name);
	site->port = arena_str(&site->mem, port);
	site->name = quick_site_is_tls(site) && site->tls->server_name.n
			     ? arena_str(&site->mem, site->tls->server_name) : site->host;
}

struct quick_site *quick_site_new(str server, const struct net_tls *tls,
				  enum net_addresses addresses)
{
	struct quick_site *site = mem_calloc(1, sizeof *site);
	bool fine;

	site->tls = tls;
	site->addresses = addresses;
	site->guarded = is_ignored(SIGPIPE);
	site->server = arena_str(&site->mem, server);
	pthread_mutex_init(&site->lock, NULL);
	err *e = gourl_parse(&site->mem, site->server, &site->url);

	fine = !e && !site->url.has_user && site->url.host.n &&
	       (str_eq(site->url.scheme, S("http")) ||
		(quick_site_is_tls(site) && tls->ca.n && !tls->ca_and_system && !tls->insecure &&
		 is_plain_identity(tls)));
	err_free(e);
	if (fine) {
		find_names(site);
		return site;
	}
	quick_site_free(site);
	return NULL;
}

void quick_site_free(struct quick_site *site)
{
	if (!site)
		return;
	if (site->ctx)
		site->s->SSL_CTX_free(site->ctx);
	pthread_mutex_destroy(&site->lock);
	arena_release(&site->mem);
	free(site);
}

