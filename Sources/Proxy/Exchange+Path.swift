// The request's path as routes see it, and the pieces of a request they compare.
import HTTP
import Net

extension Exchange {
    /// The path without query: in normal form, `/` where an absolute-form target has none.
    var path: ByteView {
        if !normalizedPath.isEmpty { return normalizedPath.readable }
        return sentPath
    }

    private var sentPath: ByteView {
        let target = request.pathBytes
        let mark = target.index(of: 0x3f)
        let path = mark < 0 ? target : target.prefix(mark)
        return path.isEmpty ? ByteView("/") : path
    }

    /// With its `?`; empty when there is none.
    var queryWithMark: ByteView {
        let target = request.pathBytes
        let mark = target.index(of: 0x3f)
        return mark < 0 ? .empty : target.suffix(from: mark)
    }

    /// Without its `?`.
    var query: ByteView {
        let query = queryWithMark
        return query.isEmpty ? query : query.suffix(from: 1)
    }

    /// Istio's BASE normalisation; false when the path cannot be made safe.
    func normalizePath() -> Bool {
        let path = sentPath
        if PathNormalizer.isNormal(path) { return true }
        return PathNormalizer.normalize(path, into: &normalizedPath)
    }

    /// The path that travels upstream, without query.
    var upstreamPath: ByteView {
        rewrittenPath.isEmpty ? path : rewrittenPath.readable
    }
}
