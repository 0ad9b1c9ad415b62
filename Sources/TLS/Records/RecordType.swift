// Numbers of the record protocol (RFC 8446 appendix B.1 and B.2): content types and alerts.
// Only those that a connection can meet once its handshake is over.

enum RecordType: UInt8 {
    case alert = 21
    case handshake = 22
    case applicationData = 23
}

enum RecordAlert: UInt8 {
    case closeNotify = 0
    case unexpectedMessage = 10
    case badRecordMAC = 20
    case recordOverflow = 22
    case decodeError = 50
    case internalError = 80
    case userCanceled = 90
}
