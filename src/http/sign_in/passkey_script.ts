/**
 * The one script of these pages: it shows the box `passkey` where the browser knows passkeys, and when its form is sent,
 * asks the device and puts the answer into the form. Options come in the form, as the field `options`.
 */
export const PASSKEY_SCRIPT = `
(() => {
  const box = document.getElementById("passkey");
  if (!box || !window.PublicKeyCredential) return;
  const form = box.querySelector("form"), problem = document.getElementById("passkey-problem");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (octets) => btoa(String.fromCharCode(...new Uint8Array(octets)))
    .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const listed = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  box.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      const o = JSON.parse(form.elements.options.value);
      const publicKey = { ...o, challenge: bytes(o.challenge), allowCredentials: listed(o.allowCredentials),
        excludeCredentials: listed(o.excludeCredentials), ...(o.user && { user: { ...o.user, id: bytes(o.user.id) } }) };
      const made = o.user ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey });
      const r = made.response, response = { clientDataJSON: text(r.clientDataJSON) };
      if (o.user) {
        response.attestationObject = text(r.attestationObject);
        response.transports = r.getTransports ? r.getTransports() : [];
      } else {
        response.authenticatorData = text(r.authenticatorData);
        response.signature = text(r.signature);
        if (r.userHandle) response.userHandle = text(r.userHandle);
      }
      form.elements.credential.value = JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type,
        clientExtensionResults: {}, response });
      HTMLFormElement.prototype.submit.call(form);
    } catch (error) {
      problem.textContent = "It did not work: " + (error && error.message || error);
      problem.focus();
    }
  });
})();
`;
