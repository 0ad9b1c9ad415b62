// A rule's corsPolicy as it acts (Istio's TranslateCORSPolicy).
// Its expressions are the routes' own kind, so ten thousand policies alike share them.
internal import Spec

extension RouteCompiler {
    mutating func cors(_ written: CorsPolicy, _ site: Site) -> CORSPolicy {
        var origins: [StringMatcher] = []
        for (index, origin) in written.allowOrigins.enumerated() {
            switch origin {
            case .exact(let text): origins.append(.exact(interned.bytes(text)))
            case .prefix(let text): origins.append(.prefix(interned.bytes(text)))
            case .regex(let pattern):
                let place = "corsPolicy.allowOrigins[\(index)].regex"
                if let regex = regex(pattern, site.at(written.position), place) {
                    origins.append(.regex(regex))
                }
            case .present: break
            }
        }
        return CORSPolicy(
            allowOrigins: origins, allowMethods: written.allowMethods,
            allowHeaders: written.allowHeaders, exposeHeaders: written.exposeHeaders,
            maxAgeSeconds: written.maxAge?.components.seconds,
            allowsCredentials: written.allowCredentials ?? false,
            forwardsUnmatched: written.unmatchedPreflights != .ignore)
    }
}
