// Matches and actions in words, shared by the golden text, the JSON dump and the explanations.
internal import Spec

extension RouteMatch {
    /// `exact "/login"`, `prefix "/" ignoring case`
    var pathText: String {
        let text: String
        switch path {
        case .any: return "any path"
        case .exact(let bytes): text = "exact \"\(Explainer.text(bytes))\""
        case .prefix(let bytes): text = "prefix \"\(Explainer.text(bytes))\""
        case .regex(let regex): text = "regex \"\(Explainer.text(regex.pattern))\""
        }
        return ignoresPathCase ? "\(text) ignoring case" : text
    }
}

extension Route {
    /// `VirtualService default/bookinfo http[0].match[1]`; a service's own route has no rule.
    var written: String {
        origin.object.kind == VirtualService.kind ? "\(origin.object) \(place)" : "\(origin.object)"
    }
}

extension UpstreamTLS {
    /// `mesh mTLS as outbound_.9080_.v1_.a, naming spiffe://...`, `TLS as www.example.com`
    var text: String {
        var text = isMeshMutual ? "mesh mTLS" : "TLS"
        text += " as \(serverName ?? "the authority")"
        if !isMeshMutual {
            if let identity { text += ", showing \(identity)" }
            text += ", trusting \(trustText)"
        }
        if !subjectAltNames.isEmpty { text += ", naming \(subjectAltNames.joined(separator: " "))" }
        return text
    }

    private var trustText: String {
        switch trust {
        case .system: "this machine's CAs"
        case .secret(let namespace, let name): "Secret \(namespace)/\(name)"
        case .file(let path): path
        case .workload: "the mesh"
        case .nobody: "anybody"
        }
    }
}

extension RouteCondition {
    var text: String {
        switch self {
        case .method(let matcher): "method \(matcher.text)"
        case .scheme(let matcher): "scheme \(matcher.text)"
        case .authority(let matcher): "authority \(matcher.text)"
        case .header(let name, let matcher): "header \(Explainer.text(name)) \(matcher.text)"
        case .withoutHeader(let name, let matcher):
            "without header \(Explainer.text(name)) \(matcher.text)"
        case .queryParameter(let name, let matcher):
            "query parameter \(Explainer.text(name)) \(matcher.text)"
        case .pathAndQuery(let matcher): ":path \(matcher.text)"
        case .not(let condition): "not \(condition.text)"
        case .never(let reason): "never: \(reason)"
        }
    }
}

extension Rewrite {
    var text: String {
        var words: [String] = []
        switch path {
        case .unchanged: break
        case .prefix(let length, let new):
            words.append("the first \(length) bytes to \"\(Explainer.text(new))\"")
        case .full(let new): words.append("the path to \"\(Explainer.text(new))\"")
        case .regex(let regex, let new):
            words.append(
                "regex \"\(Explainer.text(regex.pattern))\" to \"\(Explainer.text(new))\"")
        }
        if let authority { words.append("the authority to \"\(Explainer.text(authority))\"") }
        return words.joined(separator: ", ")
    }
}

extension Redirect {
    var text: String {
        var words = ["\(status)"]
        if let scheme { words.append("scheme \(Explainer.text(scheme))") }
        if let authority { words.append("authority \(Explainer.text(authority))") }
        switch port {
        case .fromProtocolDefault: break
        case .fromRequestPort: words.append("port of the listener")
        case .number(let number): words.append("port \(number)")
        }
        switch path {
        case .unchanged: break
        case .full(let new): words.append("path \"\(Explainer.text(new))\"")
        case .prefix(let length, let new):
            words.append("the first \(length) bytes to \"\(Explainer.text(new))\"")
        }
        return words.joined(separator: " ")
    }
}
