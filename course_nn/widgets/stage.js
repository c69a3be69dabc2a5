// An image that the kernel draws. Drags go to the kernel one at a time: the next one waits
// until the last is answered, and of those that wait only the newest is sent.

function render({ model, el }) {
  el.classList.add("course-nn-stage");
  const image = document.createElement("img");
  el.append(image);

  const draw = () => {
    const url = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
    const sent = model.get("sent");
    image.onload = image.onerror = () => {
      URL.revokeObjectURL(url);
      nameSliders();
      if (model.get("seen") === sent) return;
      model.set("seen", sent);
      model.save_changes();
    };
    image.src = url;
  };
  // ipywidgets writes the label beside a slider and does not tell a screen reader that it is its name.
  const builds = new MutationObserver(() => nameSliders());
  const nameSliders = () => {
    const figure = el.closest(".course-nn");
    if (!figure) return;
    builds.observe(figure, { childList: true, subtree: true });
    for (const slider of figure.querySelectorAll("[role=slider]")) {
      const label = slider.closest(".widget-inline-hbox").querySelector(".widget-label");
      slider.setAttribute("aria-label", label.textContent);
    }
  };

  const name = () => (image.alt = model.get("alt"));
  const allow = () => el.classList.toggle("draggable", model.get("draggable"));
  const heard = { "change:png": draw, "change:alt": name, "change:draggable": allow };
  for (const event in heard) model.on(event, heard[event]);
  draw(), name(), allow();

  let number = 0, waiting = null, underway = false;
  const send = () => {
    if (underway || !waiting) return;
    underway = true;
    model.set("pointer", [++number, ...waiting]);
    model.save_changes();
    waiting = null;
  };
  const answered = () => {
    underway = model.get("answered") < number;
    send();
  };
  model.on("change:answered", answered);
  number = model.get("answered");

  const at = (event, pressed) => {
    const box = image.getBoundingClientRect();
    const part = (x) => Math.min(Math.max(x, 0), 1);
    const [right, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    // A press that still waits must not be lost behind the first move.
    waiting = [part(right), part(down), pressed || Boolean(waiting && waiting[2])];
    send();
  };
  image.onpointerdown = (event) => {
    if (!model.get("draggable")) return;
    event.preventDefault();
    image.setPointerCapture(event.pointerId);
    at(event, true);
  };
  image.onpointermove = (event) => {
    if (image.hasPointerCapture(event.pointerId)) at(event, false);
  };

  return () => {
    for (const event in heard) model.off(event, heard[event]);
    model.off("change:answered", answered);
    builds.disconnect();
  };
}

export default { render };
