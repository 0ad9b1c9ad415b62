// A command that cannot go on: what to say on standard error, and how to end.
import ArgumentParser
import Control

struct Complaint: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// Says it, and gives what the parser ends the process with.
    var exit: ExitCode {
        Output.talk("isthmus: error: \(message)\n")
        return status.code
    }
}

extension ParsableCommand {
    /// Runs `body`; what it complains of is said in one line, without the parser's usage text.
    func complaining(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let complaint as Complaint {
            throw complaint.exit
        }
    }
}
