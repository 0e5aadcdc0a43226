// What the page does beyond its links and its form: keys, one player at a time, and a word when the service is silent.
"use strict";

const found = () => document.getElementById("found");
const hits = () => [...document.querySelectorAll(".hit")];
const playerOf = (hit) => hit.querySelector("audio");
const announce = (words) => (document.getElementById("said").textContent = words);

function warn(sentence) {
  const old = found().querySelector(".warning.passing");
  if (old) old.remove();
  const warning = document.createElement("p");
  warning.className = "warning passing";
  warning.setAttribute("role", "alert");
  found().prepend(warning);
  warning.textContent = sentence;
}

// Requests

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  delete request.headers["HX-Current-URL"]; // it would double a long question
  const sound = document.getElementById("sound");
  if (request.method === "GET") {
    for (const [name, value] of [...request.body]) if (value instanceof File || value === "") request.body.delete(name);
  } else if (!sound.files.length) {
    event.preventDefault();
    warn("Choose a sound file first.");
    sound.focus();
  } else if (sound.files[0].size > sound.dataset.mostBytes) {
    event.preventDefault();
    const megabytes = (bytes) => Math.round(bytes / 1e6);
    warn(`The file has ${megabytes(sound.files[0].size)} MB; ${megabytes(sound.dataset.mostBytes)} MB are the most.`);
  }
});

document.addEventListener("htmx:before:request", () => {
  found().setAttribute("aria-busy", "true");
  announce("Searching.");
});

document.addEventListener("htmx:finally:request", () => found().removeAttribute("aria-busy"));

document.addEventListener("htmx:error", (event) => {
  console.debug(event.detail.error);
  warn("The server does not answer. Start it again with: auricle serve. What is typed here is kept; search again then.");
});

document.addEventListener("htmx:before:swap", (event) => {
  const { text, response } = event.detail.ctx;
  if (text.includes('id="found"')) return;
  event.preventDefault();
  warn(`The server gave no page (status ${response.status}). Search again in a moment.`);
});

document.addEventListener("htmx:after:swap", () => {
  const summary = document.getElementById("summary");
  announce(summary ? summary.textContent : "");
  if (document.activeElement === document.body) found().focus();
});

// Players

document.addEventListener(
  "play",
  (event) => {
    for (const player of document.querySelectorAll("audio")) if (player !== event.target) player.pause();
    mark(event.target.closest(".hit"));
  },
  true,
);

document.addEventListener(
  "timeupdate",
  (event) => {
    const { hit, start, length } = windowOf(event.target);
    const played = (event.target.currentTime - start) / length;
    hit.style.setProperty("--played", played >= 0 && played <= 1 ? played : -1);
  },
  true,
);

document.addEventListener(
  "error",
  (event) => {
    const source = event.target;
    if (source.tagName !== "SOURCE" || source.nextElementSibling) return; // another source follows
    warn(`${source.parentElement.getAttribute("aria-label")} cannot be played. Its file may be gone, or the server stopped.`);
  },
  true,
);

document.addEventListener("click", (event) => {
  const wave = event.target.closest(".wave");
  if (!wave) return;
  const player = playerOf(wave.closest(".hit"));
  const place = (event.clientX - wave.getBoundingClientRect().left) / wave.clientWidth;
  const seek = () => (player.currentTime = windowOf(player).start + place * windowOf(player).length);
  if (player.readyState > 0) seek();
  else player.addEventListener("loadedmetadata", seek, { once: true });
  player.play();
});

// The original file has the window at its place in the file, an excerpt at its beginning.
function windowOf(player) {
  const hit = player.closest(".hit");
  const start = Number(hit.dataset.start);
  const alone = new URL(player.currentSrc || player.querySelector("source").src).pathname.includes("/excerpts/");
  return { hit, start: alone ? 0 : start, length: Number(hit.dataset.end) - start };
}

function toggle(hit) {
  const player = playerOf(hit);
  if (!player.paused) return player.pause();
  const { start, length } = windowOf(player);
  if (player.currentTime >= start + length - 0.05) player.currentTime = start;
  player.play().catch(() => {}); // what is wrong is said where the source fails
}

// Keys

function mark(hit) {
  for (const other of hits()) other.removeAttribute("aria-current");
  hit.setAttribute("aria-current", "true");
}

const current = () => document.activeElement.closest(".hit") || document.querySelector('.hit[aria-current="true"]');

function step(by) {
  const all = hits();
  const inside = all.indexOf(document.activeElement.closest(".hit"));
  if (inside + by < 0) return document.getElementById("q").focus();
  const next = inside < 0 ? current() || all[0] : all[Math.min(inside + by, all.length - 1)];
  mark(next);
  next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const typing = event.target.matches("input:not([type=checkbox]):not([type=file]), textarea");
  const inBox = event.target.id === "q";
  if (typing && !(inBox && event.key === "ArrowDown")) return;
  const actions = {
    "/": () => {
      document.getElementById("q").focus();
      document.getElementById("q").select();
    },
    ArrowDown: () => step(1),
    j: () => step(1),
    ArrowUp: () => step(-1),
    k: () => step(-1),
    " ": () => current() && toggle(current()),
    m: () => current() && current().querySelector(".like").click(),
  };
  const action = actions[event.key];
  if (!action || event.target.matches("audio") || (event.key === " " && event.target.matches("button, summary, input"))) return;
  if (event.key !== "/" && !hits().length) return;
  event.preventDefault();
  action();
});
