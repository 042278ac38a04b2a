// Makes elements. All text goes in as text nodes, so that nothing a stranger wrote can be markup.

// element("p.soft", "text", child, ...): tag and classes; strings become text; null is left out.
export function element(what, ...content) {
  const [tag, ...classes] = what.split(".");
  const made = document.createElement(tag);
  if (classes.length > 0) made.className = classes.join(" ");
  made.append(...content.flat().filter((part) => part !== null && part !== undefined));
  return made;
}

export function withAttributes(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Only to places on this page: `to` begins with a hash.
export function link(to, ...content) {
  return withAttributes(element("a", ...content), {href: to[0] === "#" ? to : "#"});
}

export const chip = (word, mood = "") => element(mood ? `span.chip.${mood}` : "span.chip", word);

// A key or digest: its beginning is shown, all of it is in the title.
export function brief(hex, size = 12) {
  return withAttributes(element("span.key", hex.slice(0, size)), {title: hex});
}

// [[term, description...], ...]
export function facts(pairs) {
  return element("dl.facts", pairs.map(([term, ...description]) =>
    element("div", element("dt", term), element("dd", ...description))));
}

// columns: [{label, of(row), isNumber, isWide}]. Roles are spelled out, as narrow screens show rows
// as cards.
export function table(caption, columns, rows) {
  const cell = (tag, role, column, ...content) => withAttributes(
    element(tag + (column.isNumber ? ".number" : "") + (column.isWide ? ".wide" : ""), ...content),
    {role, "data-label": column.label});
  const row = (cells) => withAttributes(element("tr", cells), {role: "row"});
  const group = (tag, content) => withAttributes(element(tag, content), {role: "rowgroup"});
  return withAttributes(
    element("table",
      group("thead", row(columns.map((c) => cell("th", "columnheader", c, c.label)))),
      group("tbody", rows.map((r) => row(columns.map((c) => cell("td", "cell", c, c.of(r))))))),
    {role: "table", "aria-label": caption});
}

// A row that may change keeps its place, its focus and a click that is half done.
export const keyed = (key, made) => withAttributes(made, {"data-key": key});

function fits(old, next) {
  if (old.nodeName !== next.nodeName) return false;
  if (old.isEqualNode(next)) return true;
  if (!(old instanceof Element) || old.dataset.key !== next.dataset.key) return false;
  return next.dataset.key !== undefined || next.nodeName !== "LI"; // rows are their keys
}

function become(old, next) {
  if (old.isEqualNode(next)) return;
  for (const {name} of [...old.attributes])
    if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const {name, value} of next.attributes) old.setAttribute(name, value);
  patch(old, [...next.childNodes]);
}

function removeFrom(first, end) {
  while (first !== end) {
    const gone = first;
    first = first.nextSibling;
    gone.remove();
  }
}

// Makes the children of `parent` the wanted ones, and leaves alone what they have in common.
export function patch(parent, wanted) {
  let at = parent.firstChild;
  for (const next of wanted) {
    let old = at;
    while (old !== null && !fits(old, next)) old = old.nextSibling;
    if (old === null) {
      parent.insertBefore(next, at);
      continue;
    }
    removeFrom(at, old);
    at = old.nextSibling;
    become(old, next);
  }
  removeFrom(at, null);
}
