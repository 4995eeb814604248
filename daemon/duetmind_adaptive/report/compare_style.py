"""Looks and search of the comparison's page: one style sheet for light and dark, a few lines of script, no library."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --paper: #f6f7f9; --card: #fff; --line: #d8dde3;
  --before: #8a94a1; --after: #0b6bcb; --drift: #b3261e; --drift-soft: #fbe9e7; --calm: #1a7f37; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa4b2; --paper: #101318; --card: #181c22;
  --line: #2c333d; --before: #77818f; --after: #5ab0ff; --drift: #ff8a80; --drift-soft: #3a1f1d; --calm: #4cc26a;
  --warn: #e0b050; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1160px;
  margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: .2rem 0 .4rem; } h2 { font-size: 1rem; margin: 0;
  overflow-wrap: anywhere; }
p { margin: .3rem 0; } .soft { color: var(--soft); } .none { color: var(--calm); }
.low, .medium { color: var(--warn); } .high, .critical { color: var(--drift); }
.facts, .key { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; } .facts b { font-variant-numeric: tabular-nums; }
.key i { display: inline-block; width: 1.4em; height: .65em; margin-right: .4em; border: 2px solid var(--before); }
.key i.after { border: 0; background: var(--after); opacity: .55; } .key i.gap { border: 0; height: 3px;
  background: var(--drift); vertical-align: middle; }
.findings { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1rem;
  margin: 1rem 0; } .findings ul { margin: .3rem 0; padding-left: 1.2rem; } .findings b { color: var(--drift); }
.tools { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; position: sticky; top: 0; z-index: 1;
  background: var(--paper); padding: .6rem 0; border-bottom: 1px solid var(--line); margin: 1rem 0; }
.tools input, .tools select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--soft);
  border-radius: 6px; padding: .3rem .6rem; } .tools input { width: 16rem; max-width: 100%; }
:focus-visible { outline: 3px solid var(--after); outline-offset: 2px; }
main > article { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--line);
  border-radius: 8px; padding: .8rem 1rem; margin: .7rem 0; display: grid; gap: .3rem 1.2rem;
  grid-template-columns: minmax(20rem, 1fr) 290px 290px; content-visibility: auto; contain-intrinsic-size: auto 150px; }
main > article.drift { border-left-color: var(--drift); } main > article[hidden] { display: none; }
article.stable { border-left-color: var(--calm); } article.untested { border-left-color: var(--warn); }
@media (max-width: 900px) { main > article { grid-template-columns: 1fr; } }
.badge { font-size: .8rem; font-weight: 600; border-radius: 999px; padding: 0 .6em; border: 1px solid currentColor; }
.drift .badge { color: var(--drift); background: var(--drift-soft); } .stable .badge { color: var(--calm); }
.untested .badge { color: var(--warn); } .words { font-weight: 600; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr auto 1fr; gap: 0 .8rem; margin: .4rem 0 0; font-size: .85rem; }
dt { color: var(--soft); } dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
figure { margin: 0; } figcaption { font-size: .75rem; color: var(--soft); } svg { width: 100%; height: auto;
  display: block; } svg text { fill: var(--soft); font: 10px system-ui, sans-serif; } .e { text-anchor: end; }
.m { text-anchor: middle; } .z { stroke: var(--line); } .a { fill: var(--after); opacity: .55; } .b { fill: none;
  stroke: var(--before); stroke-width: 1.5; } .c { fill: var(--before); opacity: .7; } .g { fill: var(--drift);
  fill-opacity: .14; stroke: var(--drift); stroke-width: 1.5; } svg .n { fill: var(--ink); font-size: 11px; }
@media print { .tools { display: none; } main > article { break-inside: avoid; } }
""".strip()

SCRIPT = """
const search = document.getElementById("search"), show = document.getElementById("show"),
  order = document.getElementById("order"), main = document.querySelector("main"),
  cards = [...main.children], count = document.getElementById("count");
const find = () => {
  const text = search.value.toLowerCase(), kind = show.value;
  let seen = 0;
  for (const card of cards) {
    card.hidden = !card.dataset.find.includes(text) || (kind && !card.classList.contains(kind));
    seen += !card.hidden;
  }
  count.textContent = seen + " of " + cards.length + " columns";
};
search.addEventListener("input", find); show.addEventListener("change", find);
order.addEventListener("change", () => main.append(...(order.value === "name"
  ? [...cards].sort((a, b) => a.dataset.find.localeCompare(b.dataset.find, undefined, {numeric: true})) : cards)));
document.querySelector(".tools").hidden = false; find();
""".strip()
