// Sends pairs of POSTs by Node's own HTTP client over an agent that keeps connections, as services do: each pair with another
// pause between the two. The question is JSON on standard input ({url, pauses} in milliseconds), the answer JSON on standard
// output: how each second request fared, and whether it went over the connection of the first.
"use strict";

const http = require("node:http");
const { readFileSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");

const question = JSON.parse(readFileSync(0, "utf8"));

function post(agent) {
  return new Promise((resolve) => {
    const request = http.request(question.url, { method: "POST", agent }, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode, reused: request.reusedSocket }));
    });
    request.on("error", (error) => resolve({ error: error.code, reused: request.reusedSocket }));
    request.end();
  });
}

async function pair(pause) {
  // Node.js 18 follows what the server says only where the agent has a limit of its own.
  const agent = new http.Agent({ keepAlive: true, timeout: 60_000 });
  await post(agent);
  await sleep(pause);
  const second = await post(agent);
  agent.destroy();
  return { pause, ...second };
}

Promise.all(question.pauses.map(pair)).then((answer) => process.stdout.write(JSON.stringify(answer)));
