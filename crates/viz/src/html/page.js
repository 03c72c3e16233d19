"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const tip = document.getElementById("tip");
  const said = document.getElementById("said");

  // Sorting. Rows without a value are last in either direction; equal rows stay as they are.
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    all("thead th", table).forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const numbers = [...body.rows].some((row) => row.cells[column].dataset.v !== undefined);
        const now = head.getAttribute("aria-sort");
        const down = now === "none" ? false : now === "ascending";
        all("thead th", table).forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const value = (row) => {
          const cell = row.cells[column];
          if (!numbers) return cell.textContent;
          return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
        };
        const rows = [...body.rows].map((row) => [row, value(row)]);
        rows.sort(([, a], [, b]) => {
          if (a === null || b === null) return (a === null) - (b === null);
          const order = numbers ? a - b : a < b ? -1 : a > b ? 1 : 0;
          return down ? -order : order;
        });
        body.append(...rows.map(([row]) => row));
        said.textContent = `Sorted by ${head.textContent.trim()}, ${down ? "descending" : "ascending"}`;
      });
    });
  }

  // Hovering. The tips are titles in the charts, which is what is read without this script.
  const show = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.min(Math.max(4, x + 12), innerWidth - box.width - 4);
    const top = y + 16 + box.height > innerHeight ? y - box.height - 8 : y + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, top)}px`;
  };
  const hide = () => { tip.hidden = true; };
  for (const title of all("figure svg g > title, figure svg circle > title, figure svg path > title")) {
    const shape = title.parentNode;
    const text = title.textContent;
    title.remove();
    shape.setAttribute("data-tip", text);
    shape.addEventListener("pointermove", (event) => show(text, event.clientX, event.clientY));
    shape.addEventListener("pointerleave", hide);
  }
  addEventListener("scroll", hide, { passive: true });
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

  // Charts over time: the pointer or the arrow keys choose a cell.
  const number = (x) => (x < 10 ? x.toFixed(3) : x.toFixed(2)).replace(/\.?0+$/, "");
  for (const probe of all(".probe")) {
    const data = JSON.parse(probe.parentNode.querySelector("script.series").textContent);
    const bins = data.scheduler.length;
    const rows = probe.dataset.kind === "heat" ? data.rows.length : 1;
    let [row, bin] = [0, -1];
    const text = () => {
      const from = bin * data.width, to = Math.min(data.end, from + data.width);
      const [factor, unit] = data.end < 1 ? [1000, "ms"] : [1, "s"];
      const when = `${number(from * factor)} to ${number(to * factor)} ${unit}`;
      return probe.dataset.kind === "heat"
        ? `${data.rows[row]}, ${when}: ${data.busy[row][bin]} % busy`
        : `${when}: ${data.scheduler[bin]} calls wait in the scheduler, ${data.nodes[bin]} at nodes`;
    };
    const place = () => {
      const box = probe.querySelector("svg").getBoundingClientRect();
      const scale = box.width / 520;
      return { box, scale };
    };
    probe.addEventListener("pointermove", (event) => {
      const { box, scale } = place();
      const x = (event.clientX - box.left) / scale, y = (event.clientY - box.top) / scale;
      const share = (x - data.left) / (data.right - data.left);
      if (share < 0 || share >= 1 || (rows > 1 && y > data.height)) return hide();
      bin = Math.min(bins - 1, Math.floor(share * data.end / data.width));
      row = Math.max(0, Math.min(rows - 1, Math.floor(y / data.height * rows)));
      show(text(), event.clientX, event.clientY);
    });
    probe.addEventListener("pointerleave", hide);
    probe.addEventListener("blur", hide);
    probe.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      row = Math.max(0, Math.min(rows - 1, row + step[0]));
      bin = Math.max(0, Math.min(bins - 1, bin + step[1]));
      const { box, scale } = place();
      const share = Math.min(1, (bin + 0.5) * data.width / data.end);
      const x = box.left + scale * (data.left + share * (data.right - data.left));
      const y = box.top + scale * (rows > 1 ? (row + 0.5) * data.height / rows : 40);
      show(text(), x, y);
      said.textContent = text();
    });
  }

  // Of many runs two are seen over time, side by side.
  const choice = document.querySelector(".choice");
  if (choice) {
    const panels = all(".panel");
    const selects = all("select", choice);
    const choose = () => {
      const chosen = selects.map((select) => Number(select.value));
      panels.forEach((panel, i) => {
        panel.hidden = !chosen.includes(i);
        panel.style.order = chosen.indexOf(i);
      });
    };
    selects.forEach((select, side) => {
      select.value = String(side);
      select.addEventListener("change", choose);
    });
    choice.hidden = false;
    choose();
  }

  // On paper the spec is there; the tables of charts stay folded.
  const spec = document.querySelector("#repeat details");
  addEventListener("beforeprint", () => { spec.open = true; });
  addEventListener("afterprint", () => { spec.open = false; });

  // Saving and copying.
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const cells = (table) => [...table.rows].map((row) =>
    [...row.cells].map((cell) => quoted(cell.dataset.v ?? cell.textContent.trim().replace(/,(?=\d{3})/g, ""))).join(","));
  const series = (data) => {
    const head = ["start_s", "waiting_in_scheduler", "waiting_at_nodes", ...data.rows.map((name) => `${name}_busy_percent`)];
    const lines = data.scheduler.map((calls, bin) =>
      [bin * data.width, calls, data.nodes[bin], ...data.busy.map((shares) => shares[bin])].join(","));
    return [head.map(quoted).join(","), ...lines];
  };
  const save = (name, lines) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const button = (text, css, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = css;
    made.textContent = text;
    made.addEventListener("click", () => act(made));
    return made;
  };
  for (const figure of all("figure")) {
    const csv = figure.querySelector('script[type="text/csv"]');
    const over = figure.querySelector("script.series");
    const table = figure.querySelector("table");
    const lines = () => csv ? [csv.textContent.trim()] : over ? series(JSON.parse(over.textContent)) : cells(table);
    figure.append(button("Save as CSV", "save", () => save(figure.dataset.name, lines())));
  }
  for (const table of all("table.sortable")) {
    table.parentNode.after(button("Save as CSV", "save", () => save("comparison", cells(table))));
  }
  for (const command of all("pre.command")) {
    const text = command.textContent;
    command.append(button("Copy", "copy", (made) => {
      const done = (word) => { made.textContent = word; setTimeout(() => { made.textContent = "Copy"; }, 1500); };
      // From a disk a browser may refuse the clipboard; then the text is selected instead.
      const select = () => { getSelection().selectAllChildren(command.querySelector("code")); done("Selected"); };
      navigator.clipboard ? navigator.clipboard.writeText(text).then(() => done("Copied"), select) : select();
    }));
  }
})();
