// RE2 behind plain C: what Swift needs to decide a `regex` field and nothing more.
// A C face keeps C++ interoperability, and the build time it costs, out of every Swift module.
#ifndef ISTHMUS_CRE2_H
#define ISTHMUS_CRE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled expression. Matching is safe from any number of threads at once.
typedef struct isthmus_re2 isthmus_re2;

/// Compiles `pattern` and bounds the memory of its automaton to `max_mem` bytes.
///
/// Returns NULL where RE2 refuses the pattern or memory is short; `error` then holds RE2's reason,
/// cut to `error_capacity - 1` bytes and always terminated. Nothing is ever written to stderr.
isthmus_re2 *isthmus_re2_compile(
    const uint8_t *pattern, size_t length, int64_t max_mem, char *error, size_t error_capacity);

void isthmus_re2_free(isthmus_re2 *regex);

/// Frees a buffer that isthmus_re2_replace_all stored.
void isthmus_re2_free_text(uint8_t *text);

/// Whether the whole text matches, as Envoy's `safe_regex` asks.
bool isthmus_re2_full_match(const isthmus_re2 *regex, const uint8_t *text, size_t length);

/// Replaces every match in `text`; `\1` to `\9` in `rewrite` are groups and `\0` is the match.
///
/// Stores a buffer from malloc in `result`, for the caller to free, and returns its length. Stores
/// NULL and returns 0 where nothing matched or the rewrite names a group that does not exist: the
/// text stays as it is.
size_t isthmus_re2_replace_all(
    const isthmus_re2 *regex, const uint8_t *text, size_t length, const uint8_t *rewrite,
    size_t rewrite_length, uint8_t **result);

/// Whether `rewrite` names only groups that the expression has; if not, `error` says why.
bool isthmus_re2_check_rewrite(
    const isthmus_re2 *regex, const uint8_t *rewrite, size_t rewrite_length, char *error,
    size_t error_capacity);

#ifdef __cplusplus
}
#endif
#endif
