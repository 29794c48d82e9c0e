// Draws what the kernel describes: a tree of parts, each a kind, a number and what it says.
// Texts become text nodes, never markup. Nothing here is kept as the state of a widget, so nothing of it is saved.

const make = (tag, says = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(says)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
};

const badge = (text, tone) => make("span", {class: `badge ${tone || "quiet"}`}, text);

// A name and what it names, side by side.
const named = (words, input) => {
  input.id = words.htmlFor = `blankslide-${Math.random().toString(36).slice(2)}`;
  return make("span", {class: "named"}, words, input);
};

const picture = view => URL.createObjectURL(new Blob([view]));

// What a part is drawn as: `put` is called with all it says at first, then with what changed.
const KINDS = {
  box: () => {
    const el = make("div");
    return {el, put: says => {
      if ("style" in says) el.className = `box ${says.style}`;
      if ("name" in says && says.name) { el.setAttribute("role", "group"); el.setAttribute("aria-label", says.name); }
    }};
  },

  head: () => {
    const el = make("div", {class: "head", role: "status"});
    let now = {};
    return {el, put: says => {
      now = {...now, ...says};
      const title = make(`h${now.level}`, {}, now.text, " ");
      if (now.state) title.append(badge(now.state, now.tone));
      el.replaceChildren(...(now.text ? [title] : []));
    }};
  },

  text: () => {
    const el = make("div", {class: "text"});
    return {el, put: says => {
      if ("live" in says && says.live) el.setAttribute("role", "status");
      if ("tone" in says) el.className = `text ${says.tone}`;
      if ("lines" in says) el.replaceChildren(...says.lines.map(line => make("p", {}, line)));
    }};
  },

  button: tell => {
    const el = make("button", {type: "button", onclick: () => tell({do: "press"})});
    return {el, put: says => {
      if ("label" in says) el.textContent = says.label;
      if ("disabled" in says) el.disabled = says.disabled;
      if ("danger" in says) el.classList.toggle("danger", says.danger);
      if ("tip" in says) el.title = says.tip;
    }};
  },

  toggle: tell => {
    const el = make("button", {type: "button"});
    el.addEventListener("click", () => tell({do: "set", value: el.getAttribute("aria-pressed") !== "true"}));
    return {el, put: says => {
      if ("label" in says) el.textContent = says.label;
      if ("disabled" in says) el.disabled = says.disabled;
      if ("value" in says) el.setAttribute("aria-pressed", says.value);
    }};
  },

  check: tell => {
    const input = make("input", {type: "checkbox", onchange: () => tell({do: "set", value: input.checked})});
    const words = make("span"), el = make("label", {class: "check"}, input, words);
    return {el, put: says => {
      if ("label" in says) words.textContent = says.label;
      if ("disabled" in says) input.disabled = says.disabled;
      if ("value" in says) input.checked = says.value;
    }};
  },

  choice: tell => {
    const input = make("select", {onchange: () => tell({do: "set", value: input.selectedIndex})});
    const words = make("label"), el = named(words, input);
    return {el, put: says => {
      if ("label" in says) words.textContent = says.label;
      if ("options" in says) input.replaceChildren(...says.options.map(text => make("option", {}, text)));
      if ("disabled" in says) input.disabled = says.disabled;
      if ("chosen" in says) input.selectedIndex = says.chosen;
    }};
  },

  field: tell => {
    let waiting = 0;
    const told = () => { clearTimeout(waiting); tell({do: "set", value: input.value}); };
    const input = make("input", {
      oninput: () => { clearTimeout(waiting); waiting = setTimeout(told, 180); },
      onchange: told,
    });
    const words = make("label"), el = named(words, input);
    return {el, put: says => {
      if ("label" in says) words.textContent = says.label;
      if ("type" in says) input.type = says.type;
      if ("width" in says) input.style.width = says.width;
      if ("placeholder" in says) input.placeholder = says.placeholder;
      if ("disabled" in says) input.disabled = says.disabled;
      if ("value" in says && says.value !== input.value) input.value = says.value;
      if ("focus" in says && input.isConnected) input.focus();
    }};
  },

  bar: () => {
    const bar = make("progress", {max: 1}), words = make("span", {role: "status"});
    const el = make("div", {class: "bar"}, bar, words);
    return {el, put: says => {
      if ("label" in says) bar.setAttribute("aria-label", says.label);
      if ("value" in says) bar.value = says.value;
      if ("words" in says) words.textContent = says.words;
    }};
  },

  pictures: tell => {
    const percent = part => `${100 * part}%`;
    const outlined = mark => make("span", {
      class: "mark", title: mark.kind, style: `left:${percent(mark.x)};top:${percent(mark.y)};`
        + `width:${percent(mark.w)};height:${percent(mark.h)};border-color:${INKS[mark.kind] || "#b3261e"}`,
    });
    const el = make("ul", {class: "pictures"});
    let addresses = [];
    const forget = () => { addresses.forEach(URL.revokeObjectURL); addresses = []; };
    const shown = item => {
      if (item.image === null) return make("div", {class: "hole"}, item.why || "");
      addresses.push(picture(item.image));
      const image = make("span", {class: item.whole ? "framed whole" : "framed"}, make("img", {src: addresses.at(-1), alt: item.alt}),
        ...(item.marks || []).map(outlined));
      if (!item.opens) return image;
      return make("button", {
        type: "button", class: "picture", title: item.opens, "aria-label": item.opens, onclick: () => tell({do: "enlarge", value: item.key}),
      }, image);
    };
    return {el, gone: forget, put: says => {
      if ("name" in says) el.setAttribute("aria-label", says.name);
      if (!("items" in says)) return;
      forget();
      el.replaceChildren(...says.items.map(item =>
        make("li", {}, make("figure", {}, make("figcaption", {}, item.caption), shown(item)))));
    }};
  },

  table: tell => {
    const body = make("tbody"), head = make("tr"), caption = make("caption");
    const table = make("table", {}, caption, make("thead", {}, head), body);
    const el = make("div", {class: "rows", tabindex: 0, role: "region"}, table);
    let now = {};
    const cell = (said, first) => {
      const made = make(first ? "th" : "td", first ? {scope: "row"} : {});
      if (said.image) {
        const image = make("img", {alt: said.alt || "", src: picture(said.image)});
        image.addEventListener("load", () => URL.revokeObjectURL(image.src));
        made.append(image);
      }
      if (said.badge) made.append(badge(said.badge, said.tone), " ");
      made.append(said.text || "");
      if (said.title) made.title = said.title;
      return made;
    };
    const choice = row => make("td", {}, make("select", {
      "aria-label": row.choice.label,
      title: row.choice.tip,
      disabled: row.choice.disabled,
      "data-of": row.id,
      onchange: event => tell({do: "choose", row: row.id, value: event.target.selectedIndex}),
    }, ...row.choice.options.map((text, i) => make("option", {selected: i === row.choice.chosen}, text))));
    const presses = row => make("td", {}, make("button", {
      type: "button", "aria-label": row.press.name, disabled: row.press.disabled, "data-of": row.id,
      onclick: () => tell({do: "row", row: row.id}),
    }, row.press.label));
    const drawn = row => make("tr", {class: row.tone || ""},
      ...row.cells.map((said, i) => cell(said, i === now.first)),
      row.choice ? choice(row) : null, row.press ? presses(row) : null);
    return {el, put: says => {
      now = {...now, ...says};
      if ("name" in says) { el.setAttribute("aria-label", says.name); caption.textContent = says.name; }
      if ("least" in says) table.style.minWidth = says.least;
      if ("columns" in says) {
        head.replaceChildren(...says.columns.map(([text, width]) =>
          make("th", {scope: "col", style: width ? `width:${width}` : null}, text)));
      }
      if (!("rows" in says)) return;
      const held = el.contains(document.activeElement) ? document.activeElement.dataset.of : undefined;
      const at = el.scrollTop;
      body.replaceChildren(...says.rows.map(drawn));
      el.scrollTop = at;
      if (held !== undefined) {
        const again = [...body.querySelectorAll("[data-of]")].find(one => one.dataset.of === held);
        (again || el).focus();
      }
      table.hidden = !says.rows.length;
      el.tabIndex = says.rows.length ? 0 : -1;
    }};
  },

  fold: tell => {
    const title = make("summary"), inside = make("div", {class: "inside"});
    const el = make("details", {ontoggle: () => tell({do: "set", value: el.open})}, title, inside);
    return {el, inside, put: says => {
      if ("label" in says) title.textContent = says.label;
      if ("value" in says && el.open !== says.value) el.open = says.value;
    }};
  },

  // Keys for everything inside, unless somebody types.
  keys: tell => {
    const el = make("div", {class: "keys", tabindex: 0, "data-lm-suppress-shortcuts": "true", role: "group"});
    let keys = [];
    el.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, .stage")) return;
      if (!keys.includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.repeat) return;  // a key that is held would judge slides that nobody has seen
      tell({do: "key", value: event.key});
    });
    return {el, put: says => {
      if ("keys" in says) keys = says.keys;
      if ("name" in says) el.setAttribute("aria-label", says.name);
    }};
  },

  viewer: tell => viewer(tell),
};

