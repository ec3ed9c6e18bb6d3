// Port of geo.names.fold: the form that Kazakh, Russian and Latin spellings of one name share. Tests hold the two equal.
const CYRILLIC = new Map(
  Object.entries({
    ә: "a", я: "a", қ: "k", х: "k", һ: "k", ң: "n", ө: "o", ё: "o", ұ: "u", ү: "u", ю: "u", і: "i", ы: "i", й: "i",
    э: "e", щ: "s", ъ: "", ь: "", а: "a", б: "b", в: "v", г: "g", ғ: "g", д: "d", е: "e", ж: "j", з: "z", и: "i",
    к: "k", л: "l", м: "m", н: "n", о: "o", п: "p", р: "r", с: "s", т: "t", у: "u", ф: "f", ц: "c", ч: "c", ш: "s",
    ı: "i", ş: "s", ğ: "g", ñ: "n", ŋ: "n", ç: "c", ß: "ss",
  }),
);
const DIGRAPHS = [
  ["shch", "s"], ["zh", "j"], ["kh", "k"], ["gh", "g"], ["sh", "s"], ["ch", "c"], ["ts", "c"], ["ya", "a"],
  ["yu", "u"], ["yo", "o"], ["ye", "e"], ["ng", "n"], ["q", "k"], ["x", "k"], ["h", "k"], ["y", "i"], ["w", "u"],
];

export function fold(name) {
  let text = Array.from(name.toLowerCase(), (letter) => CYRILLIC.get(letter) ?? letter).join("");
  text = text.normalize("NFKD").replace(/\p{M}/gu, "");
  for (const [digraph, letter] of DIGRAPHS) text = text.replaceAll(digraph, letter);
  text = text.replace(/[^a-z0-9]+/g, " ");
  return text.replace(/([a-z])\1+/g, "$1").trim();
}
