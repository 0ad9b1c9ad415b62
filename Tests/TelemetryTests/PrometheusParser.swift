// A strict reader of Prometheus' text format 0.0.4, written from its specification.
// Stricter than Prometheus itself where its lint tool complains: HELP and TYPE once and first, all
// lines of a metric together, no series twice, histograms cumulative and complete.
import Foundation

struct PrometheusPageReader {
    struct Sample {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    struct Malformed: Error, CustomStringConvertible {
        let line: Int
        let what: String
        var description: String { "line \(line): \(what)" }
    }

    private(set) var samples: [Sample] = []
    private(set) var types: [String: String] = [:]
    private var helps: Set<String> = []
    private var current = ""
    private var finished: Set<String> = []
    private var seen: Set<String> = []
    private var line = 0

    init(_ bytes: [UInt8]) throws {
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw Malformed(line: 0, what: "not UTF-8")
        }
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw Malformed(line: 0, what: "the last line has no line feed")
        }
        for row in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            line += 1
            try read(String(row))
        }
        try checkHistograms()
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }?.value
    }

    private mutating func read(_ row: String) throws {
        if row.hasPrefix("# HELP ") || row.hasPrefix("# TYPE ") {
            let words = row.split(separator: " ", maxSplits: 3).map(String.init)
            guard words.count == 4 else { throw fail("a comment without a text") }
            try begin(words[2])
            if words[1] == "HELP" {
                guard helps.insert(words[2]).inserted else { throw fail("HELP twice") }
            } else {
                guard types[words[2]] == nil else { throw fail("TYPE twice") }
                guard ["counter", "gauge", "histogram"].contains(words[3]) else {
                    throw fail("unknown type \(words[3])")
                }
                types[words[2]] = words[3]
            }
            return
        }
        guard !row.hasPrefix("#"), !row.isEmpty else { throw fail("an odd line: \(row)") }
        let sample = try readSample(row)
        guard belongs(sample.name) else { throw fail("\(sample.name) stands under \(current)") }
        let key = sample.name + sample.labels.sorted { $0.key < $1.key }.description
        guard seen.insert(key).inserted else { throw fail("a series twice: \(key)") }
        samples.append(sample)
    }

    private mutating func begin(_ metric: String) throws {
        if metric == current { return }
        if !current.isEmpty { finished.insert(current) }
        guard !finished.contains(metric) else { throw fail("\(metric) is in two places") }
        let isName = metric.range(of: "^[a-zA-Z_:][a-zA-Z0-9_:]*$", options: .regularExpression)
        guard isName != nil else { throw fail("bad metric name \(metric)") }
        current = metric
    }

    private func belongs(_ name: String) -> Bool {
        guard helps.contains(current), let type = types[current] else { return false }
        if type != "histogram" { return name == current }
        return ["_bucket", "_sum", "_count"].contains { name == current + $0 }
    }

    private func readSample(_ row: String) throws -> Sample {
        var rest = Substring(row)
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(label.count)
                let isName = label.range(
                    of: "^[a-zA-Z_][a-zA-Z0-9_]*$", options: .regularExpression)
                guard isName != nil, rest.hasPrefix("=\"") else { throw fail("bad label \(row)") }
                rest = rest.dropFirst(2)
                guard labels.updateValue(try readValue(&rest), forKey: label) == nil else {
                    throw fail("label \(label) twice")
                }
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = Double(rest.dropFirst()) else {
            throw fail("no value in \(row)")
        }
        return Sample(name: name, labels: labels, value: value)
    }

    private func readValue(_ rest: inout Substring) throws -> String {
        var value = ""
        while let character = rest.popFirst() {
            if character == "\"" { return value }
            guard character == "\\" else {
                value.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": value.append("\n")
            case "\\": value.append("\\")
            case "\"": value.append("\"")
            default: throw fail("an unknown escape")
            }
        }
        throw fail("a label value without an end")
    }

    private func checkHistograms() throws {
        for (metric, type) in types where type == "histogram" {
            var last: [String: (bound: Double, count: Double)] = [:]
            for sample in samples where sample.name == metric + "_bucket" {
                var labels = sample.labels
                guard let le = labels.removeValue(forKey: "le"),
                    let bound = le == "+Inf" ? .infinity : Double(le)
                else { throw fail("\(metric) has a bucket without le") }
                let key = labels.sorted { $0.key < $1.key }.description
                if let before = last[key] {
                    guard before.bound < bound else { throw fail("\(metric) bounds fall") }
                    guard before.count <= sample.value else { throw fail("\(metric) falls") }
                }
                last[key] = (bound, sample.value)
            }
            for sample in samples where sample.name == metric + "_count" {
                let key = sample.labels.sorted { $0.key < $1.key }.description
                guard let top = last.removeValue(forKey: key), top.bound == .infinity,
                    top.count == sample.value
                else { throw fail("\(metric): +Inf and _count differ") }
            }
            guard last.isEmpty else { throw fail("\(metric) has buckets without _count") }
        }
    }

    private func fail(_ what: String) -> Malformed { Malformed(line: line, what: what) }
}
