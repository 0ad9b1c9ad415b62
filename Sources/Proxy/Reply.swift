// An answer the proxy gives itself: a failure, a redirect, a direct response.
import Telemetry

struct Reply {
    var status: UInt16
    var failure: Failure?
    var details: StaticString
    var body: [UInt8] = []
    var location: [UInt8]?
    /// For calls of gRPC; nil: as `status` says.
    var grpcStatus: UInt8?
    /// `text/plain` is added, unless the route's own header operations set one.
    var contentType = false
    /// Of a preflight: says what the route's corsPolicy allows, and nothing of the route's own.
    var isPreflight = false

    init(_ failure: Failure) {
        let row = failure.row
        status = row.status
        self.failure = failure
        details = row.details
    }

    init(status: UInt16, details: StaticString) {
        self.status = status
        self.details = details
    }
}
