// One card at a time: at its place where there is room, else docked to the map's lower edge.
import { L } from "./leaflet.js";
import { legendWidth } from "./map.js";

export const NARROW = matchMedia("(max-width: 60rem)");

/** `onClose()` is called when a card is closed, whoever did it. */
export function createCards(map, dock, onClose) {
  const container = map.getContainer();
  const popup = L.popup({ className: "card-popup", closeButton: false, maxWidth: 340, minWidth: Math.min(300, container.clientWidth - 60), autoPanPaddingBottomRight: [52, 16] });
  let opener = null;
  let closing = false;

  function close() {
    if (closing) return;
    closing = true;
    const focused = document.activeElement;
    const returns = opener?.isConnected && (focused === document.body || focused?.closest(".place-card"));
    map.closePopup(popup);
    dock.hidden = true;
    dock.replaceChildren();
    if (returns) opener.focus({ preventScroll: true });
    opener = null;
    closing = false;
    onClose();
  }
  popup.on("remove", () => dock.hidden && close());

  return {
    close,
    show(card, at, { radius = 0, from = null } = {}) {
      opener = from;
      if (at && !NARROW.matches) {
        dock.hidden = true;
        dock.replaceChildren();
        popup.options.maxHeight = Math.max(container.clientHeight - 60, 200);
        popup.options.autoPanPaddingTopLeft = [legendWidth(map) + 16, 16];
        popup.options.offset = [0, 4 - radius];
        popup.setLatLng(at).setContent(card).openOn(map);
      } else {
        dock.replaceChildren(card);
        dock.hidden = false;
        map.closePopup(popup);
      }
    },
  };
}
