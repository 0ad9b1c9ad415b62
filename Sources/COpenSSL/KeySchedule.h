// TLS 1.3's key derivation (RFC 8446 section 7.1) as an OpenSSL provider of one algorithm.
// libssl asks for "TLS13-KDF" some thirty times a handshake, and OpenSSL 3's own fetches and builds
// an HMAC each time; this one keeps a hash ready on each thread. It also is where a connection's two
// traffic secrets come by, which a record layer other than libssl's needs.
#ifndef ISTHMUS_COPENSSL_KEY_SCHEDULE_H
#define ISTHMUS_COPENSSL_KEY_SCHEDULE_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ISTHMUS_HASH_MAX 48
#define ISTHMUS_BLOCK_MAX 128

/// What protects the two directions once a handshake is over; lengths are 0 until they are known.
struct isthmus_traffic_secrets {
    uint8_t client[ISTHMUS_HASH_MAX];
    uint8_t server[ISTHMUS_HASH_MAX];
    size_t client_count;
    size_t server_count;
};

/// The provider's own state; lives as long as the process.
struct isthmus_key_schedule {
    pthread_key_t threads;
    const EVP_MD *sha256;
    const EVP_MD *sha384;
};

struct isthmus_key_schedule_thread {
    EVP_MD_CTX *hash;
    /// Of the handshake that goes on in the present call, if any.
    struct isthmus_traffic_secrets *secrets;
};

static void isthmus_key_schedule_thread_end(void *state) {
    EVP_MD_CTX_free(((struct isthmus_key_schedule_thread *)state)->hash);
    free(state);
}

static inline struct isthmus_key_schedule_thread *isthmus_key_schedule_here(
    struct isthmus_key_schedule *schedule) {
    struct isthmus_key_schedule_thread *here =
        (struct isthmus_key_schedule_thread *)pthread_getspecific(schedule->threads);
    if (here != NULL) return here;
    here = (struct isthmus_key_schedule_thread *)calloc(1, sizeof *here);
    if (here == NULL) return NULL;
    here->hash = EVP_MD_CTX_new();
    if (here->hash == NULL || pthread_setspecific(schedule->threads, here) != 0) {
        isthmus_key_schedule_thread_end(here);
        return NULL;
    }
    return here;
}

/// HMAC (RFC 2104); `key_count` is at most a block. 1 on success.
static inline int isthmus_hmac(
    EVP_MD_CTX *hash, const EVP_MD *digest, const uint8_t *key, size_t key_count,
    const uint8_t *message, size_t count, uint8_t out[ISTHMUS_HASH_MAX]) {
    size_t block = (size_t)EVP_MD_get_block_size(digest);
    size_t size = (size_t)EVP_MD_get_size(digest);
    if (block > ISTHMUS_BLOCK_MAX || size > ISTHMUS_HASH_MAX || key_count > block) return 0;
    uint8_t pad[ISTHMUS_BLOCK_MAX];
    memset(pad, 0x36, block);
    for (size_t index = 0; index < key_count; index++) pad[index] ^= key[index];
    int done = EVP_DigestInit_ex2(hash, digest, NULL) && EVP_DigestUpdate(hash, pad, block) &&
               EVP_DigestUpdate(hash, message, count) && EVP_DigestFinal_ex(hash, out, NULL);
    for (size_t index = 0; index < block; index++) pad[index] ^= 0x36 ^ 0x5c;
    done = done && EVP_DigestInit_ex2(hash, digest, NULL) && EVP_DigestUpdate(hash, pad, block) &&
           EVP_DigestUpdate(hash, out, size) && EVP_DigestFinal_ex(hash, out, NULL);
    OPENSSL_cleanse(pad, sizeof pad);
    return done;
}

struct isthmus_bytes {
    const uint8_t *start;
    size_t count;
};

