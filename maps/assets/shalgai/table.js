// The gap table: the map's equal. One tab stop; arrows move, Enter opens.
import { h, name as text } from "./dom.js";
import { compareNames, nameOf, number, t } from "./i18n.js";
import { people, range } from "./popup.js";
import { CLASSES, className, picture, symbolOf } from "./symbols.js";

const CHUNK = 400;
const VALUES = {
  rank: (p) => p.rank ?? Infinity,
  class: (p) => CLASSES.indexOf(symbolOf(p)),
  people: (p) => -(p.population ?? -1),
  score: (p) => -(p.score ?? -1),
};

export function createTable(table, features, districtOf, onOpen) {
  const body = table.tBodies[0];
  const headers = [...table.tHead.querySelectorAll("th[data-sort]")];
  const rows = new Map();
  let order = [];
  let drawn = 0;

  function row(feature) {
    const p = feature.properties;
    const placeless = !feature.geometry;
    const interval = p.rank_low !== null && p.rank_low !== undefined ? range(p.rank_low, p.rank_high) : null;
    const element = h(
      "tr",
      { "data-kato": p.kato, tabindex: "-1" },
      h("td", { class: "c-rank" }, p.rank ? number(p.rank) : "\u2013", interval && h("small", {}, interval)),
      h(
        "th",
        { class: "c-place", scope: "row" },
        text(nameOf(p)),
        h("small", {}, text(districtOf(p)), placeless ? h("span", { class: "tag" }, t("no position")) : null),
      ),
      h("td", { class: "c-class" }, h("span", { class: "chip" }, picture(symbolOf(p)), h("span", {}, className(p)))),
      h("td", { class: "c-people" }, people(p)),
      h("td", { class: "c-score" }, p.score === null || p.score === undefined ? "\u2013" : number(p.score, 1)),
    );
    rows.set(p.kato, element);
    return element;
  }

  function drawTo(count) {
    const until = Math.min(count, order.length);
    if (until > drawn) body.append(...order.slice(drawn, until).map((f) => rows.get(f.properties.kato) ?? row(f)));
    drawn = Math.max(drawn, until);
  }

  function stop(element) {
    body.querySelector("tr[tabindex='0']")?.setAttribute("tabindex", "-1");
    element?.setAttribute("tabindex", "0");
  }

  function sort(key, descending) {
    const sign = descending ? -1 : 1;
    const compare =
      key === "name"
        ? (a, b) => sign * compareNames(nameOf(a.properties), nameOf(b.properties))
        : (a, b) => sign * (VALUES[key](a.properties) - VALUES[key](b.properties) || 0);
    const tie = (a, b) => VALUES.rank(a.properties) - VALUES.rank(b.properties) || 0;
    order = [...features].sort((a, b) => compare(a, b) || tie(a, b));
    for (const header of headers) {
      if (header.dataset.sort === key) header.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    }
    body.replaceChildren();
    drawn = 0;
    drawTo(CHUNK);
    stop(body.rows[0]);
  }

  for (const header of headers) {
    header.querySelector("button").addEventListener("click", () => {
      const key = header.dataset.sort;
      sort(key, header.getAttribute("aria-sort") === "ascending");
    });
  }
  body.addEventListener("click", (event) => {
    const element = event.target.closest("tr");
    if (element && !String(getSelection())) onOpen(element.dataset.kato, element, false);
  });
  body.addEventListener("keydown", (event) => {
    const element = event.target.closest("tr");
    if (!element) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onOpen(element.dataset.kato, element, true);
      return;
    }
    const all = body.rows;
    const here = element.sectionRowIndex;
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: order.length - 1, PageDown: here + 10, PageUp: here - 10 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    drawTo(Math.max(next + 1, 0));
    const target = all[Math.min(Math.max(next, 0), all.length - 1)];
    stop(target);
    target.focus();
  });
  const scroller = table.parentElement;
  const more = () => {
    const { bottom } = table.getBoundingClientRect();
    if (bottom < Math.max(scroller.getBoundingClientRect().bottom, 0) + 800) drawTo(drawn + CHUNK);
  };
  scroller.addEventListener("scroll", more, { passive: true });
  addEventListener("scroll", more, { passive: true });
  addEventListener("beforeprint", () => drawTo(order.length));
  sort("rank", false);

  return {
    choose(kato, reveal) {
      for (const element of body.querySelectorAll("tr[aria-current]")) element.removeAttribute("aria-current");
      if (kato === null) return;
      const index = order.findIndex(({ properties }) => properties.kato === kato);
      if (index < 0) return;
      drawTo(index + 1);
      const element = rows.get(kato);
      element.setAttribute("aria-current", "true");
      stop(element);
      if (reveal && scroller.scrollHeight > scroller.clientHeight) {
        scroller.scrollTop = element.offsetTop - scroller.clientHeight / 2;
      }
    },
  };
}
