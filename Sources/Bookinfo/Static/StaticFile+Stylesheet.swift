// The style sheet: one column on a phone, two beside each other where there is room.
// By hand and small, so that nothing has to be fetched from or built by anybody else.

extension StaticFile {
    static let stylesheet = """
        :root {
          --ink: #1b2430; --soft: #5a6675; --line: #dfe4ea; --paper: #ffffff; --ground: #f4f6f9;
          --accent: #24478f; --accent-ink: #ffffff; --red: #c81e1e; --warn: #fff4e0;
          --warn-line: #e0a84a; --warn-ink: #6b4200;
        }
        * { box-sizing: border-box; }
        html { color-scheme: light; -webkit-text-size-adjust: 100%; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 17px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Ubuntu, sans-serif;
        }
        a { color: var(--accent); }
        a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible {
          outline: 3px solid #7aa2ff; outline-offset: 2px; border-radius: 4px;
        }
        .skip { position: absolute; left: -999px; }
        .skip:focus { left: 8px; top: 8px; background: #fff; padding: 8px; z-index: 2; }

        .bar {
          display: flex; align-items: center; justify-content: space-between; gap: 16px;
          padding: 10px max(16px, calc((100% - 1008px) / 2)); background: var(--paper);
          border-bottom: 1px solid var(--line);
        }
        .brand {
          display: flex; align-items: center; gap: 10px; font-weight: 650; color: var(--ink);
          text-decoration: none; white-space: nowrap;
        }
        .user { margin: 0; display: flex; align-items: center; gap: 12px; min-width: 0; }
        .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 14em; }
        .button, button, .login summary {
          font: inherit; font-weight: 600; background: var(--accent); color: var(--accent-ink);
          border: 0; border-radius: 8px; padding: 7px 16px; cursor: pointer;
          text-decoration: none; display: inline-block; white-space: nowrap;
        }
        .button:hover, button:hover, .login summary:hover { background: #1b3874; }
        .login { position: relative; }
        .login summary { list-style: none; }
        .login summary::-webkit-details-marker { display: none; }
        .login form {
          position: absolute; right: 0; top: calc(100% + 10px); z-index: 1; width: 270px;
          display: grid; gap: 12px; padding: 18px; background: var(--paper);
          border: 1px solid var(--line); border-radius: 12px;
          box-shadow: 0 12px 32px rgb(20 30 50 / .16);
        }
        .login label { display: grid; gap: 4px; font-size: 15px; color: var(--soft); }
        .login input {
          font: inherit; width: 100%; padding: 8px 10px; border: 1px solid #b6bfca;
          border-radius: 8px; color: var(--ink); background: #fff;
        }

        main { max-width: 1040px; margin: 0 auto; padding: 28px 16px; }
        .hero { display: flex; gap: 32px; align-items: center; margin: 4px 0 28px; }
        .cover {
          flex: none; width: 180px; height: 260px; border-radius: 8px;
          box-shadow: 0 14px 34px rgb(20 30 50 / .28);
        }
        .eyebrow { margin: 0; color: var(--soft); }
        h1 { margin: 2px 0 12px; font: 600 40px/1.15 Georgia, "Times New Roman", serif; }
        h2 { margin: 0 0 14px; font-size: 22px; }
        .summary { margin: 0; max-width: 62ch; }

        .columns {
          display: grid; gap: 22px; align-items: start;
          grid-template-columns: minmax(0, 4fr) minmax(0, 5fr);
        }
        .card {
          background: var(--paper); border: 1px solid var(--line); border-radius: 14px;
          padding: 24px;
        }
        dl { margin: 0; }
        dl div {
          display: flex; justify-content: space-between; gap: 20px; padding: 9px 0;
          border-top: 1px solid var(--line);
        }
        dl div:first-child { border-top: 0; }
        dt { color: var(--soft); }
        dd { margin: 0; text-align: right; overflow-wrap: anywhere; }

        figure { margin: 0; padding: 16px 0; border-top: 1px solid var(--line); }
        h2 + figure { border-top: 0; padding-top: 0; }
        blockquote { margin: 0; font: 19px/1.5 Georgia, "Times New Roman", serif; }
        blockquote::before { content: "\\201C"; }
        blockquote::after { content: "\\201D"; }
        figcaption { margin-top: 6px; color: var(--soft); }
        figcaption::before { content: "\\2014\\00A0"; }
        .stars { margin: 4px 0 0; font-size: 24px; line-height: 1.2; letter-spacing: 2px; }
        .stars.black { color: #000; }
        .stars.red { color: var(--red); }
        .served, .reason {
          margin: 8px 0 0; padding: 8px 12px; font-size: 15px; color: var(--soft);
          background: var(--ground); border-radius: 8px; overflow-wrap: anywhere;
        }
        .warning {
          margin: 6px 0 0; padding: 10px 14px; background: var(--warn); color: var(--warn-ink);
          border: 1px solid var(--warn-line); border-radius: 8px;
        }
        footer { padding: 8px 16px 32px; text-align: center; color: var(--soft); font-size: 15px; }

        @media (max-width: 720px) {
          .columns { grid-template-columns: minmax(0, 1fr); }
          .hero { flex-direction: column; align-items: flex-start; gap: 20px; }
          .cover { width: 132px; height: 191px; }
          h1 { font-size: 32px; }
          .card { padding: 18px; }
          main { padding-top: 20px; }
        }

        """
}
