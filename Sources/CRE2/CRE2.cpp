// The C face of RE2: converts pointers and lengths, and lets no exception out.
// RE2 is the engine Istio uses: same syntax, and time linear in the text whatever the pattern.
#include "CRE2.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <re2/re2.h>

struct isthmus_re2 {
    re2::RE2 expression;

    isthmus_re2(const re2::StringPiece &pattern, const re2::RE2::Options &options)
        : expression(pattern, options) {}
};

namespace {

// Stands in for the NULL that an empty buffer may have, which C++ views must not carry.
re2::StringPiece view(const uint8_t *bytes, size_t length) {
    static const char nothing[1] = {0};
    return length == 0 ? re2::StringPiece(nothing, 0)
                       : re2::StringPiece(reinterpret_cast<const char *>(bytes), length);
}

void tell(const std::string &reason, char *error, size_t capacity) {
    if (error == nullptr || capacity == 0) return;
    const size_t length = reason.size() < capacity ? reason.size() : capacity - 1;
    std::memcpy(error, reason.data(), length);
    error[length] = '\0';
}

}  // namespace

isthmus_re2 *isthmus_re2_compile(
    const uint8_t *pattern, size_t length, int64_t max_mem, char *error, size_t error_capacity) {
    try {
        re2::RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(max_mem);
        auto *regex = new isthmus_re2(view(pattern, length), options);
        if (regex->expression.ok()) return regex;
        tell(regex->expression.error(), error, error_capacity);
        delete regex;
    } catch (const std::bad_alloc &) {
        tell("out of memory", error, error_capacity);
    }
    return nullptr;
}

void isthmus_re2_free(isthmus_re2 *regex) { delete regex; }

void isthmus_re2_free_text(uint8_t *text) {
    std::free(text);
}

bool isthmus_re2_full_match(const isthmus_re2 *regex, const uint8_t *text, size_t length) {
    try {
        return regex->expression.Match(
            view(text, length), 0, length, re2::RE2::ANCHOR_BOTH, nullptr, 0);
    } catch (const std::bad_alloc &) {
        return false;
    }
}

size_t isthmus_re2_replace_all(
    const isthmus_re2 *regex, const uint8_t *text, size_t length, const uint8_t *rewrite,
    size_t rewrite_length, uint8_t **result) {
    *result = nullptr;
    try {
        std::string changed(view(text, length).data(), length);
        const int count = re2::RE2::GlobalReplace(
            &changed, regex->expression, view(rewrite, rewrite_length));
        if (count <= 0) return 0;
        auto *bytes = static_cast<uint8_t *>(std::malloc(changed.size() + 1));
        if (bytes == nullptr) return 0;
        std::memcpy(bytes, changed.data(), changed.size());
        *result = bytes;
        return changed.size();
    } catch (const std::bad_alloc &) {
        return 0;
    }
}

bool isthmus_re2_check_rewrite(
    const isthmus_re2 *regex, const uint8_t *rewrite, size_t rewrite_length, char *error,
    size_t error_capacity) {
    try {
        std::string reason;
        if (regex->expression.CheckRewriteString(view(rewrite, rewrite_length), &reason)) {
            return true;
        }
        tell(reason, error, error_capacity);
    } catch (const std::bad_alloc &) {
        tell("out of memory", error, error_capacity);
    }
    return false;
}
