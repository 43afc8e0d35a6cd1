package browsertest

// accessibility looks at a page as WCAG 2.2 asks and returns what is wrong: controls have names
// (4.1.2), texts have contrast (1.4.3), tables have headers, headings follow each other, the page has
// a language and a title, and nothing is out of the order of Tab.
const accessibility = `(() => {
  const faults = [];
  const say = (what, e) => faults.push(what + ": " + (e ? e.outerHTML.slice(0, 120) : ""));
  if (!document.documentElement.lang) say("no language");
  if (!document.title) say("no title");
  if (document.querySelectorAll("h1").length != 1) say("not one h1");
  if (document.querySelectorAll("main").length != 1) say("not one main");
  let level = 0;
  for (const h of document.querySelectorAll("h1,h2,h3,h4")) {
    const n = +h.tagName[1];
    if (n > level + 1) say("a heading skips a level", h);
    level = n;
  }
  for (const e of document.querySelectorAll("input,select,textarea,meter")) {
    if (e.type != "hidden" && !(e.labels && e.labels.length && [...e.labels].some(l => l.textContent.trim()))
      && !e.getAttribute("aria-label")) say("a control has no label", e);
  }
  for (const e of document.querySelectorAll("a[href],button")) {
    if (!e.textContent.trim() && !e.getAttribute("aria-label")) say("no name", e);
  }
  for (const e of document.querySelectorAll("svg"))
    if (e.getAttribute("role") != "img" || !e.getAttribute("aria-label")) say("a drawing has no name", e);
  for (const e of document.querySelectorAll("table"))
    if (!e.caption || !e.querySelector("th[scope]")) say("a table has no caption or header", e);
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) say("out of order", e);
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  ids.forEach((id, i) => { if (ids.indexOf(id) != i) say("two elements have the id " + id); });
  const colour = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const f = v => (v /= 255) <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c.length == 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  document.getAnimations().forEach(a => a.finish());
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !e.checkVisibility()
      || e.closest("svg,template,datalist") || e.closest(":disabled")) continue;
    const [a, b] = [light(colour(getComputedStyle(e).color)), light(behind(e))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) say("contrast " + contrast.toFixed(2), e);
  }
  return faults;
})()`
