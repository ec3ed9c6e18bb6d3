// The markers' shapes, from the same paths as the legend.
import { config } from "./config.js";
import { s } from "./dom.js";
import { word } from "./i18n.js";

export const SYMBOLS = config.styles.symbols;
/** The most severe class first. */
export const CLASSES = ["unserved", "voice_only", "below_standard", "unknown", "served"];
const PATHS = Object.fromEntries(Object.entries(SYMBOLS).map(([name, symbol]) => [name, new Path2D(symbol.path)]));

export function symbolOf(properties) {
  return properties.service_class in SYMBOLS ? properties.service_class : "unknown";
}

export function className(properties) {
  return word("classes", symbolOf(properties));
}

/** Radius in pixels by people; their number is read from the area. */
export function radiusOf(properties, scale = 1) {
  const fixed = SYMBOLS[symbolOf(properties)].fixedRadius;
  if (fixed) return fixed * Math.sqrt(scale);
  return Math.min(2.8 + Math.sqrt(properties.population ?? 0) / 10, 12) * scale;
}

export function draw(context, name, { x, y }, radius) {
  const symbol = SYMBOLS[name];
  context.save();
  context.translate(x, y);
  context.scale(radius, radius);
  context.lineWidth = symbol.strokeWidth / radius;
  context.fillStyle = symbol.fill;
  context.strokeStyle = symbol.stroke;
  context.fill(PATHS[name]);
  context.stroke(PATHS[name]);
  context.restore();
}

/** The symbol as a small picture beside a word. */
export function picture(name) {
  const symbol = SYMBOLS[name];
  const radius = symbol.fixedRadius ? symbol.fixedRadius * 1.4 : 6.2;
  const stroke = symbol.stroke === "#ffffff" ? "none" : symbol.stroke;
  return s(
    "svg",
    { viewBox: "-10 -10 20 20", class: "key", "aria-hidden": "true" },
    s("path", {
      d: symbol.path,
      transform: `scale(${radius})`,
      fill: symbol.fill,
      stroke,
      "stroke-width": symbol.strokeWidth / radius,
    }),
  );
}
