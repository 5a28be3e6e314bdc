// Completes fields and their values in the search box: a combobox with a listbox (ARIA 1.2). The focus stays in the box:
// arrows choose, Enter or Tab takes what is chosen, Escape closes. Without scripts the box is a plain one.
const WAIT = 120; // milliseconds after a key
const DIGITS = { numberingSystem: "latn", useGrouping: "always" }; // as the page writes numbers
const box = document.querySelector("#q");
const list = document.createElement("ul");
let found = [];
let foundFor = ""; // what was typed when these were found
let chosen = -1;
let timer;
let asking;
let before = Promise.resolve(); // keys are followed one after the other: one may have to wait for completions
let waiting = 0;

function show(completions) {
  found = completions;
  chosen = -1;
  list.replaceChildren(...found.map(option));
  list.hidden = !found.length;
  box.setAttribute("aria-expanded", String(!list.hidden));
  box.removeAttribute("aria-activedescendant");
}

function option(completion, at) {
  const item = document.createElement("li");
  item.id = `completion-${at}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  const count = completion.count === null ? "" : completion.count.toLocaleString(document.documentElement.dataset.locale || "en", DIGITS);
  for (const [name, text] of [["value", completion.label], ["detail", completion.detail], ["count", count]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    if (text) item.append(part, " ");
  }
  return item;
}

function choose(at) {
  chosen = at;
  [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
  if (at < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", list.children[at].id);
  list.children[at].scrollIntoView({ block: "nearest" });
}

function take(completion) {
  const more = completion.insert.endsWith(":");
  box.setRangeText(completion.insert + (more ? "" : " "), completion.start, completion.end, "end");
  show([]);
  if (more) ask();
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const typed = box.value;
  const query = new URLSearchParams({ q: typed, at: box.selectionStart });
  try {
    const answer = await fetch(`${box.form.dataset.completions}?${query}`, { signal: asking.signal });
    const completions = answer.ok && !answer.redirected ? await answer.json() : [];
    foundFor = typed;
    show(document.activeElement === box ? completions : []);
  } catch {
    // another key was pressed meanwhile, or the server does not answer: typing goes on
  }
}

function later() {
  clearTimeout(timer);
  choose(-1);
  timer = setTimeout(ask, WAIT);
}

function close() {
  clearTimeout(timer);
  asking?.abort();
  show([]);
}

// One further, from the last to none and on to the first; what is shown for fewer letters is asked for again before.
async function move(step) {
  if (box.value !== foundFor) {
    clearTimeout(timer);
    await ask();
  }
  if (found.length) choose(((chosen + 1 + step + found.length + 1) % (found.length + 1)) - 1);
}

function inTurn(act) {
  waiting += 1;
  before = before.then(act).finally(() => (waiting -= 1));
}

function takeChosen(key) {
  if (chosen >= 0) take(found[chosen]);
  else if (key === "Enter") box.form.requestSubmit();
}

function onKey(event) {
  if (list.hidden || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) inTurn(() => move(step));
  else if (event.key === "Escape") close();
  else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && (chosen >= 0 || waiting)) inTurn(() => takeChosen(event.key));
  else return;
  event.preventDefault();
  event.stopPropagation(); // the arrows of the page go through the hits
}

if (box) {
  list.id = "completions";
  list.className = "completions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Completions");
  box.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]])
    box.setAttribute(name, value);
  box.addEventListener("input", later);
  box.addEventListener("keydown", onKey);
  box.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (item) take(found[[...list.children].indexOf(item)]);
  });
}
