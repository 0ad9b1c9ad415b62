// The pieces of Prometheus' text format (version 0.0.4): labels, their escapes, comment lines.
// They stand apart from what is printed, so that every metric is escaped by the same few lines.

extension [UInt8] {
    /// `name="value"`, after a comma unless it is the first. In a value backslash, quote and line
    /// feed are escaped, as the exposition format asks.
    mutating func appendLabel(_ name: StaticString, _ value: String, first: Bool = false) {
        if !first { append(UInt8(ascii: ",")) }
        append(name)
        append(#"=""# as StaticString)
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(#"\\"# as StaticString)
            case UInt8(ascii: "\""): append(#"\""# as StaticString)
            case UInt8(ascii: "\n"): append(#"\n"# as StaticString)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// The `# HELP` and `# TYPE` lines of a metric.
    mutating func appendMetricHead(_ name: [UInt8], help: StaticString, type: StaticString) {
        append("# HELP " as StaticString)
        append(contentsOf: name)
        append(UInt8(ascii: " "))
        append(help)
        append("\n# TYPE " as StaticString)
        append(contentsOf: name)
        append(UInt8(ascii: " "))
        append(type)
        append(UInt8(ascii: "\n"))
    }
}