function render({model, el}) {
  const me = Math.random().toString(36).slice(2);
  const root = make("div", {class: "blankslide"});
  const parts = new Map();
  root.innerHTML = model.get("still");
  el.append(root);

  const whole = (value, buffers) => {
    if (Array.isArray(value)) return value.map(one => whole(one, buffers));
    if (value === null || typeof value !== "object") return value;
    if ("blob" in value) return buffers[value.blob];
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, whole(one, buffers)]));
  };
  const forget = node => {
    const part = parts.get(node);
    if (!part) return;
    part.children.forEach(forget);
    if (part.gone) part.gone();
    parts.delete(node);
  };
  const draw = node => {
    const part = KINDS[node.kind](said => model.send({part: node.id, ...said}));
    part.children = [];
    parts.set(node.id, part);
    put(node.id, node.says);
    fill(node.id, node.children || []);
    return part.el;
  };
  const put = (id, says) => {
    const part = parts.get(id);
    if (!part) return;
    if ("shown" in says) part.el.hidden = !says.shown;
    part.put(says);
  };
  const fill = (id, nodes) => {
    const part = parts.get(id);
    if (!part || (!nodes.length && !part.children.length)) return;
    part.children.forEach(forget);
    part.children = nodes.map(node => node.id);
    (part.inside || part.el).replaceChildren(...nodes.map(draw));
  };
  const heard = (said, buffers) => {
    if (said.tree && said.to === me) {
      [...parts.keys()].forEach(forget);
      root.replaceChildren(draw(whole(said.tree, buffers)));
    }
    if (said.fill) Object.entries(said.fill).forEach(([id, nodes]) => fill(Number(id), whole(nodes, buffers)));
    if (said.put) Object.entries(said.put).forEach(([id, says]) => put(Number(id), whole(says, buffers)));
    if (said.tile) parts.get(said.part)?.take?.(said.tile, buffers[0]);
    if (said.gone) root.innerHTML = model.get("still");
  };
  model.on("msg:custom", heard);
  const stop = keepStill(model);
  model.send({hello: me});
  return () => {
    model.off("msg:custom", heard);
    [...parts.keys()].forEach(forget);
    stop();
  };
}

