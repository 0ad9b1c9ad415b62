// What all pages have around their content: head, bar with the login, foot.
// One frame, so that title, style and login cannot differ from page to page.

enum PageFrame {
    static func text(user: String?, main: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>Simple Bookstore App</title>
          <link rel="icon" href="/static/book.svg" type="image/svg+xml">
          <link rel="stylesheet" href="/static/style.css">
        </head>
        <body>
        <a class="skip" href="#main">Skip to the book</a>
        <header class="bar">
          <a class="brand" href="/productpage"><img src="/static/book.svg" alt="" width="28" \
        height="28">Bookinfo Sample</a>
        \(login(user))
        </header>
        <main id="main">
        \(main)
        </main>
        <footer>Bookinfo behind Isthmus. Reload to see reviews by another version.</footer>
        </body>
        </html>

        """
    }

    private static func login(_ user: String?) -> String {
        guard let user else {
            return """
                  <details class="login">
                    <summary>Sign in</summary>
                    <form method="post" action="/login">
                      <label>User name<input name="username" autocomplete="username" \
                required maxlength="64"></label>
                      <label>Password<input name="passwd" type="password" \
                autocomplete="current-password" placeholder="any, or none"></label>
                      <button>Sign in</button>
                    </form>
                  </details>
                """
        }
        return """
              <p class="user"><span class="name">\(HTML.escape(user))</span>\
            <a class="button" href="/logout">Sign out</a></p>
            """
    }
}
