// Keys on the search page: "/" goes to the search box, arrows go through the hits, Enter opens (a link does that itself).
const box = document.querySelector("#q");
const hits = [...document.querySelectorAll(".hit-open")];
const step = { ArrowDown: 1, ArrowUp: -1 };

function isTyping(target) {
  return target.matches("input, textarea, select, [contenteditable]");
}

function goToBox(event) {
  event.preventDefault();
  box.focus();
  box.select();
}

function goToHit(event) {
  const here = hits.indexOf(document.activeElement);
  const fromBox = document.activeElement === box;
  if (here < 0 && !fromBox && document.activeElement !== document.body) return;
  if (fromBox && event.key === "ArrowUp") return;
  event.preventDefault();
  const next = here + step[event.key];
  if (next < 0) {
    if (box) goToBox(event);
    return;
  }
  const hit = hits[Math.min(next, hits.length - 1)];
  hit.focus({ preventScroll: true });
  hit.closest(".hit").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "/" && box && !isTyping(event.target)) goToBox(event);
  else if (event.key in step && hits.length && (!isTyping(event.target) || event.target === box)) goToHit(event);
});

// Where a stylesheet cannot show what is inside a closed element, the filters of a wide page are opened here.
const filters = document.querySelector("details.facets");
const wide = window.matchMedia("(min-width: 60rem)");
if (filters && wide.matches && !CSS.supports("selector(details::details-content)")) filters.open = true;
