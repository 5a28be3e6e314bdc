// The frame of every page: menus that close by Escape or a click elsewhere, "/" to the search and "?" to the keys.
const own = document.querySelector('script[src*="frame.js"]').dataset;
const menus = [...document.querySelectorAll(".top details")];
const wide = window.matchMedia("(min-width: 68rem)");

function isTyping(target) {
  return target.matches("input, textarea, select, [contenteditable]");
}

function closeOthers(kept) {
  for (const menu of menus) {
    if (menu !== kept) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeOthers(event.target.closest(".top details")));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Escape") {
    const open = menus.find((menu) => menu.open && menu.contains(document.activeElement));
    closeOthers(null);
    if (open) open.querySelector("summary").focus();
    return;
  }
  if (isTyping(event.target) || !document.querySelector(".top")) return;
  if (event.key === "/" && !document.querySelector("#q")) {
    event.preventDefault();
    window.location.assign(`${own.search}#q`);
  } else if (event.key === "?") {
    event.preventDefault();
    window.location.assign(own.help);
  }
});
wide.addEventListener("change", () => closeOthers(null));

// Who came here by "/" from another page wants to type.
if (window.location.hash === "#q") document.querySelector("#q")?.focus();
