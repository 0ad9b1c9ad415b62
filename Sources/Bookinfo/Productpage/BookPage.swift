// The page of the book: details at one side, reviews at the other, an apology where one is missing.
// Plain HTML without scripts: it is there at once, works everywhere, and can be read with curl.

struct BookPage {
    let details: Caller.Answer
    let reviews: Caller.Answer
    let user: String?

    var text: String {
        PageFrame.text(
            user: user,
            main: """
                <section class="hero" aria-labelledby="title">
                  <img class="cover" src="/static/cover.svg" alt="" width="180" height="260">
                  <div>
                    <p class="eyebrow">William Shakespeare</p>
                    <h1 id="title">\(HTML.escape(Product.title))</h1>
                    <p class="summary"><a href="\(Product.wikipedia)" \
                rel="noopener noreferrer">Wikipedia Summary</a>: \(HTML.escape(Product.title)) \
                \(HTML.escape(Product.summary))</p>
                  </div>
                </section>
                <div class="columns">
                  <section class="card" aria-labelledby="details">
                \(detailsSection)
                  </section>
                  <section class="card" aria-labelledby="reviews">
                \(reviewsSection)
                  </section>
                </div>
                """)
    }

    private var detailsSection: String {
        guard case .json(let value) = details else {
            return apology(id: "details", about: "details", answer: details)
        }
        let rows: [(String, String)] = [
            ("Type", "type"), ("Pages", "pages"), ("Publisher", "publisher"),
            ("Language", "language"), ("ISBN-10", "ISBN-10"), ("ISBN-13", "ISBN-13"),
        ]
        let items = rows.compactMap { label, key in
            value[key].map {
                "    <div><dt>\(label)</dt><dd>\(HTML.escape($0.plainText))</dd></div>"
            }
        }
        return """
                <h2 id="details">Book Details</h2>
                <dl>
            \(items.joined(separator: "\n"))
                </dl>
            """
    }

    private var reviewsSection: String {
        guard case .json(let value) = reviews else {
            return apology(id: "reviews", about: "reviews", answer: reviews)
        }
        let cards = (value["reviews"]?.array ?? []).map(review)
        var served = ""
        if let pod = value["podname"]?.string {
            served =
                "    <p class=\"served\">Reviews served by: \(HTML.escape(pod))</p>\n"
        }
        return """
                <h2 id="reviews">Book Reviews</h2>
            \(cards.joined(separator: "\n"))
            \(served)
            """
    }

    private func review(_ review: JSONValue) -> String {
        """
            <figure>
              <blockquote>\(HTML.escape(review["text"]?.string ?? ""))</blockquote>
              <figcaption>\(HTML.escape(review["reviewer"]?.string ?? ""))</figcaption>
              \(stars(review["rating"]))
            </figure>
        """
    }

    private func stars(_ rating: JSONValue?) -> String {
        guard let rating else { return "" }
        if let error = rating["error"]?.string {
            return "<p class=\"warning\">\(HTML.escape(error))</p>"
        }
        guard let count = rating["stars"]?.integer, (0...5).contains(count) else { return "" }
        // The colour becomes a class name; only those the style sheet knows.
        let color = rating["color"]?.string == "red" ? "red" : "black"
        let full = String(repeating: "★", count: count)
        let empty = String(repeating: "☆", count: 5 - count)
        return """
            <p class="stars \(color)" role="img" \
            aria-label="\(count) out of 5 stars, \(color)">\(full)\(empty)</p>
            """
    }

    private func apology(
        id: String, about what: String, answer: Caller.Answer
    ) -> String {
        """
            <h2 id="\(id)">Error fetching product \(what)!</h2>
            <p class="warning" role="alert">Sorry, product \(what) are currently unavailable \
        for this book.</p>\(reason(answer))
        """
    }

    /// What the service itself said; a proxy's word on a service that did not answer is not shown.
    private func reason(_ answer: Caller.Answer) -> String {
        guard case .failed(_, let reason?) = answer else { return "" }
        return "\n    <p class=\"reason\">\(HTML.escape(reason))</p>"
    }
}