// JupyterLab keeps the state of widgets only where a person has asked for it; a notebook that is opened again without
// it says "model not found". So this one widget's state, which holds nothing but the summary, is put into the notebook
// whenever that is saved. Where the front end is another one, nothing happens.
function keepStill(model) {
  const nothing = () => {};
  try {
    const manager = model.widget_manager, context = manager.context;
    if (!context?.saveState?.connect || !context.model?.setMetadata) return nothing;
    const KIND = "application/vnd.jupyter.widget-state+json";
    const saving = (_, state) => {
      if (state !== "started") return;
      const kept = structuredClone(context.model.getMetadata("widgets") || {});
      const all = kept[KIND] ??= {version_major: 2, version_minor: 0, state: {}};
      const names = ["_model_module", "_model_module_version", "_model_name"];
      const own = [..."_view_module _view_module_version _view_name _view_count _anywidget_id _esm _css still".split(" "), ...names];
      const id = model.get("own");
      all.state[id] = {
        model_name: model.get("_model_name"), model_module: model.get("_model_module"),
        model_module_version: model.get("_model_module_version"),
        state: Object.fromEntries([...own, "own"].map(name => [name, model.get(name)]).filter(([, v]) => v !== undefined)),
      };
      context.model.setMetadata("widgets", kept);
    };
    context.saveState.connect(saving);
    return () => context.saveState.disconnect(saving);
  } catch {
    return nothing;
  }
}

export default {render};
