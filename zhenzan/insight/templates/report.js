(() => {
  "use strict";
  const root = document.documentElement;
  const editions = [...document.querySelectorAll("[data-edition]")];

  const chosen = () => {
    const target = location.hash.slice(1).split("-")[0];
    if (editions.some((edition) => edition.id === target)) return target;
    const spoken = (navigator.language || "en").toLowerCase();
    return root.dataset.language || (spoken.startsWith("zh") ? "zh" : "en");
  };

  const show = () => {
    const language = chosen();
    const edition = document.getElementById(language);
    root.dataset.language = language;
    root.lang = edition.lang;
    document.title = edition.dataset.title;
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
  };

  const sort = (table, head) => {
    const column = head.cellIndex;
    const ascending = head.getAttribute("aria-sort") === "descending";
    for (const other of table.querySelectorAll("thead th[aria-sort]")) {
      other.setAttribute("aria-sort", "none");
    }
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, place) => ({ row, place, key: keyOf(row, column) }));
    const number = head.dataset.kind === "number";
    rows.sort((a, b) => {
      if (number) {
        const left = a.key === "" ? null : Number(a.key);
        const right = b.key === "" ? null : Number(b.key);
        if (left === null || right === null) return (left === null) - (right === null) || a.place - b.place;
        return (ascending ? left - right : right - left) || a.place - b.place;
      }
      const order = a.key.localeCompare(b.key, root.lang, { numeric: true });
      return (ascending ? order : -order) || a.place - b.place;
    });
    body.append(...rows.map((entry) => entry.row));
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    for (const head of table.querySelectorAll("thead th")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", head.dataset.first || "none");
      button.addEventListener("click", () => sort(table, head));
    }
  }

  for (const tools of document.querySelectorAll(".tools[hidden]")) {
    const input = tools.querySelector("input");
    const output = tools.querySelector("output");
    const rows = [...document.getElementById(input.getAttribute("aria-controls")).tBodies[0].rows];
    tools.hidden = false;
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      let found = 0;
      for (const row of rows) {
        const matches = row.textContent.toLowerCase().includes(wanted);
        row.hidden = !matches;
        found += matches ? 1 : 0;
      }
      output.textContent = wanted === "" ? "" : input.dataset[found ? "some" : "none"].replace("{n}", found);
    });
  }

  addEventListener("beforeprint", () => {
    for (const item of document.querySelectorAll("details.item")) item.open = true;
  });
  addEventListener("hashchange", show);
  show();
})();
