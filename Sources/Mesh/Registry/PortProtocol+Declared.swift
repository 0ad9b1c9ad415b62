// The protocol of a Kubernetes service's port: its appProtocol, else the beginning of its name,
// else nothing (Istio's kube.ConvertProtocol).
internal import Spec

extension PortProtocol {
    init(portName: String, appProtocol: String, number: UInt16) {
        if let named = Self.spelled(appProtocol) {
            self = named
            return
        }
        let name = portName.lowercased()
        if name == "grpc-web" || name.hasPrefix("grpc-web-") {
            self = .grpcWeb
            return
        }
        if let named = Self.spelled(String(name.prefix { $0 != "-" })) {
            self = named
            return
        }
        // Servers that speak first: waiting for the client's bytes would be waiting for ever.
        self = [25, 53, 3306, 27017].contains(number) ? .tcp : .unspecified
    }

    private static func spelled(_ text: String) -> PortProtocol? {
        switch text.lowercased() {
        case "": nil
        case "kubernetes.io/h2c", "h2c": .http2
        case "kubernetes.io/ws": .http
        case "kubernetes.io/wss": .https
        case let name: PortProtocol(rawValue: name.uppercased())
        }
    }

    /// Requests come as HTTP/2 (Istio's IsHTTP2).
    var isHTTP2: Bool { self == .http2 || self == .grpc || self == .grpcWeb }
}
