// The card of a settlement or district: what is known, how sure it is, and why.
import { config, serviceUrl } from "./config.js";
import { h, name as text } from "./dom.js";
import { date, language, nameOf, number, percent, t, word } from "./i18n.js";
import { reason } from "./reasons.js";
import { classes } from "./symbols.js";

const known = (value) => value !== null && value !== undefined;

export function people(properties) {
  if (!known(properties.population)) return t("not known");
  const figure = number(properties.population);
  return properties.population_basis === "estimate" ? `\u2248\u202f${figure}` : figure;
}

export function range(low, high) {
  return low === high ? number(low) : `${number(low)}\u2013${number(high)}`;
}

export function settlementCard(feature, district, onClose) {
  const p = feature.properties;
  return card(
    onClose,
    nameOf(p),
    h("p", { class: "card-names" }, otherNames(p)),
    h("p", { class: "card-where" }, [p.kind && word("kinds", p.kind), district && text(district)].filter(Boolean).flatMap((part, i) => (i ? [" · ", part] : [part]))),
    feature.geometry ? null : h("p", { class: "card-warning" }, t("The position of this settlement is not known: the map shows its district")),
    p.scenario ? h("p", { class: "card-warning" }, t("Scenario: assumed, not observed")) : null,
    h("p", { class: "card-class" }, classes.picture(p), h("strong", {}, classes.title(p)), technology(p)),
    figures(p),
    parts(p),
    evidence(p),
    reasons(p),
    more("settlements", p.kato, t("All about this settlement")),
  );
}

export function districtCard(properties, onClose) {
  const p = properties;
  return card(
    onClose,
    nameOf(p),
    h("p", { class: "card-names" }, otherNames(p)),
    h(
      "dl",
      { class: "card-figures" },
      figure(t("Settlements"), known(p.settlements) ? number(p.settlements) : t("not known")),
      figure(t("Without confirmed service"), known(p.gaps) ? number(p.gaps) : t("not known")),
      figure(t("People"), known(p.population) ? number(p.population) : t("not known")),
      figure(
        t("Expected without service"),
        known(p.people_without) ? number(p.people_without) : t("not known"),
        known(p.share_without) ? percent(p.share_without, 1) : null,
      ),
    ),
    more("districts", p.kato, t("All about this district")),
  );
}

/** The way to the page that tells everything; from a framed map it opens beside the site that frames it. */
function more(path, kato, title) {
  const href = serviceUrl(`${path}/${encodeURIComponent(kato)}`, { f: "html", lang: language, run: config.named }).href;
  return h("p", { class: "card-more" }, h("a", { href, ...(config.framed ? { target: "_blank", rel: "noopener" } : {}) }, title));
}

function card(onClose, title, ...body) {
  const close = h("button", { type: "button", class: "card-close", "aria-label": t("Close"), title: t("Close") }, "\u00d7");
  close.addEventListener("click", onClose);
  const element = h(
    "article",
    { class: "place-card", tabindex: "-1", "aria-label": title },
    h("header", {}, h("h2", {}, text(title)), close),
    h("div", { class: "card-body" }, ...body),
  );
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onClose();
  });
  return element;
}

function otherNames(p) {
  const shown = nameOf(p);
  const others = ["kk", "ru", "en"].filter((code) => code !== language).map((code) => [code, p[`name_${code}`]]);
  const kept = others.filter(([, other], i) => other && other !== shown && others.findIndex(([, o]) => o === other) === i);
  return kept.flatMap(([code, other], i) => (i ? [" · ", text(other, { lang: code })] : [text(other, { lang: code })]));
}

function technology(p) {
  if (["unserved", "unknown"].includes(classes.of(p))) return null;
  const words = [p.best_technology && word("technologies", p.best_technology), p.best_operator !== "unspecified" && p.best_operator];
  const kept = words.filter(Boolean);
  return kept.length ? h("span", { class: "card-technology" }, kept.flatMap((w, i) => (i ? [" · ", text(w)] : [text(w)]))) : null;
}

function figure(label, value, note = null) {
  return h("div", {}, h("dt", {}, label), h("dd", {}, value, note ? h("small", {}, note) : null));
}

function figures(p) {
  const estimated = p.population_basis === "estimate";
  const spread = known(p.population_low) && known(p.population_high) ? range(p.population_low, p.population_high) : null;
  const source = [p.population_basis && word("populationBases", p.population_basis), p.population_date && date(p.population_date)];
  return h(
    "dl",
    { class: "card-figures" },
    known(p.rank) ? figure(t("Rank"), number(p.rank), known(p.rank_low) ? range(p.rank_low, p.rank_high) : null) : null,
    known(p.score) ? figure(t("Score"), number(p.score, 1), t("of 100")) : null,
    figure(t("People"), people(p), estimated && spread ? t("estimate, {range}", { range: spread }) : source.filter(Boolean).join(", ")),
    figure(
      t("Expected without service"),
      known(p.people_without) ? number(p.people_without) : t("not known"),
      known(p.probability_served) ? t("probability of service {share}", { share: percent(p.probability_served) }) : null,
    ),
  );
}

function parts(p) {
  const rows = Object.keys(p).filter((column) => column.startsWith("indicator_"));
  if (!rows.length) return null;
  return h(
    "section",
    { class: "card-parts" },
    h("h3", {}, t("Parts of the score")),
    h("ul", {}, rows.map((column) => part(word("indicators", column.slice("indicator_".length)), p[column]))),
  );
}

function part(label, value) {
  const fill = h("span", { class: "bar-fill" });
  if (known(value)) fill.style.inlineSize = `${Math.min(Math.max(value, 0), 1) * 100}%`;
  return h(
    "li",
    {},
    h("span", { class: "bar-label" }, label),
    h("span", { class: known(value) ? "bar" : "bar is-unknown", "aria-hidden": "true" }, fill),
    h("span", { class: "bar-value" }, known(value) ? percent(value) : t("not known")),
  );
}

function evidence(p) {
  if (!p.basis) return null;
  const words = [word("bases", p.basis), p.as_of && date(p.as_of)].filter(Boolean).join(", ");
  return h("p", { class: "card-evidence" }, h("strong", {}, t("Evidence:")), " ", text(words));
}

function reasons(p) {
  const given = Array.isArray(p.reasons) ? p.reasons : [];
  if (!given.length) return null;
  return h(
    "section",
    { class: "card-reasons" },
    h("h3", {}, t("Why")),
    h("ul", {}, given.map((each) => h("li", {}, text(reason(each))))),
  );
}
