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
