"use strict";
// A playhead over the pictures, and one place in time for all players that play the same take.
document.documentElement.classList.add("runs");
const duration = Number(document.querySelector("main").dataset.duration);
const players = [...document.querySelectorAll("audio")];
const together = players.filter((player) => "sameTime" in player.dataset);
const plots = [...document.querySelectorAll("[data-seek]")];
const slider = document.querySelector("input[type=range]");
const button = document.querySelector("[data-toggle]");
const place = document.querySelector("output");
const heads = [...document.querySelectorAll(".playhead")];
const rows = [...document.querySelectorAll("tr[data-from]")];
let current = together[0];

function within(time) {
  return rows.find((row) => time >= Number(row.dataset.from) && time < Number(row.dataset.to));
}

function show(time) {
  for (const head of heads) head.style.left = `${100 * Math.min(Math.max(time / duration, 0), 1)}%`;
  const now = within(time);
  for (const row of rows) {
    row.classList.toggle("now", row === now);
    if (row === now) row.setAttribute("aria-current", "time");
    else row.removeAttribute("aria-current");
  }
  const gust = now ? `, gust ${now.cells[0].textContent}` : "";
  slider.value = time;
  slider.setAttribute("aria-valuetext", `${time.toFixed(1)} seconds${gust}`);
  place.textContent = `${time.toFixed(1)} s of ${duration.toFixed(1)} s${gust}`;
  button.textContent = current.paused ? "▶ Play" : "■ Stop";
}

function choose(player) {
  current = player;
  for (const one of together) one.closest("figure").classList.toggle("current", one === player);
}

function seek(time) {
  current.currentTime = Math.min(Math.max(time, 0), duration);
  show(current.currentTime);
}

function follow() {
  show(current.currentTime);
  if (!current.paused && !current.ended) requestAnimationFrame(follow);
}

function toggle() {
  if (current.paused) current.play();
  else current.pause();
}

for (const player of players) {
  player.addEventListener("play", () => {
    for (const other of players) if (other !== player) other.pause();
    if (!together.includes(player)) return;
    if (player !== current && player.currentTime === 0 && current.currentTime < duration) {
      player.currentTime = current.currentTime; // the same moment of the other version
    }
    choose(player);
    requestAnimationFrame(follow);
  });
  for (const name of ["timeupdate", "seeking", "pause", "ended"]) {
    player.addEventListener(name, () => {
      if (player === current) show(player.currentTime);
    });
  }
}

button.addEventListener("click", toggle);
slider.addEventListener("input", () => seek(Number(slider.value)));
slider.addEventListener("keydown", (event) => {
  const time = current.currentTime;
  const moves = {
    ArrowRight: time + 1, ArrowUp: time + 1, ArrowLeft: time - 1, ArrowDown: time - 1,
    PageUp: time + duration / 10, PageDown: time - duration / 10, Home: 0, End: duration,
  };
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === " " || event.key === "Enter") toggle();
  else if (event.key in moves) seek(moves[event.key]);
  else return;
  event.preventDefault();
});
for (const plot of plots) {
  plot.addEventListener("click", (event) => {
    const mark = event.target.closest(".event");
    const area = plot.getBoundingClientRect();
    const inside = (event.clientX - area.left) / area.width;
    // The bar above a picture, and its number, are the gust; in the picture it is the very place.
    seek(mark && event.clientY < area.top ? Number(mark.dataset.from) : inside * duration);
    if (current.paused) current.play();
  });
}
for (const one of document.querySelectorAll("button[data-from]")) {
  one.addEventListener("click", () => {
    seek(Number(one.dataset.from));
    current.play();
  });
}
choose(current);
show(0);
