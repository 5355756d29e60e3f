"use strict";
// One language or both, kept for the next visit where the browser allows it.
const langs = [["", "中 + EN"], ["zh", "中文"], ["en", "English"]], button = document.getElementById("lang");
let at = 0;
try { at = Math.max(0, langs.findIndex(l => l[0] === (localStorage.getItem("lang") || ""))); } catch { /* opened as a file */ }
function show() { document.documentElement.dataset.lang = langs[at][0]; button.textContent = langs[at][1]; }
button.addEventListener("click", () => {
  at = (at + 1) % langs.length;
  try { localStorage.setItem("lang", langs[at][0]); } catch { /* opened as a file */ }
  show();
});
show();

// Search: every word must be in an entry; what begins with the text stands first.
const q = document.getElementById("q"), hits = document.getElementById("hits");
function search() {
  const text = q.value.trim().toLowerCase(), words = text.split(/\s+/);
  hits.replaceChildren();
  hits.hidden = !text;
  if (!text) return;
  const found = entries.filter(e => { const s = e.slice(1, 4).join(" ").toLowerCase(); return words.every(w => s.includes(w)); });
  const rank = e => [e[1], e[2], e[3]].some(s => s.toLowerCase() === text) ? 0 : [e[1], e[2], e[3]].some(s => s.toLowerCase().startsWith(text)) ? 1 : 2;
  found.sort((a, b) => rank(a) - rank(b));
  for (const [kind, name, zh, en, href] of found.slice(0, 60)) {
    const a = document.createElement("a"), k = document.createElement("small"), c = document.createElement("code");
    a.href = href; k.textContent = kind; c.textContent = name;
    a.append(k, zh + " " + en + " ", c);
    const li = document.createElement("li");
    li.append(a); hits.append(li);
  }
  const li = document.createElement("li");
  li.className = "meta"; li.textContent = found.length + " 个结果 / results";
  hits.append(li);
}
q.addEventListener("input", search);
q.addEventListener("keydown", e => {
  if (e.key === "Escape") { q.value = ""; search(); }
  if (e.key === "Enter") hits.querySelector("a")?.click();
  if (e.key === "ArrowDown") { e.preventDefault(); hits.querySelector("a")?.focus(); }
});
hits.addEventListener("keydown", e => {
  const links = [...hits.querySelectorAll("a")], i = links.indexOf(document.activeElement);
  if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); (links[i + (e.key === "ArrowDown" ? 1 : -1)] || q).focus(); }
  if (e.key === "Escape") { q.value = ""; search(); q.focus(); }
});
hits.addEventListener("click", () => { hits.hidden = true; });
document.addEventListener("click", e => { if (!e.target.closest(".search")) hits.hidden = true; });

// A link to something folded away opens it.
function unfold() { document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("details")?.setAttribute("open", ""); }
addEventListener("hashchange", unfold);
unfold();