/// HKDF-Expand-Label: HKDF-Expand (RFC 5869) with a HkdfLabel for its info. 1 on success.
static inline int isthmus_expand_label(
    EVP_MD_CTX *hash, const EVP_MD *digest, struct isthmus_bytes secret,
    struct isthmus_bytes prefix, struct isthmus_bytes label, struct isthmus_bytes context,
    uint8_t *out, size_t count) {
    size_t size = (size_t)EVP_MD_get_size(digest);
    // T(n - 1), the label, and n; the first round begins behind T.
    uint8_t text[ISTHMUS_HASH_MAX + 2 + 1 + 255 + 1 + 255 + 1];
    if (size > ISTHMUS_HASH_MAX || count > 255 * size || prefix.count > 255 || label.count > 255 ||
        prefix.count + label.count > 255 || context.count > 255)
        return 0;
    uint8_t *info = text + size;
    uint8_t *end = info;
    *end++ = (uint8_t)(count >> 8);
    *end++ = (uint8_t)count;
    *end++ = (uint8_t)(prefix.count + label.count);
    if (prefix.count > 0) memcpy(end, prefix.start, prefix.count);
    end += prefix.count;
    if (label.count > 0) memcpy(end, label.start, label.count);
    end += label.count;
    *end++ = (uint8_t)context.count;
    if (context.count > 0) memcpy(end, context.start, context.count);
    end += context.count;
    *end++ = 0;
    uint8_t *start = info;
    uint8_t piece[ISTHMUS_HASH_MAX];
    int done = 1;
    for (size_t made = 0; done && made < count; made += size) {
        end[-1]++;
        done = isthmus_hmac(
            hash, digest, secret.start, secret.count, start, (size_t)(end - start), piece);
        memcpy(out + made, piece, count - made < size ? count - made : size);
        memcpy(text, piece, size);
        start = text;
    }
    OPENSSL_cleanse(piece, sizeof piece);
    OPENSSL_cleanse(text, size);
    return done;
}

/// HKDF-Extract of the schedule's next step: the salt is Derive-Secret(salt, label, "") of the step
/// before, or nothing in the first; no key stands for zeros.
static inline int isthmus_next_secret(
    EVP_MD_CTX *hash, const EVP_MD *digest, struct isthmus_bytes salt, struct isthmus_bytes key,
    struct isthmus_bytes prefix, struct isthmus_bytes label, uint8_t *out, size_t count) {
    static const uint8_t zeros[ISTHMUS_HASH_MAX] = {0};
    size_t size = (size_t)EVP_MD_get_size(digest);
    if (count != size || size > ISTHMUS_HASH_MAX) return 0;
    uint8_t derived[ISTHMUS_HASH_MAX] = {0};
    uint8_t made[ISTHMUS_HASH_MAX];
    int done = 1;
    if (salt.start != NULL) {
        uint8_t empty[ISTHMUS_HASH_MAX];
        struct isthmus_bytes context = {empty, size};
        done = EVP_DigestInit_ex2(hash, digest, NULL) && EVP_DigestFinal_ex(hash, empty, NULL) &&
               isthmus_expand_label(hash, digest, salt, prefix, label, context, derived, size);
    }
    done = done && isthmus_hmac(
                       hash, digest, derived, salt.start == NULL ? 0 : size,
                       key.start == NULL ? zeros : key.start, key.start == NULL ? size : key.count,
                       made);
    if (done) memcpy(out, made, size);
    OPENSSL_cleanse(derived, sizeof derived);
    OPENSSL_cleanse(made, sizeof made);
    return done;
}

// The provider

static void *isthmus_kdf_new(void *schedule) { return schedule; }
/// Everything an answer depends on comes with the question: there is no state to free or to reset.
static void isthmus_kdf_free(void *schedule) { (void)schedule; }
static void isthmus_kdf_reset(void *schedule) { (void)schedule; }

