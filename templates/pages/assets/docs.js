// Shows openapi.json, and sends requests to its server.
const main = document.getElementById("main");
const nav = document.getElementById("operations");
const root = new URL(main.dataset.root, location.href);
const tokens = { accessToken: "", refreshToken: "" };
let api;

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.flat());
  return element;
}
const when = (condition, make) => (condition ? [make()].flat() : []);
const quiet = (text) => h("span", { class: "quiet" }, text);
const prose = (text = "") => text.split("`").map((piece, i) => (i % 2 ? h("code", {}, piece) : piece));
const small = (...children) => h("p", { class: "small" }, ...children);
const list = (rows) => h("dl", {}, rows.flatMap(([term, ...parts]) => [h("dt", {}, term), h("dd", {}, ...parts)]));
const pretty = (value) => JSON.stringify(value, null, 2);
const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
const first = (object = {}) => Object.entries(object)[0] ?? [];

function resolve(schema) {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.slice(2).split("/").reduce((at, key) => at?.[key], api) ?? {};
}

function range(low, high, unit) {
  if (low == null) return high == null ? [] : [`up to ${high}${unit}`];
  return [high == null ? `${low} or more${unit}` : `${low} to ${high}${unit}`];
}

function typeOf(given) {
  const schema = resolve(given);
  const type = [schema.type ?? "any value"].flat().join(" or ");
  return [
    type === "array" ? `list of ${typeOf(schema.items)}` : type,
    ...when(schema.format, () => schema.format),
    ...range(schema.minLength, schema.maxLength, " characters"),
    ...range(schema.minimum, schema.maximum, ""),
    ...when(schema.enum, () => `one of ${schema.enum.join(", ")}`),
    ...when(schema.const != null, () => `always ${schema.const}`),
  ].join(", ");
}

function example(given, depth = 0) {
  const schema = resolve(given);
  const told = schema.examples?.[0] ?? schema.example ?? schema.const ?? schema.default ?? schema.enum?.[0];
  if (told != null) return told;
  const [type] = [schema.type].flat();
  if (type === "object") {
    const members = Object.entries(schema.properties ?? {}).filter(
      ([name, one]) => depth < 6 && (schema.required?.includes(name) || resolve(one).examples));
    return Object.fromEntries(members.map(([name, member]) => [name, example(member, depth + 1)]));
  }
  if (type === "array") return depth < 6 ? [example(schema.items, depth + 1)] : [];
  if (type === "boolean") return true;
  if (type === "integer") return schema.minimum ?? 1;
  return { "date-time": "2026-01-31T08:00:00Z", email: "ada@example.org" }[schema.format] ?? "text";
}

function members(given, depth = 0) {
  let schema = resolve(given);
  if (schema.type === "array") schema = resolve(schema.items);
  const rows = Object.entries(schema.properties ?? {}).map(([name, member]) => [
    name, typeOf(member), ...when(!schema.required?.includes(name), () => quiet(" · may be left out")),
    small(quiet(prose(member.description))), members(member, depth + 1),
  ]);
  return rows.length && depth < 6 ? [list(rows)] : [];
}

function field(id, label, attributes) {
  const tag = attributes.rows ? "textarea" : "input";
  const input = h(tag, { id, autocomplete: "off", spellcheck: "false", ...attributes });
  return [h("div", {}, h("label", { for: id }, label), input), input];
}

function describeRequest(operation, inputs) {
  let path = operation.path.slice(1);
  const query = new URLSearchParams();
  for (const [{ name, in: place }, { value }] of inputs.parameters) {
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value) query.set(name, value);
  }
  const url = new URL(path, root);
  url.search = query;
  const request = { url, method: operation.method.toUpperCase(), headers: {} };
  if (!operation.media) return request;
  request.headers["Content-Type"] = operation.media;
  request.body = inputs.body.value;
  if (operation.media.includes("urlencoded")) {
    try { request.body = new URLSearchParams(JSON.parse(request.body)).toString(); } catch {}
  }
  return request;
}

function curl(operation, { url, method, headers, body }) {
  const variable = operation.scheme === "accessToken" ? "ACCESS_TOKEN" : "REFRESH_TOKEN";
  return [
    `curl -X ${method} ${quote(url)}`,
    ...when(operation.scheme, () => `-H "Authorization: Bearer $${variable}"`),
    ...Object.entries(headers).map((header) => `-H ${quote(header.join(": "))}`),
    ...when(body, () => `--data ${quote(body)}`),
  ].join(" \\\n  ");
}

async function send(operation, request, result) {
  const token = tokens[operation.scheme];
  if (token) request.headers.Authorization = `Bearer ${token}`;
  try {
    const response = await fetch(request.url, { ...request, credentials: "omit", cache: "no-store" });
    let text = await response.text();
    try {
      const json = JSON.parse(text);
      text = pretty(json);
      keepTokens(json);
    } catch {}
    result.textContent = `${response.status} ${response.statusText}\n\n${text}`;
  } catch (error) {
    result.textContent = `No answer: ${error.message}`;
  }
  result.hidden = false;
}

