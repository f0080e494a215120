// Shared helpers of the report's views.
"use strict";

const R = window.REPORT;

const arrow = (metric) => (R.metrics[metric].better === "higher" ? "↑" : "↓");
const methodNames = R.methods.map((method) => method.name);
const pairMetrics = Object.keys(R.scored);

function metricTitle(metric) {
  const unit = R.metrics[metric].unit;
  return `${metric} ${arrow(metric)}${unit ? ` [${unit}]` : ""}`;
}

// A score with the digits that tables print.
function printed(metric, value) {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : value.toFixed(R.metrics[metric].decimals);
}

// A score as a number to sort by: an infinite one is the largest, an undefined one is NaN.
function asNumber(value) {
  if (value === null || value === undefined) return NaN;
  return value === "inf" ? Infinity : value;
}

// The score of the composite of a pair; undefined where the method was not scored in the metric.
function score(metric, method, pair) {
  return pair.page.scores[metric]?.[method]?.[pair.at];
}

function bucketTitle(name) {
  return R.buckets.find((bucket) => bucket.name === name)?.title ?? "outside all buckets";
}

const percent = (ratio) => `${(100 * ratio).toFixed(1)}%`;

// --- images -------------------------------------------------------------------------------------

const url = (...names) => ["pictures", ...names].map(encodeURIComponent).join("/");
const targetUrl = (pair) => url("targets", `${pair.pair}.png`);
const holeUrl = (pair) => url("holes", `${pair.pair}.png`);

function compositeUrl(method, pair, sample = chosenSample(method, pair)) {
  return url("methods", method, sample === null ? `${pair.pair}.png` : `${pair.pair}.s${sample}.png`);
}

function chosenSample(method, pair) {
  return pair.page.samples[method]?.chosen[pair.at] ?? null;
}

function picture(source, alt, pair, attributes = {}) {
  const size = { width: pair.width, height: pair.height, decoding: "async", draggable: "false" };
  return make("img", { loading: "lazy", ...size, alt, ...attributes, src: source }); // loading is set before src
}
