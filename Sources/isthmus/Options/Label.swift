// `key=value`, as kubectl writes labels.
import ArgumentParser

struct Label {
    let key: String
    let value: String

    init(argument: String) throws {
        let halves = argument.split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[0].isEmpty else {
            throw ValidationError(
                "\"\(argument)\" is no label; write key=value, as in istio=ingressgateway")
        }
        key = String(halves[0])
        value = String(halves[1])
    }
}
