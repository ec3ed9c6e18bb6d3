// Elements are made, never parsed: text stays text whatever it holds.
const SVG = "http://www.w3.org/2000/svg";

function give(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element with attributes and children (nodes, or strings that become text). */
export function h(tag, attributes = {}, ...children) {
  return give(document.createElement(tag), attributes, children);
}

/** An SVG element likewise. */
export function s(tag, attributes = {}, ...children) {
  return give(document.createElementNS(SVG, tag), attributes, children);
}

/** A piece of users' text that cannot turn the direction of what stands beside it. */
export function name(text, attributes = {}) {
  return h("bdi", attributes, text);
}
