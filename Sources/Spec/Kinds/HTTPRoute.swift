// One rule of a VirtualService's `http` list.
// Match and route stand in the open; the dozen fields that most rules do not have share one box.

public struct HTTPRoute: Sendable {
    public var position = Position()
    /// Empty when unnamed.
    public var name = ""
    /// Any of them; empty means every request.
    public var match: [HTTPMatchRequest] = []
    public var route: [HTTPRouteDestination] = []
    /// Nil where the rule has none of the fields in it.
    public var options: Box<Options>?

    public init() {}

    /// The fields a rule seldom has.
    public struct Options: Sendable {
        public var redirect: HTTPRedirect?
        public var directResponse: HTTPDirectResponse?
        public var delegate: Delegate?
        public var rewrite: HTTPRewrite?
        public var headers: Headers?
        /// Zero means none, as does nil.
        public var timeout: Duration?
        public var retries: HTTPRetry?
        public var fault: HTTPFaultInjection?
        public var mirror: Destination?
        /// `mirrorPercentage.value`, which beats `mirrorPercent` (and `mirror_percent`), which is
        /// deprecated; nil means 100.
        public var mirrorPercentage: Double?
        public var mirrors: [HTTPMirrorPolicy] = []
        public var corsPolicy: CorsPolicy?
        public init() {}
    }

    public var redirect: HTTPRedirect? { options?.value.redirect }
    public var directResponse: HTTPDirectResponse? { options?.value.directResponse }
    public var delegate: Delegate? { options?.value.delegate }
    public var rewrite: HTTPRewrite? { options?.value.rewrite }
    public var headers: Headers? { options?.value.headers }
    public var timeout: Duration? { options?.value.timeout }
    public var retries: HTTPRetry? { options?.value.retries }
    public var fault: HTTPFaultInjection? { options?.value.fault }
    public var mirror: Destination? { options?.value.mirror }
    public var mirrorPercentage: Double? { options?.value.mirrorPercentage }
    public var mirrors: [HTTPMirrorPolicy] { options?.value.mirrors ?? [] }
    public var corsPolicy: CorsPolicy? { options?.value.corsPolicy }
}
