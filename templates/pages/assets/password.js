// Lets people see the password that they type. Without this script the buttons stay hidden.
for (const button of document.querySelectorAll("button[data-shows]")) {
  const input = document.getElementById(button.dataset.shows);
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide" : "Show";
  };
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  // Password managers and the browser's own store look at the type when the form is sent.
  input.form.addEventListener("submit", () => show(false));
}
