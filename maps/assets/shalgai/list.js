// The table: the map's equal. One tab stop; arrows move, Enter opens. Long lists come in pages.
import { NARROW } from "./cards.js";
import { h } from "./dom.js";
import { compareNames, nameOf, number } from "./i18n.js";

/** Rows on a page; on a phone what follows the table must stay in reach. */
const PAGE = NARROW.matches ? 50 : 500;

/**
 * `cells(feature)` makes a row's cells; `values` maps a column's `data-sort` to what it is ordered by (numbers, missing
 * ones as Infinity), the first being the tie-breaker; `onOpen(kato, row, byKeyboard)` is called for a row.
 */
export function createList(table, { cells, values, onOpen = null }) {
  const body = table.tBodies[0];
  const headers = [...table.tHead.querySelectorAll("th[data-sort]")];
  const scroller = table.parentElement;
  const pager = document.getElementById("pager");
  const text = document.getElementById("pager-text");
  const [back, on] = ["pager-back", "pager-on"].map((id) => document.getElementById(id));
  const rows = new Map();
  const [tie] = Object.values(values);
  let listed = [];
  let order = [];
  let start = 0;
  let current = null;

  function row(feature) {
    const { kato } = feature.properties;
    if (!rows.has(kato)) rows.set(kato, h("tr", { "data-kato": kato, tabindex: "-1" }, cells(feature)));
    return rows.get(kato);
  }

  function stop(element) {
    body.querySelector("tr[tabindex='0']")?.setAttribute("tabindex", "-1");
    element?.setAttribute("tabindex", "0");
  }

  function draw(first, count = PAGE) {
    start = Math.max(0, Math.min(first, Math.floor(Math.max(order.length - 1, 0) / PAGE) * PAGE));
    const shown = order.slice(start, start + count);
    body.replaceChildren(...shown.map(row));
    stop(body.rows[0]);
    pager.hidden = order.length <= PAGE;
    text.textContent = `${number(Math.min(start + 1, order.length))}\u2013${number(start + shown.length)} / ${number(order.length)}`;
    back.disabled = start === 0;
    on.disabled = start + shown.length >= order.length;
  }

  function sorted() {
    const header = headers.find((each) => each.hasAttribute("aria-sort"));
    const sign = header.getAttribute("aria-sort") === "descending" ? -1 : 1;
    const value = values[header.dataset.sort];
    const compare = value
      ? (a, b) => value(a.properties) - value(b.properties) || 0
      : (a, b) => compareNames(nameOf(a.properties), nameOf(b.properties));
    order = [...listed].sort((a, b) => sign * compare(a, b) || tie(a.properties) - tie(b.properties) || 0);
    draw(0);
  }

  function turn(step) {
    draw(start + step * PAGE);
    scroller.scrollTop = 0;
    table.scrollIntoView({ block: "nearest" });
  }

  for (const header of headers) {
    header.querySelector("button").addEventListener("click", () => {
      const next = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of headers) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", next);
      sorted();
    });
  }
  back.addEventListener("click", () => turn(-1));
  on.addEventListener("click", () => turn(1));
  body.addEventListener("click", (event) => {
    const element = event.target.closest("tr");
    if (element && !String(getSelection())) onOpen?.(element.dataset.kato, element, false);
  });
  body.addEventListener("keydown", (event) => {
    const element = event.target.closest("tr");
    if (!element) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onOpen?.(element.dataset.kato, element, true);
      return;
    }
    const here = start + element.sectionRowIndex;
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: order.length - 1, PageDown: here + 10, PageUp: here - 10 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const wanted = Math.min(Math.max(next, 0), order.length - 1);
    if (wanted < start || wanted >= start + PAGE) draw(Math.floor(wanted / PAGE) * PAGE);
    const target = body.rows[wanted - start];
    stop(target);
    target.focus();
  });
  addEventListener("beforeprint", () => draw(0, order.length));
  addEventListener("afterprint", () => draw(0));

  return {
    /** Lists these features, in the order that the reader has chosen. */
    set(features) {
      listed = features;
      sorted();
    },
    choose(kato, reveal) {
      rows.get(current)?.removeAttribute("aria-current");
      current = kato;
      const place = kato === null ? -1 : order.findIndex(({ properties }) => properties.kato === kato);
      if (place < 0) return;
      if (place < start || place >= start + PAGE) draw(Math.floor(place / PAGE) * PAGE);
      const element = rows.get(kato);
      element.setAttribute("aria-current", "true");
      stop(element);
      if (reveal && scroller.scrollHeight > scroller.clientHeight) {
        scroller.scrollTop = element.offsetTop - scroller.clientHeight / 2;
      }
    },
  };
}
