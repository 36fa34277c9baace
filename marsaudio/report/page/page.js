"use strict";
// A playhead over the pictures, one place in time for all players that play the same take, and gusts one by one.
document.documentElement.classList.add("runs");
const duration = Number(document.querySelector("main").dataset.duration);
const players = [...document.querySelectorAll("audio")];
const together = players.filter((player) => "sameTime" in player.dataset);
const wind = together.find((player) => player.dataset.called === "the wind");
const plots = [...document.querySelectorAll("[data-seek]")];
const slider = document.querySelector("input[type=range]");
const button = document.querySelector("[data-toggle]");
const place = document.querySelector("output");
const heads = [...document.querySelectorAll(".playhead")];
const rows = [...document.querySelectorAll("tr[data-from]")];
let current = together[0];
let chosen = null; // the player that was started last by its own button
let started = null; // the player that this script has started, until it says that it plays
let gust = null; // the row of the gust that is played, and nothing after it
let sought = false; // whether it was this script that went to the gust's beginning

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
  const named = now ? `, gust ${now.dataset.gust}` : "";
  slider.value = time;
  slider.setAttribute("aria-valuetext", `${time.toFixed(1)} seconds${named}`);
  place.textContent = `${time.toFixed(1)} s of ${duration.toFixed(1)} s${named}`;
  button.textContent = current.paused ? `▶ Play ${current.dataset.called}` : "■ Stop";
}

function choose(player) {
  current = player;
  for (const one of together) one.closest("figure").classList.toggle("current", one === player);
}

function playOnly(row) {
  for (const [one, sign, verb] of [[gust, "▶", "Play"], [row, "■", "Stop"]]) {
    if (!one) continue;
    const control = one.querySelector("button");
    control.textContent = `${sign} ${verb}`;
    control.setAttribute("aria-label", control.getAttribute("aria-label").replace(/^\w+/, verb));
  }
  gust = row;
}

function seek(time) {
  playOnly(null);
  current.currentTime = Math.min(Math.max(time, 0), duration);
  show(current.currentTime);
}

function update() {
  if (gust && current.currentTime >= Number(gust.dataset.to)) current.pause();
  show(current.currentTime);
}

function follow() {
  update();
  if (!current.paused && !current.ended) requestAnimationFrame(follow);
}

function play() {
  if (!current.paused) return;
  started = current;
  current.play().catch(() => { started = null; }); // it may not, or was stopped before it began
}

function toggle() {
  if (current.paused) play();
  else current.pause();
}

function playGust(row) {
  if (row === gust) {
    current.pause();
    return;
  }
  choose(chosen ?? wind);
  seek(Number(row.dataset.from));
  sought = true;
  playOnly(row);
  play();
}

for (const player of players) {
  player.addEventListener("play", () => {
    const before = together.find((other) => other !== player && !other.paused);
    for (const other of players) if (other !== player) other.pause();
    const ours = player === started;
    started = null;
    if (!ours) playOnly(null);
    if (!together.includes(player)) return;
    if (!ours) {
      chosen = player;
      // The same moment of the other version.
      if (before) player.currentTime = before.currentTime;
      else if (player !== current && player.currentTime === 0 && current.currentTime < duration) {
        player.currentTime = current.currentTime;
      }
      choose(player);
    }
    requestAnimationFrame(follow);
  });
  player.addEventListener("seeking", () => {
    if (player !== current) return;
    if (!sought) playOnly(null);
    sought = false;
  });
  player.addEventListener("pause", () => {
    if (player === current && player.paused) playOnly(null);
  });
  for (const name of ["timeupdate", "seeking", "pause", "ended"]) {
    player.addEventListener(name, () => {
      if (player === current) update();
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
    play();
  });
}
for (const row of rows) row.querySelector("button").addEventListener("click", () => playGust(row));
choose(current);
show(0);
