// The markers' shapes, from the same paths as the legend.
import { config } from "./config.js";
import { s } from "./dom.js";
import { word } from "./i18n.js";

/**
 * A set of symbols, the most severe first. `nameOf(properties)` tells which one a settlement has, `titleOf(name)` what
 * it is called; a name that the set does not have counts as `unknown`.
 */
export function symbolSet(descriptions, nameOf, titleOf) {
  const symbols = new Map(descriptions.map((symbol) => [symbol.name, { ...symbol, outline: new Path2D(symbol.path) }]));
  const names = [...symbols.keys()];
  const of = (properties) => (symbols.has(nameOf(properties)) ? nameOf(properties) : "unknown");
  return {
    names,
    get: (name) => symbols.get(name),
    of,
    order: (properties) => names.indexOf(of(properties)),
    title: (properties) => titleOf(of(properties)),
    picture: (properties) => picture(symbols.get(of(properties))),
    /** Radius in pixels by people; their number is read from the area. */
    radius(properties, scale = 1) {
      const fixed = symbols.get(of(properties)).fixedRadius;
      if (fixed) return fixed * Math.sqrt(scale);
      return Math.min(2.8 + Math.sqrt(properties.population ?? 0) / 10, 12) * scale;
    },
  };
}

export const classes = symbolSet(config.styles.classes, (p) => p.service_class, (name) => word("classes", name));

export function draw(context, symbol, { x, y }, radius) {
  context.save();
  context.translate(x, y);
  context.scale(radius, radius);
  context.lineWidth = symbol.strokeWidth / radius;
  context.fillStyle = symbol.fill;
  context.strokeStyle = symbol.stroke;
  context.fill(symbol.outline);
  context.stroke(symbol.outline);
  context.restore();
}

/** A symbol as a small picture beside a word. */
function picture(symbol) {
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
