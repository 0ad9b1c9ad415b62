// libssl's macros as functions, and a BIO that lives on memory the caller lends for one call.
#ifndef ISTHMUS_COPENSSL_TLS_H
#define ISTHMUS_COPENSSL_TLS_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/// Ciphertext on its way in and out of one TLS stream. The reader's bytes are borrowed for the
/// length of one call; the writer's are taken over by a callback.
struct isthmus_tls_pipe {
    const uint8_t *in;
    size_t in_count;
    void *owner;
    /// Takes ciphertext over; returns nothing, it always fits.
    void (*write)(void *owner, const uint8_t *bytes, size_t count);
};

static int isthmus_pipe_read(BIO *bio, char *out, int count) {
    struct isthmus_tls_pipe *pipe = (struct isthmus_tls_pipe *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (pipe == NULL || pipe->in_count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t taken = (size_t)count < pipe->in_count ? (size_t)count : pipe->in_count;
    memcpy(out, pipe->in, taken);
    pipe->in += taken;
    pipe->in_count -= taken;
    return (int)taken;
}

static int isthmus_pipe_write(BIO *bio, const char *bytes, int count) {
    struct isthmus_tls_pipe *pipe = (struct isthmus_tls_pipe *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (pipe == NULL || count <= 0) return -1;
    pipe->write(pipe->owner, (const uint8_t *)bytes, (size_t)count);
    return count;
}

static long isthmus_pipe_ctrl(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int isthmus_pipe_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

/// The method of such BIOs; made once a process.
static inline BIO_METHOD *isthmus_pipe_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "isthmus pipe");
    if (method == NULL) return NULL;
    BIO_meth_set_read(method, isthmus_pipe_read);
    BIO_meth_set_write(method, isthmus_pipe_write);
    BIO_meth_set_ctrl(method, isthmus_pipe_ctrl);
    BIO_meth_set_create(method, isthmus_pipe_create);
    return method;
}

static inline long isthmus_ctx_set_mode(SSL_CTX *ctx, long mode) { return SSL_CTX_set_mode(ctx, mode); }
static inline int isthmus_ctx_set_versions(SSL_CTX *ctx, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(ctx, minimum) && SSL_CTX_set_max_proto_version(ctx, maximum);
}
static inline long isthmus_ctx_set_ticket_keys(SSL_CTX *ctx, void *keys, int count) {
    return SSL_CTX_set_tlsext_ticket_keys(ctx, keys, count);
}
static inline long isthmus_ctx_set_cache_mode(SSL_CTX *ctx, long mode) {
    return SSL_CTX_set_session_cache_mode(ctx, mode);
}
/// The server's order of suites decides, and nobody renegotiates.
static inline void isthmus_ctx_set_server_options(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION);
}
/// Sessions of this context are never resumed.
static inline void isthmus_ctx_refuse_tickets(SSL_CTX *ctx) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
}
static inline long isthmus_ctx_add_chain(SSL_CTX *ctx, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(ctx, certificate);
}
static inline long isthmus_ctx_set_groups(SSL_CTX *ctx, const char *groups) {
    return SSL_CTX_set1_groups_list(ctx, groups);
}
static inline long isthmus_ssl_set_host_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}
static inline long isthmus_ssl_staple(SSL *ssl, void *bytes, int count) {
    return SSL_set_tlsext_status_ocsp_resp(ssl, bytes, count);
}
/// Whether an error only says that a PEM text has come to its end.
static inline int isthmus_error_is_end(unsigned long code) {
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}
/// The subjectAltName of a certificate; NULL where there is none. Free with isthmus_names_free.
static inline GENERAL_NAMES *isthmus_alternative_names(X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline void isthmus_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }
static inline int isthmus_names_count(GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
/// The bytes of a DNS name, URI or email; -1 for any other kind of name.
static inline int isthmus_name_text(GENERAL_NAMES *names, int index, const unsigned char **text) {
    GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_DNS && name->type != GEN_URI && name->type != GEN_EMAIL) return -1;
    *text = ASN1_STRING_get0_data(name->d.ia5);
    return ASN1_STRING_length(name->d.ia5);
}
/// Network bytes of an address in a subjectAltName, 4 or 16 of them; -1 for any other kind of name.
static inline int isthmus_name_address(GENERAL_NAMES *names, int index, const unsigned char **bytes) {
    GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_IPADD) return -1;
    *bytes = ASN1_STRING_get0_data(name->d.iPAddress);
    return ASN1_STRING_length(name->d.iPAddress);
}
/// Whether the name at `index` is a URI; mail addresses and DNS names are text too.
static inline int isthmus_name_is_uri(GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index)->type == GEN_URI;
}
/// Whether a DNS name of the certificate is `host`, or a wildcard that stands for it. The common
/// name never counts (RFC 9525 section 2).
static inline int isthmus_has_host(X509 *certificate, const char *host, size_t count) {
    return X509_check_host(
        certificate, host, count,
        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}
/// The second after which a certificate is no longer valid; 0 where it cannot be told.
static inline int64_t isthmus_not_after(X509 *certificate) {
    struct tm time;
    if (!ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time)) return 0;
    return (int64_t)timegm(&time);
}
/// The earliest such second of the chain that was verified, or else of the peer's certificate.
static inline int64_t isthmus_chain_not_after(SSL *ssl) {
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    if (chain == NULL || sk_X509_num(chain) == 0) {
        X509 *leaf = SSL_get0_peer_certificate(ssl);
        return leaf == NULL ? 0 : isthmus_not_after(leaf);
    }
    int64_t earliest = INT64_MAX;
    for (int index = 0; index < sk_X509_num(chain); index++) {
        int64_t end = isthmus_not_after(sk_X509_value(chain, index));
        if (end < earliest) earliest = end;
    }
    return earliest;
}
/// What owns the pipe under a stream.
static inline void *isthmus_ssl_owner(SSL *ssl) {
    BIO *bio = SSL_get_rbio(ssl);
    struct isthmus_tls_pipe *pipe = bio == NULL ? NULL : (struct isthmus_tls_pipe *)BIO_get_data(bio);
    return pipe == NULL ? NULL : pipe->owner;
}
/// The stream whose peer is being verified.
static inline SSL *isthmus_verified_ssl(X509_STORE_CTX *store) {
    return (SSL *)X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
}
/// SHA-256 of the certificate, and of its public key (SubjectPublicKeyInfo); 1 on success.
static inline int isthmus_fingerprints(
    X509 *certificate, unsigned char of_certificate[32], unsigned char of_key[32]) {
    unsigned int count = 32;
    if (!X509_digest(certificate, EVP_sha256(), of_certificate, &count)) return 0;
    unsigned char *key = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    if (length <= 0) return 0;
    count = 32;
    int result = EVP_Digest(key, (size_t)length, of_key, &count, EVP_sha256(), NULL);
    OPENSSL_free(key);
    return result;
}
typedef int (*isthmus_status_callback)(SSL *, void *);
static inline long isthmus_ctx_set_status(SSL_CTX *ctx, isthmus_status_callback callback, void *context) {
    SSL_CTX_set_tlsext_status_cb(ctx, callback);
    return SSL_CTX_set_tlsext_status_arg(ctx, context);
}

#endif
