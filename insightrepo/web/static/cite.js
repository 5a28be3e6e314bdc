// The page of a citation: buttons that copy one of its three forms. Without scripts each can be marked and copied.
import { copy } from "./clipboard.js";

const status = document.querySelector(".said-aloud");
const text = (name) => document.querySelector(`[data-form="${name}"]`)?.value;
const forms = { text: text("text"), html: document.querySelector(".cite-rich").innerHTML };

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const plain = button.dataset.copy === "markdown" ? text("markdown") : forms.text;
    const copied = await copy(plain, button.dataset.copy === "rich" ? forms.html : "");
    status.textContent = copied ? "Copied." : "This browser does not let the page copy: mark it and press Ctrl+C.";
  });
}
