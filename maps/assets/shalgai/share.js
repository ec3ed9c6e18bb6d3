// The code that places the map, as it is seen now, into another site's page.
import * as state from "./state.js";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as an attribute's value in HTML has it: the code is pasted into pages of others. */
function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]);
}

export function createShare(area) {
  const write = () => {
    const attributes = { src: state.carried(area.dataset.address).href, title: document.title, width: "100%", height: "560", loading: "lazy" };
    const written = Object.entries(attributes).map(([name, value]) => `${name}="${escaped(value)}"`);
    area.value = `<iframe ${written.join(" ")}></iframe>`;
  };
  area.addEventListener("focus", () => area.select());
  document.addEventListener("shalgai:state", write);
  write();
}
