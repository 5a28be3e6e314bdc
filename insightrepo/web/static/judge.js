// "Helpful" and "Not helpful" in place: the form is sent behind the page; if that fails it is sent as any form is.

function show(form, helpful) {
  for (const button of form.querySelectorAll("button")) {
    const pressed = helpful !== null && (button.dataset.says === "helpful") === helpful;
    button.setAttribute("aria-pressed", String(pressed));
    button.value = pressed ? "withdraw" : button.dataset.says;
  }
}

async function send(form, button) {
  const body = new FormData(form, button);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    show(form, (await answer.json()).helpful);
  } catch {
    document.removeEventListener("submit", submit);
    form.requestSubmit(button);
  }
}

let before = Promise.resolve(); // one word after the other, so that the last one stands

function submit(event) {
  const { target: form, submitter } = event;
  if (!form.matches(".judge") || !submitter) return;
  event.preventDefault();
  before = before.then(() => send(form, submitter));
}

document.addEventListener("submit", submit);
