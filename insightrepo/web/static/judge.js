// "Helpful" and "Not helpful" in place: the form is sent behind the page; if that fails it is sent as any form is.

function show(form, helpful) {
  for (const button of form.querySelectorAll("button")) {
    const pressed = helpful !== null && (button.dataset.says === "helpful") === helpful;
    button.setAttribute("aria-pressed", String(pressed));
    button.value = pressed ? "withdraw" : button.dataset.says;
  }
}

async function send(event) {
  const form = event.target;
  if (!form.matches(".judge") || !event.submitter) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    show(form, (await answer.json()).helpful);
  } catch {
    document.removeEventListener("submit", send);
    form.requestSubmit(event.submitter);
  }
}

document.addEventListener("submit", send);
