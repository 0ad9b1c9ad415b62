// Where each service finds the others: its sidecar, or what the configuration says, or the services
// beside it.
// Settled once at the start, when every address is bound and known.
import Net

struct Directory: Sendable {
    private let details: Callee?
    private let reviews: Callee?
    private let ratings: Callee?
    private let sidecars: [BookinfoService: SocketAddress]

    init(_ configuration: BookinfoConfiguration, _ running: [Bookinfo.Running]) {
        func beside(_ name: String) -> Callee? {
            Callee(
                authority: Self.authority(name),
                addresses: running.filter { $0.name == name }.map(\.address))
        }
        details = configuration.details ?? beside("details")
        reviews = configuration.reviews ?? beside("reviews")
        ratings = configuration.ratings ?? beside("ratings")
        sidecars = configuration.sidecars
    }

    /// The Host is Istio's service name, also where the address is a loopback one: routes of a
    /// sidecar match on it.
    private static func authority(_ name: String) -> String {
        "\(name):\(BookinfoService.defaultPort)"
    }

    func details(for service: BookinfoService) -> Callee? {
        throughSidecar(of: service, to: "details") ?? details
    }

    func reviews(for service: BookinfoService) -> Callee? {
        throughSidecar(of: service, to: "reviews") ?? reviews
    }

    func ratings(for service: BookinfoService) -> Callee? {
        throughSidecar(of: service, to: "ratings") ?? ratings
    }

    private func throughSidecar(of service: BookinfoService, to name: String) -> Callee? {
        sidecars[service].flatMap {
            Callee(authority: Self.authority(name), addresses: [$0])
        }
    }
}
