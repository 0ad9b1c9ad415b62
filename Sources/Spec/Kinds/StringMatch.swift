// How a VirtualService compares a piece of a request with a text (Istio StringMatch).
// `{}` means "is there" for headers and query parameters, so it is a case of its own.

/// `exact`, `prefix` or `regex`; `{}` is `present`.
public enum StringMatch: Sendable, Hashable {
    case exact(String)
    /// Of the raw string: `/foo` matches `/foobar`.
    case prefix(String)
    /// RE2, the whole string. `*` on a header means present, as in Istio.
    case regex(String)
    /// `{}`
    case present
}
