// Finds settlements by Kazakh, Russian and Latin spellings, in the pattern of an editable combobox.
import { h, name as text } from "./dom.js";
import { fold } from "./fold.js";
import { nameOf, number, t } from "./i18n.js";

const SHOWN = 7;

export function index(features) {
  return features.map((feature) => {
    const p = feature.properties;
    const names = [...new Set([p.name_kk, p.name_ru, p.name_en].filter(Boolean).map(fold))].filter(Boolean);
    return { feature, names };
  });
}

/** Features whose name matches, best first: whole name, its beginning, a word's beginning, anywhere; then by people. */
export function find(entries, query) {
  const digits = query.trim();
  const wanted = fold(query);
  const grade = ({ feature, names }) => {
    if (/^\d{4,9}$/.test(digits) && feature.properties.kato.startsWith(digits)) return 0;
    if (!wanted) return Infinity;
    return Math.min(
      ...names.map((name) => {
        if (name === wanted) return 0;
        if (name.startsWith(wanted)) return 1;
        if (name.includes(` ${wanted}`)) return 2;
        return name.includes(wanted) ? 3 : Infinity;
      }),
      Infinity,
    );
  };
  return entries
    .map((entry) => ({ feature: entry.feature, grade: grade(entry) }))
    .filter((hit) => hit.grade < Infinity)
    .sort((a, b) => a.grade - b.grade || (b.feature.properties.population ?? 0) - (a.feature.properties.population ?? 0))
    .map(({ feature }) => feature);
}

/** The search field; `symbols` tells what each place found has. */
export function createSearch(input, list, status, features, { symbols, districtOf, onPick, onText = () => {} }) {
  const entries = index(features);
  let options = [];
  let active = -1;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }

  function activate(next) {
    options[active]?.element.setAttribute("aria-selected", "false");
    active = options.length ? (next + options.length) % options.length : -1;
    const option = options[active];
    if (!option) return;
    option.element.setAttribute("aria-selected", "true");
    option.element.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.element.id);
  }

  function pick(option) {
    input.value = nameOf(option.feature.properties);
    close();
    onText(input.value);
    onPick(option.feature.properties.kato);
  }

  function show() {
    const found = input.value.trim() ? find(entries, input.value) : [];
    options = found.slice(0, SHOWN).map((feature, i) => ({ feature, element: suggestion(feature, i) }));
    active = -1;
    input.removeAttribute("aria-activedescendant");
    if (!input.value.trim()) {
      status.textContent = "";
      close();
      return;
    }
    status.textContent = found.length ? t("Settlements found: {count}", { count: number(found.length) }) : t("No settlement of that name");
    const rest = found.length - options.length;
    const notes = [];
    if (!found.length) notes.push(h("li", { class: "suggestions-note", role: "presentation" }, t("No settlement of that name")));
    if (rest > 0) notes.push(h("li", { class: "suggestions-note", role: "presentation" }, t("{count} more: write on", { count: number(rest) })));
    list.replaceChildren(...options.map(({ element }) => element), ...notes);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  function suggestion(feature, i) {
    const p = feature.properties;
    const others = [...new Set([p.name_kk, p.name_ru, p.name_en])].filter((other) => other && other !== nameOf(p));
    const element = h(
      "li",
      { id: `suggestion-${i}`, role: "option", "aria-selected": "false", "data-kato": p.kato },
      symbols.picture(p),
      h(
        "span",
        { class: "suggestion-words" },
        h("span", { class: "suggestion-name" }, text(nameOf(p)), others.length ? h("span", { class: "suggestion-others" }, text(others.join(" · "))) : null),
        h("small", {}, text(districtOf(p)), ` · ${symbols.title(p)}`, feature.geometry ? null : ` · ${t("no position")}`),
      ),
    );
    element.addEventListener("mousedown", (event) => event.preventDefault());
    element.addEventListener("click", () => pick({ feature }));
    return element;
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", () => input.value && show());
  input.addEventListener("change", () => onText(input.value));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) show();
      activate(event.key === "ArrowDown" ? active + 1 : active < 0 ? options.length - 1 : active - 1);
    } else if (event.key === "Enter" && !list.hidden && options.length) {
      event.preventDefault();
      pick(options[Math.max(active, 0)]);
    } else if (event.key === "Escape") {
      if (list.hidden) input.value = "";
      close();
    }
  });
}
