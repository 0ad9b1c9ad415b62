// The first page: what the application is made of.
// It tells a newcomer what the gateway in front has to route.

enum IndexPage {
    static let text = PageFrame.text(
        user: nil,
        main: """
            <section class="card">
              <h1>Hello! This is a simple bookstore application</h1>
              <p>One page, made by four services. Each is a real HTTP server with an address of
              its own:</p>
              <dl>
                <div><dt>productpage</dt><dd>calls details and reviews</dd></div>
                <div><dt>details</dt><dd>facts about the book</dd></div>
                <div><dt>reviews</dt><dd>v1 without stars, v2 black, v3 red; v2 and v3 call \
            ratings</dd></div>
                <div><dt>ratings</dt><dd>the stars</dd></div>
              </dl>
              <p><a class="button" href="/productpage">Open the book</a></p>
            </section>
            """)
}
