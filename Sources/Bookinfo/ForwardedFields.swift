// The headers a service hands on when it calls another one.
// A mesh can only tie the calls of one page view together when the application passes the tracing
// headers along; this is the list Istio's Bookinfo passes.
import HTTP

enum ForwardedFields {
    private static let names: Set<String> = [
        "x-request-id", "x-ot-span-context", "x-datadog-trace-id", "x-datadog-parent-id",
        "x-datadog-sampling-priority", "x-datadog-sampled", "traceparent", "tracestate",
        "x-cloud-trace-context", "grpc-trace-bin", "b3", "x-b3-traceid", "x-b3-spanid",
        "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags", "sw8", "user-agent", "cookie",
        "authorization", "jwt",
    ]

    static func from(_ request: ServerRequest) -> [HTTPField] {
        request.fields.filter { names.contains($0.name.lowercased()) }
    }

    /// What reviews hands on besides: the user, so that rules may look at it.
    static func withUser(from request: ServerRequest) -> [HTTPField] {
        request.fields.filter {
            let name = $0.name.lowercased()
            return name == "end-user" || names.contains(name)
        }
    }
}
