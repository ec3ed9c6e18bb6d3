// What the page is doing, over its map.
import { t } from "./i18n.js";

export function say(message) {
  const notice = document.getElementById("notice");
  notice.textContent = message;
  notice.hidden = !message;
}

/** Runs a page; tests and readers see by the root element's data whether it is ready or has failed. */
export function run(main) {
  const root = document.documentElement;
  main().then(
    () => {
      say("");
      root.dataset.state = "ready";
    },
    (error) => {
      root.dataset.state = "failed";
      say(t("The data could not be loaded"));
      console.error(error);
    },
  );
}
