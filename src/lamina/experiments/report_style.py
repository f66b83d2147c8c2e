"""The style sheet of a report: for screens large and small, light and dark, and for paper."""

STYLE_SHEET = """
:root {
  color-scheme: light dark;
  --ground: #fcfcfa; --ink: #20211f; --soft: #5c5f5a; --line: #d9dad4; --panel: #f1f2ed;
  --accent: #0a5a8f; --ok: #0b6840; --off: #a13a06;
  --serif: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #17191b; --ink: #e3e2dc; --soft: #a3a69f; --line: #3a3d3f; --panel: #222527;
    --accent: #84c3ee; --ok: #74d3a4; --off: #ffb080;
  }
}
* { box-sizing: border-box; }
html { font-size: 106.25%; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; padding: 3.5rem 0 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.6 var(--serif); overflow-wrap: break-word;
}
main { display: grid; grid-template-columns: minmax(1.1rem, 1fr) minmax(0, 42rem) minmax(1.1rem, 1fr); }
main > * { grid-column: 2; min-width: 0; }
main > .wide { grid-column: 1 / -1; justify-self: center; width: calc(100% - 2.2rem); max-width: 60rem; }
h1, h2, h3 { font-family: var(--sans); line-height: 1.2; text-wrap: balance; margin: 0; }
h1 { font-size: 2.1rem; font-weight: 700; letter-spacing: -.015em; }
h2 { font-size: 1.4rem; margin-top: 3rem; padding-top: 1.1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin-top: 2rem; }
p, ul { margin: .8rem 0 0; }
ul { padding-left: 1.2rem; }
ul li + li { margin-top: .3rem; }
.lead p { font-size: 1.15rem; color: var(--soft); line-height: 1.5; }
code { font: .86em var(--mono); background: var(--panel); padding: .08em .3em; border-radius: 3px; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .18em; }
nav { margin-top: 1.8rem; font: .9rem/1.5 var(--sans); }
nav ol { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.3rem; }
.key {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1.1rem 1.4rem;
  margin: 1.6rem 0 .4rem; font-family: var(--sans);
}
.key div { border-left: 3px solid var(--accent); padding-left: .8rem; }
.key dt { font-size: .82rem; line-height: 1.35; color: var(--soft); }
.key dd { margin: 0; font: 650 1.55rem/1.3 var(--sans); font-variant-numeric: tabular-nums; }
.key dd + dd { font-size: .8rem; font-weight: 400; color: var(--soft); }
.note { margin-top: 1.2rem; padding: .15rem 1rem .9rem; background: var(--panel); border-radius: 6px; }
figure { margin: 2rem 0 .8rem; }
.plate {
  background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .8rem; overflow-x: auto;
}
.plate svg, .plate img {
  display: block; margin: 0 auto; height: auto; width: min(100%, calc(var(--width) * 1.3px));
  min-width: min(calc(var(--width) * 1px), 33rem);
}
figcaption, caption {
  font: .87rem/1.5 var(--sans); color: var(--soft); text-align: left; margin-top: .6rem; max-width: 42rem;
}
.wide figcaption { margin-left: auto; margin-right: auto; }
figcaption b, caption strong { color: var(--ink); }
caption { padding-bottom: .5rem; }
.scroll { overflow-x: auto; margin-top: 1.6rem; }
table { border-collapse: collapse; min-width: 100%; font: .87rem/1.4 var(--sans); }
th, td {
  text-align: left; vertical-align: baseline; padding: .42rem .9rem .42rem 0;
  border-bottom: 1px solid var(--line);
}
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1.5px solid var(--ink); vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 7rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.mark { white-space: nowrap; font-weight: 600; }
.ok { color: var(--ok); } .off { color: var(--off); } .open { color: var(--soft); font-weight: 400; }
details { margin-top: 1.4rem; border: 1px solid var(--line); border-radius: 6px; padding: .6rem 1rem; }
summary { cursor: pointer; font: 600 .92rem/1.5 var(--sans); }
details[open] summary { margin-bottom: .4rem; }
details .scroll { margin-top: .6rem; }
.settings code { background: none; padding: 0; }
pre { overflow-x: auto; background: var(--panel); padding: .8rem 1rem; border-radius: 6px; margin: 1rem 0 0; }
pre code { background: none; padding: 0; }
footer {
  margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft);
  font: .82rem/1.5 var(--sans);
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 34rem) {
  body { padding-top: 1.6rem; }
  h1 { font-size: 1.65rem; }
  .plate { padding: .5rem; }
}
@media print {
  :root { color-scheme: light; --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; --panel: #f4f4f4;
    --accent: #000; --ok: #0b6840; --off: #a13a06; }
  html { font-size: 10pt; }
  body { padding: 0; }
  nav { display: none; }
  main, main > .wide { display: block; width: 100%; max-width: none; }
  h2, h3 { break-after: avoid; }
  figure, tr, .key, .note, details { break-inside: avoid; }
  .scroll, .plate { overflow: visible; border: 0; }
  .plate { padding: 0; }
  .plate svg, .plate img { min-width: 0; }
  details::details-content { content-visibility: visible; height: auto; }
}
"""
