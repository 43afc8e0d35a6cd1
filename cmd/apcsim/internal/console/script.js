"use strict";
// New calls appear in the table as they happen. All text is set as text, none as markup.
(function () {
  var live = document.getElementById("live");
  var body = document.querySelector("#calls tbody");
  var model = document.getElementById("callrow");
  if (!live || !body || !model || !window.EventSource) return;
  var most = 200;
  var wanted = new URLSearchParams(location.search);
  var query = new URLSearchParams({ after: live.dataset.last });
  ["operation", "account", "refused"].forEach(function (name) {
    if (wanted.get(name)) query.set(name, wanted.get(name));
  });
  function answer(cell, call) {
    if (!call.error) {
      cell.textContent = "ok";
      return;
    }
    var code = document.createElement("strong");
    code.textContent = call.error;
    cell.append(code);
    (call.why || []).forEach(function (line) {
      cell.append(document.createElement("br"), line);
    });
  }
  function show(call) {
    var row = model.content.cloneNode(true).firstElementChild;
    var cells = row.children;
    var link = cells[0].firstElementChild;
    link.textContent = call.number;
    link.setAttribute("aria-label", "call " + call.number);
    link.href = "/_apcsim/console/calls/" + call.number;
    [call.time.slice(0, 19).replace("T", " "), call.operation, call.account, call.region, call.names || "", call.took].forEach(function (text, i) {
      cells[i + 1].textContent = text;
    });
    answer(cells[7], call);
    row.classList.add("fresh");
    if (call.error) row.classList.add("refused");
    body.prepend(row);
    while (body.children.length > most) body.lastElementChild.remove();
  }
  var events = new EventSource("/_apcsim/journal?" + query);
  events.addEventListener("call", function (e) { show(JSON.parse(e.data)); });
  events.addEventListener("gap", function () { body.replaceChildren(); });
  events.onopen = function () { live.textContent = "live"; };
  events.onerror = function () { live.textContent = "not connected"; };
  addEventListener("pagehide", function () { events.close(); });
})();
// Buttons that copy a text.
document.querySelectorAll("[data-copy]").forEach(function (button) {
  button.addEventListener("click", function () {
    var status = document.getElementById("copied");
    navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(
      function () { status.textContent = "Copied."; },
      function () { status.textContent = "The browser does not let the page copy."; });
  });
});
