// What pages do better with a script. What needs it is hidden until it runs.
const $ = (selector) => document.querySelectorAll(selector);

// Passwords can be seen. Password managers look at the type when the form is sent.
for (const button of $("button[data-shows]")) {
  const input = document.getElementById(button.dataset.shows);
  const words = [button.textContent, button.dataset.hide];
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = words[Number(shown)];
  };
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  input.form.addEventListener("submit", () => show(false));
}

const textOf = (id) => [...document.getElementById(id).querySelectorAll("code")].map((code) => code.textContent).join("\n")
  || document.getElementById(id).textContent;

for (const button of $("button[data-copies]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(textOf(button.dataset.copies));
    button.textContent = button.dataset.done;
  });
}

for (const button of $("button[data-saves]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([textOf(button.dataset.saves) + "\n"], { type: "text/plain" }));
    link.download = button.dataset.file;
    link.click();
  });
}

// Moments in the reader's own time.
for (const time of $("time[datetime]")) {
  const style = time.dataset.day === undefined ? { dateStyle: "medium", timeStyle: "short" } : { dateStyle: "medium" };
  time.title = time.textContent;
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, style).format(new Date(time.dateTime));
}

// Passkeys: the answer goes into an ordinary form.
const keys = window.PublicKeyCredential;
let waiting; // by which the address field offers passkeys
for (const form of $("form[data-passkey]")) {
  const makes = form.dataset.passkey === "create";
  if (!keys || !(makes ? keys.parseCreationOptionsFromJSON : keys.parseRequestOptionsFromJSON) || !keys.prototype.toJSON) break;
  const [button, problem] = [form.querySelector("button"), form.querySelector(".error")];
  const ask = async (mediation) => {
    const control = new AbortController();
    waiting?.abort();
    waiting = control;
    let json = form.dataset.options && JSON.parse(form.dataset.options);
    if (!json) {
      const answer = await fetch(form.dataset.fetch, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}", signal: control.signal });
      if (!answer.ok) throw new Error(answer.status);
      json = await answer.json();
    }
    const made = makes
      ? await navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(json), signal: control.signal })
      : await navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(json), signal: control.signal, mediation });
    if (control.signal.aborted) return;
    form.elements.credential.value = JSON.stringify(made.toJSON());
    form.requestSubmit();
  };
  const offer = async () => {
    try {
      await ask("conditional");
    } catch (error) {
      if (error.name === "NotAllowedError") setTimeout(offer, 1000);
    }
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => { // Enter in a field
    if (form.elements.credential.value) return;
    event.preventDefault();
    button.click();
  });
  button.addEventListener("click", async () => {
    problem.hidden = true;
    try {
      await ask("optional");
    } catch (error) {
      if (error.name === "AbortError") return;
      problem.textContent = form.dataset.failed;
      problem.hidden = false;
      if (form.dataset.fetch) offer();
    }
  });
  if (form.dataset.fetch && await keys.isConditionalMediationAvailable?.()) {
    offer();
    setInterval(offer, 240000); // a challenge lives five minutes
  }
}
