// Cells that several tables have.
import { h, name as text } from "./dom.js";
import { nameOf, t } from "./i18n.js";

export function placeCell(feature, district) {
  return h(
    "th",
    { class: "c-place", scope: "row" },
    text(nameOf(feature.properties)),
    h("small", {}, text(district), feature.geometry ? null : h("span", { class: "tag" }, t("no position"))),
  );
}

export function symbolCell(symbols, properties) {
  return h("td", { class: "c-class" }, h("span", { class: "chip" }, symbols.picture(properties), h("span", {}, symbols.title(properties))));
}
