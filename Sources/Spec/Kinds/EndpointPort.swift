// A port of Endpoints or of an EndpointSlice.
// Matched with the Service's port by name, never by number.

/// A port of Endpoints or of an EndpointSlice; matched with the Service's port by name.
public struct EndpointPort: Sendable {
    public var position = Position()
    /// Empty where the service has a single, unnamed port.
    public var name = ""
    public var number: UInt16 = 0
    public var transport = KubernetesTransport.tcp
    public var appProtocol = ""
    public init() {}
}
