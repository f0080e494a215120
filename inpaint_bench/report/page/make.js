// Elements. Text from files is only ever inserted as text: no string becomes HTML.
"use strict";

// An element with attributes, listeners (onclick: …) and children; a child may be a string.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

function choice(id, title, options, value, onchange) {
  const select = make("select", { id, onchange: (event) => onchange(event.target.value) });
  for (const [key, text] of options) select.append(make("option", { value: key, selected: key === value }, text));
  return make("label", { class: "field" }, make("span", {}, title), select);
}
