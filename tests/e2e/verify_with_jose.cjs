// Verifies one access token with npm's jose against a remote key set. The argument is the folder that
// holds node_modules; the question is JSON on standard input, the answer JSON on standard output.
"use strict";

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const jose = createRequire(join(process.argv[2], "package.json"))("jose");
const question = JSON.parse(readFileSync(0, "utf8"));

async function main() {
  const keys = jose.createRemoteJWKSet(new URL(question.jwks));
  try {
    const { payload } = await jose.jwtVerify(question.token, keys, {
      algorithms: ["ES256"],
      audience: question.audience,
      issuer: question.issuer,
      typ: "at+jwt",
      requiredClaims: question.required,
      clockTolerance: 2,
    });
    return { payload };
  } catch (error) {
    if (error instanceof jose.errors.JOSEError && error.code !== "ERR_JWKS_TIMEOUT") return { error: error.code };
    throw error;
  }
}

main().then((answer) => process.stdout.write(JSON.stringify(answer)));
