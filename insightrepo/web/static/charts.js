// Draws the charts of a page: each is a <figure class="chart"> with its data as JSON in a block of its own, made by
// templates/_chart.html. Plotly comes from the server, and only where there is a chart. Without scripts the table stays.
const script = document.querySelector("script[data-plotly]");
const figures = [...document.querySelectorAll("figure.chart")];
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const phone = window.matchMedia("(max-width: 40rem)");
const CONFIG = { displayModeBar: false, doubleClick: false, responsive: true, scrollZoom: false, showTips: false };
const PAPER = 660; // pixels across a page of paper with its margins
const SCALE = 2; // pixels of a PNG per pixel on the page

// Plotly looks for these elements and adds its own style only where they are missing: the policy forbids that.
function addStyles() {
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", id: "plotly.js-style-global", className: "no-inline-styles" });
  link.href = new URL("plotly.css", import.meta.url).href;
  const others = script.dataset.styles.split(" ").filter(Boolean).map((id) => {
    const meta = document.createElement("meta");
    meta.id = id;
    return meta;
  });
  const ready = new Promise((resolve) => Object.assign(link, { onload: resolve, onerror: resolve }));
  document.head.append(link, ...others);
  return ready;
}

function addPlotly() {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    Object.assign(element, { src: script.dataset.plotly, onload: resolve, onerror: reject });
    document.head.append(element);
  });
}

// "--worse" in a figure is the colour of that name in the stylesheet, of the scheme in force.
function coloured(value, style) {
  if (typeof value === "string") return value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
  if (Array.isArray(value)) return value.map((item) => coloured(item, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
}

function axis(given = {}) {
  return {
    automargin: true, gridcolor: "--line", linecolor: "--line", zerolinecolor: "--line", tickcolor: "--line",
    fixedrange: true, ...given, title: { standoff: 8, ...given.title },
  };
}

function layoutOf(given, style) {
  const axes = Object.fromEntries(
    Object.keys({ xaxis: 0, yaxis: 0, ...given })
      .filter((name) => /^[xy]axis\d*$/.test(name))
      .map((name) => [name, axis(given[name])]),
  );
  const layout = {
    autosize: true, dragmode: false, hovermode: "closest", paper_bgcolor: "--paper", plot_bgcolor: "--paper",
    colorway: ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"],
    margin: { l: 56, r: 16, t: 16, b: 48 }, transition: { duration: 0 },
    hoverlabel: { bgcolor: "--leaf", bordercolor: "--line", font: { color: "--ink" }, align: "left" },
    separators: document.documentElement.dataset.separators, // of decimals and thousands
    legend: { orientation: "h", yanchor: "bottom", y: 1.02, x: 0 },
    ...given, ...axes,
    font: { color: "--ink", family: "--sans", size: phone.matches ? 11 : 12, ...given.font },
  };
  return coloured(layout, style);
}

function draw(figure) {
  const { data, layout = {} } = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const { narrow, ...given } = layout; // what is laid out otherwise on a phone
  const style = getComputedStyle(document.documentElement);
  const laidOut = layoutOf({ ...given, ...(phone.matches ? narrow : {}) }, style);
  return Plotly.react(figure.querySelector(".chart-plot"), coloured(data, style), laidOut, CONFIG);
}

function download(figure, format) {
  const plot = figure.querySelector(".chart-plot");
  const { width, height } = plot.getBoundingClientRect();
  const scale = format === "png" ? SCALE : 1;
  return Plotly.downloadImage(plot, { format, filename: figure.dataset.filename, width, height, scale });
}

async function show(figure) {
  figure.classList.add("drawn"); // before drawing: what is hidden has no size
  try {
    await draw(figure);
  } catch (error) {
    figure.classList.remove("drawn");
    throw error;
  }
  figure.querySelector("details.chart-table")?.removeAttribute("open");
  for (const button of figure.querySelectorAll("[data-download]")) {
    button.hidden = false;
    button.addEventListener("click", () => download(figure, button.dataset.download));
  }
}

if (figures.length) {
  await Promise.all([addStyles(), addPlotly()]);
  await Promise.all(figures.map(show));
  for (const medium of [dark, phone]) medium.addEventListener("change", () => figures.map(draw));
  // A chart keeps the width of the window unless it is told the width of the paper.
  const onPaper = (width) => figures.map((figure) => Plotly.relayout(figure.querySelector(".chart-plot"), width));
  window.addEventListener("beforeprint", () => onPaper({ autosize: false, width: PAPER }));
  window.addEventListener("afterprint", () => onPaper({ autosize: true, width: null }));
  document.documentElement.dataset.charts = "drawn";
}
