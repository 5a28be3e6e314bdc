// Copies text, with rich text beside it where there is some. False: the browser does not allow it (plain HTTP, no focus).
export async function copy(text, html = "") {
  try {
    if (html && window.ClipboardItem) {
      const parts = { "text/plain": new Blob([text], { type: "text/plain" }), "text/html": new Blob([html], { type: "text/html" }) };
      await navigator.clipboard.write([new ClipboardItem(parts)]);
    } else {
      await navigator.clipboard.writeText(text);
    }
    return true;
  } catch {
    return false;
  }
}
