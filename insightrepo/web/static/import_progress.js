// How far an import is, without reloading; when it has ended the page is loaded anew and shows what came of it.

const place = document.querySelector("[data-progress]");
const SECONDS = 1.5;

function show(told) {
  const bar = place.querySelector("progress");
  if (told.share === null) bar.removeAttribute("value");
  else bar.value = told.share;
  place.querySelector("[role=status]").textContent = told.words;
}

async function look() {
  try {
    const answer = await fetch(place.dataset.progress, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const told = await answer.json();
    if (!told.under_way) return location.reload();
    show(told);
  } catch {
    // The server is away for a moment, or one was signed out: look again, more patiently.
    setTimeout(look, 5000 * SECONDS);
    return;
  }
  setTimeout(look, 1000 * SECONDS);
}

if (place) setTimeout(look, 1000 * SECONDS);
