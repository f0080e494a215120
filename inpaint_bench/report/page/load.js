// The data of pairs, in files that are loaded when they are needed and forgotten when others were needed since. A page that
// is opened as a file may load scripts alone.
"use strict";

const Load = (() => {
  const MOST = 40; // pages and columns that are held
  const held = new Map(); // promises by name, the last used last
  let numbers = new Map(); // of pairs, by name
  let index = null;

  function file(name) {
    const found = held.get(name) ?? new Promise((loaded, failed) => {
      const take = () => {
        script.remove();
        loaded(window.REPORT_FILES[name]);
        delete window.REPORT_FILES[name];
      };
      const fail = () => failed(new Error(`pairs/${name}.js cannot be read. Write the report again.`));
      const script = make("script", { src: `pairs/${name}.js`, onload: take, onerror: fail });
      document.head.append(script);
    });
    held.delete(name);
    held.set(name, found);
    if (held.size > MOST) held.delete(held.keys().next().value);
    return found;
  }

  // By fact a list of all pairs; it stays.
  async function all() {
    if (!index) {
      const found = await file("index");
      numbers = new Map(found.pair.map((name, number) => [name, number]));
      index = found;
    }
    return index;
  }

  // A pair with its scores and samples; `all` was awaited before.
  async function pair(number) {
    const page = await file(`page.${Math.floor(number / R.per_page)}`);
    const at = number % R.per_page;
    const [height, width] = page.sizes[at];
    const [name, image, mask] = [index.pair[number], index.image[number], index.mask[number]];
    return { number, pair: name, image, mask, ratio: index.ratio[number], bucket: bucketOf(number), height, width, page, at };
  }

  const numberOf = (name) => numbers.get(name);
  const bucketOf = (number) => R.buckets[index.bucket[number]]?.name ?? "";

  // The scores of all pairs of a method in a metric as numbers: infinite ones are Infinity, undefined ones NaN.
  async function column(metric, method) {
    const values = await file(`scores.${pairMetrics.indexOf(metric)}.${methodNames.indexOf(method)}`);
    return values.map(asNumber);
  }

  return { all, pair, numberOf, bucketOf, column };
})();
