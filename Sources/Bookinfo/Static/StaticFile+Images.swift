// The pictures: the store's sign and the book's cover, drawn as SVG.
// Drawn instead of photographed: sharp on every screen, and a few hundred bytes.

extension StaticFile {
    static let bookIcon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
          <rect width="32" height="32" rx="7" fill="#24478f"/>
          <path d="M16 9c-2.6-1.9-5.8-2.4-9-2v15.5c3.2-.4 6.4.1 9 2 2.6-1.9 5.8-2.4 9-2V7\
        c-3.2-.4-6.4.1-9 2z" fill="#fff"/>
          <path d="M16 9v15.5" stroke="#24478f" stroke-width="1.6"/>
        </svg>

        """

    static let bookCover = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 260" \
        font-family="Georgia, 'Times New Roman', serif" text-anchor="middle">
          <defs>
            <linearGradient id="g" x1="0" y1="0" x2="1" y2="1">
              <stop offset="0" stop-color="#1d3a78"/>
              <stop offset="1" stop-color="#7a2348"/>
            </linearGradient>
          </defs>
          <rect width="180" height="260" rx="8" fill="url(#g)"/>
          <rect x="6" width="5" height="260" fill="#000" opacity=".22"/>
          <rect x="22" y="18" width="142" height="224" fill="none" stroke="#f3dfa8" \
        stroke-width="1.5"/>
          <g fill="#f3dfa8">
            <text x="93" y="58" font-size="17">The Comedy</text>
            <text x="93" y="80" font-size="13" font-style="italic">of</text>
            <text x="93" y="104" font-size="22">Errors</text>
            <g transform="translate(65 156)">
              <path d="M-26-24c10-6 42-6 52 0 3 34-10 54-26 58-16-4-29-24-26-58z" opacity=".95"/>
              <g fill="#3a2a5e"><path d="M-17-8c4-5 10-5 13 0-4 2-9 2-13 0z"/>
              <path d="M4-8c4-5 10-5 13 0-4 2-9 2-13 0z"/>
              <path d="M-13 10c8 9 18 9 26 0-3 12-9 16-13 16s-10-4-13-16z"/></g>
            </g>
            <g transform="translate(121 168)">
              <path d="M-26-24c10-6 42-6 52 0 3 34-10 54-26 58-16-4-29-24-26-58z" opacity=".8"/>
              <g fill="#3a2a5e"><path d="M-17-8c4-5 10-5 13 0-4 2-9 2-13 0z"/>
              <path d="M4-8c4-5 10-5 13 0-4 2-9 2-13 0z"/>
              <path d="M-13 24c8-9 18-9 26 0-3-12-9-16-13-16s-10 4-13 16z"/></g>
            </g>
            <text x="93" y="230" font-size="11" letter-spacing="1">SHAKESPEARE</text>
          </g>
        </svg>

        """
}
