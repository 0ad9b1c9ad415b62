// Something that a check has to say, and where by path.
// Not a Diagnostic yet: that has a place in the text, which checks do not know.

struct Finding {
    var severity: Diagnostic.Severity
    var path: [PathStep]
    var message: String
    var advice: String
}
