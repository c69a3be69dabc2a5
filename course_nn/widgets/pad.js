// A pad to write a digit on. The strokes are kept in the model, so that every view of it shows the
// same. The front end itself sends no second change of a model before the kernel has answered the
// first, and then only the newest: drawing never waits for the kernel.

const PEN = 0.1, STEP = 0.025; // parts of the pad: how wide the pen is, how far an arrow key goes
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function render({ model, el }) {
  const words = model.get("words");
  el.classList.add("course-nn-pad");
  el.dataset.lmSuppressShortcuts = "true"; // keys pressed here are not JupyterLab's
  el.innerHTML = `
    <div class="writing">
      <div class="paper">
        <canvas width="500" height="500" tabindex="0" role="application"></canvas>
        <p class="hint"></p>
      </div>
      <div class="buttons">
        <button type="button" class="jupyter-button clear"></button>
        <button type="button" class="jupyter-button undo"></button>
      </div>
      <p class="keys" role="status" aria-live="polite"></p>
    </div>
    <div class="reading">
      <p class="says" role="status" aria-live="polite"></p>
      <div class="seen">
        <canvas width="28" height="28" role="img"></canvas>
        <p class="caption"></p>
      </div>
      <table class="shares"><caption></caption><tbody></tbody></table>
    </div>`;
  const find = (name) => el.querySelector(name);
  const paper = find(".paper canvas"), seen = find(".seen canvas");
  const [says, hint, keys] = [find(".says"), find(".hint"), find(".keys")];
  const [clear, undo] = [find(".clear"), find(".undo")];
  paper.setAttribute("aria-label", words.pad);
  paper.setAttribute("aria-description", words.keys);
  seen.setAttribute("aria-label", words.image);
  hint.textContent = words.hint;
  [clear.textContent, undo.textContent] = [words.clear, words.undo];
  [find(".caption").textContent, find("caption").textContent] = [words.image, words.shares];
  const rows = [...Array(10).keys()].map((digit) => {
    const row = find("tbody").insertRow();
    row.innerHTML = `<th scope="row">${digit}</th><td><div class="bar"></div></td><td class="share"></td>`;
    row.dataset.digit = digit;
    return row;
  });

  // The strokes, and the pointers and keys that make them

  const strokes = () => model.get("strokes");
  const write = (next) => {
    model.set("strokes", next);
    model.save_changes();
  };
  const begin = (point) => {
    write([...strokes(), [point]]);
    return strokes().length - 1;
  };
  const extend = (number, points) =>
    write(strokes().map((stroke, i) => (i === number ? [...stroke, ...points] : stroke)));
  const within = (x) => Math.round(1000 * Math.min(Math.max(x, 0), 1)) / 1000;

  const pointers = new Map(); // the number of the stroke that each is writing
  const at = (event) => {
    const box = paper.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  };
  paper.onpointerdown = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    paper.focus({ preventScroll: true });
    paper.setPointerCapture(event.pointerId);
    usesKeys = penDown = false;
    pointers.set(event.pointerId, begin(at(event)));
  };
  paper.onpointermove = (event) => {
    if (!pointers.has(event.pointerId)) return;
    const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    extend(pointers.get(event.pointerId), (between.length ? between : [event]).map(at));
  };
  paper.onlostpointercapture = (event) => {
    pointers.delete(event.pointerId);
    show();
  };
  paper.oncontextmenu = (event) => {
    event.preventDefault(); // a finger held still
    event.stopPropagation();
  };

  let cursor = [0.5, 0.2], usesKeys = false, penDown = false;
  const held = new Set(); // two arrows at once go askew
  paper.onkeydown = (event) => {
    if (event.altKey || event.metaKey || (event.ctrlKey && event.key !== "z")) return;
    if (event.key in ARROWS) {
      held.add(event.key);
      for (const key of held) cursor = cursor.map((x, i) => within(x + STEP * ARROWS[key][i]));
      if (penDown) extend(strokes().length - 1, [cursor]);
    } else if (event.key === " ") {
      if (event.repeat) return event.preventDefault();
      penDown = !penDown;
      if (penDown) begin(cursor);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      empty();
    } else if (event.ctrlKey) {
      back();
    } else return;
    event.preventDefault();
    event.stopPropagation();
    usesKeys = true;
    show();
  };
  paper.onkeyup = (event) => held.delete(event.key);
  paper.onfocus = () => {
    usesKeys = paper.matches(":focus-visible");
    show();
  };
  paper.onblur = () => {
    held.clear();
    usesKeys = penDown = false;
    show();
  };

  const lift = () => {
    penDown = false;
    pointers.clear();
  };
  const empty = () => (lift(), write([]), show());
  const back = () => (lift(), write(strokes().slice(0, -1)), show());
  clear.onclick = empty;
  undo.onclick = back;

  // What is seen of them

  const show = () => {
    const pen = paper.getContext("2d"), side = paper.width;
    pen.clearRect(0, 0, side, side);
    pen.lineWidth = PEN * side;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "#1a1a1a";
    for (const stroke of strokes()) {
      pen.beginPath();
      for (const [x, y] of [stroke[0], ...stroke]) pen.lineTo(x * side, y * side); // a dot is a line too
      pen.stroke();
    }
    if (usesKeys) {
      pen.beginPath();
      pen.arc(cursor[0] * side, cursor[1] * side, (PEN / 2) * side + 6, 0, 7);
      pen.lineWidth = 8;
      pen.strokeStyle = "#d55e00";
      if (penDown) (pen.fillStyle = "#d55e00"), pen.fill();
      pen.stroke();
    }
    hint.hidden = strokes().length > 0 || usesKeys;
    keys.textContent = penDown ? words.down : words.keys;
    keys.classList.toggle("used", usesKeys);
    says.setAttribute("aria-busy", penDown || pointers.size > 0); // read aloud when the pen is up
  };

  const answer = () => {
    const shares = model.get("shares"); // none where nothing is written
    const best = shares.indexOf(Math.max(...shares));
    says.textContent = model.get("says");
    rows.forEach((row, digit) => {
      row.classList.toggle("best", digit === best);
      row.querySelector(".bar").style.setProperty("--share", shares[digit] || 0);
      row.querySelector(".share").textContent = shares.length ? `${Math.round(100 * shares[digit])} %` : "";
    });
    const ink = seen.getContext("2d"), pixels = ink.createImageData(28, 28);
    const bytes = model.get("image"); // a DataView
    for (let i = 0; i < 784; i++) {
      pixels.data.fill(shares.length ? 255 - bytes.getUint8(i) : 255, 4 * i, 4 * i + 3);
      pixels.data[4 * i + 3] = 255;
    }
    ink.putImageData(pixels, 0, 0);
  };

  const heard = { "change:strokes": show, "change:says change:shares change:image": answer };
  for (const events in heard) model.on(events, heard[events]);
  show(), answer();
  return () => {
    for (const events in heard) model.off(events, heard[events]);
  };
}

export default { render };
