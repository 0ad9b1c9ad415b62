// Which cluster a destination means, and why it may mean none.
// A destination that does not exist is no error: Istio answers 503 NC for it, and so do we, with a
// warning that says what was probably meant.
internal import Spec

/// Everything that decides what a destination means.
struct DestinationQuestion: Hashable {
    var host: String
    var subset: String
    var port: UInt16?
    /// Of the object that names it.
    var namespace: String
    var listenerPort: UInt16
}

struct ResolvedDestination {
    /// Index into the cluster table; nil where something does not exist.
    var cluster: Int?
    var name: String
    /// Why there is no cluster.
    var problem: (message: String, advice: String)?
}

extension RouteCompiler {
    mutating func destination(
        _ destination: Destination, in rule: some Resource, in scope: Scope,
        path: @autoclosure () -> String, otherwise: String = "its requests get 503 NC"
    ) -> ResolvedDestination {
        let question = DestinationQuestion(
            host: destination.host, subset: destination.subset, port: destination.port,
            namespace: rule.namespace, listenerPort: scope.declaredPort)
        let answer = answer(to: question)
        if let (message, advice) = answer.problem {
            findings.report(
                .warning, rule, at: destination.position, path(),
                "\(message): \(otherwise)", advice: advice)
        }
        return answer
    }

    /// Rules that follow each other mostly name the same destination.
    mutating func answer(to question: DestinationQuestion) -> ResolvedDestination {
        if let latest, latest.question == question { return latest.answer }
        let answer: ResolvedDestination
        if let known = resolved[question] {
            answer = known
        } else {
            answer = resolve(question)
            resolved[question] = answer
        }
        latest = (question, answer)
        return answer
    }

    private mutating func resolve(_ question: DestinationQuestion) -> ResolvedDestination {
        let host = HostName.fullyQualified(
            question.host, namespace: question.namespace, domain: node.domain)
        let named = registry.service(
            host, for: question.namespace, visibleTo: node.namespace)
        // An ExternalName service stands for another host, which has to be known as well.
        let alias = named?.externalName ?? ""
        let target = alias.isEmpty ? host : alias
        let service =
            alias.isEmpty
            ? named
            : registry.service(alias, for: question.namespace, visibleTo: node.namespace)
        let port = question.port ?? (named?.onlyPort ?? question.listenerPort)
        let name = ClusterKey.name(host: target, port: port, subset: question.subset)
        guard let service else {
            return ResolvedDestination(name: name, problem: unknown(target, alias: alias, of: host))
        }
        guard service.hasPort(port) else {
            return ResolvedDestination(
                name: name, problem: missingPort(port, of: service, asked: question))
        }
        if !question.subset.isEmpty {
            let merged = destinationRules.rule(for: service)
            guard merged?.subset(question.subset) != nil else {
                return ResolvedDestination(
                    name: name, problem: missingSubset(question.subset, of: service, in: merged))
            }
        }
        let key = ClusterKey(
            host: target, namespace: service.namespace, port: port, subset: question.subset)
        let index = clusters.index(of: key)
        return ResolvedDestination(cluster: index, name: clusters.names[index])
    }

    private mutating func unknown(
        _ host: String, alias: String, of name: String
    ) -> (message: String, advice: String) {
        let message =
            alias.isEmpty
            ? "there is no service \(host)"
            : "\(name) stands for \(alias), which no Service or ServiceEntry describes"
        if registry.isKnown(host) {
            return (
                "the service \(host) is not exported to namespace \(node.namespace)",
                "add \(node.namespace) or * to its exportTo"
            )
        }
        return (message, nearest(to: host))
    }

    /// IST0174: a DestinationRule for a host that nobody describes is ignored whole.
    mutating func checkHost(of rule: DestinationRule) {
        let host = HostName.fullyQualified(
            rule.host.value, namespace: rule.namespace, domain: node.domain)
        guard !registry.hasService(within: host) else { return }
        findings.report(
            .warning, rule, at: rule.host.position, "spec.host",
            "there is no service \(host): this DestinationRule has no effect",
            advice: nearest(to: host))
    }

    private mutating func nearest(to host: String) -> String {
        let general = "describe it with a Service or a ServiceEntry, or correct the host"
        guard suggestionsLeft > 0 else { return general }
        suggestionsLeft -= 1
        return registry.suggestion(for: host).map { "did you mean \($0)?" } ?? general
    }

    private func missingPort(
        _ port: UInt16, of service: RegisteredService, asked question: DestinationQuestion
    ) -> (message: String, advice: String) {
        let ports = service.ports.map { String($0.number) }.joined(separator: ", ")
        if question.port == nil, service.ports.count > 1 {
            // IST0112
            return (
                "\(service.host) has several ports (\(ports)) and the destination names none, so "
                    + "the listener's \(port) is meant, which it does not have",
                "add port.number"
            )
        }
        return (
            "\(service.host) has no port \(port)",
            ports.isEmpty ? "the service has no TCP port at all" : "it has \(ports)"
        )
    }

    private func missingSubset(
        _ subset: String, of service: RegisteredService, in rule: MergedRule?
    ) -> (message: String, advice: String) {
        let message = "\(service.host) has no subset \(subset)"
        guard let rule else {
            return (message, "no DestinationRule for it is visible here: add one with this subset")
        }
        let names = rule.subsets.map(\.subset.name)
        if let nearest = Suggestion.nearest(to: subset, among: names) {
            return (message, "did you mean \(nearest)?")
        }
        let known = names.isEmpty ? "none" : names.joined(separator: ", ")
        return (
            message,
            "\(rule.rules[0].key) defines \(known)"
        )
    }
}

extension RegisteredService {
    /// The port that is meant where none is named; nil where there are several, or none.
    var onlyPort: UInt16? { ports.count == 1 ? ports[0].number : nil }
}
