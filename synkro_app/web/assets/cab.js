// Two things Streamlit cannot do by itself: leave a page whose session has ended, and speak Russian in its own words.
(() => {
  const signIn = () => location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...parts) {
      super(...parts);
      this.addEventListener("close", (event) => { if (event.code === 4401) signIn(); });
    }
  };
  setInterval(async () => {
    const answer = await fetch("/account/ping", { cache: "no-store" }).catch(() => null);
    if (answer && answer.status === 401) signIn();
  }, 60000);
  const words = {
    "Running...": "Обновляется…", "Stop": "Остановить", "Connecting": "Соединяемся", "Connection error": "Нет связи",
    "Press Enter to apply": "Enter – применить", "Choose an option": "Выберите", "Choose options": "Выберите",
    "No results": "Ничего не найдено", "Search": "Поиск", "View more": "Ещё", "View less": "Свернуть",
    "Page not found": "Страница не найдена", "Close": "Закрыть", "empty": "пусто",
  };
  let russian = true;
  const translate = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const found = words[node.textContent.trim()];
      if (found) node.textContent = found;
    } else node.childNodes.forEach(translate);
  };
  new MutationObserver((changes) => {
    russian = document.documentElement.lang !== "en";
    if (russian) changes.forEach((change) => change.addedNodes.forEach(translate));
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
