// A view of tissue or of one picture that is moved, enlarged and turned. Squares of it are asked for when they come
// into sight, a few at a time, and arrive as messages; no address, no port, and nothing from elsewhere.

const FLIGHTS = 6, KEPT = 400;
const INKS = {text: "#1769d1", barcode: "#8a5a00", "unread barcode": "#b3261e", ink: "#7a1fa2", goes: "#b3261e", stays: "#1b6e3c"};

function viewer(tell) {
  const canvas = make("canvas", {
    class: "stage", tabindex: 0, role: "application", "data-lm-suppress-shortcuts": "true",
    "aria-label": "enlarged picture: arrow keys move, + and - zoom, 0 shows all, 1 shows pixels, R turns, Escape closes",
  });
  const told = make("span", {class: "where", role: "status"}), scale = make("span", {class: "scale"});
  const which = make("select", {onchange: () => tell({do: "source", value: which.selectedIndex})});
  const channel = make("select", {onchange: () => tell({do: "channel", value: channel.selectedIndex})});
  const channels = named(make("label", {}, "Channel"), channel);
  const note = make("p", {class: "note"});
  const press = (label, name, does) => make("button", {type: "button", "aria-label": name, title: name, onclick: does}, label);
  const bar = make("div", {class: "line"},
    named(make("label", {}, "Look at"), which), channels,
    press("+", "zoom in", () => zoom(2)), press("−", "zoom out", () => zoom(0.5)),
    press("fit", "show all", () => fit()), press("1:1", "show pixels as they are", () => pixels()),
    press("⟲", "turn left", () => turn(-90)), press("⟳", "turn right", () => turn(90)),
    press("close", "close the enlarged picture", () => tell({do: "close"})));
  const el = make("div", {class: "viewer"}, bar, note, canvas, make("div", {class: "line"}, told, scale));

  let now = {sources: [], source: 0, epoch: 0, channel: 0};
  let at = {x: 0, y: 0, zoom: 1, angle: 0};
  let tiles = new Map(), flying = new Set(), frame = 0, isOpen = false;

  const source = () => now.sources[now.source];
  const dense = () => window.devicePixelRatio || 1;
  const size = () => [canvas.clientWidth, canvas.clientHeight];
  const soon = () => { if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw(); }); };

  function fit() {
    const [w, h] = size(), one = source();
    if (!one || !w) return;
    const [width, height] = at.angle % 180 ? [one.height, one.width] : [one.width, one.height];
    at = {...at, x: one.width / 2, y: one.height / 2, zoom: Math.min(w / width, h / height)};
    soon();
  }
  function pixels() { at.zoom = 1 / dense(); soon(); }
  function turn(by) { at.angle = (at.angle + by + 360) % 360; soon(); }
  function zoom(by, px, py) {
    const [w, h] = size();
    const fixed = px === undefined ? null : place(px, py);
    const [least, one] = [Math.min(w / source().width, h / source().height) / 2, source()];
    at.zoom = Math.min(16, Math.max(Math.min(least, 1), at.zoom * by));
    if (fixed) {
      const moved = place(px, py);
      at.x += fixed[0] - moved[0];
      at.y += fixed[1] - moved[1];
    }
    stay(one);
    soon();
  }
  function stay(one) {
    at.x = Math.min(one.width, Math.max(0, at.x));
    at.y = Math.min(one.height, Math.max(0, at.y));
  }
  // Where a point of the screen lies in the picture.
  function place(px, py) {
    const [w, h] = size(), a = -at.angle * Math.PI / 180;
    const dx = (px - w / 2) / at.zoom, dy = (py - h / 2) / at.zoom;
    return [at.x + dx * Math.cos(a) - dy * Math.sin(a), at.y + dx * Math.sin(a) + dy * Math.cos(a)];
  }
  function move(dx, dy) {
    const [w, h] = size();
    [at.x, at.y] = place(w / 2 + dx, h / 2 + dy);
    stay(source());
    soon();
  }

  function inSight(level) {
    const one = source(), [w, h] = size(), side = one.tile;
    const corners = [[0, 0], [w, 0], [0, h], [w, h]].map(([x, y]) => place(x, y));
    const down = [one.width / level.width, one.height / level.height];
    const range = (axis, length) => {
      const ends = corners.map(corner => corner[axis] / down[axis] / side);
      return [Math.max(0, Math.floor(Math.min(...ends))), Math.min(Math.ceil(length / side) - 1, Math.floor(Math.max(...ends)))];
    };
    const [x0, x1] = range(0, level.width), [y0, y1] = range(1, level.height);
    const found = [];
    for (let y = y0; y <= y1; y++) for (let x = x0; x <= x1; x++) found.push([x, y]);
    const [mx, my] = [at.x / down[0] / side - 0.5, at.y / down[1] / side - 0.5];
    return found.sort((a, b) => Math.hypot(a[0] - mx, a[1] - my) - Math.hypot(b[0] - mx, b[1] - my));
  }

  function draw() {
    const one = source(), [w, h] = size();
    if (!isOpen || !one || !w) return;
    const ratio = dense(), ink = canvas.getContext("2d");
    if (canvas.width !== Math.round(w * ratio)) canvas.width = Math.round(w * ratio);
    if (canvas.height !== Math.round(h * ratio)) canvas.height = Math.round(h * ratio);
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.clearRect(0, 0, canvas.width, canvas.height);
    ink.scale(ratio, ratio);
    ink.translate(w / 2, h / 2);
    ink.rotate(at.angle * Math.PI / 180);
    ink.scale(at.zoom, at.zoom);
    ink.translate(-at.x, -at.y);
    ink.imageSmoothingEnabled = at.zoom * ratio < 2;
    const wanted = 1 / (at.zoom * ratio);
    let best = 0;
    one.levels.forEach((level, i) => { if (one.width / level.width <= wanted * 1.01) best = i; });
    const last = one.levels.length - 1, missing = [];
    for (let i = last; i >= best; i--) {
      const level = one.levels[i];
      const [fx, fy] = [one.width / level.width, one.height / level.height];
      for (const [x, y] of inSight(level)) {
        const key = `${now.source}/${now.channel}/${i}/${x}/${y}`, tile = tiles.get(key);
        if (!tile) {
          if (i === best || i === last) missing.push([key, i, x, y]);
          continue;
        }
        tiles.delete(key);
        tiles.set(key, tile); // the ones that were used last stay longest
        const side = one.tile;
        ink.drawImage(tile, x * side * fx, y * side * fy, tile.width * fx, tile.height * fy);
      }
    }
    missing.filter(([key]) => !flying.has(key)).slice(0, FLIGHTS - flying.size).forEach(ask);
    outline(ink, one);
    say(one, missing.length);
  }
  function outline(ink, one) {
    for (const mark of one.marks || []) {
      const [x, y, w, h] = [mark.x * one.width, mark.y * one.height, mark.w * one.width, mark.h * one.height];
      ink.lineWidth = 2 / at.zoom;
      ink.strokeStyle = INKS[mark.kind] || "#b3261e";
      ink.strokeRect(x, y, w, h);
    }
  }
  function ask([key, level, x, y]) {
    flying.add(key);
    tell({do: "tile", key, level, x, y, epoch: now.epoch});
  }
  function say(one, missing) {
    const percent = at.zoom * dense() * 100;
    told.textContent = `${one.label} · ${percent >= 10 ? Math.round(percent) : percent.toPrecision(2)} %`
      + (at.angle ? ` · turned ${at.angle}°` : "") + (missing ? " · loading …" : "");
    canvas.dataset.missing = missing;
    scale.hidden = !one.mpp;
    if (one.mpp) {
      const about = 110 * one.mpp / at.zoom, power = 10 ** Math.floor(Math.log10(about));
      const length = [5, 2, 1].find(n => n * power <= about) * power;
      scale.style.width = `${length / one.mpp * at.zoom}px`;
      scale.textContent = length >= 1000 ? `${length / 1000} mm` : `${length} µm`;
    }
  }

  async function take(said, view) {
    flying.delete(said.key);
    if (said.epoch !== now.epoch) return;
    if (view) {
      try {
        tiles.set(said.key, await createImageBitmap(new Blob([view])));
      } catch {
        return; // a square that cannot be drawn stays empty
      }
      while (tiles.size > KEPT) tiles.delete(tiles.keys().next().value);
    }
    soon();
  }
  const empty = () => { tiles.clear(); flying.clear(); };

  let held = null;
  canvas.addEventListener("pointerdown", event => {
    held = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    if (!held) return;
    move(held[0] - event.clientX, held[1] - event.clientY);
    held = [event.clientX, event.clientY];
  });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("dblclick", event => zoom(2, event.offsetX, event.offsetY));
  canvas.addEventListener("wheel", event => {
    if (document.activeElement !== canvas) return; // else a page could not be scrolled past it
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
  }, {passive: false});
  const KEYS = {
    ArrowLeft: () => move(-80, 0), ArrowRight: () => move(80, 0), ArrowUp: () => move(0, -80), ArrowDown: () => move(0, 80),
    "+": () => zoom(2), "=": () => zoom(2), "-": () => zoom(0.5), 0: fit, 1: pixels,
    r: () => turn(90), R: () => turn(-90), Escape: () => tell({do: "close"}),
  };
  canvas.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key]();
  });
  const sized = new ResizeObserver(soon);
  sized.observe(canvas);

  return {el, take, gone: () => { sized.disconnect(); empty(); }, put: says => {
    const before = source();
    now = {...now, ...says};
    if ("epoch" in says) empty();
    if ("sources" in says) which.replaceChildren(...now.sources.map(one => make("option", {}, one.label)));
    const one = source();
    which.selectedIndex = now.source;
    if (one) {
      channels.hidden = !one.channels.length;
      if (one !== before || "sources" in says) channel.replaceChildren(...one.channels.map(name => make("option", {}, name)));
      channel.selectedIndex = now.channel;
    }
    if ("note" in says) { note.textContent = says.note; note.hidden = !says.note; }
    const opened = now.open && !isOpen;
    isOpen = Boolean(now.open);
    canvas.hidden = !one;
    if (one !== before || opened) { at.angle = 0; requestAnimationFrame(fit); }
    if (opened) canvas.focus({preventScroll: true});
    if (!isOpen) empty();
    soon();
  }};
}
