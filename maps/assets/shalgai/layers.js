// Layers that the reader switches on and off; which are on is part of the address.
import * as state from "./state.js";

const boxes = () => [...document.querySelectorAll("input[data-layer]")];

/** Ties a switch to a layer: `make()` gives it when first needed; `onToggle(on)` is told. */
export function addLayer(map, name, make, { onToggle = () => {}, onError = () => {} } = {}) {
  const box = boxes().find(({ dataset }) => dataset.layer === name);
  if (!box) return;
  let layer = null;
  const show = async () => {
    if (box.checked && !layer) {
      try {
        layer = await make();
      } catch (error) {
        box.checked = false;
        onError(error);
        return;
      }
    }
    if (box.checked) layer.addTo(map);
    else layer?.remove();
    onToggle(box.checked);
  };
  const remembered = () => box.defaultChecked !== (state.get("layers") ?? "").split(",").includes(name);
  box.checked = remembered();
  box.addEventListener("change", () => {
    // the address names the switches that do not stand as the page puts them
    state.set({ layers: boxes().filter((each) => each.checked !== each.defaultChecked).map((each) => each.dataset.layer).join(",") }, { push: true });
    show();
  });
  state.onReturn(() => {
    if (box.checked === remembered()) return;
    box.checked = remembered();
    show();
  });
  if (box.checked) show();
}
