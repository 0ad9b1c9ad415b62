// Why a message head or body is not HTTP/1.1: one case a rule, so that a test, a log line and the
// access log's details speak of the same thing.

public enum H1Error: UInt8, Error, Sendable, CaseIterable {
    case requestLine, method, target, version, statusLine
    case bareLineFeed, bareCarriageReturn, foldedLine, fieldName, fieldValue
    case headTooLarge, tooManyFields, requestLineTooLong
    case missingHost, duplicateHost, invalidHost
    case contentLength, duplicateContentLength, transferEncoding, lengthAndTransferEncoding
    case transferEncodingInOldVersion
    case chunkSize, chunkExtension, chunkEnd, trailer, trailerTooLarge
    case upgradeWithBody

    /// The rule in a word, for the access log's details.
    public var rule: StaticString {
        switch self {
        case .requestLine: "request_line"
        case .method: "method"
        case .target: "request_target"
        case .version: "http_version"
        case .statusLine: "status_line"
        case .bareLineFeed: "bare_lf"
        case .bareCarriageReturn: "bare_cr"
        case .foldedLine: "obs_fold"
        case .fieldName: "field_name"
        case .fieldValue: "field_value"
        case .headTooLarge: "head_too_large"
        case .tooManyFields: "too_many_fields"
        case .requestLineTooLong: "request_line_too_long"
        case .missingHost: "missing_host"
        case .duplicateHost: "duplicate_host"
        case .invalidHost: "invalid_host"
        case .contentLength: "content_length"
        case .duplicateContentLength: "duplicate_content_length"
        case .transferEncoding: "transfer_encoding"
        case .lengthAndTransferEncoding: "content_length_and_transfer_encoding"
        case .transferEncodingInOldVersion: "transfer_encoding_in_http_1_0"
        case .chunkSize: "chunk_size"
        case .chunkExtension: "chunk_extension"
        case .chunkEnd: "chunk_end"
        case .trailer: "trailer"
        case .trailerTooLarge: "trailer_too_large"
        case .upgradeWithBody: "upgrade_with_body"
        }
    }
}
