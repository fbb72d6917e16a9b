"""How the HTML report looks."""

STYLE = """\
:root {
  --paper: #fff; --ink: #1c2128; --soft: #59636e; --line: #d1d9e0; --box: #f6f8fa;
  --fail: #b42318; --warn: #8a5a00; --inconclusive: #57606a; --pass: #1a7f37;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f141a; --ink: #e6edf3; --soft: #9aa7b4; --line: #343d48; --box: #171e26;
    --fail: #ff8f85; --warn: #e3b341; --inconclusive: #adbac7; --pass: #6fd08c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
h3 small { font-weight: 400; color: var(--soft); }
h4 { font-size: 1rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
header p, .id, .checked, .note { color: var(--soft); margin: .2rem 0; }
code, .history { font: .875em/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: 1rem; }
nav a, nav span {
  padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 1rem; color: inherit; text-decoration: none;
}
nav a:hover, nav a:focus-visible { border-color: currentColor; }
nav .none { color: var(--soft); }
nav .fail, article.fail .error .class { color: var(--fail); }
nav .warn, .warning .class { color: var(--warn); }
nav .inconclusive { color: var(--inconclusive); }
nav .pass { color: var(--pass); }
article { border: 1px solid var(--line); border-left-width: 4px; border-radius: 6px; padding: 1rem; margin: 0 0 1rem; }
article.fail { border-left-color: var(--fail); }
article.warn { border-left-color: var(--warn); }
.finding { margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.finding p, dd { white-space: pre-line; overflow-wrap: anywhere; }
.finding p { margin: 0 0 .6rem; }
.finding + .note, .finding + .checked { margin-top: .8rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--soft); }
.history, .wide { overflow-x: auto; background: var(--box); border-radius: 6px; padding: .6rem; margin-top: .4rem; }
table { border-collapse: collapse; }
td, th { padding: .1rem 1rem .1rem 0; text-align: left; vertical-align: top; }
.history td { white-space: pre; }
.wide th { color: var(--soft); font-weight: 400; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
@media print {
  body { max-width: none; }
  article { break-inside: avoid; }
}
"""