static int isthmus_kdf_derive(
    void *state, unsigned char *out, size_t count, const OSSL_PARAM params[]) {
    struct isthmus_key_schedule *schedule = (struct isthmus_key_schedule *)state;
    struct isthmus_key_schedule_thread *here = isthmus_key_schedule_here(schedule);
    const EVP_MD *digest = NULL;
    struct isthmus_bytes key = {NULL, 0}, salt = {NULL, 0}, prefix = {NULL, 0}, label = {NULL, 0},
                         context = {NULL, 0};
    int mode = -1;
    if (here == NULL || params == NULL) return 0;
    for (const OSSL_PARAM *param = params; param->key != NULL; param++) {
        struct isthmus_bytes bytes = {(const uint8_t *)param->data, param->data_size};
        if (strcmp(param->key, OSSL_KDF_PARAM_KEY) == 0) key = bytes;
        else if (strcmp(param->key, OSSL_KDF_PARAM_SALT) == 0) salt = bytes;
        else if (strcmp(param->key, OSSL_KDF_PARAM_PREFIX) == 0) prefix = bytes;
        else if (strcmp(param->key, OSSL_KDF_PARAM_LABEL) == 0) label = bytes;
        else if (strcmp(param->key, OSSL_KDF_PARAM_DATA) == 0) context = bytes;
        else if (strcmp(param->key, OSSL_KDF_PARAM_MODE) == 0) {
            if (!OSSL_PARAM_get_int(param, &mode)) return 0;
        } else if (strcmp(param->key, OSSL_KDF_PARAM_DIGEST) == 0) {
            const char *name = (const char *)param->data;
            if (strcasecmp(name, "SHA2-256") == 0 || strcasecmp(name, "SHA256") == 0)
                digest = schedule->sha256;
            else if (strcasecmp(name, "SHA2-384") == 0 || strcasecmp(name, "SHA384") == 0)
                digest = schedule->sha384;
        }
    }
    // TLS 1.3 has no suite with another hash.
    if (digest == NULL) return 0;
    if (mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
        return isthmus_next_secret(here->hash, digest, salt, key, prefix, label, out, count);
    if (mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || key.start == NULL) return 0;
    if (!isthmus_expand_label(here->hash, digest, key, prefix, label, context, out, count)) return 0;
    if (here->secrets != NULL && label.count == 12 && count <= ISTHMUS_HASH_MAX) {
        if (memcmp(label.start, "c ap traffic", 12) == 0) {
            memcpy(here->secrets->client, out, count);
            here->secrets->client_count = count;
        } else if (memcmp(label.start, "s ap traffic", 12) == 0) {
            memcpy(here->secrets->server, out, count);
            here->secrets->server_count = count;
        }
    }
    return 1;
}

static const OSSL_ALGORITHM *isthmus_provider_query(void *state, int operation, int *no_cache) {
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))isthmus_kdf_new},
        {OSSL_FUNC_KDF_FREECTX, (void (*)(void))isthmus_kdf_free},
        {OSSL_FUNC_KDF_RESET, (void (*)(void))isthmus_kdf_reset},
        {OSSL_FUNC_KDF_DERIVE, (void (*)(void))isthmus_kdf_derive},
        {0, NULL},
    };
    static const OSSL_ALGORITHM algorithms[] = {
        {"TLS13-KDF", "provider=isthmus", functions, "RFC 8446 section 7.1"},
        {NULL, NULL, NULL, NULL},
    };
    (void)state;
    *no_cache = 0;
    return operation == OSSL_OP_KDF ? algorithms : NULL;
}

static int isthmus_provider_init(
    const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **out,
    void **state) {
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))isthmus_provider_query},
        {0, NULL},
    };
    (void)handle;
    (void)core;
    struct isthmus_key_schedule *schedule =
        (struct isthmus_key_schedule *)calloc(1, sizeof(struct isthmus_key_schedule));
    if (schedule == NULL) return 0;
    if (pthread_key_create(&schedule->threads, isthmus_key_schedule_thread_end) != 0) {
        free(schedule);
        return 0;
    }
    *out = functions;
    *state = schedule;
    return 1;
}

/// Contexts made with this property query derive their keys here.
#define ISTHMUS_KEY_SCHEDULE_QUERY "?provider=isthmus"

/// Loads the provider beside those that are there; called once a process. NULL where OpenSSL
/// refuses. The hashes are to be kept by the caller.
static inline struct isthmus_key_schedule *isthmus_key_schedule_load(
    const EVP_MD *sha256, const EVP_MD *sha384) {
    if (!OSSL_PROVIDER_add_builtin(NULL, "isthmus", isthmus_provider_init)) return NULL;
    OSSL_PROVIDER *provider = OSSL_PROVIDER_try_load(NULL, "isthmus", 1);
    if (provider == NULL) return NULL;
    struct isthmus_key_schedule *schedule =
        (struct isthmus_key_schedule *)OSSL_PROVIDER_get0_provider_ctx(provider);
    schedule->sha256 = sha256;
    schedule->sha384 = sha384;
    return schedule;
}

/// From now on this thread's handshakes leave their secrets in `secrets`; NULL for nowhere.
static inline void isthmus_key_schedule_watch(
    struct isthmus_key_schedule *schedule, struct isthmus_traffic_secrets *secrets) {
    struct isthmus_key_schedule_thread *here = isthmus_key_schedule_here(schedule);
    if (here != NULL) here->secrets = secrets;
}

/// HKDF-Expand-Label(secret, label, "", count) into `out`; 1 on success.
static inline int isthmus_key_schedule_expand(
    struct isthmus_key_schedule *schedule, const EVP_MD *digest, const uint8_t *secret,
    const char *label, size_t label_count, uint8_t *out, size_t count) {
    struct isthmus_key_schedule_thread *here = isthmus_key_schedule_here(schedule);
    if (here == NULL) return 0;
    struct isthmus_bytes from = {secret, (size_t)EVP_MD_get_size(digest)};
    struct isthmus_bytes prefix = {(const uint8_t *)"tls13 ", 6};
    struct isthmus_bytes name = {(const uint8_t *)label, label_count};
    struct isthmus_bytes context = {NULL, 0};
    return isthmus_expand_label(here->hash, digest, from, prefix, name, context, out, count);
}

#endif
