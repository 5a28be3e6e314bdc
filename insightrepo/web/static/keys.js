// Keys where hits stand: "/" goes to the search box, arrows go through the hits, Enter opens (a link does that itself),
// "?" shows them all; what opens a hit in place and cites it is in hits.js.
import { openInPlace } from "./hits.js";

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
  const within = document.activeElement.closest(".hit")?.querySelector(".hit-open");
  const here = hits.indexOf(within ?? document.activeElement);
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

// Hits open in place and are cited wherever they stand. Imported at the top, not here: a key pressed before it came would be lost.
if (document.querySelector("[data-around]")) openInPlace();

const help = document.querySelector("#keys");

function showKeys(event) {
  event.preventDefault(); // the frame would lead to the help page
  if (help.open) help.close();
  else help.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "?" && help && !isTyping(event.target)) showKeys(event);
  else if (event.key === "/" && box && !isTyping(event.target)) goToBox(event);
  else if (event.key in step && hits.length && (!isTyping(event.target) || event.target === box)) goToHit(event);
});

// Where a stylesheet cannot show what is inside a closed element, the filters of a wide page are opened here.
const filters = document.querySelector("details.facets");
const wide = window.matchMedia("(min-width: 60rem)");
if (filters && wide.matches && !CSS.supports("selector(details::details-content)")) filters.open = true;
