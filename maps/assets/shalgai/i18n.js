// Texts and formats of the page's language. They come with the page: browsers do not all know Kazakh formats.
import { config } from "./config.js";

const speech = config.speech;

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The English message in the page's language, its {placeholders} filled. */
export function t(message, values = {}) {
  return fill(speech.messages[message] ?? message, values);
}

/** What a code of the result (a class, a basis, a reason…) is called; a code without a word stands for itself. */
export function word(kind, code, values = {}) {
  return Object.hasOwn(speech.words[kind], code) ? fill(speech.words[kind][code], values) : String(code);
}

/** The size of a number in digits; a half goes to the even one, as in the pages' tables and the command line. */
function rounded(size, digits) {
  return !digits && size % 1 === 0.5 ? String(2 * Math.round(size / 2)) : size.toFixed(digits);
}

/** A number with the language's separators; `digits` decimals at most. */
export function number(value, digits = 0) {
  const [whole, decimals = ""] = rounded(Math.abs(value), digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, speech.group);
  const fraction = decimals.replace(/0+$/, "");
  const sign = value < 0 && /[1-9]/.test(whole + fraction) ? "\u2212" : "";
  return sign + grouped + (fraction ? speech.decimal + fraction : "");
}

/** A share in [0, 1] as a percentage. */
export function percent(share, digits = 0) {
  return fill(speech.percent, { n: number(share * 100, digits) });
}

/** A date given as YYYY, YYYY-MM or YYYY-MM-DD in words; anything else as it is. */
export function date(text) {
  const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  if (!parts) return text;
  const [, y, month, day] = parts;
  if (day) return fill(speech.dayPattern, { y, d: Number(day), MMMM: speech.months[month - 1], LLLL: speech.months[month - 1] });
  if (month) return fill(speech.monthPattern, { y, LLLL: speech.monthsAlone[month - 1], MMMM: speech.months[month - 1] });
  return y;
}

/** The column of a name in the page's language, else in any other. */
export function nameOf(properties) {
  for (const language of [speech.language, "kk", "ru", "en"]) {
    const name = properties[`name_${language}`];
    if (name) return name;
  }
  return properties.kato ?? "";
}

export const language = speech.language;
export const compareNames = new Intl.Collator(language).compare;
