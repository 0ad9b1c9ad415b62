// The pieces of Prometheus' text format (version 0.0.4): labels, their escapes, comment lines.
// They stand apart from what is printed, so that every metric is escaped by the same few lines.

extension [UInt8] {
    /// `name="value"`, after a comma unless it is the first. In a value backslash, quote and line
    /// feed are escaped, as the exposition format asks.
    mutating func appendLabel(_ name: String, _ value: String, first: Bool = false) {
        if !first { append(UInt8(ascii: ",")) }
        append(name)
        append(#"=""#)
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(#"\\"#)
            case UInt8(ascii: "\""): append(#"\""#)
            case UInt8(ascii: "\n"): append(#"\n"#)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// The `# HELP` and `# TYPE` lines of a metric.
    mutating func appendMetricHead(_ name: [UInt8], help: String, type: String) {
        append("# HELP ")
        append(contentsOf: name)
        append(UInt8(ascii: " "))
        append(help)
        append("\n# TYPE ")
        append(contentsOf: name)
        append(UInt8(ascii: " "))
        append(type)
        append(UInt8(ascii: "\n"))
    }
}
