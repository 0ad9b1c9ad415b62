// OpenSSL 3 as Swift sees it: the library's own headers, and functions for what are macros there.
// Everything is `static inline`, so the module has no object file and no symbol of its own.
#ifndef ISTHMUS_COPENSSL_H
#define ISTHMUS_COPENSSL_H

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/stack.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/// Frees what OpenSSL allocated for its caller (OPENSSL_free is a macro that notes file and line).
static inline void isthmus_openssl_free(void *pointer) {
    OPENSSL_free(pointer);
}

/// The bytes a memory BIO holds; they stay the BIO's.
static inline long isthmus_bio_bytes(BIO *bio, char **bytes) {
    return BIO_get_mem_data(bio, bytes);
}

/// Frees a stack of certificates and one reference to each of them.
static inline void isthmus_certificates_free(STACK_OF(X509) *stack) {
    sk_X509_pop_free(stack, X509_free);
}

/// Frees a stack of object identifiers and each of them.
static inline void isthmus_objects_free(STACK_OF(ASN1_OBJECT) *stack) {
    sk_ASN1_OBJECT_pop_free(stack, ASN1_OBJECT_free);
}

/// How names are written: RFC 2253, with control characters escaped and UTF-8 left as it is.
static inline unsigned long isthmus_name_flags(void) {
    return (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) | ASN1_STRFLGS_UTF8_CONVERT;
}

#endif
