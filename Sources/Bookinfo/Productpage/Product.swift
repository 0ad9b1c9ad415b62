// The one book of the store.
// Its texts are Istio's, and the page and the API tell the same.

enum Product {
    static let title = "The Comedy of Errors"

    static let summary = """
        is one of William Shakespeare's early plays. It is his shortest and one of his most \
        farcical comedies, with a major part of the humour coming from slapstick and mistaken \
        identity, in addition to puns and word play.
        """

    static let wikipedia = "https://en.wikipedia.org/wiki/The_Comedy_of_Errors"

    private static let summaryHTML =
        "<a href=\"\(wikipedia)\">Wikipedia Summary</a>: \(title) \(HTML.escape(summary))"

    /// What `/api/v1/products` lists.
    static let catalog = JSONValue.array([
        .object([
            ("id", .integer(0)),
            ("title", .string(title)),
            ("descriptionHtml", .string(summaryHTML)),
        ])
    ])
}
