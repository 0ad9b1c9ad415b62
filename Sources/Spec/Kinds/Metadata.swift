// What every object says about itself, whatever its kind (Kubernetes ObjectMeta).
// Only what decides behaviour is kept: managedFields, uid, resourceVersion and the like are
// bookkeeping of an API server and are passed over in silence.

/// Name, namespace, labels, annotations and age of an object.
public struct Metadata: Sendable, Hashable {
    public var name = ""
    /// The default namespace where the text gives none.
    public var namespace = ""
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]
    /// Seconds since 1970, from `creationTimestamp`; nil for files written by hand.
    public var creationTimestamp: Int64?

    public init(name: String = "", namespace: String = "default") {
        self.name = name
        self.namespace = namespace
    }
}
