// Decodes what an HTTP rule does besides forwarding: redirect, answer, rewrite, headers, delegate.
// One function a message, one case a field, as in the message's table.

extension FieldReader {
    func delegate(_ node: NodeID) -> Delegate {
        var delegate = Delegate()
        delegate.position = tree.position(node)
        var fields = open(node, .delegate)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": delegate.name = sharedString(value)
            case "namespace": delegate.namespace = sharedString(value)
            default: unread(name, fields)
            }
        }
        return delegate
    }

    func headers(_ node: NodeID) -> Headers {
        var request = Headers.Operations()
        var response = Headers.Operations()
        var fields = open(node, .headers)
        while let (name, value) = next(&fields) {
            switch name {
            case "request": request = headerOperations(value)
            case "response": response = headerOperations(value)
            default: unread(name, fields)
            }
        }
        return Headers(request: request, response: response)
    }

    private func headerOperations(_ node: NodeID) -> Headers.Operations {
        var operations = Headers.Operations()
        var fields = open(node, .headerOperations)
        while let (name, value) = next(&fields) {
            switch name {
            case "set": operations.set = headerPairs(value)
            case "add": operations.add = headerPairs(value)
            case "remove": operations.remove = locatedStrings(value)
            default: unread(name, fields)
            }
        }
        return operations
    }

    private func headerPairs(_ node: NodeID) -> [Headers.Pair] {
        pairs(node).map { key, value in
            checkKey(key)
            var pair = Headers.Pair()
            pair.position = tree.position(key)
            pair.name = strings.string(tree.bytes(key))
            pair.value = sharedString(value)
            return pair
        }
    }

    func httpRedirect(_ node: NodeID) -> HTTPRedirect {
        var redirect = HTTPRedirect()
        redirect.position = tree.position(node)
        var fields = open(node, .httpRedirect)
        while let (name, value) = next(&fields) {
            switch name {
            case "uri": redirect.uri = string(value)
            case "authority": redirect.authority = string(value)
            case "port": redirect.port = port(value)
            case "derivePort":
                redirect.derivePort = choice(value, HTTPRedirect.PortSelection.self)
            case "scheme": redirect.scheme = string(value)
            case "redirectCode": redirect.redirectCode = integer(value, UInt16.self)
            case "prefixRewrite": redirect.prefixRewrite = string(value)
            default: unread(name, fields)
            }
        }
        return redirect
    }

    func httpDirectResponse(_ node: NodeID) -> HTTPDirectResponse {
        var response = HTTPDirectResponse()
        response.position = tree.position(node)
        var fields = open(node, .httpDirectResponse)
        while let (name, value) = next(&fields) {
            switch name {
            case "status": response.status = integer(value, UInt16.self) ?? 0
            case "body": response.body = httpBody(value)
            default: unread(name, fields)
            }
        }
        return response
    }

    private func httpBody(_ node: NodeID) -> [UInt8]? {
        var body: [UInt8]?
        var fields = open(node, .httpBody)
        while let (name, value) = next(&fields) {
            if body != nil { error(at: value, "both `string` and `bytes`", "keep one of them") }
            switch name {
            case "string": body = Array(string(value).utf8)
            case "bytes": body = base64(value)
            default: unread(name, fields)
            }
        }
        return body
    }

    func httpRewrite(_ node: NodeID) -> HTTPRewrite {
        var rewrite = HTTPRewrite()
        rewrite.position = tree.position(node)
        var fields = open(node, .httpRewrite)
        while let (name, value) = next(&fields) {
            switch name {
            case "uri": rewrite.uri = string(value)
            case "authority": rewrite.authority = string(value)
            case "uriRegexRewrite": rewrite.uriRegexRewrite = regexRewrite(value)
            default: unread(name, fields)
            }
        }
        return rewrite
    }

    private func regexRewrite(_ node: NodeID) -> HTTPRewrite.RegexRewrite {
        var rewrite = HTTPRewrite.RegexRewrite()
        var fields = open(node, .regexRewrite)
        while let (name, value) = next(&fields) {
            switch name {
            case "match": rewrite.match = string(value)
            case "rewrite": rewrite.rewrite = string(value)
            default: unread(name, fields)
            }
        }
        return rewrite
    }
}
