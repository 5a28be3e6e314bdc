// Hits where they stand: "→" or the link opens one with its surroundings, "←" closes it, "c" copies its citation (as rich
// text and text; "C" as Markdown). Without scripts the links lead to pages that say the same.
import { copy } from "./clipboard.js";

const status = document.createElement("p");
let fading;
let cited = 0; // citations asked for

function say(words) {
  status.textContent = words;
  clearTimeout(fading);
  fading = setTimeout(() => (status.textContent = ""), 6000);
}

function hitOf(element) {
  return element?.closest?.(".hit") ?? null;
}

// What the last key or click wants is said at once; what arrives later goes by it.
async function open(hit) {
  const link = hit.querySelector("[data-around]");
  if (!link) return;
  link.setAttribute("aria-expanded", "true");
  if (!hit.querySelector(".around")) await bring(hit, link);
  show(hit, link);
}

async function bring(hit, link) {
  const answer = await fetch(`${link.href}?part=1`).catch(() => null);
  const text = answer?.ok && !answer.redirected ? await answer.text() : null;
  if (hit.querySelector(".around")) return; // asked for twice
  if (text === null) {
    if (isOpen(link)) window.location.assign(link.href);
    return;
  }
  const part = document.createElement("div");
  part.className = "around";
  part.id = `around-${hit.id}`;
  part.innerHTML = text;
  link.setAttribute("aria-controls", part.id);
  hit.querySelector(".who").after(part);
}

function isOpen(link) {
  return link.getAttribute("aria-expanded") === "true";
}

function show(hit, link) {
  const part = hit.querySelector(".around");
  if (!part) return;
  part.hidden = !isOpen(link);
  // The words of the hit stand between the others.
  hit.classList.toggle("told-around", isOpen(link) && Boolean(part.querySelector(".here")));
}

function close(hit) {
  const link = hit.querySelector("[data-around]");
  if (!link) return;
  link.setAttribute("aria-expanded", "false");
  show(hit, link);
}

async function cite(hit, markdown) {
  const link = hit.querySelector("[data-cite]");
  if (!link) return;
  const number = ++cited;
  const answer = await fetch(link.href, { headers: { Accept: "application/json" } }).catch(() => null);
  if (number !== cited) return; // another was asked for since
  if (!answer?.ok || answer.redirected) return window.location.assign(link.href);
  const forms = await answer.json();
  const copied = await copy(markdown ? forms.markdown : forms.text, markdown ? "" : forms.html);
  if (!copied) return window.location.assign(link.href);
  say(markdown ? "Citation copied as Markdown." : "Citation copied: exact words, who, study, date and score.");
}

function click(event) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("[data-around], [data-cite]");
  const hit = hitOf(link);
  if (!hit) return;
  event.preventDefault();
  if (link.matches("[data-cite]")) cite(hit, false);
  else if (isOpen(link)) close(hit);
  else open(hit);
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches("input, textarea, select, [contenteditable]")) return;
  const hit = hitOf(document.activeElement);
  if (!hit) return;
  if (event.key === "ArrowRight") open(hit);
  else if (event.key === "ArrowLeft") close(hit);
  else if (event.key === "c" || event.key === "C") cite(hit, event.key === "C");
  else if (event.key === " " && document.activeElement.matches("[data-around]")) document.activeElement.click();
  else return;
  event.preventDefault();
}

// Called by keys.js on a page with hits; before it is called nothing of the page is touched.
export function openInPlace() {
  status.className = "said-aloud toast-line";
  status.setAttribute("role", "status");
  document.querySelector("main").append(status);
  for (const link of document.querySelectorAll("[data-around]")) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
  }
  document.addEventListener("click", click);
  document.addEventListener("keydown", press);
}
