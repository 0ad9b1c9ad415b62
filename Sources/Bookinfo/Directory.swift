// Where each service finds the others: what the configuration says, else the services beside it.
// Settled once at the start, when every address is bound and known.
import Net

struct Directory: Sendable {
    let details: Callee?
    let reviews: Callee?
    let ratings: Callee?

    init(_ configuration: BookinfoConfiguration, _ running: [Bookinfo.Running]) {
        // The Host is Istio's service name, also where the address is a loopback one: routes of a
        // sidecar match on it.
        func beside(_ name: String) -> Callee? {
            let addresses = running.filter { $0.name == name }.map(\.address)
            return Callee(
                authority: "\(name):\(BookinfoService.defaultPort)", addresses: addresses)
        }
        details = configuration.details ?? beside("details")
        reviews = configuration.reviews ?? beside("reviews")
        ratings = configuration.ratings ?? beside("ratings")
    }
}
