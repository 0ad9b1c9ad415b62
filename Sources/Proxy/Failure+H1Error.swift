// Which way to fail each broken rule of HTTP/1.1 is.
import HTTP
import Telemetry

extension Failure {
    init(_ error: H1Error) {
        switch error {
        case .headTooLarge, .trailerTooLarge: self = .headersTooLarge
        case .tooManyFields: self = .tooManyHeaders
        case .requestLineTooLong: self = .uriTooLong
        case .missingHost: self = .missingHostHeader
        case .duplicateHost, .invalidHost: self = .invalidHost
        case .lengthAndTransferEncoding: self = .contentLengthAndChunked
        case .duplicateContentLength: self = .duplicateContentLength
        case .transferEncoding, .transferEncodingInOldVersion: self = .invalidTransferEncoding
        case .fieldValue, .bareCarriageReturn: self = .invalidCharacters
        case .target: self = .invalidURL
        case .trailer: self = .invalidTrailers
        default: self = .codecError
        }
    }

    /// Istio's details name the rule already; people's runbooks compare the whole word.
    var hasWordOfItsOwn: Bool {
        switch self {
        case .missingHostHeader, .headersTooLarge, .tooManyHeaders, .contentLengthAndChunked,
            .uriTooLong, .duplicateContentLength:
            true
        default: false
        }
    }
}
