// How one service asks another: GET, JSON back, or a status that says it failed.
// One place for it, because timeouts and retries are what the tutorials are about.
import HTTP
import Net

final class Caller {
    enum Answer {
        case json(JSONValue)
        /// The status the other service gave, 500 when it gave none, and what it said of it as
        /// `error` of an object.
        case failed(status: UInt16, reason: String? = nil)
    }

    private let callee: Callee?
    private let client: HTTPClient
    private var turn = 0

    init(_ callee: Callee?, client: HTTPClient) {
        self.callee = callee
        self.client = client
    }

    /// - Parameters:
    ///   - target: path and query, encoded.
    ///   - fields: headers that travel with the request.
    ///   - attempts: at least 1; the next is made when one brought no 200.
    ///   - timeoutMs: for each attempt.
    func get(
        _ target: String, fields: [HTTPField], timeoutMs: UInt64, attempts: Int = 1,
        completion: @escaping (Answer) -> Void
    ) {
        guard let callee else {
            completion(.failed(status: 500))
            return
        }
        let address = callee.addresses[turn % callee.addresses.count]
        turn &+= 1
        let request = ClientRequest(
            target: target, authority: callee.authority,
            fields: fields + [HTTPField("accept", "application/json")])
        client.send(request, to: address, timeoutMs: timeoutMs) { result in
            let answer = Self.answer(result)
            if case .failed = answer, attempts > 1 {
                self.get(
                    target, fields: fields, timeoutMs: timeoutMs, attempts: attempts - 1,
                    completion: completion)
            } else {
                completion(answer)
            }
        }
    }

    private static func answer(_ result: Result<ClientResponse, ClientError>) -> Answer {
        guard case .success(let response) = result else { return .failed(status: 500) }
        guard response.status == 200 else {
            let reason = (try? JSONValue.parse(response.body))?["error"]?.string
            return .failed(status: response.status, reason: reason)
        }
        do throws(JSONError) {
            return .json(try JSONValue.parse(response.body))
        } catch {
            return .failed(status: 500)
        }
    }
}
