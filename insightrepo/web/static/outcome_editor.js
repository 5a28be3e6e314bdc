// While a statement is typed: what could be better at it, under its fields, and outcomes that may be the same, beside.

const PAUSE = 350; // ms without a key before the statement is looked at
const TWO_DECIMALS = { minimumFractionDigits: 2, maximumFractionDigits: 2, numberingSystem: "latn" };
const form = document.querySelector("form.editor");
let timer = 0;
let asked = 0;

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function warningItem(warning) {
  const named = warning.words && !warning.why.includes(`“${warning.words}”`) && warning.words.length < 60;
  const item = element("li", `${named ? `“${warning.words}”: ` : ""}${warning.why}. `);
  item.append(element("span", `${warning.advice[0].toUpperCase()}${warning.advice.slice(1)}.`, "quiet"));
  return item;
}

function neighbourItem(found) {
  const item = document.createElement("li");
  const link = element("a", "");
  link.href = found.url;
  link.append(element("span", found.code, "code"), ` ${found.name}`);
  const shared = found.shared.length ? `; both say ${found.shared.join(", ")}` : "";
  const score = found.score.toLocaleString(document.documentElement.dataset.locale || "en", TWO_DECIMALS);
  item.append(link, " ", element("span", `alike ${score}${shared}`, "quiet"));
  return item;
}

function show(advice) {
  for (const list of form.querySelectorAll("[data-advice]")) {
    const here = advice.warnings.filter((warning) => warning.field === list.dataset.advice);
    const items = here.map(warningItem);
    if (list.textContent.trim() !== items.map((item) => item.textContent).join("").trim()) list.replaceChildren(...items);
  }
  form.querySelector("[data-neighbours]").replaceChildren(...advice.neighbours.map(neighbourItem));
  form.querySelector("[data-none]").hidden = advice.neighbours.length > 0;
  form.querySelector("[data-accepted]").hidden = advice.accepted.length === 0;
  form.querySelector("[data-accepted-count]").textContent = String(advice.accepted.length);
}

async function look() {
  const number = ++asked;
  const body = { code: form.dataset.code };
  for (const name of ["job", "success_measure", "aliases"]) body[name] = form.elements[name].value;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrf_token.value };
  try {
    const answer = await fetch(form.dataset.check, { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.ok && number === asked) show(await answer.json());
  } catch {
    // Without a connection the last advice stays; the button "Check the statement" says what is wrong.
  }
}

form?.addEventListener("input", (event) => {
  if (!["job", "success_measure", "aliases"].includes(event.target.name)) return;
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
});