function keepTokens({ access_token: accessToken, refresh_token: refreshToken }) {
  if (!accessToken || !refreshToken) return;
  Object.assign(tokens, { accessToken, refreshToken });
  for (const scheme of Object.keys(tokens)) document.getElementById(scheme).value = tokens[scheme];
}

function showRequest(operation) {
  const inputs = { parameters: [] };
  const fields = operation.parameters.map((one) => {
    const [row, input] = field(`${operation.operationId}-${one.name}`, one.name, {});
    inputs.parameters.push([one, input]);
    return row;
  });
  if (operation.media) {
    const label = operation.media.includes("urlencoded") ? "Fields, as JSON" : "Body";
    const [row, input] = field(`${operation.operationId}-body`, label, { rows: 6 });
    input.value = pretty(example(operation.schema));
    inputs.body = input;
    fields.push(row);
  }
  const line = h("pre", {});
  const result = h("pre", { role: "status", hidden: "" });
  const update = () => { line.textContent = curl(operation, describeRequest(operation, inputs)); };
  update();
  const onsubmit = (event) => {
    event.preventDefault();
    send(operation, describeRequest(operation, inputs), result);
  };
  const form = h("form", { class: "stack", onsubmit, oninput: update }, fields, h("button", {}, "Send"), result);
  return [h("h4", {}, "curl"), line, h("details", {}, h("summary", {}, "Try it"), form)];
}

function showAnswer([status, given]) {
  const answer = resolve(given);
  const [media, content] = first(answer.content);
  return [
    status, answer.description, ...when(media, () => quiet(` · ${Object.keys(answer.content).join(", ")}`)),
    Object.entries(answer["x-codes"] ?? {}).map(([code, sentence]) => small(h("code", {}, code), ` ${sentence}`)),
    ...when(status < 300 && media === "application/json", () => h("details", {},
      h("summary", {}, "Example and members"), h("pre", {}, pretty(example(content.schema))), members(content.schema))),
  ];
}

const methodAndPath = ({ method, path }) => [h("span", { class: `method ${method}` }, method), path];

function showOperation(operation) {
  const token = operation.scheme === "accessToken" ? "access" : "refresh";
  return h("article", { id: operation.operationId },
    h("h3", {}, methodAndPath(operation)), h("p", {}, prose(operation.summary)),
    ...when(operation.description, () => h("p", { class: "quiet" }, prose(operation.description))),
    ...when(operation.scheme, () => small(`Needs the ${token} token.`)),
    ...when(operation.parameters.length, () => [h("h4", {}, "Parameters"), list(operation.parameters.map((one) => [
      one.name, `${one.in}, ${typeOf(one.schema)}`, small(quiet(prose(one.description))),
    ]))]),
    ...when(operation.media, () => [
      h("h4", {}, `Body · ${Object.keys(operation.requestBody.content).join(", ")}`), ...members(operation.schema),
    ]),
    h("h4", {}, "Answers"), list(Object.entries(operation.responses).map(showAnswer)), showRequest(operation));
}

function listOperations() {
  return Object.entries(api.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => {
    const [media, content] = first(operation.requestBody?.content);
    const [scheme] = first(operation.security?.[0]);
    return { parameters: [], ...operation, path, method, media, schema: content?.schema, scheme };
  }));
}

function showTokens() {
  const fields = [["accessToken", "Access token"], ["refreshToken", "Refresh token"]].map(([scheme, label]) => {
    const [row, input] = field(scheme, label, { type: "password" });
    input.addEventListener("input", () => { tokens[scheme] = input.value.trim(); });
    return row;
  });
  const what = "They stay in this page's memory. A sign-in that you try fills them in.";
  return h("form", { class: "tokens" }, h("h2", {}, "Tokens"), small(quiet(what)), fields);
}

try {
  api = await (await fetch(new URL("openapi.json", root))).json();
  document.getElementById("version").textContent = api.info.version;
  const description = document.getElementById("notice");
  description.replaceChildren(api.info.description, " ", h("a", { href: new URL("openapi.json", root) }, "openapi.json"));
  main.append(showTokens());
  const all = listOperations();
  for (const tag of new Set(all.map(({ tags }) => tags[0]))) {
    const operations = all.filter(({ tags }) => tags[0] === tag);
    const links = operations.map((one) => h("li", {}, h("a", { href: `#${one.operationId}` }, methodAndPath(one))));
    nav.append(h("h2", {}, tag), h("ul", {}, links));
    main.append(h("h2", {}, tag), ...operations.map(showOperation));
  }
  nav.hidden = false;
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  document.getElementById("notice").prepend(`It could not be read: ${error.message}. `);
}
