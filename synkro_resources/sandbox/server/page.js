// The tenant page's own behaviour: send a changed switch, show what the server says, follow the log.
"use strict";
const POLL_MS = 2000;
const LOG_ROWS = 40;
const status = document.querySelector("[role=status]");

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const parsed = (element, name) => JSON.parse(element.dataset[name]);

function tell(text) { status.textContent = text; }

async function ask(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error || `HTTP ${answer.status}`);
  return body;
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body || {}) });

// ---- one switch: what it holds, and how a value is shown ----

function valueOf(row) {
  const input = row.querySelector("[data-value]");
  switch (row.dataset.form) {
    case "flag": return input.checked;
    case "whole":
    case "number": return input.value === "" ? null : Number(input.value);
    case "text": return input.value === "" && row.dataset.optional === "true" ? null : input.value;
    case "choice": {
      const chosen = input.tagName === "SELECT" ? input : row.querySelector("input:checked");
      return chosen ? JSON.parse(chosen.value) : null;
    }
    case "queue": return [...row.querySelectorAll(".chip")].map((chip) => chip.textContent);
    default: return JSON.parse(input.value);
  }
}

function addChip(row, word) {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "chip";
  chip.textContent = word;
  chip.title = "Убрать из очереди";
  chip.addEventListener("click", () => { chip.remove(); send(row); });
  row.querySelector(".chips").append(chip);
}

function show(row, value) {
  row.classList.toggle("changed", !same(value, parsed(row, "default")));
  if (row.contains(document.activeElement) && document.activeElement.matches("input,textarea,select")) return;
  const input = row.querySelector("[data-value]");
  switch (row.dataset.form) {
    case "flag": input.checked = value; break;
    case "whole":
    case "number":
    case "text": input.value = value === null ? "" : value; break;
    case "choice":
      if (input.tagName === "SELECT") input.value = JSON.stringify(value);
      else row.querySelectorAll("input").forEach((radio) => { radio.checked = radio.value === JSON.stringify(value); });
      break;
    case "queue":
      if (same(valueOf(row), value)) break;
      row.querySelector(".chips").replaceChildren();
      value.forEach((word) => addChip(row, word));
      break;
    default: input.value = JSON.stringify(value);
  }
}

async function send(row, given) {
  const panel = row.closest("[role=tabpanel]");
  const error = row.querySelector(".error");
  error.textContent = "";
  try {
    const value = given === undefined ? valueOf(row) : given;
    const values = await post(`/control/switches/${panel.dataset.key}`, { [row.dataset.name]: value });
    document.activeElement.blur();
    showAll(panel, values);
    tell(`Сохранено: ${row.querySelector(".name").textContent}`);
  } catch (problem) {
    error.textContent = problem instanceof SyntaxError ? "Это не JSON." : problem.message;
  }
}

function showAll(panel, values) {
  let changed = 0;
  panel.querySelectorAll(".switch").forEach((row) => {
    show(row, values[row.dataset.name]);
    if (row.classList.contains("changed")) changed += 1;
  });
  const count = document.querySelector(`[aria-controls="${panel.id}"] .count`);
  count.textContent = changed;
  count.hidden = changed === 0;
}

// ---- the log and the oddities ----

function cell(text, kind) {
  const found = document.createElement("td");
  found.textContent = text;
  if (kind) found.className = kind;
  return found;
}

function logRow(entry) {
  const row = document.createElement("tr");
  const kind = entry.status >= 500 || entry.status === 0 ? "bad" : entry.status >= 400 ? "warm" : "";
  row.append(
    cell(new Date(entry.time).toLocaleTimeString("ru-RU"), "num"),
    cell(entry.method),
    cell(decodeURI(entry.path) + (entry.query ? `?${entry.query}` : ""), "path"),
    cell(entry.status || "обрыв", `status ${kind}`),
    cell(`${entry.took_ms} мс`, "num"),
  );
  return row;
}

async function refresh(panel) {
  const key = panel.dataset.key;
  const part = panel.querySelector(".filter").value;
  const [values, entries, oddities] = await Promise.all([
    ask(`/control/switches/${key}`),
    ask(`/control/log/${key}?path=${encodeURIComponent(part)}`),
    ask(`/control/oddities/${key}`),
  ]);
  showAll(panel, values);
  panel.querySelector(".log tbody").replaceChildren(...entries.slice(-LOG_ROWS).reverse().map(logRow));
  panel.querySelector(".log").hidden = entries.length === 0;
  panel.querySelector(".empty").hidden = entries.length > 0;
  const odd = panel.querySelector(".odd");
  odd.hidden = oddities.length === 0;
  odd.querySelector("ul").replaceChildren(...oddities.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

// ---- tabs and buttons ----

const tabs = [...document.querySelectorAll("[role=tab]")];
const panels = [...document.querySelectorAll("[role=tabpanel]")];

function choose(tab) {
  tabs.forEach((other) => {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  });
  history.replaceState(null, "", `#${tab.dataset.vendor}`);
  poll();
}

tabs.forEach((tab, place) => {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(place + step + tabs.length) % tabs.length];
    next.focus();
    choose(next);
  });
});

document.querySelectorAll(".switch").forEach((row) => {
  const adder = row.querySelector("select[data-add]");
  if (adder) {
    adder.addEventListener("change", () => {
      addChip(row, adder.value);
      adder.value = "";
      send(row);
    });
  } else {
    row.addEventListener("change", () => send(row));
  }
  row.querySelector(".back").addEventListener("click", () => send(row, parsed(row, "default")));
});

panels.forEach((panel) => {
  panel.querySelector("[data-reset]").addEventListener("click", async () => {
    showAll(panel, await post(`/control/reset/${panel.dataset.key}`));
    panel.querySelectorAll(".error").forEach((error) => { error.textContent = ""; });
    tell("Переключатели сервиса возвращены к начальным.");
  });
  panel.querySelector("[data-forget]").addEventListener("click", async () => {
    await ask(`/control/oddities/${panel.dataset.key}`, { method: "DELETE" });
    await refresh(panel);
  });
  panel.querySelector(".filter").addEventListener("input", () => refresh(panel));
});

document.querySelector("[data-reset-all]").addEventListener("click", async () => {
  for (const panel of panels) showAll(panel, await post(`/control/reset/${panel.dataset.key}`));
  tell("Все переключатели возвращены к начальным.");
});

let busy = false;
async function poll() {
  if (busy || document.hidden) return;
  busy = true;
  try {
    for (const panel of panels) {
      if (panel.hidden) showAll(panel, await ask(`/control/switches/${panel.dataset.key}`));
      else await refresh(panel);
    }
    if (status.dataset.lost) { tell(""); delete status.dataset.lost; }
  } catch {
    tell("Песочница не отвечает.");
    status.dataset.lost = "yes";
  } finally {
    busy = false;
  }
}

const wanted = tabs.find((tab) => `#${tab.dataset.vendor}` === location.hash);
choose(wanted || tabs[0]);
setInterval(poll, POLL_MS);
