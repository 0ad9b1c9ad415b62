// The authority's errors as the command line tells them, with the exit code each deserves.
import ArgumentParser
import Authority
import Control
import PKI

extension ParsableCommand {
    /// Runs `body`; what the authority refuses is said in one line.
    func certifying(_ body: () throws -> Void) throws {
        try complaining {
            do {
                try body()
            } catch let error as AuthorityError {
                throw Complaint(error.kind.status, "\(error)")
            } catch let error as PKIError {
                throw Complaint(.badData, "\(error)")
            }
        }
    }
}

extension AuthorityError.Kind {
    var status: ExitStatus {
        switch self {
        case .usage: .usage
        case .badData: .badData
        case .inputOutput: .inputOutput
        case .notPermitted: .notPermitted
        case .other: .failure
        }
    }
}
